//! Python's operators: their operand types and results. An undefined operand is an error, except in
//! the parse pass.

use minijinja::value::{Rest, Tuple, Value};
use minijinja::{Environment, Error, ErrorKind, State};

use super::datetime::math;
use super::text::text;
use super::types::{self, Type};
use super::views::Range;
use super::{collections, error, items, sets};
use crate::jinja::errors;

/// Maximum length of texts and lists.
const MAX_BYTES: usize = 64 << 20;

pub(in crate::jinja) fn register(environment: &mut Environment) {
    environment.add_function("__add", add);
    environment.add_function("__sub", subtract);
    environment.add_function("__mul", multiply);
    environment.add_function("__div", divide);
    environment.add_function("__floor", floor_divide);
    environment.add_function("__mod", modulo);
    environment.add_function("__pow", power);
    environment.add_function("__neg", negative);
    environment.add_function("__pos", positive);
    environment.add_function("__slice", sliced);
    environment.add_function("__cat", concatenated);
    environment.add_function("__iter", iterated);
}

fn undefined() -> Error {
    Error::from(ErrorKind::UndefinedError)
}

fn is_number(value: &Value) -> bool {
    matches!(types::of(value), Type::Int | Type::Float | Type::Bool)
}

fn unsupported(sign: &str, left: &Value, right: &Value) -> Error {
    error(format!(
        "unsupported operand type(s) for {sign}: '{}' and '{}'",
        types::name(left),
        types::name(right)
    ))
}

/// The result for integers without overflow, the most common case.
fn small(left: &Value, right: &Value, operation: fn(i64, i64) -> Option<i64>) -> Option<Value> {
    let both = types::of(left) == Type::Int && types::of(right) == Type::Int;
    if both { operation(left.as_i64()?, right.as_i64()?).map(Value::from) } else { None }
}

/// minijinja's operation for numbers.
fn native(
    state: &State,
    expression: &'static str,
    left: Value,
    right: Value,
) -> Result<Value, Error> {
    state.env().compile_expression(expression)?.eval(minijinja::context! { a => left, b => right })
}

/// The result if an operand is undefined and that is allowed.
fn undefined_operand(state: &State, left: &Value, right: &Value) -> Option<Result<Value, Error>> {
    let any = left.is_undefined() || right.is_undefined();
    any.then(|| if super::lenient(state) { Ok(Value::UNDEFINED) } else { Err(undefined()) })
}

pub(in crate::jinja) fn add(state: &State, left: Value, right: Value) -> Result<Value, Error> {
    if let Some(sum) = small(&left, &right, i64::checked_add) {
        return Ok(sum);
    }
    if let (Some(left), Some(right)) = (left.as_str(), right.as_str()) {
        return short([left, right].concat());
    }
    if let Some(result) = math::sum(&left, &right, false) {
        return result;
    }
    if let Some(result) = undefined_operand(state, &left, &right) {
        return result;
    }
    errors::check_limits()?;
    match (types::of(&left), types::of(&right)) {
        (Type::List, Type::List) => {
            Ok(collections::list(items(&left)?.into_iter().chain(items(&right)?)))
        }
        (Type::Tuple, Type::Tuple) => {
            Ok(Value::from(Tuple::new(items(&left)?.into_iter().chain(items(&right)?).collect())))
        }
        _ if is_number(&left) && is_number(&right) => native(state, "a + b", left, right),
        _ => Err(unsupported("+", &left, &right)),
    }
}

fn subtract(state: &State, left: Value, right: Value) -> Result<Value, Error> {
    if let Some(result) =
        math::sum(&left, &right, true).or_else(|| undefined_operand(state, &left, &right))
    {
        return result;
    }
    if let Some(result) = sets::difference(&left, &right) {
        return Ok(result);
    }
    if let Some(difference) = small(&left, &right, i64::checked_sub) {
        return Ok(difference);
    }
    if is_number(&left) && is_number(&right) {
        native(state, "a - b", left, right)
    } else {
        Err(unsupported("-", &left, &right))
    }
}

fn short(text: String) -> Result<Value, Error> {
    errors::check_limits()?;
    if text.len() > MAX_BYTES {
        Err(error("the text is longer than 64 MiB"))
    } else {
        Ok(Value::from(text))
    }
}

