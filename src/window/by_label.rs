//! Finds one batch by the label that plans and lists show.

use crate::calendar::parse_timestamp;
use crate::diagnostics::Diagnostic;

use super::{BatchSettings, Span};
use crate::calendar::Window;

/// The batch of the model with the label `label`: `2024`, `2024-09`, `2024-09-01`, `2024-09-01T05`.
pub fn batch_by_label(model: &BatchSettings, label: &str) -> Result<Span, Diagnostic> {
    let unknown = || {
        Diagnostic::error(format!(
            "`{label}` is not a batch of `{}`, whose batch size is one {}",
            model.model, model.batch_size
        ))
        .hint(format!(
            "its labels look like `{}`",
            model.batch_size.label(model.begin, model.timezone)
        ))
    };
    let hour = label.trim_end_matches(['a', 'b']);
    let timestamp = match hour.len() {
        4 => parse_timestamp(&format!("{hour}-01-01")),
        7 => parse_timestamp(&format!("{hour}-01")),
        13 => parse_timestamp(&format!("{hour}:00")),
        _ => parse_timestamp(hour),
    };
    let (grain, timezone) = (model.batch_size, model.timezone);
    let first = grain.floor(timestamp.map_err(|_| unknown())?.at(timezone), timezone);
    // The letter of the label distinguishes hours with the same reading.
    let starts = std::iter::successors(Some(first), |start| grain.next(*start, timezone)).take(2);
    starts
        .filter(|start| grain.label(*start, timezone) == label)
        .find_map(|start| {
            Some(Span {
                window: Window { start, end: grain.next(start, timezone)? },
                label: label.to_string(),
                chunk: None,
            })
        })
        .ok_or_else(unknown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::Grain;
    use chrono::TimeZone;

    #[test]
    fn a_label_identifies_a_batch() {
        let begin = chrono::Utc.with_ymd_and_hms(2024, 1, 1, 0, 0, 0).unwrap();
        let model = |batch_size, timezone| BatchSettings {
            model: "m",
            begin,
            batch_size,
            lookback: 1,
            timezone,
            from_begin: false,
        };
        let start = |grain, zone, label: &str| {
            batch_by_label(&model(grain, zone), label)
                .map(|span| span.window.start.to_rfc3339())
                .ok()
        };
        assert_eq!(
            start(Grain::Month, chrono_tz::UTC, "2024-09").as_deref(),
            Some("2024-09-01T00:00:00+00:00")
        );
        assert_eq!(
            start(Grain::Hour, chrono_tz::UTC, "2024-09-01T05").as_deref(),
            Some("2024-09-01T05:00:00+00:00")
        );
        assert_eq!(
            start(Grain::Hour, chrono_tz::Europe::Paris, "2024-10-27T02b").as_deref(),
            Some("2024-10-27T01:00:00+00:00")
        );
        assert_eq!(start(Grain::Day, chrono_tz::UTC, "2024-09"), None);
        assert_eq!(start(Grain::Day, chrono_tz::UTC, "yesterday"), None);
    }
}
