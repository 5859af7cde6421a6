//! Parts of the calendar: what values that are equal have in common. Two rows with the same hour of the day may be of two days; with
//! the same year, month and day they are not.

use std::ops::{BitAnd, BitOr};

use super::unit::{Unit, Windows, whole_hours};
use chrono_tz::Tz;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts(u16);

impl Parts {
    pub const NONE: Parts = Parts(0);
    pub const YEAR: Parts = Parts(1);
    pub const QUARTER: Parts = Parts(1 << 1);
    pub const MONTH: Parts = Parts(1 << 2);
    pub const DAY_OF_MONTH: Parts = Parts(1 << 3);
    pub const DAY_OF_YEAR: Parts = Parts(1 << 4);
    /// The year that a week belongs to, which is not always the year of its days.
    pub const WEEK_YEAR: Parts = Parts(1 << 5);
    pub const WEEK: Parts = Parts(1 << 6);
    pub const WEEKDAY: Parts = Parts(1 << 7);
    pub const HOUR: Parts = Parts(1 << 8);
    /// Minutes, seconds and what is less.
    pub const REST: Parts = Parts(1 << 9);
    pub const ALL: Parts = Parts((1 << 10) - 1);

    /// What a time tells that is cut to a unit.
    pub fn of(unit: Unit) -> Parts {
        let quarter = Parts::YEAR | Parts::QUARTER;
        let month = quarter | Parts::MONTH;
        let week = Parts::WEEK_YEAR | Parts::WEEK;
        let day = month | week | Parts::DAY_OF_MONTH | Parts::DAY_OF_YEAR | Parts::WEEKDAY;
        match unit {
            // What the spans of a part of an hour are is not known.
            Unit::Instant | Unit::Minute => Parts::ALL,
            Unit::Hour => day | Parts::HOUR,
            Unit::Day => day,
            Unit::Week => week,
            Unit::Month => month,
            Unit::Quarter => quarter,
            Unit::Year => Parts::YEAR,
            Unit::Other => Parts::NONE,
        }
    }

    /// The part that a word or the name of a function stands for: `hour`, `dayofweek`.
    pub fn parse(word: &str) -> Option<Parts> {
        let word = word.trim_matches(['\'', '"']).to_lowercase();
        Some(match word.as_str() {
            "year" | "years" | "yyyy" | "yy" | "toyear" => Parts::YEAR,
            "quarter" | "quarters" | "qtr" | "toquarter" => Parts::QUARTER,
            "month" | "months" | "mon" | "mm" | "month_of_year" | "monthname" | "month_name" | "tomonth" => Parts::MONTH,
            "week" | "weeks" | "isoweek" | "week_iso" | "weekiso" | "weekofyear" | "week_of_year" | "iso_week" | "ww" | "wk" | "toweek"
            | "toisoweek" => Parts::WEEK,
            "isoyear" | "yearofweek" | "yearofweekiso" | "year_of_week" | "yow" | "toisoyear" => Parts::WEEK_YEAR,
            "day" | "days" | "dayofmonth" | "day_of_month" | "dd" | "todayofmonth" => Parts::DAY_OF_MONTH,
            "doy" | "dayofyear" | "day_of_year" | "dy" | "todayofyear" => Parts::DAY_OF_YEAR,
            "dow" | "isodow" | "dayofweek" | "dayofweekiso" | "dayofweek_iso" | "day_of_week" | "weekday" | "dayname" | "day_name"
            | "dw" | "todayofweek" => Parts::WEEKDAY,
            "hour" | "hours" | "hour_of_day" | "hh" | "tohour" => Parts::HOUR,
            "minute" | "minutes" | "second" | "seconds" | "millisecond" | "milliseconds" | "microsecond" | "microseconds"
            | "nanosecond" | "mi" | "ss" | "tominute" | "tosecond" | "tomillisecond" => Parts::REST,
            "yearweek" | "toyearweek" => Parts::WEEK_YEAR | Parts::WEEK,
            "toyyyymm" => Parts::of(Unit::Month),
            "era" | "decade" | "century" | "millennium" | "timezone" | "timezone_hour" | "timezone_minute" => Parts::NONE,
            _ => return None,
        })
    }

