//! Converts between JSON and template values, and writes JSON as Python does.

use minijinja::value::{Value, ValueKind};
use minijinja::{Error, State};
use serde_json::{Map, Number, Value as Json};

use crate::jinja::python::text::unmarked;
use crate::yaml::scalars::{self, Scalar};

use crate::jinja::python::call::Call;
use crate::jinja::python::dumps::{Options, dumps};
use crate::jinja::python::types::{self, Type};
use crate::jinja::python::{Args, collections, datetime, nesting, values};
use crate::limits;

/// JSON as a template value with mutable lists and dicts.
pub fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::from(()),
        Json::Bool(truth) => Value::from(*truth),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(whole), _) => Value::from(whole),
            (None, Some(whole)) => Value::from(whole),
            (None, None) => Value::from(number.as_f64().unwrap_or_default()),
        },
        Json::String(text) => super::json::text(text),
        Json::Array(items) => collections::list(items.iter().map(value)),
        Json::Object(map) => {
            collections::dict(map.iter().map(|(key, item)| (text(key), value(item))))
        }
    }
}

/// Parses JSON from a text, or returns another value unchanged.
fn text(text: &str) -> Value {
    match scalars::decoded(text) {
        None => Value::from(text),
        Some(Scalar::Null) => Value::from(()),
        Some(Scalar::Bool(truth)) => Value::from(truth),
        Some(Scalar::Int(number)) => Value::from(number),
        Some(Scalar::Float(number)) => Value::from(number),
        Some(Scalar::Date(date)) => datetime::of_yaml(date),
        Some(Scalar::Text(text)) => Value::from(text),
    }
}

/// A template value as JSON: dates as ISO texts, relations by name, and other values as text.
pub fn json(value: &Value) -> Json {
    // The caller's next check fails if the limits are exceeded.
    if limits::exceeded() {
        return Json::Null;
    }
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => Json::Null,
        ValueKind::Bool => Json::Bool(value.is_true()),
        ValueKind::Number => {
            if value.is_integer()
                && let Ok(whole) = i64::try_from(value.clone())
            {
                return Json::from(whole);
            }
            f64::try_from(value.clone())
                .ok()
                .and_then(Number::from_f64)
                .map_or(Json::Null, Json::Number)
        }
        ValueKind::Map if matches!(types::of(value), Type::Set | Type::View) => {
            Json::Array(value.try_iter().into_iter().flatten().map(|item| json(&item)).collect())
        }
        ValueKind::Seq | ValueKind::Iterable => {
            Json::Array(value.try_iter().into_iter().flatten().map(|item| json(&item)).collect())
        }
        ValueKind::Map
            if value.downcast_object_ref::<super::relations::RelationObject>().is_none() =>
        {
            let pairs =
                value.as_object().and_then(|object| object.try_iter_pairs()).into_iter().flatten();
            let pairs = pairs.filter(|(key, _)| !nesting::is_entry(key));
            Json::Object(
                pairs.map(|(key, item)| (unmarked(&key), json(&item))).collect::<Map<_, _>>(),
            )
        }
        _ => Json::String(datetime::iso(value).unwrap_or_else(|| unmarked(value))),
    }
}

/// The filter `tojson`, which escapes HTML characters.
pub fn filter(state: &State, value: Value, args: Args) -> Result<Value, Error> {
    let indent = Call::of("", "tojson", &values(args)).integer(0, "indent")?;
    let text = dumps(
        &value,
        &Options::new(state, true, indent.and_then(|indent| usize::try_from(indent).ok())),
    )?;
    Ok(Value::from_safe_string(
        text.replace('<', "\\u003c")
            .replace('>', "\\u003e")
            .replace('&', "\\u0026")
            .replace('\'', "\\u0027"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_looks_like_pythons() {
        let json: Json = serde_json::from_str(r#"{"b": [1, 2.5, null], "a": "é\n"}"#).unwrap();
        let text = |sorted| {
            dumps(&value(&json), &Options { sorted, indent: None, lenient: false }).unwrap()
        };
        assert_eq!(text(false), r#"{"b": [1, 2.5, null], "a": "\u00e9\n"}"#);
        assert_eq!(text(true), r#"{"a": "\u00e9\n", "b": [1, 2.5, null]}"#);
        assert_eq!(super::json(&value(&json)), json);
    }
}
