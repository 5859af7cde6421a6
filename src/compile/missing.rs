//! `--missing`: the batches of a model between `begin` and now that are not finished, instead of
//! the newest ones. A batch is finished if it was written after its window was over, in or
//! after the last batch in which its `lookback` rewrites it. The newest batches are planned as in
//! every plan.

use super::microbatch::{MicrobatchModel, batch_settings};
use super::request::Missing;
use super::tables::table_of;
use crate::calendar::{Instant, Window};
use crate::config::Microbatch;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::plan::coverage::settled_after;
use crate::window::{self, Cover, WindowRequest};

/// The maximum number of batches between `begin` and now.
const MAX_WINDOWS: usize = 10_000_000;

/// The request for all windows of a model, from which the missing ones are selected.
pub(super) fn all_windows(request: &WindowRequest) -> WindowRequest {
    WindowRequest { max_batches: MAX_WINDOWS, ..request.clone() }
}

/// The windows of the model that are missing; none if it is complete. If a batch reads the rows of
/// earlier ones, all after the first missing one are planned.
pub(super) fn missing_windows(
    missing: &Missing,
    model: &MicrobatchModel,
) -> Result<Option<Cover>, Diagnostics> {
    let MicrobatchModel { context, node, settings, request, cover, .. } = model;
    let newest: Vec<Window> = match request.windows.bounds {
        Some(_) => Vec::new(),
        None => window::cover(&batch_settings(node, settings, false), &request.windows)?.windows,
    };
    let finished = &missing.finished;
    let table = table_of(node);
    let changed = context.changed.get(&node.unique_id);
    let is_missing = |(index, window): (usize, &Window)| {
        newest.iter().any(|new| new.start < window.end && window.start < new.end)
            || !finished.covers(&table, *window, settled_at(settings, *window))
            || changed.is_some_and(|changed| {
                changed.stale.contains(window)
                    || !finished.is_written_by(&table, *window, changed.statements[index])
            })
    };
    let mut windows: Vec<Window> = match model.query.reads_self {
        false => {
            let windows = cover.windows.iter().enumerate();
            windows.filter(|window| is_missing(*window)).map(|(_, window)| *window).collect()
        }
        true => {
            let first = cover.windows.iter().enumerate().position(is_missing);
            first.map(|first| cover.windows[first..].to_vec()).unwrap_or_default()
        }
    };
    windows.dedup();
    if windows.len() > request.windows.max_batches {
        return Err(Diagnostic::error(format!(
            "`{}` lacks {} batches; at most {} are allowed",
            node.name,
            windows.len(),
            request.windows.max_batches
        ))
        .hint(format!(
            "narrow the range with `--event-time-start` and `--event-time-end`, or raise the limit \
             with `--max-batches {}`",
            windows.len()
        ))
        .into());
    }
    Ok((!windows.is_empty()).then(|| Cover { windows, ..cover.clone() }))
}

fn settled_at(settings: &Microbatch, window: Window) -> Instant {
    settled_after(window, settings.lookback, settings.batch_size, settings.timezone)
}
