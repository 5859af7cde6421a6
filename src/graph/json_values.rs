//! JSON values of the entries of properties files, and the names of the target, in dbt's `graph`.

use serde_json::{Map, Value, json};

/// The names of the target.
#[derive(Clone, Copy)]
pub struct TargetNames<'a> {
    pub database: Option<&'a str>,
    pub schema: &'a str,
}

pub(super) fn text(entry: &Map<String, Value>, key: &str) -> Value {
    entry.get(key).filter(|value| !value.is_null()).cloned().unwrap_or_else(|| "".into())
}

pub(super) fn strings(entry: &Map<String, Value>, key: &str) -> Value {
    match entry.get(key) {
        Some(Value::Array(items)) => items.clone().into(),
        Some(Value::Null) | None => json!([]),
        Some(one) => json!([one]),
    }
}

pub(super) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
