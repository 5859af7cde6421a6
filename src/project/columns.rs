//! The columns of a properties file. Takes the entries of `columns:`; returns each column with its
//! type and constraints, and the attributes that dbt shows to Jinja (`model.columns`,
//! `graph.nodes[…].columns`), where macros look for `meta` and `tags`.

use serde_json::{Map, Value, json};

use crate::diagnostics::Diagnostic;
use crate::jinja::python_text;
use crate::yaml::Yaml;

use super::entries::Entries;
use super::resource::items;
use super::values::{list, rendered, truth};

/// A properties file's entry for a column.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ColumnPatch {
    pub name: String,
    pub data_type: Option<String>,
    pub quote: Option<bool>,
    pub description: String,
    /// As in YAML: dicts with `type`, `expression`, `name`.
    pub constraints: Vec<Value>,
    /// What its tests and constraints say about repeated values.
    pub uniqueness: Uniqueness,
    /// dbt's keys of the column except name and description, and the user's further keys.
    pub attributes: Map<String, Value>,
}

/// What tests and constraints say about the values of a column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Uniqueness {
    #[default]
    Unknown,
    /// Rows that the `where` of a test leaves out may repeat a value.
    PartOfRows,
    /// Only null may be repeated: dbt's test `unique` and the constraint of that name allow it.
    ExceptNulls,
    /// Each row has another value.
    Full,
}

impl ColumnPatch {
    /// A column without an entry in a properties file; Jinja does not show it.
    pub fn named(name: String) -> ColumnPatch {
        ColumnPatch { name, ..ColumnPatch::default() }
    }
}

impl Entries<'_> {
    pub fn columns(&mut self, of: &Yaml) -> Vec<ColumnPatch> {
        let columns =
            self.list(of, "columns").iter().filter(|column| column.get("include").is_none());
        let columns: Vec<&Yaml> = columns.collect();
        let named =
            columns.into_iter().filter_map(|column| Some((self.name(column, "name")?, column)));
        let named: Vec<(String, &Yaml)> = named.collect();
        let read = named.into_iter().map(|(name, column)| {
            let keys = self.column_keys(column);
            let constraints = keys.get("constraints").map(list).unwrap_or_default();
            for (constraint, at) in constraints.iter().zip(items(column, "constraints")) {
                if let Err(error) = constraint_type(constraint) {
                    self.report(error.at(at.at.clone()));
                }
            }
            ColumnPatch {
                name,
                data_type: self.text(column, "data_type"),
                quote: column.get("quote").and_then(|quote| truth(&quote.json())),
                description: self.description(column).unwrap_or_default(),
                uniqueness: uniqueness(column, &constraints),
                constraints,
                attributes: attributes(&keys),
            }
        });
        read.collect()
    }

    /// The constraints of a model or of a version.
    pub fn constraints(&mut self, of: &Yaml) -> Vec<Value> {
        let mut constraints = Vec::new();
        for constraint in items(of, "constraints") {
            match rendered(constraint, self.scope) {
                Ok(constraint) => constraints.push(constraint),
                Err(error) => self.report(error),
            }
        }
        constraints
    }

    /// The keys of a column; the Jinja of tests and descriptions is not rendered.
    fn column_keys(&mut self, column: &Yaml) -> Map<String, Value> {
        const NOT_RENDERED: [&str; 4] = ["name", "description", "tests", "data_tests"];
        let keys = column
            .dict()
            .into_iter()
            .flatten()
            .filter(|(key, _)| !NOT_RENDERED.contains(&key.as_str()));
        let mut values = Map::new();
        for (key, value) in keys {
            match rendered(value, self.scope) {
                Ok(value) => _ = values.insert(key.clone(), value),
                Err(error) => self.report(error),
            }
        }
        values
    }
}

