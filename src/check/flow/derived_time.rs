//! A time derived from the event time of its row: truncated to a unit, in a zone, shifted by an
//! amount.

use chrono_tz::Tz;

use super::calendar_parts::CalendarParts;
use super::unit::{BatchWindows, Unit};

/// The event time, truncated to a unit in a zone, and shifted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DerivedTime {
    pub unit: Unit,
    /// The zone of the truncation; irrelevant below a day.
    pub zone: Tz,
    pub clock: ClockZone,
    pub kind: TimeKind,
    pub months: i32,
    pub micros: i64,
}

/// The clock that a time is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockZone {
    /// UTC, like the windows.
    Utc,
    /// The local time of a zone, without the zone.
    Wall(Tz),
    /// An instant that is printed and truncated in a zone.
    AtTimeZone(Tz),
}

/// The type of a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeKind {
    Instant,
    Naive,
    /// A day, without a time.
    Date,
    /// A number of units since 1970; the value is the length of the unit in microseconds.
    Count(i64),
    Unknown,
}

/// Why a time may be outside its row's window.
#[derive(Clone, Debug, PartialEq)]
pub enum OutsideReason {
    Coarser(Unit),
    Shifted,
    Zone,
    /// Another value may replace it.
    Mixed,
    /// Another date is derived from it, such as the last day of its month.
    Moved,
}

/// The result of `at time zone`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtTimeZone {
    /// A time in that zone.
    Is(DerivedTime),
    /// It depends on whether the column has instants, which is unknown.
    Depends,
    /// An error: the time is not the local time of that zone.
    Misread,
}

impl DerivedTime {
    /// The event time itself.
    pub fn event_time(kind: TimeKind) -> DerivedTime {
        DerivedTime {
            unit: Unit::Instant,
            zone: Tz::UTC,
            clock: ClockZone::Utc,
            kind,
            months: 0,
            micros: 0,
        }
    }

    /// The zone of the next truncation.
    pub fn zone(&self) -> Tz {
        match self.clock {
            ClockZone::Utc => Tz::UTC,
            ClockZone::Wall(zone) | ClockZone::AtTimeZone(zone) => zone,
        }
    }

    /// The unit of its values. Those of a date are whole days, also without truncation.
    pub fn unit_of_values(&self) -> Unit {
        if self.kind == TimeKind::Date { self.unit.max(Unit::Day) } else { self.unit }
    }

    /// Truncates it to a unit, in the zone of its clock.
    pub fn cut(self, unit: Unit) -> DerivedTime {
        self.cut_in(unit, self.zone())
    }

    /// Truncates it to a unit in a zone.
    pub fn cut_in(self, unit: Unit, zone: Tz) -> DerivedTime {
        let other = DerivedTime { unit: Unit::Other, zone, ..self };
        if self.unit >= Unit::Day && self.zone != zone || self.unit == Unit::Other {
            return other;
        }
        if self.months != 0 || self.micros != 0 {
            let is_multiple = self.months == 0
                && unit
                    .length()
                    .is_some_and(|(months, micros)| months == 0 && self.micros % micros == 0);
            return match unit {
                // A truncated time that is shifted within its unit is truncated to the start of
                // that unit.
                _ if self.is_shift_within_unit() && unit >= self.unit => {
                    DerivedTime { months: 0, micros: 0, ..self }.cut_in(unit, zone)
                }
                Unit::Week => other,
                _ if is_multiple => DerivedTime { unit: unit.max(self.unit), zone, ..self },
                _ => other,
            };
        }
        match (self.unit, unit) {
            // A week may be in two months, and a month has several weeks.
            (Unit::Week, Unit::Month | Unit::Quarter | Unit::Year)
            | (Unit::Month | Unit::Quarter | Unit::Year, Unit::Week) => other,
            (now, next) if now >= next => self,
            _ => DerivedTime { unit, zone, ..self },
        }
    }

    /// Shifts it by an amount.
    pub fn shifted(self, months: i32, micros: i64) -> DerivedTime {
        DerivedTime {
            months: self.months.saturating_add(months),
            micros: self.micros.saturating_add(micros),
            ..self
        }
    }

    /// Whether the shift is within its unit.
    fn is_shift_within_unit(&self) -> bool {
        self.months == 0 && (self.micros == 0 || (0..self.unit.min_micros()).contains(&self.micros))
    }

    /// Applies `at time zone`. `shows`: it returns an instant; in other engines it removes or adds
    /// the zone.
    pub fn at_zone(self, zone: Tz, shows: bool) -> AtTimeZone {
        let utc = |kind| DerivedTime { clock: ClockZone::Utc, kind, ..self };
        let wall = DerivedTime { clock: ClockZone::Wall(zone), kind: TimeKind::Naive, ..self };
        AtTimeZone::Is(match self.clock {
            ClockZone::Wall(current) if current == zone => utc(TimeKind::Instant),
            ClockZone::Wall(_) => return AtTimeZone::Misread,
            _ if shows && zone == Tz::UTC => utc(TimeKind::Instant),
            _ if shows => {
                DerivedTime { clock: ClockZone::AtTimeZone(zone), kind: TimeKind::Instant, ..self }
            }
            ClockZone::AtTimeZone(_) => wall,
            ClockZone::Utc => match (self.kind, zone == Tz::UTC) {
                (TimeKind::Instant, true) => utc(TimeKind::Naive),
                // The explicit conversion from UTC implies that the column has no zone.
                (_, true) => utc(TimeKind::Instant),
                (TimeKind::Instant, false) => wall,
                (TimeKind::Naive | TimeKind::Date | TimeKind::Count(_), false) => {
                    return AtTimeZone::Misread;
                }
                (TimeKind::Unknown, false) => return AtTimeZone::Depends,
            },
        })
    }

