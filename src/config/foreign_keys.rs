//! Foreign keys of models: the nodes that `to` of a constraint references, which are inputs of the
//! model, as in dbt.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use crate::jinja::RefCall;
use crate::project::{Resource, ResourceKind};

/// The only text that dbt accepts as `to`: one call with literals.
static SINGLE_CALL: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = concat!(
        r#"^(ref|source)\s*\(\s*('[^']+'|"[^"]+")(\s*,\s*('[^']+'|"[^"]+"))?"#,
        r#"(\s*,\s*(v|version)\s*=\s*('[^']+'|"[^"]+"|[0-9.]+))?\s*\)$"#,
    );
    Regex::new(pattern).expect("the pattern is well formed")
});

/// The node that `to` of a constraint references.
pub enum ForeignKeyTarget {
    Ref(RefCall),
    /// The names of the source and of its table.
    Source(String, String),
}

impl ForeignKeyTarget {
    /// The target of a constraint. None if it is no foreign key, or has no `to`. The error is the
    /// text of a `to` that is not a reference.
    pub fn of(constraint: &Value) -> Result<Option<ForeignKeyTarget>, &str> {
        let text = |key: &str| constraint.get(key).and_then(Value::as_str).unwrap_or_default();
        let to = text("to").trim();
        if text("type") != "foreign_key" || to.is_empty() {
            return Ok(None);
        }
        let mut calls = Resource::new(ResourceKind::Test, String::new());
        if SINGLE_CALL.is_match(to) {
            calls.add_calls(to);
        }
        match (calls.refs.pop(), calls.sources.pop()) {
            (Some(call), None) => Ok(Some(ForeignKeyTarget::Ref(call))),
            (None, Some((source, table))) => Ok(Some(ForeignKeyTarget::Source(source, table))),
            _ => Err(to),
        }
    }
}
