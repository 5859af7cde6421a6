//! Database, schema and alias of tests and analyses, which have no relation in a plan, but names in
//! dbt's `graph`. Takes the JSON of one; sets the names as dbt does, by the same macros as those of
//! nodes.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::diagnostics::Diagnostic;
use crate::jinja::{Jinja, Relation, RelationStyle, lazy};

use super::layers::text;
use super::relation::{NameMacros, PARTS};

/// The naming of the tests and analyses of a project.
pub struct ResourceNames<'a> {
    jinja: &'a Jinja,
    /// The name of the root project.
    root: &'a str,
    style: &'a RelationStyle,
    /// The macros by package.
    macros: BTreeMap<String, NameMacros<'a>>,
}

impl<'a> ResourceNames<'a> {
    /// The naming in the project `root`, for an engine whose relations have this style.
    pub fn new(jinja: &'a Jinja, root: &'a str, style: &'a RelationStyle) -> ResourceNames<'a> {
        ResourceNames { jinja, root, style, macros: BTreeMap::new() }
    }

    /// Sets database, schema and alias in the JSON of a test or an analysis, which has the target's
    /// database and schema and its own name; and the name of the table of a test that stores its
    /// failures. Returns the error of a macro.
    pub fn set(
        &mut self,
        unique_id: &str,
        json: &mut Map<String, Value>,
    ) -> Result<(), Diagnostic> {
        let package = json.get("package_name").map(text).unwrap_or_default();
        let of_package = || NameMacros::of(self.jinja, self.root, &package);
        let macros = self.macros.entry(package.clone()).or_insert_with(of_package);
        for (nth, part) in PARTS.into_iter().enumerate() {
            let custom = json.get("config").and_then(|config| config.get(part));
            let custom = custom.filter(|name| !name.is_null()).map(text);
            let model = lazy({
                let json = json.clone();
                move || parsed(json)
            });
            let name = match macros.name(nth, custom.as_deref(), unique_id, model)? {
                Some(name) => Some(name),
                None => custom.map(|custom| match part {
                    "schema" => {
                        format!("{}_{}", json["schema"].as_str().unwrap_or_default(), custom.trim())
                    }
                    _ => custom.trim().to_string(),
                }),
            };
            if let Some(name) = name {
                let is_missing = part == "database" && (name.is_empty() || name == "None");
                json.insert(part.into(), if is_missing { Value::Null } else { name.into() });
            }
        }
        let stores_failures = json["config"].get("store_failures") == Some(&Value::Bool(true));
        if stores_failures {
            let part = |key: &str| json[key].as_str().map(String::from);
            let relation = Relation {
                database: part("database"),
                schema: part("schema"),
                identifier: part("alias").unwrap_or_default(),
                style: self.style.clone(),
            };
            json.insert("relation_name".into(), relation.to_string().into());
        }
        Ok(())
    }
}

/// The JSON as it is when dbt names the node: without what dbt links later.
fn parsed(mut json: Map<String, Value>) -> Value {
    json["depends_on"]["nodes"] = Value::Array(Vec::new());
    for key in ["attached_node", "group"] {
        if let Some(value) = json.get_mut(key) {
            *value = Value::Null;
        }
    }
    Value::Object(json)
}
