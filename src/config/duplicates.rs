//! Nodes that have the same name or the same relation.

use std::collections::BTreeMap;

use crate::diagnostics::Diagnostic;

use super::node_json::resource_type;
use super::{Kind, Node};

/// Nodes with the same name, which `ref()` or `source()` cannot distinguish, and nodes with the
/// same relation. dbt only warns about two kinds with one name, unless its flag
/// `require_unique_project_resource_names` is set.
pub fn duplicates(nodes: &[Node], unique_names: bool) -> Vec<Diagnostic> {
    let mut names: BTreeMap<(&str, Option<&str>, &str), Vec<&Node>> = BTreeMap::new();
    let mut tables: BTreeMap<[Option<&str>; 3], &Node> = BTreeMap::new();
    let mut duplicates = Vec::new();
    for node in nodes {
        let same_name =
            names.entry((&node.package, node.source_name.as_deref(), &node.name)).or_default();
        let same = |other: &&&Node| other.kind == node.kind && other.version == node.version;
        if let Some(first) = same_name.iter().find(same) {
            duplicates.push(same_name_error(first, node, true));
            continue;
        }
        let first =
            same_name.iter().find(|other| other.version.is_none() || node.version.is_none());
        duplicates.extend(first.map(|first| {
            same_name_error(first, node, unique_names || first.version != node.version)
        }));
        same_name.push(node);
        if node.kind != Kind::Source {
            duplicates.extend(
                tables.insert(parts(node), node).map(|first| same_relation_error(first, node)),
            );
        }
    }
    duplicates
}

fn same_name_error(first: &Node, node: &Node, is_error: bool) -> Diagnostic {
    let what = match (first.kind, node.kind) {
        (Kind::Source, _) => format!(
            "two source tables are called `{}.{}`",
            node.source_name.as_deref().unwrap_or_default(),
            node.name
        ),
        (Kind::Model, Kind::Model) if first.version != node.version => {
            format!("a model with versions and one without are called `{}`", node.name)
        }
        (Kind::Model, Kind::Model) => format!("two models are called `{}`", node.name),
        (one, other) if one == other => {
            format!("two {}s are called `{}`", resource_type(one), node.name)
        }
        (one, other) => format!(
            "a {} and a {} are called `{}`",
            resource_type(one),
            resource_type(other),
            node.name
        ),
    };
    let message = format!("{what}: `{}` and `{}`", first.file.path, node.file.path);
    let at = if node.kind == Kind::Source {
        node.file.find(&format!("name: {}", node.name))
    } else {
        node.file.line(1)
    };
    if is_error {
        return Diagnostic::error(message)
            .at(at)
            .hint("rename one of the two, or set `enabled: false` for it");
    }
    let last =
        if first.kind.parse_order() > node.kind.parse_order() { first.kind } else { node.kind };
    Diagnostic::warning(message)
        .at(at)
        .note(format!("`ref('{}')` resolves to the {}, as in dbt", node.name, resource_type(last)))
        .hint("rename one of the two")
}

fn parts(node: &Node) -> [Option<&str>; 3] {
    [
        node.relation.database.as_deref(),
        node.relation.schema.as_deref(),
        Some(&node.relation.identifier),
    ]
}

/// The error for two nodes with the same relation.
fn same_relation_error(first: &Node, second: &Node) -> Diagnostic {
    let name: Vec<&str> = parts(second).into_iter().flatten().collect();
    let message = format!(
        "`{}` and `{}` have the same relation: `{}`",
        first.unique_id,
        second.unique_id,
        name.join(".")
    );
    let at = second
        .config
        .get("alias")
        .or(second.config.get("schema"))
        .map_or_else(|| second.file.line(1), |set| set.at.clone());
    Diagnostic::error(message).at(at).hint("set another `alias` or `schema` for one of the two")
}
