//! Calendar parts that equal values have in common. Rows with the same hour of the day may be of
//! two days; rows with the same year, month and day are of one.

use std::ops::{BitAnd, BitOr};

use super::unit::{BatchWindows, Unit, has_full_hour_offsets};
use chrono_tz::Tz;

/// A set of calendar parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CalendarParts(u16);

impl CalendarParts {
    pub const NONE: CalendarParts = CalendarParts(0);
    pub const YEAR: CalendarParts = CalendarParts(1);
    pub const QUARTER: CalendarParts = CalendarParts(1 << 1);
    pub const MONTH: CalendarParts = CalendarParts(1 << 2);
    pub const DAY_OF_MONTH: CalendarParts = CalendarParts(1 << 3);
    pub const DAY_OF_YEAR: CalendarParts = CalendarParts(1 << 4);
    /// The ISO year of a week, which is not always the year of its days.
    pub const WEEK_YEAR: CalendarParts = CalendarParts(1 << 5);
    pub const WEEK: CalendarParts = CalendarParts(1 << 6);
    pub const WEEKDAY: CalendarParts = CalendarParts(1 << 7);
    pub const HOUR: CalendarParts = CalendarParts(1 << 8);
    /// Minutes, seconds and fractions.
    pub const REST: CalendarParts = CalendarParts(1 << 9);
    pub const ALL: CalendarParts = CalendarParts((1 << 10) - 1);
    /// Year, month, and day of the month.
    pub const DATE: CalendarParts = CalendarParts(1 | 1 << 2 | 1 << 3);
    /// The time of day.
    pub const CLOCK: CalendarParts = CalendarParts(1 << 8 | 1 << 9);

    /// The parts of a time that is truncated to a unit.
    pub fn of(unit: Unit) -> CalendarParts {
        let quarter = CalendarParts::YEAR | CalendarParts::QUARTER;
        let month = quarter | CalendarParts::MONTH;
        let week = CalendarParts::WEEK_YEAR | CalendarParts::WEEK;
        let day = month
            | week
            | CalendarParts::DAY_OF_MONTH
            | CalendarParts::DAY_OF_YEAR
            | CalendarParts::WEEKDAY;
        match unit {
            // The length of a part of an hour is unknown.
            Unit::Instant | Unit::Minute => CalendarParts::ALL,
            Unit::Hour => day | CalendarParts::HOUR,
            Unit::Day => day,
            Unit::Week => week,
            Unit::Month => month,
            Unit::Quarter => quarter,
            Unit::Year => CalendarParts::YEAR,
            Unit::Other => CalendarParts::NONE,
        }
    }

    /// Parses the name of a part or of a function that returns it: `hour`, `dayofweek`.
    pub fn parse(word: &str) -> Option<CalendarParts> {
        let word = word.trim_matches(['\'', '"']).to_lowercase();
        Some(match word.as_str() {
            "year" | "years" | "yyyy" | "yy" | "toyear" => CalendarParts::YEAR,
            "quarter" | "quarters" | "qtr" | "toquarter" => CalendarParts::QUARTER,
            "month" | "months" | "mon" | "mm" | "month_of_year" | "monthname" | "month_name"
            | "tomonth" => CalendarParts::MONTH,
            "week" | "weeks" | "isoweek" | "week_iso" | "weekiso" | "weekofyear"
            | "week_of_year" | "iso_week" | "ww" | "wk" | "toweek" | "toisoweek" => {
                CalendarParts::WEEK
            }
            "isoyear" | "yearofweek" | "yearofweekiso" | "year_of_week" | "yow" | "toisoyear" => {
                CalendarParts::WEEK_YEAR
            }
            "day" | "days" | "dayofmonth" | "day_of_month" | "dd" | "todayofmonth" => {
                CalendarParts::DAY_OF_MONTH
            }
            "doy" | "dayofyear" | "day_of_year" | "dy" | "todayofyear" => {
                CalendarParts::DAY_OF_YEAR
            }
            "dow" | "isodow" | "dayofweek" | "dayofweekiso" | "dayofweek_iso" | "day_of_week"
            | "weekday" | "dayname" | "day_name" | "dw" | "todayofweek" => CalendarParts::WEEKDAY,
            "hour" | "hours" | "hour_of_day" | "hh" | "tohour" => CalendarParts::HOUR,
            "minute" | "minutes" | "second" | "seconds" | "millisecond" | "milliseconds"
            | "microsecond" | "microseconds" | "nanosecond" | "mi" | "ss" | "tominute"
            | "tosecond" | "tomillisecond" => CalendarParts::REST,
            "yearweek" | "toyearweek" => CalendarParts::WEEK_YEAR | CalendarParts::WEEK,
            "toyyyymm" => CalendarParts::of(Unit::Month),
            // MySQL's units of several parts.
            "year_month" => CalendarParts::YEAR | CalendarParts::MONTH,
            "day_hour" => CalendarParts::DAY_OF_MONTH | CalendarParts::HOUR,
            "day_minute" | "day_second" | "day_microsecond" => {
                CalendarParts::DAY_OF_MONTH | CalendarParts::CLOCK
            }
            "hour_minute" | "hour_second" | "hour_microsecond" => CalendarParts::CLOCK,
            "minute_second" | "minute_microsecond" | "second_microsecond" => CalendarParts::REST,
            "era" | "decade" | "century" | "millennium" | "timezone" | "timezone_hour"
            | "timezone_minute" => CalendarParts::NONE,
            _ => return None,
        })
    }

