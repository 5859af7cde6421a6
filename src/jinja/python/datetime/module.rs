//! Python's `datetime` and `pytz` modules: the classes that create dates and times. The current
//! time is that of the run, the same for all models.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Datelike, Duration, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime};
use chrono_tz::Tz;
use minijinja::value::{Object, ObjectRepr, Value};
use minijinja::{Error, ErrorKind, State};

use super::Moment;
use super::class::bound;
use super::strptime::strptime;
use super::zone::Zone;
use crate::calendar::Instant;
use crate::jinja::python::call::Call;
use crate::jinja::python::collections;

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

pub fn datetime(now: Instant) -> Value {
    let class = |kind| Value::from_object(Class { kind, now });
    collections::dict(
        [
            ("datetime", Kind::Time),
            ("date", Kind::Date),
            ("time", Kind::Clock),
            ("timedelta", Kind::Span),
            ("tzinfo", Kind::Zone),
        ]
        .map(|(name, kind)| (Value::from(name), class(kind))),
    )
}

pub fn pytz(now: Instant) -> Value {
    Value::from_object(Class { kind: Kind::Pytz, now })
}

/// An integer argument by position or name.
pub fn whole<T: TryFrom<i64>>(
    call: &Call,
    position: usize,
    name: &str,
    default: i64,
) -> Result<T, Error> {
    let value = call.integer(position, name)?.unwrap_or(default);
    T::try_from(value).map_err(|_| call.error(format!("{value} cannot be the `{name}`")))
}

/// The zone of an argument.
pub fn needs_zone(call: &Call, value: &Value) -> Result<Zone, Error> {
    match value.downcast_object_ref::<Moment>() {
        Some(Moment::Zone(zone)) => Ok(*zone),
        _ => match value.as_str().and_then(zone_by_name) {
            Some(zone) => Ok(zone),
            None => Err(call.error(format!("{value:?} is not a time zone"))),
        },
    }
}

/// A zone by its name, in any case.
fn zone_by_name(name: &str) -> Option<Zone> {
    let by_case = || {
        chrono_tz::TZ_VARIANTS.iter().find(|zone| zone.name().eq_ignore_ascii_case(name)).copied()
    };
    match name.parse::<Tz>().ok().or_else(by_case)? {
        Tz::UTC => Some(Zone::UTC),
        zone => Some(Zone::named(zone)),
    }
}

fn invalid_time(call: &Call) -> Error {
    call.error("invalid date or time")
}

impl Class {
    /// A value of the class.
    fn sample(&self) -> Option<Moment> {
        Some(match self.kind {
            Kind::Time => Moment::Time(NaiveDateTime::default(), None),
            Kind::Date => Moment::Date(NaiveDate::default()),
            Kind::Clock => Moment::Clock(NaiveTime::MIN),
            Kind::Span => Moment::Span(Duration::zero()),
            Kind::Zone | Kind::Pytz => return None,
        })
    }

    fn now(&self) -> NaiveDateTime {
        self.now.naive_utc()
    }

    fn made(&self, call: &Call) -> Result<Moment, Error> {
        match self.kind {
            Kind::Time | Kind::Date => {
                let date = NaiveDate::from_ymd_opt(
                    whole(call, 0, "year", 0)?,
                    whole(call, 1, "month", 0)?,
                    whole(call, 2, "day", 0)?,
                );
                let date = date
                    .filter(|date| (1..=9999).contains(&date.year()))
                    .ok_or_else(|| invalid_time(call))?;
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
                    let seconds =
                        i32::try_from(span.num_seconds()).ok().and_then(FixedOffset::east_opt);
                    seconds
                        .map(|offset| Moment::Zone(Zone::Fixed(offset)))
                        .ok_or_else(|| invalid_time(call))
                }
                _ => Err(call.error("needs a timedelta")),
            },
            Kind::Pytz => Err(call.error("a module cannot be called")),
        }
    }
}

