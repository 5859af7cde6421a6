//! Python's `datetime` and `pytz` modules: the classes that make dates and times. "Now" is the run's own, the same for all models.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Duration, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime};
use chrono_tz::Tz;
use minijinja::value::{Object, ObjectRepr, Value};
use minijinja::{Error, ErrorKind, State};

use super::call::Call;
use super::collections;
use super::datetime::{Moment, Zone};
use crate::calendar::Instant;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Time,
    Date,
    Clock,
    Span,
    Zone,
    Pytz,
}

/// One of the classes, or the module `pytz`.
struct Class {
    kind: Kind,
    now: Instant,
}

pub(super) fn datetime(now: Instant) -> Value {
    let class = |kind| Value::from_object(Class { kind, now });
    collections::dict(
        [
            ("datetime", Kind::Time),
            ("date", Kind::Date),
            ("time", Kind::Clock),
            ("timedelta", Kind::Span),
            ("timezone", Kind::Zone),
            ("tzinfo", Kind::Zone),
        ]
        .map(|(name, kind)| (Value::from(name), class(kind))),
    )
}

pub(super) fn pytz(now: Instant) -> Value {
    Value::from_object(Class { kind: Kind::Pytz, now })
}

/// A whole number by place or name.
pub(super) fn whole<T: TryFrom<i64>>(call: &Call, place: usize, name: &str, default: i64) -> Result<T, Error> {
    let given = call.integer(place, name)?.unwrap_or(default);
    T::try_from(given).map_err(|_| call.error(format!("{given} cannot be the `{name}`")))
}

/// The zone that an argument names.
pub(super) fn needs_zone(call: &Call, value: &Value) -> Result<Zone, Error> {
    match value.downcast_object_ref::<Moment>() {
        Some(Moment::Zone(zone)) => Ok(*zone),
        _ => match value.as_str().and_then(|name| name.parse::<Tz>().ok()) {
            Some(zone) => Ok(Zone::Named(zone)),
            None => Err(call.error(format!("{value:?} is not a time zone"))),
        },
    }
}

fn beyond(call: &Call) -> Error {
    call.error("there is no such date or time")
}

impl Class {
    fn now(&self) -> NaiveDateTime {
        self.now.naive_utc()
    }

    fn made(&self, call: &Call) -> Result<Moment, Error> {
        match self.kind {
            Kind::Time | Kind::Date => {
                let date = NaiveDate::from_ymd_opt(whole(call, 0, "year", 0)?, whole(call, 1, "month", 0)?, whole(call, 2, "day", 0)?);
                let date = date.ok_or_else(|| beyond(call))?;
                if self.kind == Kind::Date {
                    return Ok(Moment::Date(date));
                }
                let zone = match call.get(7, "tzinfo").filter(|zone| !zone.is_none()) {
                    Some(zone) => Some(needs_zone(call, &zone)?),
                    None => None,
                };
                Ok(Moment::Time(date.and_time(clock(call, 3)?), zone))
            }
            Kind::Clock => clock(call, 0).map(Moment::Clock),
            Kind::Span => span(call).map(Moment::Span),
            Kind::Zone => match call.needs(0, "offset")?.downcast_object_ref::<Moment>() {
                Some(Moment::Span(span)) => {
                    let seconds = i32::try_from(span.num_seconds()).ok().and_then(FixedOffset::east_opt);
                    seconds.map(|offset| Moment::Zone(Zone::Fixed(offset))).ok_or_else(|| beyond(call))
                }
                _ => Err(call.error("needs a timedelta")),
            },
            Kind::Pytz => Err(call.error("a module cannot be called")),
        }
    }
}

fn clock(call: &Call, place: usize) -> Result<NaiveTime, Error> {
    let part = |at: usize, name: &str| whole::<u32>(call, place + at, name, 0);
    let time = NaiveTime::from_hms_micro_opt(part(0, "hour")?, part(1, "minute")?, part(2, "second")?, part(3, "microsecond")?);
    time.ok_or_else(|| beyond(call))
}

