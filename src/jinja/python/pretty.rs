//! Python's `pprint`: a value on one line if it fits into 80 characters, with sorted keys of dicts.

use minijinja::value::{Tuple, Value};

use super::collections;
use super::text::repr;
use super::types::{self, Type};
use crate::limits;

const WIDTH: usize = 80;

pub(in crate::jinja) fn pretty(value: &Value) -> String {
    let mut out = String::new();
    write(&in_order(value), 0, 0, &mut out);
    out
}

/// The value with sorted keys, as in `pprint`: by the keys, else by type and text.
fn in_order(value: &Value) -> Value {
    if limits::exceeded() {
        return value.clone();
    }
    match types::of(value) {
        Type::Dict => {
            let mut pairs = collections::pairs_of(value).unwrap_or_default();
            pairs.sort_by(|(a, _), (b, _)| {
                let order = super::compare::order(a, b).ok().flatten();
                order.unwrap_or_else(|| (types::name(a), repr(a)).cmp(&(types::name(b), repr(b))))
            });
            collections::dict(pairs.into_iter().map(|(key, item)| (key, in_order(&item))))
        }
        Type::List => {
            collections::list(value.try_iter().into_iter().flatten().map(|item| in_order(&item)))
        }
        Type::Tuple => Value::from(Tuple::new(
            value.try_iter().into_iter().flatten().map(|item| in_order(&item)).collect(),
        )),
        _ => value.clone(),
    }
}

/// Writes a value that begins in column `indent`, and reserves `after` characters after it.
fn write(value: &Value, indent: usize, after: usize, out: &mut String) {
    if limits::exceeded() {
        return;
    }
    let line = repr(value);
    let kind = types::of(value);
    let fits = line.chars().count() <= WIDTH.saturating_sub(indent + after);
    let items: Vec<Value> = match kind {
        Type::List | Type::Tuple if !fits => value.try_iter().into_iter().flatten().collect(),
        Type::Dict if !fits => Vec::new(),
        _ => return out.push_str(&line),
    };
    let (open, close) = match kind {
        Type::List => ('[', "]"),
        Type::Tuple if items.len() == 1 => ('(', ",)"),
        Type::Tuple => ('(', ")"),
        _ => ('{', "}"),
    };
    out.push(open);
    let separator = format!(",\n{}", " ".repeat(indent + 1));
    if kind == Type::Dict {
        let pairs = collections::pairs_of(value).unwrap_or_default();
        let last = pairs.len().saturating_sub(1);
        for (nth, (key, item)) in pairs.iter().enumerate() {
            out.push_str(if nth > 0 { &separator } else { "" });
            let key = repr(key);
            let column = indent + 1 + key.chars().count() + 2;
            out.push_str(&key);
            out.push_str(": ");
            write(item, column, if nth == last { after + 1 } else { 1 }, out);
        }
    } else {
        let last = items.len().saturating_sub(1);
        for (nth, item) in items.iter().enumerate() {
            out.push_str(if nth > 0 { &separator } else { "" });
            write(item, indent + 1, if nth == last { after + close.len() } else { 1 }, out);
        }
    }
    out.push_str(close);
}
