//! The range of a request in whole batches of the model. Returns the range, with notes if it was
//! widened or cut to batch boundaries. Rejects a range without a batch.

use crate::calendar::{Grain, Instant, Window, display_instant};
use crate::diagnostics::{Diagnostic, Level};

use super::bounds::inverted_range;
use super::{BatchSettings, Bound, WindowRequest};

/// The maximum lookback that does not reach `begin`, in batches. It is computed batch by batch,
/// since local clocks jump.
const MAX_LOOKBACK: u32 = 100_000;

/// The range to tile with windows of `batch_size`.
pub(super) fn range(
    model: &BatchSettings,
    request: &WindowRequest,
    batch_size: Grain,
) -> Result<(Window, Vec<Diagnostic>), Diagnostic> {
    let begin = model.batch_size.floor(model.begin, model.timezone);
    if model.begin > request.now {
        return Err(Diagnostic::error(format!(
            "`begin` of `{}` is in the future: {}",
            model.model,
            display(model, model.begin)
        ))
        .note(format!("the current time is {}", display(model, request.now)))
        .hint("set `begin` to the time of the earliest row"));
    }
    let (mut range, notes) = match &request.bounds {
        Some((start, end)) => bounded(model, request, begin, start, end)?,
        None => (unbounded(model, request, begin)?, Vec::new()),
    };
    if request.complete_only {
        // The smaller size determines the start of the open window, since only whole windows are
        // written.
        let open = batch_size.min(model.batch_size).floor(request.now, model.timezone);
        range.end = range.end.min(open);
    }
    if range.start >= range.end {
        return Err(Diagnostic::error(format!("no batch of `{}` is complete", model.model))
            .note(format!(
                "the range begins at {}; the current time is {}",
                display(model, range.start),
                display(model, request.now)
            ))
            .hint("to plan the open batch, omit `--complete-only`"));
    }
    Ok((range, notes))
}

/// The newest batch and `lookback` batches before it, or all batches since `begin`. The newest
/// batch is the one that contains the current time; at a boundary, the one that ends there, since
/// the next one has no rows yet.
fn unbounded(
    model: &BatchSettings,
    request: &WindowRequest,
    begin: Instant,
) -> Result<Window, Diagnostic> {
    let (grain, tz) = (model.batch_size, model.timezone);
    let end = grain.ceiling(request.now, tz).ok_or_else(|| calendar_ends(model))?;
    if end <= begin {
        return Err(Diagnostic::error(format!("no batch of `{}` has begun yet", model.model))
            .note(format!("the model begins at {}, the current time", display(model, begin)))
            .hint("plan it later, or set an earlier `begin` in the model"));
    }
    let mut start = if model.from_begin { begin } else { grain.previous(end, tz).unwrap_or(begin) };
    // If the lookback reaches `begin`, its batches are not computed: they may be a century of
    // hours. The margin allows for irregular clocks.
    if grain.count(begin, start, tz) + 8 < u64::from(model.lookback) {
        start = begin;
    } else if model.lookback > MAX_LOOKBACK {
        let message = format!(
            "`lookback` of `{}` is too large: {} batches of one {grain}",
            model.model, model.lookback
        );
        return Err(Diagnostic::error(message)
            .hint(format!("set `lookback` to at most {MAX_LOOKBACK}, or give bounds")));
    }
    for _ in 0..model.lookback {
        match grain.previous(start, tz) {
            Some(earlier) if start > begin => start = earlier,
            _ => break,
        }
    }
    Ok(Window { start: start.max(begin), end })
}

fn bounded(
    model: &BatchSettings,
    request: &WindowRequest,
    begin: Instant,
    start: &Bound,
    end: &Bound,
) -> Result<(Window, Vec<Diagnostic>), Diagnostic> {
    let (grain, tz) = (model.batch_size, model.timezone);
    let (from, to) = (start.at.at(tz), end.at.at(tz));
    if from >= to {
        return Err(inverted_range(start, end));
    }
    if to <= begin {
        return Err(Diagnostic::error(format!(
            "`{}` has no batch between {} and {}",
            model.model, start.text, end.text
        ))
        .note(format!("the model begins at {}", display(model, model.begin)))
        .hint("give later bounds, or set an earlier `begin` in the model"));
    }
    let mut notes = Vec::new();
    let mut range = Window {
        start: grain.floor(from, tz),
        end: grain.ceiling(to, tz).ok_or_else(|| calendar_ends(model))?,
    };
    // The part before `begin` is cut below, so it need not be aligned.
    let widened = (range.start != from && from > begin) || range.end != to;
    range.start = range.start.max(begin);
    if widened {
        let (name, shown) = (
            model.model,
            format!("{} until {}", display(model, range.start), display(model, range.end)),
        );
        let misaligned = format!(
            "bounds {} and {} do not align with the batches of `{name}`, one {grain} each",
            start.text, end.text
        );
        if request.strict {
            return Err(Diagnostic::error(misaligned)
                .hint(format!("give {shown}; without `--strict` the bounds are widened")));
        }
        notes.push(Diagnostic::new(Level::Note, format!("{misaligned}: widened to {shown}")));
    }
    if from < begin {
        let (name, begins) = (model.model, display(model, begin));
        notes.push(Diagnostic::new(
            Level::Note,
            format!(
                "`{name}` begins at {begins}: the range before it, from {}, is not planned",
                start.text
            ),
        ));
    }
    Ok((range, notes))
}

pub(super) fn calendar_ends(model: &BatchSettings) -> Diagnostic {
    Diagnostic::error(format!("the last batch of `{}` ends after the year 9999", model.model))
        .hint("give earlier bounds")
}

fn display(model: &BatchSettings, at: Instant) -> String {
    display_instant(at, model.timezone)
}