    /// The calendar parts of the event time that it determines.
    pub fn parts(&self) -> CalendarParts {
        CalendarParts::of(self.unit)
    }

    /// The zone of its calendar parts.
    pub fn parts_zone(&self) -> Tz {
        if self.unit >= Unit::Day { self.zone } else { self.zone() }
    }

    /// Why it may be outside of its row's window; `None` if it cannot be.
    pub fn outside(&self, windows: BatchWindows) -> Option<OutsideReason> {
        if matches!(self.clock, ClockZone::Wall(_)) {
            return Some(OutsideReason::Zone);
        }
        let zone = if self.unit >= Unit::Day { self.zone } else { Tz::UTC };
        if !windows.contain_full(self.unit, zone) {
            let other_zone =
                zone != windows.timezone && windows.contain_full(self.unit, windows.timezone);
            return Some(if other_zone {
                OutsideReason::Zone
            } else {
                OutsideReason::Coarser(self.unit)
            });
        }
        (!self.is_shift_within_unit()).then_some(OutsideReason::Shifted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::Grain;

    const HOUR: i64 = 3_600_000_000;
    const DAYS: BatchWindows = BatchWindows { grain: Grain::Day, timezone: Tz::UTC };
    const NEW_YORK: BatchWindows =
        BatchWindows { grain: Grain::Day, timezone: Tz::America__New_York };

    fn event_time() -> DerivedTime {
        DerivedTime::event_time(TimeKind::Unknown)
    }

    #[test]
    fn truncation_and_shifts_may_leave_the_window() {
        assert_eq!(event_time().outside(DAYS), None);
        assert_eq!(event_time().cut(Unit::Day).outside(DAYS), None);
        assert_eq!(
            event_time().cut(Unit::Week).outside(DAYS),
            Some(OutsideReason::Coarser(Unit::Week))
        );
        assert_eq!(event_time().shifted(0, HOUR).outside(DAYS), Some(OutsideReason::Shifted));
        assert_eq!(event_time().shifted(0, HOUR).shifted(0, -HOUR).outside(DAYS), None);
        assert_eq!(event_time().cut(Unit::Day).shifted(0, 12 * HOUR).outside(DAYS), None);
        assert_eq!(
            event_time().cut(Unit::Day).shifted(0, 24 * HOUR).outside(DAYS),
            Some(OutsideReason::Shifted)
        );
        assert_eq!(
            event_time()
                .cut(Unit::Month)
                .shifted(1, 0)
                .outside(BatchWindows { grain: Grain::Year, ..DAYS }),
            Some(OutsideReason::Shifted)
        );
    }

    #[test]
    fn truncation_after_a_shift() {
        let noon = event_time().cut(Unit::Day).shifted(0, 12 * HOUR);
        assert_eq!(noon.cut(Unit::Day), event_time().cut(Unit::Day));
        assert_eq!(noon.cut(Unit::Month), event_time().cut(Unit::Month));
        assert_eq!(
            event_time().shifted(0, -4 * HOUR).cut(Unit::Day).unit,
            Unit::Other,
            "a day that begins at four"
        );
        assert_eq!(event_time().shifted(0, -24 * HOUR).cut(Unit::Day).unit, Unit::Day);
        assert_eq!(event_time().cut(Unit::Week).cut(Unit::Month).unit, Unit::Other);
    }

    #[test]
    fn days_of_a_zone() {
        let local = |kind| match DerivedTime::event_time(kind).at_zone(Tz::America__New_York, false)
        {
            AtTimeZone::Is(local) => Some(local.cut(Unit::Day)),
            _ => None,
        };
        let day = local(TimeKind::Instant).unwrap();
        assert_eq!(
            day.outside(NEW_YORK),
            Some(OutsideReason::Zone),
            "a local midnight is not an instant"
        );
        assert!(
            day.parts().determine_window(NEW_YORK, day.parts_zone())
                && !day.parts().determine_window(DAYS, day.parts_zone())
        );
        let AtTimeZone::Is(back) = day.at_zone(Tz::America__New_York, false) else {
            panic!("the zone is added again")
        };
        assert_eq!(back.outside(NEW_YORK), None);
        assert_eq!(back.outside(DAYS), Some(OutsideReason::Zone));
        assert_eq!(local(TimeKind::Naive), None);
        assert_eq!(
            DerivedTime::event_time(TimeKind::Unknown).at_zone(Tz::America__New_York, false),
            AtTimeZone::Depends
        );
        let AtTimeZone::Is(clock) =
            DerivedTime::event_time(TimeKind::Unknown).at_zone(Tz::America__New_York, true)
        else {
            panic!("an instant in a zone")
        };
        assert_eq!(clock.cut(Unit::Day).outside(NEW_YORK), None);
    }

    #[test]
    fn a_column_without_a_zone_is_converted_from_utc() {
        let AtTimeZone::Is(instant) = event_time().at_zone(Tz::UTC, false) else {
            panic!("an instant in UTC")
        };
        let AtTimeZone::Is(local) = instant.at_zone(Tz::America__New_York, false) else {
            panic!("a local time")
        };
        assert_eq!(local.clock, ClockZone::Wall(Tz::America__New_York));
    }
}
