//! The values of a seed, as dbt's reader of CSV files reads them: nulls, numbers, dates, times and
//! booleans. A function returns the value as SQL, or nothing if the text is of another kind.

use chrono::{DateTime, NaiveDate, NaiveDateTime};

pub fn is_null(value: &str) -> bool {
    matches!(value.trim().to_lowercase().as_str(), "" | "null")
}

/// A number of a seed.
pub struct Number {
    /// As SQL.
    pub text: String,
    is_negative: bool,
    /// The significant digits, without zeros at their ends.
    digits: String,
    /// The power of ten of the last digit.
    exponent: i32,
}

/// The longest whole number that is written as an integer.
const MAX_DIGITS: usize = 38;

impl Number {
    pub fn is_whole(&self) -> bool {
        self.exponent >= 0
    }

    /// The number as an integer, if it is one.
    pub fn whole(&self) -> Option<String> {
        let zeros = usize::try_from(self.exponent).ok()?;
        if self.digits.len() + zeros > MAX_DIGITS {
            return None;
        }
        let sign = if self.is_negative && !self.digits.is_empty() { "-" } else { "" };
        let digits = format!("{}{}", self.digits, "0".repeat(zeros));
        Some(format!("{sign}{}", if digits.is_empty() { "0" } else { &digits }))
    }
}

/// The currency signs that agate, the CSV reader of dbt, ignores at the ends of a number.
const CURRENCIES: &str = "؋$ƒ៛¥₡₱£€¢﷼₪₩₭₮₦฿₤₫";

/// A number as agate reads it: with separators of groups, currency and percent signs.
pub fn number(value: &str) -> Option<Number> {
    let value = value.trim().trim_matches('%');
    let (is_negative, rest) =
        value.strip_prefix('-').map_or((false, value), |digits| (true, digits));
    let rest: String = rest
        .trim_matches(|char| CURRENCIES.contains(char))
        .chars()
        .filter(|char| !matches!(char, ',' | '_'))
        .collect();
    let rest = rest.trim();
    let (is_negative, rest) = match rest.as_bytes().first() {
        Some(b'+') => (is_negative, &rest[1..]),
        Some(b'-') => (!is_negative, &rest[1..]),
        _ => (is_negative, rest),
    };
    let (mantissa, exponent) = rest
        .split_once(['e', 'E'])
        .map_or((rest, None), |(mantissa, exponent)| (mantissa, Some(exponent)));
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let only_digits = |text: &str| text.chars().all(|char| char.is_ascii_digit());
    let power = exponent.map_or(Some(0), |exponent| exponent.parse::<i16>().ok())?;
    if !(only_digits(before) && only_digits(after)) || (before.is_empty() && after.is_empty()) {
        return None;
    }
    let all = format!("{before}{after}");
    let digits = all.trim_end_matches('0');
    let last = i32::try_from(before.len()).ok()? - i32::try_from(digits.len()).ok()?;
    let exponent = if digits.is_empty() { 0 } else { last + i32::from(power) };
    let before = match before.trim_start_matches('0') {
        "" => "0",
        before => before,
    };
    let fraction = match (mantissa.contains('.'), after) {
        (false, _) => String::new(),
        (true, "") => ".0".to_string(),
        (true, after) => format!(".{after}"),
    };
    let sign = if is_negative { "-" } else { "" };
    let power = if power == 0 { String::new() } else { format!("e{power}") };
    Some(Number {
        text: format!("{sign}{before}{fraction}{power}"),
        is_negative,
        digits: digits.trim_start_matches('0').to_string(),
        exponent,
    })
}

pub fn date(value: &str) -> Option<String> {
    let day = NaiveDate::parse_from_str(value.trim(), "%Y-%m-%d").ok()?;
    (value.trim().find('-') == Some(4)).then(|| day.format("%Y-%m-%d").to_string())
}

/// A time with a space. dbt reads a column of such times, or one of ISO times, but not a mixture.
pub fn timestamp(value: &str) -> Option<String> {
    let at = NaiveDateTime::parse_from_str(value.trim(), "%Y-%m-%d %H:%M:%S").ok()?;
    Some(time_text(at))
}

/// An ISO time; in UTC if the value has an offset.
pub fn iso_timestamp(value: &str) -> Option<String> {
    let value = value.trim();
    let naive = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"];
    let at = naive.iter().find_map(|format| NaiveDateTime::parse_from_str(value, format).ok());
    let with_offset = || DateTime::parse_from_rfc3339(value).ok().map(|at| at.naive_utc());
    at.or_else(|| with_offset().filter(|_| value.contains('T'))).map(time_text)
}

pub fn any_timestamp(value: &str) -> Option<String> {
    timestamp(value).or_else(|| iso_timestamp(value))
}

fn time_text(at: NaiveDateTime) -> String {
    at.format("%Y-%m-%d %H:%M:%S%.f").to_string()
}

pub fn boolean(value: &str) -> Option<bool> {
    match value.trim().to_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}
