//! Splits a range into windows. Takes a range of whole batches of the model; returns windows of one
//! size that tile it. Rejects more windows than `--max-batches` before it allocates them.

use crate::calendar::{Grain, Window};
use crate::diagnostics::Diagnostic;

use super::{BatchSettings, WindowRequest};

/// The windows of `range`, oldest first. The first and the last window are cut to the range.
pub(super) fn tile(
    model: &BatchSettings,
    range: Window,
    batch_size: Grain,
    request: &WindowRequest,
) -> Result<Vec<Window>, Diagnostic> {
    let tz = model.timezone;
    let mut count = batch_size.count(range.start, range.end, tz);
    if usize::try_from(count).is_ok_and(|count| count <= request.max_batches) {
        let mut windows = Vec::new();
        let mut start = range.start;
        while start < range.end {
            let end = batch_size.next(start, tz).map_or(range.end, |end| end.min(range.end));
            windows.push(Window { start, end });
            start = end;
        }
        // In a zone with irregular jumps the count is an estimate; the windows are exact.
        if windows.len() <= request.max_batches {
            return Ok(windows);
        }
        count = windows.len() as u64;
    }
    Err(too_many(model, count, range, batch_size, request))
}

fn too_many(
    model: &BatchSettings,
    count: u64,
    range: Window,
    batch_size: Grain,
    request: &WindowRequest,
) -> Diagnostic {
    let max = request.max_batches;
    let display = |at| crate::calendar::display_instant(at, model.timezone);
    let coarser = Grain::ALL.into_iter().find(|grain| *grain > batch_size);
    let mut error = Diagnostic::error(format!(
        "`{}` has {} batches in this range; at most {} are allowed",
        model.model,
        with_separators(count),
        with_separators(max as u64)
    ))
    .note(format!(
        "the range is {} until {}, in batches of one \
        {batch_size}",
        display(range.start),
        display(range.end)
    ))
    .hint(format!(
        "narrow the range with `--event-time-start` and `--event-time-end`, or raise \
        the limit with `--max-batches {count}`"
    ));
    if let Some(coarser) = coarser {
        error = error.hint(format!(
            "with `--batch-size {coarser}` there are {}",
            with_separators(coarser.count(range.start, range.end, model.timezone))
        ));
    }
    error
}

/// Formats a number with thousands separators: `87,672`.
fn with_separators(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
