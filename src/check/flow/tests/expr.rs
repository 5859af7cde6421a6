//! The values of expressions: columns, casts, `case`, `extract`, literals.

use super::*;

#[test]
fn casts_of_the_event_time() {
    for (expr, expected) in [
        ("(at)", Time::Inside(Unit::Instant)),
        ("at::timestamp", Time::Inside(Unit::Instant)),
        ("cast(at as timestamptz)", Time::Inside(Unit::Instant)),
        ("at::date", Time::Inside(Unit::Day)),
        ("at::date::timestamp", Time::Inside(Unit::Day)),
        ("at::varchar", Time::Unknown),
        ("at::varchar::timestamp", Time::Inside(Unit::Instant)),
        ("extract(date from at)", Time::Inside(Unit::Day)),
    ] {
        assert_eq!(event_time(expr), expected, "{expr}");
    }
    assert_keys(&[
        ("at::time", Not),
        ("at::date::varchar", Determines),
        ("extract(epoch from at)", Determines),
        ("extract(hour from at)", Not),
    ]);
}

#[test]
fn columns_and_literals() {
    for (expr, expected) in [
        ("at", Time::Inside(Unit::Instant)),
        ("AT", Time::Inside(Unit::Instant)),
        ("events.at", Time::Inside(Unit::Instant)),
        ("other.at", Time::Unknown),
        ("user_id", Time::OtherColumn),
        ("current_date", Time::Clock),
        ("\"current_date\"", Time::OtherColumn),
        ("date '2024-09-01'", Time::Fixed),
        ("null", Time::Fixed),
        ("-5", Time::Fixed),
        ("- at", Time::Outside(OutsideReason::Moved)),
    ] {
        assert_eq!(event_time(expr), expected, "{expr}");
    }
}

#[test]
fn nulls_of_case_and_of_casts() {
    for (expr, expected) in [
        ("case when user_id = 1 then at else at end", None),
        ("case when user_id = 1 then at end", Some(NullReason::Case)),
        ("case when user_id = 1 then at else null end", Some(NullReason::Literal)),
        ("try_cast(at as timestamp)", None),
        ("try_cast(loaded as timestamp)", Some(NullReason::Function)),
        ("cast(loaded as timestamp)", None),
        ("null", Some(NullReason::Literal)),
    ] {
        assert_eq!(value(expr).null.map(|(null, _)| null), expected, "{expr}");
    }
}

#[test]
fn a_value_has_the_position_of_the_expression_that_changed_it() {
    let sql = "select date_trunc('week', at + interval '1 hour') as at from events";
    let value = analyse_days(sql, |view| view.result.column("at").unwrap());
    assert_eq!(&sql[value.at], "at + interval '1 hour'");
}
