//! The number of periods between two date literals, for the length of a date spine. dbt queries the
//! warehouse for it.

use chrono::{DateTime, Datelike, Utc};
use minijinja::Value;
use regex::Regex;
use std::sync::LazyLock;

use crate::jinja::python::call::Call;
use crate::jinja::python::text::unmarked;

static DATE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"'(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2}:\d{2}))?'").ok());

/// A date from three numbers, as `dbt.date()` writes it.
static PARTS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?i)\b(?:make_date|date_from_parts|datefromparts|date)",
        r"\s*\(\s*(\d{4})\s*,\s*(\d{1,2})\s*,\s*(\d{1,2})\s*\)",
    ))
    .ok()
});

/// The number of boundaries of `datepart` between `start_date` and `end_date`, if each contains
/// exactly one date.
pub fn intervals(call: &Call) -> Option<Value> {
    let argument = |position, name: &str| call.get(position, name).map(|value| unmarked(&value));
    let (start, end) = (written(&argument(0, "start_date")?)?, written(&argument(1, "end_date")?)?);
    let months = |at: DateTime<Utc>| i64::from(at.year()) * 12 + i64::from(at.month0());
    let days = |at: DateTime<Utc>| i64::from(at.date_naive().num_days_from_ce());
    let hours = |at: DateTime<Utc>| at.timestamp().div_euclid(3600);
    let between = |count: &dyn Fn(DateTime<Utc>) -> i64| count(end) - count(start);
    let count = match &*argument(2, "datepart")?.to_lowercase() {
        "year" => between(&|at| i64::from(at.year())),
        "quarter" => between(&|at| months(at).div_euclid(3)),
        "month" => between(&months),
        // Weeks begin on Sunday; day 0 of the common era was one.
        "week" => between(&|at| days(at).div_euclid(7)),
        "day" => between(&days),
        "hour" => between(&hours),
        "minute" => between(&|at| at.timestamp().div_euclid(60)),
        _ => return None,
    };
    Some(Value::from(count))
}

/// The only date in an expression that casts it.
fn written(expression: &str) -> Option<DateTime<Utc>> {
    let expression = PARTS.as_ref()?.replace_all(expression, |parts: &regex::Captures| {
        format!("'{}-{:0>2}-{:0>2}'", &parts[1], &parts[2], &parts[3])
    });
    let expression = &*expression;
    let dates: Vec<_> = DATE.as_ref()?.captures_iter(expression).collect();
    let [only] = &dates[..] else { return None };
    let around = expression.replace(only.get(0)?.as_str(), "").to_lowercase();
    let words = [
        "cast",
        "as",
        "date",
        "timestamp",
        "to_date",
        "datetime",
        "to_timestamp",
        "try_cast",
        "yyyy",
        "mm",
        "dd",
        "tz",
        "ntz",
        "without",
        "time",
        "zone",
    ];
    let plain = around
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
        .all(|word| words.contains(&word));
    let quiet = around.chars().all(|c| c.is_alphanumeric() || " \n\t_(),:'-".contains(c));
    let time = only.get(2).map_or("00:00:00", |time| time.as_str());
    let at =
        chrono::NaiveDateTime::parse_from_str(&format!("{} {time}", &only[1]), "%Y-%m-%d %H:%M:%S")
            .ok()?;
    (plain && quiet).then(|| at.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_dates_are_counted() {
        let count = |start: &str, end: &str, part: &str| {
            let args = [start, end, part].map(Value::from);
            intervals(&Call::of("", "get_intervals_between", &args)).map(|count| count.to_string())
        };
        assert_eq!(
            count("cast('2020-01-01' as date)", "to_date('2020-03-01', 'YYYY-MM-DD')", "day")
                .as_deref(),
            Some("60")
        );
        assert_eq!(
            count("'2020-01-31'", "'2021-01-01'::timestamp", "quarter").as_deref(),
            Some("4")
        );
        assert_eq!(count("'2024-09-07'", "'2024-09-08'", "week").as_deref(), Some("1"));
        assert_eq!(
            count("make_date(2023, 9, 7)::timestamp", "cast(date(2023, 9, 10) as date)", "day")
                .as_deref(),
            Some("3")
        );
        assert_eq!(count("make_date(2023, 9, 7)", "make_date(2023, 13, 1)", "day"), None);
        assert_eq!(count("'2020-01-01'", "current_date", "day"), None);
        assert_eq!(count("'2020-01-01'", "dateadd(day, 1, '2020-01-01')", "day"), None);
    }
}
