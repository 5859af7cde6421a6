//! Literals in arguments: units, numbers, amounts of time, zones.

use chrono_tz::Tz;
use sqlparser::ast::{Expr, UnaryOperator, Value as Literal};

use super::call_syntax::{arguments, function_name};
use super::unit::Unit;

/// The value of a string literal.
pub fn text(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Value(value) => match &value.value {
            Literal::SingleQuotedString(text) | Literal::DoubleQuotedString(text) => Some(text),
            _ => None,
        },
        Expr::Nested(inner) | Expr::Cast { expr: inner, .. } => text(inner),
        Expr::TypedString(typed) => match &typed.value.value {
            Literal::SingleQuotedString(text) | Literal::DoubleQuotedString(text) => Some(text),
            _ => None,
        },
        _ => None,
    }
}

/// The value of an integer literal.
pub fn integer(expr: &Expr) -> Option<i64> {
    match expr {
        Expr::Value(value) => match &value.value {
            Literal::Number(number, _) => number.to_string().parse().ok(),
            Literal::SingleQuotedString(text) => text.trim().parse().ok(),
            _ => None,
        },
        Expr::Nested(inner) | Expr::Cast { expr: inner, .. } => integer(inner),
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => integer(expr).map(|number| -number),
        _ => None,
    }
}

/// The unit that an argument names: `day`, `'day'`, `week(monday)`.
pub fn unit(expr: &Expr) -> Option<Unit> {
    match expr {
        Expr::Identifier(name) => Unit::parse(&name.value),
        Expr::Function(function) if function_name(function) == "week" => Some(Unit::Week),
        Expr::Value(_) => Unit::parse(text(expr)?),
        Expr::Nested(inner) => unit(inner),
        _ => None,
    }
}

/// The count and the unit of an interval: `interval '15 minutes'`, `interval 1 day`, `'1 day'`,
/// `to_hours(5)`.
pub fn interval_parts(expr: &Expr) -> Option<(i64, Unit)> {
    match expr {
        Expr::Interval(interval) => {
            let amount = match text(&interval.value) {
                Some(text) => text.to_string(),
                None => integer(&interval.value)?.to_string(),
            };
            match &interval.leading_field {
                Some(field) => {
                    Some((amount.trim().parse().ok()?, Unit::parse(&field.to_string())?))
                }
                None => parse_amount(&amount),
            }
        }
        Expr::Function(function) => {
            let (count, unit) = (
                integer(arguments(function).first()?)?,
                unit_of_function(&function_name(function))?,
            );
            Some((count, unit))
        }
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => {
            interval_parts(expr).map(|(count, unit)| (-count, unit))
        }
        Expr::Nested(inner) => interval_parts(inner),
        Expr::Cast { expr, data_type, .. }
            if data_type.to_string().eq_ignore_ascii_case("interval") =>
        {
            parse_amount(text(expr)?)
        }
        Expr::Value(_) => parse_amount(text(expr)?),
        _ => None,
    }
}

/// The unit of a function that makes an interval: `to_days(1)`, `toIntervalDay(1)`.
fn unit_of_function(name: &str) -> Option<Unit> {
    match name.strip_prefix("tointerval") {
        Some(unit) => Unit::parse(unit),
        None => name.strip_prefix("to_").filter(|unit| unit.len() > 3).and_then(Unit::parse),
    }
}

fn parse_amount(amount: &str) -> Option<(i64, Unit)> {
    let mut parse_amount = amount.split_whitespace();
    let (count, unit) = (parse_amount.next()?.parse().ok()?, Unit::parse(parse_amount.next()?)?);
    parse_amount.next().is_none().then_some((count, unit))
}

/// The length of an interval, in months and microseconds.
pub fn amount(expr: &Expr) -> Option<(i32, i64)> {
    let (count, unit) = interval_parts(expr)?;
    let (months, micros) = match unit {
        Unit::Minute => (0, micros_of(expr)?),
        unit => unit.length()?,
    };
    Some((i32::try_from(count).ok()?.checked_mul(months)?, count.checked_mul(micros)?))
}

/// The length of a unit below an hour in microseconds, by its name.
pub fn micros_of_unit(word: &str) -> Option<i64> {
    Some(match word.trim_matches(['\'', '"']).to_lowercase().trim_end_matches('s') {
        "microsecond" | "u" => 1,
        "millisecond" | "m" => 1000,
        "second" | "sec" | "" => 1_000_000,
        "minute" | "min" | "mi" | "n" => 60_000_000,
        _ => return None,
    })
}

fn micros_of(expr: &Expr) -> Option<i64> {
    match expr {
        Expr::Interval(interval) => match &interval.leading_field {
            Some(field) => micros_of_unit(&field.to_string()),
            None => micros_of_unit(text(&interval.value)?.split_whitespace().nth(1)?),
        },
        Expr::Function(function) => {
            let name = function_name(function);
            micros_of_unit(name.strip_prefix("tointerval").or_else(|| name.strip_prefix("to_"))?)
        }
        Expr::UnaryOp { expr, .. } | Expr::Nested(expr) | Expr::Cast { expr, .. } => {
            micros_of(expr)
        }
        Expr::Value(_) => micros_of_unit(text(expr)?.split_whitespace().nth(1)?),
        _ => None,
    }
}

/// Whether the text is a name of UTC.
fn is_utc(zone: &str) -> bool {
    ["utc", "etc/utc", "gmt", "z", "+00:00", "+00", "+0:00", "universal", "zulu"]
        .contains(&zone.to_lowercase().as_str())
}

