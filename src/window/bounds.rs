//! Parses `--event-time-start` and `--event-time-end`. Returns both bounds or none; rejects one
//! without the other, an invalid timestamp, and an inverted range.

use crate::calendar::{Timestamp, parse_timestamp};
use crate::diagnostics::{Diagnostic, Diagnostics};

use super::Bound;

const START: &str = "--event-time-start";
const END: &str = "--event-time-end";

/// Parses the bounds of the command line or of dbt's environment variables.
pub fn bounds(
    start: Option<&str>,
    end: Option<&str>,
) -> Result<Option<(Bound, Bound)>, Diagnostics> {
    let (start, end) = match (start, end) {
        (None, None) => return Ok(None),
        (Some(start), Some(end)) => (start, end),
        (Some(_), None) => {
            return Err(unpaired(
                START,
                END,
                "the start of the first batch after the range (the end is exclusive)",
            )
            .into());
        }
        (None, Some(_)) => {
            return Err(unpaired(END, START, "the start of the first batch of the range").into());
        }
    };
    match (Bound::parse(START, start), Bound::parse(END, end)) {
        (Ok(start), Ok(end)) => {
            let inverted = match (start.at, end.at) {
                (Timestamp::Local(start), Timestamp::Local(end)) => start >= end,
                (Timestamp::Instant(start), Timestamp::Instant(end)) => start >= end,
                // The order depends on the model's zone, so `cover` checks it.
                _ => false,
            };
            if inverted { Err(inverted_range(&start, &end).into()) } else { Ok(Some((start, end))) }
        }
        (start, end) => Err(Diagnostics([start.err(), end.err()].into_iter().flatten().collect())),
    }
}

impl Bound {
    /// Parses the value `text` of the option `flag`.
    pub fn parse(flag: &str, text: &str) -> Result<Bound, Diagnostic> {
        match parse_timestamp(text) {
            Ok(at) => Ok(Bound { text: text.into(), at }),
            Err(why) => Err(Diagnostic::error(format!("`{text}`, given as `{flag}`, {why}")).hint(
                "write `2024-09-01`, `2024-09-01T05:00`, or with an offset \
                    `2024-09-01T05:00:00+02:00`",
            )),
        }
    }
}

pub(super) fn inverted_range(start: &Bound, end: &Bound) -> Diagnostic {
    let (start, end) = (&start.text, &end.text);
    let message = format!("`{START} {start}` is not before `{END} {end}`");
    if start == end {
        return Diagnostic::error(message)
            .hint("the end is exclusive: for one day, set the end to the next day");
    }
    Diagnostic::error(message)
        .hint(format!("`{START}` must be earlier than `{END}`, which is exclusive"))
}

fn unpaired(flag: &str, missing: &str, meaning: &str) -> Diagnostic {
    Diagnostic::error(format!("`{flag}` is given without `{missing}`"))
        .hint(format!("add `{missing}`: {meaning}"))
}
