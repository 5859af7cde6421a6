//! Python's comparisons: order, equality and `in`.

use std::cmp::Ordering;

use minijinja::value::{Rest, Value};
use minijinja::{Environment, Error, ErrorKind, State};

use super::datetime::Moment;
use super::sets::{self, Set};
use super::types::{self, Type};
use super::views::Range;
use super::{error, items, lenient};
use crate::jinja::marks;
use crate::limits;

pub(super) fn register(environment: &mut Environment) {
    environment.add_function("__compare", compared);
    environment.add_function("__in", |state: &State, item: Value, container: Value| {
        contains(state, &item, &container)
    });
    environment.add_function("__not_in", |state: &State, item: Value, container: Value| {
        contains(state, &item, &container).map(|is_contained| !is_contained)
    });
}

fn undefined() -> Error {
    Error::from(ErrorKind::UndefinedError)
}

/// `a < b <= c`, as `__compare(a, "<", b, "<=", c)`.
fn compared(state: &State, parts: Rest<Value>) -> Result<bool, Error> {
    let mut parts = parts.iter();
    let Some(mut left) = parts.next() else { return Ok(true) };
    while let (Some(sign), Some(right)) = (parts.next(), parts.next()) {
        if !compare(state, left, sign.as_str().unwrap_or_default(), right)? {
            return Ok(false);
        }
        left = right;
    }
    Ok(true)
}

pub(in crate::jinja) fn compare(
    state: &State,
    left: &Value,
    sign: &str,
    right: &Value,
) -> Result<bool, Error> {
    match sign {
        "==" => return Ok(left == right),
        "!=" => return Ok(left != right),
        "in" => return contains(state, left, right),
        "not in" => return contains(state, left, right).map(|is_contained| !is_contained),
        _ => {}
    }
    if left.is_undefined() || right.is_undefined() {
        return if lenient(state) { Ok(false) } else { Err(undefined()) };
    }
    if let (Some(left), Some(right)) =
        (left.downcast_object_ref::<Set>(), right.downcast_object_ref::<Set>())
    {
        let (subset, superset) = (sets::is_subset(left, right), sets::is_subset(right, left));
        return Ok(match sign {
            "<=" => subset,
            ">=" => superset,
            "<" => subset && !superset,
            _ => superset && !subset,
        });
    }
    let Some(order) = order(left, right)? else {
        let (left, right) = differing(left, right);
        return Err(error(format!(
            "'{sign}' not supported between instances of '{}' and '{}'",
            types::name(&left),
            types::name(&right)
        )));
    };
    Ok(match sign {
        "<" => order == Ordering::Less,
        "<=" => order != Ordering::Greater,
        ">" => order == Ordering::Greater,
        _ => order != Ordering::Less,
    })
}

/// The values that determine the order of two: for lists, those at the first difference.
fn differing(left: &Value, right: &Value) -> (Value, Value) {
    if limits::exceeded() {
        return (left.clone(), right.clone());
    }
    let sequences = [Type::List, Type::Tuple];
    if types::of(left) == types::of(right)
        && sequences.contains(&types::of(left))
        && let (Ok(left), Ok(right)) = (items(left), items(right))
        && let Some((left, right)) = left.iter().zip(&right).find(|(left, right)| left != right)
    {
        return differing(left, right);
    }
    (left.clone(), right.clone())
}

/// Python's order of two values; `None` if they are not comparable.
pub(in crate::jinja) fn order(left: &Value, right: &Value) -> Result<Option<Ordering>, Error> {
    Ok(match (types::of(left), types::of(right)) {
        (Type::Int | Type::Float | Type::Bool, Type::Int | Type::Float | Type::Bool) => {
            Some(left.cmp(right))
        }
        (Type::Text, Type::Text) => Some(left.cmp(right)),
        (Type::List, Type::List) | (Type::Tuple, Type::Tuple) => {
            let (left, right) = (items(left)?, items(right)?);
            match left.iter().zip(&right).find(|(left, right)| left != right) {
                Some((left, right)) => order(left, right)?,
                None => Some(left.len().cmp(&right.len())),
            }
        }
        (Type::Moment, Type::Moment) => {
            match (left.downcast_object_ref::<Moment>(), right.downcast_object_ref::<Moment>()) {
                (Some(left), Some(right)) => left.order(right)?,
                _ => None,
            }
        }
        _ => None,
    })
}

