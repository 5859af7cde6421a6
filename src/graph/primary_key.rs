//! The columns that dbt takes for the primary key of a model (`model.primary_key`). Takes the
//! linked nodes and their tests; adds the columns to each model.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::config::{Kind, Node};
use crate::project::GenericTest;

use super::Graph;

impl Graph {
    /// Adds the primary key of each model that has one, in order.
    pub(super) fn add_primary_keys(&mut self) {
        let mut tests: BTreeMap<String, Vec<(GenericTest, bool)>> = BTreeMap::new();
        let resources = &self.resources;
        let all = resources.by_id.values().chain(resources.unlinked.values());
        for resource in all.chain(&resources.disabled_tests) {
            if let Some(test) = &resource.generic_test
                && names_a_key(test)
                && let Some((id, _)) = self.tested(resource, test)
            {
                let test = (test.clone(), resource.is_enabled());
                tests.entry(id.to_string()).or_default().push(test);
            }
        }
        for node in self.nodes.values_mut().filter(|node| node.kind == Kind::Model) {
            let tests = tests.get(&node.unique_id).map(Vec::as_slice).unwrap_or_default();
            let key = declared(node).unwrap_or_else(|| tested(tests));
            if !key.is_empty() {
                node.attributes.insert("primary_key".to_string(), json!(key));
            }
        }
    }
}

fn names_a_key(test: &GenericTest) -> bool {
    matches!(&*test.name, "unique" | "unique_combination_of_columns" | "not_null")
}

/// The columns of a constraint: of the model's, else of the first column that has one.
fn declared(node: &Node) -> Option<BTreeSet<String>> {
    let is_key = |constraint: &&Value| constraint.get("type").is_some_and(|of| of == "primary_key");
    if let Some(constraint) = node.constraints.iter().find(is_key) {
        let columns = constraint.get("columns").and_then(Value::as_array);
        return Some(columns.into_iter().flatten().filter_map(as_text).collect());
    }
    let column = node.columns.iter().find(|column| column.constraints.iter().any(|of| is_key(&of)));
    column.map(|column| BTreeSet::from([column.name.clone()]))
}

/// The columns that tests say are unique and never null, else those that they say are unique.
/// Disabled tests count last.
fn tested(tests: &[(GenericTest, bool)]) -> BTreeSet<String> {
    let (mut unique, mut disabled, mut not_null) =
        (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (test, is_enabled) in tests {
        let columns = match (&*test.name, is_enabled) {
            ("not_null", _) => &mut not_null,
            (_, true) => &mut unique,
            (_, false) => &mut disabled,
        };
        match (test.kwargs.get("column_name"), test.kwargs.get("combination_of_columns")) {
            (Some(Value::String(name)), _) => _ = columns.insert(name.clone()),
            (_, Some(Value::Array(names))) => columns.extend(names.iter().filter_map(as_text)),
            _ => {}
        }
    }
    not_null.retain(|name| unique.contains(name) || disabled.contains(name));
    [not_null, unique, disabled].into_iter().find(|columns| !columns.is_empty()).unwrap_or_default()
}

fn as_text(value: &Value) -> Option<String> {
    value.as_str().map(String::from)
}
