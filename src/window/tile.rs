//! A range in windows. Takes a range of whole batches of the model; gives windows of one size that tile it, with their names.
//! Refuses more of them than `--max-batches`, before any is made.

use crate::calendar::{Grain, Window};
use crate::diagnostics::Diagnostic;

use super::{Calendar, Request, Span};

/// The windows of `range`, oldest first. Where it begins or ends within a window of `batch_size`, that window is cut.
pub(super) fn tile(model: &Calendar, range: Window, batch_size: Grain, request: &Request) -> Result<Vec<Span>, Diagnostic> {
    let tz = model.timezone;
    let mut many = batch_size.count(range.start, range.end, tz);
    if usize::try_from(many).is_ok_and(|many| many <= request.max_batches) {
        let mut spans = Vec::new();
        let mut start = range.start;
        while start < range.end {
            let end = batch_size.next(start, tz).map_or(range.end, |end| end.min(range.end));
            spans.push(span(model, Window { start, end }, batch_size, request));
            start = end;
        }
        // The count is off by a few in a zone with odd jumps, the windows themselves are not.
        if spans.len() <= request.max_batches {
            return Ok(spans);
        }
        many = spans.len() as u64;
    }
    Err(too_many(model, many, range, batch_size, request))
}

fn span(model: &Calendar, window: Window, batch_size: Grain, request: &Request) -> Span {
    let tz = model.timezone;
    let Window { start, end } = window;
    let whole = |grain: Grain| grain.floor(start, tz) == start && grain.next(start, tz) == Some(end);
    let own = model.batch_size;
    let name = |named: fn(Grain, _, _) -> String| {
        if whole(batch_size) {
            named(batch_size, start, tz)
        } else if whole(own) {
            named(own, start, tz)
        } else {
            format!("{}_{}", named(own, start, tz), named(own, end, tz))
        }
    };
    Span { window, label: name(Grain::label), id: name(Grain::id), chunk: request.chunk.map(|chunk| chunk.label(start, tz)) }
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
