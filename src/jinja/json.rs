//! Between JSON and the values of templates, and JSON as Python writes it.

use std::fmt::Write;

use minijinja::Value;
use minijinja::value::ValueKind;
use serde_json::{Map, Number, Value as Json};

use super::{collections, datetime, marks};

/// JSON as a template sees it, lists and dicts that can change.
pub(super) fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::from(()),
        Json::Bool(truth) => Value::from(*truth),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(whole), _) => Value::from(whole),
            (None, Some(whole)) => Value::from(whole),
            (None, None) => Value::from(number.as_f64().unwrap_or_default()),
        },
        Json::String(text) => Value::from(&**text),
        Json::Array(items) => collections::list(items.iter().map(value)),
        Json::Object(map) => collections::dict(map.iter().map(|(key, item)| (Value::from(&**key), value(item)))),
    }
}

/// A template's value as JSON: dates as ISO texts, relations by name, what has no JSON as its text.
pub(super) fn json(value: &Value) -> Json {
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => Json::Null,
        ValueKind::Bool => Json::Bool(value.is_true()),
        ValueKind::Number => {
            if value.is_integer()
                && let Ok(whole) = i64::try_from(value.clone())
            {
                return Json::from(whole);
            }
            f64::try_from(value.clone()).ok().and_then(Number::from_f64).map_or(Json::Null, Json::Number)
        }
        ValueKind::Seq | ValueKind::Iterable => Json::Array(value.try_iter().into_iter().flatten().map(|item| json(&item)).collect()),
        ValueKind::Map if value.downcast_object_ref::<super::relations::Named>().is_none() => {
            let pairs = value.as_object().and_then(|object| object.try_iter_pairs()).into_iter().flatten();
            Json::Object(pairs.map(|(key, item)| (marks::plain(&key), json(&item))).collect::<Map<_, _>>())
        }
        _ => Json::String(datetime::iso(value).unwrap_or_else(|| marks::plain(value))),
    }
}

/// JSON as Python's `json.dumps` writes it: a blank behind commas and colons, no characters beyond ASCII.
pub(super) fn dumps(json: &Json, sorted: bool) -> String {
    let mut out = String::new();
    dump(json, sorted, &mut out);
    out
}

fn dump(json: &Json, sorted: bool, out: &mut String) {
    match json {
        Json::String(text) => dump_text(text, out),
        Json::Array(items) => {
            out.push('[');
            for (place, item) in items.iter().enumerate() {
                out.push_str(if place > 0 { ", " } else { "" });
                dump(item, sorted, out);
            }
            out.push(']');
        }
        Json::Object(map) => {
            let mut pairs: Vec<_> = map.iter().collect();
            if sorted {
                pairs.sort_by_key(|(key, _)| *key);
            }
            out.push('{');
            for (place, (key, item)) in pairs.into_iter().enumerate() {
                out.push_str(if place > 0 { ", " } else { "" });
                dump_text(key, out);
                out.push_str(": ");
                dump(item, sorted, out);
            }
            out.push('}');
        }
        other => out.push_str(&other.to_string()),
    }
}

fn dump_text(text: &str, out: &mut String) {
    for c in Json::from(text).to_string().chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                // Writing to a string cannot go wrong.
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_looks_like_pythons() {
        let json: Json = serde_json::from_str(r#"{"b": [1, 2.5, null], "a": "é\n"}"#).unwrap();
        assert_eq!(dumps(&json, false), r#"{"b": [1, 2.5, null], "a": "\u00e9\n"}"#);
        assert_eq!(dumps(&json, true), r#"{"a": "\u00e9\n", "b": [1, 2.5, null]}"#);
        assert_eq!(super::json(&value(&json)), json);
    }
}
