//! Python's dates and times: they print, compare, add and format as in Python.

pub(in crate::jinja) mod class;
mod format;
pub(in crate::jinja) mod math;
pub(in crate::jinja) mod module;
mod strptime;
mod zone;

use std::cmp::Ordering;
use std::fmt::{self, Write};
use std::sync::Arc;

use chrono::{Datelike, Duration, NaiveDate, NaiveDateTime, NaiveTime, Timelike};
use minijinja::value::{DynObject, Object, ObjectRepr, Value};
use minijinja::{Error, ErrorKind, State};

use super::call::Call;
use crate::calendar::Instant;
use crate::yaml::scalars::YamlTimestamp;
use class::{IsoDate, bound};
use module::{class_method, needs_zone, whole};
use zone::Zone;

#[derive(Clone, Copy, PartialEq)]
pub enum Moment {
    Time(NaiveDateTime, Option<Zone>),
    Date(NaiveDate),
    Clock(NaiveTime),
    Span(Duration),
    Zone(Zone),
}

/// An instant as Python's datetime in UTC.
pub fn utc(at: Instant) -> Value {
    Value::from_object(Moment::Time(at.naive_utc(), Some(Zone::UTC)))
}

/// A date of YAML as Python's date or datetime.
pub fn of_yaml(date: YamlTimestamp) -> Value {
    Value::from_object(match date.time {
        Some((time, zone)) => Moment::Time(date.date.and_time(time), zone.map(Zone::Fixed)),
        None => Moment::Date(date.date),
    })
}

/// The ISO text of a date or time, if the value is one.
pub fn iso(value: &Value) -> Option<String> {
    value.downcast_object_ref::<Moment>().map(|moment| moment.iso("T"))
}

/// `+00:00`, or with an empty colon `+0000`.
pub fn offset_text(seconds: i32, colon: &str) -> String {
    let (sign, seconds) = if seconds < 0 { ('-', -seconds) } else { ('+', seconds) };
    format!("{sign}{:02}{colon}{:02}", seconds / 3600, seconds / 60 % 60)
}

impl Moment {
    pub fn iso(&self, separator: &str) -> String {
        match self {
            Moment::Time(at, zone) => {
                let offset = zone.map(|zone| offset_text(zone.offset(), ":")).unwrap_or_default();
                format!(
                    "{}{separator}{}{offset}",
                    Moment::Date(at.date()).iso(""),
                    Moment::Clock(at.time()).iso("")
                )
            }
            Moment::Date(date) => {
                format!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day())
            }
            Moment::Clock(time) => match time.nanosecond() / 1000 {
                0 => time.format("%H:%M:%S").to_string(),
                micros => format!("{}.{micros:06}", time.format("%H:%M:%S")),
            },
            Moment::Span(span) => {
                let seconds = span.num_seconds() - i64::from(span.subsec_nanos() < 0);
                let micros = (span.subsec_nanos() / 1000).rem_euclid(1_000_000);
                let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
                let mut text = match days {
                    0 => String::new(),
                    1 | -1 => format!("{days} day, "),
                    _ => format!("{days} days, "),
                };
                let _ = write!(text, "{}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60);
                if micros != 0 {
                    let _ = write!(text, ".{micros:06}");
                }
                text
            }
            Moment::Zone(Zone::Fixed(offset)) if offset.local_minus_utc() == 0 => "UTC".to_string(),
            Moment::Zone(Zone::Fixed(offset)) => {
                format!("pytz.FixedOffset({})", offset.local_minus_utc() / 60)
            }
            Moment::Zone(Zone::Named(zone, _)) => zone.name().to_string(),
        }
    }

    /// The instant, for order and distance. A time without a zone counts as UTC.
    pub fn instant(&self) -> Option<NaiveDateTime> {
        match self {
            Moment::Time(at, Some(zone)) => {
                at.checked_sub_signed(Duration::seconds(i64::from(zone.offset())))
            }
            Moment::Time(at, None) => Some(*at),
            Moment::Date(date) => Some(date.and_time(NaiveTime::MIN)),
            _ => None,
        }
    }

    pub fn shifted(&self, by: Duration) -> Option<Moment> {
        match self {
            Moment::Time(at, zone) => at.checked_add_signed(by).map(|at| Moment::Time(at, *zone)),
            Moment::Date(date) => {
                date.checked_add_signed(Duration::days(by.num_days())).map(Moment::Date)
            }
            Moment::Span(span) => span.checked_add(&by).map(Moment::Span),
            _ => None,
        }
    }
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repr())
    }
}

