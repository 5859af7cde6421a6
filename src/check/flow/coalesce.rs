//! The value of `coalesce` and similar functions.

use std::ops::Range;

use super::derived_time::OutsideReason;
use super::value::{NullReason, Time, Value};

/// The first of several values that is not null. Rows of a batch have an event time, so a value
/// after it is never used; but rows whose missing event time the expression replaces are in no
/// batch.
pub fn coalesce(mut values: Vec<Value>, at: Range<usize>) -> Value {
    let is_null = |value: &Value| matches!(value.null, Some((NullReason::Literal, _)));
    if !values.iter().all(is_null) {
        values.retain(|value| !is_null(value));
    }
    let Some(first) = values.first().cloned() else { return Value::unknown(at) };
    if first.is_inside() && first.null.is_none() && values.len() > 1 {
        let replaces_null =
            values[1..].iter().any(|value| !value.is_inside() && value.null.is_none());
        return if replaces_null {
            Value { time: Time::Outside(OutsideReason::Mixed), at, ..first.changed() }
        } else {
            first.changed()
        };
    }
    // A value derived from the event time is not null if the event time is not null.
    if first.null.is_none() && !first.is_inside() && first.derives_from_event_time() {
        return first.changed();
    }
    // One of the two sides of a full join is always present.
    let is_missing = |side: NullReason, at: &Range<usize>| {
        values.iter().any(|value| value.null == Some((side, at.clone())))
    };
    let is_full_join = |(_, at): &(NullReason, Range<usize>)| {
        is_missing(NullReason::LeftOfFull, at) && is_missing(NullReason::RightOfFull, at)
    };
    let may_be_null =
        values.iter().all(|value| value.null.as_ref().is_some_and(|null| !is_full_join(null)));
    let null = if may_be_null { first.null.clone() } else { None };
    let values = values.into_iter().map(|value| Value { null: None, ..value }).collect();
    Value { null, ..Value::one_of(values, at) }
}
