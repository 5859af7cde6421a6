//! Jinja's filters on texts, numbers and lists, if minijinja lacks them or differs.

use minijinja::value::{Tuple, Value, ValueKind};
use minijinja::{Environment, Error, State};

use super::call::Call;
use super::datetime::math;
use super::iterator::ReadOnce;
use super::text::{text, unmarked};
use super::text_methods::{self, Side};
use super::types::{self, Type};
use super::{Args, collections, error, format, items, percent, values, wrap};
use crate::jinja::errors;

pub(in crate::jinja) fn register(environment: &mut Environment) {
    environment.add_filter("string", |value: Value| {
        if value.kind() == ValueKind::String { value } else { Value::from(text(&value)) }
    });
    environment.add_filter("safe", |value: Value| Value::from_safe_string(text(&value)));
    environment.add_filter("lower", |value: Value| text(&value).to_lowercase());
    environment.add_filter("upper", |value: Value| text(&value).to_uppercase());
    environment.add_filter("capitalize", |value: Value| text_methods::capitalized(&text(&value)));
    environment.add_filter("title", title);
    environment.add_filter("trim", |value: Value, args: Args| -> Result<String, Error> {
        let text = text(&value);
        Ok(match Call::of("", "trim", &values(args)).text(0, "chars")? {
            Some(signs) => text.trim_matches(|c| signs.contains(c)).to_string(),
            None => text.trim().to_string(),
        })
    });
    environment.add_filter("center", |value: Value, args: Args| -> Result<String, Error> {
        let width = Call::of("", "center", &values(args)).integer(0, "width")?.unwrap_or(80);
        text_methods::padded(&text(&value), usize::try_from(width).unwrap_or(0), ' ', Side::Both)
    });
    environment.add_filter("wordcount", |value: Value| words(&text(&value)));
    environment
        .add_filter("format", |value: Value, args: Args| percent::filter(&value, &values(args)));
    environment.add_filter("pprint", |value: Value| super::pretty::pretty(&value));
    environment.add_filter("filesizeformat", file_size);
    environment.add_filter("wordwrap", wrap::filter);
    environment.add_filter("indent", indent);
    environment.add_filter("truncate", truncate);
    environment.add_filter("replace", replace);
    environment.add_filter("int", whole);
    environment.add_filter("float", |state: &State, value: Value, args: Args| {
        defined(state, &value)?;
        Ok::<_, Error>(number(&value).map(Value::from).unwrap_or_else(|| {
            Call::of("", "float", &values(args))
                .get(0, "default")
                .unwrap_or_else(|| Value::from(0.0))
        }))
    });
    environment.add_filter("abs", |state: &State, value: Value| match types::of(&value) {
        Type::Int | Type::Float => state
            .env()
            .compile_expression("a if a >= 0 else -a")?
            .eval(minijinja::context! { a => value }),
        Type::Bool => Ok(Value::from(i64::from(value.is_true()))),
        _ => math::absolute(&value)
            .ok_or_else(|| error(format!("bad operand type for abs(): '{}'", types::name(&value)))),
    });
    environment.add_filter("round", round);
    environment.add_filter("join", join);
    environment.add_filter("reverse", |value: Value| match value.as_str() {
        Some(text) => Ok(Value::from(text.chars().rev().collect::<String>())),
        None => items(&value).map(|items| collections::list(items.into_iter().rev())),
    });
    environment.add_filter("first", |value: Value| {
        items(&value).map(|items| items.into_iter().next().unwrap_or_default())
    });
    environment.add_filter("last", |value: Value| match types::of(&value) {
        Type::Set | Type::Iterator => {
            Err(error(format!("'{}' object is not reversible", types::name(&value))))
        }
        _ => items(&value).map(|items| items.into_iter().next_back().unwrap_or_default()),
    });
    environment.add_filter("list", |value: Value| {
        collections::make_list(collections::list(items(&value)?))
    });
    environment.add_filter("length", length);
    environment.add_filter("count", length);
    environment.add_filter("items", |value: Value| match types::of(&value) {
        Type::Undefined => Ok(collections::list([])),
        Type::Dict | Type::Mapping => Ok(collections::list(
            collections::pairs_of(&value)?
                .into_iter()
                .map(|(key, item)| Value::from(Tuple::from([key, item]))),
        )),
        _ => Err(error("Can only get item pairs from a mapping.")),
    });
    environment.add_filter("random", |_: Value, _: Args| -> Result<Value, Error> {
        Err(error(
            "`random` returns a different item each time, but plans must be reproducible: select \
            the item",
        ))
    });
    super::sequences::register(environment);
}

