//! `--full-refresh`: whether a model is rebuilt, and which models are protected from it.

use super::Request;
use super::tables::table_of;
use crate::calendar::{Grain, Instant};
use crate::config::{Materialization, Microbatch, Node, keys};
use crate::diagnostics::{Diagnostic, Diagnostics};

/// Rejects an unbounded full refresh of protected models. The error lists all of them.
pub fn reject_protected(selected: &[&Node], request: &Request) -> Result<(), Diagnostics> {
    if !request.full_refresh {
        return Ok(());
    }
    let is_bounded = request.windows.bounds.is_some();
    let incremental: Vec<Diagnostic> =
        selected.iter().filter_map(|node| protected_incremental(node)).collect();
    let protected = selected.iter().filter_map(|node| match &node.microbatch()?.full_refresh {
        Some((false, at)) if !is_bounded => Some((node, at)),
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
            .hint(bounded_rebuild(node))
            .hint(format!("or exclude it: `--exclude {}`", node.name))
        })
        .chain(incremental)
        .collect();
    if errors.is_empty() { Ok(()) } else { Err(Diagnostics(errors)) }
}

/// The command that rebuilds a part of the model, from its `begin` on.
fn bounded_rebuild(node: &Node) -> String {
    let command = format!("--select {} --full-refresh", node.name);
    let Some((start, end)) = node.microbatch().and_then(first_month) else {
        return format!("rebuild a range: `{command} --event-time-start …`");
    };
    format!(
        "rebuild a range, without changing the other rows: `{command} --event-time-start {start} \
         --event-time-end {end}`"
    )
}

/// The bounds of the first month since `begin`, or of the first batch if it is longer.
fn first_month(settings: &Microbatch) -> Option<(String, String)> {
    let (size, zone) = (settings.batch_size, settings.timezone);
    let start = size.floor(settings.begin, zone);
    let size = size.max(Grain::Month);
    let end = size.next(size.floor(start, zone), zone)?;
    let text = |at: Instant| {
        let local = at.with_timezone(&zone).naive_local().to_string();
        local.trim_end_matches(" 00:00:00").replace(' ', "T")
    };
    Some((text(start), text(end)))
}

/// A protected incremental model without batches. It has no event time, so bounds do not limit its
/// rebuild.
fn protected_incremental(node: &Node) -> Option<Diagnostic> {
    let Materialization::Incremental(_) = &node.materialization else { return None };
    let is_protected = node.get(keys::FULL_REFRESH) == Some(false);
    let setting = node.set(keys::FULL_REFRESH).filter(|_| is_protected)?;
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

/// The effect of a full refresh or a staged backfill on the table, for the closing table.
pub fn effect(settings: &Microbatch, request: &Request) -> Option<&'static str> {
    if request.staged {
        Some("staged until `batchwright publish`")
    } else if rebuilds(settings, request) {
        Some("rebuilt in a new table, then swapped")
    } else {
        request.full_refresh.then_some("range rewritten, other rows unchanged")
    }
}

/// Whether all batches since `begin` are planned because no batch has finished yet. They are
/// written to the model's table, not to a shadow table.
pub fn is_first_run(node: &Node, request: &Request) -> bool {
    request.windows.bounds.is_none()
        && request.from_begin_except.as_ref().is_some_and(|known| !known.contains(&table_of(node)))
}
