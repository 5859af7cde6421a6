//! Functions that compute a time, a number or text from a time.

use super::*;

const MONTHS: BatchWindows = BatchWindows { grain: Grain::Month, ..DAYS };

#[test]
fn functions_that_add_to_a_time() {
    for (expr, expected) in [
        ("dateadd(day, 0, at)", Time::Inside(Unit::Instant)),
        ("dateadd('day', 1, at)", Time::Outside(OutsideReason::Shifted)),
        ("date_add(at, interval 1 day)", Time::Outside(OutsideReason::Shifted)),
        ("date_sub(date_add(at, interval 1 day), interval 24 hour)", Time::Inside(Unit::Instant)),
        ("add_months(at, 1)", Time::Outside(OutsideReason::Shifted)),
        ("add_months(at, 0)", Time::Inside(Unit::Instant)),
        ("dateadd(day, delay, at)", Time::Outside(OutsideReason::Shifted)),
        ("addhours(date_trunc('day', at), 23)", Time::Inside(Unit::Day)),
        ("subtracthours(date_trunc('day', at), 1)", Time::Outside(OutsideReason::Shifted)),
        ("timestampadd(minute, 59, date_trunc('hour', at))", Time::Inside(Unit::Hour)),
    ] {
        assert_eq!(event_time(expr), expected, "{expr}");
    }
}

#[test]
fn buckets_of_a_time() {
    for (expr, expected) in [
        ("time_bucket(interval '1 hour', at)", Time::Inside(Unit::Hour)),
        ("date_bin('15 minutes', at, timestamp '2001-01-01')", Time::Inside(Unit::Minute)),
        ("time_slice(at, 15, 'minute')", Time::Inside(Unit::Minute)),
        ("time_slice(at, 2, 'day')", Time::Outside(OutsideReason::Coarser(Unit::Other))),
        (
            "date_bin('1 day', at, timestamp '2001-01-01 06:00:00')",
            Time::Outside(OutsideReason::Coarser(Unit::Other)),
        ),
        (
            "tostartofinterval(at, interval 1 month)",
            Time::Outside(OutsideReason::Coarser(Unit::Month)),
        ),
    ] {
        assert_eq!(event_time(expr), expected, "{expr}");
    }
    assert_eq!(
        event_time_in("time_bucket(interval '1 month', at)", MONTHS),
        Time::Inside(Unit::Month)
    );
}

#[test]
fn a_time_that_is_made_of_its_parts() {
    for (expr, windows, expected) in [
        ("make_date(year(at), month(at), day(at))", DAYS, Time::Inside(Unit::Day)),
        ("make_date(year(at), month(at), 1)", MONTHS, Time::Inside(Unit::Month)),
        (
            "make_date(year(at), month(at), 1)",
            DAYS,
            Time::Outside(OutsideReason::Coarser(Unit::Month)),
        ),
        ("make_date(year(at), month(at), 2)", MONTHS, Time::Outside(OutsideReason::Moved)),
        ("make_date(year(at), day(at), month(at))", MONTHS, Time::Outside(OutsideReason::Moved)),
        ("to_timestamp(epoch(at))", DAYS, Time::Inside(Unit::Instant)),
        ("left(at::varchar, 10)::date", DAYS, Time::Inside(Unit::Day)),
        ("strptime(strftime(at, '%Y-%m-%d'), '%Y-%m-%d')", DAYS, Time::Inside(Unit::Day)),
    ] {
        assert_eq!(event_time_in(expr, windows), expected, "{expr}");
    }
}

#[test]
fn differences_count_units_from_a_fixed_time() {
    let elapsed = Engine { elapsed: true, ..Engine::default() };
    for (expr, by_edges, by_elapsed) in [
        ("date_diff('day', date '2020-01-01', at)", Determines, Determines),
        ("datediff(day, 0, at)", Determines, Determines),
        ("date_diff('day', timestamp '2020-01-01 06:00:00', at)", Determines, Not),
        ("date_diff('day', at, date '2020-01-01')", Determines, Determines),
        ("date_diff('week', date '2020-01-01', at)", Not, Not),
        ("date_diff('day', day, at)", Not, Not),
        ("date_diff('day', at, at::date)", Not, Not),
        ("datediff(at, '2020-01-01')", Determines, Determines),
    ] {
        let keys = [Engine::default(), elapsed].map(|engine| key_in(expr, DAYS, engine));
        assert_eq!(keys, [by_edges, by_elapsed], "{expr}");
    }
}

#[test]
fn text_and_numbers_of_a_time_as_keys() {
    for (expr, by_day, by_month) in [
        ("strftime(at, '%Y-%m')", Not, Determines),
        ("to_char(at, 'YYYY-MM-DD')", Determines, Determines),
        ("date_format(at, 'yyyy-MM')", Not, Determines),
        ("monthname(at)", Not, Not),
        ("concat(year(at), month(at))", Not, Not),
        ("concat(year(at), '-', month(at))", Not, Determines),
        ("concat_ws('-', year(at), month(at), day(at))", Determines, Determines),
        ("hash(at::date, user_id)", Determines, Determines),
        ("hash(hour(at), user_id)", Not, Not),
        ("date_diff('month', date '1970-01-01', at)", Not, Determines),
        ("date_diff('day', at, loaded)", Not, Not),
        ("unix_date(at::date)", Determines, Determines),
    ] {
        let keys = [DAYS, MONTHS].map(|windows| key_in(expr, windows, Engine::default()));
        assert_eq!(keys, [by_day, by_month], "{expr}");
    }
}
