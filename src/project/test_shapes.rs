//! The shape of the data tests of an entry. Reports what dbt rejects: a test with several names,
//! arguments that are no dict, settings of an invalid type or in two places.

use serde_json::{Map, Value};

use super::generic_tests::CONFIG;
use super::values::has_jinja;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::yaml::Yaml;

/// Checks the tests of an entry, and those of its columns, versions and tables.
pub fn check(entry: &Yaml, errors: &mut Diagnostics) {
    let lists = ["data_tests", "tests"].into_iter().filter_map(|key| entry.get(key));
    for test in lists.flat_map(Yaml::items) {
        if let Err(error) = shape(&test.json()) {
            errors.0.push(error.at(test.at.clone()));
        }
    }
    for key in ["columns", "versions", "tables"] {
        let parts = entry.get(key).map(Yaml::items).unwrap_or_default();
        parts.iter().for_each(|part| check(part, errors));
    }
}

fn shape(test: &Value) -> Result<(), Diagnostic> {
    // A test of another type is reported elsewhere.
    let Value::Object(keys) = test else { return Ok(()) };
    let (name, arguments) = match (keys.get("test_name"), keys.len()) {
        (Some(Value::String(name)), _) => (name, keys),
        (Some(_), _) => return Err(error("`test_name` must be a text")),
        (None, 1) => {
            let (name, arguments) = keys.iter().next().expect("the dict has one key");
            let Value::Object(arguments) = arguments else {
                return Err(error(&format!("the arguments of the test `{name}` must be a dict")));
            };
            (name, arguments)
        }
        (None, count) => {
            return Err(error(&format!("a test must have one key, its name, but has {count}")));
        }
    };
    let config = match arguments.get("config") {
        None => &Map::new(),
        Some(Value::Object(config)) => config,
        Some(_) => return Err(error(&format!("`config` of the test `{name}` must be a dict"))),
    };
    let is_twice = |key: &&&str| arguments.contains_key(**key) && config.contains_key(**key);
    if let Some(key) = CONFIG.iter().find(is_twice) {
        return Err(error(&format!("`{key}` of the test `{name}` is set twice"))
            .hint("keep the one below `config`"));
    }
    let setting = |key: &str| config.get(key).or(arguments.get(key));
    let is_text = |key: &str| arguments.get(key).is_none_or(Value::is_string);
    if let Some(key) = ["name", "description"].into_iter().find(|key| !is_text(key)) {
        return Err(error(&format!("`{key}` of the test `{name}` must be a text")));
    }
    let is_rendered = |value: &&Value| !value.as_str().is_some_and(has_jinja);
    let severity = setting("severity").filter(is_rendered);
    if severity.is_some_and(|value| {
        let is_known =
            |text: &str| ["warn", "error"].iter().any(|known| text.eq_ignore_ascii_case(known));
        !value.as_str().is_some_and(is_known)
    }) {
        return Err(error(&format!("`severity` of the test `{name}` must be `warn` or `error`")));
    }
    if setting("enabled").filter(is_rendered).is_some_and(|value| !value.is_boolean()) {
        return Err(error(&format!("`enabled` of the test `{name}` must be true or false")));
    }
    Ok(())
}

fn error(message: &str) -> Diagnostic {
    Diagnostic::error(message).hint(
        "write a test as `- unique`, or as `- accepted_values: {arguments: {values: [a, b]}}`",
    )
}
