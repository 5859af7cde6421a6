//! A range in windows. Takes a range of whole batches of the model; gives windows of one size that tile it.
//! Refuses more of them than `--max-batches`, before any is made.

use crate::calendar::{Grain, Window};
use crate::diagnostics::Diagnostic;

use super::{Calendar, Request};

/// The windows of `range`, oldest first. Where it begins or ends within a window of `batch_size`, that window is cut.
pub(super) fn tile(model: &Calendar, range: Window, batch_size: Grain, request: &Request) -> Result<Vec<Window>, Diagnostic> {
    let tz = model.timezone;
    let mut many = batch_size.count(range.start, range.end, tz);
    if usize::try_from(many).is_ok_and(|many| many <= request.max_batches) {
        let mut windows = Vec::new();
        let mut start = range.start;
        while start < range.end {
            let end = batch_size.next(start, tz).map_or(range.end, |end| end.min(range.end));
            windows.push(Window { start, end });
            start = end;
        }
        // The count is off by a few in a zone with odd jumps, the windows themselves are not.
        if windows.len() <= request.max_batches {
            return Ok(windows);
        }
        many = windows.len() as u64;
    }
    Err(too_many(model, many, range, batch_size, request))
}

fn too_many(model: &Calendar, many: u64, range: Window, batch_size: Grain, request: &Request) -> Diagnostic {
    let most = request.max_batches;
    let show = |at| crate::calendar::show(at, model.timezone);
    let coarser = Grain::ALL.into_iter().find(|grain| *grain > batch_size);
    let mut wrong = Diagnostic::error(format!(
        "`{}` has {} batches in this range, and {} are allowed",
        model.model,
        counted(many),
        counted(most as u64)
    ))
    .fact(format!("the range is {} until {}, in batches of one {batch_size}", show(range.start), show(range.end)))
    .hint(format!("narrow the range with `--event-time-start` and `--event-time-end`, or allow it with `--max-batches {many}`"));
    if let Some(coarser) = coarser {
        wrong = wrong.hint(format!("`--batch-size {coarser}` makes it {}", counted(coarser.count(range.start, range.end, model.timezone))));
    }
    wrong
}

/// A number that people can read: `87,672`.
fn counted(many: u64) -> String {
    let digits = many.to_string();
    let mut said = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            said.push(',');
        }
        said.push(digit);
    }
    said
}