fn span(call: &Call) -> Result<Duration, Error> {
    let units = [
        ("days", 86_400e6),
        ("seconds", 1e6),
        ("microseconds", 1.0),
        ("milliseconds", 1e3),
        ("minutes", 60e6),
        ("hours", 3600e6),
        ("weeks", 604_800e6),
    ];
    let mut micros = 0.0;
    for (place, (name, unit)) in units.into_iter().enumerate() {
        if let Some(value) = call.get(place, name) {
            let count = f64::try_from(value.clone()).map_err(|_| call.error(format!("{value:?} cannot be the `{name}`")))?;
            micros += count * unit;
        }
    }
    // What Python's timedelta can hold.
    if !(-8.64e19..=8.64e19).contains(&micros) {
        return Err(beyond(call));
    }
    let seconds = (micros / 1e6).floor();
    Duration::try_seconds(seconds as i64)
        .and_then(|whole| whole.checked_add(&Duration::microseconds((micros - seconds * 1e6).round() as i64)))
        .ok_or_else(|| beyond(call))
}

/// ISO texts as Python's `fromisoformat` takes them.
fn from_iso(text: &str, call: &Call) -> Result<Moment, Error> {
    if let Ok(at) = DateTime::parse_from_rfc3339(&text.replacen(' ', "T", 1)) {
        return Ok(Moment::Time(at.naive_local(), Some(zone_of(*at.offset()))));
    }
    for pattern in ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y%m%dT%H%M%S"] {
        if let Ok(at) = NaiveDateTime::parse_from_str(text, pattern) {
            return Ok(Moment::Time(at, None));
        }
    }
    for pattern in ["%Y-%m-%d", "%Y%m%d"] {
        if let Ok(date) = NaiveDate::parse_from_str(text, pattern) {
            return Ok(Moment::Time(date.and_time(NaiveTime::MIN), None));
        }
    }
    Err(call.error(format!("`{text}` is not an ISO date")))
}

fn zone_of(offset: FixedOffset) -> Zone {
    if offset.local_minus_utc() == 0 { Zone::Named(Tz::UTC) } else { Zone::Fixed(offset) }
}

fn parsed(text: &str, pattern: &str, call: &Call) -> Result<Moment, Error> {
    let ours = pattern.replace(".%f", "%.f");
    if pattern.contains("%z")
        && let Ok(at) = DateTime::parse_from_str(text, &ours)
    {
        return Ok(Moment::Time(at.naive_local(), Some(zone_of(*at.offset()))));
    }
    if let Ok(at) = NaiveDateTime::parse_from_str(text, &ours) {
        return Ok(Moment::Time(at, None));
    }
    if let Ok(date) = NaiveDate::parse_from_str(text, &ours) {
        return Ok(Moment::Time(date.and_time(NaiveTime::MIN), None));
    }
    // A month or a year alone: Python takes the first day.
    let padded = [("%d", "01"), ("-%m-%d", "-01-01")]
        .into_iter()
        .find_map(|(more, value)| NaiveDate::parse_from_str(&format!("{text}{value}"), &format!("{ours}{more}")).ok());
    match padded.or_else(|| NaiveDate::parse_from_str(&format!("{text} 01"), &format!("{ours} %d")).ok()) {
        Some(date) => Ok(Moment::Time(date.and_time(NaiveTime::MIN), None)),
        None => Err(call.error(format!("`{text}` does not have the form `{pattern}`"))),
    }
}

impl fmt::Debug for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<class {:?}>", self.kind)
    }
}

