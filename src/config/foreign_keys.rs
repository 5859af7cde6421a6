//! Foreign keys of models: the nodes that `to` of a constraint references, which are inputs of the
//! model, as in dbt.

use serde_json::Value;

use crate::diagnostics::Diagnostic;
use crate::jinja::RefCall;
use crate::project::{Resource, ResourceKind};

use super::{Kind, Node, keys};

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
        if to.starts_with("ref") || to.starts_with("source") {
            calls.add_calls(to);
        }
        match (calls.refs.pop(), calls.sources.pop()) {
            (Some(call), None) => Ok(Some(ForeignKeyTarget::Ref(call))),
            (None, Some((source, table))) => Ok(Some(ForeignKeyTarget::Source(source, table))),
            _ => Err(to),
        }
    }
}

/// Rejects a foreign key of an enforced contract whose `to` is not a reference.
pub fn check(node: &Node) -> Result<(), Diagnostic> {
    if node.kind != Kind::Model || node.enforced_contract().is_none() {
        return Ok(());
    }
    match node.all_constraints().map(ForeignKeyTarget::of).find_map(Result::err) {
        None => Ok(()),
        Some(to) => Err(Diagnostic::error(format!(
            "a foreign key of `{}` references `{to}`, which is not a `ref()` or `source()`",
            node.name
        ))
        .at(node.location_of(keys::CONTRACT))
        .hint("for example `to: ref('customers')` with `to_columns: [id]`")),
    }
}
