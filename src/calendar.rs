//! Time, and nothing but time: the sizes of a batch, the zone whose days count, and how a moment is written. Takes instants
//! and texts, gives boundaries, labels and instants. All instants are UTC; refuses years before 1 and after 9999.

mod grain;
mod moment;
mod zone;

use chrono::{DateTime, Utc};

pub use grain::Grain;
pub use moment::{Moment, parse_moment};
pub use zone::show;

/// An instant in UTC, of whole seconds.
pub type Instant = DateTime<Utc>;

/// A half-open span of time, `[start, end)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Window {
    pub start: Instant,
    pub end: Instant,
}