pub(in crate::jinja) fn length(value: Value) -> Result<usize, Error> {
    match types::of(&value) {
        Type::Text => Ok(unmarked(&value).chars().count()),
        Type::Undefined => Ok(0),
        Type::List
        | Type::Tuple
        | Type::Dict
        | Type::Set
        | Type::Range
        | Type::View
        | Type::Mapping
        | Type::Bytes => value.len().map_or_else(|| items(&value).map(|items| items.len()), Ok),
        Type::Iterator if value.downcast_object_ref::<ReadOnce>().is_none() => {
            items(&value).map(|items| items.len())
        }
        _ => Err(error(format!("object of type '{}' has no len()", types::name(&value)))),
    }
}

/// An error if the value is undefined.
fn defined(state: &State, value: &Value) -> Result<(), Error> {
    if value.is_undefined() && !super::lenient(state) {
        Err(Error::from(minijinja::ErrorKind::UndefinedError))
    } else {
        Ok(())
    }
}

/// A word begins after a space, a dash or an opening bracket.
fn title(value: Value) -> String {
    let mut out = String::new();
    let mut start = true;
    for c in text(&value).chars() {
        if c.is_whitespace() || ['-', '(', '{', '[', '<'].contains(&c) {
            out.push(c);
            start = true;
        } else if start {
            out.extend(c.to_uppercase());
            start = false;
        } else {
            out.extend(c.to_lowercase());
        }
    }
    out
}

fn words(text: &str) -> usize {
    let mut count = 0;
    let mut within = false;
    for c in text.chars() {
        let is_word = c == '_' || c.is_alphanumeric();
        count += usize::from(is_word && !within);
        within = is_word;
    }
    count
}

/// Python's `float(value)`.
pub(in crate::jinja) fn number(value: &Value) -> Option<f64> {
    match types::of(value) {
        Type::Float | Type::Int => {
            f64::try_from(value.clone()).ok().or_else(|| value.to_string().parse().ok())
        }
        Type::Bool => Some(if value.is_true() { 1.0 } else { 0.0 }),
        Type::Text => parsed(value.as_str()?),
        _ => None,
    }
}

/// Parses a number as Python does: with surrounding white space, and underscores between digits.
fn parsed(text: &str) -> Option<f64> {
    let text = text.trim();
    let plain = match text.trim_start_matches(['+', '-']).to_lowercase().as_str() {
        "inf" | "infinity" | "nan" => text.to_string(),
        word if word.starts_with(|c: char| c.is_ascii_digit() || c == '.') => {
            without_underscores(text)?
        }
        _ => return None,
    };
    plain.parse().ok()
}

fn without_underscores(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let digit =
        |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_alphanumeric);
    let fits = bytes
        .iter()
        .enumerate()
        .all(|(at, byte)| *byte != b'_' || digit(at.checked_sub(1)) && digit(Some(at + 1)));
    fits.then(|| text.replace('_', ""))
}

/// `|int`: Python's `int(value, base)`, then the whole part of `float(value)`, then the default.
fn whole(state: &State, value: Value, args: Args) -> Result<Value, Error> {
    let args = values(args);
    let call = Call::of("", "int", &args);
    defined(state, &value)?;
    let default = || call.get(0, "default").unwrap_or_else(|| Value::from(0));
    let base = call.integer(1, "base")?.unwrap_or(10);
    Ok(match types::of(&value) {
        Type::Int => value,
        Type::Bool => Value::from(i64::from(value.is_true())),
        Type::Text => match integer(value.as_str().unwrap_or_default(), base) {
            Some(number) => Value::from(number),
            None => number(&value).and_then(truncated).unwrap_or_else(default),
        },
        Type::Float => {
            let float = f64::try_from(value)?;
            if float.is_infinite() {
                return Err(error("cannot convert float infinity to integer"));
            }
            truncated(float).unwrap_or_else(default)
        }
        _ => default(),
    })
}

