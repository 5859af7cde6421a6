//! The sizes of a batch: the boundaries and the label of each period. Takes instants and a zone,
//! and counts in the zone's local time, so a day has 23 or 25 hours where the clocks change.
//!
//! One rule covers every irregularity of local time: a period begins at the first instant at which
//! a local clock shows its start or a later time. A day whose midnight is skipped begins at its
//! first existing time; a day that the zone skips has no batch; a day that begins twice is one
//! batch. Only an hour that occurs twice is two batches, which a letter distinguishes:
//! `2024-10-27T02a`, `2024-10-27T02b`. The offset cannot serve as the suffix: `+0200` is earlier
//! than `+0100` in time but sorts after it, and `+` is not valid in every file name.

use std::fmt;

use chrono::{Datelike, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike};
use chrono_tz::Tz;

use super::zone::{first_instant, local};
use super::{Instant, Window};

/// The size of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grain {
    Hour,
    Day,
    Month,
    Year,
}

impl Grain {
    pub const ALL: [Grain; 4] = [Grain::Hour, Grain::Day, Grain::Month, Grain::Year];

    /// Parses dbt's name of a batch size: `hour`, `day`, `month` or `year`.
    pub fn parse(name: &str) -> Option<Grain> {
        Grain::ALL.into_iter().find(|grain| grain.as_str() == name)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Grain::Hour => "hour",
            Grain::Day => "day",
            Grain::Month => "month",
            Grain::Year => "year",
        }
    }

    /// The start of the period that contains `at`: for a month, 2026-03-15 returns 2026-03-01.
    pub fn floor(self, at: Instant, tz: Tz) -> Instant {
        self.period(at, tz).start
    }

    /// `at` if a period begins there, else the start of the next one; `None` past the year 9999.
    pub fn ceiling(self, at: Instant, tz: Tz) -> Option<Instant> {
        let period = self.period(at, tz);
        if period.start == at { Some(at) } else { period.end }
    }

    /// The exclusive end of the period that contains `start`; `None` past the year 9999.
    pub fn next(self, start: Instant, tz: Tz) -> Option<Instant> {
        self.period(start, tz).end
    }

    /// The start of the period before the one that contains `start`; `None` before the year 1.
    pub fn previous(self, start: Instant, tz: Tz) -> Option<Instant> {
        let before = self.floor(start, tz).checked_sub_signed(TimeDelta::seconds(1))?;
        (local(before, tz).year() >= 1).then(|| self.floor(before, tz))
    }

    /// The label of the period that contains `at`: `2024`, `2024-09`, `2024-09-01`,
    /// `2024-09-01T05`. Alphabetical order is chronological order.
    pub fn label(self, at: Instant, tz: Tz) -> String {
        let period = self.period(at, tz);
        let reading = period.reading;
        let day = |parts: usize| {
            let date = format!("{:04}-{:02}-{:02}", reading.year(), reading.month(), reading.day());
            date[..parts].to_string()
        };
        match self {
            Grain::Hour => format!(
                "{}T{:02}{}",
                day(10),
                reading.hour(),
                period.letter.map_or(String::new(), String::from)
            ),
            Grain::Day => day(10),
            Grain::Month => day(7),
            Grain::Year => day(4),
        }
    }

    /// Whether the window is exactly one period of this size.
    pub fn is_period(self, window: Window, tz: Tz) -> bool {
        let period = self.period(window.start, tz);
        (period.start, period.end) == (window.start, Some(window.end))
    }

    /// The number of periods that cover `[start, end)`, computed without iteration. Exact in UTC;
    /// off by a few in a zone whose clocks jump by less than an hour or by a day.
    pub fn count(self, start: Instant, end: Instant, tz: Tz) -> u64 {
        let Some(last) =
            end.checked_sub_signed(TimeDelta::seconds(1)).filter(|last| *last >= start)
        else {
            return 0;
        };
        let (first, last) = (self.floor(start, tz), self.floor(last, tz));
        let (from, to) = (local(first, tz), local(last, tz));
        let steps = match self {
            Grain::Hour => (last - first).num_hours(),
            Grain::Day => (to.date() - from.date()).num_days(),
            Grain::Month => {
                i64::from(to.year() - from.year()) * 12 + i64::from(to.month())
                    - i64::from(from.month())
            }
            Grain::Year => i64::from(to.year() - from.year()),
        };
        u64::try_from(steps).unwrap_or(0) + 1
    }

    fn period(self, at: Instant, tz: Tz) -> Period {
        let mut reading = self.truncate(local(at, tz));
        let mut end = self.end_of(reading, tz);
        // After a backward jump the clock repeats readings: advance to the latest one reached.
        while let Some((next, begins)) = end
            && begins <= at
        {
            reading = next;
            end = self.end_of(reading, tz);
        }
        let period = Period {
            reading,
            start: first_instant(reading, tz),
            end: end.map(|(_, at)| at),
            letter: None,
        };
        if self == Grain::Hour { period.hour_of(at) } else { period }
    }

    /// The local reading at which the next period begins, and its instant.
    fn end_of(self, reading: NaiveDateTime, tz: Tz) -> Option<(NaiveDateTime, Instant)> {
        let next = match self {
            Grain::Hour => reading.checked_add_signed(HOUR),
            Grain::Day => reading.checked_add_signed(TimeDelta::days(1)),
            Grain::Month => reading.checked_add_months(Months::new(1)),
            Grain::Year => reading.checked_add_months(Months::new(12)),
        };
        next.filter(|next| next.year() <= 9999).map(|next| (next, first_instant(next, tz)))
    }

    fn truncate(self, reading: NaiveDateTime) -> NaiveDateTime {
        let date = reading.date();
        let (month, day) = match self {
            Grain::Hour | Grain::Day => (date.month(), date.day()),
            Grain::Month => (date.month(), 1),
            Grain::Year => (1, 1),
        };
        let hour = if self == Grain::Hour { reading.hour() } else { 0 };
        let date = NaiveDate::from_ymd_opt(date.year(), month, day).unwrap_or(date);
        date.and_time(NaiveTime::from_hms_opt(hour, 0, 0).unwrap_or_default())
    }
}

