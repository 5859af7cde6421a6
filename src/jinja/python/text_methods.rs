//! Python's methods on texts.

use minijinja::value::{Tuple, Value};
use minijinja::{Error, ErrorKind, State};

use super::call::Call;
use super::text_split::{lines, split};
use super::{collections, error, format, items, types};
use crate::jinja::{errors, marks};

#[derive(Clone, Copy, PartialEq)]
pub enum Side {
    Left,
    Right,
    Both,
}

/// `text` padded to `width` on `side`.
pub fn padded(text: &str, width: usize, fill: char, side: Side) -> Result<String, Error> {
    format::check_width(width)?;
    let missing = width.saturating_sub(marks::strip(text).chars().count());
    let left = match side {
        Side::Left => missing,
        Side::Right => 0,
        // Python puts the additional character to the left if the width is odd.
        Side::Both => missing / 2 + (missing & width & 1),
    };
    let filling = |count: usize| fill.to_string().repeat(count);
    Ok(format!("{}{text}{}", filling(left), filling(missing - left)))
}

pub fn capitalized(text: &str) -> String {
    let mut signs = text.chars();
    match signs.next() {
        Some(first) => first.to_uppercase().chain(signs.as_str().to_lowercase().chars()).collect(),
        None => String::new(),
    }
}

/// A letter after a non-letter is upper case, all others are lower case.
fn titled(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut within = false;
    for c in text.chars() {
        if within {
            out.extend(c.to_lowercase());
        } else {
            out.extend(c.to_uppercase());
        }
        within = c.is_alphabetic();
    }
    out
}

fn swapped(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            if c.is_uppercase() {
                c.to_lowercase().collect::<Vec<_>>()
            } else {
                c.to_uppercase().collect()
            }
        })
        .collect()
}

fn is_title(text: &str) -> bool {
    let mut any = false;
    let mut within = false;
    for c in text.chars() {
        if c.is_uppercase() && within || c.is_lowercase() && !within {
            return false;
        }
        within = c.is_alphabetic();
        any |= c.is_uppercase();
    }
    any
}

/// Whether the text is not empty and all of its characters satisfy the predicate.
fn all(text: &str, test: impl Fn(char) -> bool) -> bool {
    !text.is_empty() && text.chars().all(test)
}

/// The part between the call's `start` and `end`, and its start in characters; `None` if the start
/// is after the end.
fn part<'a>(text: &'a str, call: &Call, position: usize) -> Result<Option<(&'a str, i64)>, Error> {
    let length = text.chars().count() as i64;
    let edge = |position: usize, name: &str, fallback: i64| -> Result<i64, Error> {
        let edge = call.integer(position, name)?.unwrap_or(fallback);
        Ok(if edge < 0 { (edge + length).max(0) } else { edge })
    };
    let (start, end) =
        (edge(position, "start", 0)?, edge(position + 1, "end", length)?.min(length));
    if start > end {
        return Ok(None);
    }
    let byte =
        |count: i64| text.char_indices().nth(count as usize).map_or(text.len(), |(at, _)| at);
    Ok(Some((&text[byte(start)..byte(end)], start)))
}

/// The index of a text in another, in characters; -1 if it is not found.
fn find(text: &str, call: &Call, last: bool) -> Result<i64, Error> {
    let sought = needs_text(call, 0, "sub")?;
    let Some((part, start)) = part(text, call, 1)? else { return Ok(-1) };
    let byte = if last { part.rfind(&*sought) } else { part.find(&*sought) };
    Ok(byte.map_or(-1, |byte| start + part[..byte].chars().count() as i64))
}

/// `startswith` and `endswith` accept one text, or a tuple of them.
fn has_edge(text: &str, call: &Call, test: impl Fn(&str, &str) -> bool) -> Result<bool, Error> {
    let edge = call.needs(0, "prefix")?;
    let edges = if edge.is_tuple() { items(&edge)? } else { vec![edge] };
    let Some((part, _)) = part(text, call, 1)? else { return Ok(false) };
    for edge in edges {
        match edge.as_str() {
            Some(edge) if test(part, edge) => return Ok(true),
            Some(_) => {}
            None if edge.is_undefined() => return Err(Error::from(ErrorKind::UndefinedError)),
            None => {
                return Err(error(format!(
                    "{} needs a text or a tuple of texts, but got {}",
                    call.title(),
                    types::name(&edge)
                )));
            }
        }
    }
    Ok(false)
}

fn stripped<'a>(text: &'a str, call: &Call, side: Side) -> Result<&'a str, Error> {
    let signs = match call.get(0, "chars").filter(|signs| !signs.is_none()) {
        Some(_) => Some(needs_text(call, 0, "chars")?),
        None => None,
    };
    let gone = |c: char| signs.as_ref().map_or(c.is_whitespace(), |signs| signs.contains(c));
    Ok(match side {
        Side::Left => text.trim_start_matches(gone),
        Side::Right => text.trim_end_matches(gone),
        Side::Both => text.trim_matches(gone),
    })
}