    /// The largest number that a part is.
    pub fn largest(self) -> i64 {
        match self {
            Parts::YEAR | Parts::WEEK_YEAR => 9999,
            Parts::DAY_OF_YEAR => 366,
            _ => 99,
        }
    }

    pub fn has(self, other: Parts) -> bool {
        self & other == other
    }

    pub fn is_none(self) -> bool {
        self == Parts::NONE
    }

    /// Whether times that have them in common, as `zone` counts, are of one window.
    pub fn tell(self, windows: Windows, zone: Tz) -> bool {
        let month = self.has(Parts::YEAR) && (self.has(Parts::MONTH) || self.has(Parts::DAY_OF_YEAR));
        let day = self.has(Parts::YEAR | Parts::DAY_OF_YEAR)
            || self.has(Parts::YEAR | Parts::MONTH | Parts::DAY_OF_MONTH)
            || self.has(Parts::WEEK_YEAR | Parts::WEEK | Parts::WEEKDAY);
        let hour = day && self.has(Parts::HOUR);
        if zone != windows.timezone {
            return hour && (self.has(Parts::REST) || whole_hours(zone) && whole_hours(windows.timezone));
        }
        match windows.unit() {
            Unit::Year => self.has(Parts::YEAR),
            Unit::Quarter => self.has(Parts::YEAR | Parts::QUARTER) || month,
            Unit::Month => month,
            Unit::Week => self.has(Parts::WEEK_YEAR | Parts::WEEK) || day,
            Unit::Day => day,
            Unit::Hour => hour,
            Unit::Instant | Unit::Minute | Unit::Other => hour && self.has(Parts::REST),
        }
    }
}

impl BitOr for Parts {
    type Output = Parts;

    fn bitor(self, other: Parts) -> Parts {
        Parts(self.0 | other.0)
    }
}

impl BitAnd for Parts {
    type Output = Parts;

    fn bitand(self, other: Parts) -> Parts {
        Parts(self.0 & other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::Grain;

    #[test]
    fn parts_tell_the_window_or_not() {
        let tell = |parts: Parts, grain| parts.tell(Windows { grain, timezone: Tz::UTC }, Tz::UTC);
        assert!(tell(Parts::YEAR, Grain::Year) && !tell(Parts::YEAR, Grain::Month));
        assert!(tell(Parts::YEAR | Parts::MONTH, Grain::Month) && !tell(Parts::MONTH, Grain::Month));
        assert!(tell(Parts::YEAR | Parts::DAY_OF_YEAR, Grain::Day) && tell(Parts::YEAR | Parts::DAY_OF_YEAR, Grain::Month));
        assert!(!tell(Parts::HOUR, Grain::Day) && !tell(Parts::YEAR | Parts::MONTH | Parts::HOUR, Grain::Day));
        assert!(!tell(Parts::YEAR | Parts::WEEK | Parts::WEEKDAY, Grain::Day), "the year of a week is another one");
        assert!(tell(Parts::WEEK_YEAR | Parts::WEEK | Parts::WEEKDAY, Grain::Day));
        assert!(!tell(Parts::of(Unit::Day), Grain::Hour) && tell(Parts::of(Unit::Hour), Grain::Hour));
        assert!(!tell(Parts::NONE, Grain::Year) && tell(Parts::ALL, Grain::Hour));
    }

    #[test]
    fn parts_of_another_zone_tell_the_window_by_the_hour() {
        let paris = Windows { grain: Grain::Day, timezone: Tz::Europe__Paris };
        assert!(!Parts::of(Unit::Day).tell(paris, Tz::UTC) && Parts::of(Unit::Hour).tell(paris, Tz::UTC));
        let kolkata = Windows { grain: Grain::Day, timezone: Tz::Asia__Kolkata };
        assert!(!Parts::of(Unit::Hour).tell(kolkata, Tz::UTC) && Parts::ALL.tell(kolkata, Tz::UTC));
    }

    #[test]
    fn parts_have_many_names() {
        assert_eq!(Parts::parse("'DOW'"), Some(Parts::WEEKDAY));
        assert_eq!(Parts::parse("toHour"), Some(Parts::HOUR));
        assert_eq!(Parts::parse("epoch"), None);
    }
}
