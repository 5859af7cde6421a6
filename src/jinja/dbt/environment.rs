//! The minijinja environments for dbt's Jinja: adds filters, tests, operators and Python methods
//! that minijinja lacks or that differ.

use std::sync::Arc;

use minijinja::value::{Value, ValueKind};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, State, UndefinedBehavior};
use minijinja_contrib::pycompat;

use super::json;
use super::macro_registry::MacroLibrary;
use crate::jinja::errors;
use crate::jinja::python::text::text;
use crate::jinja::python::{self, collections, text_methods, types};

/// The maximum work of one rendering: some seconds, or 6 GB of copied text.
const FUEL: u64 = 100_000_000;

const MAX_CALL_DEPTH: usize = 900;

/// The environment for models. `lenient`: for the parse pass, in which unknown names are not
/// errors.
pub fn models(library: Arc<MacroLibrary>, lenient: bool) -> Environment<'static> {
    let mut environment = base();
    environment.set_undefined_behavior(if lenient {
        UndefinedBehavior::Chainable
    } else {
        UndefinedBehavior::Lenient
    });
    environment.set_loader(move |name| {
        Ok(library.file(name).map(|file| file.prepared.edited.text.clone()))
    });
    if lenient {
        environment.set_unknown_method_callback(|state, value, method, args| {
            if value.is_undefined() {
                return Ok(Value::UNDEFINED);
            }
            // In the parse pass settings are empty strings, and their methods are undefined, as in
            // dbt.
            unknown_method(state, value, method, args).or_else(|error| match error.kind() {
                // A function in a dict is looked up later.
                ErrorKind::UnknownMethod
                    if value.get_attr(method).is_ok_and(|attribute| attribute.is_undefined()) =>
                {
                    Ok(Value::UNDEFINED)
                }
                _ => Err(error),
            })
        });
    }
    environment
}

/// The common parts of the environments for models and for YAML values.
pub fn base() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_fuel(Some(FUEL));
    // The variables that an error would list are not part of a message, and collecting them makes
    // each `return()` slow.
    environment.set_debug(false);
    environment.set_recursion_limit(MAX_CALL_DEPTH);
    environment.set_unknown_method_callback(unknown_method);
    environment.set_formatter(|out, state, value| {
        errors::check_limits()?;
        match value.kind() {
            // Numbers and containers print as in Python.
            ValueKind::Number if !value.is_integer() => out.write_str(&text(value))?,
            ValueKind::Seq | ValueKind::Iterable | ValueKind::Map => {
                out.write_str(&text(value))?;
                errors::check_limits()?;
            }
            _ => minijinja::escape_formatter(out, state, value)?,
        }
        Ok(())
    });
    environment.add_function("__l", collections::make_list);
    environment.add_function("__d", collections::make_dict);
    environment.add_function("__m", collections::changeable);
    environment.add_function("__hold", collections::held);
    python::register(&mut environment);
    environment.add_filter("tojson", json::filter);
    environment.add_filter("as_text", |value: Value| value);
    environment.add_filter("as_bool", |value: Value| value);
    environment.add_filter("as_number", |value: Value| value);
    environment.add_filter("as_native", |value: Value| value);
    environment.add_filter("is_list", |value: Value| types::of(&value) == types::Type::List);
    environment
}

/// Python's methods on values that are not this module's objects.
fn unknown_method(
    state: &mut State,
    value: &Value,
    method: &str,
    args: &[Value],
) -> Result<Value, Error> {
    if let Some(text) = value.as_str() {
        let unknown =
            || Error::new(ErrorKind::UnknownMethod, format!("string has no method named {method}"));
        return text_methods::call(state, text, method, args).unwrap_or_else(|| Err(unknown()));
    }
    if matches!(types::of(value), types::Type::Set | types::Type::View | types::Type::Range) {
        let message = format!("'{} object' has no attribute '{method}'", types::name(value));
        return Err(Error::new(ErrorKind::UnknownMethod, message));
    }
    if value.is_tuple() || value.kind() == ValueKind::Iterable || value.kind() == ValueKind::Seq {
        if matches!(method, "index" | "count") {
            return collections::make_list(value.clone())?.call_method(state, method, args);
        }
        if matches!(method, "append" | "extend" | "insert" | "pop" | "remove" | "sort" | "reverse")
            && value.downcast_object_ref::<collections::List>().is_none()
        {
            return Err(Error::new(
                ErrorKind::InvalidOperation,
                format!("`{method}` needs a list in a variable"),
            ));
        }
    }
    let result = pycompat::unknown_method_callback(state, value, method, args)?;
    collections::changeable(result)
}
