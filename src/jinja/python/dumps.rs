//! JSON as Python's `json.dumps` writes it: a space after commas and colons, only ASCII, and an
//! error for values that JSON does not have.

use std::fmt::Write;

use minijinja::value::Value;
use minijinja::{Error, State};

use super::types::{self, Type};
use super::{collections, compare, error, format, items, text};
use crate::jinja::errors;

pub(in crate::jinja) struct Options {
    pub sorted: bool,
    pub indent: Option<usize>,
    /// Whether an undefined value is `null`.
    pub lenient: bool,
}

impl Options {
    pub fn new(state: &State, sorted: bool, indent: Option<usize>) -> Options {
        Options { sorted, indent, lenient: super::lenient(state) }
    }
}

pub(in crate::jinja) fn dumps(value: &Value, options: &Options) -> Result<String, Error> {
    format::check_width(options.indent.unwrap_or(0))?;
    let mut out = String::new();
    dump(value, options, 0, &mut out)?;
    Ok(out)
}

fn dump(value: &Value, options: &Options, depth: usize, out: &mut String) -> Result<(), Error> {
    errors::check_limits()?;
    match types::of(value) {
        Type::None => out.push_str("null"),
        Type::Undefined if options.lenient => out.push_str("null"),
        Type::Bool => out.push_str(if value.is_true() { "true" } else { "false" }),
        Type::Int => out.push_str(&value.to_string()),
        Type::Float => out.push_str(&float(value)),
        Type::Text => quote(value.as_str().unwrap_or_default(), out),
        Type::List | Type::Tuple => {
            let all = items(value)?;
            surrounded('[', ']', all.len(), options, depth, out, |nth, out| {
                dump(&all[nth], options, depth + 1, out)
            })?;
        }
        Type::Dict | Type::Mapping => {
            let mut pairs = Vec::new();
            for (key, item) in collections::pairs_of(value)? {
                pairs.push((key, item));
            }
            if options.sorted {
                let mut keyed: Vec<(Value, Value)> = pairs
                    .iter()
                    .enumerate()
                    .map(|(nth, (key, _))| (key.clone(), Value::from(nth)))
                    .collect();
                compare::sort(&mut keyed)?;
                pairs = keyed
                    .into_iter()
                    .filter_map(|(_, nth)| Some(pairs[nth.as_usize()?].clone()))
                    .collect();
            }
            surrounded('{', '}', pairs.len(), options, depth, out, |nth, out| {
                let (key, item) = &pairs[nth];
                quote(&key_text(key)?, out);
                out.push_str(": ");
                dump(item, options, depth + 1, out)
            })?;
        }
        _ => {
            return Err(error(format!(
                "Object of type {} is not JSON serializable",
                types::name(value)
            )));
        }
    }
    Ok(())
}

fn surrounded(
    open: char,
    close: char,
    count: usize,
    options: &Options,
    depth: usize,
    out: &mut String,
    mut item: impl FnMut(usize, &mut String) -> Result<(), Error>,
) -> Result<(), Error> {
    out.push(open);
    errors::reserve(options.indent.unwrap_or(0).saturating_mul(depth))?;
    let line = |depth: usize| {
        options
            .indent
            .filter(|_| count > 0)
            .map(|indent| format!("\n{}", " ".repeat(indent * depth)))
            .unwrap_or_default()
    };
    for nth in 0..count {
        if nth > 0 {
            out.push_str(if options.indent.is_some() { "," } else { ", " });
        }
        out.push_str(&line(depth + 1));
        item(nth, out)?;
    }
    out.push_str(&line(depth));
    out.push(close);
    Ok(())
}

fn float(value: &Value) -> String {
    match text::text(value).as_str() {
        "nan" => "NaN".to_string(),
        "inf" => "Infinity".to_string(),
        "-inf" => "-Infinity".to_string(),
        number => number.to_string(),
    }
}

fn key_text(key: &Value) -> Result<String, Error> {
    Ok(match types::of(key) {
        Type::Text => key.to_string(),
        Type::None => "null".to_string(),
        Type::Bool => if key.is_true() { "true" } else { "false" }.to_string(),
        Type::Int => key.to_string(),
        Type::Float => float(key),
        _ => {
            return Err(error(format!(
                "keys must be str, int, float, bool or None, not {}",
                types::name(key)
            )));
        }
    })
}

fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x08' => out.push_str("\\b"),
            '\x0c' => out.push_str("\\f"),
            // A relation's mark is not part of the text.
            c if crate::jinja::marks::is_mark(c) => out.push(c),
            ' '..='~' => out.push(c),
            c => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
}
