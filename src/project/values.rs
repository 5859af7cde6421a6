//! What YAML values say. Takes a value of the tree and what its Jinja may ask (variables,
//! environment, target); gives the value with its place, or the diagnostic that a value of another
//! kind stands there.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::jinja::{self, YamlScope};
use crate::yaml::{Data, Yaml};

use super::Setting;

/// The value of YAML with its Jinja rendered. Hooks stay as they are: they are rendered when the
/// model runs.
pub fn rendered(yaml: &Yaml, scope: &YamlScope) -> Result<Value, Diagnostic> {
    Ok(match &yaml.data {
        Data::Text(text) if has_jinja(text) => {
            jinja::yaml_value(text, scope).map_err(|error| match error.at {
                Some(_) => error,
                None => error.at(yaml.at.clone()),
            })?
        }
        Data::List(items) => {
            items.iter().map(|item| rendered(item, scope)).collect::<Result<_, _>>()?
        }
        Data::Dict(dict) => {
            let entries =
                dict.iter().map(|(key, value)| Ok((key.clone(), rendered(value, scope)?)));
            Value::Object(entries.collect::<Result<Map<_, _>, Diagnostic>>()?)
        }
        // dbt renders every text, and Jinja takes one line break from its end.
        Data::Text(text) => Value::String(without_line_break(text).to_string()),
        _ => yaml.json(),
    })
}

/// A text as Jinja gives it back.
fn without_line_break(text: &str) -> &str {
    text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text))
}

/// The text of a value with its Jinja rendered; nothing for an empty one. dbt refuses values that
/// are no text, such as `off`.
pub fn rendered_text(yaml: &Yaml, scope: &YamlScope) -> Result<Option<String>, Diagnostic> {
    match rendered(yaml, scope)? {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        other => Err(not_text(yaml, &other)),
    }
}

/// The error that a value is no text.
pub fn not_text(yaml: &Yaml, value: &Value) -> Diagnostic {
    let (what, hint) = match value {
        Value::Null => ("nothing", "write a text, or remove the key"),
        Value::Bool(true) => ("the boolean `true`", "put it in quotes, or give it another name"),
        Value::Bool(false) => ("the boolean `false`", "put it in quotes, or give it another name"),
        Value::Number(_) => ("a number", "put it in quotes"),
        Value::String(_) => ("a date", "put it in quotes"),
        Value::Array(_) => ("a list", "write a text"),
        Value::Object(_) => ("a dict", "write a text; Jinja stands in quotes: `\"{{ … }}\"`"),
    };
    Diagnostic::error(format!("expected a text, but got {what}")).at(yaml.at.clone()).hint(hint)
}

/// A dict of config, each key under the one name it has in `config()`. Errors go to `wrong`, and
/// their keys are left out.
pub fn config(
    yaml: Option<&Yaml>,
    scope: &YamlScope,
    errors: &mut Diagnostics,
) -> IndexMap<String, Setting> {
    let mut keys = IndexMap::new();
    for (key, value) in yaml.and_then(Yaml::dict).into_iter().flatten() {
        set(&mut keys, key, value, scope, errors);
    }
    keys
}

/// Puts one key of config into `keys`.
pub fn set(
    keys: &mut IndexMap<String, Setting>,
    key: &str,
    yaml: &Yaml,
    scope: &YamlScope,
    errors: &mut Diagnostics,
) {
    let name = canonical(key);
    let value = if matches!(name, "pre_hook" | "post_hook") {
        Ok(yaml.json())
    } else {
        rendered(yaml, scope)
    };
    match value {
        Ok(value) => {
            let setting = Setting { value, at: yaml.at.clone() };
            if let Some(before) = keys.insert(name.to_string(), setting) {
                let message = format!("`{key}` and another spelling of it are both set");
                let error = Diagnostic::error(message).at(yaml.at.clone());
                errors.0.push(
                    error
                        .fact(format!("the other is on line {}", before.at.line()))
                        .hint("keep one of the two"),
                );
            }
        }
        Err(error) => errors.0.push(error),
    }
}

/// The name that a key of config has everywhere: some engines call the database a project and the
/// schema a dataset.
pub fn canonical(key: &str) -> &str {
    match key {
        "pre-hook" => "pre_hook",
        "post-hook" => "post_hook",
        "project" | "catalog" => "database",
        "dataset" => "schema",
        _ => key,
    }
}

/// What a value says as a boolean; YAML of old also knows `yes`, `no`, `on` and `off`.
pub fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(yes) => Some(*yes),
        Value::String(text) => match text.as_str() {
            "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(true),
            "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// A value as a list: nothing, one item, or many.
pub fn list(value: &Value) -> Vec<Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(items) => items.clone(),
        one => vec![one.clone()],
    }
}

/// A text or a list of texts, as a list.
pub fn texts(yaml: &Yaml) -> Vec<String> {
    match &yaml.data {
        Data::List(items) => items.iter().filter_map(Yaml::text).collect(),
        _ => yaml.text().into_iter().collect(),
    }
}

pub fn has_jinja(text: &str) -> bool {
    ["{{", "{%", "{#"].iter().any(|mark| text.contains(mark))
}
