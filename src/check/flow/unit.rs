//! Units of time as functions name them, and whether cutting to one keeps a time in its window.

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
}

impl Unit {
    /// The unit of a word in any case, singular or plural; also Oracle's and Spark's letters.
    pub fn parse(word: &str) -> Option<Unit> {
        let word = word.trim_matches(['\'', '"']).to_lowercase();
        Some(match word.as_str() {
            "microsecond" | "microseconds" | "millisecond" | "milliseconds" | "second" | "seconds" | "sec" | "s" | "ss" | "minute"
            | "minutes" | "min" | "mi" | "n" => Unit::Minute,
            "hour" | "hours" | "hh" | "h" | "hh24" => Unit::Hour,
            "day" | "days" | "d" | "dd" | "ddd" | "date" | "dayofyear" | "doy" => Unit::Day,
            "week" | "weeks" | "w" | "ww" | "wk" | "iw" | "isoweek" => Unit::Week,
            week if week.starts_with("week(") => Unit::Week,
            "month" | "months" | "mon" | "mm" | "m" => Unit::Month,
            "quarter" | "quarters" | "q" | "qtr" => Unit::Quarter,
            "year" | "years" | "yyyy" | "yy" | "y" | "isoyear" => Unit::Year,
            _ => return None,
        })
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
    /// Whether each window is made of whole units, so that a time that is cut to one stays in its window.
    pub fn whole(self, unit: Unit) -> bool {
        let most = match self.grain {
            Grain::Hour => Unit::Hour,
            Grain::Day => Unit::Day,
            Grain::Month => Unit::Month,
            Grain::Year => Unit::Year,
        };
        // A day in UTC is no day elsewhere.
        let most = if self.timezone == Tz::UTC { most } else { most.min(Unit::Hour) };
        unit <= most && !(unit == Unit::Week && self.grain >= Grain::Month)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_made_of_whole_units_or_not() {
        let whole = |grain, unit| Windows { grain, timezone: Tz::UTC }.whole(unit);
        assert!(whole(Grain::Day, Unit::Day) && whole(Grain::Day, Unit::Hour) && whole(Grain::Year, Unit::Quarter));
        assert!(!whole(Grain::Hour, Unit::Day) && !whole(Grain::Month, Unit::Week) && !whole(Grain::Month, Unit::Quarter));
        assert!(!Windows { grain: Grain::Day, timezone: Tz::Europe__Paris }.whole(Unit::Day));
    }

    #[test]
    fn units_have_many_names() {
        assert_eq!(Unit::parse("'DD'"), Some(Unit::Day));
        assert_eq!(Unit::parse("WEEK(MONDAY)"), Some(Unit::Week));
        assert_eq!(Unit::parse("fortnight"), None);
    }
}
