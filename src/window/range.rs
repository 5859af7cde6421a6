//! From when until when. Takes a model and the request; gives one window of whole batches of the model, and notes what was
//! widened or cut to make it so. Refuses a range in which there is nothing to do.

use crate::calendar::{Grain, Instant, Window, show};
use crate::diagnostics::Diagnostic;

use super::bounds::inverted_range;
use super::{Bound, Calendar, Request};

/// No lookback is longer, unless it reaches behind `begin`: it is walked through batch by batch, since clocks jump.
const FURTHEST: u32 = 100_000;

/// The range to tile with windows of `batch_size`.
pub(super) fn find(model: &Calendar, request: &Request, batch_size: Grain) -> Result<(Window, Vec<Diagnostic>), Diagnostic> {
    let begin = model.batch_size.floor(model.begin, model.timezone);
    if model.begin > request.now {
        return Err(Diagnostic::error(format!("`{}` begins at {}, and that is in the future", model.model, said(model, model.begin)))
            .fact(format!("now is {}", said(model, request.now)))
            .hint("set `begin` to the time of the earliest row"));
    }
    let (mut range, notes) = match &request.bounds {
        Some((start, end)) => bounded(model, request, begin, start, end)?,
        None => (unbounded(model, request, begin)?, Vec::new()),
    };
    if request.complete_only {
        // The window that is still open is one of those written, so the smaller size decides where it begins.
        let open = batch_size.min(model.batch_size).floor(request.now, model.timezone);
        range.end = range.end.min(open);
    }
    if range.start >= range.end {
        return Err(Diagnostic::error(format!("no batch of `{}` is complete", model.model))
            .fact(format!("the range begins at {}, and now is {}", said(model, range.start), said(model, request.now)))
            .hint("leave out `--complete-only` to plan the batch that is still open"));
    }
    Ok((range, notes))
}

/// The newest batch and `lookback` before it, or all since `begin`. The newest batch is the one that holds now; where now is a
/// boundary it is the one that ends there, since the next one has no rows yet.
fn unbounded(model: &Calendar, request: &Request, begin: Instant) -> Result<Window, Diagnostic> {
    let (grain, tz) = (model.batch_size, model.timezone);
    let end = grain.ceiling(request.now, tz).ok_or_else(|| calendar_ends(model))?;
    if end <= begin {
        return Err(Diagnostic::error(format!("no batch of `{}` has begun yet", model.model))
            .fact(format!("the model begins at {}, and that is now", said(model, begin)))
            .hint("plan it later, or set an earlier `begin` in the model"));
    }
    let mut start = if model.from_begin { begin } else { grain.previous(end, tz).unwrap_or(begin) };
    // A lookback of a century of hours is not walked through: where it reaches behind `begin`, with a margin for odd clocks, that is it.
    if grain.count(begin, start, tz) + 8 < u64::from(model.lookback) {
        start = begin;
    } else if model.lookback > FURTHEST {
        let wrong = format!("`{}` looks back on {} batches of one {grain}", model.model, model.lookback);
        return Err(Diagnostic::error(wrong).hint(format!("set `lookback` to {FURTHEST} at most, or give bounds")));
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
    model: &Calendar,
    request: &Request,
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
        return Err(Diagnostic::error(format!("nothing of `{}` lies within {} and {}", model.model, start.text, end.text))
            .fact(format!("the model begins at {}", said(model, model.begin)))
            .hint("give later bounds, or set an earlier `begin` in the model"));
    }
    let mut notes = Vec::new();
    let mut range = Window { start: grain.floor(from, tz), end: grain.ceiling(to, tz).ok_or_else(|| calendar_ends(model))? };
    // What lies before `begin` is cut away below, so it need not be whole.
    let widened = (range.start != from && from > begin) || range.end != to;
    range.start = range.start.max(begin);
    if widened {
        let (name, shown) = (model.model, format!("{} until {}", said(model, range.start), said(model, range.end)));
        let part = format!("the bounds {} and {} are not where batches of `{name}`, of one {grain} each, begin", start.text, end.text);
        if request.strict {
            return Err(Diagnostic::error(part).hint(format!("give {shown}, or leave out `--strict` to have the bounds widened")));
        }
        notes.push(Diagnostic::note(format!("{part}: widened to {shown}")));
    }
    if from < begin {
        let (name, begins) = (model.model, said(model, begin));
        notes.push(Diagnostic::note(format!("`{name}` begins at {begins}: what lies before it, from {}, is left out", start.text)));
    }
    Ok((range, notes))
}

pub(super) fn calendar_ends(model: &Calendar) -> Diagnostic {
    Diagnostic::error(format!("the last batch of `{}` ends after the year 9999", model.model)).hint("give earlier bounds")
}

fn said(model: &Calendar, at: Instant) -> String {
    show(at, model.timezone)
}
