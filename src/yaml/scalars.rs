//! The value of an unquoted scalar in YAML 1.1, which dbt reads: `no` is false, `007` an octal
//! number, `12:30` a sexagesimal number, `2024-01-01` a date. Values that JSON does not have
//! (dates, infinity, keys that are numbers) are texts with a private prefix character.

use std::fmt;
use std::sync::LazyLock;

use chrono::{Datelike, FixedOffset, NaiveDate, NaiveTime, Timelike};
use regex::Regex;
use serde_json::{Number, Value};

/// The prefix of a text that represents a value that JSON does not have.
const PREFIX: char = '\u{F0020}';

/// A scalar of YAML.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Date(YamlTimestamp),
    Text(String),
}

/// A date, or a date with a time and optionally an offset from UTC.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct YamlTimestamp {
    pub date: NaiveDate,
    pub time: Option<(NaiveTime, Option<FixedOffset>)>,
}

/// The reason why a scalar has no value, though its tag resolves.
#[derive(Clone, Debug, PartialEq)]
pub struct Invalid {
    pub problem: String,
    pub hint: &'static str,
}

struct Patterns {
    int: Regex,
    float: Regex,
    date: Regex,
}

static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| Patterns {
    int: pattern(
        r"^[-+]?(0b[0-1_]+|0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|[1-9][0-9_]*(:[0-5]?[0-9])+)$",
    ),
    float: pattern(concat!(
        r"^([-+]?[0-9][0-9_]*\.[0-9_]*([eE][-+][0-9]+)?|\.[0-9][0-9_]*([eE][-+][0-9]+)?|",
        r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$"
    )),
    date: pattern(concat!(
        r"^([0-9]{4})-([0-9][0-9]?)-([0-9][0-9]?)",
        r"(?:(?:[Tt]|[ \t]+)([0-9][0-9]?):([0-9][0-9]):([0-9][0-9])(?:\.([0-9]*))?",
        r"(?:[ \t]*(?:(Z)|([-+])([0-9][0-9]?)(?::([0-9][0-9]))?))?)?$",
    )),
});

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is well formed")
}

/// The tag to which YAML 1.1 resolves an unquoted scalar, whether or not it has a value:
/// `2024-13-01` is a `timestamp`.
pub fn tag(word: &str) -> &'static str {
    match word {
        "" | "~" | "null" | "Null" | "NULL" => return "null",
        "=" => return "value",
        "<<" => return "merge",
        _ if truth(word).is_some() => return "bool",
        _ if !word.starts_with(|c: char| c.is_ascii_digit() || ['-', '+', '.'].contains(&c)) => {
            return "str";
        }
        _ => {}
    }
    let patterns = &*PATTERNS;
    // A date without a time has two digits for the month and the day.
    let is_date = || {
        patterns.date.captures(word).is_some_and(|parts| parts.get(4).is_some() || word.len() == 10)
    };
    match word {
        _ if patterns.float.is_match(word) => "float",
        _ if patterns.int.is_match(word) => "int",
        _ if is_date() => "timestamp",
        _ => "str",
    }
}

fn truth(word: &str) -> Option<bool> {
    match word {
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Some(true),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    }
}

/// The value of an unquoted scalar.
pub fn plain(word: &str) -> Result<Scalar, Invalid> {
    tagged(tag(word), word)
}

/// The value of a scalar with one of YAML's own tags.
pub fn tagged(tag: &str, word: &str) -> Result<Scalar, Invalid> {
    let value = match tag {
        "str" => Some(Scalar::Text(word.to_string())),
        "null" => Some(Scalar::Null),
        "bool" => truth(&word.to_lowercase()).map(Scalar::Bool),
        "int" => int(word).map(Scalar::Int),
        "float" => float(word).map(Scalar::Float),
        "timestamp" => date(word).map(Scalar::Date),
        _ => {
            return Err(Invalid {
                problem: format!("the tag `!!{tag}` is not supported here"),
                hint: "remove the tag",
            });
        }
    };
    let kind = match tag {
        "bool" => "boolean",
        "int" | "float" => "number",
        _ => "date",
    };
    value.ok_or_else(|| Invalid {
        problem: format!("`{word}` looks like a {kind}, but is not valid"),
        hint: "put it in quotes if it is a text",
    })
}

