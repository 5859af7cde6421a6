//! A moment as people write it: on the command line, and as a model's `begin`. Takes `2024-09-01`, `2024-09-01 05:00`,
//! `2024-09-01T05:00:00` or RFC 3339 with an offset; refuses what could be read in two ways, and says why.

use chrono::{NaiveDate, NaiveDateTime, TimeDelta};
use chrono_tz::Tz;

use super::Instant;
use super::zone::first_instant;

/// The moment that `text` names. The error says what is wrong with it, to be put behind the name of the flag or the key.
pub fn parse_moment(text: &str) -> Result<Moment, String> {
    if text.trim() != text {
        return Err("has blanks around it".into());
    }
    let bytes = text.as_bytes();
    if !text.is_ascii() || bytes.len() < 10 || !shaped(&bytes[..10], b"dddd-dd-dd") {
        return Err("is not a date such as `2024-09-01`".into());
    }
    let (year, month, day) = (number(&bytes[..4]), number(&bytes[5..7]), number(&bytes[8..10]));
    if year == 0 {
        return Err("is in the year 0, and the first year is 1".into());
    }
    let no_such_day = || "is not a day of the calendar".to_string();
    let date = i32::try_from(year).ok().and_then(|year| NaiveDate::from_ymd_opt(year, month, day)).ok_or_else(no_such_day)?;
    let (time, offset) = match bytes.get(10) {
        None => return Ok(Moment::Local(date.into())),
        Some(b' ' | b'T') => split_offset(&text[11..]),
        Some(_) => return Err("has neither a blank nor a `T` behind its date".into()),
    };
    let (hour, minute, second) = clock(time)?;
    if hour == 24 && minute == 0 && second == 0 {
        let next = date.succ_opt().map_or_else(|| "the next day".to_string(), |next| format!("`{next}`"));
        return Err(format!("has no hour 24: write {next} for the end of that day"));
    }
    if second == 60 {
        return Err("is a leap second, which warehouses do not know".into());
    }
    let local = date.and_hms_opt(hour, minute, second).ok_or("is not a time of day")?;
    match offset {
        None => Ok(Moment::Local(local)),
        Some(offset) => {
            let at = local.checked_sub_signed(ahead_of_utc(offset)?).ok_or("is out of the calendar")?;
            let year = chrono::Datelike::year(&at);
            if (1..=9999).contains(&year) {
                Ok(Moment::Instant(at.and_utc()))
            } else {
                Err("is not within the years 1 to 9999 of UTC".into())
            }
        }
    }
}

/// A point in time; without an offset it is local to the zone of whoever uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    Local(NaiveDateTime),
    Instant(Instant),
}

impl Moment {
    /// The instant. A local time that the clocks skip or show twice is the first instant at which they are that far.
    pub fn at(self, tz: Tz) -> Instant {
        match self {
            Moment::Local(local) => first_instant(local, tz),
            Moment::Instant(at) => at,
        }
    }
}

/// `05:00:00+02:00` in two; `Z` and an offset begin where the clock's digits and colons end.
fn split_offset(text: &str) -> (&str, Option<&str>) {
    match text.find(['Z', 'z', '+', '-']) {
        Some(place) => (&text[..place], Some(&text[place..])),
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
        Some(b'.' | b',') => Err("has fractions of a second, and batches begin at whole ones".into()),
        Some(_) => Err(NO_TIME.into()),
    }
}

const NO_TIME: &str = "has no time such as `05:00` or `05:00:00` behind its date";

fn ahead_of_utc(offset: &str) -> Result<TimeDelta, String> {
    let bytes = offset.as_bytes();
    match bytes {
        b"Z" | b"z" => return Ok(TimeDelta::zero()),
        [_, rest @ ..] if shaped(rest, b"dd:dd") => {}
        _ => return Err("has no offset such as `+02:00` or `Z` behind its time".into()),
    }
    let (hours, minutes) = (i64::from(number(&bytes[1..3])), i64::from(number(&bytes[4..6])));
    if hours > 23 || minutes > 59 {
        return Err("has an offset of a day or more".into());
    }
    let ahead = TimeDelta::minutes(hours * 60 + minutes);
    Ok(if bytes[0] == b'-' { -ahead } else { ahead })
}

/// Whether each byte is the one of `shape`, where `d` stands for a digit.
fn shaped(bytes: &[u8], shape: &[u8]) -> bool {
    bytes.len() == shape.len()
        && bytes.iter().zip(shape).all(|(byte, want)| if *want == b'd' { byte.is_ascii_digit() } else { byte == want })
}

fn number(digits: &[u8]) -> u32 {
    digits.iter().fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> String {
        parse_moment(text).map_or_else(|why| why, |moment| moment.at(Tz::UTC).format("%Y-%m-%dT%H:%M:%S").to_string())
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
        let local = parse_moment("2024-07-01").unwrap().at(Tz::Europe__Paris);
        assert_eq!(local, parse_moment("2024-06-30T22:00:00Z").unwrap().at(Tz::Europe__Paris));
    }

    #[test]
    fn what_could_mean_two_things_is_refused() {
        for (text, why) in [
            ("24-01-01", "not a date"),
            ("2024-1-5", "not a date"),
            ("+2024-01-01", "not a date"),
            ("2024-01-0é", "not a date"),
            ("", "not a date"),
            (" 2024-01-01", "blanks"),
            ("2024-02-30", "not a day"),
            ("0000-01-01", "year 0"),
            ("2024-01-01x05:00", "neither a blank nor"),
            ("2024-01-01T5:00", "no time such as"),
            ("2024-01-01T", "no time such as"),
            ("2024-01-01T05:00:0", "no time such as"),
            ("2024-01-01T05:00.00:00", "no time such as"),
            ("2024-01-01T05:00:00.5", "fractions"),
            ("2024-01-01T24:00", "write `2024-01-02`"),
            ("2024-01-01T23:59:60", "leap second"),
            ("2024-01-01T23:61", "not a time of day"),
            ("2024-01-01T05:00+0200", "no offset such as"),
            ("2024-01-01T05:00+25:00", "a day or more"),
            ("0001-01-01T00:00+01:00", "years 1 to 9999"),
        ] {
            assert!(utc(text).contains(why), "{text}: {}", utc(text));
        }
    }
}
