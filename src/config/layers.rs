//! Which setting wins. Takes the layers of a node, the most general first; gives the merged
//! configuration, each key with the place that set it last. What merges how is dbt's: hooks and
//! tags add up, some dicts are updated, all else is replaced.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::diagnostics::Location;
use crate::project::{Config, Setting, list};

/// One configuration of many. A later layer wins.
pub fn merged<'a>(layers: impl IntoIterator<Item = &'a Config>) -> IndexMap<String, Setting> {
    let mut config: IndexMap<String, Setting> = IndexMap::new();
    for (key, setting) in layers.into_iter().flatten() {
        let before = config.get(key).map(|before| &before.value);
        let value = merged_value(key, before, &setting.value);
        config.insert(key.clone(), Setting { value, at: setting.at.clone() });
    }
    config
}

/// The value of a key of the configuration: `value` over what a more general layer sets.
pub fn merged_value(key: &str, before: Option<&Value>, value: &Value) -> Value {
    match key {
        // As in dbt an empty key is a tag: the text of Python's `None`.
        "tags" | "packages" if value.is_null() => appended(before, &Value::from("None")),
        "pre_hook" | "post_hook" | "tags" | "packages" => appended(before, value),
        "meta" => own_settings(before, value),
        "quoting" | "column_types" | "docs" | "contract" | "latest_version_pointer" => {
            updated(before, value)
        }
        "grants" => granted(before, value),
        _ => value.clone(),
    }
}

/// The configuration of a version over that of its model: dicts are merged, lists of the version
/// come before the model's, all else is replaced.
pub fn deep_merged<'a>(layers: impl IntoIterator<Item = &'a Config>) -> Config {
    let mut config = Config::new();
    for (key, setting) in layers.into_iter().flatten() {
        let value = config
            .get(key)
            .map_or_else(|| setting.value.clone(), |before| over(&before.value, &setting.value));
        config.insert(key.clone(), Setting { value, at: setting.at.clone() });
    }
    config
}

fn over(before: &Value, value: &Value) -> Value {
    match (before, value) {
        (Value::Object(before), Value::Object(more)) => {
            let mut both = before.clone();
            for (key, value) in more {
                let value =
                    both.get(key).map_or_else(|| value.clone(), |before| over(before, value));
                both.insert(key.clone(), value);
            }
            Value::Object(both)
        }
        (_, Value::Array(items)) => items.iter().cloned().chain(python_list(before)).collect(),
        _ => value.clone(),
    }
}

/// Python's `list(value)`: the characters of a text, the keys of a dict. What Python refuses is one
/// item.
fn python_list(value: &Value) -> Vec<Value> {
    match value {
        Value::String(text) => text.chars().map(|letter| letter.to_string().into()).collect(),
        Value::Object(dict) => dict.keys().map(|key| key.as_str().into()).collect(),
        other => list(other),
    }
}

/// The texts of a value that is one or a list of them.
pub fn texts(value: Option<&Value>) -> Vec<String> {
    value.map(list).unwrap_or_default().iter().map(text).collect()
}

/// A scalar as it is written, without quotes.
pub fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_string)
}

fn appended(before: Option<&Value>, value: &Value) -> Value {
    before.map(list).unwrap_or_default().into_iter().chain(list(value)).collect()
}

fn updated(before: Option<&Value>, value: &Value) -> Value {
    match (before, value) {
        (Some(Value::Object(before)), Value::Object(value)) => {
            let mut both = before.clone();
            both.extend(value.clone());
            Value::Object(both)
        }
        (Some(before), Value::Null) => before.clone(),
        _ => value.clone(),
    }
}

/// `meta` is updated as in dbt, but for the settings of this program's own, which add up through
/// all layers: a model that sets one of them keeps the others of its folder.
fn own_settings(before: Option<&Value>, value: &Value) -> Value {
    const OWN: &str = "batchwright";
    let mut meta = updated(before, value);
    if let (Some(before), Some(more)) = (before.and_then(|before| before.get(OWN)), value.get(OWN))
        && let Some(settings) = meta.get_mut(OWN)
    {
        *settings = deeply(before, more);
    }
    meta
}

fn deeply(before: &Value, value: &Value) -> Value {
    let (Value::Object(before), Value::Object(more)) = (before, value) else {
        return value.clone();
    };
    let mut both = before.clone();
    for (key, value) in more {
        let value = both.get(key).map_or_else(|| value.clone(), |before| deeply(before, value));
        both.insert(key.clone(), value);
    }
    Value::Object(both)
}

/// Grants replace what was granted for a privilege, unless it is written with a `+`.
fn granted(before: Option<&Value>, value: &Value) -> Value {
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
pub fn own_setting<'a>(
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
                json!({"tags": "top", "meta": {"a": 1, "b": 1}, "pre_hook": "one", "grants": {"select": "x", "insert": "i"}, "lookback": 2}),
            ),
            layer(
                "a.yml",
                json!({"tags": ["yml"], "meta": {"b": 2}, "grants": {"+select": ["y"], "insert": ["j"]}, "lookback": 5, "partition_by": {"field": "x"}}),
            ),
            layer(
                "a.sql",
                json!({"tags": ["sql"], "pre_hook": ["two", "three"], "lookback": 7, "partition_by": {"granularity": "day"}, "meta": null}),
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
        let both = merged(&layers.map(|(name, meta)| layer(name, json!({"meta": meta}))));
        assert_eq!(
            both["meta"].value,
            settings(json!({"check": {"BW004": "note", "BW009": "off"}, "timezone": "UTC"}))
        );
        assert_eq!((value("lookback"), &*config["lookback"].at.file.path), (json!(7), "a.sql"));
    }
}
