//! Local time in a zone. Converts between instants and readings of a local clock, also where the
//! clocks jump: a reading that is skipped or repeated is the first instant at which the clock shows
//! it or a later time.

use chrono::{NaiveDateTime, NaiveTime, Offset, SecondsFormat, TimeDelta, TimeZone};
use chrono_tz::Tz;

use super::Instant;
use super::instant::format_instant;

/// The reading of a local clock at `at`.
pub(super) fn local(at: Instant, tz: Tz) -> NaiveDateTime {
    let offset = tz.offset_from_utc_datetime(&at.naive_utc()).fix();
    at.naive_utc().checked_add_offset(offset).unwrap_or(at.naive_utc())
}

/// The first instant at which a local clock shows `reading` or a later time.
pub(super) fn first_instant(reading: NaiveDateTime, tz: Tz) -> Instant {
    if tz == Tz::UTC {
        return reading.and_utc();
    }
    // Offsets are below one day and no zone jumps twice within two days, so one of the two offsets
    // in force around the reading is correct, or the jump between them skips the reading.
    let (before, after) = (shift(reading, -DAY), shift(reading, DAY));
    let candidate = [before, after]
        .into_iter()
        .filter_map(|near| reading.checked_sub_offset(tz.offset_from_utc_datetime(&near).fix()))
        .map(|utc| utc.and_utc())
        .filter(|at| local(*at, tz) == reading)
        .min();
    candidate.unwrap_or_else(|| {
        let (mut early, mut late) = (before.and_utc(), after.and_utc());
        while late - early > TimeDelta::seconds(1) {
            let middle = early + TimeDelta::seconds((late - early).num_seconds() / 2);
            if local(middle, tz) < reading { early = middle } else { late = middle }
        }
        late
    })
}

/// Formats an instant for people, in a form that is also accepted as a bound: `2024-09-01` where a
/// day begins in the zone, else RFC 3339 with the offset.
pub fn display_instant(at: Instant, tz: Tz) -> String {
    let local = local(at, tz);
    if local.time() == NaiveTime::MIN && first_instant(local, tz) == at {
        local.format("%Y-%m-%d").to_string()
    } else if tz == Tz::UTC {
        format_instant(at)
    } else {
        let offset = tz.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc();
        // An RFC 3339 offset has no seconds; local mean times before 1920 have.
        if offset % 60 == 0 {
            at.with_timezone(&tz).to_rfc3339_opts(SecondsFormat::Secs, true)
        } else {
            format_instant(at)
        }
    }
}

const DAY: TimeDelta = TimeDelta::days(1);

fn shift(reading: NaiveDateTime, by: TimeDelta) -> NaiveDateTime {
    reading.checked_add_signed(by).unwrap_or(reading)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;

    fn first(reading: &str, tz: Tz) -> String {
        let reading = NaiveDateTime::parse_from_str(reading, "%Y-%m-%d %H:%M").unwrap();
        first_instant(reading, tz).format("%Y-%m-%dT%H:%M").to_string()
    }

    #[test]
    fn a_skipped_or_repeated_reading_has_one_instant() {
        assert_eq!(first("2024-07-01 00:00", Tz::Europe__Paris), "2024-06-30T22:00");
        assert_eq!(first("2024-10-27 02:30", Tz::Europe__Paris), "2024-10-27T00:30");
        assert_eq!(first("2024-03-31 02:30", Tz::Europe__Paris), "2024-03-31T01:00");
        assert_eq!(first("2018-11-04 00:00", Tz::America__Sao_Paulo), "2018-11-04T03:00");
        assert_eq!(first("2024-03-31 00:00", Tz::Asia__Beirut), "2024-03-30T22:00");
        assert_eq!(first("2011-12-30 00:00", Tz::Pacific__Apia), "2011-12-30T10:00");
    }

    #[test]
    fn an_instant_is_formatted_as_a_bound() {
        let at =
            NaiveDate::from_ymd_opt(2024, 9, 1).unwrap().and_hms_opt(22, 0, 0).unwrap().and_utc();
        assert_eq!(display_instant(at, Tz::UTC), "2024-09-01T22:00:00Z");
        assert_eq!(display_instant(at, Tz::Europe__Paris), "2024-09-02");
        assert_eq!(display_instant(at, Tz::Asia__Kolkata), "2024-09-02T03:30:00+05:30");
    }
}
