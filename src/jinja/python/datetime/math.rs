//! Python's arithmetic of dates and times: sums, distances, multiples, order, and their `repr`.

use std::cmp::Ordering;

use chrono::{Datelike, Duration, NaiveDate, NaiveDateTime, NaiveTime, Timelike};
use minijinja::value::{Value, ValueKind};
use minijinja::{Error, ErrorKind};

use super::Moment;
use super::zone::Zone;

/// `span * number`, where the first is a span.
pub fn scaled(span: &Value, by: &Value) -> Option<Result<Value, Error>> {
    let Moment::Span(span) = span.downcast_object_ref::<Moment>()? else { return None };
    let by = number(by)?;
    Some(micros_value((span.num_microseconds()? as f64 * by).round_ties_even()))
}

/// `span / number`, `span / span`, and both with `//`.
pub fn quotient(left: &Value, right: &Value, floor: bool) -> Option<Result<Value, Error>> {
    let Moment::Span(left) = left.downcast_object_ref::<Moment>()? else { return None };
    let left = left.num_microseconds()? as f64;
    let zero = || Err(Error::new(ErrorKind::InvalidOperation, "division by zero"));
    if let Some(Moment::Span(right)) = right.downcast_object_ref::<Moment>() {
        let right = right.num_microseconds()? as f64;
        return Some(match right {
            0.0 => zero(),
            right if floor => Ok(Value::from((left / right).floor() as i64)),
            right => Ok(Value::from(left / right)),
        });
    }
    Some(match number(right)? {
        0.0 => zero(),
        // Only an integer divides a span with `//`.
        _ if floor && right.kind() == ValueKind::Number && !right.is_integer() => return None,
        by if floor => micros_value((left / by).floor()),
        right => micros_value((left / right).round_ties_even()),
    })
}

fn number(value: &Value) -> Option<f64> {
    if value.kind() == ValueKind::Bool {
        return Some(f64::from(u8::from(value.is_true())));
    }
    (value.is_number() && !value.is_undefined())
        .then(|| f64::try_from(value.clone()).ok())
        .flatten()
}

fn micros_value(micros: f64) -> Result<Value, Error> {
    if micros.abs() > 8e19 {
        return Err(Error::new(
            ErrorKind::InvalidOperation,
            "the span is longer than 999999999 days",
        ));
    }
    Ok(Value::from_object(Moment::Span(Duration::microseconds(micros as i64))))
}

/// `span % span`.
pub fn remainder(left: &Value, right: &Value) -> Option<Result<Value, Error>> {
    let (Moment::Span(left), Moment::Span(right)) =
        (left.downcast_object_ref::<Moment>()?, right.downcast_object_ref::<Moment>()?)
    else {
        return None;
    };
    let (left, right) = (left.num_microseconds()?, right.num_microseconds()?);
    Some(match right {
        0 => Err(Error::new(ErrorKind::InvalidOperation, "integer modulo by zero")),
        right => micros_value(((left % right + right) % right) as f64),
    })
}

/// `-span`.
pub fn negated(value: &Value) -> Option<Value> {
    match value.downcast_object_ref::<Moment>()? {
        Moment::Span(span) => Some(Value::from_object(Moment::Span(-*span))),
        _ => None,
    }
}

/// `abs(span)`.
pub fn absolute(value: &Value) -> Option<Value> {
    match value.downcast_object_ref::<Moment>()? {
        Moment::Span(span) => Some(Value::from_object(Moment::Span(span.abs()))),
        _ => None,
    }
}

/// `left + right` or `left - right` for dates and times; `None` if neither is one.
pub fn sum(left: &Value, right: &Value, minus: bool) -> Option<Result<Value, Error>> {
    let (a, b) = (left.downcast_object_ref::<Moment>(), right.downcast_object_ref::<Moment>());
    if a.is_none() && b.is_none() {
        return None;
    }
    let result = match (a, b) {
        // Only whole days of the span are subtracted from a date; they are rounded down.
        (Some(Moment::Date(date)), Some(Moment::Span(span))) => {
            let days = Duration::days(span.num_seconds().div_euclid(86_400));
            Moment::Date(*date).shifted(if minus { -days } else { days })
        }
        (Some(moment), Some(Moment::Span(span))) if minus => moment.shifted(-*span),
        (Some(moment), Some(Moment::Span(span))) | (Some(Moment::Span(span)), Some(moment))
            if !minus =>
        {
            moment.shifted(*span)
        }
        (Some(a), Some(b)) if minus => {
            let message = match (a, b) {
                (Moment::Time(_, a), Moment::Time(_, b)) if a.is_some() != b.is_some() => {
                    Some("can't subtract offset-naive and offset-aware datetimes")
                }
                (Moment::Time(..), Moment::Time(..)) | (Moment::Date(_), Moment::Date(_)) => None,
                _ => Some(""),
            };
            match (message, a.instant(), b.instant()) {
                (None, Some(a), Some(b)) => Some(Moment::Span(a.signed_duration_since(b))),
                (Some(message), ..) if !message.is_empty() => {
                    return Some(Err(Error::new(ErrorKind::InvalidOperation, message)));
                }
                _ => None,
            }
        }
        _ => None,
    };
    let sign = if minus { '-' } else { '+' };
    Some(result.map(Value::from_object).ok_or_else(|| {
        Error::new(ErrorKind::InvalidOperation, format!("`{left} {sign} {right}` is not supported"))
    }))
}

