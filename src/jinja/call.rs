//! The arguments of a call from a template, by place or by name, as Python takes them.

use minijinja::value::{DynObject, Value};
use minijinja::{Error, ErrorKind};

use super::marks;

/// What a function or method was called with.
pub(super) struct Call<'a> {
    /// The object and the method, for messages: `adapter` and `dispatch`, or nothing and `ref`.
    object: &'a str,
    method: &'a str,
    pub args: &'a [Value],
    named: Option<&'a DynObject>,
}

impl<'a> Call<'a> {
    pub fn of(object: &'a str, method: &'a str, args: &'a [Value]) -> Call<'a> {
        match args.split_last() {
            Some((last, rest)) if last.is_kwargs() => {
                Call { object, method, args: rest, named: last.as_object() }
            }
            _ => Call { object, method, args, named: None },
        }
    }

    /// The name of the function or method.
    pub fn method(&self) -> &'a str {
        self.method
    }

    /// The argument at `place`, or of this name.
    pub fn get(&self, place: usize, name: &str) -> Option<Value> {
        let value = self.args.get(place).cloned().or_else(|| self.by_name(name))?;
        (!value.is_undefined()).then_some(value)
    }

    pub fn by_name(&self, name: &str) -> Option<Value> {
        self.named.and_then(|named| named.get_value(&Value::from(name)))
    }

    /// The arguments that were given by name, in order.
    pub fn named(&self) -> Vec<(Value, Value)> {
        self.named.and_then(|named| named.try_iter_pairs()).into_iter().flatten().collect()
    }

    pub fn needs(&self, place: usize, name: &str) -> Result<Value, Error> {
        if let Some(given) = self.args.get(place).cloned().or_else(|| self.by_name(name)) {
            return Ok(given);
        }
        Err(Error::new(
            ErrorKind::MissingArgument,
            format!("{} needs the argument `{name}`", self.title()),
        ))
    }

    /// A text, without the marks of relations in it; `none` counts as not given.
    pub fn text(&self, place: usize, name: &str) -> Result<Option<String>, Error> {
        Ok(self.get(place, name).filter(|value| !value.is_none()).map(|value| marks::plain(&value)))
    }

    pub fn needs_text(&self, place: usize, name: &str) -> Result<String, Error> {
        let value = self.needs(place, name)?;
        if value.is_undefined() {
            return Err(Error::new(
                ErrorKind::UndefinedError,
                format!("{} was given an undefined `{name}`", self.title()),
            ));
        }
        Ok(marks::plain(&value))
    }

    pub fn integer(&self, place: usize, name: &str) -> Result<Option<i64>, Error> {
        match self.get(place, name).filter(|value| !value.is_none()) {
            None => Ok(None),
            Some(value) => i64::try_from(value.clone()).map(Some).map_err(|_| {
                Error::new(
                    ErrorKind::InvalidOperation,
                    format!("{} needs a whole number for `{name}`, not {value:?}", self.title()),
                )
            }),
        }
    }

    pub fn truth(&self, place: usize, name: &str) -> bool {
        self.get(place, name).is_some_and(|value| value.is_true())
    }

    pub fn title(&self) -> String {
        if self.object.is_empty() {
            format!("`{}`", self.method)
        } else {
            format!("`{}.{}`", self.object, self.method)
        }
    }

    pub fn error(&self, message: impl std::fmt::Display) -> Error {
        Error::new(ErrorKind::InvalidOperation, format!("{}: {message}", self.title()))
    }
}