fn needs_text(call: &Call, position: usize, name: &str) -> Result<String, Error> {
    let value = call.needs(position, name)?;
    match value.as_str() {
        Some(text) => Ok(text.to_string()),
        None if value.is_undefined() => Err(Error::from(ErrorKind::UndefinedError)),
        None => {
            Err(error(format!("{} must be a text, but is {}", call.title(), types::name(&value))))
        }
    }
}

/// `split` and `rsplit`.
fn split_by_call(text: &str, call: &Call, from_right: bool) -> Result<Value, Error> {
    let limit = call.integer(1, "maxsplit")?.and_then(|limit| usize::try_from(limit).ok());
    let separator = match call.get(0, "sep").filter(|separator| !separator.is_none()) {
        Some(_) => Some(needs_text(call, 0, "sep")?),
        None => None,
    };
    split(text, separator.as_deref(), limit, from_right)
}

/// `text` with the first `count` occurrences of `old` replaced by `new`.
pub fn replaced(text: &str, old: &str, new: &str, count: usize) -> Result<String, Error> {
    if new.len() > old.len() {
        let occurrences = text.matches(old).take(count).count();
        errors::reserve(occurrences.saturating_mul(new.len() - old.len()))?;
    }
    Ok(text.replacen(old, new, count))
}

/// The texts with a separator between them.
pub fn joined(texts: impl Iterator<Item = String>, separator: &str) -> Result<String, Error> {
    let mut out = String::new();
    for (nth, text) in texts.enumerate() {
        let separator = if nth > 0 { separator } else { "" };
        errors::reserve(separator.len() + text.len())?;
        out.push_str(separator);
        out.push_str(&text);
    }
    Ok(out)
}

fn expanded(text: &str, size: usize) -> Result<String, Error> {
    format::check_width(size)?;
    errors::reserve(text.matches('\t').count().saturating_mul(size))?;
    let mut out = String::new();
    let mut column = 0;
    for c in text.chars() {
        match c {
            '\t' if size > 0 => {
                let blanks = size - column % size;
                out.push_str(&" ".repeat(blanks));
                column += blanks;
            }
            '\t' => {}
            '\n' | '\r' => {
                out.push(c);
                column = 0;
            }
            _ => {
                out.push(c);
                column += 1;
            }
        }
    }
    Ok(out)
}

/// The method's result; `None` if texts have no such method.
pub fn call(
    state: &State,
    text: &str,
    method: &str,
    args: &[Value],
) -> Option<Result<Value, Error>> {
    let call = Call::of("str", method, args);
    answer(state, text, method, &call).transpose()
}

