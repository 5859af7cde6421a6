//! Time zones as in `pytz`: a time keeps its offset until `normalize` or `astimezone` computes it
//! again.

use chrono::{
    DateTime, Datelike, Duration, FixedOffset, NaiveDate, NaiveDateTime, Offset, TimeZone, Utc,
};
use chrono_tz::{OffsetComponents, OffsetName, Tz, TzOffset};

/// The zone of a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Zone {
    Fixed(FixedOffset),
    /// A zone of `pytz` with its offset from UTC in seconds.
    Named(Tz, i32),
}

impl Zone {
    pub const UTC: Zone = Zone::Named(Tz::UTC, 0);

    /// The zone as returned by `pytz.timezone`: before its first transition.
    pub fn named(zone: Tz) -> Zone {
        let first =
            NaiveDate::from_ymd_opt(1, 1, 2).unwrap_or_default().and_time(chrono::NaiveTime::MIN);
        // pytz rounds to minutes.
        let seconds = zone.offset_from_utc_datetime(&first).fix().local_minus_utc();
        Zone::Named(zone, (f64::from(seconds) / 60.0).round() as i32 * 60)
    }

    /// The offset from UTC in seconds.
    pub fn offset(self) -> i32 {
        match self {
            Zone::Fixed(offset) => offset.local_minus_utc(),
            Zone::Named(_, offset) => offset,
        }
    }

    /// An instant in this zone.
    pub fn at(self, at: DateTime<Utc>) -> (NaiveDateTime, Zone) {
        match self {
            Zone::Fixed(offset) => (at.with_timezone(&offset).naive_local(), self),
            Zone::Named(zone, _) => {
                let at = at.with_timezone(&zone);
                (at.naive_local(), Zone::Named(zone, at.offset().fix().local_minus_utc()))
            }
        }
    }

    /// The zone with its offset at a local time. `summer` selects the offset if the local time is
    /// skipped or ambiguous.
    pub fn localized(self, local: NaiveDateTime, summer: bool) -> Zone {
        let Zone::Named(zone, _) = self else { return self };
        let offset = match zone.offset_from_local_datetime(&local) {
            chrono::MappedLocalTime::Single(offset) => offset,
            chrono::MappedLocalTime::Ambiguous(first, second) => {
                if summer == (first.dst_offset() > second.dst_offset()) { first } else { second }
            }
            chrono::MappedLocalTime::None => {
                let around = [-1, 1]
                    .map(|days| zone.offset_from_utc_datetime(&(local + Duration::days(days))));
                let [before, after] = around;
                if summer == (before.dst_offset() > after.dst_offset()) { before } else { after }
            }
        };
        Zone::Named(zone, offset.fix().local_minus_utc())
    }

    /// The local time of the zone for a time with this offset.
    fn rule(self, local: NaiveDateTime) -> Option<TzOffset> {
        let Zone::Named(zone, seconds) = self else { return None };
        let middle = |month| {
            NaiveDate::from_ymd_opt(local.year(), month, 1)
                .map(|date| date.and_time(chrono::NaiveTime::MIN))
        };
        let times =
            [local.checked_sub_signed(Duration::seconds(i64::from(seconds))), middle(1), middle(7)];
        let rules = times.into_iter().flatten().map(|at| zone.offset_from_utc_datetime(&at));
        rules.into_iter().find(|rule| rule.fix().local_minus_utc() == seconds)
    }

    /// `CEST`; `None` for a zone without a name.
    pub fn abbreviation(self, local: NaiveDateTime) -> Option<String> {
        match self {
            Zone::Named(Tz::UTC, _) => Some("UTC".to_string()),
            Zone::Named(..) => Some(
                self.rule(local)
                    .and_then(|rule| rule.abbreviation().map(str::to_string))
                    .unwrap_or_else(|| "LMT".to_string()),
            ),
            Zone::Fixed(_) => None,
        }
    }

    /// The part of the offset that is daylight saving time.
    pub fn summer_time(self, local: NaiveDateTime) -> Duration {
        self.rule(local).map_or(Duration::zero(), |rule| rule.dst_offset())
    }
}
