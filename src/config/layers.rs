//! Merging of settings. Takes the layers of a node, the most general first; returns the merged
//! configuration, each key with the location that set it last. Keys merge as in dbt: hooks and tags
//! are appended, some dicts are updated, other keys are replaced.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::diagnostics::Location;
use crate::project::{Config, Setting, list};

/// The merged configuration. A later layer overrides an earlier one.
pub fn merged<'a>(layers: impl IntoIterator<Item = &'a Config>) -> IndexMap<String, Setting> {
    let mut config: IndexMap<String, Setting> = IndexMap::new();
    for (key, setting) in layers.into_iter().flatten() {
        let before = config.get(key).map(|before| &before.value);
        let value = merged_value(key, before, &setting.value);
        config.insert(key.clone(), Setting { value, at: setting.at.clone() });
    }
    config
}

/// The value of a key, where `before` is the value of the more general layers.
pub fn merged_value(key: &str, before: Option<&Value>, value: &Value) -> Value {
    match key {
        // As in dbt, a key without a value is a tag: the text of Python's `None`.
        "tags" | "packages" if value.is_null() => appended(before, &Value::from("None")),
        // A hook without a value is invalid.
        "pre_hook" | "post_hook" if value.is_null() => {
            before.map(list).unwrap_or_default().into_iter().chain([Value::Null]).collect()
        }
        "pre_hook" | "post_hook" | "tags" | "packages" => appended(before, value),
        "meta" => merged_meta(before, value),
        "quoting" | "column_types" | "docs" | "contract" | "latest_version_pointer" => {
            updated(before, value)
        }
        "grants" => merged_grants(before, value),
        _ => value.clone(),
    }
}

/// The configuration of a version merged into that of its model: dicts are merged, lists of the
/// version come before the model's, other keys are replaced.
pub fn deep_merged<'a>(layers: impl IntoIterator<Item = &'a Config>) -> Config {
    let mut config = Config::new();
    for (key, setting) in layers.into_iter().flatten() {
        let value = config.get(key).map_or_else(
            || setting.value.clone(),
            |before| deep_merged_value(&before.value, &setting.value),
        );
        config.insert(key.clone(), Setting { value, at: setting.at.clone() });
    }
    config
}

fn deep_merged_value(before: &Value, value: &Value) -> Value {
    match (before, value) {
        (Value::Object(before), Value::Object(more)) => {
            let mut combined = before.clone();
            for (key, value) in more {
                let value = combined
                    .get(key)
                    .map_or_else(|| value.clone(), |before| deep_merged_value(before, value));
                combined.insert(key.clone(), value);
            }
            Value::Object(combined)
        }
        (_, Value::Array(items)) => items.iter().cloned().chain(python_list(before)).collect(),
        _ => value.clone(),
    }
}

/// Python's `list(value)`: the characters of a text, the keys of a dict. A value that Python
/// rejects is one item.
fn python_list(value: &Value) -> Vec<Value> {
    match value {
        Value::String(text) => text.chars().map(|letter| letter.to_string().into()).collect(),
        Value::Object(dict) => dict.keys().map(|key| key.as_str().into()).collect(),
        other => list(other),
    }
}

/// The texts of a value, which is one text or a list.
pub fn texts(value: Option<&Value>) -> Vec<String> {
    value.map(list).unwrap_or_default().iter().map(text).collect()
}

/// The text of a scalar, without quotes.
pub fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_string)
}

fn appended(before: Option<&Value>, value: &Value) -> Value {
    before.map(list).unwrap_or_default().into_iter().chain(list(value)).collect()
}

fn updated(before: Option<&Value>, value: &Value) -> Value {
    match (before, value) {
        (Some(Value::Object(before)), Value::Object(value)) => {
            let mut combined = before.clone();
            combined.extend(value.clone());
            Value::Object(combined)
        }
        (Some(before), Value::Null) => before.clone(),
        _ => value.clone(),
    }
}

/// Updates `meta` as dbt does, except batchwright's settings, which are merged deeply: a model that
/// sets one of them inherits the others from its folder.
fn merged_meta(before: Option<&Value>, value: &Value) -> Value {
    const KEY: &str = "batchwright";
    let mut meta = updated(before, value);
    if let (Some(before), Some(more)) = (before.and_then(|before| before.get(KEY)), value.get(KEY))
        && let Some(settings) = meta.get_mut(KEY)
    {
        *settings = merged_dicts(before, more);
    }
    meta
}