/// The zone that an argument names; `Some(None)` if it is unknown.
pub fn zone(expr: &Expr) -> Option<Option<Tz>> {
    let name = text(expr)?;
    if is_utc(name) {
        return Some(Some(Tz::UTC));
    }
    match name.parse::<Tz>() {
        Ok(zone) => Some(Some(zone)),
        Err(_) => {
            let is_of_area = name.split_once('/').is_some_and(|(area, _)| AREAS.contains(&area));
            (is_of_area || name.ends_with(" Time") || is_offset(name)).then_some(None)
        }
    }
}

/// The first words of the names of zones.
const AREAS: [&str; 14] = [
    "Africa",
    "America",
    "Antarctica",
    "Arctic",
    "Asia",
    "Atlantic",
    "Australia",
    "Brazil",
    "Canada",
    "Chile",
    "Europe",
    "Indian",
    "Mexico",
    "Pacific",
];

/// Whether a text is the name of the current time, or of a day next to it: `date 'today'`.
pub fn is_clock_word(text: &str) -> bool {
    ["now", "today", "tomorrow", "yesterday"].contains(&text.trim().to_lowercase().as_str())
}

/// The number of microseconds in a decimal number of units.
pub fn micros_of_number(expr: &Expr, unit: i64) -> Option<i64> {
    match expr {
        Expr::Value(value) => match &value.value {
            Literal::Number(number, _) => {
                let micros = number.to_string().parse::<f64>().ok()? * unit as f64;
                (micros.abs() < 9e18).then_some(micros.round() as i64)
            }
            _ => None,
        },
        Expr::Nested(inner) | Expr::Cast { expr: inner, .. } => micros_of_number(inner, unit),
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => {
            micros_of_number(expr, unit).map(|micros| -micros)
        }
        _ => None,
    }
}

/// The unit of a number of units since 1970, by its name: `epoch`, `epoch_second`.
pub fn epoch_unit(word: &str) -> Option<i64> {
    Some(match word.to_lowercase().trim_end_matches('s') {
        "epoch" | "epoch_second" => 1_000_000,
        "epoch_millisecond" => 1000,
        "epoch_microsecond" => 1,
        _ => return None,
    })
}

/// Whether an amount may have months or years, whose ends coincide.
pub fn may_have_months(text: &str) -> bool {
    let text = text.to_lowercase();
    ["mon", "quarter", "year", "p1y", "p1m"].iter().any(|word| text.contains(word))
}

/// Whether a text is an offset from UTC, such as `+02:00`, and not an amount of time, such as `+1
/// day`.
fn is_offset(text: &str) -> bool {
    text.strip_prefix(['+', '-'])
        .is_some_and(|offset| offset.chars().all(|char| char.is_ascii_digit() || char == ':'))
}

/// Whether a date or timestamp literal is a midnight; `None` for another expression.
pub fn is_midnight(expr: &Expr) -> Option<bool> {
    let text = text(expr)?;
    let (date, time) = text.trim().split_once([' ', 'T']).unwrap_or((text.trim(), ""));
    chrono::NaiveDate::parse_from_str(date, "%Y-%m-%d").ok()?;
    Some(time.trim_end_matches(['Z', 'z']).chars().all(|digit| "0:.+".contains(digit)))
}

#[cfg(test)]
mod tests {
    use sqlparser::dialect::GenericDialect;
    use sqlparser::parser::Parser;

    use super::*;

    fn parse(sql: &str) -> Expr {
        Parser::new(&GenericDialect {}).try_with_sql(sql).unwrap().parse_expr().unwrap()
    }

    #[test]
    fn amounts_of_time_have_many_spellings() {
        const HOUR: i64 = 3_600_000_000;
        for sql in [
            "interval '5 hours'",
            "interval 5 hour",
            "interval '5' hour",
            "to_hours(5)",
            "toIntervalHour(5)",
            "'5 hours'",
        ] {
            assert_eq!(amount(&parse(sql)), Some((0, 5 * HOUR)), "{sql}");
        }
        assert_eq!(amount(&parse("interval '2 months'")), Some((2, 0)));
        assert_eq!(amount(&parse("-interval '30 minutes'")), Some((0, -HOUR / 2)));
        for sql in ["interval '1 day 2 hours'", "some_hours(5)", "interval x hour", "5"] {
            assert_eq!(amount(&parse(sql)), None, "{sql}");
        }
    }

    #[test]
    fn zones_and_midnights() {
        assert_eq!(zone(&parse("'Europe/Paris'")), Some(Some(Tz::Europe__Paris)));
        assert_eq!(zone(&parse("'utc'")), Some(Some(Tz::UTC)));
        assert_eq!(zone(&parse("'Eastern Standard Time'")), Some(None));
        assert_eq!(zone(&parse("'+02:00'")), Some(None));
        assert_eq!(zone(&parse("'+1 day'")), None);
        assert_eq!(zone(&parse("'Europe/Atlantis'")), Some(None));
        for format in ["'%Y'", "'%m/%Y'", "'MM/YYYY'", "'HH24'"] {
            assert_eq!(zone(&parse(format)), None, "{format}");
        }
        assert_eq!(is_midnight(&parse("timestamp '2024-01-01 00:00:00'")), Some(true));
        assert_eq!(is_midnight(&parse("date '2024-01-01'")), Some(true));
        assert_eq!(is_midnight(&parse("'2024-01-01 09:00'")), Some(false));
        assert_eq!(is_midnight(&parse("5")), None);
    }
}