fn multiply(state: &State, left: Value, right: Value) -> Result<Value, Error> {
    if let Some(result) = undefined_operand(state, &left, &right) {
        return result;
    }
    if let Some(product) = small(&left, &right, i64::checked_mul) {
        return Ok(product);
    }
    if is_number(&left) && is_number(&right) {
        return native(state, "a * b", left, right);
    }
    let (sequence, count) = if is_number(&left) { (&right, &left) } else { (&left, &right) };
    if let Some(result) = math::scaled(sequence, &number(count.clone())) {
        return result;
    }
    let count = match types::of(count) {
        Type::Int => count.as_i64(),
        Type::Bool => Some(i64::from(count.is_true())),
        _ => None,
    };
    let Some(count) = count else {
        let sequences = [Type::Text, Type::List, Type::Tuple];
        if let Some(other) = [(&left, &right), (&right, &left)]
            .into_iter()
            .find(|(one, _)| sequences.contains(&types::of(one)))
        {
            return Err(error(format!(
                "can't multiply sequence by non-int of type '{}'",
                types::name(other.1)
            )));
        }
        return Err(unsupported("*", &left, &right));
    };
    let count = usize::try_from(count).unwrap_or(0);
    let fits = |length: usize| match length.checked_mul(count) {
        Some(total) if total <= MAX_BYTES => Ok(()),
        _ => Err(error("the result is longer than 64 MiB")),
    };
    match types::of(sequence) {
        Type::Text => {
            let text = sequence.as_str().unwrap_or_default();
            fits(text.len())?;
            errors::reserve(text.len() * count)?;
            Ok(Value::from(text.repeat(count)))
        }
        Type::List | Type::Tuple => {
            let all = items(sequence)?;
            fits(all.len().saturating_mul(size_of::<Value>()))?;
            errors::reserve(all.len() * count * size_of::<Value>())?;
            let repeated = all.iter().cycle().take(all.len() * count).cloned();
            if sequence.is_tuple() {
                Ok(Value::from(Tuple::new(repeated.collect())))
            } else {
                Ok(collections::list(repeated))
            }
        }
        _ => Err(unsupported("*", &left, &right)),
    }
}

fn is_zero(value: &Value) -> bool {
    match types::of(value) {
        Type::Bool => !value.is_true(),
        Type::Int | Type::Float => f64::try_from(value.clone()).is_ok_and(|number| number == 0.0),
        _ => false,
    }
}

/// A bool as an integer.
fn number(value: Value) -> Value {
    if types::of(&value) == Type::Bool { Value::from(i64::from(value.is_true())) } else { value }
}

fn divide(state: &State, left: Value, right: Value) -> Result<Value, Error> {
    if let Some(result) =
        math::quotient(&left, &right, false).or_else(|| undefined_operand(state, &left, &right))
    {
        return result;
    }
    if !is_number(&left) || !is_number(&right) {
        return Err(unsupported("/", &left, &right));
    }
    if is_zero(&right) {
        return Err(error("division by zero"));
    }
    native(state, "a / b", number(left), number(right))
}

fn floor_divide(state: &State, left: Value, right: Value) -> Result<Value, Error> {
    if let Some(result) =
        math::quotient(&left, &right, true).or_else(|| undefined_operand(state, &left, &right))
    {
        return result;
    }
    if !is_number(&left) || !is_number(&right) {
        return Err(unsupported("//", &left, &right));
    }
    if is_zero(&right) {
        return Err(error("integer division or modulo by zero"));
    }
    let (left, right) = (number(left), number(right));
    if types::of(&left) == Type::Float || types::of(&right) == Type::Float {
        let (a, b) = (f64::try_from(left)?, f64::try_from(right)?);
        return Ok(Value::from((a / b).floor()));
    }
    small(&left, &right, |a, b| if b > 0 { a.checked_div_euclid(b) } else { None })
        .map_or_else(|| native(state, "a // b", left, right), Ok)
}

pub(super) fn modulo(state: &State, left: Value, right: Value) -> Result<Value, Error> {
    if let Some(pattern) = left.as_str() {
        return super::percent::percent(pattern, &right);
    }
    if let Some(result) =
        math::remainder(&left, &right).or_else(|| undefined_operand(state, &left, &right))
    {
        return result;
    }
    if !is_number(&left) || !is_number(&right) {
        return Err(unsupported("%", &left, &right));
    }
    if is_zero(&right) {
        return Err(error("integer modulo by zero"));
    }
    let (left, right) = (number(left), number(right));
    if types::of(&left) == Type::Float || types::of(&right) == Type::Float {
        let (a, b) = (f64::try_from(left)?, f64::try_from(right)?);
        let rest = a % b;
        return Ok(Value::from(if rest != 0.0 && (rest < 0.0) != (b < 0.0) {
            rest + b
        } else {
            rest
        }));
    }
    small(&left, &right, |a, b| if b > 0 { a.checked_rem_euclid(b) } else { None })
        .map_or_else(|| native(state, "a % b", left, right), Ok)
}

fn power(state: &State, left: Value, right: Value) -> Result<Value, Error> {
    if let Some(result) = undefined_operand(state, &left, &right) {
        return result;
    }
    if !is_number(&left) || !is_number(&right) {
        return Err(unsupported("** or pow()", &left, &right));
    }
    let (left, right) = (number(left), number(right));
    let negative = f64::try_from(right.clone())? < 0.0;
    if is_zero(&left) && negative {
        return Err(error("0.0 cannot be raised to a negative power"));
    }
    if negative || types::of(&left) == Type::Float || types::of(&right) == Type::Float {
        let (a, b) = (f64::try_from(left)?, f64::try_from(right)?);
        let result = a.powf(b);
        if result.is_infinite() && a.is_finite() && b.is_finite() {
            return Err(error("(34, 'Numerical result out of range')"));
        }
        if result.is_nan() && !a.is_nan() && !b.is_nan() {
            return Err(error("a root of a negative number is not a number"));
        }
        return Ok(Value::from(result));
    }
    native(state, "a ** b", left, right)
}