fn answer(state: &State, text: &str, method: &str, call: &Call) -> Result<Option<Value>, Error> {
    let sides = |separator: String, last: bool| {
        let split = if last { text.rsplit_once(&*separator) } else { text.split_once(&*separator) };
        let parts = match split {
            Some((left, right)) => [left, &separator, right],
            None if last => ["", "", text],
            None => [text, "", ""],
        };
        Value::from(Tuple::from(parts.map(Value::from)))
    };
    let width = |fallback: i64| {
        Ok::<_, Error>(usize::try_from(call.integer(0, "width")?.unwrap_or(fallback)).unwrap_or(0))
    };
    Ok(Some(match method {
        "upper" => Value::from(text.to_uppercase()),
        "lower" | "casefold" => Value::from(text.to_lowercase()),
        "title" => Value::from(titled(text)),
        "capitalize" => Value::from(capitalized(text)),
        "swapcase" => Value::from(swapped(text)),
        "islower" => Value::from(
            text.chars().any(char::is_lowercase) && !text.chars().any(char::is_uppercase),
        ),
        "isupper" => Value::from(
            text.chars().any(char::is_uppercase) && !text.chars().any(char::is_lowercase),
        ),
        "isspace" => Value::from(all(text, char::is_whitespace)),
        "isdigit" | "isnumeric" => Value::from(all(text, char::is_numeric)),
        "isdecimal" => Value::from(all(text, |c| c.is_ascii_digit())),
        "isalnum" => Value::from(all(text, char::is_alphanumeric)),
        "isalpha" => Value::from(all(text, char::is_alphabetic)),
        "isascii" => Value::from(text.is_ascii()),
        "isprintable" => {
            Value::from(text.chars().all(|c| c == ' ' || !c.is_control() && !c.is_whitespace()))
        }
        "istitle" => Value::from(is_title(text)),
        "isidentifier" => {
            let starts = text.starts_with(|c: char| c == '_' || c.is_alphabetic());
            Value::from(starts && text.chars().all(|c| c == '_' || c.is_alphanumeric()))
        }
        "strip" => Value::from(stripped(text, call, Side::Both)?),
        "lstrip" => Value::from(stripped(text, call, Side::Left)?),
        "rstrip" => Value::from(stripped(text, call, Side::Right)?),
        "rjust" | "ljust" | "center" => {
            let fill = match call.get(1, "fillchar") {
                Some(fill) => fill.as_str().and_then(|fill| fill.chars().next()).unwrap_or(' '),
                None => ' ',
            };
            let side = match method {
                "rjust" => Side::Left,
                "ljust" => Side::Right,
                _ => Side::Both,
            };
            call.needs(0, "width")?;
            Value::from(padded(text, width(0)?, fill, side)?)
        }
        "zfill" => {
            let (sign, digits) = text.split_at(usize::from(text.starts_with(['-', '+'])));
            Value::from(format!(
                "{sign}{}",
                padded(digits, width(0)?.saturating_sub(sign.len()), '0', Side::Left)?
            ))
        }
        "split" => split_by_call(text, call, false)?,
        "rsplit" => split_by_call(text, call, true)?,
        "splitlines" => lines(text, call.truth(0, "keepends")),
        "partition" => sides(needs_text(call, 0, "sep")?, false),
        "rpartition" => sides(needs_text(call, 0, "sep")?, true),
        "find" => Value::from(find(text, call, false)?),
        "rfind" => Value::from(find(text, call, true)?),
        "index" | "rindex" => match find(text, call, method == "rindex")? {
            -1 => return Err(error("substring not found")),
            position => Value::from(position),
        },
        "count" => {
            let sought = needs_text(call, 0, "sub")?;
            Value::from(part(text, call, 1)?.map_or(0, |(part, _)| part.matches(&*sought).count()))
        }
        "startswith" => Value::from(has_edge(text, call, |part, edge| part.starts_with(edge))?),
        "endswith" => Value::from(has_edge(text, call, |part, edge| part.ends_with(edge))?),
        "replace" => {
            let (old, new) = (needs_text(call, 0, "old")?, needs_text(call, 1, "new")?);
            let count = call.integer(2, "count")?.and_then(|count| usize::try_from(count).ok());
            Value::from(replaced(text, &old, &new, count.unwrap_or(usize::MAX))?)
        }
        "removeprefix" => {
            Value::from(text.strip_prefix(&*needs_text(call, 0, "prefix")?).unwrap_or(text))
        }
        "removesuffix" => {
            Value::from(text.strip_suffix(&*needs_text(call, 0, "suffix")?).unwrap_or(text))
        }
        "join" => {
            let parts = items(&call.needs(0, "iterable")?)?;
            let mut texts = Vec::with_capacity(parts.len());
            for (position, part) in parts.iter().enumerate() {
                let part = part.as_str().ok_or_else(|| {
                    error(format!(
                        "sequence item {position}: expected str instance, {} found",
                        types::name(part)
                    ))
                })?;
                texts.push(part.to_string());
            }
            Value::from(joined(texts.into_iter(), text)?)
        }
        "format" => Value::from(format::format(state, text, call)?),
        "format_map" => {
            let pairs = collections::pairs_of(&call.needs(0, "mapping")?)?;
            let named = pairs.into_iter().map(|(key, value)| (key.to_string(), value));
            let named = [Value::from(minijinja::value::Kwargs::from_iter(named))];
            Value::from(format::format(state, text, &Call::of("str", method, &named))?)
        }
        "expandtabs" => Value::from(expanded(
            text,
            usize::try_from(call.integer(0, "tabsize")?.unwrap_or(8)).unwrap_or(0),
        )?),
        "encode" | "decode" => Value::from(text),
        _ => return Ok(None),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_pythons_methods() {
        let environment = minijinja::Environment::new();
        let run = |text: &str, method: &str, args: &[Value]| {
            let state = environment.empty_state();
            call(&state, text, method, args).unwrap().unwrap().to_string()
        };
        assert_eq!(run("7", "zfill", &[Value::from(3)]), "007");
        assert_eq!(run("-7", "zfill", &[Value::from(4)]), "-007");
        assert_eq!(run("a.b.c", "rsplit", &[Value::from("."), Value::from(1)]), "['a.b', 'c']");
        assert_eq!(run("a=b", "partition", &[Value::from("=")]), "('a', '=', 'b')");
        assert_eq!(run("it's a-b", "title", &[]), "It'S A-B");
        assert_eq!(
            run(
                "{0[0]} {x!r:>4}",
                "format",
                &[collections::list([Value::from(1)]), kwargs("x", "y")]
            ),
            "1  'y'"
        );
    }

    fn kwargs(name: &str, value: &str) -> Value {
        minijinja::value::Kwargs::from_iter([(name, Value::from(value))]).into()
    }
}