impl Object for Moment {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn is_true(self: &Arc<Self>) -> bool {
        **self != Moment::Span(Duration::zero())
    }

    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<Ordering> {
        let other = other.downcast_ref::<Self>()?;
        Some(match (&**self, other) {
            (Moment::Clock(a), Moment::Clock(b)) => a.cmp(b),
            (Moment::Span(a), Moment::Span(b)) => a.cmp(b),
            // A date is not a time, and a time without a zone is not comparable to one with a zone.
            (a, b) => a.instant().cmp(&b.instant()).then(a.class().cmp(&b.class())),
        })
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.iso(" "))
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let name = key.as_str()?;
        if let Moment::Span(span) = &**self {
            let seconds = span.num_seconds() - i64::from(span.subsec_nanos() < 0);
            return match name {
                "days" => Some(Value::from(seconds.div_euclid(86_400))),
                "seconds" => Some(Value::from(seconds.rem_euclid(86_400))),
                "microseconds" => {
                    Some(Value::from((span.subsec_nanos() / 1000).rem_euclid(1_000_000)))
                }
                _ => bound(self, name),
            };
        }
        let (date, time) = match &**self {
            Moment::Time(at, _) => (Some(at.date()), Some(at.time())),
            Moment::Date(date) => (Some(*date), None),
            Moment::Clock(time) => (None, Some(*time)),
            _ => (None, None),
        };
        let whole = match name {
            "year" => i64::from(date?.year()),
            "month" => i64::from(date?.month()),
            "day" => i64::from(date?.day()),
            "hour" => i64::from(time?.hour()),
            "minute" => i64::from(time?.minute()),
            "second" => i64::from(time?.second()),
            "microsecond" => i64::from(time?.nanosecond() / 1000),
            "tzinfo" => {
                let zone = match &**self {
                    Moment::Time(_, zone) => zone,
                    Moment::Clock(_) => &None,
                    _ => return None,
                };
                return Some(
                    zone.map_or(Value::from(()), |zone| Value::from_object(Moment::Zone(zone))),
                );
            }
            "fold" if time.is_some() => 0,
            "zone" => return matches!(**self, Moment::Zone(_)).then(|| Value::from(self.iso(""))),
            "min" | "max" | "resolution" => return bound(self, name),
            _ => return None,
        };
        Some(Value::from(whole))
    }

    fn call_method(
        self: &Arc<Self>,
        state: &mut State,
        method: &str,
        args: &[Value],
    ) -> Result<Value, Error> {
        let call = Call::of("datetime", method, args);
        let out_of_range = || call.error("the result is out of range");
        let unknown = || Error::from(ErrorKind::UnknownMethod);
        let moment = match (method, &**self) {
            ("strftime" | "format", _) => {
                let format = call.needs(0, "format")?;
                let Some(format) = format.as_str() else {
                    return Err(call.error(format!("needs a text, not {format:?}")));
                };
                return self.format(format).map(Value::from);
            }
            ("isoformat", Moment::Time(..) | Moment::Date(_) | Moment::Clock(_)) => {
                return self.iso_format(&call).map(Value::from);
            }
            ("ctime", Moment::Time(..) | Moment::Date(_)) => {
                return self.format("%a %b %e %H:%M:%S %Y").map(Value::from);
            }
            ("total_seconds", Moment::Span(span)) => {
                return Ok(Value::from(
                    span.num_microseconds()
                        .map_or(span.num_seconds() as f64, |micros| micros as f64 / 1e6),
                ));
            }
            ("tzname" | "dst", Moment::Time(_, None) | Moment::Clock(_)) => {
                return Ok(Value::from(()));
            }
            ("utcoffset", Moment::Clock(_)) => return Ok(Value::from(())),
            ("tzname", Moment::Time(at, Some(zone))) => {
                return Ok(Value::from(zone.abbreviation(*at)));
            }
            ("dst", Moment::Time(at, Some(zone))) => Moment::Span(zone.summer_time(*at)),
            ("timetz", Moment::Time(at, None)) => Moment::Clock(at.time()),
            (
                "fromisoformat" | "strptime" | "combine" | "fromordinal" | "fromisocalendar",
                Moment::Time(..) | Moment::Date(_),
            ) => {
                return class_method(self, state, method, args);
            }
            ("date", Moment::Time(at, _)) => Moment::Date(at.date()),
            ("time", Moment::Time(at, _)) => Moment::Clock(at.time()),
            ("weekday", Moment::Time(..) | Moment::Date(_))
            | ("isoweekday", Moment::Time(..) | Moment::Date(_)) => {
                let date = self.local_date().ok_or_else(unknown)?;
                let monday = i64::from(date.weekday().num_days_from_monday());
                return Ok(Value::from(monday + i64::from(method == "isoweekday")));
            }
            ("isocalendar", Moment::Time(..) | Moment::Date(_)) => {
                let date = self.local_date().ok_or_else(unknown)?;
                let week = date.iso_week();
                let parts = [
                    i64::from(week.year()),
                    i64::from(week.week()),
                    i64::from(date.weekday().number_from_monday()),
                ];
                return Ok(Value::from_object(IsoDate(parts)));
            }
            ("toordinal", Moment::Time(..) | Moment::Date(_)) => {
                return Ok(Value::from(self.local_date().ok_or_else(unknown)?.num_days_from_ce()));
            }
            ("timestamp", Moment::Time(..)) => {
                let instant = self.instant().ok_or_else(out_of_range)?.and_utc();
                return Ok(Value::from(instant.timestamp_micros() as f64 / 1e6));
            }
            ("utcoffset", Moment::Time(_, Some(zone))) => {
                Moment::Span(Duration::seconds(i64::from(zone.offset())))
            }
            ("utcoffset", Moment::Time(_, None)) => return Ok(Value::from(())),
            ("astimezone", Moment::Time(..)) => {
                let zone =
                    call.get(0, "tz").map_or(Ok(Zone::UTC), |zone| needs_zone(&call, &zone))?;
                let (at, zone) = zone.at(self.instant().ok_or_else(out_of_range)?.and_utc());
                Moment::Time(at, Some(zone))
            }
            ("localize", Moment::Zone(zone)) => {
                match call.needs(0, "dt")?.downcast_object_ref::<Moment>() {
                    Some(Moment::Time(_, Some(_))) => {
                        return Err(call.error("not a naive datetime: it has a time zone"));
                    }
                    Some(Moment::Time(at, None)) => {
                        Moment::Time(*at, Some(zone.localized(*at, call.truth(1, "is_dst"))))
                    }
                    _ => return Err(call.error("needs a datetime")),
                }
            }
            ("normalize", Moment::Zone(zone)) => {
                match call.needs(0, "dt")?.downcast_object_ref::<Moment>() {
                    Some(moment @ Moment::Time(_, Some(_))) => {
                        let (at, zone) =
                            zone.at(moment.instant().ok_or_else(out_of_range)?.and_utc());
                        Moment::Time(at, Some(zone))
                    }
                    _ => return Err(call.error("needs a datetime with a time zone")),
                }
            }
            ("replace", Moment::Time(..) | Moment::Date(_) | Moment::Clock(_)) => {
                self.replaced(&call)?
            }
            _ => return Err(unknown()),
        };
        Ok(Value::from_object(moment))
    }
}

