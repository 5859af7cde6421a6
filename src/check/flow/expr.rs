//! The values of expressions.

use std::ops::Range;

use sqlparser::ast::{
    AccessExpr, CaseWhen, CastFormat, CastKind, CeilFloorKind, CharacterLength, DataType,
    DateTimeField, Expr, Ident, Subscript, TimezoneInfo, UnaryOperator, Value as Literal,
};

use super::calendar_parts::CalendarParts;
use super::clocks::is_clock_literal;
use super::derived_time::OutsideReason;
use super::formats::{format_parts, style_parts};
use super::literal::{epoch_unit, integer, zone};
use super::scope::Scope;
use super::unit::Unit;
use super::value::{Form, NullReason, Time, Value};
use super::{Flow, call};

/// From this depth on, the location of an expression is that of a part of it.
const MAX_LOCATED_DEPTH: usize = 500;

impl Flow<'_> {
    /// Evaluates an expression over the tables of a scope.
    pub(super) fn value(&self, expr: &Expr, scope: &Scope) -> Value {
        let depth = self.depth.get();
        let at = if depth < MAX_LOCATED_DEPTH { self.span(expr) } else { self.span_of_last(expr) };
        self.depth.set(depth + 1);
        let value = self.value_at(expr, scope, at);
        self.depth.set(depth);
        value
    }

    /// The location of a deeply nested expression: visiting the whole expression at each level
    /// would take quadratic time.
    fn span_of_last(&self, expr: &Expr) -> Range<usize> {
        match expr {
            Expr::BinaryOp { right, .. } => self.span(&**right),
            Expr::Identifier(_)
            | Expr::CompoundIdentifier(_)
            | Expr::Value(_)
            | Expr::Function(_) => self.span(expr),
            _ => 0..0,
        }
    }

    fn value_at(&self, expr: &Expr, scope: &Scope, at: Range<usize>) -> Value {
        if let Some(text) = self.view.masked_text(&at) {
            // It may be the event time cut to the window.
            return Value { possible_key: Some(text), ..Value::unknown(at) };
        }
        match expr {
            Expr::Identifier(name) => self.named_value(None, name, scope, at),
            Expr::CompoundIdentifier(parts) => match parts.as_slice() {
                [.., table, name] => self.named_value(Some(table), name, scope, at),
                _ => Value::unknown(at),
            },
            Expr::Nested(inner)
            | Expr::Collate { expr: inner, .. }
            | Expr::Named { expr: inner, .. } => self.value(inner, scope),
            other if is_clock_literal(other) => Value::of(Time::Clock, at),
            Expr::Cast { expr, format: Some(format), .. } => {
                self.cast_in_format(self.value(expr, scope), format, at)
            }
            Expr::Cast { expr, data_type, kind, .. } => {
                let value = self.cast(self.value(expr, scope), data_type, at.clone());
                let fails = matches!(kind, CastKind::TryCast | CastKind::SafeCast);
                // A cast between timestamps cannot fail; a cast of another value can.
                if fails && !value.derives_from_event_time() && value.null.is_none() {
                    Value { null: Some((NullReason::Function, at)), ..value }
                } else {
                    value
                }
            }
            Expr::Convert { expr, data_type: Some(data_type), styles, .. } => {
                let value = self.value(expr, scope);
                let style = styles.first().and_then(integer).filter(|_| value.form == Form::Time);
                match (style, text_length(data_type)) {
                    (Some(style), Some(length)) => self.in_style(value, style, length, at),
                    _ => self.cast(value, data_type, at),
                }
            }
            Expr::CompoundFieldAccess { root, access_chain } => {
                let value = self.value(root, scope);
                match access_chain.as_slice() {
                    [
                        AccessExpr::Subscript(Subscript::Slice {
                            lower_bound, upper_bound, ..
                        }),
                    ] if value.form == Form::Text => {
                        let from_first = lower_bound
                            .as_ref()
                            .is_none_or(|low| matches!(integer(low), Some(0 | 1)));
                        let last = upper_bound.as_ref().and_then(integer).filter(|_| from_first);
                        self.first_letters(value, last, at)
                    }
                    _ => Value::unknown(at),
                }
            }
            Expr::AtTimeZone { timestamp, time_zone } => self.at_zone(
                self.value(timestamp, scope),
                zone(time_zone).flatten(),
                self.engine.zones_show,
                at,
            ),
            Expr::Extract { field, expr, .. } => self.extracted(field, expr, scope, at),
            Expr::Floor {
                expr,
                field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime),
            } => self.truncated(self.value(expr, scope), at),
            Expr::Floor { expr, field: CeilFloorKind::DateTimeField(field) } => {
                self.cut_to(self.value(expr, scope), Unit::parse(&field.to_string()), at)
            }
            // A time at a boundary has the same value as those before it.
            Expr::Ceil { expr, field: CeilFloorKind::DateTimeField(_) } => {
                self.value(expr, scope).moved(OutsideReason::Moved, at).without_window()
            }
            Expr::Substring { expr, substring_from, substring_for, .. } => {
                let number = |of: &Option<Box<Expr>>| of.as_ref().and_then(|expr| integer(expr));
                let from_first =
                    substring_from.is_none() || matches!(number(substring_from), Some(0 | 1));
                self.first_letters(
                    self.value(expr, scope),
                    number(substring_for).filter(|_| from_first),
                    at,
                )
            }
            Expr::Value(literal) => match literal.value {
                Literal::Null => Value {
                    null: Some((NullReason::Literal, at.clone())),
                    ..Value::of(Time::Fixed, at)
                },
                _ => Value::of(Time::Fixed, at),
            },
            Expr::TypedString(_) => Value::of(Time::Fixed, at),
            Expr::Interval(interval) => match self.value(&interval.value, scope).time {
                Time::Fixed => Value::of(Time::Fixed, at),
                _ => Value::unknown(at),
            },
            Expr::UnaryOp { op: UnaryOperator::Plus | UnaryOperator::Minus, expr } => {
                match self.value(expr, scope) {
                    value if value.time == Time::Fixed => Value::of(Time::Fixed, at),
                    value => value.moved(OutsideReason::Moved, at),
                }
            }
            Expr::BinaryOp { left, op, right } => self.binary(
                (left, self.value(left, scope)),
                op,
                (right, self.value(right, scope)),
                at,
            ),
            Expr::Tuple(all) => self.tuple_value(all, scope, at),
            Expr::Struct { values, .. } => self.tuple_value(values, scope, at),
            Expr::Array(array) => self.tuple_value(&array.elem, scope, at),
            Expr::Dictionary(fields) => {
                self.tuple_value(fields.iter().map(|field| &*field.value), scope, at)
            }
            Expr::Case { conditions, else_result, .. } => {
                self.case(conditions, else_result.as_deref(), scope, at)
            }
            Expr::Function(function) => call::value(self, function, scope, at),
            _ => Value::unknown(at),
        }
    }

    fn named_value(
        &self,
        table: Option<&Ident>,
        name: &Ident,
        scope: &Scope,
        at: Range<usize>,
    ) -> Value {
        // Some clock functions have no parentheses, like columns.
        let clock = table.is_none()
            && name.quote_style.is_none()
            && super::names::is_clock(&name.value.to_lowercase());
        match scope.column(table.map(|table| table.value.as_str()), &name.value) {
            Some(value) if !clock || value.derives_from_event_time() => {
                let moves = value.time == Time::Inside(Unit::Instant) || value.at == (0..0);
                Value { at: if moves { at } else { value.at.clone() }, ..value }
            }
            _ if clock => Value::of(Time::Clock, at),
            _ => Value::unknown(at),
        }
    }

    /// A value truncated to a unit; an unknown unit is not checked.
    fn cut_to(&self, value: Value, unit: Option<Unit>, at: Range<usize>) -> Value {
        match unit {
            Some(unit) => value.cut(unit, self.windows, at),
            None => value.opaque(self.windows, || self.view.text_at(&at), at.clone()),
        }
    }

    fn extracted(
        &self,
        field: &DateTimeField,
        expr: &Expr,
        scope: &Scope,
        at: Range<usize>,
    ) -> Value {
        // In an `extract`, `at time zone` sets the zone of the part, in every engine.
        let value = match expr {
            Expr::AtTimeZone { timestamp, time_zone } if self.engine.zones_show => self.at_zone(
                self.value(timestamp, scope),
                zone(time_zone).flatten(),
                true,
                self.span(expr),
            ),
            other => self.value(other, scope),
        };
        let word = field.to_string();
        if let Some(micros) = epoch_unit(&word) {
            return value.converted(Form::Count(micros), at);
        }
        match word.to_lowercase().as_str() {
            "date" => value.into_date(self.windows, at),
            "time" => self.part(value, CalendarParts::HOUR | CalendarParts::REST, at),
            week if week.starts_with("week(") => self.part(value, CalendarParts::WEEK, at),
            word => match CalendarParts::parse(word) {
                Some(parts) => self.part(value, parts, at),
                None => value.opaque(self.windows, || self.view.text_at(&at), at.clone()),
            },
        }
    }

    /// The value of a tuple: `(user_id, day)`.
    fn tuple_value<'e>(
        &self,
        all: impl IntoIterator<Item = &'e Expr>,
        scope: &Scope,
        at: Range<usize>,
    ) -> Value {
        let values = all.into_iter().map(|expr| self.value(expr, scope));
        let joined = values
            .filter(|value| value.null.is_none())
            .fold(Value::unknown(at.clone()), |all, value| all.combined_with(&value));
        Value { form: Form::Image("tuple".to_string()), at, ..joined }
    }

    fn case(
        &self,
        conditions: &[CaseWhen],
        otherwise: Option<&Expr>,
        scope: &Scope,
        at: Range<usize>,
    ) -> Value {
        let results = conditions.iter().map(|when| &when.result).chain(otherwise);
        let values: Vec<Value> = results.map(|result| self.value(result, scope)).collect();
        let value = Value::one_of(values, at.clone());
        match otherwise {
            None if value.null.is_none() => Value { null: Some((NullReason::Case, at)), ..value },
            _ => value,
        }
    }

    fn cast(&self, value: Value, to: &DataType, at: Range<usize>) -> Value {
        let is_time = match to {
            DataType::Timestamp(
                _,
                TimezoneInfo::None
                | TimezoneInfo::WithoutTimeZone
                | TimezoneInfo::Tz
                | TimezoneInfo::WithTimeZone,
            )
            | DataType::TimestampNtz(_)
            | DataType::Datetime(_)
            | DataType::Datetime64(..) => true,
            DataType::Custom(name, _) => is_timestamp_type(&name.to_string()),
            _ => false,
        };
        match to {
            DataType::Date | DataType::Date32 => value.into_date(self.windows, at),
            DataType::Time(..) => self.part(value, CalendarParts::HOUR | CalendarParts::REST, at),
            _ if self.rounds(to, &value) => value.moved(OutsideReason::Moved, at).without_window(),
            _ if is_time => match value.derived_time {
                Some(derived_time) => value.with_moment(derived_time, self.windows, at),
                None => value.changed(),
            },
            // The number at the start of a text is the year.
            _ if self.engine.times_are_text
                && matches!(value.form, Form::Time | Form::Text)
                && (is_integer_type(to) || is_number_type(to)) =>
            {
                self.part(value, CalendarParts::YEAR, at)
            }
            _ if is_integer_type(to) => self.truncated(value, at),
            _ if value.form == Form::Time && self.engine.casts_cut_text => {
                self.text_of_length(value, text_length(to).flatten(), at)
            }
            _ if value.form == Form::Time => value.converted(Form::Text, at),
            // As text or as a number it is not a time in the window, but still determines it.
            _ => {
                let form = if is_number_type(to) {
                    value.form.clone()
                } else {
                    Form::Image(format!("{to} {:?}", value.form))
                };
                value.converted(form, at)
            }
        }
    }

    /// A cast to text in a format of `to_char`: `cast(at as string format 'YYYY-MM')`.
    fn cast_in_format(&self, value: Value, format: &CastFormat, at: Range<usize>) -> Value {
        let (CastFormat::Value(format) | CastFormat::ValueAtTimeZone(format, _)) = format;
        let Some(text) = format.clone().into_string() else { return Value::unknown(at) };
        match value.form {
            Form::Time => self.in_parts(value, format_parts("to_char", &text), &text, at),
            _ => value.changed(),
        }
    }

    /// A time as text in ISO 8601, cut to a length.
    fn text_of_length(&self, value: Value, length: Option<u64>, at: Range<usize>) -> Value {
        let text = value.converted(Form::Text, at.clone());
        match length {
            Some(length) => self.first_letters(text, i64::try_from(length).ok(), at),
            None => text,
        }
    }

    /// A time as text in a style of T-SQL, cut to a length.
    fn in_style(&self, value: Value, style: i64, length: Option<u64>, at: Range<usize>) -> Value {
        let chars = length.and_then(|length| usize::try_from(length).ok());
        let is_iso = matches!(style, 20 | 21 | 23 | 25 | 120 | 121 | 126 | 127);
        match style_parts(style, chars) {
            Some(_) if is_iso => self.text_of_length(value, length, at),
            Some(parts) => self.in_parts(value, parts, &format!("style {style}"), at),
            None => value.opaque(self.windows, || self.view.text_at(&at), at.clone()),
        }
    }

    /// Whether a cast rounds a time to fewer digits, or a number of units to an integer.
    fn rounds(&self, to: &DataType, value: &Value) -> bool {
        let digits = match to {
            DataType::Timestamp(digits, _)
            | DataType::TimestampNtz(digits)
            | DataType::Datetime(digits) => *digits,
            DataType::Custom(name, _) => match name.to_string().to_lowercase().as_str() {
                "timestamp_s" | "smalldatetime" => Some(0),
                "timestamp_ms" => Some(3),
                _ => None,
            },
            _ => None,
        };
        let is_uncut = value.derived_time.is_some_and(|time| time.unit == Unit::Instant);
        let shortens = is_uncut && digits.is_some_and(|digits| digits < 6);
        !self.engine.casts_truncate && (shortens || is_integer_type(to) && value.is_fraction())
    }
}

