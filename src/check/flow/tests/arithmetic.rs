//! Sums, differences, products and quotients of times and of numbers that count time.

use super::*;

#[test]
fn a_shift_of_the_event_time_leaves_the_window_unless_it_is_zero() {
    for (expr, expected) in [
        ("at + interval '0 days'", Time::Inside(Unit::Instant)),
        ("at + interval '1 day' - interval '1 day'", Time::Inside(Unit::Instant)),
        ("interval '1 hour' + at - interval '60 minutes'", Time::Inside(Unit::Instant)),
        ("at + interval '1 microsecond'", Time::Outside(OutsideReason::Shifted)),
        ("at - interval '1 month'", Time::Outside(OutsideReason::Shifted)),
        ("at::date + 1", Time::Outside(OutsideReason::Shifted)),
        ("at::date + 0", Time::Inside(Unit::Day)),
        ("at + delay", Time::Outside(OutsideReason::Shifted)),
        ("timestamp '2024-09-01' + interval '1 day'", Time::Fixed),
    ] {
        assert_eq!(event_time(expr), expected, "{expr}");
    }
}

#[test]
fn a_truncated_time_may_be_shifted_within_its_unit() {
    for (expr, expected) in [
        ("date_trunc('day', at) + interval '23 hours'", Time::Inside(Unit::Day)),
        ("date_trunc('day', at) + interval '24 hours'", Time::Outside(OutsideReason::Shifted)),
        ("date_trunc('day', at) - interval '1 second'", Time::Outside(OutsideReason::Shifted)),
        ("date_trunc('hour', at) + interval '59 minutes'", Time::Inside(Unit::Hour)),
        ("date_trunc('hour', at) + interval '1 hour'", Time::Outside(OutsideReason::Shifted)),
    ] {
        assert_eq!(event_time(expr), expected, "{expr}");
    }
}

#[test]
fn numbers_of_parts_need_room_for_the_smaller_part() {
    let months = BatchWindows { grain: Grain::Month, ..DAYS };
    for (expr, expected) in [
        ("year(at) * 100 + month(at)", Determines),
        ("month(at) + year(at) * 100", Determines),
        ("year(at) * 10 + month(at)", Not),
        ("year(at) * 0 + month(at)", Not),
        ("month(at) * 10000 + year(at)", Determines),
    ] {
        assert_eq!(key_in(expr, months, Engine::default()), expected, "{expr}");
    }
}

#[test]
fn divided_counts_are_windows_only_if_the_divisor_is_a_part_of_a_day() {
    assert_keys(&[
        ("epoch(at) / 86400", Determines),
        ("floor(epoch(at) / 86400)", Determines),
        ("floor(epoch(at) / 3600)", Determines),
        ("floor(epoch(at) / 604800)", Not),
        ("(epoch(at) * 1000) // 86400000", Determines),
        ("(epoch(at) * 1000) // 86400", Determines),
        ("epoch(at) % 86400 + 1", Not),
    ]);
}
