//! Resolves the names in a template. The order is that of dbt: the project's macros, dbt's
//! functions and objects, the macros of the file's package, dbt's macros, and packages.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectRepr, Value};
use minijinja::{Error, ErrorKind, State};

use super::call::Call;
use super::macro_registry::DBT;
use super::macros::MacroRef;
use super::session::Session;
use super::{adapter, config, functions, introspection, modules, node, python, text_functions};

/// Jinja's functions, which are not resolved here.
const GLOBALS: [&str; 6] = ["range", "dict", "namespace", "cycler", "joiner", "lipsum"];

/// A function of dbt.
pub(super) type BuiltinFunction = fn(&Arc<Session>, &mut State, &Call) -> Result<Value, Error>;

/// Calls a method by name; `None` if it does not exist.
pub(super) type BuiltinMethod =
    fn(&Arc<Session>, &mut State, &str, &Call) -> Result<Option<Value>, Error>;

/// The outermost scope of a rendering.
pub(super) struct GlobalNames(pub Arc<Session>);

impl fmt::Debug for GlobalNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<context>")
    }
}

impl Object for GlobalNames {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        find(&self.0, key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        find(&self.0, key)
    }

    fn call_method(
        self: &Arc<Self>,
        _state: &mut State,
        method: &str,
        args: &[Value],
    ) -> Result<Value, Error> {
        let call = Call::of("context", method, args);
        match method {
            "get" => Ok(find(&self.0, &call.needs_text(0, "key")?)
                .or_else(|| call.get(1, "default"))
                .unwrap_or(Value::from(()))),
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }
}

fn find(session: &Arc<Session>, name: &str) -> Option<Value> {
    // Each operator of a template looks up its function, so check these names first.
    if python::is_operator(name) {
        return None;
    }
    let library = session.library();
    if let Some(package) = library.resolve(&[&session.scope.package], name) {
        return Some(MacroRef::value(session, package, name));
    }
    if let Some(value) = builtin(session, name) {
        return Some(value);
    }
    let package = session.package();
    for package in [&*package, DBT] {
        if library.get(package, name).is_some() {
            return Some(MacroRef::value(session, package, name));
        }
    }
    if let Some(package) = package_named(session, name) {
        return Some(Value::from_object(Package { name: package, session: session.clone() }));
    }
    let called = || {
        session
            .running()
            .loading
            .last()
            .map(|file| library.files[*file].prepared.calls.contains(name))
    };
    if !session.scope.execute
        && !GLOBALS.contains(&name)
        && called().unwrap_or_else(|| session.calls.contains(name))
    {
        return Some(function(session, "", |_, _, _| Ok(Value::UNDEFINED)));
    }
    None
}

fn package_named(session: &Session, name: &str) -> Option<String> {
    session.library().packages.contains_key(name).then(|| name.to_string())
}

/// dbt's functions and objects by name.
pub(super) fn builtin(session: &Arc<Session>, name: &str) -> Option<Value> {
    let entry = functions::named(name)
        .or_else(|| text_functions::named(name))
        .or_else(|| introspection::named(name));
    if let Some((name, run)) = entry {
        return Some(function(session, name, run));
    }
    functions::object(session, name)
        .or_else(|| config::object(session, name))
        .or_else(|| adapter::object(session, name))
        .or_else(|| node::object(session, name))
        .or_else(|| modules::object(session, name))
}

pub(super) fn function(session: &Arc<Session>, name: &'static str, run: BuiltinFunction) -> Value {
    Value::from_object(Function { name, run, session: session.clone() })
}

/// A function bound to a rendering.
pub(super) struct Function {
    name: &'static str,
    run: BuiltinFunction,
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
        // Packages read dbt's configuration from `builtins.ref.config`.
        let is_config = matches!(self.name, "ref" | "source") && key.as_str() == Some("config");
        is_config.then(|| functions::runtime_config(&self.session))
    }

    fn is_true(self: &Arc<Self>) -> bool {
        !self.name.is_empty()
    }

    fn call(self: &Arc<Self>, state: &mut State, args: &[Value]) -> Result<Value, Error> {
        (self.run)(&self.session, state, &Call::of("", self.name, args))
    }

    fn call_method(
        self: &Arc<Self>,
        _state: &mut State,
        method: &str,
        args: &[Value],
    ) -> Result<Value, Error> {
        match (self.name, method) {
            ("var", "has_var") => functions::has_var(&self.session, &Call::of("var", method, args)),
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.is_empty() { Ok(()) } else { write!(f, "{self:?}") }
    }
}

/// An object of dbt with methods: `adapter`, `exceptions`.
pub(super) struct Methods {
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

/// The macros of a package: `dbt_utils.star`.
struct Package {
    name: String,
    session: Arc<Session>,
}

impl fmt::Debug for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<package {}>", self.name)
    }
}

impl Object for Package {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let name = key.as_str()?;
        if self.session.library().get(&self.name, name).is_some() {
            return Some(MacroRef::value(&self.session, &self.name, name));
        }
        // Macros of dbt that are functions here.
        if self.name == DBT {
            let entry = introspection::named(name).or_else(|| {
                functions::named(name)
                    .filter(|_| matches!(name, "is_incremental" | "should_full_refresh"))
            });
            return entry.map(|(name, run)| function(&self.session, name, run));
        }
        None
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let macros = self.session.library().packages.get(&self.name);
        Enumerator::Values(
            macros
                .into_iter()
                .flat_map(|macros| macros.keys())
                .map(|name| Value::from(&**name))
                .collect(),
        )
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }

    fn call_method(
        self: &Arc<Self>,
        state: &mut State,
        method: &str,
        args: &[Value],
    ) -> Result<Value, Error> {
        match self.get_value(&Value::from(method)) {
            Some(entry) => entry.call(state, args),
            None if !self.session.scope.execute => Ok(Value::UNDEFINED),
            None => {
                let macros = self.session.library().packages.get(&self.name);
                let names = macros.into_iter().flat_map(|macros| macros.keys()).map(|name| &**name);
                let mut error = crate::diagnostics::Diagnostic::error(format!(
                    "package `{}` has no macro `{method}`",
                    self.name
                ));
                if let Some(near) = crate::diagnostics::nearest(method, names) {
                    error = error.hint(format!("did you mean `{}.{near}`?", self.name));
                }
                Err(super::errors::to_error(error))
            }
        }
    }
}