impl Moment {
    /// The type's name in Python's messages.
    pub fn type_name(&self) -> &'static str {
        match self {
            Moment::Time(..) => "datetime.datetime",
            Moment::Date(_) => "datetime.date",
            Moment::Clock(_) => "datetime.time",
            Moment::Span(_) => "datetime.timedelta",
            Moment::Zone(_) => "datetime.timezone",
        }
    }

    /// Python's order; `None` if the two are not comparable.
    pub fn order(&self, other: &Moment) -> Result<Option<Ordering>, Error> {
        let type_error =
            |message: &str| Err(Error::new(ErrorKind::InvalidOperation, message.to_string()));
        match (self, other) {
            (Moment::Clock(a), Moment::Clock(b)) => Ok(Some(a.cmp(b))),
            (Moment::Span(a), Moment::Span(b)) => Ok(Some(a.cmp(b))),
            (Moment::Time(_, a), Moment::Time(_, b)) if a.is_some() != b.is_some() => {
                type_error("can't compare offset-naive and offset-aware datetimes")
            }
            (Moment::Time(..), Moment::Time(..)) | (Moment::Date(_), Moment::Date(_)) => {
                Ok(Some(self.instant().cmp(&other.instant())))
            }
            (Moment::Time(..), Moment::Date(_)) | (Moment::Date(_), Moment::Time(..)) => {
                type_error("can't compare datetime.datetime to datetime.date")
            }
            _ => Ok(None),
        }
    }

    /// Python's `repr`.
    pub fn repr(&self) -> String {
        let date = |date: NaiveDate| format!("{}, {}, {}", date.year(), date.month(), date.day());
        let clock = |time: NaiveTime| {
            let mut parts = vec![time.hour(), time.minute()];
            let micros = time.nanosecond() / 1000;
            if time.second() > 0 || micros > 0 {
                parts.push(time.second());
            }
            if micros > 0 {
                parts.push(micros);
            }
            parts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        };
        match self {
            Moment::Time(at, zone) => {
                let zone = zone
                    .map(|zone| format!(", tzinfo={}", zone_repr(zone, *at)))
                    .unwrap_or_default();
                format!("datetime.datetime({}, {}{zone})", date(at.date()), clock(at.time()))
            }
            Moment::Date(day) => format!("datetime.date({})", date(*day)),
            Moment::Clock(time) => format!("datetime.time({})", clock(*time)),
            Moment::Span(span) => {
                let seconds = span.num_seconds() - i64::from(span.subsec_nanos() < 0);
                let micros = (span.subsec_nanos() / 1000).rem_euclid(1_000_000);
                let parts = [
                    ("days", seconds.div_euclid(86_400)),
                    ("seconds", seconds.rem_euclid(86_400)),
                    ("microseconds", i64::from(micros)),
                ];
                let parts: Vec<String> = parts
                    .iter()
                    .filter(|(_, part)| *part != 0)
                    .map(|(name, part)| format!("{name}={part}"))
                    .collect();
                format!(
                    "datetime.timedelta({})",
                    if parts.is_empty() { "0".to_string() } else { parts.join(", ") }
                )
            }
            Moment::Zone(Zone::UTC) => "<UTC>".to_string(),
            Moment::Zone(zone) => Moment::Zone(*zone).iso(""),
        }
    }
}

/// The zone of a time as pytz prints it.
fn zone_repr(zone: Zone, at: NaiveDateTime) -> String {
    let Zone::Named(named, seconds) = zone else { return Moment::Zone(zone).repr() };
    if zone == Zone::UTC {
        return "<UTC>".to_string();
    }
    let (sign, offset) = (
        if seconds < 0 { "" } else { "+" },
        Moment::Span(Duration::seconds(i64::from(seconds))).iso(""),
    );
    let kind = if zone.summer_time(at).is_zero() { "STD" } else { "DST" };
    format!(
        "<DstTzInfo '{}' {}{sign}{offset} {kind}>",
        named.name(),
        zone.abbreviation(at).unwrap_or_default()
    )
}