    /// The maximum value of the part.
    pub fn max_value(self) -> i64 {
        match self {
            CalendarParts::YEAR | CalendarParts::WEEK_YEAR => 9999,
            CalendarParts::DAY_OF_YEAR => 366,
            _ => 99,
        }
    }

    pub fn has(self, other: CalendarParts) -> bool {
        self & other == other
    }

    pub fn is_none(self) -> bool {
        self == CalendarParts::NONE
    }

    /// Whether times with the same parts in `zone` are in one window.
    pub fn determine_window(self, windows: BatchWindows, zone: Tz) -> bool {
        let month = self.has(CalendarParts::YEAR)
            && (self.has(CalendarParts::MONTH) || self.has(CalendarParts::DAY_OF_YEAR));
        let day = self.has(CalendarParts::YEAR | CalendarParts::DAY_OF_YEAR)
            || self.has(CalendarParts::YEAR | CalendarParts::MONTH | CalendarParts::DAY_OF_MONTH)
            || self.has(CalendarParts::WEEK_YEAR | CalendarParts::WEEK | CalendarParts::WEEKDAY);
        let hour = day && self.has(CalendarParts::HOUR);
        if zone != windows.timezone {
            return hour
                && (self.has(CalendarParts::REST)
                    || has_full_hour_offsets(zone) && has_full_hour_offsets(windows.timezone));
        }
        match windows.unit() {
            Unit::Year => self.has(CalendarParts::YEAR),
            Unit::Quarter => self.has(CalendarParts::YEAR | CalendarParts::QUARTER) || month,
            Unit::Month => month,
            Unit::Week => self.has(CalendarParts::WEEK_YEAR | CalendarParts::WEEK) || day,
            Unit::Day => day,
            Unit::Hour => hour,
            Unit::Instant | Unit::Minute | Unit::Other => hour && self.has(CalendarParts::REST),
        }
    }
}

impl BitOr for CalendarParts {
    type Output = CalendarParts;

    fn bitor(self, other: CalendarParts) -> CalendarParts {
        CalendarParts(self.0 | other.0)
    }
}

impl BitAnd for CalendarParts {
    type Output = CalendarParts;

    fn bitand(self, other: CalendarParts) -> CalendarParts {
        CalendarParts(self.0 & other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::Grain;

    #[test]
    fn parts_may_determine_the_window() {
        let determines = |parts: CalendarParts, grain| {
            parts.determine_window(BatchWindows { grain, timezone: Tz::UTC }, Tz::UTC)
        };
        assert!(
            determines(CalendarParts::YEAR, Grain::Year)
                && !determines(CalendarParts::YEAR, Grain::Month)
        );
        assert!(
            determines(CalendarParts::YEAR | CalendarParts::MONTH, Grain::Month)
                && !determines(CalendarParts::MONTH, Grain::Month)
        );
        assert!(
            determines(CalendarParts::YEAR | CalendarParts::DAY_OF_YEAR, Grain::Day)
                && determines(CalendarParts::YEAR | CalendarParts::DAY_OF_YEAR, Grain::Month)
        );
        assert!(
            !determines(CalendarParts::HOUR, Grain::Day)
                && !determines(
                    CalendarParts::YEAR | CalendarParts::MONTH | CalendarParts::HOUR,
                    Grain::Day
                )
        );
        assert!(
            !determines(
                CalendarParts::YEAR | CalendarParts::WEEK | CalendarParts::WEEKDAY,
                Grain::Day
            ),
            "the ISO year differs from the year"
        );
        assert!(determines(
            CalendarParts::WEEK_YEAR | CalendarParts::WEEK | CalendarParts::WEEKDAY,
            Grain::Day
        ));
        assert!(
            !determines(CalendarParts::of(Unit::Day), Grain::Hour)
                && determines(CalendarParts::of(Unit::Hour), Grain::Hour)
        );
        assert!(
            !determines(CalendarParts::NONE, Grain::Year)
                && determines(CalendarParts::ALL, Grain::Hour)
        );
    }

    #[test]
    fn parts_of_another_zone_determine_the_window_by_the_hour() {
        let paris = BatchWindows { grain: Grain::Day, timezone: Tz::Europe__Paris };
        assert!(
            !CalendarParts::of(Unit::Day).determine_window(paris, Tz::UTC)
                && CalendarParts::of(Unit::Hour).determine_window(paris, Tz::UTC)
        );
        let kolkata = BatchWindows { grain: Grain::Day, timezone: Tz::Asia__Kolkata };
        assert!(
            !CalendarParts::of(Unit::Hour).determine_window(kolkata, Tz::UTC)
                && CalendarParts::ALL.determine_window(kolkata, Tz::UTC)
        );
    }

    #[test]
    fn parts_have_many_names() {
        assert_eq!(CalendarParts::parse("'DOW'"), Some(CalendarParts::WEEKDAY));
        assert_eq!(CalendarParts::parse("toHour"), Some(CalendarParts::HOUR));
        assert_eq!(CalendarParts::parse("epoch"), None);
    }
}