impl Object for Class {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn call(self: &Arc<Self>, _: &mut State, args: &[Value]) -> Result<Value, Error> {
        let name = match self.kind {
            Kind::Time => "datetime",
            Kind::Date => "date",
            Kind::Clock => "time",
            Kind::Span => "timedelta",
            Kind::Zone => "timezone",
            Kind::Pytz => "pytz",
        };
        self.made(&Call::of("", name, args)).map(Value::from_object)
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let moment = match (self.kind, key.as_str()?) {
            (Kind::Zone | Kind::Pytz, "utc" | "UTC") => Moment::Zone(Zone::Named(Tz::UTC)),
            (Kind::Date, "min") => Moment::Date(NaiveDate::from_ymd_opt(1, 1, 1)?),
            (Kind::Date, "max") => Moment::Date(NaiveDate::from_ymd_opt(9999, 12, 31)?),
            (Kind::Time, "min") => Moment::Time(NaiveDate::from_ymd_opt(1, 1, 1)?.and_hms_opt(0, 0, 0)?, None),
            (Kind::Time, "max") => Moment::Time(NaiveDate::from_ymd_opt(9999, 12, 31)?.and_hms_micro_opt(23, 59, 59, 999_999)?, None),
            _ => return None,
        };
        Some(Value::from_object(moment))
    }

    fn call_method(self: &Arc<Self>, _: &mut State, method: &str, args: &[Value]) -> Result<Value, Error> {
        let call = Call::of(if self.kind == Kind::Date { "date" } else { "datetime" }, method, args);
        let moment = match (self.kind, method) {
            (Kind::Time, "now" | "today" | "utcnow") => match call.get(0, "tz").filter(|zone| !zone.is_none()) {
                Some(zone) => {
                    let zone = needs_zone(&call, &zone)?;
                    Moment::Time(zone.local(self.now), Some(zone))
                }
                None => Moment::Time(self.now(), None),
            },
            (Kind::Date, "today") => Moment::Date(self.now().date()),
            (Kind::Time, "strptime") => parsed(&call.needs_text(0, "date_string")?, &call.needs_text(1, "format")?, &call)?,
            (Kind::Time, "fromisoformat") => from_iso(&call.needs_text(0, "date_string")?, &call)?,
            (Kind::Date, "fromisoformat") => match from_iso(&call.needs_text(0, "date_string")?, &call)? {
                Moment::Time(at, _) => Moment::Date(at.date()),
                other => other,
            },
            (Kind::Time | Kind::Date, "fromtimestamp" | "utcfromtimestamp") => {
                let seconds = f64::try_from(call.needs(0, "timestamp")?).map_err(|_| call.error("needs a number"))?;
                let at = DateTime::from_timestamp_micros((seconds * 1e6).round() as i64).ok_or_else(|| beyond(&call))?;
                match call.get(1, "tz").filter(|zone| !zone.is_none()) {
                    _ if self.kind == Kind::Date => Moment::Date(at.date_naive()),
                    Some(zone) => {
                        let zone = needs_zone(&call, &zone)?;
                        Moment::Time(zone.local(at), Some(zone))
                    }
                    None => Moment::Time(at.naive_utc(), None),
                }
            }
            (Kind::Time, "combine") => match (call.needs(0, "date")?.downcast_object_ref(), call.needs(1, "time")?.downcast_object_ref()) {
                (Some(Moment::Date(date)), Some(Moment::Clock(time))) => Moment::Time(date.and_time(*time), None),
                (Some(Moment::Time(at, _)), Some(Moment::Clock(time))) => Moment::Time(at.date().and_time(*time), None),
                _ => return Err(call.error("needs a date and a time")),
            },
            (Kind::Pytz, "timezone") => Moment::Zone(needs_zone(&call, &call.needs(0, "zone")?)?),
            (Kind::Pytz, "FixedOffset") => {
                let offset = FixedOffset::east_opt(whole::<i32>(&call, 0, "minutes", 0)?.saturating_mul(60));
                Moment::Zone(Zone::Fixed(offset.ok_or_else(|| beyond(&call))?))
            }
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        };
        Ok(Value::from_object(moment))
    }
}
