//! The text form of instants in plans and journals: RFC 3339 in UTC.

use chrono::{DateTime, SecondsFormat};

use super::Instant;

/// Formats an instant as in a plan: RFC 3339 in UTC, in seconds.
pub fn format_instant(at: Instant) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Parses an instant of a plan or a journal: RFC 3339.
pub fn parse_instant(text: &str) -> Option<Instant> {
    DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc())
}
