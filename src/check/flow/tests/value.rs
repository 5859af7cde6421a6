//! Combinations of abstract values.

use super::super::calendar_parts::CalendarParts;
use super::super::colocation::{Colocation, colocation};
use super::super::value::Form;
use super::*;

fn at() -> Value {
    Value::event_time(TimeKind::Unknown)
}

fn day() -> Value {
    at().cut(Unit::Day, DAYS, 0..0)
}

fn column(name: &str, possible_key: bool) -> Value {
    Value {
        possible_key: possible_key.then(|| name.to_string()),
        ..Value::of(Time::OtherColumn, 0..0)
    }
}

fn nullable(value: Value) -> Value {
    Value { null: Some((NullReason::Case, 0..0)), ..value }
}

#[test]
fn one_of_two_values() {
    for (one, other, expected) in [
        (at(), day(), Time::Inside(Unit::Day)),
        (day(), column("loaded", false), Time::Outside(OutsideReason::Mixed)),
        (at(), Value::of(Time::Fixed, 0..0), Time::Outside(OutsideReason::Mixed)),
        (at(), Value::unknown(0..0), Time::Unknown),
        (column("a", false), column("b", false), Time::OtherColumn),
        (Value::of(Time::Fixed, 0..0), Value::of(Time::Clock, 0..0), Time::Unknown),
    ] {
        assert_eq!(one.clone().or(&other).time, expected, "{one:?}\n{other:?}");
        assert_eq!(other.or(&one).time, expected);
    }
    let both = day().or(&nullable(at()));
    assert!(both.null.is_some() && both.parts == CalendarParts::of(Unit::Day), "{both:?}");
}

#[test]
fn a_nullable_value_does_not_determine_the_window() {
    assert!(day().determines_window(DAYS) && day().determines_window_if_present(DAYS));
    assert!(
        !nullable(day()).determines_window(DAYS)
            && nullable(day()).determines_window_if_present(DAYS)
    );
    assert!(!day().without_window().determines_window_if_present(DAYS));
    assert!(
        !day().determines_window(BatchWindows { grain: Grain::Hour, ..DAYS })
            && day().determines_window(BatchWindows { grain: Grain::Month, ..DAYS })
    );
}

#[test]
fn keys_determine_the_window_colocation() {
    let part = |parts| Value { parts, form: Form::Number(1, 99), ..Value::unknown(0..0) };
    for (keys, expected) in [
        (vec![], Colocation::No),
        (vec![column("user_id", false)], Colocation::No),
        (vec![column("user_id", false), day()], Colocation::Always),
        (vec![nullable(day())], Colocation::No),
        (vec![column("code", true)], Colocation::Possible("code".to_string())),
        (
            vec![column("code", true), column("event_date", true)],
            Colocation::Possible("event_date".to_string()),
        ),
        (vec![column("code", true), day()], Colocation::Always),
        (vec![part(CalendarParts::YEAR), part(CalendarParts::DAY_OF_YEAR)], Colocation::Always),
        (vec![part(CalendarParts::YEAR), part(CalendarParts::MONTH)], Colocation::No),
        (
            vec![
                part(CalendarParts::YEAR),
                Value { zone: Tz::Europe__Paris, ..part(CalendarParts::DAY_OF_YEAR) },
            ],
            Colocation::No,
        ),
    ] {
        assert_eq!(colocation(&keys, DAYS), expected, "{keys:?}");
    }
}

#[test]
fn joined_values_have_the_parts_of_both_unless_numbers_touch() {
    let number = |parts| Value { parts, form: Form::Number(1, 99), ..Value::unknown(0..0) };
    let text =
        |parts| Value { parts, form: Form::Image("text".to_string()), ..Value::unknown(0..0) };
    assert_eq!(
        text(CalendarParts::YEAR).combined_with(&text(CalendarParts::MONTH)).parts,
        CalendarParts::YEAR | CalendarParts::MONTH
    );
    assert_eq!(
        text(CalendarParts::YEAR).combined_with(&number(CalendarParts::MONTH)).parts,
        CalendarParts::YEAR | CalendarParts::MONTH
    );
    assert_eq!(
        number(CalendarParts::YEAR).combined_with(&number(CalendarParts::MONTH)).parts,
        CalendarParts::YEAR
    );
    assert_eq!(
        text(CalendarParts::YEAR).combined_with(&nullable(text(CalendarParts::MONTH))).parts,
        CalendarParts::YEAR
    );
}

#[test]
fn equal_values_have_parts_in_common_only_in_the_same_form() {
    let shifted = day().shifted(Some((0, Unit::Day.min_micros())), DAYS, 0..0);
    assert_eq!(day().common(&at()), CalendarParts::of(Unit::Day));
    assert_eq!(day().common(&shifted), CalendarParts::NONE);
    assert_eq!(shifted.common(&shifted), CalendarParts::of(Unit::Day));
    assert_eq!(day().common(&day().converted(Form::Text, 0..0)), CalendarParts::NONE);
}
