//! Calendar arithmetic: batch sizes, time zones, and parsing and formatting of timestamps. Takes
//! instants and texts; returns boundaries, labels and instants. All instants are UTC. Rejects years
//! before 1 and after 9999.

mod grain;
mod instant;
mod timestamp;
mod zone;

use chrono::{DateTime, Utc};

pub use grain::Grain;
pub use instant::{format_instant, parse_instant};
pub use timestamp::{Timestamp, parse_timestamp};
pub use zone::display_instant;

/// An instant in UTC, in whole seconds.
pub type Instant = DateTime<Utc>;

/// A half-open span of time, `[start, end)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Window {
    pub start: Instant,
    pub end: Instant,
}
