//! Values of YAML. Takes a value of the tree and the scope of its Jinja (variables, environment,
//! target); returns the rendered value, or an error with its location.

use std::sync::LazyLock;

use indexmap::IndexMap;
use regex::Regex;
use serde_json::{Map, Value};

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::jinja::{self, YamlScope, hook_key};
use crate::yaml::{Data, Yaml};

use super::Setting;

/// The value with its Jinja rendered. Hooks are not passed here: they are rendered when the model
/// runs.
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
        // dbt renders every text, and Jinja removes one final line break.
        Data::Text(text) => Value::String(without_line_break(text).to_string()),
        _ => yaml.json(),
    })
}

/// The text without one final line break.
fn without_line_break(text: &str) -> &str {
    text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text))
}

/// The text of a value with its Jinja rendered; `None` for an empty value. Returns an error for a
/// value of another type, such as `off`, as dbt does.
pub fn rendered_text(yaml: &Yaml, scope: &YamlScope) -> Result<Option<String>, Diagnostic> {
    match rendered(yaml, scope)? {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        other => Err(not_text(yaml, &other)),
    }
}

/// The error for a value that is not a text.
pub fn not_text(yaml: &Yaml, value: &Value) -> Diagnostic {
    let (what, hint) = match value {
        Value::Null => ("nothing", "write a text, or remove the key"),
        Value::Bool(true) => ("the boolean `true`", "put it in quotes, or give it another name"),
        Value::Bool(false) => ("the boolean `false`", "put it in quotes, or give it another name"),
        Value::Number(_) => ("a number", "put it in quotes"),
        Value::String(_) => ("a date", "put it in quotes"),
        Value::Array(_) => ("a list", "write a text"),
        Value::Object(_) => ("a dict", "write a text; put Jinja in quotes: `\"{{ … }}\"`"),
    };
    Diagnostic::error(format!("expected a text, but got {what}")).at(yaml.at.clone()).hint(hint)
}

/// Where dbt keeps the Jinja of hooks for later. Elsewhere it renders them where it reads the file,
/// when the node is not known: `this` is empty, and a macro is undefined.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum LateHooks {
    /// Under both spellings.
    All,
    /// `pre_hook` and `post_hook`, but not `pre-hook` and `post-hook`.
    WithUnderscores,
    Never,
}

impl LateHooks {
    fn keeps(self, key: &str) -> bool {
        match self {
            LateHooks::All => hook_key(key).is_some(),
            LateHooks::WithUnderscores => matches!(key, "pre_hook" | "post_hook"),
            LateHooks::Never => false,
        }
    }
}

/// A dict of config, each key as it is spelled. Keys with an error are omitted, and reported in
/// `errors`.
pub fn config(
    yaml: Option<&Yaml>,
    scope: &YamlScope,
    late_hooks: LateHooks,
    errors: &mut Diagnostics,
) -> IndexMap<String, Setting> {
    let mut keys = IndexMap::new();
    for (key, value) in yaml.and_then(Yaml::dict).into_iter().flatten() {
        set(&mut keys, key, value, scope, late_hooks, errors);
    }
    keys
}

/// Adds one key of config to `keys`.
pub fn set(
    keys: &mut IndexMap<String, Setting>,
    key: &str,
    yaml: &Yaml,
    scope: &YamlScope,
    late_hooks: LateHooks,
    errors: &mut Diagnostics,
) {
    let value = if late_hooks.keeps(key) { Ok(yaml.json()) } else { rendered(yaml, scope) };
    if let Some(name) = hook_key(key).filter(|_| !late_hooks.keeps(key)) {
        errors.0.extend(hook_without_this(key, name, yaml, late_hooks));
    }
    match value {
        Ok(value) => {
            keys.insert(key.to_string(), Setting { value, at: yaml.at.clone() });
        }
        Err(error) => errors.0.push(error),
    }
}

/// A warning for a hook that names `this` where it is empty.
fn hook_without_this(
    key: &str,
    name: &str,
    yaml: &Yaml,
    late_hooks: LateHooks,
) -> Option<Diagnostic> {
    static THIS: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\{\{[^}]*\bthis\b").expect("the pattern is well formed"));
    THIS.is_match(&yaml.json().to_string()).then(|| {
        let message = format!("`this` is empty in this `{key}`: dbt renders it with the file");
        Diagnostic::warning(message).at(yaml.at.clone()).hint(match late_hooks {
            LateHooks::WithUnderscores => format!("write the key as `{name}`"),
            _ => format!("set it in the SQL file: `{{{{ config({name}=…) }}}}`"),
        })
    })
}

/// The boolean of a value; YAML 1.1's `yes`, `no`, `on` and `off` are accepted.
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

/// A value as a list: empty, one item, or many.
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
