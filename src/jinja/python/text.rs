//! Python's `str()` and `repr()` of a value.

use std::fmt::Write;

use minijinja::value::Value;

use super::datetime::Moment;
use super::iterator::ReadOnce;
use super::nesting;
use super::types::{self, Type};
use crate::jinja::marks;
use crate::limits;

/// `str(value)`. Marks of relations are preserved.
pub(in crate::jinja) fn text(value: &Value) -> String {
    match types::of(value) {
        Type::Float => float(f64::try_from(value.clone()).unwrap_or_default()),
        Type::List | Type::Tuple | Type::Dict => repr(value),
        Type::Iterator if value.downcast_object_ref::<ReadOnce>().is_none() => repr(value),
        Type::Mapping if nesting::is_namespace(value) => repr(value),
        _ => value.to_string(),
    }
}

/// A value as text, without marks.
pub(in crate::jinja) fn unmarked(value: &Value) -> String {
    match value.as_str() {
        Some(text) if !text.contains(marks::is_mark) => text.to_string(),
        _ => marks::strip(&text(value)),
    }
}

/// `repr(value)`.
pub(in crate::jinja) fn repr(value: &Value) -> String {
    let mut out = String::new();
    write_repr(value, &mut out);
    out
}

/// Writing stops if the limits are exceeded; the caller's next check fails.
fn write_repr(value: &Value, out: &mut String) {
    if limits::exceeded() {
        return;
    }
    match types::of(value) {
        Type::Undefined => out.push_str("Undefined"),
        Type::Float => out.push_str(&float(f64::try_from(value.clone()).unwrap_or_default())),
        Type::Text => quote(value.as_str().unwrap_or_default(), out),
        Type::Bytes => {
            out.push('b');
            quote(&value.to_string(), out);
        }
        Type::Iterator if value.downcast_object_ref::<ReadOnce>().is_some() => {
            let _ = write!(out, "{value}");
        }
        Type::List | Type::Iterator => {
            write_items("[", value.try_iter().into_iter().flatten(), "]", out)
        }
        Type::Tuple if !value.is_tuple() => {
            let _ = write!(out, "{value}");
        }
        Type::Tuple => {
            let items: Vec<Value> = value.try_iter().into_iter().flatten().collect();
            let end = if items.len() == 1 { ",)" } else { ")" };
            write_items("(", items.into_iter(), end, out);
        }
        Type::Dict => write_pairs(value, out),
        Type::Mapping if nesting::is_namespace(value) => {
            out.push_str("<Namespace ");
            write_pairs(value, out);
            out.push('>');
        }
        Type::Moment => out
            .push_str(&value.downcast_object_ref::<Moment>().map(Moment::repr).unwrap_or_default()),
        Type::Relation => {
            let _ = write!(out, "<Relation {value}>");
        }
        _ => {
            let _ = write!(out, "{value}");
        }
    }
}

fn write_pairs(value: &Value, out: &mut String) {
    out.push('{');
    let pairs = value.as_object().and_then(|object| object.try_iter_pairs()).into_iter().flatten();
    for (nth, (key, item)) in pairs.filter(|(key, _)| !nesting::is_entry(key)).enumerate() {
        out.push_str(if nth > 0 { ", " } else { "" });
        write_repr(&key, out);
        out.push_str(": ");
        write_repr(&item, out);
    }
    out.push('}');
}

/// Items separated by commas between two delimiters.
pub(super) fn write_items(
    start: &str,
    items: impl Iterator<Item = Value>,
    end: &str,
    out: &mut String,
) {
    out.push_str(start);
    for (nth, item) in items.enumerate() {
        out.push_str(if nth > 0 { ", " } else { "" });
        write_repr(&item, out);
    }
    out.push_str(end);
}

/// A text in Python's quotes.
fn quote(text: &str, out: &mut String) {
    let sign = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(sign);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == sign => {
                out.push('\\');
                out.push(c);
            }
            c if marks::is_mark(c) || is_printable(c) => out.push(c),
            c => {
                let _ = match c as u32 {
                    code @ 0..=0xff => write!(out, "\\x{code:02x}"),
                    code @ 0x100..=0xffff => write!(out, "\\u{code:04x}"),
                    code => write!(out, "\\U{code:08x}"),
                };
            }
        }
    }
    out.push(sign);
}

/// Whether Python's `repr` does not escape the character.
fn is_printable(c: char) -> bool {
    match c {
        ' ' => true,
        '\u{ad}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}' => false,
        '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}' => false,
        c => !c.is_control() && !c.is_whitespace(),
    }
}

/// A float as Python writes it: the shortest digits, with an exponent below 1e-4 and from 1e16.
pub(in crate::jinja) fn float(number: f64) -> String {
    if number.is_nan() {
        return "nan".to_string();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf" } else { "-inf" }.to_string();
    }
    let digits = format!("{number:e}");
    let (mantissa, exponent) = digits.split_once('e').unwrap_or((&digits, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if number != 0.0 && !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.abs());
    }
    let plain = number.to_string();
    if plain.contains('.') { plain } else { format!("{plain}.0") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_written_as_python_does() {
        for (number, expected) in [
            (1.0, "1.0"),
            (-0.0, "-0.0"),
            (0.0001, "0.0001"),
            (0.0000096, "9.6e-06"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.5e300, "1.5e+300"),
            (0.1 + 0.2, "0.30000000000000004"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(float(number), expected);
        }
    }

    #[test]
    fn texts_are_quoted_as_python_does() {
        for (text, expected) in [
            ("a", "'a'"),
            ("it's", "\"it's\""),
            ("it's \"x\"", "'it\\'s \"x\"'"),
            ("a\n\u{1}é\\", "'a\\n\\x01é\\\\'"),
        ] {
            assert_eq!(repr(&Value::from(text)), expected);
        }
    }
}