/// The sign and the digits of a number, without underscores.
fn signed(word: &str) -> (bool, String) {
    let word = word.replace('_', "");
    match word.strip_prefix('-') {
        Some(digits) => (true, digits.to_string()),
        None => (false, word.strip_prefix('+').unwrap_or(&word).to_string()),
    }
}

fn int(word: &str) -> Option<i128> {
    let (negative, digits) = signed(word);
    let number = if let Some(binary) = digits.strip_prefix("0b") {
        i128::from_str_radix(binary, 2).ok()?
    } else if let Some(hex) = digits.strip_prefix("0x") {
        i128::from_str_radix(hex, 16).ok()?
    } else if digits.len() > 1 && digits.starts_with('0') {
        i128::from_str_radix(&digits, 8).ok()?
    } else if digits.contains(':') {
        digits
            .split(':')
            .try_fold(0i128, |total, part| total.checked_mul(60)?.checked_add(part.parse().ok()?))?
    } else {
        digits.parse().ok()?
    };
    Some(if negative { -number } else { number })
}

fn float(word: &str) -> Option<f64> {
    let (negative, digits) = signed(&word.to_lowercase());
    let number = match &*digits {
        ".inf" => f64::INFINITY,
        ".nan" => f64::NAN,
        digits if digits.contains(':') => {
            let (mut total, mut base) = (0.0, 1.0);
            for part in digits.rsplit(':') {
                total += part.parse::<f64>().ok()? * base;
                base *= 60.0;
            }
            total
        }
        digits => digits.parse().ok()?,
    };
    Some(if negative { -number } else { number })
}

fn date(word: &str) -> Option<YamlTimestamp> {
    let parts = PATTERNS.date.captures(word)?;
    let part = |group: usize| parts.get(group).and_then(|part| part.as_str().parse::<u32>().ok());
    let year = i32::try_from(part(1)?).ok().filter(|year| *year > 0)?;
    let date = NaiveDate::from_ymd_opt(year, part(2)?, part(3)?)?;
    let Some(hour) = part(4) else { return Some(YamlTimestamp { date, time: None }) };
    let fraction: String = parts
        .get(7)
        .map_or("", |fraction| fraction.as_str())
        .chars()
        .chain("000000".chars())
        .take(6)
        .collect();
    let time = NaiveTime::from_hms_micro_opt(hour, part(5)?, part(6)?, fraction.parse().ok()?)?;
    let seconds = match (parts.get(8), parts.get(9)) {
        (Some(_), _) => Some(0),
        (None, Some(sign)) => {
            let seconds = i32::try_from(part(10)? * 3600 + part(11).unwrap_or(0) * 60).ok()?;
            Some(if sign.as_str() == "-" { -seconds } else { seconds })
        }
        _ => None,
    };
    let zone = match seconds {
        Some(seconds) => Some(FixedOffset::east_opt(seconds)?),
        None => None,
    };
    Some(YamlTimestamp { date, time: Some((time, zone)) })
}

/// Python's ISO format.
impl fmt::Display for YamlTimestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.date.year(), self.date.month(), self.date.day())?;
        let Some((time, zone)) = self.time else { return Ok(()) };
        write!(f, "T{}", time.format("%H:%M:%S"))?;
        if time.nanosecond() > 0 {
            write!(f, ".{:06}", time.nanosecond() / 1000)?;
        }
        match zone {
            Some(zone) => write!(f, "{zone}"),
            None => Ok(()),
        }
    }
}

impl Scalar {
    /// JSON, with dates as texts.
    pub fn json(&self) -> Value {
        match self {
            Scalar::Date(date) => Value::String(date.to_string()),
            _ => self.exact(),
        }
    }

