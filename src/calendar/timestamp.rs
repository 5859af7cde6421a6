//! Timestamps on the command line and in a model's `begin`. Accepts `2024-09-01`, `2024-09-01
//! 05:00`, `2024-09-01T05:00:00` and RFC 3339 with an offset; rejects ambiguous forms, with the
//! reason.

use chrono::{NaiveDate, NaiveDateTime, TimeDelta};
use chrono_tz::Tz;

use super::Instant;
use super::zone::first_instant;

/// Parses a timestamp. The error is a predicate (`is not a date …`) that follows the name of the
/// flag or the key.
pub fn parse_timestamp(text: &str) -> Result<Timestamp, String> {
    if text.trim() != text {
        return Err("has spaces around it".into());
    }
    let bytes = text.as_bytes();
    if !text.is_ascii() || bytes.len() < 10 || !shaped(&bytes[..10], b"dddd-dd-dd") {
        return Err("is not a date such as `2024-09-01`".into());
    }
    let (year, month, day) = (number(&bytes[..4]), number(&bytes[5..7]), number(&bytes[8..10]));
    if year == 0 {
        return Err("is in the year 0; the first year is 1".into());
    }
    let no_such_day = || "is not a day of the calendar".to_string();
    let date = i32::try_from(year)
        .ok()
        .and_then(|year| NaiveDate::from_ymd_opt(year, month, day))
        .ok_or_else(no_such_day)?;
    let (time, offset) = match bytes.get(10) {
        None => return Ok(Timestamp::Local(date.into())),
        Some(b' ' | b'T') => split_offset(&text[11..]),
        Some(_) => return Err("must have a space or a `T` after its date".into()),
    };
    let (hour, minute, second) = clock(time)?;
    if hour == 24 && minute == 0 && second == 0 {
        let next =
            date.succ_opt().map_or_else(|| "the next day".to_string(), |next| format!("`{next}`"));
        return Err(format!("has no hour 24: write {next} for the end of that day"));
    }
    if second == 60 {
        return Err("is a leap second, which warehouses do not support".into());
    }
    let local = date.and_hms_opt(hour, minute, second).ok_or("is not a time of day")?;
    match offset {
        None => Ok(Timestamp::Local(local)),
        Some(offset) => {
            let at = local
                .checked_sub_signed(ahead_of_utc(offset)?)
                .ok_or("is outside of the years 1 to 9999")?;
            let year = chrono::Datelike::year(&at);
            if (1..=9999).contains(&year) {
                Ok(Timestamp::Instant(at.and_utc()))
            } else {
                Err("is outside of the years 1 to 9999 in UTC".into())
            }
        }
    }
}

/// A point in time. One without an offset is local to the time zone of the model that uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timestamp {
    Local(NaiveDateTime),
    Instant(Instant),
}

impl Timestamp {
    /// The instant in UTC. A local time that the clocks skip or repeat is the first instant at
    /// which they show it or a later time.
    pub fn at(self, tz: Tz) -> Instant {
        match self {
            Timestamp::Local(local) => first_instant(local, tz),
            Timestamp::Instant(at) => at,
        }
    }
}

/// Splits `05:00:00+02:00` into the time and the offset, which may be `Z`.
fn split_offset(text: &str) -> (&str, Option<&str>) {
    match text.find(['Z', 'z', '+', '-']) {
        Some(at) => (&text[..at], Some(&text[at..])),
        None => (text, None),
    }
}

fn clock(text: &str) -> Result<(u32, u32, u32), String> {
    let bytes = text.as_bytes();
    let second = match bytes.len() {
        5 => 0,
        8.. if shaped(&bytes[5..8], b":dd") => number(&bytes[6..8]),
        _ => return Err(NO_TIME.into()),
    };
    if !shaped(&bytes[..5], b"dd:dd") {
        return Err(NO_TIME.into());
    }
    match bytes.get(8) {
        None => Ok((number(&bytes[..2]), number(&bytes[3..5]), second)),
        Some(b'.' | b',') => Err("has fractions of a second; batches begin at full seconds".into()),
        Some(_) => Err(NO_TIME.into()),
    }
}

