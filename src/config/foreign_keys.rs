//! Foreign keys of models with an enforced contract. Adds the nodes that `to` of a constraint
//! references to the model's inputs, as dbt does. Rejects another text than a reference.

use serde_json::Value;

use crate::diagnostics::Diagnostic;
use crate::jinja::RefCall;
use crate::project::{Resource, ResourceKind};

use super::{Broken, Kind, Node, Resolved, keys};

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

/// Adds the references of each model's foreign keys to its inputs.
pub fn link(resolved: &mut Resolved) {
    for mut node in std::mem::take(&mut resolved.nodes) {
        match add_references(&mut node) {
            Ok(()) => resolved.nodes.push(node),
            Err(error) => resolved.broken.push(Broken {
                unique_id: node.unique_id.clone(),
                name: node.name.clone(),
                errors: error.into(),
                node: Some(Box::new(node)),
            }),
        }
    }
}

fn add_references(node: &mut Node) -> Result<(), Diagnostic> {
    if node.kind != Kind::Model || node.enforced_contract().is_none() {
        return Ok(());
    }
    let of_columns = node.columns.iter().flat_map(|column| &column.constraints);
    let targets: Result<Vec<_>, &str> =
        node.constraints.iter().chain(of_columns).map(ForeignKeyTarget::of).collect();
    let targets = targets.map_err(|to| {
        Diagnostic::error(format!(
            "a foreign key of `{}` references `{to}`, which is not a `ref()` or `source()`",
            node.name
        ))
        .at(node.location_of(keys::CONTRACT))
        .hint("for example `to: ref('customers')` with `to_columns: [id]`")
    })?;
    for target in targets.into_iter().flatten() {
        match target {
            ForeignKeyTarget::Ref(call) if !node.refs.contains(&call) => node.refs.push(call),
            ForeignKeyTarget::Source(source, table)
                if !node.sources.contains(&(source.clone(), table.clone())) =>
            {
                node.sources.push((source, table));
            }
            _ => {}
        }
    }
    Ok(())
}
