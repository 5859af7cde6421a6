//! `--event-time-start` and `--event-time-end` as they are typed. Takes the texts; gives both bounds or none, and refuses
//! one without the other, what is no moment, and an inverted range.

use crate::calendar::{Moment, parse_moment};
use crate::diagnostics::{Diagnostic, Diagnostics};

use super::Bound;

const START: &str = "--event-time-start";
const END: &str = "--event-time-end";

/// The bounds of a command line, or of dbt's environment variables.
pub fn bounds(start: Option<&str>, end: Option<&str>) -> Result<Option<(Bound, Bound)>, Diagnostics> {
    let (start, end) = match (start, end) {
        (None, None) => return Ok(None),
        (Some(start), Some(end)) => (start, end),
        (Some(_), None) => {
            return Err(alone(START, END, "the end is exclusive: it is where the first batch begins that is not wanted").into());
        }
        (None, Some(_)) => return Err(alone(END, START, "the start is where the first batch begins that is wanted").into()),
    };
    match (Bound::parse(START, start), Bound::parse(END, end)) {
        (Ok(start), Ok(end)) => {
            let inverted = match (start.at, end.at) {
                (Moment::Local(start), Moment::Local(end)) => start >= end,
                (Moment::Instant(start), Moment::Instant(end)) => start >= end,
                // Which comes first depends on the model's zone, so `cover` looks.
                _ => false,
            };
            if inverted { Err(inverted_range(&start, &end).into()) } else { Ok(Some((start, end))) }
        }
        (start, end) => Err(Diagnostics([start.err(), end.err()].into_iter().flatten().collect())),
    }
}

impl Bound {
    /// The bound that `text` says, given with `flag`.
    pub fn parse(flag: &str, text: &str) -> Result<Bound, Diagnostic> {
        match parse_moment(text) {
            Ok(at) => Ok(Bound { text: text.into(), at }),
            Err(why) => Err(Diagnostic::error(format!("`{text}`, given as `{flag}`, {why}"))
                .hint("write `2024-09-01`, `2024-09-01T05:00`, or with an offset `2024-09-01T05:00:00+02:00`")),
        }
    }
}

pub(super) fn inverted_range(start: &Bound, end: &Bound) -> Diagnostic {
    let (start, end) = (&start.text, &end.text);
    let wrong = format!("`{START} {start}` is not before `{END} {end}`");
    if start == end {
        return Diagnostic::error(wrong).hint("the end is exclusive: for one day, give the day after it as the end");
    }
    Diagnostic::error(wrong).hint(format!("`{START}` must be the earlier one, and `{END}` is exclusive"))
}

fn alone(given: &str, missing: &str, which: &str) -> Diagnostic {
    Diagnostic::error(format!("`{given}` is given without `{missing}`")).hint(format!("give `{missing}` too; {which}"))
}