fn truncated(number: f64) -> Option<Value> {
    let whole = number.trunc();
    (whole.is_finite() && whole.abs() < 1e38).then(|| match i64::try_from(whole as i128) {
        Ok(whole) => Value::from(whole),
        Err(_) => Value::from(whole as i128),
    })
}

fn integer(text: &str, base: i64) -> Option<i128> {
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.to_lowercase();
    let prefixed = [("0x", 16), ("0o", 8), ("0b", 2)]
        .into_iter()
        .find(|(prefix, of)| lower.starts_with(prefix) && (base == *of || base == 0));
    let (digits, base) = match prefixed {
        Some((_, base)) => (&digits[2..], base),
        None => (digits, if base == 0 { 10 } else { base }),
    };
    if !(2..=36).contains(&base)
        || !digits.starts_with(|c: char| c.is_ascii_alphanumeric()) && prefixed.is_none()
    {
        return None;
    }
    let number =
        i128::from_str_radix(&without_underscores(digits)?, u32::try_from(base).ok()?).ok()?;
    Some(if negative { -number } else { number })
}

fn file_size(value: Value, args: Args) -> Result<String, Error> {
    let bytes = match number(&value) {
        Some(bytes) => bytes,
        None if value.is_undefined() => {
            return Err(Error::from(minijinja::ErrorKind::UndefinedError));
        }
        None => return Err(error(format!("could not convert to float: '{}'", text(&value)))),
    };
    let binary = Call::of("", "filesizeformat", &values(args)).truth(0, "binary");
    let base: f64 = if binary { 1024.0 } else { 1000.0 };
    if bytes == 1.0 {
        return Ok("1 Byte".to_string());
    }
    if bytes < base {
        return Ok(format!("{} Bytes", bytes.trunc() as i64));
    }
    let signs = if binary {
        ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"]
    } else {
        ["kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"]
    };
    let unit = (0..8).find(|unit| bytes < base.powi(unit + 2)).unwrap_or(7);
    Ok(format!("{:.1} {}", base * bytes / base.powi(unit + 2), signs[unit as usize]))
}

fn indent(value: Value, args: Args) -> Result<String, Error> {
    let args = values(args);
    let call = Call::of("", "indent", &args);
    let Some(source) = value.as_str() else {
        if value.is_undefined() {
            return Err(Error::from(minijinja::ErrorKind::UndefinedError));
        }
        return Err(error(format!(
            "unsupported operand type(s) for +=: '{}' and 'str'",
            types::name(&value)
        )));
    };
    let width = match call.get(0, "width") {
        Some(width) => match width.as_str() {
            Some(width) => width.to_string(),
            None => {
                let width = width.as_usize().unwrap_or(0);
                format::check_width(width)?;
                " ".repeat(width)
            }
        },
        None => "    ".to_string(),
    };
    let (first, blank) = (call.truth(1, "first"), call.truth(2, "blank"));
    let source = source.replace("\r\n", "\n").replace('\r', "\n");
    let mut out = String::new();
    for (nth, line) in source.split('\n').enumerate() {
        if nth > 0 {
            out.push('\n');
        }
        errors::reserve(width.len())?;
        if (nth > 0 && (blank || !line.is_empty())) || (nth == 0 && first) {
            out.push_str(&width);
        }
        out.push_str(line);
    }
    Ok(out)
}

