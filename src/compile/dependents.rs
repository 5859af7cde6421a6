//! The views that depend on a relation: on some engines they are lost, or may be, when the relation
//! is replaced. Takes the graph; gives the views in their order, and a warning for those that the
//! plan does not build again.

use std::collections::BTreeSet;

use super::Context;
use crate::config::{Materialization, Node};
use crate::diagnostics::Diagnostic;

/// The views that read the node, directly or through other views, parents before children. Empty
/// where the engine lets a relation be replaced beneath its readers.
pub(super) fn dependent_views<'a>(
    context: &'a Context,
    node: &Node,
) -> Result<Vec<&'a Node>, Diagnostic> {
    if context.dialect.property::<Option<String>>("readers")?.is_none() {
        return Ok(Vec::new());
    }
    let mut reached = BTreeSet::from([node.unique_id.as_str()]);
    let mut views = Vec::new();
    for id in &context.graph.order {
        let reads =
            context.graph.parents.get(id).is_some_and(|parents| {
                parents.iter().any(|parent| reached.contains(parent.as_str()))
            });
        let Some(view) = context.graph.nodes.get(id).filter(|_| reads) else { continue };
        match view.materialization {
            Materialization::View if is_bound(view) => views.push(view),
            Materialization::Ephemeral => {}
            _ => continue,
        }
        reached.insert(id.as_str());
    }
    Ok(views)
}

/// A view that is not bound to the relations it reads depends on none.
fn is_bound(view: &Node) -> bool {
    view.setting("bind") != Some(&serde_json::Value::Bool(false))
}

/// What a file's header says of them.
pub(super) fn line(context: &Context, views: &[&Node]) -> Result<Option<String>, Diagnostic> {
    let Some(fate) =
        context.dialect.property::<Option<String>>("readers")?.filter(|_| !views.is_empty())
    else {
        return Ok(None);
    };
    let names: Vec<String> = views.iter().map(|view| view.relation.to_string()).collect();
    Ok(Some(format!("{}: {fate}", names.join(", "))))
}

/// A warning for the views that the engine drops in any case, and that no step of the plan creates
/// again.
pub(super) fn lost(
    context: &Context,
    node: &Node,
    views: &[&Node],
) -> Result<Option<Diagnostic>, Diagnostic> {
    let lost: Vec<&str> = views
        .iter()
        .filter(|view| !context.folders.contains_key(&view.unique_id))
        .map(|view| view.name.as_str())
        .collect();
    if lost.is_empty() || !context.dialect.property::<bool>("drops_readers")? {
        return Ok(None);
    }
    let message = format!(
        "replacing `{}` drops views that this plan does not create again: `{}`",
        node.name,
        lost.join("`, `")
    );
    let warning = Diagnostic::warning(message).at(node.file.line(1));
    Ok(Some(warning.hint(format!("select them too: `--select {}+`", node.name))))
}
