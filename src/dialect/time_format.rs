//! The `strftime` format of an event time that is stored as text or as digits. Accepts formats
//! whose values sort by time. A window's literal is written in the part of the format up to its
//! smallest unit.

use std::fmt;

use chrono::NaiveDateTime;
use chrono::format::{Item, StrftimeItems};

use crate::calendar::Grain;

/// The smallest unit of time that the values of a column distinguish.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Precision {
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
}

/// A format whose values sort by time: each unit has a fixed width and follows the next larger one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeFormat {
    /// The format up to the smallest unit, without a fraction or `Z`: a prefix of a value compares
    /// like the value.
    text: String,
    pub precision: Precision,
    /// Whether only digits are written.
    digits: bool,
}

impl TimeFormat {
    /// The format, or the reason why it is not supported.
    pub fn parse(text: &str) -> Result<TimeFormat, String> {
        let mut format = String::new();
        let mut end = 0;
        let mut last: Option<Precision> = None;
        let mut digits = true;
        let mut fraction = false;
        let mut rest = text;
        while let Some(char) = rest.chars().next() {
            rest = &rest[char.len_utf8()..];
            if char != '%' {
                if !char.is_ascii_alphanumeric() && !" -/:._,+#@()".contains(char) {
                    return Err(format!(
                        "it contains `{char}`: only letters, digits, spaces and `-/:._,+` may be \
                         between the units"
                    ));
                }
                digits &= char.is_ascii_digit();
                format.push(char);
                continue;
            }
            let length =
                rest.char_indices().nth(directive_length(rest)).map_or(rest.len(), |(at, _)| at);
            let directive = &rest[..length];
            rest = &rest[length..];
            let Some((units, only_digits)) = units(directive) else {
                return Err(reason(directive));
            };
            if units.is_empty() {
                if last != Some(Precision::Second) || fraction {
                    return Err(format!("`%{directive}` must follow `%S`"));
                }
                fraction = true;
                continue;
            }
            for unit in units {
                if !follows(last, *unit) {
                    return Err(format!(
                        "`%{directive}` is out of order: write the units from the largest to the \
                         smallest, as in `%Y-%m-%d`"
                    ));
                }
                last = Some(*unit);
            }
            digits &= only_digits;
            format.push('%');
            format.push_str(directive);
            end = format.len();
        }
        let precision = last.ok_or("it has no unit of time: write for example `%Y-%m-%d`")?;
        // A prefix of an integer does not compare like the integer.
        digits &= end == format.len() && !fraction;
        format.truncate(end);
        Ok(TimeFormat { text: format, precision, digits })
    }

    /// Whether values are integers, such as `20240901`.
    pub fn is_digits(&self) -> bool {
        self.digits
    }

    /// Whether values have no time of day: days are in the model's time zone, times in UTC.
    pub fn is_local(&self) -> bool {
        self.precision <= Precision::Day
    }

    /// Whether `at` is the start of the smallest unit.
    pub fn is_boundary(&self, at: NaiveDateTime) -> bool {
        self.precision.is_boundary(at)
    }
}

impl Precision {
    /// Whether `at` is the start of a unit.
    pub fn is_boundary(self, at: NaiveDateTime) -> bool {
        use chrono::{Datelike, Timelike};
        // All smaller units must be at their start.
        let smaller = [
            (Precision::Year, at.month() == 1),
            (Precision::Month, at.day() == 1),
            (Precision::Day, at.hour() == 0),
            (Precision::Hour, at.minute() == 0),
            (Precision::Minute, at.second() == 0),
            (Precision::Second, at.nanosecond() == 0),
        ];
        smaller.into_iter().all(|(unit, starts)| unit < self || starts)
    }

    /// The grain of batches of one unit.
    pub fn grain(self) -> Option<Grain> {
        match self {
            Precision::Year => Some(Grain::Year),
            Precision::Month => Some(Grain::Month),
            Precision::Day => Some(Grain::Day),
            Precision::Hour => Some(Grain::Hour),
            Precision::Minute | Precision::Second => None,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Precision::Year => "year",
            Precision::Month => "month",
            Precision::Day => "day",
            Precision::Hour => "hour",
            Precision::Minute => "minute",
            Precision::Second => "second",
        }
    }
}

