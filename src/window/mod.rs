//! The windows of a request, oldest first. Takes a model's settings and the request; returns at
//! least one window, or an error. The windows tile the range without overlap; the only gaps are
//! excluded ranges. Notes report where the range was widened or cut.

mod bounds;
mod by_label;
mod excluded;
mod naming;
mod range;
mod tile;

use std::hash::{Hash, Hasher};
use std::ops::Range;

use chrono_tz::Tz;

use crate::calendar::{Grain, Instant, Timestamp, Window, display_instant};
use crate::diagnostics::{Diagnostic, Diagnostics, Level, counted};

pub use bounds::bounds;
pub use by_label::batch_by_label;
pub use naming::{BatchNaming, Span};

/// The windows of one model for the request.
///
/// The range begins and ends at boundaries of the model's batch size, for any `--batch-size`: the
/// range is computed in the model's batches, then tiled by the requested size, and the first and
/// the last window are cut to the range. `--batch-size month` from September 5th until October 10th
/// returns `[09-05, 10-01)` and `[10-01, 10-10)`: exactly the requested days. A partial month is
/// safe, since a batch replaces the rows of its window. A window that starts before `begin` is not:
/// it would delete rows that the query does not return.
pub fn cover(model: &BatchSettings, request: &WindowRequest) -> Result<Cover, Diagnostics> {
    let batch_size = request.batch_size.unwrap_or(model.batch_size);
    if let Some(chunk) = request.chunk.filter(|chunk| *chunk < batch_size) {
        let message = format!(
            "`--chunk {chunk}` is smaller than a batch of `{}`, which is one {batch_size}",
            model.model
        );
        return Err(Diagnostic::error(message)
            .hint(format!("the smallest possible chunk is `--chunk {batch_size}`"))
            .into());
    }
    let (range, mut notes) = range::range(model, request, batch_size)?;
    let windows = tile::tile(model, range, batch_size, request)?;
    let windows = excluded::without_excluded(model, windows, &request.excluded)?;
    if batch_size < model.batch_size {
        let model_size = model.batch_size;
        let message = format!(
            "the batch size of `{}` is one {model_size}, but it is planned in batches of one \
             {batch_size}",
            model.model
        );
        let note =
            format!("the rows of a {batch_size} must not depend on the rest of its {model_size}");
        notes.push(Diagnostic::new(Level::Note, message).note(note));
    }
    let ahead = windows.iter().filter(|window| window.start >= request.now).count();
    if ahead > 0 {
        let batches = counted(ahead, "batch");
        let now = display_instant(request.now, model.timezone);
        notes.push(
            Diagnostic::warning(format!(
                "{batches} of `{}` in the future: the current time is {now}",
                model.model
            ))
            .hint("to plan only complete batches, use `--complete-only`"),
        );
    }
    let naming = BatchNaming {
        model_batch_size: model.batch_size,
        batch_size,
        chunk: request.chunk,
        timezone: model.timezone,
    };
    Ok(Cover { windows, naming, notes })
}

/// The window that contains `begin`, which is the same in every plan.
pub fn first_window(model: &BatchSettings) -> Result<Cover, Diagnostics> {
    let start = model.batch_size.floor(model.begin, model.timezone);
    let Some(end) = model.batch_size.next(start, model.timezone) else {
        return Err(range::calendar_ends(model).into());
    };
    let naming = BatchNaming {
        model_batch_size: model.batch_size,
        batch_size: model.batch_size,
        chunk: None,
        timezone: model.timezone,
    };
    Ok(Cover { windows: vec![Window { start, end }], naming, notes: Vec::new() })
}

/// The windows that the command line requests, for all models.
#[derive(Clone, Debug)]
pub struct WindowRequest {
    /// `--event-time-start` and `--event-time-end`, both or neither.
    pub bounds: Option<(Bound, Bound)>,
    pub now: Instant,
    /// `--batch-size`: larger or smaller windows than the model sets.
    pub batch_size: Option<Grain>,
    /// `--chunk`.
    pub chunk: Option<Grain>,
    pub complete_only: bool,
    /// Ranges whose batches are not planned.
    pub excluded: Vec<(Bound, Bound)>,
    pub strict: bool,
    pub max_batches: usize,
}

/// One end of the bounds: the user's text, and its timestamp, which is local to the model's time
/// zone if it has no offset.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    pub text: String,
    pub at: Timestamp,
}

/// The settings of a model that determine its windows.
#[derive(Clone, Debug)]
pub struct BatchSettings<'a> {
    pub model: &'a str,
    pub begin: Instant,
    pub batch_size: Grain,
    pub lookback: u32,
    pub timezone: Tz,
    /// Whether the windows start at `begin` regardless of `lookback`: an unbounded full refresh.
    pub from_begin: bool,
}

/// The windows of one model.
#[derive(Clone, Debug)]
pub struct Cover {
    /// Oldest first, never empty.
    pub windows: Vec<Window>,
    /// The naming of their labels.
    pub naming: BatchNaming,
    /// Notes and warnings for the user about a range that was widened or cut.
    pub notes: Vec<Diagnostic>,
}

/// Hashes the windows and their labels; the notes do not change a batch.
impl Hash for Cover {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.windows, &self.naming).hash(state);
    }
}

impl Cover {
    /// The windows with their labels, oldest first.
    pub fn spans(&self) -> impl Iterator<Item = Span> {
        self.windows.iter().map(|window| self.naming.span(*window))
    }

    /// The positions of consecutive windows without a gap between them, oldest first.
    pub fn runs(&self) -> Vec<Range<usize>> {
        let follows = |a: &Window, b: &Window| a.end == b.start;
        let mut end = 0;
        let runs = self.windows.chunk_by(follows).map(|run| {
            let start = end;
            end += run.len();
            start..end
        });
        runs.collect()
    }

    /// The span from the start of the first window to the end of the last one, for `positions` of
    /// windows without a gap.
    pub fn range(&self, positions: &Range<usize>) -> Window {
        Window {
            start: self.windows[positions.start].start,
            end: self.windows[positions.end - 1].end,
        }
    }

    /// The oldest and the newest window.
    pub fn ends(&self) -> (Span, Span) {
        (self.naming.span(self.windows[0]), self.naming.span(self.windows[self.windows.len() - 1]))
    }
}

#[cfg(test)]
mod tests;