impl fmt::Display for Grain {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One year, month, day or hour in the zone's local time.
struct Period {
    /// The local reading at its nominal start, which a forward jump may skip.
    reading: NaiveDateTime,
    start: Instant,
    end: Option<Instant>,
    /// Distinguishes hours that have the same reading.
    letter: Option<char>,
}

const HOUR: TimeDelta = TimeDelta::hours(1);

impl Period {
    /// The single hour of this period that contains `at`: when the clocks go back, several hours
    /// pass before the next reading.
    fn hour_of(mut self, at: Instant) -> Period {
        let (Some(end), start) = (self.end, self.start) else { return self };
        if end - start > HOUR {
            let gone = (at - start).num_hours();
            self.start = start + TimeDelta::hours(gone);
            self.end = Some(end.min(self.start + HOUR));
            // At most 25: no zone has ever gone back by more than a day.
            self.letter = u8::try_from(gone).ok().map(|gone| char::from(b'a' + gone.min(25)));
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::parse_timestamp;
    use proptest::prelude::*;

    fn at(text: &str) -> Instant {
        parse_timestamp(text).unwrap().at(Tz::UTC)
    }

    fn walk(grain: Grain, from: &str, many: usize, tz: Tz) -> Vec<(String, i64)> {
        let mut start = grain.floor(at(from), tz);
        let mut seen = Vec::new();
        for _ in 0..many {
            let end = grain.next(start, tz).unwrap();
            seen.push((grain.label(start, tz), (end - start).num_minutes()));
            start = end;
        }
        seen
    }

    #[test]
    fn labels_equal_those_of_dbt() {
        let labels = Grain::ALL.map(|grain| grain.label(at("2024-09-01T05:30"), Tz::UTC));
        assert_eq!(labels, ["2024-09-01T05", "2024-09-01", "2024-09", "2024"]);
    }

    #[test]
    fn only_names_of_dbt_are_grains() {
        assert_eq!(Grain::parse("month"), Some(Grain::Month));
        assert_eq!((Grain::parse("Day"), Grain::parse("week")), (None, None));
    }

    #[test]
    fn days_have_23_and_25_hours() {
        let paris = Tz::Europe__Paris;
        assert_eq!(
            walk(Grain::Day, "2024-03-31T12:00", 1, paris),
            [("2024-03-31".into(), 23 * 60)]
        );
        assert_eq!(
            walk(Grain::Day, "2024-10-27T12:00", 1, paris),
            [("2024-10-27".into(), 25 * 60)]
        );
        assert_eq!(
            walk(Grain::Month, "2024-10-27T12:00", 1, paris),
            [("2024-10".into(), (31 * 24 + 1) * 60)]
        );
    }

    #[test]
    fn an_hour_that_occurs_twice_is_two_batches() {
        let named = |from, many, tz| {
            walk(Grain::Hour, from, many, tz)
                .into_iter()
                .map(|(label, minutes)| format!("{} {minutes}", &label[8..]))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            named("2024-10-26T23:00", 4, Tz::Europe__Paris),
            ["27T01 60", "27T02a 60", "27T02b 60", "27T03 60"]
        );
        assert_eq!(named("2024-03-31T00:00", 2, Tz::Europe__Paris), ["31T01 60", "31T03 60"]);
        assert_eq!(
            named("2024-04-06T14:00", 3, Tz::Australia__Lord_Howe),
            ["07T01a 60", "07T01b 30", "07T02 60"]
        );
        assert_eq!(
            named("2024-10-05T14:30", 3, Tz::Australia__Lord_Howe),
            ["06T01 60", "06T02 30", "06T03 60"]
        );
        assert_eq!(
            named("2010-11-07T01:30", 4, Tz::America__St_Johns),
            ["06T23 60", "07T00a 60", "07T00b 60", "07T01 60"]
        );
        assert_eq!(
            named("2019-10-27T00:00", 4, Tz::Antarctica__Troll),
            ["27T02a 60", "27T02b 60", "27T02c 60", "27T03 60"]
        );
    }

    #[test]
    fn a_midnight_or_a_day_may_be_missing() {
        let days = |from, tz| walk(Grain::Day, from, 2, tz);
        assert_eq!(
            days("2018-11-04T12:00", Tz::America__Sao_Paulo),
            [("2018-11-04".into(), 23 * 60), ("2018-11-05".into(), 24 * 60)]
        );
        assert_eq!(
            days("2011-12-29T12:00", Tz::Pacific__Apia),
            [("2011-12-29".into(), 24 * 60), ("2011-12-31".into(), 24 * 60)]
        );
    }

    #[test]
    fn the_calendar_ends() {
        assert_eq!(Grain::Year.next(at("9999-01-01"), Tz::UTC), None);
        assert_eq!(Grain::Day.next(at("9999-12-31"), Tz::Asia__Kolkata), None);
        assert_eq!(Grain::Month.previous(at("0001-01-01"), Tz::UTC), None);
        assert_eq!(Grain::Day.previous(at("2024-03-01"), Tz::UTC), Some(at("2024-02-29")));
    }

    proptest! {
        #[test]
        fn in_every_zone_batches_are_adjacent_and_labels_increase(
            zone in 0..chrono_tz::TZ_VARIANTS.len(),
            seconds in -4_000_000_000i64..3_000_000_000,
            near in -200_000i64..200_000,
            grain in 0..4usize,
        ) {
            let (grain, tz) = (Grain::ALL[grain], chrono_tz::TZ_VARIANTS[zone]);
            let time = |seconds| Instant::from_timestamp(seconds, 0).unwrap();
            let ahead = |seconds| {
                (local(time(seconds), tz) - time(seconds).naive_utc()).num_seconds()
            };
            // Move to the next change of the clocks within a year, if there is one.
            let mut days = (0..400).map(|day| seconds + day * 86_400);
            let changes = days.find(|day| ahead(*day) != ahead(seconds));
            let at = time(changes.unwrap_or(seconds) + near);
            let start = grain.floor(at, tz);
            let end = grain.next(at, tz).unwrap();
            prop_assert!(start <= at && at < end);
            prop_assert_eq!(grain.floor(start, tz), start);
            prop_assert_eq!(grain.floor(end, tz), end);
            prop_assert_eq!(grain.next(start, tz), Some(end));
            prop_assert_eq!(grain.previous(end, tz), Some(start));
            prop_assert!(grain.label(start, tz) < grain.label(end, tz));
            prop_assert_eq!(grain.label(at, tz), grain.label(start, tz));
        }
    }
}
