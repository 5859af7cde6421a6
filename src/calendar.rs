//! Time, and nothing but time: the sizes of a batch, and the zone whose days count. All instants are UTC.

use chrono::{DateTime, Utc};

/// An instant in UTC, of whole seconds.
pub type Instant = DateTime<Utc>;

/// A half-open span of time, `[start, end)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Window {
    pub start: Instant,
    pub end: Instant,
}

/// The size of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grain {
    Hour,
    Day,
    Month,
    Year,
}