impl Moment {
    /// Values of different classes are never equal.
    fn class(&self) -> u8 {
        match self {
            Moment::Date(_) => 0,
            Moment::Time(_, None) => 1,
            Moment::Time(_, Some(_)) => 2,
            Moment::Clock(_) => 3,
            Moment::Span(_) => 4,
            Moment::Zone(_) => 5,
        }
    }

    fn local_date(&self) -> Option<NaiveDate> {
        match self {
            Moment::Time(at, _) => Some(at.date()),
            Moment::Date(date) => Some(*date),
            _ => None,
        }
    }

    fn replaced(&self, call: &Call) -> Result<Moment, Error> {
        let (at, zone) = match self {
            Moment::Time(at, zone) => (*at, *zone),
            Moment::Date(date) => (date.and_time(NaiveTime::MIN), None),
            Moment::Clock(time) => {
                (NaiveDate::from_ymd_opt(2000, 1, 1).unwrap_or_default().and_time(*time), None)
            }
            _ => return Err(call.error("has no fields to replace")),
        };
        let known: &[&str] = match self {
            Moment::Date(_) => &["year", "month", "day"],
            Moment::Clock(_) => &["hour", "minute", "second", "microsecond", "tzinfo", "fold"],
            _ => &[
                "year",
                "month",
                "day",
                "hour",
                "minute",
                "second",
                "microsecond",
                "tzinfo",
                "fold",
            ],
        };
        if let Some((name, _)) = call
            .named()
            .iter()
            .find(|(name, _)| name.as_str().is_none_or(|name| !known.contains(&name)))
        {
            return Err(
                call.error(format!("'{name}' is an invalid keyword argument for replace()"))
            );
        }
        let out_of_range = || call.error("the result is out of range");
        // The positional arguments of a time are hour, minute …; all others begin with the year.
        let shift = if matches!(self, Moment::Clock(_)) { 3 } else { 0 };
        let part = |position: usize, name: &str, old: u32| {
            whole::<u32>(call, position.wrapping_sub(shift), name, i64::from(old))
        };
        let year: i32 = whole(call, 0usize.wrapping_sub(shift), "year", i64::from(at.year()))?;
        let date =
            NaiveDate::from_ymd_opt(year, part(1, "month", at.month())?, part(2, "day", at.day())?);
        let time = NaiveTime::from_hms_micro_opt(
            part(3, "hour", at.hour())?,
            part(4, "minute", at.minute())?,
            part(5, "second", at.second())?,
            part(6, "microsecond", at.nanosecond() / 1000)?,
        );
        let (date, time) = (date.ok_or_else(out_of_range)?, time.ok_or_else(out_of_range)?);
        Ok(match self {
            Moment::Date(_) => Moment::Date(date),
            Moment::Clock(_) => Moment::Clock(time),
            _ => {
                let zone = match call.by_name("tzinfo") {
                    None => zone,
                    Some(zone) if zone.is_none() => None,
                    Some(zone) => Some(needs_zone(call, &zone)?),
                };
                Moment::Time(date.and_time(time), zone)
            }
        })
    }
}
