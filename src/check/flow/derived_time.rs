//! A time that is computed from the event time of its row: cut to a unit, shown in a zone, shifted by an amount.

use chrono_tz::Tz;

use super::parts::Parts;
use super::unit::{Unit, Windows};
use super::value::Why;

/// The event time, cut to a unit as a zone counts it, and shifted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    pub unit: Unit,
    /// The zone that it is cut in; of no account if it is not cut to a day or more.
    pub zone: Tz,
    pub shown: Shown,
    pub kind: Kind,
    pub months: i32,
    pub micros: i64,
}

/// What the clock that a time is read from shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// UTC, as the windows are.
    Utc,
    /// The local time of a zone, without the zone.
    Wall(Tz),
    /// An instant that is printed, and cut, as a zone counts.
    Zoned(Tz),
}

/// Whether a value knows its zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Instant,
    Naive,
    /// A number that counts from 1970 on, each one so many microseconds.
    Count(i64),
    Unknown,
}

/// What `at time zone` gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zoned {
    /// A moment as that zone has it.
    Is(Moment),
    /// The local time, if the column holds instants; something else, if it does not.
    Depends,
    /// A time that was taken for the local time of a zone that it is not of.
    Misread,
}

impl Moment {
    /// The event time itself.
    pub fn event_time(kind: Kind) -> Moment {
        Moment { unit: Unit::Instant, zone: Tz::UTC, shown: Shown::Utc, kind, months: 0, micros: 0 }
    }

    /// The zone in which it is cut next.
    pub fn zone(&self) -> Tz {
        match self.shown {
            Shown::Utc => Tz::UTC,
            Shown::Wall(zone) | Shown::Zoned(zone) => zone,
        }
    }

    /// It, cut to a unit as the clock shows it.
    pub fn cut(self, unit: Unit) -> Moment {
        self.cut_in(unit, self.zone())
    }

    /// It, cut to a unit as a zone counts.
    pub fn cut_in(self, unit: Unit, zone: Tz) -> Moment {
        let other = Moment { unit: Unit::Other, zone, ..self };
        if self.unit >= Unit::Day && self.zone != zone || self.unit == Unit::Other {
            return other;
        }
        if self.months != 0 || self.micros != 0 {
            let whole = self.months == 0 && unit.length().is_some_and(|(months, micros)| months == 0 && self.micros % micros == 0);
            return match unit {
                // What is cut already and shifted within its unit is cut to where that began.
                _ if self.stays() && unit >= self.unit => Moment { months: 0, micros: 0, ..self }.cut_in(unit, zone),
                Unit::Week => other,
                _ if whole => Moment { unit: unit.max(self.unit), zone, ..self },
                _ => other,
            };
        }
        match (self.unit, unit) {
            // A week is in two months, and a month in many weeks.
            (Unit::Week, Unit::Month | Unit::Quarter | Unit::Year) | (Unit::Month | Unit::Quarter | Unit::Year, Unit::Week) => other,
            (now, next) if now >= next => self,
            _ => Moment { unit, zone, ..self },
        }
    }

    /// It, later by an amount.
    pub fn shifted(self, months: i32, micros: i64) -> Moment {
        Moment { months: self.months.saturating_add(months), micros: self.micros.saturating_add(micros), ..self }
    }

    /// Whether what was added to it leaves it within its unit.
    fn stays(&self) -> bool {
        self.months == 0 && (self.micros == 0 || (0..self.unit.shortest()).contains(&self.micros))
    }

    /// It, in a zone. `shows`: the engine's `at time zone` gives an instant in that zone, where others take the zone off or put it on.
    pub fn at_zone(self, zone: Tz, shows: bool) -> Zoned {
        let utc = |kind| Moment { shown: Shown::Utc, kind, ..self };
        let wall = Moment { shown: Shown::Wall(zone), kind: Kind::Naive, ..self };
        Zoned::Is(match self.shown {
            Shown::Wall(own) if own == zone => utc(Kind::Instant),
            Shown::Wall(_) => return Zoned::Misread,
            _ if shows && zone == Tz::UTC => utc(Kind::Instant),
            _ if shows => Moment { shown: Shown::Zoned(zone), kind: Kind::Instant, ..self },
            Shown::Zoned(_) => wall,
            Shown::Utc => match (self.kind, zone == Tz::UTC) {
                (Kind::Instant, true) => utc(Kind::Naive),
                // Whoever names UTC first knows that the column has no zone.
                (_, true) => utc(Kind::Instant),
                (Kind::Instant, false) => wall,
                (Kind::Naive | Kind::Count(_), false) => return Zoned::Misread,
                (Kind::Unknown, false) => return Zoned::Depends,
            },
        })
    }

