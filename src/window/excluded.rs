//! Removes the windows of excluded ranges. Rejects a range that covers only a part of a window, and
//! ranges that leave no window.

use super::{BatchSettings, Bound};
use crate::calendar::{Window, display_instant};
use crate::diagnostics::Diagnostic;

pub(super) fn without_excluded(
    model: &BatchSettings,
    mut windows: Vec<Window>,
    excluded: &[(Bound, Bound)],
) -> Result<Vec<Window>, Diagnostic> {
    let tz = model.timezone;
    for (from, until) in excluded {
        let (start, end) = (from.at.at(tz), until.at.at(tz));
        let is_cut = |window: &&Window| {
            let overlaps = window.start < end && start < window.end;
            overlaps && (window.start < start || end < window.end)
        };
        if let Some(window) = windows.iter().find(is_cut) {
            let display = |at| display_instant(at, tz);
            return Err(Diagnostic::error(format!(
                "the excluded range {} until {} covers only a part of a batch of `{}`",
                from.text, until.text, model.model
            ))
            .note(format!("the batch is {} until {}", display(window.start), display(window.end)))
            .hint(format!("exclude whole batches, or the model: `exclude: [{}]`", model.model)));
        }
        windows.retain(|window| window.end <= start || end <= window.start);
    }
    if windows.is_empty() {
        return Err(Diagnostic::error(format!(
            "the excluded ranges leave no batch of `{}`",
            model.model
        ))
        .hint(format!("exclude the model: `exclude: [{}]`", model.model)));
    }
    Ok(windows)
}