fn negative(state: &State, value: Value) -> Result<Value, Error> {
    match types::of(&value) {
        Type::Float => Ok(Value::from(-f64::try_from(value)?)),
        Type::Int | Type::Bool => native(state, "-a", number(value), Value::from(0)),
        Type::Undefined if super::lenient(state) => Ok(Value::UNDEFINED),
        Type::Undefined => Err(undefined()),
        _ => math::negated(&value).ok_or_else(|| {
            error(format!("bad operand type for unary -: '{}'", types::name(&value)))
        }),
    }
}

fn positive(state: &State, value: Value) -> Result<Value, Error> {
    match types::of(&value) {
        Type::Int | Type::Float | Type::Bool => Ok(number(value)),
        Type::Undefined if super::lenient(state) => Ok(Value::UNDEFINED),
        Type::Undefined => Err(undefined()),
        _ if math::negated(&value).is_some() => Ok(value),
        _ => Err(error(format!("bad operand type for unary +: '{}'", types::name(&value)))),
    }
}

/// `value[start:stop:step]`; undefined if the value has no slices.
fn sliced(
    state: &State,
    value: Value,
    start: Value,
    stop: Value,
    step: Option<Value>,
) -> Result<Value, Error> {
    let kind = types::of(&value);
    if kind == Type::Undefined {
        return if super::lenient(state) { Ok(Value::UNDEFINED) } else { Err(undefined()) };
    }
    match kind {
        Type::Text | Type::List | Type::Tuple | Type::Range => {}
        // Jinja returns undefined for values without items; Python's types raise an error.
        Type::None | Type::Bool | Type::Int | Type::Float | Type::Dict => {
            return Ok(Value::UNDEFINED);
        }
        _ if super::lenient(state) => return Ok(Value::UNDEFINED),
        _ => return Err(error(format!("'{}' object is not subscriptable", types::name(&value)))),
    }
    let bound = |value: Value| match types::of(&value) {
        Type::None => Ok(None),
        Type::Int => Ok(Some(value.as_i64().unwrap_or(if value < Value::from(0) {
            i64::MIN / 2
        } else {
            i64::MAX / 2
        }))),
        Type::Bool => Ok(Some(i64::from(value.is_true()))),
        _ => Err(error("slice indices must be integers or None or have an __index__ method")),
    };
    let (start, stop, step) =
        (bound(start)?, bound(stop)?, bound(step.unwrap_or(Value::from(())))?.unwrap_or(1));
    if step == 0 {
        return Err(error("slice step cannot be zero"));
    }
    let all: Vec<Value> = match value.as_str() {
        Some(text) => {
            errors::reserve(text.len().saturating_mul(size_of::<Value>()))?;
            text.chars().map(Value::from).collect()
        }
        None => items(&value)?,
    };
    let length = all.len() as i64;
    let (lowest, highest) = if step > 0 { (0, length) } else { (-1, length - 1) };
    let edge = |edge: i64| {
        if edge < 0 { edge.saturating_add(length).max(lowest) } else { edge.min(highest) }
    };
    let (from, to) = (
        start.map_or(if step > 0 { 0 } else { length - 1 }, edge),
        stop.map_or(if step > 0 { length } else { -1 }, edge),
    );
    if let Some(range) = value.downcast_object_ref::<Range>() {
        return Ok(range.slice(from, to, step));
    }
    let mut chosen = Vec::new();
    let mut at = from;
    while if step > 0 { at < to } else { at > to } {
        chosen.push(all[at as usize].clone());
        at = at.saturating_add(step);
    }
    Ok(match kind {
        Type::Text => Value::from(chosen.iter().map(ToString::to_string).collect::<String>()),
        Type::Tuple => Value::from(Tuple::new(chosen)),
        _ => collections::list(chosen),
    })
}

/// The items of a loop; an error if the value is not iterable.
fn iterated(state: &State, value: Value) -> Result<Value, Error> {
    match types::of(&value) {
        Type::None | Type::Bool | Type::Int | Type::Float | Type::Moment | Type::Function
            if !super::lenient(state) =>
        {
            Err(error(format!("'{}' object is not iterable", types::name(&value))))
        }
        Type::None => Ok(Value::UNDEFINED),
        // This module's lists count the cost of the loop.
        Type::Tuple | Type::Text => Ok(collections::list(items(&value)?)),
        _ => Ok(value),
    }
}

/// `a ~ b ~ c`.
fn concatenated(parts: Rest<Value>) -> Result<Value, Error> {
    let mut whole = String::new();
    for part in parts.iter() {
        match part.as_str() {
            Some(part) => {
                errors::reserve(part.len())?;
                whole.push_str(part);
            }
            None => whole.push_str(&text(part)),
        }
    }
    short(whole)
}
