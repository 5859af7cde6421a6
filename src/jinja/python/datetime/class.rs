//! Class attributes of Python's dates and times: `min`, `max`, `today()` and other constructors;
//! and the parts of an ISO date.

use std::fmt;
use std::sync::Arc;

use chrono::{Duration, NaiveDate, NaiveTime, Timelike};
use minijinja::Error;
use minijinja::value::{Enumerator, Object, ObjectRepr, Value};

use super::Moment;
use crate::jinja::python::call::Call;

/// `min`, `max` or `resolution` of the value's class.
pub fn bound(of: &Moment, name: &str) -> Option<Value> {
    let (first, last) = (NaiveDate::from_ymd_opt(1, 1, 1)?, NaiveDate::from_ymd_opt(9999, 12, 31)?);
    let (midnight, end) = (NaiveTime::MIN, NaiveTime::from_hms_micro_opt(23, 59, 59, 999_999)?);
    let micro = Duration::microseconds(1);
    let day = Duration::days(1);
    let moment = match (of, name) {
        (Moment::Time(..), "min") => Moment::Time(first.and_time(midnight), None),
        (Moment::Time(..), "max") => Moment::Time(last.and_time(end), None),
        (Moment::Date(_), "min") => Moment::Date(first),
        (Moment::Date(_), "max") => Moment::Date(last),
        (Moment::Clock(_), "min") => Moment::Clock(midnight),
        (Moment::Clock(_), "max") => Moment::Clock(end),
        (Moment::Span(_), "min") => Moment::Span(Duration::days(-999_999_999)),
        (Moment::Span(_), "max") => Moment::Span(Duration::days(1_000_000_000) - micro),
        (Moment::Date(_), "resolution") => Moment::Span(day),
        (Moment::Time(..) | Moment::Clock(_) | Moment::Span(_), "resolution") => {
            Moment::Span(micro)
        }
        _ => return None,
    };
    Some(Value::from_object(moment))
}

impl Moment {
    /// `isoformat(sep, timespec)`.
    pub fn iso_format(&self, call: &Call) -> Result<String, Error> {
        let (sep, timespec) = match self {
            Moment::Date(_) if call.args.is_empty() && call.named().is_empty() => (None, None),
            Moment::Date(_) => return Err(call.error("of a date takes no arguments")),
            Moment::Clock(_) if call.get(9, "sep").is_some() => {
                return Err(call.error("of a time has no argument `sep`"));
            }
            Moment::Clock(_) => (None, call.text(0, "timespec")?),
            _ => (call.text(0, "sep")?, call.text(1, "timespec")?),
        };
        let sep = sep.unwrap_or_else(|| "T".to_string());
        let digits = match timespec.as_deref() {
            None | Some("auto") => return Ok(self.iso(&sep)),
            Some("hours") => 2,
            Some("minutes") => 5,
            Some("seconds") => 8,
            Some("milliseconds") => 12,
            Some("microseconds") => 15,
            Some(_) => return Err(call.error("unknown `timespec`")),
        };
        let clock = |time: NaiveTime| {
            let text = format!("{}.{:06}", time.format("%H:%M:%S"), time.nanosecond() / 1000);
            text[..digits].to_string()
        };
        Ok(match self {
            Moment::Time(at, zone) => {
                let offset =
                    zone.map(|zone| super::offset_text(zone.offset(), ":")).unwrap_or_default();
                format!("{}{sep}{}{offset}", Moment::Date(at.date()).iso(""), clock(at.time()))
            }
            Moment::Clock(time) => clock(*time),
            other => other.iso(&sep),
        })
    }
}

/// The three parts of an ISO date, which have names.
pub struct IsoDate(pub [i64; 3]);

impl fmt::Debug for IsoDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [year, week, weekday] = self.0;
        write!(f, "datetime.IsoCalendarDate(year={year}, week={week}, weekday={weekday})")
    }
}

impl Object for IsoDate {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let part = match key.as_str() {
            Some("year") => 0,
            Some("week") => 1,
            Some("weekday") => 2,
            Some(_) => return None,
            None => key.as_usize()?,
        };
        self.0.get(part).copied().map(Value::from)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(3)
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
