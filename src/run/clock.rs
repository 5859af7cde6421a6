//! The clock of a run: when a step began is a fact to write down, so here, unlike in a plan, the clock is asked.

use chrono::{SecondsFormat, Utc};

use crate::calendar::Instant;

pub fn now() -> Instant {
    Utc::now()
}

/// A moment as the journal writes it: UTC, RFC 3339, with milliseconds.
pub fn written(at: Instant) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
