//! The types of dbt's config keys. Takes a node's merged configuration; converts each value to the
//! type that dbt converts it to: a value of a text key becomes its text in Python. Rejects what dbt
//! rejects, such as `enabled: 1` or `meta: x`.

use indexmap::IndexMap;
use serde_json::Value;

use super::Kind;
use super::colors::is_color;
use super::layers::kind as kind_of;
use crate::diagnostics::Diagnostic;
use crate::jinja::python_text;
use crate::project::{Setting, list};

/// The type to which dbt converts the value of a key.
#[derive(Clone, Copy)]
enum Type {
    /// A text, or null.
    Text,
    /// A text; null becomes the text `None`.
    AnyText,
    /// A list of texts.
    Texts,
    /// A text, a list of texts, or null.
    TextOrTexts,
    Bool,
    /// A boolean, or null.
    OptionalBool,
    Dict,
    /// Hooks: statements or dicts, one or a list.
    Hooks,
    /// One of several texts.
    OneOf(&'static [&'static str]),
}

fn type_of(of: Kind, key: &str) -> Option<Type> {
    Some(match key {
        "enabled" => Type::Bool,
        "meta" => Type::Dict,
        "tags" => Type::Texts,
        _ if of == Kind::Source => match key {
            "loaded_at_field" | "loaded_at_query" | "static_analysis" => Type::Text,
            _ => return None,
        },
        "alias"
        | "schema"
        | "database"
        | "group"
        | "static_analysis"
        | "incremental_strategy"
        | "on_schema_change" => Type::Text,
        "strategy"
        | "target_schema"
        | "target_database"
        | "updated_at"
        | "dbt_valid_to_current"
            if of == Kind::Snapshot =>
        {
            Type::Text
        }
        "materialized" => Type::AnyText,
        "delimiter" if of == Kind::Seed => Type::AnyText,
        "packages" => Type::Texts,
        "pre_hook" | "post_hook" => Type::Hooks,
        "unique_key" => Type::TextOrTexts,
        "check_cols" if of == Kind::Snapshot => Type::TextOrTexts,
        "full_refresh" => Type::OptionalBool,
        "quote_columns" if of == Kind::Seed => Type::OptionalBool,
        "persist_docs" | "quoting" | "column_types" | "grants" | "docs" | "contract" => Type::Dict,
        "latest_version_pointer" if of == Kind::Model => Type::Dict,
        "snapshot_meta_column_names" if of == Kind::Snapshot => Type::Dict,
        "access" if of == Kind::Model => Type::OneOf(&["private", "protected", "public"]),
        "on_configuration_change" => Type::OneOf(&["apply", "continue", "fail"]),
        _ => return None,
    })
}

/// Converts the values of dbt's keys. Returns an error for each value that cannot be converted.
pub fn convert(name: &str, of: Kind, config: &mut IndexMap<String, Setting>) -> Vec<Diagnostic> {
    let mut errors = Vec::new();
    for (key, setting) in config {
        if (of, key.as_str()) == (Kind::Model, "freshness") {
            errors.extend(build_after_error(name, setting));
        }
        let Some(target_type) = type_of(of, key) else { continue };
        if matches!(target_type, Type::Hooks) {
            let errors_of_hooks = list(&setting.value).into_iter().filter_map(|hook| {
                let error = Diagnostic::error(hook_error(name, key, &hook)?);
                Some(error.at(setting.at.clone()).hint(hint(target_type, key)))
            });
            errors.extend(errors_of_hooks.take(1));
        }
        errors.extend(part_errors(name, key, setting));
        match converted(target_type, &setting.value) {
            Ok(Some(value)) => setting.value = value,
            Ok(None) => {}
            Err(what) => {
                let is = match (target_type, &setting.value) {
                    (Type::OneOf(_), Value::String(text)) => format!("`{text}`"),
                    (_, value) => kind_of(value).to_string(),
                };
                let message = format!("`{key}` of `{name}` must be {what}, but is {is}");
                errors.push(
                    Diagnostic::error(message).at(setting.at.clone()).hint(hint(target_type, key)),
                );
            }
        }
    }
    errors
}

/// The errors in the parts of `docs` and `contract`.
fn part_errors(name: &str, key: &str, setting: &Setting) -> Vec<Diagnostic> {
    let booleans: &[&str] = match key {
        "docs" => &["show"],
        "contract" => &["enforced", "alias_types"],
        _ => return Vec::new(),
    };
    let part = |part: &str| Some((part.to_string(), setting.value.get(part)?));
    let invalid = booleans.iter().filter_map(|key| part(key)).filter(|(_, of)| !of.is_boolean());
    let mut errors: Vec<Diagnostic> = invalid
        .map(|(part, of)| {
            let message =
                format!("`{key}.{part}` of `{name}` must be true or false, but is {}", kind_of(of));
            Diagnostic::error(message).at(setting.at.clone()).hint(hint(Type::Bool, key))
        })
        .collect();
    if let ("docs", Some(color)) = (key, setting.value.get("node_color"))
        && !is_color(&python_text(color))
        && !matches!(color, Value::Null)
    {
        let message =
            format!("`docs.node_color` of `{name}` is not a color: `{}`", python_text(color));
        errors.push(
            Diagnostic::error(message)
                .at(setting.at.clone())
                .hint("write a name of CSS (`gold`, `steelblue`) or `#aabbcc`"),
        );
    }
    errors
}

