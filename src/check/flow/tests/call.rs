//! The values of function calls.

use super::*;

#[test]
fn a_function_of_several_values_gives_the_event_time_only_if_all_are_in_the_window() {
    for (expr, expected) in [
        ("coalesce(at, null)", Time::Inside(Unit::Instant)),
        ("coalesce(null, at)", Time::Inside(Unit::Instant)),
        ("coalesce(at, loaded)", Time::Outside(OutsideReason::Mixed)),
        ("coalesce(loaded, at)", Time::Outside(OutsideReason::Mixed)),
        ("coalesce(at, timestamp '1970-01-01')", Time::Outside(OutsideReason::Mixed)),
        ("greatest(at, at::date)", Time::Inside(Unit::Day)),
        ("least(at, loaded)", Time::Outside(OutsideReason::Mixed)),
        ("if(user_id = 1, at, date_trunc('hour', at))", Time::Inside(Unit::Hour)),
    ] {
        assert_eq!(event_time(expr), expected, "{expr}");
    }
}

#[test]
fn functions_that_can_return_null_make_the_event_time_nullable() {
    for (expr, expected) in [
        ("nullif(at, loaded)", Some(NullReason::Function)),
        ("lag(at) over (partition by at::date)", Some(NullReason::Function)),
        ("lag(at, 1, at) over (partition by at::date)", None),
        ("max(at)", None),
        ("max(at) filter (where user_id = 1)", Some(NullReason::Function)),
        ("coalesce(nullif(at, loaded), at)", None),
        ("coalesce(nullif(at, loaded), null)", Some(NullReason::Function)),
    ] {
        let null = value(expr).null.map(|(null, _)| null);
        assert_eq!(null, expected, "{expr}");
        assert!(value(expr).is_inside(), "{expr}");
    }
}

#[test]
fn conversions_between_zones() {
    for (expr, expected) in [
        ("from_utc_timestamp(at, 'Europe/Paris')", Time::Outside(OutsideReason::Zone)),
        (
            "to_utc_timestamp(from_utc_timestamp(at, 'Europe/Paris'), 'Europe/Paris')",
            Time::Inside(Unit::Instant),
        ),
        (
            "to_utc_timestamp(from_utc_timestamp(at, 'Europe/Paris'), 'Asia/Tokyo')",
            Time::Outside(OutsideReason::Zone),
        ),
        ("to_utc_timestamp(at, 'UTC')", Time::Inside(Unit::Instant)),
        ("convert_timezone('UTC', 'Europe/Paris', at)", Time::Outside(OutsideReason::Zone)),
        (
            "convert_timezone('Europe/Paris', 'UTC', convert_timezone('UTC', 'Europe/Paris', at))",
            Time::Inside(Unit::Instant),
        ),
        ("convert_timezone('Europe/Paris', 'UTC', at)", Time::Outside(OutsideReason::Zone)),
        ("convert_timezone('No/Where', at)", Time::Outside(OutsideReason::Zone)),
    ] {
        assert_eq!(event_time(expr), expected, "{expr}");
    }
}

#[test]
fn days_that_are_derived_from_the_event_time() {
    let months = BatchWindows { grain: Grain::Month, ..DAYS };
    assert_eq!(event_time_in("last_day(at)", months), Time::Inside(Unit::Month));
    for (expr, expected) in [
        ("next_day(at, 'MO')", Time::Outside(OutsideReason::Moved)),
        ("date(at)", Time::Inside(Unit::Day)),
        ("date(at, 'start of month')", Time::Outside(OutsideReason::Coarser(Unit::Month))),
        ("date(at, '+1 day')", Time::Outside(OutsideReason::Shifted)),
        ("trunc(at)", Time::Inside(Unit::Day)),
        ("tostartofhour(at)", Time::Inside(Unit::Hour)),
        ("tomonday(at)", Time::Outside(OutsideReason::Coarser(Unit::Week))),
    ] {
        assert_eq!(event_time(expr), expected, "{expr}");
    }
}

#[test]
fn an_unknown_function_may_depend_on_the_window() {
    assert_eq!(value("my_function(at)").possible_key.as_deref(), Some("my_function(at)"));
    assert_eq!(value("my_function(user_id)").possible_key, None);
    assert_eq!(event_time("my_function(at)"), Time::Unknown);
    assert_eq!(event_time("my_function(1, 'text')"), Time::Fixed);
    assert_keys(&[
        ("my_function(at)", Possible),
        ("my_function(minute(at))", Not),
        ("my_function(payment_id)", Possible),
    ]);
}

#[test]
fn a_clock_with_arguments_is_a_clock_only_if_they_are_fixed() {
    assert_eq!(event_time("current_timestamp(6)"), Time::Clock);
    assert_eq!(event_time("now()"), Time::Clock);
    assert_keys(&[("unix_timestamp(at)", Determines)]);
}