    /// What it tells of the event time, and as which zone counts.
    pub fn parts(&self) -> Parts {
        Parts::of(self.unit)
    }

    /// The zone that its parts are of.
    pub fn parts_zone(&self) -> Tz {
        if self.unit >= Unit::Day { self.zone } else { self.zone() }
    }

    /// Why it may lie outside of its row's window; `None` if it cannot.
    pub fn outside(&self, windows: Windows) -> Option<Why> {
        if matches!(self.shown, Shown::Wall(_)) {
            return Some(Why::Zone);
        }
        let zone = if self.unit >= Unit::Day { self.zone } else { Tz::UTC };
        if !windows.whole(self.unit, zone) {
            let other_zone = zone != windows.timezone && windows.whole(self.unit, windows.timezone);
            return Some(if other_zone { Why::Zone } else { Why::Coarser(self.unit) });
        }
        (!self.stays()).then_some(Why::Shifted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::Grain;

    const HOUR: i64 = 3_600_000_000;
    const DAYS: Windows = Windows { grain: Grain::Day, timezone: Tz::UTC };
    const NEW_YORK: Windows = Windows { grain: Grain::Day, timezone: Tz::America__New_York };

    fn event_time() -> Moment {
        Moment::event_time(Kind::Unknown)
    }

    #[test]
    fn what_is_cut_or_shifted_stays_in_its_window_or_not() {
        assert_eq!(event_time().outside(DAYS), None);
        assert_eq!(event_time().cut(Unit::Day).outside(DAYS), None);
        assert_eq!(event_time().cut(Unit::Week).outside(DAYS), Some(Why::Coarser(Unit::Week)));
        assert_eq!(event_time().shifted(0, HOUR).outside(DAYS), Some(Why::Shifted));
        assert_eq!(event_time().shifted(0, HOUR).shifted(0, -HOUR).outside(DAYS), None);
        assert_eq!(event_time().cut(Unit::Day).shifted(0, 12 * HOUR).outside(DAYS), None);
        assert_eq!(event_time().cut(Unit::Day).shifted(0, 24 * HOUR).outside(DAYS), Some(Why::Shifted));
        assert_eq!(event_time().cut(Unit::Month).shifted(1, 0).outside(Windows { grain: Grain::Year, ..DAYS }), Some(Why::Shifted));
    }

    #[test]
    fn what_is_cut_after_a_shift() {
        let noon = event_time().cut(Unit::Day).shifted(0, 12 * HOUR);
        assert_eq!(noon.cut(Unit::Day), event_time().cut(Unit::Day));
        assert_eq!(noon.cut(Unit::Month), event_time().cut(Unit::Month));
        assert_eq!(event_time().shifted(0, -4 * HOUR).cut(Unit::Day).unit, Unit::Other, "a day that begins at four");
        assert_eq!(event_time().shifted(0, -24 * HOUR).cut(Unit::Day).unit, Unit::Day);
        assert_eq!(event_time().cut(Unit::Week).cut(Unit::Month).unit, Unit::Other);
    }

    #[test]
    fn days_of_a_zone() {
        let local = |kind| match Moment::event_time(kind).at_zone(Tz::America__New_York, false) {
            Zoned::Is(local) => Some(local.cut(Unit::Day)),
            _ => None,
        };
        let day = local(Kind::Instant).unwrap();
        assert_eq!(day.outside(NEW_YORK), Some(Why::Zone), "a local midnight is no instant");
        assert!(day.parts().tell(NEW_YORK, day.parts_zone()) && !day.parts().tell(DAYS, day.parts_zone()));
        let Zoned::Is(back) = day.at_zone(Tz::America__New_York, false) else { panic!("a wall time gets its zone back") };
        assert_eq!(back.outside(NEW_YORK), None);
        assert_eq!(back.outside(DAYS), Some(Why::Zone));
        assert_eq!(local(Kind::Naive), None);
        assert_eq!(Moment::event_time(Kind::Unknown).at_zone(Tz::America__New_York, false), Zoned::Depends);
        let Zoned::Is(shown) = Moment::event_time(Kind::Unknown).at_zone(Tz::America__New_York, true) else { panic!("it is shown") };
        assert_eq!(shown.cut(Unit::Day).outside(NEW_YORK), None);
    }

    #[test]
    fn a_column_without_a_zone_gets_utc_first() {
        let Zoned::Is(instant) = event_time().at_zone(Tz::UTC, false) else { panic!("it is UTC") };
        let Zoned::Is(local) = instant.at_zone(Tz::America__New_York, false) else { panic!("it is local") };
        assert_eq!(local.shown, Shown::Wall(Tz::America__New_York));
    }
}