fn merged_dicts(before: &Value, value: &Value) -> Value {
    let (Value::Object(before), Value::Object(more)) = (before, value) else {
        return value.clone();
    };
    let mut combined = before.clone();
    for (key, value) in more {
        let value =
            combined.get(key).map_or_else(|| value.clone(), |before| merged_dicts(before, value));
        combined.insert(key.clone(), value);
    }
    Value::Object(combined)
}

/// Grantees replace those of more general layers, unless the privilege has a `+`.
fn merged_grants(before: Option<&Value>, value: &Value) -> Value {
    let Value::Object(more) = value else { return updated(before, value) };
    let mut grants: Map<String, Value> =
        before.and_then(Value::as_object).cloned().unwrap_or_default();
    for (privilege, grantees) in more {
        let (privilege, grantees) = match privilege.strip_prefix('+') {
            Some(privilege) => (privilege, appended(grants.get(privilege), grantees)),
            None => (privilege.as_str(), Value::Array(list(grantees))),
        };
        grants.insert(privilege.to_string(), grantees);
    }
    Value::Object(grants)
}

/// The setting `key` of this program's own: `meta: {batchwright: {key: …}}`.
pub fn batchwright_setting<'a>(
    config: &'a IndexMap<String, Setting>,
    key: &str,
) -> Option<(&'a Value, Location)> {
    let meta = config.get("meta")?;
    let value = meta.value.get("batchwright")?.get(key).filter(|value| !value.is_null())?;
    let text = &meta.at.file.text;
    // The dict has one place; the key is behind it.
    let start = meta.at.span.start.min(text.len());
    let at = text[start..]
        .find(key)
        .map(|offset| meta.at.file.at(start + offset..start + offset + key.len()));
    Some((value, at.unwrap_or_else(|| meta.at.clone())))
}

/// What a value is, for a message.
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "empty",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a dict",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::diagnostics::SourceFile;

    fn layer(name: &str, value: Value) -> Config {
        let at = SourceFile::new(name, "").at(0..0);
        value
            .as_object()
            .unwrap()
            .iter()
            .map(|(key, value)| (key.clone(), Setting { value: value.clone(), at: at.clone() }))
            .collect()
    }

    #[test]
    fn layers_merge_as_in_dbt() {
        let layers = [
            layer(
                "dbt_project.yml",
                json!({
                    "tags": "top", "meta": {"a": 1, "b": 1}, "pre_hook": "one",
                    "grants": {"select": "x", "insert": "i"}, "lookback": 2,
                }),
            ),
            layer(
                "a.yml",
                json!({
                    "tags": ["yml"], "meta": {"b": 2},
                    "grants": {"+select": ["y"], "insert": ["j"]}, "lookback": 5,
                    "partition_by": {"field": "x"},
                }),
            ),
            layer(
                "a.sql",
                json!({
                    "tags": ["sql"], "pre_hook": ["two", "three"], "lookback": 7,
                    "partition_by": {"granularity": "day"}, "meta": null,
                }),
            ),
        ];
        let config = merged(&layers);
        let value = |key: &str| config[key].value.clone();
        assert_eq!(value("tags"), json!(["top", "yml", "sql"]));
        assert_eq!(value("meta"), json!({"a": 1, "b": 2}));
        assert_eq!(value("pre_hook"), json!(["one", "two", "three"]));
        assert_eq!(value("grants"), json!({"select": ["x", "y"], "insert": ["j"]}));
        assert_eq!(value("partition_by"), json!({"granularity": "day"}));
        let settings = |value: Value| json!({"owner": "x", "batchwright": value});
        let layers = [
            ("a", settings(json!({"check": {"BW004": "note"}, "timezone": "UTC"}))),
            ("b", json!({"batchwright": {"check": {"BW009": "off"}}})),
        ];
        let combined = merged(&layers.map(|(name, meta)| layer(name, json!({"meta": meta}))));
        assert_eq!(
            combined["meta"].value,
            settings(json!({"check": {"BW004": "note", "BW009": "off"}, "timezone": "UTC"}))
        );
        assert_eq!((value("lookback"), &*config["lookback"].at.file.path), (json!(7), "a.sql"));
    }
}