fn truncate(value: Value, args: Args) -> Result<Value, Error> {
    let args = values(args);
    let call = Call::of("", "truncate", &args);
    let length = call.integer(0, "length")?.unwrap_or(255);
    let end = call.text(2, "end")?.unwrap_or_else(|| "...".to_string());
    let leeway = call.integer(3, "leeway")?.unwrap_or(5);
    let mark = end.chars().count() as i64;
    if length < mark {
        return Err(error(format!("expected length >= {mark}, got {length}")));
    }
    let count = match value.as_str() {
        Some(text) => text.chars().count() as i64,
        None => super::filters::length(value.clone())? as i64,
    };
    if count <= length.saturating_add(leeway) {
        return Ok(value);
    }
    let Some(source) = value.as_str() else {
        return Err(error(format!("'{} object' has no attribute 'rsplit'", types::name(&value))));
    };
    let cut: String = source.chars().take((length - mark) as usize).collect();
    let cut = if call.truth(1, "killwords") {
        &*cut
    } else {
        cut.rsplit_once(' ').map_or(&*cut, |(words, _)| words)
    };
    Ok(Value::from(format!("{cut}{end}")))
}

fn replace(value: Value, args: Args) -> Result<String, Error> {
    let args = values(args);
    let call = Call::of("", "replace", &args);
    let (old, new) = (text(&call.needs(0, "old")?), text(&call.needs(1, "new")?));
    let source = text(&value);
    Ok(match call.integer(2, "count")? {
        Some(count) if count >= 0 => text_methods::replaced(&source, &old, &new, count as usize)?,
        _ => text_methods::replaced(&source, &old, &new, usize::MAX)?,
    })
}

fn join(state: &State, value: Value, args: Args) -> Result<String, Error> {
    let args = values(args);
    let call = Call::of("", "join", &args);
    let separator = call.get(0, "d").map(|separator| text(&separator)).unwrap_or_default();
    let mut all = items(&value)?;
    if let Some(path) = call.get(1, "attribute").filter(|path| !path.is_none()) {
        all = all
            .iter()
            .map(|item| super::sequences::attribute(state, item, &path, None))
            .collect::<Result<_, _>>()?;
    }
    text_methods::joined(all.iter().map(text), &separator)
}

/// Python rounds half to even, by the float's exact value.
fn round(value: Value, args: Args) -> Result<Value, Error> {
    let args = values(args);
    let call = Call::of("", "round", &args);
    let precision = call.integer(0, "precision")?.unwrap_or(0);
    let method = call.text(1, "method")?.unwrap_or_else(|| "common".to_string());
    if !["common", "ceil", "floor"].contains(&&*method) {
        return Err(error("method must be common, ceil or floor"));
    }
    let (kind, value) = match types::of(&value) {
        Type::Bool => (Type::Int, Value::from(i64::from(value.is_true()))),
        kind => (kind, value),
    };
    if kind == Type::Undefined {
        return Err(Error::from(minijinja::ErrorKind::UndefinedError));
    }
    if !matches!(kind, Type::Int | Type::Float) {
        return Err(error(format!("type {} doesn't define __round__ method", types::name(&value))));
    }
    let precision = i32::try_from(precision.clamp(-300, 300)).unwrap_or(0);
    if method != "common" {
        let scale = 10f64.powi(precision);
        let scaled = f64::try_from(value)? * scale;
        return Ok(Value::from(
            if method == "ceil" { scaled.ceil() } else { scaled.floor() } / scale,
        ));
    }
    if kind == Type::Int {
        let (Ok(number), true) = (i128::try_from(value.clone()), precision < 0) else {
            return Ok(value);
        };
        let Some(scale) = 10i128.checked_pow(precision.unsigned_abs()) else {
            return Ok(Value::from(0));
        };
        let (quotient, rest) = (number.div_euclid(scale), number.rem_euclid(scale));
        let up = rest * 2 > scale || rest * 2 == scale && quotient % 2 != 0;
        return Ok(Value::from((quotient + i128::from(up)) * scale));
    }
    let number = f64::try_from(value)?;
    if precision >= 0 {
        return Ok(Value::from(
            format!("{number:.*}", precision as usize).parse().unwrap_or(number),
        ));
    }
    let scale = 10f64.powi(-precision);
    Ok(Value::from((number / scale).round_ties_even() * scale))
}
