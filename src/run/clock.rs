//! The clock of a run. The journal records when steps ran; plans do not depend on the clock.

use chrono::{SecondsFormat, Utc};

use crate::calendar::Instant;

/// The current time.
pub fn now() -> Instant {
    Utc::now()
}

/// Formats an instant as in the journal: RFC 3339 in UTC, with milliseconds.
pub fn format(at: Instant) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
