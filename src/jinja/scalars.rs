//! What an unquoted word of YAML means to dbt, which reads YAML 1.1: `no` is false, `007` an octal number, `12:30` a number to
//! the base of 60, `2024-01-01` a date. What JSON does not have (dates, infinity) travels as a text behind a sign of our own.

use std::sync::LazyLock;

use chrono::{FixedOffset, NaiveDate, NaiveDateTime, NaiveTime};
use minijinja::Value;
use regex::Regex;
use serde_json::{Number, Value as Json};

use super::datetime::Moment;
use super::datetime_zone::Zone;

/// Begins a text that stands for a value which JSON does not have.
const SIGN: char = '\u{F0020}';

/// A scalar of YAML.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    /// A date or time, in Python's ISO form.
    Date(String),
    Text(String),
}

struct Patterns {
    int: Regex,
    float: Regex,
    date: Regex,
}

static PATTERNS: LazyLock<Option<Patterns>> = LazyLock::new(|| {
    Some(Patterns {
        int: Regex::new(r"^[-+]?(0b[0-1_]+|0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|[1-9][0-9_]*(:[0-5]?[0-9])+)$").ok()?,
        float: Regex::new(concat!(
            r"^([-+]?[0-9][0-9_]*\.[0-9_]*([eE][-+][0-9]+)?|\.[0-9][0-9_]*([eE][-+][0-9]+)?|",
            r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$"
        ))
        .ok()?,
        date: Regex::new(concat!(
            r"^(\d{4})-(\d\d?)-(\d\d?)",
            r"(?:(?:[Tt]|[ \t]+)(\d\d?):(\d\d):(\d\d)(?:\.(\d*))?(?:[ \t]*(?:(Z)|([-+])(\d\d?)(?::(\d\d))?))?)?$"
        ))
        .ok()?,
    })
});

/// The meaning of an unquoted word.
pub fn plain(word: &str) -> Scalar {
    match word {
        "" | "~" | "null" | "Null" | "NULL" => return Scalar::Null,
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => return Scalar::Bool(true),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => return Scalar::Bool(false),
        _ => {}
    }
    let text = || Scalar::Text(word.to_string());
    if !word.starts_with(|c: char| c.is_ascii_digit() || ['-', '+', '.'].contains(&c)) {
        return text();
    }
    let Some(patterns) = &*PATTERNS else { return text() };
    if patterns.int.is_match(word) {
        return int(word).map_or_else(text, Scalar::Int);
    }
    if patterns.float.is_match(word) {
        return float(word).map_or_else(text, Scalar::Float);
    }
    date(word, &patterns.date).map_or_else(text, |moment| Scalar::Date(moment.iso("T")))
}

/// The tag by which YAML 1.1 reads an unquoted word, whether or not it has a value: `2024-13-01` is a `timestamp`.
pub(super) fn tag(word: &str) -> &'static str {
    match (word, plain(word), &*PATTERNS) {
        ("=", ..) => "value",
        ("<<", ..) => "merge",
        (_, Scalar::Null, _) => "null",
        (_, Scalar::Bool(_), _) => "bool",
        (_, _, Some(patterns)) if patterns.int.is_match(word) => "int",
        (_, _, Some(patterns)) if patterns.float.is_match(word) => "float",
        (_, _, Some(patterns)) => match patterns.date.captures(word) {
            // A date alone has two digits for the month and the day.
            Some(parts) if parts.get(4).is_some() || word.len() == 10 => "timestamp",
            _ => "str",
        },
        _ => "str",
    }
}

/// The meaning of a scalar with one of YAML's own tags; none where the tag is another.
pub fn tagged(tag: &str, word: &str) -> Option<Scalar> {
    match (tag, plain(word)) {
        ("str", _) => Some(Scalar::Text(word.to_string())),
        ("null", _) => Some(Scalar::Null),
        ("bool", found @ Scalar::Bool(_)) | ("int", found @ Scalar::Int(_)) | ("timestamp", found @ Scalar::Date(_)) => Some(found),
        ("float", Scalar::Int(number)) => Some(Scalar::Float(number as f64)),
        ("float", Scalar::Float(number)) => Some(Scalar::Float(number)),
        ("float", _) => word.replace('_', "").parse().ok().map(Scalar::Float),
        _ => None,
    }
}

