//! Resolves the names in a template. The order is that of dbt: the project's macros, dbt's
//! functions and objects, the macros of the file's package, dbt's macros, and packages.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, Value};
use minijinja::{Error, ErrorKind, State};

use super::builtin_function::{function, function_with};
use super::inner_text::CONTEXT;
use super::macro_registry::DBT;
use super::macros::MacroRef;
use super::session::Session;
use super::{adapter, config, functions, introspection, modules, node, text_functions};
use crate::jinja::python::call::Call;
use crate::jinja::python::{self, collections};

/// Jinja's functions, which are not resolved here.
const GLOBALS: [&str; 6] = ["range", "dict", "namespace", "cycler", "joiner", "lipsum"];

/// The outermost scope of a rendering.
pub struct GlobalNames(pub Arc<Session>);

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
pub fn builtin(session: &Arc<Session>, name: &str) -> Option<Value> {
    let entry = functions::named(name)
        .or_else(|| text_functions::named(name))
        .or_else(|| introspection::named(name));
    if let Some((name, run)) = entry {
        return Some(function_with(session, name, run, functions::members(name)));
    }
    match name {
        "context" | CONTEXT => return Some(Value::from_object(GlobalNames(session.clone()))),
        "builtins" => return Some(builtins(session)),
        _ => {}
    }
    functions::object(session, name)
        .or_else(|| config::object(session, name))
        .or_else(|| adapter::object(session, name))
        .or_else(|| node::object(session, name))
        .or_else(|| modules::object(session, name))
}

/// dbt's `builtins`: its functions by name, also where a macro of the project has the name.
fn builtins(session: &Arc<Session>) -> Value {
    let names = [
        "ref",
        "source",
        "config",
        "var",
        "env_var",
        "log",
        "return",
        "tojson",
        "fromjson",
        "is_incremental",
    ];
    let pairs = names.iter().filter_map(|name| Some((Value::from(*name), builtin(session, name)?)));
    collections::dict(pairs.collect::<Vec<_>>())
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
                Err(crate::jinja::errors::to_error(error))
            }
        }
    }
}
