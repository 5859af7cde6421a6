//! The values of operators.

use std::ops::Range;

use sqlparser::ast::{BinaryOperator, Expr};

use super::Flow;
use super::derived_time::OutsideReason;
use super::literal::{amount, integer, is_midnight, micros_of_number};
use super::unit::Unit;
use super::value::{Form, Time, Value};

impl Flow<'_> {
    pub(super) fn binary(
        &self,
        left: (&Expr, Value),
        op: &BinaryOperator,
        right: (&Expr, Value),
        at: Range<usize>,
    ) -> Value {
        use BinaryOperator::{
            Divide, DuckIntegerDivide, Minus, Modulo, Multiply, MyIntegerDivide, Plus, StringConcat,
        };
        if left.1.time == Time::Fixed && right.1.time == Time::Fixed {
            return Value::of(Time::Fixed, at);
        }
        match op {
            StringConcat => {
                left.1.combined_with(&right.1).converted(Form::Image("||".to_string()), at)
            }
            Plus | Minus
                if left.1.derives_from_event_time() && right.1.derives_from_event_time() =>
            {
                self.sum_of(&left.1, op, &right.1, at)
            }
            Plus if right.1.derives_from_event_time() => self.offset_by(right, 1, left, at),
            Plus => self.offset_by(left, 1, right, at),
            Minus if left.1.derives_from_event_time() => self.offset_by(left, -1, right, at),
            // A constant minus a time is still distinct for each time.
            Minus if left.1.time == Time::Fixed => right.1.moved(OutsideReason::Moved, at),
            Multiply if right.1.derives_from_event_time() => {
                self.multiplied(right.1, integer(left.0), at)
            }
            Multiply => self.multiplied(left.1, integer(right.0), at),
            Divide => self.divided(left.1, integer(right.0), false, at),
            DuckIntegerDivide | MyIntegerDivide => self.divided(left.1, integer(right.0), true, at),
            Modulo => left.1.without_window().converted(Form::Image("%".to_string()), at),
            // A comparison has the same result for many times.
            _ => Value::unknown(at),
        }
    }

    fn offset_by(
        &self,
        time: (&Expr, Value),
        sign: i64,
        other: (&Expr, Value),
        at: Range<usize>,
    ) -> Value {
        let (value, (expr, other)) = (time.1, other);
        if !value.derives_from_event_time() {
            return Value {
                possible_key: value.possible_key.or(other.possible_key),
                ..Value::unknown(at)
            };
        }
        if other.time != Time::Fixed {
            let is_time = value.form == Form::Time && value.derived_time.is_some();
            let value = if is_time { value.moved(OutsideReason::Shifted, at) } else { value };
            return value.without_window();
        }
        let days = || integer(expr).map(|days| (0, days.saturating_mul(Unit::Day.min_micros())));
        let by = |(months, micros): (i32, i64)| {
            (if sign < 0 { -months } else { months }, sign.saturating_mul(micros))
        };
        match (&value.form, value.derived_time) {
            // The number of days since a date.
            (Form::Time, Some(derived_time))
                if sign < 0
                    && is_midnight(expr) == Some(true)
                    && derived_time.unit_of_values() == Unit::Day =>
            {
                value.converted(Form::Count(Unit::Day.min_micros()), at)
            }
            (Form::Time, _) => match amount(expr).or_else(days).map(by) {
                None => self.shifted_by_unknown(value, &self.view.text_at(&at), at),
                amount => value.shifted(amount, self.windows, at),
            },
            (Form::Count(micros), Some(derived_time)) => {
                let form = value.form.clone();
                match micros_of_number(expr, *micros) {
                    Some(micros) => {
                        value.shifted_count(derived_time, sign.saturating_mul(micros), form, at)
                    }
                    None => value.moved(OutsideReason::Shifted, at),
                }
            }
            _ => value,
        }
    }

    /// The sum of two values derived from the event time: 100 times the year plus the month.
    fn sum_of(&self, left: &Value, op: &BinaryOperator, right: &Value, at: Range<usize>) -> Value {
        match (op, &left.form, &right.form) {
            (BinaryOperator::Plus, Form::Number(one, max_one), Form::Number(other, max_other)) => {
                let ((high, max_one), (low, max_other)) = if one >= other {
                    ((*one, *max_one), (*other, *max_other))
                } else {
                    ((*other, *max_other), (*one, *max_one))
                };
                let form = Form::Number(low, max_one.saturating_add(max_other));
                // The smaller addend must be below the step of the larger one, so that sums are
                // distinct.
                if high > max_other {
                    left.clone().combined_with(right).converted(form, at)
                } else {
                    left.clone().without_window().converted(form, at)
                }
            }
            // The difference of two times of a row may have any value, and so does a time that is
            // shifted by a part of itself.
            (_, Form::Time, Form::Time | Form::Number(..)) | (_, Form::Number(..), Form::Time) => {
                Value::unknown(at)
            }
            _ if left.determines_window_if_present(self.windows)
                || right.determines_window_if_present(self.windows) =>
            {
                Value { possible_key: Some(self.view.text_at(&at)), ..Value::unknown(at) }
            }
            _ => Value::unknown(at),
        }
    }

    fn multiplied(&self, value: Value, by: Option<i64>, at: Range<usize>) -> Value {
        match (&value.form, by) {
            (Form::Number(step, max_one), Some(by)) if by > 0 => {
                let form = Form::Number(step.saturating_mul(by), max_one.saturating_mul(by));
                value.converted(form, at)
            }
            (Form::Count(micros), Some(by)) if by > 0 && micros % by == 0 => {
                value.rescaled(Form::Count(micros / by), at)
            }
            // A number of seconds, converted to milliseconds.
            (Form::Time, Some(by)) if is_power_of_ten(by) => value.changed(),
            _ if value.derived_time.is_some() => Value {
                time: Time::Outside(OutsideReason::Moved),
                derived_time: None,
                at: at.clone(),
                ..value.moved(OutsideReason::Moved, at)
            },
            _ => value.opaque(self.windows, || self.view.text_at(&at), at.clone()),
        }
    }

    pub(super) fn divided(
        &self,
        value: Value,
        by: Option<i64>,
        is_integer: bool,
        at: Range<usize>,
    ) -> Value {
        match (&value.form, by) {
            (Form::Count(micros), Some(by)) if by > 0 => {
                let count = value.rescaled(Form::Count(micros.saturating_mul(by)), at.clone());
                let truncates = is_integer || self.engine.divides_integers && !value.is_fraction();
                if truncates { self.truncated(count, at) } else { count }
            }
            (Form::Time, Some(by)) if is_power_of_ten(by) => value.changed(),
            (Form::Number(..), _) => {
                value.without_window().converted(Form::Image("/".to_string()), at)
            }
            _ => value.opaque(self.windows, || self.view.text_at(&at), at.clone()),
        }
    }

    /// Truncates a number of time units to an integer.
    pub(super) fn truncated(&self, value: Value, at: Range<usize>) -> Value {
        const HOUR: i64 = 3_600_000_000;
        match (value.derived_time, &value.form) {
            (Some(derived_time), Form::Count(micros)) if *micros > 0 => {
                let unit = match *micros {
                    micros if micros == 24 * HOUR => Unit::Day,
                    micros if micros == HOUR => Unit::Hour,
                    micros if HOUR % micros == 0 => Unit::Minute,
                    micros if 24 * HOUR % micros == 0 => Unit::Day,
                    _ => Unit::Other,
                };
                // A time that is truncated to a larger unit counts full units already.
                let (form, cut) = (
                    value.form.clone(),
                    if derived_time.unit > unit { derived_time } else { derived_time.cut(unit) },
                );
                value.with_moment(cut, self.windows, at.clone()).converted(form, at)
            }
            (_, Form::Image(_) | Form::Number(..)) => value,
            _ if value.derives_from_event_time() => {
                let form = Form::Image(format!("number of {:?}", value.form));
                value.converted(form, at)
            }
            _ => value.changed(),
        }
    }
}

fn is_power_of_ten(number: i64) -> bool {
    [1, 10, 100, 1000, 1_000_000, 1_000_000_000].contains(&number)
}
