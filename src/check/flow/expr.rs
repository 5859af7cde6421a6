//! What is known of an expression's value.

use std::ops::Range;

use sqlparser::ast::{
    BinaryOperator, CaseWhen, CastKind, CeilFloorKind, DataType, DateTimeField, Expr, Ident, TimezoneInfo, UnaryOperator, Value as Literal,
};

use super::scope::Scope;
use super::unit::Unit;
use super::value::{Null, Time, Value, Why};
use super::{Flow, call};

impl Flow<'_> {
    /// The value of an expression over the tables of a scope.
    pub(super) fn value(&self, expr: &Expr, scope: &Scope) -> Value {
        let at = self.place(expr);
        match expr {
            Expr::Identifier(name) => self.named(None, name, scope, at),
            Expr::CompoundIdentifier(parts) => match parts.as_slice() {
                [.., table, name] => self.named(Some(table), name, scope, at),
                _ => Value::unknown(at),
            },
            Expr::Nested(inner) | Expr::Collate { expr: inner, .. } | Expr::Named { expr: inner, .. } => self.value(inner, scope),
            Expr::Cast { expr, data_type, kind, .. } => {
                let value = self.cast(self.value(expr, scope), data_type, at.clone());
                let fails = matches!(kind, CastKind::TryCast | CastKind::SafeCast);
                // A timestamp is cast to another without fail; what is not known to be one may be text.
                if fails && !value.is_of_time() && value.null.is_none() {
                    Value { null: Some((Null::Function, at)), ..value }
                } else {
                    value
                }
            }
            Expr::Convert { expr, data_type: Some(data_type), .. } => self.cast(self.value(expr, scope), data_type, at),
            Expr::AtTimeZone { timestamp, time_zone } => {
                let value = self.value(timestamp, scope);
                if call::is_utc(time_zone) { value.changed() } else { value.moved(Why::Zone, at) }
            }
            Expr::Extract { field: DateTimeField::Date, expr, .. } => self.value(expr, scope).cut(Unit::Day, self.windows, at),
            Expr::Extract { expr, .. } => self.value(expr, scope).used(|| self.seen.said(&at), at.clone()),
            Expr::Floor { expr, field: CeilFloorKind::DateTimeField(field) } => {
                self.cut_to(self.value(expr, scope), Unit::parse(&field.to_string()), at)
            }
            Expr::Ceil { expr, field: CeilFloorKind::DateTimeField(_) } => self.value(expr, scope).moved(Why::Moved, at),
            Expr::Value(literal) => match literal.value {
                Literal::Null => Value { null: Some((Null::Literal, at.clone())), ..Value::of(Time::Fixed, at) },
                _ => Value::of(Time::Fixed, at),
            },
            Expr::TypedString(_) => Value::of(Time::Fixed, at),
            Expr::Interval(interval) => match self.value(&interval.value, scope).time {
                Time::Fixed => Value::of(Time::Fixed, at),
                _ => Value::unknown(at),
            },
            Expr::UnaryOp { op: UnaryOperator::Plus | UnaryOperator::Minus, expr } => match self.value(expr, scope).time {
                Time::Fixed => Value::of(Time::Fixed, at),
                _ => Value::unknown(at),
            },
            Expr::BinaryOp { left, op, right } => self.binary(self.value(left, scope), op, self.value(right, scope), at),
            Expr::Case { conditions, else_result, .. } => self.case(conditions, else_result.as_deref(), scope, at),
            Expr::Function(function) => call::value(self, function, scope, at),
            _ => Value::unknown(at),
        }
    }

    fn named(&self, table: Option<&Ident>, name: &Ident, scope: &Scope, at: Range<usize>) -> Value {
        // Some clocks have no parentheses and look like columns.
        let clock = table.is_none() && name.quote_style.is_none() && super::names::is_clock(&name.value.to_lowercase());
        match scope.column(table.map(|table| table.value.as_str()), &name.value) {
            Some(value) if !clock || value.is_of_time() => {
                let moves = value.time == Time::Inside(Unit::Instant) || value.at == (0..0);
                Value { at: if moves { at } else { value.at.clone() }, ..value }
            }
            _ if clock => Value::of(Time::Clock, at),
            _ => Value::unknown(at),
        }
    }

    /// A value cut to a unit; one that is not known is not judged.
    pub(super) fn cut_to(&self, value: Value, unit: Option<Unit>, at: Range<usize>) -> Value {
        match unit {
            Some(unit) => value.cut(unit, self.windows, at),
            None => value.used(|| self.seen.said(&at), at.clone()),
        }
    }

    fn binary(&self, left: Value, op: &BinaryOperator, right: Value, at: Range<usize>) -> Value {
        use BinaryOperator::{Divide, Minus, Multiply, Plus};
        let (value, other) = if left.is_of_time() { (left, right) } else { (right, left) };
        match (op, &value.time, &other.time) {
            (_, Time::Fixed, Time::Fixed) => Value::of(Time::Fixed, at),
            // A number that counts seconds, told in milliseconds.
            (Divide | Multiply, Time::Inside(_), Time::Fixed) => value.changed(),
            (Plus | Minus, Time::Inside(_) | Time::Outside(_), Time::Fixed) => value.moved(Why::Shifted, at),
            (Plus, Time::Inside(_) | Time::Outside(_), time) if *time != Time::Unknown => {
                Value { pins: false, ..value.moved(Why::Shifted, at) }
            }
            (Minus, Time::Inside(_) | Time::Outside(_), Time::Inside(_) | Time::Outside(_)) => Value::unknown(at),
            _ => value.used(|| self.seen.said(&at), at.clone()),
        }
    }

    fn case(&self, conditions: &[CaseWhen], otherwise: Option<&Expr>, scope: &Scope, at: Range<usize>) -> Value {
        let results = conditions.iter().map(|when| &when.result).chain(otherwise);
        let values: Vec<Value> = results.map(|result| self.value(result, scope)).collect();
        let value = one_of(values, at.clone());
        match otherwise {
            None if value.null.is_none() => Value { null: Some((Null::Case, at)), ..value },
            _ => value,
        }
    }

    fn cast(&self, value: Value, to: &DataType, at: Range<usize>) -> Value {
        match to {
            DataType::Date | DataType::Date32 => value.cut(Unit::Day, self.windows, at),
            DataType::Timestamp(_, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone | TimezoneInfo::Tz | TimezoneInfo::WithTimeZone)
            | DataType::TimestampNtz(_)
            | DataType::Datetime(_)
            | DataType::Datetime64(..) => value.changed(),
            DataType::Custom(name, _) if is_of_time(&name.to_string()) => value.changed(),
            DataType::Time(..) => Value::unknown(at),
            // As text or as a number it is not in the window any more, and still tells it.
            _ => {
                let time = if value.is_of_time() { Time::Unknown } else { value.time.clone() };
                Value { time, at, ..value.changed() }
            }
        }
    }
}

/// The value that is one of several. A literal null among them only makes it nullable.
pub(super) fn one_of(values: Vec<Value>, at: Range<usize>) -> Value {
    let null = values.iter().find_map(|value| value.null.clone());
    let is_null = |value: &Value| matches!(value.null, Some((Null::Literal, _)));
    let told = values.into_iter().filter(|value| !is_null(value)).reduce(|one, other| one.or(&other));
    match told {
        Some(value) => Value { null, at: if value.is_inside() { value.at.clone() } else { at }, ..value.changed() },
        None => Value { null, ..Value::of(Time::Fixed, at) },
    }
}

fn is_of_time(name: &str) -> bool {
    let name = name.to_lowercase();
    ["timestamp", "datetime", "smalldatetime"].iter().any(|start| name.starts_with(start))
}