impl fmt::Display for TimeFormat {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

/// The number of characters of a directive after its `%`.
fn directive_length(rest: &str) -> usize {
    let flags = rest.chars().take_while(|char| "-_^0.:369".contains(*char)).count();
    flags + 1
}

/// The units that a directive writes (empty for a fraction of a second), and whether it writes only
/// digits. `None` for an unsupported directive.
fn units(directive: &str) -> Option<(&'static [Precision], bool)> {
    use Precision::*;
    Some(match directive {
        "Y" => (&[Year], true),
        "m" => (&[Month], true),
        "d" => (&[Day], true),
        "H" => (&[Hour], true),
        "M" => (&[Minute], true),
        "S" => (&[Second], true),
        "F" => (&[Year, Month, Day], false),
        "T" => (&[Hour, Minute, Second], false),
        "R" => (&[Hour, Minute], false),
        // The day of the year, which follows the year.
        "j" => (&[Month, Day], true),
        "f" | ".f" | "3f" | "6f" | "9f" | ".3f" | ".6f" | ".9f" => (&[], true),
        _ => return None,
    })
}

fn follows(last: Option<Precision>, unit: Precision) -> bool {
    match last {
        None => unit == Precision::Year,
        Some(last) => last as u8 + 1 == unit as u8,
    }
}

/// The reason why a directive is not supported.
fn reason(directive: &str) -> String {
    match directive.chars().next_back() {
        Some('y') => "`%y` repeats after a century: values do not sort by time".to_string(),
        Some('z' | 'Z') => {
            "values with different offsets do not sort by time: store UTC".to_string()
        }
        Some('s') => "`%s` counts seconds: use `event_time_unit: seconds`".to_string(),
        Some('b' | 'B' | 'h' | 'a' | 'A') => {
            format!("`%{directive}` writes a name, and names do not sort by time")
        }
        Some('I' | 'l' | 'p' | 'P') => format!(
            "`%{directive}` belongs to the twelve-hour clock, which does not sort by time: use `%H`"
        ),
        Some(_) if directive.starts_with(['-', '_']) => {
            format!("`%{directive}` has no fixed width, so values do not sort by time")
        }
        _ => format!(
            "`%{directive}` is not supported: use `%Y`, `%m`, `%d`, `%j`, `%H`, `%M`, `%S`, `%F`, \
             `%T`"
        ),
    }
}

/// Writes a time in the format.
pub fn write(format: &str, at: NaiveDateTime, out: &mut impl fmt::Write) -> fmt::Result {
    let items: Vec<Item> = StrftimeItems::new(format).collect();
    write!(out, "{}", at.format_with_items(items.into_iter()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(format: &str) -> String {
        let at = "2024-09-01T05:06:07".parse().unwrap();
        let mut out = String::new();
        match TimeFormat::parse(format) {
            Ok(format) => write(&format.to_string(), at, &mut out).unwrap(),
            Err(reason) => out = reason,
        }
        out
    }

    #[test]
    fn formats_that_sort_by_time() {
        for (format, expected) in [
            ("%Y-%m-%d", "2024-09-01"),
            ("%Y%m%d", "20240901"),
            ("%Y-%m", "2024-09"),
            ("%Y/%j", "2024/245"),
            ("%F %T", "2024-09-01 05:06:07"),
            ("%Y-%m-%dT%H:%M:%SZ", "2024-09-01T05:06:07"),
            ("%Y-%m-%d %H:%M:%S.%f", "2024-09-01 05:06:07"),
            ("%FT%T%.3f+00:00", "2024-09-01T05:06:07"),
            ("day %Y-%m-%d", "day 2024-09-01"),
        ] {
            assert_eq!(written(format), expected, "{format}");
        }
        assert!(TimeFormat::parse("%Y%m%d%H").unwrap().is_digits());
        assert!(!TimeFormat::parse("%F").unwrap().is_digits());
    }

    #[test]
    fn formats_that_do_not_sort_by_time_are_rejected() {
        for (format, reason) in [
            ("%d.%m.%Y", "out of order"),
            ("%Y-%d", "out of order"),
            ("%m-%d", "out of order"),
            ("%y-%m-%d", "century"),
            ("%Y-%-m-%d", "fixed width"),
            ("%Y-%b-%d", "names"),
            ("%F %I:%M", "twelve-hour"),
            ("%F %T%z", "offsets"),
            ("%s", "event_time_unit"),
            ("%Y-W%W", "not supported"),
            ("%Y'", "contains `'`"),
            ("day", "no unit"),
            ("%Y%", "not supported"),
            ("%F%f", "must follow"),
        ] {
            assert!(written(format).contains(reason), "{format}: {}", written(format));
        }
    }

    #[test]
    fn boundaries_are_starts_of_the_smallest_unit() {
        let format = |text| TimeFormat::parse(text).unwrap();
        let at = |text: &str| text.parse().unwrap();
        assert!(
            format("%F").is_boundary(at("2024-09-02T00:00:00"))
                && !format("%F").is_boundary(at("2024-09-02T05:00:00"))
        );
        assert!(
            format("%Y-%m").is_boundary(at("2024-09-01T00:00:00"))
                && !format("%Y-%m").is_boundary(at("2024-09-02T00:00:00"))
        );
        assert!(
            format("%F %H").is_boundary(at("2024-09-02T05:00:00"))
                && !format("%F %H").is_boundary(at("2024-09-02T05:30:00"))
        );
        assert!(
            format("%Y").is_boundary(at("2024-01-01T00:00:00"))
                && !format("%Y").is_boundary(at("2024-02-01T00:00:00"))
        );
    }
}
