//! The values of an entry that a plan does not build, with Jinja rendered where dbt renders it: not
//! in descriptions, tests, filters of metrics and conditions of saved queries, which dbt renders
//! later.

use serde_json::{Map, Value};

use crate::diagnostics::Diagnostic;
use crate::jinja::YamlScope;
use crate::yaml::{Data, Yaml};

use super::values::rendered;

/// The values of an entry in the list `list` of a properties file.
pub fn entry_values(list: &str, yaml: &Yaml, scope: &YamlScope) -> Result<Value, Diagnostic> {
    values(list, &mut Vec::new(), yaml, scope)
}

fn values<'y>(
    list: &str,
    path: &mut Vec<Option<&'y str>>,
    yaml: &'y Yaml,
    scope: &YamlScope,
) -> Result<Value, Diagnostic> {
    if is_rendered_later(list, path) {
        return Ok(yaml.json());
    }
    match &yaml.data {
        Data::List(items) => {
            let mut values_of_items = Vec::new();
            for item in items {
                path.push(None);
                values_of_items.push(values(list, path, item, scope)?);
                path.pop();
            }
            Ok(Value::Array(values_of_items))
        }
        Data::Dict(dict) => {
            let mut entries = Map::new();
            for (key, value) in dict {
                path.push(Some(key));
                entries.insert(key.clone(), values(list, path, value, scope)?);
                path.pop();
            }
            Ok(Value::Object(entries))
        }
        _ => rendered(yaml, scope),
    }
}

/// Whether dbt does not render a value here. `path` has its keys; an item of a list has `None`.
fn is_rendered_later(list: &str, path: &[Option<&str>]) -> bool {
    const LATER: [Option<&str>; 3] = [Some("tests"), Some("data_tests"), Some("description")];
    const PARTS: [Option<&str>; 5] =
        [Some("columns"), Some("dimensions"), Some("measures"), Some("entities"), Some("metrics")];
    let is_filter = |path: &[Option<&str>]| {
        path.last() == Some(&Some("filter"))
            || path.len() > 1 && path[path.len() - 2] == Some("filter")
    };
    match (list, path) {
        (_, []) => false,
        ("metrics", path) | ("models", path @ [Some("metrics"), ..]) if is_filter(path) => true,
        ("models", [Some("derived_semantics"), _, _, fourth, ..]) => LATER.contains(fourth),
        ("saved_queries", [Some("query_params"), Some("where"), ..]) => true,
        (_, [first, ..]) if LATER.contains(first) => true,
        (_, [_, second]) if LATER.contains(second) => true,
        (_, [first, _, third, ..]) => PARTS.contains(first) && LATER.contains(third),
        _ => false,
    }
}
