//! dbt's functions, and its objects with methods, as template values.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Object, ObjectRepr, Value};
use minijinja::{Error, ErrorKind, State};

use super::session::Session;
use crate::jinja::python::call::Call;

/// A function of dbt.
pub type BuiltinFunction = fn(&Arc<Session>, &mut State, &Call) -> Result<Value, Error>;

/// Calls a method by name; `None` if it does not exist.
pub type BuiltinMethod = fn(&Arc<Session>, &mut State, &str, &Call) -> Result<Option<Value>, Error>;

/// The attributes and methods of a function.
pub struct FunctionMembers {
    pub attribute: fn(&Arc<Session>, &str) -> Option<Value>,
    pub method: BuiltinMethod,
}

impl Default for FunctionMembers {
    fn default() -> Self {
        FunctionMembers { attribute: |_, _| None, method: |_, _, _, _| Ok(None) }
    }
}

/// A function without attributes and methods as a template value.
pub fn function(session: &Arc<Session>, name: &'static str, run: BuiltinFunction) -> Value {
    function_with(session, name, run, FunctionMembers::default())
}

/// The same with attributes and methods.
pub fn function_with(
    session: &Arc<Session>,
    name: &'static str,
    run: BuiltinFunction,
    members: FunctionMembers,
) -> Value {
    Value::from_object(Function { name, run, members, session: session.clone() })
}

/// A function bound to a rendering.
struct Function {
    name: &'static str,
    run: BuiltinFunction,
    members: FunctionMembers,
    session: Arc<Session>,
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<function {}>", self.name)
    }
}

impl Object for Function {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        (self.members.attribute)(&self.session, key.as_str()?)
    }

    fn is_true(self: &Arc<Self>) -> bool {
        !self.name.is_empty()
    }

    fn call(self: &Arc<Self>, state: &mut State, args: &[Value]) -> Result<Value, Error> {
        (self.run)(&self.session, state, &Call::of("", self.name, args))
    }

    fn call_method(
        self: &Arc<Self>,
        state: &mut State,
        method: &str,
        args: &[Value],
    ) -> Result<Value, Error> {
        let call = Call::of(self.name, method, args);
        (self.members.method)(&self.session, state, method, &call)?
            .ok_or_else(|| Error::from(ErrorKind::UnknownMethod))
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.is_empty() { Ok(()) } else { write!(f, "{self:?}") }
    }
}

/// An object of dbt with methods: `adapter`, `exceptions`.
pub struct Methods {
    pub name: &'static str,
    pub session: Arc<Session>,
    pub method: BuiltinMethod,
    pub attribute: fn(&Arc<Session>, &str) -> Option<Value>,
}

impl fmt::Debug for Methods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.name)
    }
}

impl Object for Methods {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        (self.attribute)(&self.session, key.as_str()?)
    }

    fn call_method(
        self: &Arc<Self>,
        state: &mut State,
        method: &str,
        args: &[Value],
    ) -> Result<Value, Error> {
        let call = Call::of(self.name, method, args);
        match (self.method)(&self.session, state, method, &call)? {
            Some(value) => Ok(value),
            None => Err(Error::new(
                ErrorKind::UnknownMethod,
                format!("`{}` has no method `{method}`", self.name),
            )),
        }
    }
}
