//! Python's methods on texts, where minijinja has none or another.

use minijinja::value::{Tuple, Value};
use minijinja::{Error, ErrorKind};

use super::call::Call;
use super::collections;

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Side {
    Left,
    Right,
    Both,
}

/// `text` filled up to `width`; `side` is where the filling goes.
pub(super) fn padded(text: &str, width: usize, fill: char, side: Side) -> String {
    let missing = width.min(100_000).saturating_sub(text.chars().count());
    let left = match side {
        Side::Left => missing,
        Side::Right => 0,
        Side::Both => missing / 2,
    };
    let filling = |count: usize| fill.to_string().repeat(count);
    format!("{}{text}{}", filling(left), filling(missing - left))
}

/// The method's result, or none where minijinja's own is right.
pub(super) fn call(text: &str, method: &str, args: &[Value]) -> Option<Result<Value, Error>> {
    let call = Call::of("str", method, args);
    match method {
        "rjust" | "ljust" | "center" | "zfill" | "rsplit" | "partition" | "rpartition" | "index" | "rindex" | "swapcase" | "casefold"
        | "removeprefix" | "removesuffix" | "isidentifier" | "isdecimal" | "istitle" | "encode" | "decode" | "expandtabs" => {
            Some(ours(text, method, &call))
        }
        _ => None,
    }
}

fn ours(text: &str, method: &str, call: &Call) -> Result<Value, Error> {
    let sides = |separator: &str, last: bool| {
        let found = if last { text.rsplit_once(separator) } else { text.split_once(separator) };
        let parts = match found {
            Some((left, right)) => [left, separator, right],
            None if last => ["", "", text],
            None => [text, "", ""],
        };
        Value::from(Tuple::from(parts.map(Value::from)))
    };
    let place = |byte: Option<usize>| {
        let byte = byte.ok_or_else(|| Error::new(ErrorKind::InvalidOperation, format!("{}: not found in the text", call.title())))?;
        Ok::<_, Error>(Value::from(text[..byte].chars().count()))
    };
    Ok(match method {
        "rjust" | "ljust" | "center" => {
            let width = call.integer(0, "width")?.unwrap_or(0);
            let fill = call.text(1, "fillchar")?.and_then(|fill| fill.chars().next()).unwrap_or(' ');
            let side = match method {
                "rjust" => Side::Left,
                "ljust" => Side::Right,
                _ => Side::Both,
            };
            Value::from(padded(text, usize::try_from(width).unwrap_or(0), fill, side))
        }
        "zfill" => {
            let width = usize::try_from(call.integer(0, "width")?.unwrap_or(0)).unwrap_or(0);
            let (sign, digits) = text.split_at(usize::from(text.starts_with(['-', '+'])));
            Value::from(format!("{sign}{}", padded(digits, width.saturating_sub(sign.len()), '0', Side::Left)))
        }
        "rsplit" => {
            let limit = call.integer(1, "maxsplit")?.and_then(|limit| usize::try_from(limit).ok());
            let mut parts: Vec<&str> = match (call.text(0, "sep")?, limit) {
                (Some(separator), Some(limit)) => text.rsplitn(limit + 1, &*separator).collect(),
                (Some(separator), None) => text.rsplit(&*separator).collect(),
                (None, _) => text.split_whitespace().rev().collect(),
            };
            parts.reverse();
            collections::list(parts.into_iter().map(Value::from))
        }
        "partition" => sides(&call.needs_text(0, "sep")?, false),
        "rpartition" => sides(&call.needs_text(0, "sep")?, true),
        "index" => place(text.find(&*call.needs_text(0, "sub")?))?,
        "rindex" => place(text.rfind(&*call.needs_text(0, "sub")?))?,
        "swapcase" => {
            let swapped = text.chars().flat_map(|c| {
                let turned: Vec<char> = if c.is_uppercase() { c.to_lowercase().collect() } else { c.to_uppercase().collect() };
                turned
            });
            Value::from(swapped.collect::<String>())
        }
        "casefold" => Value::from(text.to_lowercase()),
        "removeprefix" => Value::from(text.strip_prefix(&*call.needs_text(0, "prefix")?).unwrap_or(text)),
        "removesuffix" => Value::from(text.strip_suffix(&*call.needs_text(0, "suffix")?).unwrap_or(text)),
        "isidentifier" => {
            let starts = text.starts_with(|c: char| c == '_' || c.is_alphabetic());
            Value::from(starts && text.chars().all(|c| c == '_' || c.is_alphanumeric()))
        }
        "isdecimal" => Value::from(!text.is_empty() && text.chars().all(|c| c.is_ascii_digit())),
        "istitle" => Value::from(text.split_whitespace().all(|word| word.starts_with(char::is_uppercase))),
        "expandtabs" => Value::from(text.replace('\t', "        ")),
        _ => Value::from(text),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_know_pythons_methods() {
        let run = |text: &str, method: &str, args: &[Value]| call(text, method, args).unwrap().unwrap().to_string();
        assert_eq!(run("7", "zfill", &[Value::from(3)]), "007");
        assert_eq!(run("-7", "zfill", &[Value::from(4)]), "-007");
        assert_eq!(run("a.b.c", "rsplit", &[Value::from("."), Value::from(1)]), "['a.b', 'c']");
        assert_eq!(run("a=b", "partition", &[Value::from("=")]), "('a', '=', 'b')");
        assert!(call("a", "upper", &[]).is_none());
    }
}
