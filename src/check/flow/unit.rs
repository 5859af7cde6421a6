//! Units of time, and whether truncation to one keeps a time in its window.

use chrono::{Offset, TimeZone};
use chrono_tz::Tz;

use crate::calendar::Grain;

/// The unit of a truncated time, the finest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    /// Not truncated.
    Instant,
    /// A second, a minute, or a part of an hour.
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
    /// A span that does not divide a window: five hours, a decade, a day that begins at noon.
    Other,
}

impl Unit {
    /// Parses a unit, in any case, singular or plural; also Oracle's and Spark's abbreviations.
    pub fn parse(as_str: &str) -> Option<Unit> {
        let as_str = as_str.trim_matches(['\'', '"']).to_lowercase();
        Some(match as_str.as_str() {
            "nanosecond" | "nanoseconds" | "microsecond" | "microseconds" | "us"
            | "millisecond" | "milliseconds" | "ms" | "second" | "seconds" | "sec" | "s" | "ss"
            | "minute" | "minutes" | "min" | "mi" | "n" => Unit::Minute,
            "hour" | "hours" | "hh" | "h" | "hh24" => Unit::Hour,
            "day" | "days" | "d" | "dd" | "ddd" | "date" | "dayofyear" | "doy" => Unit::Day,
            "week" | "weeks" | "w" | "ww" | "wk" | "iw" | "isoweek" | "iso_week" | "isowk"
            | "isoww" => Unit::Week,
            week if week.starts_with("week(") => Unit::Week,
            "month" | "months" | "mon" | "mm" | "m" => Unit::Month,
            "quarter" | "quarters" | "q" | "qtr" => Unit::Quarter,
            "year" | "years" | "yyyy" | "yy" | "y" => Unit::Year,
            "isoyear" | "decade" | "decades" | "century" | "centuries" | "millennium"
            | "millennia" => Unit::Other,
            _ => return None,
        })
    }

    /// The unit of a truncation to `count` units: 15 minutes divide an hour; 5 hours divide no
    /// window.
    pub fn times(self, count: u32) -> Unit {
        match (self, count) {
            (_, 1) => self,
            (Unit::Minute, 2..) if 60 % count == 0 => Unit::Minute,
            (Unit::Minute, 2..) if 1440 % count == 0 => Unit::Day,
            (Unit::Hour, 2..) if 24 % count == 0 => Unit::Day,
            (Unit::Month, 3) => Unit::Quarter,
            (Unit::Month, 2 | 4 | 6 | 12) | (Unit::Quarter, 2 | 4) => Unit::Year,
            _ => Unit::Other,
        }
    }

    /// The minimum length in microseconds; 0 if it is not known.
    pub fn min_micros(self) -> i64 {
        const HOUR: i64 = 3_600_000_000;
        match self {
            Unit::Instant | Unit::Minute | Unit::Other => 0,
            Unit::Hour => HOUR,
            Unit::Day => 24 * HOUR,
            Unit::Week => 7 * 24 * HOUR,
            Unit::Month => 28 * 24 * HOUR,
            Unit::Quarter => 90 * 24 * HOUR,
            Unit::Year => 365 * 24 * HOUR,
        }
    }

    /// The length in months and microseconds, if it is fixed.
    pub fn length(self) -> Option<(i32, i64)> {
        match self {
            Unit::Hour | Unit::Day | Unit::Week => Some((0, self.min_micros())),
            Unit::Month => Some((1, 0)),
            Unit::Quarter => Some((3, 0)),
            Unit::Year => Some((12, 0)),
            Unit::Instant | Unit::Minute | Unit::Other => None,
        }
    }

    /// Its name, for messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Unit::Instant => "instant",
            Unit::Minute => "minute",
            Unit::Hour => "hour",
            Unit::Day => "day",
            Unit::Week => "week",
            Unit::Month => "month",
            Unit::Quarter => "quarter",
            Unit::Year => "year",
            Unit::Other => "span of another length",
        }
    }
}

/// The windows of a model.
#[derive(Clone, Copy, Debug)]
pub struct BatchWindows {
    pub grain: Grain,
    pub timezone: Tz,
}

