//! Refresh and protection: what `--full-refresh` means for a model, and which models refuse it.

use super::Request;
use crate::config::{Materialization, Microbatch, Node};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::dialect::{Dialect, short_hash};
use crate::jinja::Relation;

/// Refuses an unbounded full refresh of protected models, all of them named, before anything is
/// written.
pub fn protect(selected: &[&Node], request: &Request) -> Result<(), Diagnostics> {
    if !request.full_refresh {
        return Ok(());
    }
    let bounded = request.windows.bounds.is_some();
    let plain: Vec<Diagnostic> = selected.iter().filter_map(|node| protects_itself(node)).collect();
    let protected = selected.iter().filter_map(|node| match &node.microbatch()?.full_refresh {
        Some((false, at)) if !bounded => Some((node, at)),
        _ => None,
    });
    let refused: Vec<Diagnostic> = protected
        .map(|(node, at)| {
            Diagnostic::error(format!(
                "`{}` is protected from a full refresh by `full_refresh: \
                false`",
                node.name
            ))
            .at(at.clone())
            .hint(format!(
                "rebuild a span of it, which keeps the rest: `--select {} --full-refresh \
                     --event-time-start 2024-09-01 --event-time-end 2024-10-01`",
                node.name
            ))
            .hint(format!("or leave it out with `--exclude {}`", node.name))
        })
        .chain(plain)
        .collect();
    if refused.is_empty() { Ok(()) } else { Err(Diagnostics(refused)) }
}

/// An incremental model without batches has no bounds that its rebuilding could keep to.
fn protects_itself(node: &Node) -> Option<Diagnostic> {
    let Materialization::Incremental(_) = &node.materialization else { return None };
    let setting = node
        .config
        .get("full_refresh")
        .filter(|setting| setting.value == serde_json::Value::Bool(false))?;
    let error = Diagnostic::error(format!(
        "`{}` is protected from a full refresh by `full_refresh: false`",
        node.name
    ));
    Some(error.at(setting.at.clone()).hint(format!("leave it out with `--exclude {}`", node.name)))
}

/// Whether the model is rebuilt from `begin` until now: asked for on the command line or by the
/// model, and not bounded.
pub fn rebuilds(settings: &Microbatch, request: &Request) -> bool {
    let asked = request.full_refresh || matches!(settings.full_refresh, Some((true, _)));
    asked && request.windows.bounds.is_none()
}

/// Whether all batches since `begin` are planned because no finished one is known: into the table
/// itself, not next to it.
pub fn is_first_run(node: &Node, request: &Request) -> bool {
    request.windows.bounds.is_none()
        && request.from_begin_except.as_ref().is_some_and(|known| !known.contains(&node.unique_id))
}

/// The table that a full refresh fills beside the model's own. Its name tells one rebuild from
/// another, so that what a different one left behind is never taken for a part of this.
pub fn beside(
    dialect: &Dialect,
    node: &Node,
    query: &str,
    windows: (&str, &str),
) -> Result<Relation, Diagnostic> {
    let hash = &short_hash(&format!("{query}\0{}\0{}", windows.0, windows.1))[..8];
    let identifier =
        dialect.limited_name(&node.relation.identifier, &format!("refresh_{hash}"), 0)?;
    Ok(Relation { identifier, ..node.relation.clone() })
}
