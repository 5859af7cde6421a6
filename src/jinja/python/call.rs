//! The positional and named arguments of a call from a template.

use minijinja::value::{DynObject, Value};
use minijinja::{Error, ErrorKind};

use super::text::unmarked;

/// The arguments of a function or method.
pub struct Call<'a> {
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

    /// The argument at `position`, or of this name.
    pub fn get(&self, position: usize, name: &str) -> Option<Value> {
        let value = self.args.get(position).cloned().or_else(|| self.by_name(name))?;
        (!value.is_undefined()).then_some(value)
    }

    pub fn by_name(&self, name: &str) -> Option<Value> {
        self.named.and_then(|named| named.get_value(&Value::from(name)))
    }

    /// The named arguments, in order.
    pub fn named(&self) -> Vec<(Value, Value)> {
        self.named.and_then(|named| named.try_iter_pairs()).into_iter().flatten().collect()
    }

    pub fn needs(&self, position: usize, name: &str) -> Result<Value, Error> {
        if let Some(value) = self.args.get(position).cloned().or_else(|| self.by_name(name)) {
            return Ok(value);
        }
        Err(Error::new(
            ErrorKind::MissingArgument,
            format!("{} needs the argument `{name}`", self.title()),
        ))
    }

    /// A text argument without marks of relations; `none` counts as missing.
    pub fn text(&self, position: usize, name: &str) -> Result<Option<String>, Error> {
        Ok(self.get(position, name).filter(|value| !value.is_none()).map(|value| unmarked(&value)))
    }

    pub fn needs_text(&self, position: usize, name: &str) -> Result<String, Error> {
        let value = self.needs(position, name)?;
        if value.is_undefined() {
            return Err(Error::new(
                ErrorKind::UndefinedError,
                format!("{} got an undefined `{name}`", self.title()),
            ));
        }
        Ok(unmarked(&value))
    }

    pub fn integer(&self, position: usize, name: &str) -> Result<Option<i64>, Error> {
        match self.get(position, name).filter(|value| !value.is_none()) {
            None => Ok(None),
            Some(value) => i64::try_from(value.clone()).map(Some).map_err(|_| {
                Error::new(
                    ErrorKind::InvalidOperation,
                    format!("{} needs a whole number for `{name}`, not {value:?}", self.title()),
                )
            }),
        }
    }

    pub fn truth(&self, position: usize, name: &str) -> bool {
        self.get(position, name).is_some_and(|value| value.is_true())
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