fn clock(call: &Call, position: usize) -> Result<NaiveTime, Error> {
    let part = |at: usize, name: &str| whole::<u32>(call, position + at, name, 0);
    let time = NaiveTime::from_hms_micro_opt(
        part(0, "hour")?,
        part(1, "minute")?,
        part(2, "second")?,
        part(3, "microsecond")?,
    );
    time.ok_or_else(|| invalid_time(call))
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
    if let Some((name, _)) = call
        .named()
        .iter()
        .find(|(name, _)| !units.iter().any(|(unit, _)| name.as_str() == Some(unit)))
    {
        return Err(call.error(format!("'{name}' is an invalid keyword argument")));
    }
    let mut micros = 0.0;
    for (position, (name, unit)) in units.into_iter().enumerate() {
        if let Some(value) = call.get(position, name) {
            let count = f64::try_from(value.clone())
                .map_err(|_| call.error(format!("{value:?} cannot be the `{name}`")))?;
            micros += count * unit;
        }
    }
    // The range of Python's timedelta.
    if !(-8.64e19..=8.64e19).contains(&micros) {
        return Err(invalid_time(call));
    }
    let seconds = (micros / 1e6).floor();
    Duration::try_seconds(seconds as i64)
        .and_then(|whole| {
            whole.checked_add(&Duration::microseconds((micros - seconds * 1e6).round() as i64))
        })
        .ok_or_else(|| invalid_time(call))
}

/// ISO texts in the formats of Python's `fromisoformat`.
fn from_iso(text: &str, call: &Call) -> Result<Moment, Error> {
    if let Ok(at) = DateTime::parse_from_rfc3339(&text.replacen(' ', "T", 1)) {
        return Ok(Moment::Time(at.naive_local(), Some(zone_of(*at.offset()))));
    }
    for pattern in [
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d %H:%M",
        "%Y-%m-%dT%H:%M",
        "%Y%m%dT%H%M%S",
    ] {
        if let Ok(at) = NaiveDateTime::parse_from_str(text, pattern) {
            return Ok(Moment::Time(at, None));
        }
    }
    // Only the hour.
    if let Some((date, hour)) = text
        .split_once(['T', ' '])
        .filter(|(_, hour)| hour.len() == 2 && hour.bytes().all(|digit| digit.is_ascii_digit()))
    {
        return from_iso(&format!("{date}T{hour}:00"), call);
    }
    for pattern in ["%Y-%m-%d", "%Y%m%d", "%G-W%V-%u", "%GW%V%u"] {
        if let Ok(date) = NaiveDate::parse_from_str(text, pattern) {
            return Ok(Moment::Time(date.and_time(NaiveTime::MIN), None));
        }
    }
    Err(call.error(format!("`{text}` is not an ISO date")))
}

