//! One batch by its label. Takes a model and a label as plans and lists show it; gives that window.

use crate::calendar::parse_moment;
use crate::diagnostics::Diagnostic;

use super::{Calendar, Span};
use crate::calendar::Window;

/// The batch of the model that is called `label`: `2024`, `2024-09`, `2024-09-01`, `2024-09-01T05`.
pub fn named(model: &Calendar, label: &str) -> Result<Span, Diagnostic> {
    let said = || {
        Diagnostic::error(format!("`{label}` is no batch of `{}`, whose batches are of one {}", model.model, model.batch_size))
            .hint(format!("a batch of it is called `{}`", model.batch_size.label(model.begin, model.timezone)))
    };
    let hour = label.trim_end_matches(['a', 'b']);
    let moment = match hour.len() {
        4 => parse_moment(&format!("{hour}-01-01")),
        7 => parse_moment(&format!("{hour}-01")),
        13 => parse_moment(&format!("{hour}:00")),
        _ => parse_moment(hour),
    };
    let (grain, timezone) = (model.batch_size, model.timezone);
    let first = grain.floor(moment.map_err(|_| said())?.at(timezone), timezone);
    // Of an hour that is shown twice, the label's letter tells which.
    let starts = std::iter::successors(Some(first), |start| grain.next(*start, timezone)).take(2);
    starts
        .filter(|start| grain.label(*start, timezone) == label)
        .find_map(|start| Some(Span { window: Window { start, end: grain.next(start, timezone)? }, label: label.to_string(), chunk: None }))
        .ok_or_else(said)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::Grain;
    use chrono::TimeZone;

    #[test]
    fn a_batch_is_found_by_its_label() {
        let begin = chrono::Utc.with_ymd_and_hms(2024, 1, 1, 0, 0, 0).unwrap();
        let model = |batch_size, timezone| Calendar { model: "m", begin, batch_size, lookback: 1, timezone, from_begin: false };
        let start = |grain, zone, label: &str| named(&model(grain, zone), label).map(|span| span.window.start.to_rfc3339()).ok();
        assert_eq!(start(Grain::Month, chrono_tz::UTC, "2024-09").as_deref(), Some("2024-09-01T00:00:00+00:00"));
        assert_eq!(start(Grain::Hour, chrono_tz::UTC, "2024-09-01T05").as_deref(), Some("2024-09-01T05:00:00+00:00"));
        assert_eq!(start(Grain::Hour, chrono_tz::Europe::Paris, "2024-10-27T02b").as_deref(), Some("2024-10-27T01:00:00+00:00"));
        assert_eq!(start(Grain::Day, chrono_tz::UTC, "2024-09"), None);
        assert_eq!(start(Grain::Day, chrono_tz::UTC, "yesterday"), None);
    }
}
