//! What is known of the result of an operator.

use std::ops::Range;

use sqlparser::ast::{BinaryOperator, Expr};

use super::Flow;
use super::literal::{amount, integer};
use super::unit::Unit;
use super::value::{Form, Time, Value, Why};

impl Flow<'_> {
    pub(super) fn binary(&self, left: (&Expr, Value), op: &BinaryOperator, right: (&Expr, Value), at: Range<usize>) -> Value {
        use BinaryOperator::{Divide, DuckIntegerDivide, Minus, Modulo, Multiply, MyIntegerDivide, Plus, StringConcat};
        if left.1.time == Time::Fixed && right.1.time == Time::Fixed {
            return Value::of(Time::Fixed, at);
        }
        match op {
            StringConcat => left.1.beside(&right.1).formed(Form::Image("||".to_string()), at),
            Plus | Minus if left.1.is_of_time() && right.1.is_of_time() => self.sum(&left.1, op, &right.1, at),
            Plus if right.1.is_of_time() => self.later(right, 1, left, at),
            Plus => self.later(left, 1, right, at),
            Minus if left.1.is_of_time() => self.later(left, -1, right, at),
            // What counts down still tells what it counts.
            Minus if left.1.time == Time::Fixed => right.1.moved(Why::Moved, at),
            Multiply if right.1.is_of_time() => self.multiplied(right.1, integer(left.0), at),
            Multiply => self.multiplied(left.1, integer(right.0), at),
            Divide => self.divided(left.1, integer(right.0), false, at),
            DuckIntegerDivide | MyIntegerDivide => self.divided(left.1, integer(right.0), true, at),
            Modulo => left.1.lost().formed(Form::Image("%".to_string()), at),
            // What a comparison gives is the same for many times.
            _ => Value::unknown(at),
        }
    }

    fn later(&self, time: (&Expr, Value), sign: i64, other: (&Expr, Value), at: Range<usize>) -> Value {
        let (value, (expr, other)) = (time.1, other);
        if !value.is_of_time() {
            return Value { may_pin: value.may_pin.or(other.may_pin), ..Value::unknown(at) };
        }
        if other.time != Time::Fixed {
            let is_time = value.form == Form::Time && value.moment.is_some();
            let value = if is_time { value.moved(Why::Shifted, at) } else { value };
            return value.lost();
        }
        let days = || integer(expr).map(|days| (0, days.saturating_mul(Unit::Day.shortest())));
        let by = |(months, micros): (i32, i64)| (if sign < 0 { -months } else { months }, sign.saturating_mul(micros));
        match (&value.form, value.moment) {
            (Form::Time, _) => value.shifted(amount(expr).or_else(days).map(by), self.windows, at),
            (Form::Count(micros), Some(moment)) => {
                let (form, count) = (value.form.clone(), integer(expr));
                match count.and_then(|count| count.checked_mul(*micros)) {
                    Some(micros) => value.shifted_count(moment, sign.saturating_mul(micros), form, at),
                    None => value.moved(Why::Shifted, at),
                }
            }
            _ => value,
        }
    }

    /// The sum of two values that both tell something: the year a hundred times and the month.
    fn sum(&self, left: &Value, op: &BinaryOperator, right: &Value, at: Range<usize>) -> Value {
        match (op, &left.form, &right.form) {
            (BinaryOperator::Plus, Form::Number(one, most), Form::Number(other, least)) => {
                let ((high, most), (low, least)) =
                    if one >= other { ((*one, *most), (*other, *least)) } else { ((*other, *least), (*one, *most)) };
                let form = Form::Number(low, most.saturating_add(least));
                // The lower one has room below the step of the higher one.
                if high > least { left.clone().beside(right).formed(form, at) } else { left.clone().lost().formed(form, at) }
            }
            // Between two times of a row there may be anything.
            (_, Form::Time, Form::Time) => Value::unknown(at),
            _ if left.tells(self.windows) || right.tells(self.windows) => {
                Value { may_pin: Some(self.seen.said(&at)), ..Value::unknown(at) }
            }
            _ => Value::unknown(at),
        }
    }

    fn multiplied(&self, value: Value, by: Option<i64>, at: Range<usize>) -> Value {
        match (&value.form, by) {
            (Form::Number(step, most), Some(by)) if by > 0 => {
                let form = Form::Number(step.saturating_mul(by), most.saturating_mul(by));
                value.formed(form, at)
            }
            (Form::Count(micros), Some(by)) if by > 0 && micros % by == 0 => value.formed_as(Form::Count(micros / by), at),
            // A number that counts seconds, told in milliseconds.
            (Form::Time, Some(by)) if is_power_of_ten(by) => value.changed(),
            _ if value.moment.is_some() => {
                Value { time: Time::Outside(Why::Moved), moment: None, at: at.clone(), ..value.moved(Why::Moved, at) }
            }
            _ => value.used(self.windows, || self.seen.said(&at), at.clone()),
        }
    }

    fn divided(&self, value: Value, by: Option<i64>, whole: bool, at: Range<usize>) -> Value {
        match (&value.form, by) {
            (Form::Count(micros), Some(by)) if by > 0 => {
                let count = value.formed_as(Form::Count(micros.saturating_mul(by)), at.clone());
                if whole { self.whole_number(count, at) } else { count }
            }
            (Form::Time, Some(by)) if is_power_of_ten(by) => value.changed(),
            (Form::Number(..), _) => value.lost().formed(Form::Image("/".to_string()), at),
            _ => value.used(self.windows, || self.seen.said(&at), at.clone()),
        }
    }

    /// A number that counts units of time, without its fraction.
    pub(super) fn whole_number(&self, value: Value, at: Range<usize>) -> Value {
        const HOUR: i64 = 3_600_000_000;
        match (value.moment, &value.form) {
            (Some(moment), Form::Count(micros)) if *micros > 0 => {
                let unit = match *micros {
                    micros if micros == 24 * HOUR => Unit::Day,
                    micros if micros == HOUR => Unit::Hour,
                    micros if HOUR % micros == 0 => Unit::Minute,
                    micros if 24 * HOUR % micros == 0 => Unit::Day,
                    _ => Unit::Other,
                };
                // What is cut already counts whole units.
                let (form, cut) = (value.form.clone(), if moment.unit > unit { moment } else { moment.cut(unit) });
                value.with_moment(cut, self.windows, at.clone()).formed(form, at)
            }
            (_, Form::Image(_) | Form::Number(..)) => value,
            _ if value.is_of_time() => {
                let form = Form::Image(format!("number of {:?}", value.form));
                value.formed(form, at)
            }
            _ => value.changed(),
        }
    }
}

fn is_power_of_ten(number: i64) -> bool {
    [1, 10, 100, 1000, 1_000_000, 1_000_000_000].contains(&number)
}
