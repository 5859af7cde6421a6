//! The formats of `begin`. Takes its text and the model's time zone; returns the instant. Rejects
//! ambiguous dates, with a hint that shows the correct form.

use std::sync::LazyLock;

use chrono::{DateTime, Duration, FixedOffset, NaiveDate, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;
use regex::Regex;

use crate::calendar::Instant;

/// The instant of `text`, which is local to `timezone` unless it has an offset. The error is a hint
/// that shows how to write it.
pub fn begin(text: &str, timezone: Tz) -> Result<Instant, String> {
    let parts = FORMAT.captures(text.trim()).ok_or_else(|| suggestion(text.trim()))?;
    let number =
        |nth: usize| parts.get(nth).map_or(Some(0), |part| part.as_str().parse::<u32>().ok());
    let year = parts[1].parse::<i32>().map_err(|_| formats())?;
    let date = number(2)
        .zip(number(3))
        .and_then(|(month, day)| NaiveDate::from_ymd_opt(year, month, day))
        .filter(|_| year > 0);
    let date = date.ok_or_else(|| {
        format!("`{}-{}-{}` is not a date: check month and day", &parts[1], &parts[2], &parts[3])
    })?;
    let time = number(4)
        .zip(number(5))
        .zip(number(6))
        .and_then(|((hour, minute), second)| date.and_hms_opt(hour, minute, second));
    let time = time.ok_or_else(|| "a time runs from `00:00:00` to `23:59:59`".to_string())?;
    match parts.get(7).map(|offset| offset.as_str()) {
        None => Ok(local(time, timezone)),
        Some("Z" | "z") => Ok(time.and_utc()),
        Some(offset) => {
            let offset = seconds(offset)
                .and_then(FixedOffset::east_opt)
                .and_then(|offset| offset.from_local_datetime(&time).single());
            offset
                .map(|time| time.with_timezone(&Utc))
                .ok_or_else(|| "an offset runs from `-23:59` to `+23:59`".to_string())
        }
    }
}

static FORMAT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"^([0-9]{4})-([0-9]{2})-([0-9]{2})",
        r"(?:[ Tt]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]+)?)?",
        r"\s?([Zz]|[+-][0-9]{2}:?[0-9]{2})?)?$",
    ))
    .expect("the pattern is well formed")
});

static DAY_FIRST: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})")
        .expect("the pattern is well formed")
});
static YEAR_FIRST: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^([0-9]{4})[/.-]?([0-9]{1,2})[/.-]?([0-9]{1,2})$")
        .expect("the pattern is well formed")
});

fn seconds(offset: &str) -> Option<i32> {
    let digits: String = offset.chars().filter(char::is_ascii_digit).collect();
    let (hours, minutes) = digits.split_at_checked(2)?;
    let (hours, minutes) =
        (hours.parse::<i32>().ok()?, minutes.parse::<i32>().ok().filter(|minutes| *minutes < 60)?);
    let seconds = (hours * 60 + minutes) * 60;
    Some(if offset.starts_with('-') { -seconds } else { seconds })
}

/// The instant of a local time. Of an ambiguous time, the first; for a time that does not exist,
/// the next one that does.
fn local(time: NaiveDateTime, timezone: Tz) -> Instant {
    let in_timezone = |time: NaiveDateTime| timezone.from_local_datetime(&time).earliest();
    let earliest: Option<DateTime<Tz>> = in_timezone(time).or_else(|| {
        (1..=96).find_map(|quarters| in_timezone(time + Duration::minutes(15 * quarters)))
    });
    earliest.map_or(time.and_utc(), |earliest| earliest.with_timezone(&Utc))
}

/// A hint with the possible meanings of `text`.
fn suggestion(text: &str) -> String {
    if let Some(parts) = DAY_FIRST.captures(text) {
        let day = |month: &str, day: &str| {
            let date = NaiveDate::from_ymd_opt(
                parts[3].parse().ok()?,
                month.parse().ok()?,
                day.parse().ok()?,
            )?;
            Some(format!("`{date}`"))
        };
        let mut suggestions: Vec<String> =
            [day(&parts[1], &parts[2]), day(&parts[2], &parts[1])].into_iter().flatten().collect();
        suggestions.dedup();
        if !suggestions.is_empty() {
            return format!("write {}", suggestions.join(" or "));
        }
    }
    if let Some(parts) = YEAR_FIRST.captures(text) {
        let date = |parts: &regex::Captures| {
            NaiveDate::from_ymd_opt(
                parts[1].parse().ok()?,
                parts[2].parse().ok()?,
                parts[3].parse().ok()?,
            )
        };
        if let Some(date) = date(&parts) {
            return format!("write `{date}`");
        }
    }
    formats()
}

fn formats() -> String {
    "write a day (`2024-09-01`), a time (`2024-09-01 05:00`, `2024-09-01T05:00:00`), or a time \
     with offset (`2024-09-01T05:00:00+02:00`, or `Z`)"
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str, zone: Tz) -> String {
        match begin(text, zone) {
            Ok(at) => at.format("%FT%TZ").to_string(),
            Err(hint) => hint,
        }
    }

    #[test]
    fn unambiguous_formats() {
        for (text, expected) in [
            ("2024-09-01", "2024-09-01T00:00:00Z"),
            ("2024-09-01 05:00", "2024-09-01T05:00:00Z"),
            ("2024-09-01T05:00:00", "2024-09-01T05:00:00Z"),
            ("2024-09-01T05:00:00.000Z", "2024-09-01T05:00:00Z"),
            ("2024-09-01 05:00:00+02:00", "2024-09-01T03:00:00Z"),
            ("2024-09-01T01:00-0530", "2024-09-01T06:30:00Z"),
        ] {
            assert_eq!(utc(text, Tz::UTC), expected, "{text}");
        }
        assert_eq!(utc("2024-09-01", Tz::Europe__Paris), "2024-08-31T22:00:00Z");
        assert_eq!(utc("2024-03-31 02:30", Tz::Europe__Paris), "2024-03-31T01:00:00Z");
        assert_eq!(utc("2024-10-27 02:30", Tz::Europe__Paris), "2024-10-27T00:30:00Z");
    }

    #[test]
    fn invalid_formats_are_rejected() {
        assert_eq!(utc("01/02/2024", Tz::UTC), "write `2024-01-02` or `2024-02-01`");
        assert_eq!(utc("31.12.2024", Tz::UTC), "write `2024-12-31`");
        assert_eq!(utc("20240101", Tz::UTC), "write `2024-01-01`");
        assert_eq!(utc("2024-1-5", Tz::UTC), "write `2024-01-05`");
        assert!(utc("2024-02-30", Tz::UTC).starts_with("`2024-02-30` is not a date"));
        assert!(utc("2024-09-01 23:59:60", Tz::UTC).starts_with("a time runs"));
        assert!(utc("2024-09-01 05:00+24:00", Tz::UTC).starts_with("an offset runs"));
        assert!(utc("2024-W05-1", Tz::UTC).starts_with("write a day"));
        assert!(utc("24-01-01", Tz::UTC).starts_with("write a day"));
    }
}
