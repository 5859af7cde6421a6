//! Combining what is known of values.

use super::super::parts::Parts;
use super::super::value::{Form, together};
use super::*;

fn at() -> Value {
    Value::event_time(Kind::Unknown)
}

fn day() -> Value {
    at().cut(Unit::Day, DAYS, 0..0)
}

fn column(name: &str, may_pin: bool) -> Value {
    Value { may_pin: may_pin.then(|| name.to_string()), ..Value::of(Time::Beside, 0..0) }
}

fn nullable(value: Value) -> Value {
    Value { null: Some((Null::Case, 0..0)), ..value }
}

#[test]
fn one_of_two_values() {
    for (one, other, expected) in [
        (at(), day(), Time::Inside(Unit::Day)),
        (day(), column("loaded", false), Time::Outside(Why::Mixed)),
        (at(), Value::of(Time::Fixed, 0..0), Time::Outside(Why::Mixed)),
        (at(), Value::unknown(0..0), Time::Unknown),
        (column("a", false), column("b", false), Time::Beside),
        (Value::of(Time::Fixed, 0..0), Value::of(Time::Clock, 0..0), Time::Unknown),
    ] {
        assert_eq!(one.clone().or(&other).time, expected, "{one:?}\n{other:?}");
        assert_eq!(other.or(&one).time, expected);
    }
    let both = day().or(&nullable(at()));
    assert!(both.null.is_some() && both.parts == Parts::of(Unit::Day), "{both:?}");
}

#[test]
fn a_nullable_value_does_not_determine_the_window() {
    assert!(day().pins(DAYS) && day().tells(DAYS));
    assert!(!nullable(day()).pins(DAYS) && nullable(day()).tells(DAYS));
    assert!(!day().lost().tells(DAYS));
    assert!(!day().pins(Windows { grain: Grain::Hour, ..DAYS }) && day().pins(Windows { grain: Grain::Month, ..DAYS }));
}

#[test]
fn keys_determine_the_window_together() {
    let part = |parts| Value { parts, form: Form::Number(1, 99), ..Value::unknown(0..0) };
    for (keys, expected) in [
        (vec![], Together::Not),
        (vec![column("user_id", false)], Together::Not),
        (vec![column("user_id", false), day()], Together::Always),
        (vec![nullable(day())], Together::Not),
        (vec![column("code", true)], Together::Perhaps("code".to_string())),
        (vec![column("code", true), column("event_date", true)], Together::Perhaps("event_date".to_string())),
        (vec![column("code", true), day()], Together::Always),
        (vec![part(Parts::YEAR), part(Parts::DAY_OF_YEAR)], Together::Always),
        (vec![part(Parts::YEAR), part(Parts::MONTH)], Together::Not),
        (vec![part(Parts::YEAR), Value { zone: Tz::Europe__Paris, ..part(Parts::DAY_OF_YEAR) }], Together::Not),
    ] {
        assert_eq!(together(&keys, DAYS), expected, "{keys:?}");
    }
}

#[test]
fn joined_values_have_the_parts_of_both_unless_numbers_touch() {
    let number = |parts| Value { parts, form: Form::Number(1, 99), ..Value::unknown(0..0) };
    let text = |parts| Value { parts, form: Form::Image("text".to_string()), ..Value::unknown(0..0) };
    assert_eq!(text(Parts::YEAR).beside(&text(Parts::MONTH)).parts, Parts::YEAR | Parts::MONTH);
    assert_eq!(text(Parts::YEAR).beside(&number(Parts::MONTH)).parts, Parts::YEAR | Parts::MONTH);
    assert_eq!(number(Parts::YEAR).beside(&number(Parts::MONTH)).parts, Parts::YEAR);
    assert_eq!(text(Parts::YEAR).beside(&nullable(text(Parts::MONTH))).parts, Parts::YEAR);
}

#[test]
fn equal_values_have_parts_in_common_only_in_the_same_form() {
    let shifted = day().shifted(Some((0, Unit::Day.shortest())), DAYS, 0..0);
    assert_eq!(day().common(&at()), Parts::of(Unit::Day));
    assert_eq!(day().common(&shifted), Parts::NONE);
    assert_eq!(shifted.common(&shifted), Parts::of(Unit::Day));
    assert_eq!(day().common(&day().formed(Form::Text, 0..0)), Parts::NONE);
}
