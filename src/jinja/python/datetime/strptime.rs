//! Python's `datetime.strptime`. The rules are those of CPython 3.11's `_strptime`: the format
//! becomes a regular expression, each parsed field counts, and missing fields have the values of
//! 1 January 1900, 00:00.

use std::collections::BTreeMap;

use chrono::{Datelike, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime};
use regex::RegexBuilder;

const DAYS: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// The parsed time, and its offset if the format has `%z`. An error is Python's message.
pub(super) fn strptime(
    text: &str,
    format: &str,
) -> Result<(NaiveDateTime, Option<FixedOffset>), String> {
    let expression = format!("^(?:{})", expression(format)?);
    let built = RegexBuilder::new(&expression).case_insensitive(true).build();
    let regex = built.map_err(|_| format!("`{format}` is no format that can be parsed"))?;
    let mismatch = || format!("time data `{text}` does not match the format `{format}`");
    let captures = regex.captures(text).ok_or_else(mismatch)?;
    let end = captures.get(0).map_or(0, |all| all.end());
    if end < text.len() {
        return Err(format!("unconverted data remains: `{}`", &text[end..]));
    }
    let fields: BTreeMap<char, &str> = regex
        .capture_names()
        .flatten()
        .filter_map(|name| Some((name.chars().next()?, captures.name(name)?.as_str())))
        .collect();
    let fields = Fields(fields);
    let date = fields.date()?.ok_or_else(|| format!("`{text}` is not a date"))?;
    let time = fields.time().ok_or_else(|| format!("`{text}` is not a time"))?;
    Ok((date.and_time(time), fields.offset()?))
}

/// The regular expression of a format. The name of a group is its directive.
fn expression(format: &str) -> Result<String, String> {
    let mut expression = String::new();
    let mut chars = format.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '%' => match chars.next() {
                Some(directive) => expression.push_str(&pattern(directive, format)?),
                None => return Err(format!("stray `%` in the format `{format}`")),
            },
            char if char.is_whitespace() => {
                while chars.next_if(|next| next.is_whitespace()).is_some() {}
                expression.push_str(r"\s+");
            }
            char => expression.push_str(&regex::escape(&char.to_string())),
        }
    }
    Ok(expression)
}

fn pattern(directive: char, format: &str) -> Result<String, String> {
    let short = |names: &[&str]| {
        names.iter().map(|name| name[..3].to_string()).collect::<Vec<_>>().join("|")
    };
    let pattern = match directive {
        '%' => return Ok("%".to_string()),
        'c' => return expression("%a %b %d %H:%M:%S %Y"),
        'x' => return expression("%m/%d/%y"),
        'X' => return expression("%H:%M:%S"),
        'd' => "3[0-1]|[1-2][0-9]|0[1-9]|[1-9]| [1-9]".to_string(),
        'f' => "[0-9]{1,6}".to_string(),
        'H' => "2[0-3]|[0-1][0-9]|[0-9]".to_string(),
        'I' | 'm' => "1[0-2]|0[1-9]|[1-9]".to_string(),
        'G' | 'Y' => "[0-9]{4}".to_string(),
        'j' => "36[0-6]|3[0-5][0-9]|[1-2][0-9][0-9]|0[1-9][0-9]|00[1-9]|[1-9][0-9]|0[1-9]|[1-9]"
            .to_string(),
        'M' => "[0-5][0-9]|[0-9]".to_string(),
        'S' => "6[0-1]|[0-5][0-9]|[0-9]".to_string(),
        'U' | 'W' => "5[0-3]|[0-4][0-9]|[0-9]".to_string(),
        'V' => "5[0-3]|0[1-9]|[1-4][0-9]|[0-9]".to_string(),
        'w' => "[0-6]".to_string(),
        'u' => "[1-7]".to_string(),
        'y' => "[0-9]{2}".to_string(),
        'z' => "[+-][0-9]{2}:?[0-5][0-9](?::?[0-5][0-9])?|(?-i:Z)".to_string(),
        'Z' => "utc|gmt".to_string(),
        'A' => DAYS.join("|"),
        'a' => short(&DAYS),
        'B' => MONTHS.join("|"),
        'b' => short(&MONTHS),
        'p' => "am|pm".to_string(),
        _ => return Err(format!("`{directive}` is a bad directive in the format `{format}`")),
    };
    Ok(format!("(?P<{directive}>{pattern})"))
}

