//! `--full-refresh`: whether a model is rebuilt, and which models are protected from it.

use super::Request;
use crate::config::{Materialization, Microbatch, Node};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::dialect::{Dialect, short_hash};
use crate::jinja::Relation;

/// Rejects an unbounded full refresh of protected models. The error lists all of them.
pub fn reject_protected(selected: &[&Node], request: &Request) -> Result<(), Diagnostics> {
    if !request.full_refresh {
        return Ok(());
    }
    let bounded = request.windows.bounds.is_some();
    let incremental: Vec<Diagnostic> =
        selected.iter().filter_map(|node| protected_incremental(node)).collect();
    let protected = selected.iter().filter_map(|node| match &node.microbatch()?.full_refresh {
        Some((false, at)) if !bounded => Some((node, at)),
        _ => None,
    });
    let errors: Vec<Diagnostic> = protected
        .map(|(node, at)| {
            Diagnostic::error(format!(
                "`{}` is protected from a full refresh by `full_refresh: \
                false`",
                node.name
            ))
            .at(at.clone())
            .hint(format!(
                "rebuild a range, which keeps the rest: `--select {} --full-refresh \
                --event-time-start 2024-09-01 --event-time-end 2024-10-01`",
                node.name
            ))
            .hint(format!("or exclude it: `--exclude {}`", node.name))
        })
        .chain(incremental)
        .collect();
    if errors.is_empty() { Ok(()) } else { Err(Diagnostics(errors)) }
}

/// A protected incremental model without batches. It has no event time, so bounds do not limit its
/// rebuild.
fn protected_incremental(node: &Node) -> Option<Diagnostic> {
    let Materialization::Incremental(_) = &node.materialization else { return None };
    let setting = node
        .config
        .get("full_refresh")
        .filter(|setting| setting.value == serde_json::Value::Bool(false))?;
    let error = Diagnostic::error(format!(
        "`{}` is protected from a full refresh by `full_refresh: false`",
        node.name
    ));
    Some(error.at(setting.at.clone()).hint(format!("exclude it: `--exclude {}`", node.name)))
}

/// Whether the model is rebuilt from `begin` until now: by `--full-refresh` or its own
/// `full_refresh: true`, and without bounds.
pub fn rebuilds(settings: &Microbatch, request: &Request) -> bool {
    let requested = request.full_refresh || matches!(settings.full_refresh, Some((true, _)));
    requested && request.windows.bounds.is_none()
}

/// Whether all batches since `begin` are planned because no batch has finished yet. They are
/// written to the model's table, not to a shadow table.
pub fn is_first_run(node: &Node, request: &Request) -> bool {
    request.windows.bounds.is_none()
        && request.from_begin_except.as_ref().is_some_and(|known| !known.contains(&node.unique_id))
}

/// The shadow table that a full refresh fills and then swaps in. Its name contains a hash of the
/// query and the range, so that the remains of a different rebuild are never reused.
pub fn shadow_relation(
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
