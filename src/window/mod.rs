//! The windows that a request asks for, oldest first. Takes a model's settings and the request; gives windows that tile
//! the range without gap or overlap, and notes where the range was widened or cut. Never an empty success.

use chrono_tz::Tz;

use crate::calendar::{Grain, Instant, Window};
use crate::diagnostics::{Diagnostic, Diagnostics};

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

/// One end of the bounds, as it was given and as an instant.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    pub text: String,
    pub at: BoundAt,
}

/// A bound without an offset is local to the model's time zone (UTC unless the project says otherwise).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BoundAt {
    Local(chrono::NaiveDateTime),
    Instant(Instant),
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
    pub batches: Vec<Span>,
    pub batch_size: Grain,
    /// Said to the user: what was widened, cut or left out.
    pub notes: Vec<Diagnostic>,
}

/// One window with its names.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    pub window: Window,
    /// `2024`, `2024-09`, `2024-09-01`, `2024-09-01T05`.
    pub label: String,
    /// dbt's `model.batch.id`: `20240901`, `20240901T05`.
    pub id: String,
    /// The label of the chunk it belongs to.
    pub chunk: Option<String>,
}

/// The windows of one model for the request.
pub fn cover(_model: &Calendar, _request: &Request) -> Result<Cover, Diagnostics> {
    todo!()
}
