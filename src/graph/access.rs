//! Access to models. Takes a node or a resource and a model that it references; returns the error
//! if dbt rejects the reference. A private model can be referenced only in its group, and a
//! protected model of a package with `restrict-access: true` only in that package.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::config::{Kind, Materialization, Node};
use crate::diagnostics::Diagnostic;

/// The origin of a reference.
#[derive(Clone, Copy)]
pub(super) struct Referrer<'a> {
    pub unique_id: &'a str,
    pub package: &'a str,
    pub group: Option<&'a str>,
}

impl<'a> From<&'a Node> for Referrer<'a> {
    fn from(node: &'a Node) -> Referrer<'a> {
        Referrer { unique_id: &node.unique_id, package: &node.package, group: group(node) }
    }
}

/// The group of a node.
pub(super) fn group(node: &Node) -> Option<&str> {
    node.setting("group").and_then(Value::as_str)
}

fn access(node: &Node) -> &str {
    node.setting("access").and_then(Value::as_str).unwrap_or("protected")
}

/// The error that `from` cannot reference `model`. `restricted` has the packages with
/// `restrict-access: true`.
pub(super) fn access_error(
    from: Referrer,
    model: &Node,
    restricted: &BTreeSet<String>,
) -> Option<Diagnostic> {
    if model.kind != Kind::Model {
        return None;
    }
    let is_of_restricted_package =
        from.package != model.package && restricted.contains(&model.package);
    match access(model) {
        "private" if from.group.is_none() || from.group != group(model) => {
            let of_group = group(model).map_or_else(
                || "it has no group".to_string(),
                |group| format!("only nodes of group `{group}` can reference it"),
            );
            let error = Diagnostic::error(format!(
                "`{}` references `{}`, which is private",
                from.unique_id, model.unique_id
            ));
            Some(error.note(of_group).hint(
                "set `group` of the two to the same value, or `access` of the model to `protected`",
            ))
        }
        "private" | "protected" if is_of_restricted_package => {
            let error = Diagnostic::error(format!(
                "`{}` references `{}`, which is {}",
                from.unique_id,
                model.unique_id,
                access(model)
            ));
            let restriction = format!("package `{}` sets `restrict-access: true`", model.package);
            Some(error.note(restriction).hint("reference a model whose `access` is `public`"))
        }
        _ => None,
    }
}

/// The error for a public ephemeral model, which dbt rejects.
pub(super) fn public_ephemeral(node: &Node) -> Option<Diagnostic> {
    let is_ephemeral = matches!(node.materialization, Materialization::Ephemeral);
    if node.kind != Kind::Model || !is_ephemeral || access(node) != "public" {
        return None;
    }
    let error = Diagnostic::error(format!("`{}` is ephemeral and public", node.name));
    let at = node.config.get("access").map(|setting| setting.at.clone());
    Some(error.at_maybe(at).hint("set `access` to `protected`, or another `materialized`"))
}