fn zone_of(offset: FixedOffset) -> Zone {
    if offset.local_minus_utc() == 0 { Zone::UTC } else { Zone::Fixed(offset) }
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
            (Kind::Pytz, "all_timezones" | "common_timezones") => {
                return Some(collections::list(
                    chrono_tz::TZ_VARIANTS.iter().map(|zone| Value::from(zone.name())),
                ));
            }
            (Kind::Zone | Kind::Pytz, "utc") => Moment::Zone(Zone::UTC),
            (_, name) => return bound(&self.sample()?, name),
        };
        Some(Value::from_object(moment))
    }

    fn call_method(
        self: &Arc<Self>,
        _: &mut State,
        method: &str,
        args: &[Value],
    ) -> Result<Value, Error> {
        let call =
            Call::of(if self.kind == Kind::Date { "date" } else { "datetime" }, method, args);
        let moment = match (self.kind, method) {
            (Kind::Time, "now" | "today" | "utcnow") => {
                match call.get(0, "tz").filter(|zone| !zone.is_none()) {
                    Some(zone) => {
                        let zone = needs_zone(&call, &zone)?;
                        let (at, zone) = zone.at(self.now);
                        Moment::Time(at, Some(zone))
                    }
                    None => Moment::Time(self.now(), None),
                }
            }
            (Kind::Date, "today") => Moment::Date(self.now().date()),
            (Kind::Time | Kind::Date, "fromordinal" | "fromisocalendar") => {
                let date = if method == "fromordinal" {
                    NaiveDate::from_num_days_from_ce_opt(whole(&call, 0, "ordinal", 0)?)
                } else {
                    let weekday =
                        chrono::Weekday::try_from(whole::<u8>(&call, 2, "day", 0)?.wrapping_sub(1))
                            .map_err(|_| invalid_time(&call))?;
                    NaiveDate::from_isoywd_opt(
                        whole(&call, 0, "year", 0)?,
                        whole(&call, 1, "week", 0)?,
                        weekday,
                    )
                };
                let date = date.ok_or_else(|| invalid_time(&call))?;
                if self.kind == Kind::Date {
                    Moment::Date(date)
                } else {
                    Moment::Time(date.and_time(NaiveTime::MIN), None)
                }
            }
            (Kind::Clock, "fromisoformat") => {
                let text = call.needs_text(0, "time_string")?;
                let time = ["%H:%M:%S%.f", "%H:%M", "%H%M%S"]
                    .iter()
                    .find_map(|form| NaiveTime::parse_from_str(&text, form).ok());
                Moment::Clock(
                    time.ok_or_else(|| call.error(format!("`{text}` is not an ISO time")))?,
                )
            }
            (Kind::Time, "strptime") => {
                let (text, format) =
                    (call.needs_text(0, "date_string")?, call.needs_text(1, "format")?);
                let (at, offset) = strptime(&text, &format).map_err(|why| call.error(why))?;
                Moment::Time(at, offset.map(zone_of))
            }
            (Kind::Time, "fromisoformat") => from_iso(&call.needs_text(0, "date_string")?, &call)?,
            (Kind::Date, "fromisoformat") => {
                let text = call.needs_text(0, "date_string")?;
                match from_iso(&text, &call)? {
                    Moment::Time(at, _) if !text.contains([':', 'T', ' ']) => {
                        Moment::Date(at.date())
                    }
                    _ => return Err(call.error(format!("`{text}` is not an ISO date"))),
                }
            }
            (Kind::Time | Kind::Date, "fromtimestamp" | "utcfromtimestamp") => {
                let seconds = f64::try_from(call.needs(0, "timestamp")?)
                    .map_err(|_| call.error("needs a number"))?;
                let at = DateTime::from_timestamp_micros((seconds * 1e6).round() as i64)
                    .ok_or_else(|| invalid_time(&call))?;
                match call.get(1, "tz").filter(|zone| !zone.is_none()) {
                    _ if self.kind == Kind::Date => Moment::Date(at.date_naive()),
                    Some(zone) => {
                        let zone = needs_zone(&call, &zone)?;
                        let (at, zone) = zone.at(at);
                        Moment::Time(at, Some(zone))
                    }
                    None => Moment::Time(at.naive_utc(), None),
                }
            }
            (Kind::Time, "combine") => match (
                call.needs(0, "date")?.downcast_object_ref(),
                call.needs(1, "time")?.downcast_object_ref(),
            ) {
                (Some(Moment::Date(date)), Some(Moment::Clock(time))) => {
                    Moment::Time(date.and_time(*time), None)
                }
                (Some(Moment::Time(at, _)), Some(Moment::Clock(time))) => {
                    Moment::Time(at.date().and_time(*time), None)
                }
                _ => return Err(call.error("needs a date and a time")),
            },
            (Kind::Pytz, "timezone") => Moment::Zone(needs_zone(&call, &call.needs(0, "zone")?)?),
            (Kind::Pytz, "FixedOffset") => {
                let offset =
                    FixedOffset::east_opt(whole::<i32>(&call, 0, "minutes", 0)?.saturating_mul(60));
                Moment::Zone(Zone::Fixed(offset.ok_or_else(|| invalid_time(&call))?))
            }
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        };
        Ok(Value::from_object(moment))
    }
}

/// A class method that is called on a value, except those that need the time of the run.
pub fn class_method(
    of: &Moment,
    state: &mut State,
    method: &str,
    args: &[Value],
) -> Result<Value, Error> {
    let kind = if matches!(of, Moment::Date(_)) { Kind::Date } else { Kind::Time };
    Arc::new(Class { kind, now: DateTime::UNIX_EPOCH }).call_method(state, method, args)
}
