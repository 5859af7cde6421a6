//! The windows that a request asks for, oldest first. Takes a model's settings and the request; gives windows that tile
//! the range without gap or overlap, and notes where the range was widened or cut. Never an empty success.

mod bounds;
mod named;
mod names;
mod range;
mod tile;

use std::hash::{Hash, Hasher};

use chrono_tz::Tz;

use crate::calendar::{Grain, Instant, Moment, Window, show};
use crate::diagnostics::{Diagnostic, Diagnostics};

pub use bounds::bounds;
pub use named::named;
pub use names::{Names, Span};

/// The windows of one model for the request.
///
/// The range always begins and ends where batches of the model's own size do, whatever `--batch-size` says: first the range
/// is found in the model's batches, then it is tiled by the size asked for, and its first and last window are cut to it.
/// So `--batch-size month` from September 5th until October 10th is `[09-05, 10-01)` and `[10-01, 10-10)`: the days that
/// were asked for and no others. Nothing is lost by a window that is no whole month, because a batch is written by its
/// window and not by its month; but a window reaching before `begin` would delete rows that are not the model's to give back.
pub fn cover(model: &Calendar, request: &Request) -> Result<Cover, Diagnostics> {
    let batch_size = request.batch_size.unwrap_or(model.batch_size);
    if let Some(chunk) = request.chunk.filter(|chunk| *chunk < batch_size) {
        let wrong = format!("a chunk of one {chunk} is smaller than the batches of `{}`, of one {batch_size} each", model.model);
        return Err(Diagnostic::error(wrong).hint(format!("`--chunk {batch_size}` is the smallest there can be")).into());
    }
    let (range, mut notes) = range::find(model, request, batch_size)?;
    let windows = tile::tile(model, range, batch_size, request)?;
    if batch_size < model.batch_size {
        let own = model.batch_size;
        let wrong = format!("`{}` is built for batches of one {own}, and is planned in batches of one {batch_size}", model.model);
        notes.push(Diagnostic::note(wrong).fact(format!("the rows of a {batch_size} must not need the rest of its {own}")));
    }
    let ahead = windows.iter().filter(|window| window.start >= request.now).count();
    if ahead > 0 {
        let some = match ahead {
            1 => "1 batch".into(),
            many => format!("{many} batches"),
        };
        let now = show(request.now, model.timezone);
        notes.push(
            Diagnostic::warning(format!("{some} of `{}` lie in the future: now is {now}", model.model))
                .hint("`--complete-only` leaves them out"),
        );
    }
    let names = Names { own: model.batch_size, batch_size, chunk: request.chunk, timezone: model.timezone };
    Ok(Cover { windows, names, notes })
}

/// The window of `begin`, which is the same in every plan.
pub fn first(model: &Calendar) -> Result<Cover, Diagnostics> {
    let start = model.batch_size.floor(model.begin, model.timezone);
    let Some(end) = model.batch_size.next(start, model.timezone) else { return Err(range::calendar_ends(model).into()) };
    let names = Names { own: model.batch_size, batch_size: model.batch_size, chunk: None, timezone: model.timezone };
    Ok(Cover { windows: vec![Window { start, end }], names, notes: Vec::new() })
}

/// What was asked on the command line, the same for all models.
#[derive(Clone, Debug)]
pub struct Request {
    /// `--event-time-start` and `--event-time-end`, both or neither.
    pub bounds: Option<(Bound, Bound)>,
    pub now: Instant,
    /// `--batch-size`: coarser (or finer) windows than the model's own.
    pub batch_size: Option<Grain>,
    /// `--chunk`.
    pub chunk: Option<Grain>,
    pub complete_only: bool,
    pub strict: bool,
    pub max_batches: usize,
}

/// One end of the bounds, as it was given and as a moment, which is local to the model's time zone if it has no offset.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    pub text: String,
    pub at: Moment,
}

/// What `window` needs to know of a model.
#[derive(Clone, Debug)]
pub struct Calendar<'a> {
    pub model: &'a str,
    pub begin: Instant,
    pub batch_size: Grain,
    pub lookback: u32,
    pub timezone: Tz,
    /// An unbounded full refresh: `begin` until now, whatever `lookback` says.
    pub from_begin: bool,
}

/// The windows of one model.
#[derive(Clone, Debug)]
pub struct Cover {
    /// Oldest first, at least one.
    pub windows: Vec<Window>,
    /// What each of them is called.
    pub names: Names,
    /// Said to the user: what was widened, cut or left out.
    pub notes: Vec<Diagnostic>,
}

/// Of the windows and their names: what is said of them makes no other batches.
impl Hash for Cover {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.windows, &self.names).hash(state);
    }
}

impl Cover {
    /// The windows with their names, oldest first.
    pub fn spans(&self) -> impl Iterator<Item = Span> {
        self.windows.iter().map(|window| self.names.span(*window))
    }

    /// The oldest one and the newest one.
    pub fn ends(&self) -> (Span, Span) {
        (self.names.span(self.windows[0]), self.names.span(self.windows[self.windows.len() - 1]))
    }
}

#[cfg(test)]
mod tests;