const NO_TIME: &str = "must have a time such as `05:00` or `05:00:00` after its date";

fn ahead_of_utc(offset: &str) -> Result<TimeDelta, String> {
    let bytes = offset.as_bytes();
    match bytes {
        b"Z" | b"z" => return Ok(TimeDelta::zero()),
        [_, rest @ ..] if shaped(rest, b"dd:dd") => {}
        _ => return Err("must have an offset such as `+02:00` or `Z` after its time".into()),
    }
    let (hours, minutes) = (i64::from(number(&bytes[1..3])), i64::from(number(&bytes[4..6])));
    if hours > 23 || minutes > 59 {
        return Err("has an offset of a day or more".into());
    }
    let ahead = TimeDelta::minutes(hours * 60 + minutes);
    Ok(if bytes[0] == b'-' { -ahead } else { ahead })
}

/// Whether the bytes match `shape`, where `d` matches any digit.
fn shaped(bytes: &[u8], shape: &[u8]) -> bool {
    bytes.len() == shape.len()
        && bytes
            .iter()
            .zip(shape)
            .all(|(byte, want)| if *want == b'd' { byte.is_ascii_digit() } else { byte == want })
}

fn number(digits: &[u8]) -> u32 {
    digits.iter().fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> String {
        parse_timestamp(text).map_or_else(
            |why| why,
            |timestamp| timestamp.at(Tz::UTC).format("%Y-%m-%dT%H:%M:%S").to_string(),
        )
    }

    #[test]
    fn each_form_is_read() {
        for (text, at) in [
            ("2024-09-01", "2024-09-01T00:00:00"),
            ("2024-09-01 05:00", "2024-09-01T05:00:00"),
            ("2024-09-01T05:00:07", "2024-09-01T05:00:07"),
            ("2024-09-01T05:00:00Z", "2024-09-01T05:00:00"),
            ("2024-09-01 05:00+05:30", "2024-08-31T23:30:00"),
            ("2024-12-31T23:00:00-02:00", "2025-01-01T01:00:00"),
            ("9999-12-31T23:59:59", "9999-12-31T23:59:59"),
        ] {
            assert_eq!(utc(text), at, "{text}");
        }
        let local = parse_timestamp("2024-07-01").unwrap().at(Tz::Europe__Paris);
        assert_eq!(local, parse_timestamp("2024-06-30T22:00:00Z").unwrap().at(Tz::Europe__Paris));
    }

    #[test]
    fn ambiguous_timestamps_are_rejected() {
        for (text, why) in [
            ("24-01-01", "not a date"),
            ("2024-1-5", "not a date"),
            ("+2024-01-01", "not a date"),
            ("2024-01-0é", "not a date"),
            ("", "not a date"),
            (" 2024-01-01", "spaces"),
            ("2024-02-30", "not a day"),
            ("0000-01-01", "year 0"),
            ("2024-01-01x05:00", "a space or a `T`"),
            ("2024-01-01T5:00", "a time such as"),
            ("2024-01-01T", "a time such as"),
            ("2024-01-01T05:00:0", "a time such as"),
            ("2024-01-01T05:00.00:00", "a time such as"),
            ("2024-01-01T05:00:00.5", "fractions"),
            ("2024-01-01T24:00", "write `2024-01-02`"),
            ("2024-01-01T23:59:60", "leap second"),
            ("2024-01-01T23:61", "not a time of day"),
            ("2024-01-01T05:00+0200", "an offset such as"),
            ("2024-01-01T05:00+25:00", "a day or more"),
            ("0001-01-01T00:00+01:00", "years 1 to 9999"),
        ] {
            assert!(utc(text).contains(why), "{text}: {}", utc(text));
        }
    }
}