    /// JSON that preserves every value; values that JSON does not have are texts with the prefix.
    pub fn exact(&self) -> Value {
        match self {
            Scalar::Null => Value::Null,
            Scalar::Bool(truth) => Value::Bool(*truth),
            Scalar::Int(number) => match (i64::try_from(*number), u64::try_from(*number)) {
                (Ok(number), _) => Value::from(number),
                (_, Ok(number)) => Value::from(number),
                _ => Value::String(self.key()),
            },
            Scalar::Float(number) => {
                Number::from_f64(*number).map_or_else(|| Value::String(self.key()), Value::Number)
            }
            Scalar::Date(_) => Value::String(self.key()),
            Scalar::Text(text) => Value::String(text.clone()),
        }
    }

    /// The key in a JSON dict.
    pub fn key(&self) -> String {
        match self {
            Scalar::Null => format!("{PREFIX}null"),
            Scalar::Bool(truth) => format!("{PREFIX}{truth}"),
            Scalar::Int(number) => format!("{PREFIX}{number}"),
            Scalar::Float(number) if number.is_nan() => format!("{PREFIX}nan"),
            // With a point or an exponent, to distinguish it from an integer.
            Scalar::Float(number) => format!("{PREFIX}{number:?}"),
            Scalar::Date(date) => format!("{PREFIX}{date}"),
            Scalar::Text(text) => text.clone(),
        }
    }
}

/// The value that a text with the prefix represents.
pub fn decoded(text: &str) -> Option<Scalar> {
    let text = text.strip_prefix(PREFIX)?;
    Some(match text {
        "null" => Scalar::Null,
        "true" => Scalar::Bool(true),
        "false" => Scalar::Bool(false),
        text => text
            .parse()
            .map(Scalar::Int)
            .or_else(|_| text.parse().map(Scalar::Float))
            .unwrap_or_else(|_| {
                date(text).map_or_else(|| Scalar::Text(text.to_string()), Scalar::Date)
            }),
    })
}

/// Whether a JSON key represents a text.
pub fn is_text(key: &str) -> bool {
    !key.starts_with(PREFIX)
}

/// Whether two keys are equal, as in Python, where `1`, `1.0` and `true` are equal.
pub fn is_same_key(one: &str, other: &str) -> bool {
    let number = |key: &str| match decoded(key)? {
        Scalar::Bool(truth) => Some(f64::from(u8::from(truth))),
        Scalar::Int(number) => Some(number as f64),
        Scalar::Float(number) => Some(number),
        _ => None,
    };
    one == other || number(one).is_some_and(|one| Some(one) == number(other))
}

/// The text without the prefix.
pub fn without_prefix(text: &str) -> &str {
    text.strip_prefix(PREFIX).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_have_their_values_of_yaml_1_1() {
        for (word, expected) in [
            ("no", Scalar::Bool(false)),
            ("On", Scalar::Bool(true)),
            ("y", Scalar::Text("y".to_string())),
            ("007", Scalar::Int(7)),
            ("08", Scalar::Text("08".to_string())),
            ("1_000", Scalar::Int(1000)),
            ("12:30", Scalar::Int(750)),
            ("-0x1F", Scalar::Int(-31)),
            ("0b101", Scalar::Int(5)),
            ("0o17", Scalar::Text("0o17".to_string())),
            ("1e3", Scalar::Text("1e3".to_string())),
            ("1.5e+3", Scalar::Float(1500.0)),
            ("-.inf", Scalar::Float(f64::NEG_INFINITY)),
            ("1:30.5", Scalar::Float(90.5)),
            ("2024-01-31", Scalar::Text("date 2024-01-31".to_string())),
            ("2024-1-31", Scalar::Text("2024-1-31".to_string())),
            (
                "2024-01-31 5:06:07.5 +02:00",
                Scalar::Text("date 2024-01-31T05:06:07.500000+02:00".to_string()),
            ),
            ("2024-01-31T05:06:07Z", Scalar::Text("date 2024-01-31T05:06:07+00:00".to_string())),
            ("~", Scalar::Null),
            ("1.2.3", Scalar::Text("1.2.3".to_string())),
        ] {
            let scalar = plain(word).unwrap();
            let scalar = if let Scalar::Date(date) = scalar {
                Scalar::Text(format!("date {date}"))
            } else {
                scalar
            };
            assert_eq!(scalar, expected, "{word}");
        }
    }
}