/// Sorts as Python does. Returns an error if two values are not comparable.
pub(in crate::jinja) fn sort(keyed: &mut [(Value, Value)]) -> Result<(), Error> {
    let mut failure = None;
    keyed.sort_by(|(left, _), (right, _)| match order(left, right) {
        Ok(Some(order)) => order,
        Ok(None) => {
            let (left, right) = differing(left, right);
            let names = (types::name(&right), types::name(&left));
            failure.get_or_insert_with(|| {
                if left.is_undefined() || right.is_undefined() {
                    undefined()
                } else {
                    error(format!(
                        "'<' not supported between instances of '{}' and '{}'",
                        names.0, names.1
                    ))
                }
            });
            Ordering::Equal
        }
        Err(error) => {
            failure.get_or_insert(error);
            Ordering::Equal
        }
    });
    failure.map_or(Ok(()), Err)
}

/// The items sorted by their keys. Equal ones keep their order, in both directions.
pub(in crate::jinja) fn sorted(
    mut keyed: Vec<(Value, Value)>,
    reverse: bool,
) -> Result<Vec<Value>, Error> {
    if reverse {
        keyed.reverse();
    }
    sort(&mut keyed)?;
    let mut sorted: Vec<Value> = keyed.into_iter().map(|(_, item)| item).collect();
    if reverse {
        sorted.reverse();
    }
    Ok(sorted)
}

/// `item in container`.
pub(in crate::jinja) fn contains(
    state: &State,
    item: &Value,
    container: &Value,
) -> Result<bool, Error> {
    let hashed = || match types::unhashable(item) {
        Some(name) => Err(error(format!("unhashable type: '{name}'"))),
        None => Ok(()),
    };
    match types::of(container) {
        Type::Undefined => Ok(false),
        Type::Text => match item.as_str() {
            Some(item) => {
                let text = container.as_str().unwrap_or_default();
                Ok(text.contains(item) || marks::strip(text).contains(&marks::strip(item)))
            }
            None if item.is_undefined() && lenient(state) => Ok(false),
            None => Err(error(format!(
                "'in <string>' requires string as left operand, not {}",
                types::name(item)
            ))),
        },
        Type::List | Type::Tuple | Type::Iterator => {
            Ok(container.try_iter()?.any(|other| other == *item))
        }
        Type::View => {
            if container
                .downcast_object_ref::<super::views::View>()
                .is_some_and(|view| view.type_name() == "dict_keys")
            {
                hashed()?;
            }
            Ok(container.try_iter()?.any(|other| other == *item))
        }
        Type::Dict => {
            hashed()?;
            Ok(container.as_object().and_then(|dict| dict.get_value(item)).is_some())
        }
        Type::Set => {
            // A set is treated as a frozen set.
            if types::of(item) != Type::Set {
                hashed()?;
            }
            Ok(container.downcast_object_ref::<Set>().is_some_and(|set| set.open().contains(item)))
        }
        Type::Range => {
            let number = match types::of(item) {
                Type::Int | Type::Bool => item.as_i64().or(Some(i64::from(item.is_true()))),
                Type::Float => f64::try_from(item.clone())
                    .ok()
                    .filter(|float| float.fract() == 0.0)
                    .map(|float| float as i64),
                _ => None,
            };
            Ok(container
                .downcast_object_ref::<Range>()
                .is_some_and(|range| number.is_some_and(|number| range.contains(number))))
        }
        Type::Relation if item.as_str().is_none() => {
            Err(error(format!("attribute name must be string, not '{}'", types::name(item))))
        }
        Type::Relation | Type::Mapping => {
            Ok(container.as_object().and_then(|object| object.get_value(item)).is_some())
        }
        _ if lenient(state) => Ok(false),
        _ => Err(error(format!("argument of type '{}' is not iterable", types::name(container)))),
    }
}