/// The text of each directive.
struct Fields<'t>(BTreeMap<char, &'t str>);

impl Fields<'_> {
    fn number(&self, directive: char) -> Option<u32> {
        self.0.get(&directive)?.trim().parse().ok()
    }

    /// The position of a name, of which the first three letters count.
    fn position(&self, directives: [char; 2], names: &[&str]) -> Option<u32> {
        let text = directives.iter().find_map(|directive| self.0.get(directive))?.to_lowercase();
        let position = names.iter().position(|name| text.starts_with(&name[..3]))?;
        u32::try_from(position).ok()
    }

    /// The date; `None` if there is no such date.
    fn date(&self) -> Result<Option<NaiveDate>, String> {
        let century = |year: u32| if year <= 68 { 2000 + year } else { 1900 + year };
        let year = self.number('Y').or_else(|| self.number('y').map(century));
        let month = self.number('m').or_else(|| self.position(['B', 'b'], &MONTHS).map(|m| m + 1));
        // Monday is 0.
        let weekday = self
            .position(['A', 'a'], &DAYS)
            .or_else(|| self.number('w').map(|day| (day + 6) % 7))
            .or_else(|| self.number('u').map(|day| day - 1));
        let (iso_year, iso_week) = (self.number('G'), self.number('V'));
        let week = self.number('U').map(|week| (week, 6));
        let week = week.or_else(|| self.number('W').map(|week| (week, 0)));
        let julian = self.number('j').map(|day| i64::from(day) - 1);
        if year.is_none() && iso_year.is_some() {
            if iso_week.is_none() || weekday.is_none() {
                return Err("`%G` needs `%V` and a weekday".to_string());
            }
            if julian.is_some() {
                return Err("`%j` is not compatible with `%G`: use `%Y`".to_string());
            }
        } else if week.is_none() && iso_week.is_some() {
            return Err("`%V` needs `%G` and a weekday, and no `%Y`".to_string());
        }
        let first_of = |year: u32| NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, 1, 1);
        let after = |first: Option<NaiveDate>, days: i64| {
            first?.checked_add_signed(chrono::TimeDelta::try_days(days)?)
        };
        let year_or_default = year.unwrap_or(1900);
        let first = first_of(year_or_default);
        if let Some(days) = julian {
            return Ok(after(first, days));
        }
        match (weekday, week, iso_year.zip(iso_week)) {
            (Some(weekday), Some((week, first_day)), _) => {
                let from_start = |day: u32| i64::from((day + 7 - first_day) % 7);
                let first_day = first.map_or(0, |first| first.weekday().num_days_from_monday());
                let before = from_start(first_day);
                // Week 0 is the part of a week before the first whole one.
                let start = match week {
                    0 => -before,
                    week => (7 - before) % 7 + 7 * (i64::from(week) - 1),
                };
                return Ok(after(first, start + from_start(weekday)));
            }
            (Some(weekday), None, Some((year, week))) => {
                // The week of 4 January is the first one.
                let fourth = first_of(year).and_then(|first| first.with_day(4));
                let monday =
                    fourth.map_or(0, |day| i64::from(day.weekday().num_days_from_monday()));
                let days = 7 * (i64::from(week) - 1) + i64::from(weekday) - monday;
                return Ok(after(fourth, days));
            }
            _ => {}
        }
        let year = i32::try_from(year_or_default).unwrap_or_default();
        let day = self.number('d').unwrap_or(1);
        Ok(NaiveDate::from_ymd_opt(year, month.unwrap_or(1), day))
    }

    fn time(&self) -> Option<NaiveTime> {
        let hour = match (self.number('H'), self.number('I')) {
            (Some(hour), _) => hour,
            (None, Some(hour)) => {
                let is_afternoon = self.0.get(&'p').is_some_and(|p| p.eq_ignore_ascii_case("pm"));
                hour % 12 + if is_afternoon { 12 } else { 0 }
            }
            (None, None) => 0,
        };
        let micros =
            self.0.get(&'f').map_or(Some(0), |digits| format!("{digits:0<6}").parse().ok());
        let [minute, second] = ['M', 'S'].map(|field| self.number(field).unwrap_or(0));
        NaiveTime::from_hms_micro_opt(hour, minute, second, micros?)
    }

    fn offset(&self) -> Result<Option<FixedOffset>, String> {
        let Some(text) = self.0.get(&'z') else { return Ok(None) };
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let colons = text.matches(':').count();
        if colons > 0 && colons + 1 != digits.len() / 2 {
            return Err(format!("inconsistent use of `:` in `{text}`"));
        }
        let part = |at: usize| digits.get(at..at + 2).and_then(|part| part.parse::<i32>().ok());
        let [hours, minutes, seconds] = [0, 2, 4].map(|at| part(at).unwrap_or(0));
        let seconds = hours * 3600 + minutes * 60 + seconds;
        let offset = FixedOffset::east_opt(if text.starts_with('-') { -seconds } else { seconds });
        offset.map(Some).ok_or_else(|| format!("`{text}` is not an offset"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected values are those of Python 3.11.
    #[test]
    fn texts_are_parsed_as_in_python() {
        let time = |text, format| strptime(text, format).map(|(at, _)| at.to_string());
        for (text, format, expected) in [
            ("2024-03-04 05", "%Y-%m-%d %H", "2024-03-04 05:00:00"),
            ("2024030405", "%Y%m%d%H", "2024-03-04 05:00:00"),
            ("03/04/24 11 PM", "%m/%d/%y %I %p", "2024-03-04 23:00:00"),
            ("05", "%H", "1900-01-01 05:00:00"),
            ("2024-03", "%Y-%m", "2024-03-01 00:00:00"),
            ("12 AM", "%I %p", "1900-01-01 00:00:00"),
            ("2024-W05-3", "%G-W%V-%u", "2024-01-31 00:00:00"),
            ("2024 00 1", "%Y %U %w", "2024-01-01 00:00:00"),
            ("2024 53 6", "%Y %W %w", "2025-01-04 00:00:00"),
            ("366 2023", "%j %Y", "2024-01-01 00:00:00"),
            ("31 dec 68  9:05", "%d %b %y %H:%M", "2068-12-31 09:05:00"),
            ("2024-01-01 00:00:00.5", "%Y-%m-%d %H:%M:%S.%f", "2024-01-01 00:00:00.500"),
        ] {
            assert_eq!(time(text, format).as_deref(), Ok(expected), "{text} {format}");
        }
        for (text, format) in [
            ("Feb 29", "%b %d"),
            ("2024-01-01 x", "%Y-%m-%d"),
            ("2024-01-01 12:00:60", "%Y-%m-%d %H:%M:%S"),
            ("2024-05", "%G-%V"),
            ("x", "%Q"),
            ("x", "%"),
        ] {
            assert!(time(text, format).is_err(), "{text} {format}");
        }
        let offset = |text| strptime(text, "%Y-%m-%d %z").map(|(_, offset)| offset);
        assert_eq!(offset("2024-01-05 +0200"), Ok(FixedOffset::east_opt(7200)));
        assert_eq!(offset("2024-01-05 Z"), Ok(FixedOffset::east_opt(0)));
        assert!(offset("2024-01-05 +0200:30").is_err());
    }
}
