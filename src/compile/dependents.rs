//! The views that depend on a relation. Some engines drop them, or may drop them, when the relation
//! is replaced. Lists them in the order of the graph, and warns about those that the plan does not
//! build again.

use std::collections::BTreeSet;

use super::Context;
use crate::config::{Materialization, Node, keys};
use crate::diagnostics::Diagnostic;

/// The views that read the node, directly or through other views, parents before children. Empty if
/// the engine keeps views when a relation is replaced.
pub(super) fn dependent_views<'a>(context: &'a Context, node: &Node) -> Vec<&'a Node> {
    if context.dialect.builds.readers.is_none() {
        return Vec::new();
    }
    let mut visited = BTreeSet::from([node.unique_id.as_str()]);
    let mut views = Vec::new();
    for id in &context.graph.order {
        let reads =
            context.graph.parents.get(id).is_some_and(|parents| {
                parents.iter().any(|parent| visited.contains(parent.as_str()))
            });
        let Some(view) = context.graph.nodes.get(id).filter(|_| reads) else { continue };
        match view.materialization {
            Materialization::View if is_bound(view) => views.push(view),
            Materialization::Ephemeral => {}
            _ => continue,
        }
        visited.insert(id.as_str());
    }
    views
}

/// A view that is not bound to the relations it reads (`bind: false`) does not depend on them.
fn is_bound(view: &Node) -> bool {
    view.get(keys::BIND) != Some(false)
}

/// The line about these views in the header of a file.
pub(super) fn header_line(context: &Context, views: &[&Node]) -> Option<String> {
    let effect = context.dialect.builds.readers.as_ref().filter(|_| !views.is_empty())?;
    let names: Vec<String> = views.iter().map(|view| view.relation.to_string()).collect();
    Some(format!("{}: {effect}", names.join(", ")))
}

/// A warning about the views that the engine always drops and that no step of the plan creates
/// again.
pub(super) fn dropped_views_warning(
    context: &Context,
    node: &Node,
    views: &[&Node],
) -> Option<Diagnostic> {
    let dropped_views_warning: Vec<&str> = views
        .iter()
        .filter(|view| !context.folders.contains_key(&view.unique_id))
        .map(|view| view.name.as_str())
        .collect();
    if dropped_views_warning.is_empty() || !context.dialect.builds.drops_readers {
        return None;
    }
    let message = format!(
        "replacing `{}` drops views that this plan does not create again: `{}`",
        node.name,
        dropped_views_warning.join("`, `")
    );
    let warning = Diagnostic::warning(message).at(node.file.line(1));
    Some(warning.hint(format!("select them too: `--select {}+`", node.name)))
}
