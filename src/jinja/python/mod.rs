//! Python's values in templates: printing, comparison and arithmetic, and the types that minijinja
//! lacks. Independent of dbt.

pub(super) mod call;
pub(super) mod collections;
pub(super) mod compare;
pub(super) mod datetime;
pub(super) mod dumps;
pub(super) mod emit;
pub(super) mod filters;
pub(super) mod format;
pub(super) mod globals;
mod groups;
pub(super) mod iterator;
pub(super) mod itertools;
pub(super) mod markup;
pub(super) mod methods;
pub(super) mod nesting;
pub(super) mod operators;
mod pattern;
mod percent;
mod pretty;
pub(super) mod regex;
mod replacement;
pub(super) mod sequences;
pub(super) mod sets;
pub(super) mod tests;
pub(super) mod text;
pub(super) mod text_methods;
mod text_split;
pub(super) mod types;
pub(super) mod views;
mod wrap;
pub(super) mod yaml_layout;

use minijinja::value::{Rest, Value, ValueOrKwargs};
use minijinja::{Environment, Error, ErrorKind, State, UndefinedBehavior};

use super::errors;

/// Adds Python's operators, and Jinja's filters, tests and functions for Python's types, to an
/// environment.
pub(super) fn register(environment: &mut Environment) {
    operators::register(environment);
    compare::register(environment);
    globals::register(environment);
    methods::register(environment);
    filters::register(environment);
    markup::register(environment);
    tests::register(environment);
}

/// Whether the name is that of a function for operators or literals in transpiled templates, or of
/// the undefined value.
pub(super) fn is_operator(name: &str) -> bool {
    let Some(name) = name.strip_prefix("__") else { return false };
    matches!(
        name,
        "l" | "d"
            | "m"
            | "add"
            | "sub"
            | "mul"
            | "div"
            | "floor"
            | "mod"
            | "pow"
            | "neg"
            | "pos"
            | "slice"
            | "cat"
            | "iter"
            | "attr"
            | "compare"
            | "in"
            | "not_in"
            | "undefined"
    )
}

/// The arguments of a filter or function, including named ones.
pub(super) type Args = Rest<ValueOrKwargs>;

/// The arguments as [`call::Call`] takes them.
pub(super) fn values(args: Args) -> Vec<Value> {
    args.0.into_iter().map(ValueOrKwargs::into_value).collect()
}

/// Python's TypeError and related errors.
pub(super) fn error(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message.into())
}

/// The items of an iterable value; an error for `None` and numbers, as in Python.
pub(super) fn items(value: &Value) -> Result<Vec<Value>, Error> {
    use types::Type;
    match types::of(value) {
        Type::Undefined => Ok(Vec::new()),
        Type::None
        | Type::Bool
        | Type::Int
        | Type::Float
        | Type::Moment
        | Type::Relation
        | Type::Function => Err(error(format!("'{}' object is not iterable", types::name(value)))),
        Type::Text => {
            let text = value.as_str().unwrap_or_default();
            errors::reserve(text.len().saturating_mul(size_of::<Value>()))?;
            value.try_iter()?.checked().collect()
        }
        _ => {
            errors::reserve(value.len().unwrap_or(0).saturating_mul(size_of::<Value>()))?;
            value.try_iter()?.checked().collect()
        }
    }
}

/// Whether an undefined value is allowed.
pub(in crate::jinja) fn lenient(state: &State) -> bool {
    matches!(state.env().undefined_behavior(), UndefinedBehavior::Chainable)
}