/// Sign and digits of a number, without underscores.
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
    } else if digits.contains(':') {
        digits.split(':').try_fold(0i128, |total, part| total.checked_mul(60)?.checked_add(part.parse().ok()?))?
    } else if digits.len() > 1 && digits.starts_with('0') {
        i128::from_str_radix(&digits, 8).ok()?
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
        digits if digits.contains(':') => digits.split(':').try_fold(0.0, |total, part| Some(total * 60.0 + part.parse::<f64>().ok()?))?,
        digits => digits.parse().ok()?,
    };
    Some(if negative { -number } else { number })
}

fn date(word: &str, pattern: &Regex) -> Option<Moment> {
    let found = pattern.captures(word)?;
    let part = |group: usize| found.get(group).and_then(|part| part.as_str().parse::<u32>().ok());
    let day = NaiveDate::from_ymd_opt(i32::try_from(part(1)?).ok()?, part(2)?, part(3)?)?;
    let Some(hour) = part(4) else {
        // A date alone has two digits for the month and the day.
        return (word.len() == 10).then_some(Moment::Date(day));
    };
    let fraction: String = found.get(7).map_or("", |fraction| fraction.as_str()).chars().chain("000000".chars()).take(6).collect();
    let time = NaiveTime::from_hms_micro_opt(hour, part(5)?, part(6)?, fraction.parse().ok()?)?;
    let zone = match (found.get(8), found.get(9)) {
        (Some(_), _) => Some(0),
        (None, Some(sign)) => {
            let minutes = part(10)? * 60 + part(11).unwrap_or(0);
            Some(if sign.as_str() == "-" { -(minutes as i32) } else { minutes as i32 })
        }
        _ => None,
    };
    let zone = match zone {
        Some(minutes) => Some(Zone::Fixed(FixedOffset::east_opt(minutes * 60)?)),
        None => None,
    };
    Some(Moment::Time(NaiveDateTime::new(day, time), zone))
}

impl Scalar {
    /// As JSON, for places that render their dates as texts.
    pub fn json(&self) -> Json {
        match self {
            Scalar::Date(iso) => Json::String(iso.clone()),
            _ => self.exact(),
        }
    }

    /// As JSON that keeps what JSON does not have; templates see the value itself.
    pub fn exact(&self) -> Json {
        match self {
            Scalar::Null => Json::Null,
            Scalar::Bool(truth) => Json::Bool(*truth),
            Scalar::Int(number) => match (i64::try_from(*number), u64::try_from(*number)) {
                (Ok(number), _) => Json::from(number),
                (_, Ok(number)) => Json::from(number),
                _ => Json::String(format!("{SIGN}{number}")),
            },
            Scalar::Float(number) => match Number::from_f64(*number) {
                Some(number) => Json::Number(number),
                None => Json::String(format!("{SIGN}{}", super::python::text::float(*number))),
            },
            Scalar::Date(iso) => Json::String(format!("{SIGN}{iso}")),
            Scalar::Text(text) => Json::String(text.clone()),
        }
    }
}

/// The value that a text stands for, if it stands for one.
pub(super) fn hidden(text: &str) -> Option<Value> {
    let text = text.strip_prefix(SIGN)?;
    Some(match text {
        "inf" => Value::from(f64::INFINITY),
        "-inf" => Value::from(f64::NEG_INFINITY),
        "nan" => Value::from(f64::NAN),
        text => match text.parse::<i128>() {
            Ok(number) => Value::from(number),
            Err(_) => {
                PATTERNS.as_ref().and_then(|patterns| date(text, &patterns.date)).map_or_else(|| Value::from(text), Value::from_object)
            }
        },
    })
}

/// The text without the sign of a value that JSON does not have.
pub fn shown(text: &str) -> &str {
    text.strip_prefix(SIGN).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_mean_what_they_mean_in_yaml_1_1() {
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
            ("2024-01-31", Scalar::Date("2024-01-31".to_string())),
            ("2024-1-31", Scalar::Text("2024-1-31".to_string())),
            ("2024-01-31 5:06:07.5 +02:00", Scalar::Date("2024-01-31T05:06:07.500000+02:00".to_string())),
            ("2024-01-31T05:06:07Z", Scalar::Date("2024-01-31T05:06:07+00:00".to_string())),
            ("~", Scalar::Null),
            ("1.2.3", Scalar::Text("1.2.3".to_string())),
        ] {
            assert_eq!(plain(word), expected, "{word}");
        }
    }
}