fn is_timestamp_type(name: &str) -> bool {
    let name = name.to_lowercase();
    ["timestamp", "datetime", "smalldatetime"].iter().any(|start| name.starts_with(start))
}

/// The length of a text type, if it has one; `None` for another type.
fn text_length(to: &DataType) -> Option<Option<u64>> {
    let length = match to {
        DataType::Character(length)
        | DataType::Char(length)
        | DataType::CharacterVarying(length)
        | DataType::CharVarying(length)
        | DataType::Varchar(length)
        | DataType::Nvarchar(length) => length,
        DataType::String(length) => return Some(*length),
        DataType::Text => return Some(None),
        DataType::Custom(name, arguments)
            if ["nchar", "bpchar"].contains(&name.to_string().to_lowercase().as_str()) =>
        {
            let length = arguments.first().map(|argument| argument.to_string());
            return Some(length.and_then(|length| length.parse().ok()));
        }
        _ => return None,
    };
    Some(match length {
        Some(CharacterLength::IntegerLength { length, .. }) => Some(*length),
        _ => None,
    })
}

fn is_integer_type(to: &DataType) -> bool {
    let name = to.to_string().to_lowercase();
    ["int", "bigint", "smallint", "hugeint", "uint", "int64", "integer", "signed", "unsigned"]
        .iter()
        .any(|start| name.starts_with(start))
}

fn is_number_type(to: &DataType) -> bool {
    let name = to.to_string().to_lowercase();
    ["double", "float", "real", "numeric", "decimal", "number"]
        .iter()
        .any(|start| name.starts_with(start))
}
