//! Units of time as functions name them, and whether cutting to one keeps a time in its window.

use chrono::{Offset, TimeZone};
use chrono_tz::Tz;

use crate::calendar::Grain;

/// What a time is cut to, the finest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    /// Not cut.
    Instant,
    /// A second, a minute, or a part of an hour.
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
    /// A span that no window is made of: five hours, a decade, a day that begins at noon.
    Other,
}

impl Unit {
    /// The unit of a word in any case, singular or plural; also Oracle's and Spark's letters.
    pub fn parse(word: &str) -> Option<Unit> {
        let word = word.trim_matches(['\'', '"']).to_lowercase();
        Some(match word.as_str() {
            "nanosecond" | "nanoseconds" | "microsecond" | "microseconds" | "us" | "millisecond" | "milliseconds" | "ms" | "second"
            | "seconds" | "sec" | "s" | "ss" | "minute" | "minutes" | "min" | "mi" | "n" => Unit::Minute,
            "hour" | "hours" | "hh" | "h" | "hh24" => Unit::Hour,
            "day" | "days" | "d" | "dd" | "ddd" | "date" | "dayofyear" | "doy" => Unit::Day,
            "week" | "weeks" | "w" | "ww" | "wk" | "iw" | "isoweek" => Unit::Week,
            week if week.starts_with("week(") => Unit::Week,
            "month" | "months" | "mon" | "mm" | "m" => Unit::Month,
            "quarter" | "quarters" | "q" | "qtr" => Unit::Quarter,
            "year" | "years" | "yyyy" | "yy" | "y" => Unit::Year,
            "isoyear" | "decade" | "decades" | "century" | "centuries" | "millennium" | "millennia" => Unit::Other,
            _ => return None,
        })
    }

    /// What `count` of a unit are cut to: 15 minutes are a part of an hour, 5 hours are nothing that windows are made of.
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

    /// The shortest that one lasts, in microseconds.
    pub fn shortest(self) -> i64 {
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

    /// How long one lasts, in months and in microseconds, where that is fixed.
    pub fn length(self) -> Option<(i32, i64)> {
        match self {
            Unit::Hour | Unit::Day | Unit::Week => Some((0, self.shortest())),
            Unit::Month => Some((1, 0)),
            Unit::Quarter => Some((3, 0)),
            Unit::Year => Some((12, 0)),
            Unit::Instant | Unit::Minute | Unit::Other => None,
        }
    }

    pub fn word(self) -> &'static str {
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

/// The windows of a model, as far as times are judged by them.
#[derive(Clone, Copy, Debug)]
pub struct Windows {
    pub grain: Grain,
    pub timezone: Tz,
}

impl Windows {
    /// The unit that one window is.
    pub fn unit(self) -> Unit {
        match self.grain {
            Grain::Hour => Unit::Hour,
            Grain::Day => Unit::Day,
            Grain::Month => Unit::Month,
            Grain::Year => Unit::Year,
        }
    }

    /// Whether each window is made of whole units as `zone` counts them, so that a time that is cut to one stays in its window.
    pub fn whole(self, unit: Unit, zone: Tz) -> bool {
        let most = match (zone == self.timezone, whole_hours(zone) && whole_hours(self.timezone)) {
            (true, _) => self.unit(),
            // A day of one zone is no day of another one; an hour is, where zones differ by hours.
            (false, true) => Unit::Hour,
            (false, false) => Unit::Minute,
        };
        unit <= most && !(unit == Unit::Week && self.unit() >= Unit::Month)
    }
}

/// Whether a zone differs from UTC by whole hours, in all of the years that data is of.
pub fn whole_hours(zone: Tz) -> bool {
    let differs = |year: i32, month: u32| {
        let at = chrono::Utc.with_ymd_and_hms(year, month, 1, 0, 0, 0).single();
        at.is_some_and(|at| zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc() % 3600 != 0)
    };
    zone == Tz::UTC || !(1990..2040).any(|year| differs(year, 1) || differs(year, 7))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_made_of_whole_units_or_not() {
        let whole = |grain, unit| Windows { grain, timezone: Tz::UTC }.whole(unit, Tz::UTC);
        assert!(whole(Grain::Day, Unit::Day) && whole(Grain::Day, Unit::Hour) && whole(Grain::Year, Unit::Quarter));
        assert!(!whole(Grain::Hour, Unit::Day) && !whole(Grain::Month, Unit::Week) && !whole(Grain::Month, Unit::Quarter));
        assert!(!whole(Grain::Year, Unit::Other));
        let paris = Windows { grain: Grain::Day, timezone: Tz::Europe__Paris };
        assert!(!paris.whole(Unit::Day, Tz::UTC) && paris.whole(Unit::Hour, Tz::UTC) && paris.whole(Unit::Day, Tz::Europe__Paris));
        let kolkata = Windows { grain: Grain::Day, timezone: Tz::Asia__Kolkata };
        assert!(!kolkata.whole(Unit::Hour, Tz::UTC) && kolkata.whole(Unit::Minute, Tz::UTC));
    }

    #[test]
    fn units_have_many_names() {
        assert_eq!(Unit::parse("'DD'"), Some(Unit::Day));
        assert_eq!(Unit::parse("WEEK(MONDAY)"), Some(Unit::Week));
        assert_eq!(Unit::parse("fortnight"), None);
    }

    #[test]
    fn several_units_are_a_part_of_a_larger_one_or_not() {
        assert_eq!(Unit::Minute.times(15), Unit::Minute);
        assert_eq!(Unit::Minute.times(90), Unit::Day);
        assert_eq!(Unit::Hour.times(6), Unit::Day);
        assert_eq!(Unit::Month.times(3), Unit::Quarter);
        for (unit, count) in [(Unit::Hour, 5), (Unit::Minute, 50), (Unit::Day, 7), (Unit::Year, 2), (Unit::Month, 5)] {
            assert_eq!(unit.times(count), Unit::Other, "{count} {}", unit.word());
        }
    }
}