/// The error of `freshness.build_after` of a model, whose `count` and `period` belong together.
fn build_after_error(name: &str, setting: &Setting) -> Option<Diagnostic> {
    let build_after = setting.value.get("build_after")?;
    let error = |message: String, hint: &str| {
        Some(Diagnostic::error(message).at(setting.at.clone()).hint(hint))
    };
    let hint = "write `build_after: {count: 4, period: hour}`";
    let Some(keys) = build_after.as_object() else {
        let is = kind_of(build_after);
        return error(format!("`build_after` of `{name}` must be a dict, but is {is}"), hint);
    };
    for (key, words) in
        [("period", &["minute", "hour", "day"][..]), ("updates_on", &["all", "any"])]
    {
        let value = keys.get(key).filter(|value| key != "period" || !value.is_null());
        if let Some(value) = value.filter(|value| !words.iter().any(|word| **value == *word)) {
            let known: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
            let is = python_text(value);
            let message = format!("`{key}` in `build_after` of `{name}` must not be `{is}`");
            return error(message, &format!("the values are {}", known.join(", ")));
        }
    }
    let count = keys.get("count").unwrap_or(&Value::Null);
    let is_whole = match count {
        Value::String(text) => text.trim().parse::<i64>().is_ok(),
        other => other.is_null() || other.is_number(),
    };
    if !is_whole {
        let is = kind_of(count);
        return error(
            format!("`count` of `build_after` of `{name}` must be a number, but is {is}"),
            hint,
        );
    }
    let is_set = |key: &str| keys.get(key).is_some_and(|value| !value.is_null());
    let missing = match (is_set("count"), is_set("period")) {
        (true, false) => "period",
        (false, true) => "count",
        _ => return None,
    };
    error(format!("`build_after` of `{name}` has no `{missing}`"), hint)
}

/// The converted value, if it differs.
fn converted(target_type: Type, value: &Value) -> Result<Option<Value>, String> {
    let texts = |items: &[Value]| {
        items.iter().any(|item| !item.is_string()).then(|| items.iter().map(as_text).collect())
    };
    Ok(match (target_type, value) {
        (Type::Text | Type::AnyText | Type::TextOrTexts, Value::String(_)) => None,
        (Type::Text | Type::TextOrTexts | Type::OptionalBool, Value::Null) => None,
        (Type::Hooks, _) => None,
        (Type::Texts | Type::TextOrTexts, Value::Array(items)) => texts(items),
        (Type::TextOrTexts, Value::Object(dict)) => {
            Some(dict.keys().map(|key| Value::from(&**key)).collect())
        }
        (Type::Text | Type::AnyText | Type::TextOrTexts, _) => Some(as_text(value)),
        (Type::Texts, _) => Some(Value::from(vec![as_text(value)])),
        (Type::Bool | Type::OptionalBool, Value::Bool(_)) | (Type::Dict, Value::Object(_)) => None,
        (Type::Bool | Type::OptionalBool, _) => return Err("true or false".to_string()),
        (Type::Dict, _) => return Err("a dict".to_string()),
        (Type::OneOf(words), Value::String(word)) if words.contains(&&**word) => None,
        (Type::OneOf(words), _) => {
            return Err(words
                .iter()
                .map(|word| format!("`{word}`"))
                .collect::<Vec<_>>()
                .join(" or "));
        }
    })
}

/// Why dbt rejects a hook: it accepts a dict with `sql`, or a text that is not the JSON of another
/// value.
fn hook_error(name: &str, key: &str, hook: &Value) -> Option<String> {
    let parsed = hook.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
    let Value::Object(dict) = parsed.as_ref().unwrap_or(hook) else {
        let what = match (&parsed, hook) {
            (None, Value::String(_)) => return None,
            (Some(_), _) => "other JSON",
            (None, other) => kind_of(other),
        };
        return Some(format!("a `{key}` of `{name}` must be SQL or a dict, but is {what}"));
    };
    if !dict.contains_key("sql") {
        return Some(format!("a `{key}` of `{name}` has no `sql`"));
    }
    let transaction = dict.get("transaction").filter(|value| !value.is_boolean())?;
    let what = kind_of(transaction);
    Some(format!("`transaction` of a `{key}` of `{name}` must be true or false, but is {what}"))
}

fn as_text(value: &Value) -> Value {
    Value::String(python_text(value))
}

fn hint(target_type: Type, key: &str) -> String {
    match target_type {
        Type::Bool | Type::OptionalBool => {
            "write `true` or `false`; in Jinja use the filter `as_bool`".to_string()
        }
        Type::Hooks => format!("write the statement behind `{key}:`, or remove the key"),
        Type::OneOf(words) => format!("write `{key}: {}`", words[0]),
        _ => format!("write keys and values below `{key}:`"),
    }
}