impl BatchWindows {
    /// The unit of one window.
    pub fn unit(self) -> Unit {
        match self.grain {
            Grain::Hour => Unit::Hour,
            Grain::Day => Unit::Day,
            Grain::Month => Unit::Month,
            Grain::Year => Unit::Year,
        }
    }

    /// Whether each window consists of full units in `zone`, so that truncation to the unit keeps a
    /// time in its window.
    pub fn contain_full(self, unit: Unit, zone: Tz) -> bool {
        let most = match (
            zone == self.timezone,
            has_full_hour_offsets(zone) && has_full_hour_offsets(self.timezone),
        ) {
            (true, _) => self.unit(),
            // Days of two zones differ; hours are equal if the zones differ by full hours.
            (false, true) => Unit::Hour,
            (false, false) => Unit::Minute,
        };
        unit <= most && !(unit == Unit::Week && self.unit() >= Unit::Month)
    }
}

/// Whether the clocks of a zone are put back in any year from 1990 to 2040, so that a local hour is
/// two hours of UTC.
pub fn repeats_hours(zone: Tz) -> bool {
    zone != Tz::UTC && offsets(zone).any(|[winter, summer]| winter != summer)
}

/// Whether the zone's offset from UTC is always full hours, from 1990 to 2040.
pub fn has_full_hour_offsets(zone: Tz) -> bool {
    zone == Tz::UTC || offsets(zone).flatten().flatten().all(|offset| offset % 3600 == 0)
}

/// The zone's offsets from UTC in seconds, in January and July of each year from 1990 to 2040.
fn offsets(zone: Tz) -> impl Iterator<Item = [Option<i32>; 2]> {
    let offset = move |year: i32, month: u32| {
        let at = chrono::Utc.with_ymd_and_hms(year, month, 1, 0, 0, 0).single();
        at.map(|at| zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc())
    };
    (1990..2040).map(move |year| [offset(year, 1), offset(year, 7)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_may_consist_of_full_units() {
        let contains =
            |grain, unit| BatchWindows { grain, timezone: Tz::UTC }.contain_full(unit, Tz::UTC);
        assert!(
            contains(Grain::Day, Unit::Day)
                && contains(Grain::Day, Unit::Hour)
                && contains(Grain::Year, Unit::Quarter)
        );
        assert!(
            !contains(Grain::Hour, Unit::Day)
                && !contains(Grain::Month, Unit::Week)
                && !contains(Grain::Month, Unit::Quarter)
        );
        assert!(!contains(Grain::Year, Unit::Other));
        let paris = BatchWindows { grain: Grain::Day, timezone: Tz::Europe__Paris };
        assert!(
            !paris.contain_full(Unit::Day, Tz::UTC)
                && paris.contain_full(Unit::Hour, Tz::UTC)
                && paris.contain_full(Unit::Day, Tz::Europe__Paris)
        );
        let kolkata = BatchWindows { grain: Grain::Day, timezone: Tz::Asia__Kolkata };
        assert!(
            !kolkata.contain_full(Unit::Hour, Tz::UTC)
                && kolkata.contain_full(Unit::Minute, Tz::UTC)
        );
    }

    #[test]
    fn units_have_many_names() {
        assert_eq!(Unit::parse("'DD'"), Some(Unit::Day));
        assert_eq!(Unit::parse("WEEK(MONDAY)"), Some(Unit::Week));
        assert_eq!(Unit::parse("fortnight"), None);
    }

    #[test]
    fn several_units_may_divide_a_larger_one() {
        assert_eq!(Unit::Minute.times(15), Unit::Minute);
        assert_eq!(Unit::Minute.times(90), Unit::Day);
        assert_eq!(Unit::Hour.times(6), Unit::Day);
        assert_eq!(Unit::Month.times(3), Unit::Quarter);
        for (unit, count) in
            [(Unit::Hour, 5), (Unit::Minute, 50), (Unit::Day, 7), (Unit::Year, 2), (Unit::Month, 5)]
        {
            assert_eq!(unit.times(count), Unit::Other, "{count} {}", unit.as_str());
        }
    }
}
