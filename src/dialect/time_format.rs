//! The format of an event time that is stored as text or as digits, in the notation of `strftime`.
//! Accepts the formats in which values sort as the times that they stand for; gives the part of the
//! format that a window's literal is written in.

use std::fmt;

use chrono::NaiveDateTime;
use chrono::format::{Item, StrftimeItems};

/// The smallest unit of time that a column can tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Precision {
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
}

/// A format that sorts as time does: each unit has a fixed width and follows the next larger one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeFormat {
    /// Without what follows the smallest unit (a fraction, `Z`): the prefix of a value compares as
    /// the value does, with and without it.
    text: String,
    pub precision: Precision,
    /// Whether anything but digits is written.
    digits: bool,
}

impl TimeFormat {
    /// The format, or the reason why it cannot be used.
    pub fn parse(text: &str) -> Result<TimeFormat, String> {
        let mut kept = String::new();
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
                        "it holds `{char}`: write letters, digits, spaces and `-/:._,+` between \
                         the units"
                    ));
                }
                digits &= char.is_ascii_digit();
                kept.push(char);
                continue;
            }
            let length =
                rest.char_indices().nth(directive_length(rest)).map_or(rest.len(), |(at, _)| at);
            let directive = &rest[..length];
            rest = &rest[length..];
            let Some((units, plain)) = units(directive) else { return Err(refused(directive)) };
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
            digits &= plain;
            kept.push('%');
            kept.push_str(directive);
            end = kept.len();
        }
        let precision = last.ok_or("it has no unit of time: write it as in `%Y-%m-%d`")?;
        // Integers are compared as a whole, so nothing may be cut away.
        digits &= end == kept.len() && !fraction;
        kept.truncate(end);
        Ok(TimeFormat { text: kept, precision, digits })
    }

    /// Whether values are whole numbers, such as `20240901`.
    pub fn is_digits(&self) -> bool {
        self.digits
    }

    /// Whether it writes days and no times: those are days of the model's time zone. Times are
    /// UTC's.
    pub fn is_local(&self) -> bool {
        self.precision <= Precision::Day
    }

    /// Whether `at` is the start of the smallest unit, so that the format can tell what is before
    /// it from what is not.
    pub fn tells(&self, at: NaiveDateTime) -> bool {
        self.precision.tells(at)
    }
}

impl Precision {
    /// Whether `at` is the start of a unit.
    pub fn tells(self, at: NaiveDateTime) -> bool {
        use chrono::{Datelike, Timelike};
        // Every unit that is smaller than this one must be at its start.
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

    pub fn word(self) -> &'static str {
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

/// How many characters a directive has behind its `%`.
fn directive_length(rest: &str) -> usize {
    let flags = rest.chars().take_while(|char| "-_^0.:369".contains(*char)).count();
    flags + 1
}

/// The units that a directive writes, and whether in digits alone. A fraction of a second writes
/// none. Nothing for other directives.
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

fn refused(directive: &str) -> String {
    match directive.chars().next_back() {
        Some('y') => "`%y` repeats after a century: it does not sort as time does".to_string(),
        Some('z' | 'Z') => {
            "values with different offsets do not sort as time does: store UTC".to_string()
        }
        Some('s') => "`%s` counts seconds: write `event_time_unit: seconds`".to_string(),
        Some('b' | 'B' | 'h' | 'a' | 'A') => {
            format!("`%{directive}` writes a name, and names do not sort as time does")
        }
        Some('I' | 'l' | 'p' | 'P') => format!(
            "`%{directive}` is of a clock of twelve hours, which does not sort as time does: `%H`"
        ),
        Some(_) if directive.starts_with(['-', '_']) => {
            format!("`%{directive}` has no fixed width, so it does not sort as time does")
        }
        _ => format!(
            "`%{directive}` is not supported: write `%Y`, `%m`, `%d`, `%j`, `%H`, `%M`, `%S`, \
             `%F`, `%T`"
        ),
    }
}

/// A time in the format.
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
            Err(why) => out = why,
        }
        out
    }

    #[test]
    fn formats_that_sort_as_time_does() {
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
    fn formats_that_do_not_are_refused() {
        for (format, reason) in [
            ("%d.%m.%Y", "out of order"),
            ("%Y-%d", "out of order"),
            ("%m-%d", "out of order"),
            ("%y-%m-%d", "century"),
            ("%Y-%-m-%d", "fixed width"),
            ("%Y-%b-%d", "names"),
            ("%F %I:%M", "twelve hours"),
            ("%F %T%z", "offsets"),
            ("%s", "event_time_unit"),
            ("%Y-W%W", "not supported"),
            ("%Y'", "holds `'`"),
            ("day", "no unit"),
            ("%Y%", "not supported"),
            ("%F%f", "must follow"),
        ] {
            assert!(written(format).contains(reason), "{format}: {}", written(format));
        }
    }

    #[test]
    fn the_precision_tells_a_boundary() {
        let format = |text| TimeFormat::parse(text).unwrap();
        let at = |text: &str| text.parse().unwrap();
        assert!(
            format("%F").tells(at("2024-09-02T00:00:00"))
                && !format("%F").tells(at("2024-09-02T05:00:00"))
        );
        assert!(
            format("%Y-%m").tells(at("2024-09-01T00:00:00"))
                && !format("%Y-%m").tells(at("2024-09-02T00:00:00"))
        );
        assert!(
            format("%F %H").tells(at("2024-09-02T05:00:00"))
                && !format("%F %H").tells(at("2024-09-02T05:30:00"))
        );
        assert!(
            format("%Y").tells(at("2024-01-01T00:00:00"))
                && !format("%Y").tells(at("2024-02-01T00:00:00"))
        );
    }
}