/// The keys of a column in dbt's form: `meta` and `tags` of the entry are merged with those under
/// `config`.
fn attributes(keys: &Map<String, Value>) -> Map<String, Value> {
    let under = |key: &str| keys.get("config").and_then(|config| config.get(key));
    let mut meta = keys.get("meta").and_then(Value::as_object).cloned().unwrap_or_default();
    meta.extend(under("meta").and_then(Value::as_object).cloned().unwrap_or_default());
    let mut tags: Vec<Value> = Vec::new();
    for tag in [keys.get("tags"), under("tags")].into_iter().flatten().flat_map(list) {
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    let value = |key: &str| keys.get(key).cloned().unwrap_or_default();
    let mut attributes = Map::new();
    let dbt_keys = [
        ("meta", json!(meta)),
        ("data_type", value("data_type")),
        (
            "constraints",
            keys.get("constraints").map(list).unwrap_or_default().iter().map(constraint).collect(),
        ),
        ("quote", value("quote")),
        ("config", json!({"meta": meta, "tags": tags})),
        ("tags", json!(tags)),
        ("granularity", value("granularity")),
        ("dimension", value("dimension")),
        ("entity", value("entity")),
        ("doc_blocks", json!([])),
    ];
    attributes.extend(dbt_keys.map(|(key, value)| (key.to_string(), value)));
    for (key, value) in keys {
        attributes.entry(key.clone()).or_insert_with(|| value.clone());
    }
    attributes
}

/// A constraint with every key that dbt has.
pub fn constraint(keys: &Value) -> Value {
    let mut all = json!({
        "type": null, "name": null, "expression": null, "warn_unenforced": true,
        "warn_unsupported": true, "to": null, "to_columns": [],
    });
    if let (Value::Object(all), Value::Object(keys)) = (&mut all, keys) {
        all.extend(keys.clone());
    }
    all
}

/// The types of constraints in dbt.
const CONSTRAINT_TYPES: [&str; 6] =
    ["check", "not_null", "unique", "primary_key", "foreign_key", "custom"];

/// Rejects a constraint without a type, or of another type than dbt's.
pub fn constraint_type(constraint: &Value) -> Result<(), Diagnostic> {
    let error = match constraint.get("type") {
        Some(Value::String(known)) if CONSTRAINT_TYPES.contains(&&**known) => return Ok(()),
        Some(Value::Null) | None => Diagnostic::error("a constraint has no `type`"),
        Some(other) => {
            Diagnostic::error(format!("invalid type `{}` of a constraint", python_text(other)))
        }
    };
    let known: Vec<String> = CONSTRAINT_TYPES.map(|known| format!("`{known}`")).to_vec();
    Err(error.hint(format!("the types are {}", known.join(", "))))
}

fn uniqueness(column: &Yaml, constraints: &[Value]) -> Uniqueness {
    let tests: Vec<Value> = ["data_tests", "tests"]
        .into_iter()
        .filter_map(|key| column.get(key))
        .flat_map(Yaml::items)
        .map(Yaml::json)
        .collect();
    let is_constraint =
        |name: &str| constraints.iter().any(|of| of.get("type").is_some_and(|of| of == name));
    // Whether each test of a name is of all rows.
    let test = |name: &str| -> Vec<bool> {
        let is_of_all = |test: &Value| match test {
            Value::Object(keys) => {
                let test = keys.get(name)?;
                let filter = |of: &Value| of.get("where").is_some();
                Some(!filter(test) && !test.get("config").is_some_and(filter))
            }
            test => (test == name).then_some(true),
        };
        tests.iter().filter_map(is_of_all).collect()
    };
    let unique_tests = test("unique");
    let is_present = is_constraint("not_null") || test("not_null").contains(&true);
    let is_unique = is_constraint("unique") || unique_tests.contains(&true);
    if is_constraint("primary_key") || is_unique && is_present {
        Uniqueness::Full
    } else if is_unique {
        Uniqueness::ExceptNulls
    } else if !unique_tests.is_empty() {
        Uniqueness::PartOfRows
    } else {
        Uniqueness::Unknown
    }
}
