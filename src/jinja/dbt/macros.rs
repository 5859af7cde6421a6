//! Calls of macros. A macro file is loaded into the rendering at its first call; `return()` returns
//! values; `varargs` and `kwargs` are packed; errors record the macros through which they
//! propagate.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use minijinja::value::{Kwargs, Object, ObjectRepr, Tuple, Value};
use minijinja::{Error, ErrorKind, State};

use super::macro_registry::{DBT, MacroDefinition};
use super::session::Session;
use super::{computed_spine, spine};
use crate::diagnostics::Diagnostic;
use crate::jinja::errors;
use crate::jinja::python::call::Call;
use crate::jinja::python::collections;
use crate::jinja::syntax::transpile::MACRO_PREFIX;

/// Inserted before every template: registers the macro that loads macro files.
pub const PROLOGUE: &str = concat!(
    "{% macro __load(__file) %}{% import __file as __module %}{{ __keep(__file, __module) }}",
    "{% endmacro %}{{ __boot(__load) }}",
);

/// A macro by package and name.
pub struct MacroRef {
    pub package: String,
    pub name: String,
    session: Arc<Session>,
}

impl MacroRef {
    pub fn value(session: &Arc<Session>, package: &str, name: &str) -> Value {
        Value::from_object(MacroRef {
            package: package.to_string(),
            name: name.to_string(),
            session: session.clone(),
        })
    }

    /// The result of `get_intervals_between` within a spine whose bounds the engine computes.
    fn computed_intervals(
        &self,
        state: &mut State,
        args: &[Value],
    ) -> Result<Option<Value>, Error> {
        let datediff = MacroRef::value(&self.session, DBT, "datediff");
        let call = Call::of("", &self.name, args);
        computed_spine::intervals(&self.session, state, &call, &datediff)
    }

    /// The macro in minijinja; loads its file if needed.
    fn native(&self, state: &mut State, definition: &MacroDefinition) -> Result<Value, Error> {
        let template = &self.session.library().files[definition.file].template;
        let loaded = self.session.running().modules.get(&definition.file).cloned();
        let module = match loaded {
            Some(module) => module,
            None => {
                let loader = self.session.running().loader.clone();
                let loader = loader.ok_or_else(|| {
                    Error::new(ErrorKind::InvalidOperation, "macros cannot be called here")
                })?;
                self.session.running().loading.push(definition.file);
                let outcome = loader.call(state, &[Value::from(&**template)]);
                self.session.running().loading.pop();
                outcome?;
                self.session.running().modules.get(&definition.file).cloned().unwrap_or_default()
            }
        };
        module.get_attr(&format!("{MACRO_PREFIX}{}", self.name))
    }
}

/// `__boot(__load)`: stores the loader.
pub fn boot(session: &Arc<Session>, _state: &mut State, call: &Call) -> Result<Value, Error> {
    session.running().loader = Some(call.needs(0, "loader")?);
    Ok(Value::from(""))
}

/// `__keep(file, module)`: stores a loaded file.
pub fn keep(session: &Arc<Session>, _state: &mut State, call: &Call) -> Result<Value, Error> {
    let (name, module) = (call.needs_text(0, "file")?, call.needs(1, "module")?);
    if let Some(file) = session.library().files.iter().position(|file| file.template == name) {
        session.running().modules.insert(file, module);
    }
    Ok(Value::from(""))
}

/// `__missing(name)`: whether the running macro was called without this argument.
pub fn missing(session: &Arc<Session>, _state: &mut State, call: &Call) -> Result<Value, Error> {
    Ok(Value::from(given_argument(session, &call.needs_text(0, "name")?).is_none()))
}

/// `__argument(name)`: the argument of the running macro, since a default may refer to a previous
/// parameter.
pub fn argument(session: &Arc<Session>, _state: &mut State, call: &Call) -> Result<Value, Error> {
    Ok(given_argument(session, &call.needs_text(0, "name")?).unwrap_or_default())
}

/// The argument of this name of the running macro, if it was passed.
fn given_argument(session: &Arc<Session>, name: &str) -> Option<Value> {
    let running = session.running();
    let (package, of) = running.stack.last()?;
    let position = session
        .library()
        .get(package, of)?
        .header
        .parameters
        .iter()
        .position(|known| known == name)?;
    let call = Call::of("", of, running.arguments.last()?);
    call.args.get(position).cloned().or_else(|| call.by_name(name))
}

/// `return(value)`: stores the value in the session, and unwinds the macro by an error.
pub fn return_value(
    session: &Arc<Session>,
    _state: &mut State,
    call: &Call,
) -> Result<Value, Error> {
    if session.running().stack.is_empty() {
        return Err(call.error("only a macro can return"));
    }
    session.running().returned = Some(
        call.args.first().cloned().or_else(|| call.by_name("data")).unwrap_or(Value::from(())),
    );
    Err(Error::new(ErrorKind::InvalidOperation, "returned"))
}

/// The arguments for minijinja's macro: those without a parameter go into `varargs` and `kwargs`.
fn packed(definition: &MacroDefinition, args: &[Value]) -> Result<Vec<Value>, Error> {
    let header = &definition.header;
    let call = Call::of("", &header.name, args);
    let named = call.named();
    let fits = call.args.len().min(header.parameters.len());
    let unknown =
        |name: &str| name != "caller" && !header.parameters.iter().any(|known| known == name);
    if call.args.len() > fits && !header.takes_varargs {
        let count = header.parameters.len();
        return Err(call.error(format!(
            "takes {count} argument{}, but got {}",
            if count == 1 { "" } else { "s" },
            call.args.len()
        )));
    }
    let (more, declared): (Vec<_>, Vec<_>) =
        named.into_iter().partition(|(name, _)| name.as_str().is_some_and(unknown));
    if let Some((name, _)) = more.first()
        && !header.takes_kwargs
    {
        return Err(call.error(format!("has no argument `{name}`")));
    }
    let mut packed = call.args[..fits].to_vec();
    let mut pairs: Vec<(String, Value)> =
        declared.into_iter().map(|(name, value)| (name.to_string(), value)).collect();
    if header.takes_varargs {
        pairs.push(("varargs".to_string(), Value::from(Tuple::from(&call.args[fits..]))));
    }
    if header.takes_kwargs {
        pairs.push(("kwargs".to_string(), collections::dict(more)));
    }
    if !pairs.is_empty() {
        packed.push(Kwargs::from_iter(pairs).into());
    }
    Ok(packed)
}

impl fmt::Debug for MacroRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<macro {}.{}>", self.package, self.name)
    }
}

impl Object for MacroRef {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let definition = self.session.library().get(&self.package, &self.name)?;
        match key.as_str()? {
            "name" => Some(Value::from(&*self.name)),
            "arguments" => Some(collections::list(
                definition.header.parameters.iter().map(|name| Value::from(&**name)),
            )),
            _ => None,
        }
    }

    fn call(self: &Arc<Self>, state: &mut State, args: &[Value]) -> Result<Value, Error> {
        let Some(definition) = self.session.library().get(&self.package, &self.name) else {
            return Err(Error::new(
                ErrorKind::UnknownFunction,
                format!("{} is unknown", self.name),
            ));
        };
        if self.name == "get_intervals_between"
            && self.session.scope.execute
            && let Some(count) = spine::intervals(&Call::of("", &self.name, args))
        {
            return Ok(count);
        }
        errors::check_limits()?;
        if self.name == "get_intervals_between"
            && self.session.scope.execute
            && let Some(periods) = self.computed_intervals(state, args)?
        {
            return Ok(periods);
        }
        if self.name == "generate_series"
            && let Some(text) = computed_spine::series(&Call::of("", &self.name, args), |bound| {
                self.call(state, &[bound])
            })?
        {
            return Ok(text);
        }
        let call_args = args.to_vec();
        let args = packed(definition, args)?;
        let outcome = self.native(state, definition).and_then(|native| {
            let mut running = self.session.running();
            running.stack.push((self.package.clone(), self.name.clone()));
            running.arguments.push(call_args);
            drop(running);
            let outcome = native.call(state, &args);
            let mut running = self.session.running();
            running.stack.pop();
            running.arguments.pop();
            drop(running);
            outcome
        });
        outcome.or_else(|error| {
            let returned = self.session.running().returned.take();
            returned.ok_or_else(|| errors::in_macro(error, &self.package, &self.name))
        })
    }
}

/// `adapter.dispatch(name, namespace)`: the macro for this dialect.
pub fn dispatch(session: &Arc<Session>, call: &Call) -> Result<Value, Error> {
    let name = call.needs_text(0, "macro_name")?;
    if name.contains('.') {
        return Err(call.error(format!(
            "`{name}` contains a package: pass the package as the second argument, \
            `macro_namespace`"
        )));
    }
    if let Some(other) =
        call.get(1, "macro_namespace").filter(|value| !value.is_none() && value.as_str().is_none())
    {
        return Err(call
            .error(format!("needs the name of a package as `macro_namespace`, but got {other}")));
    }
    let namespace = call.text(1, "macro_namespace")?;
    if call.by_name("packages").is_some() {
        return Err(call.error(
            "has no argument `packages`: pass one package as `macro_namespace`, or set `dispatch:` \
            in dbt_project.yml",
        ));
    }
    let resolved = session.library().dispatch(
        session.settings(),
        &session.scope.package,
        &name,
        namespace.as_deref(),
    );
    resolved.map(|(package, name)| MacroRef::value(session, &package, &name)).map_err(|searched| {
        let adapter = session.settings().adapters.first().cloned().unwrap_or_default();
        let packages: BTreeSet<&str> =
            searched.iter().filter_map(|name| name.split('.').next()).collect();
        let mut error = Diagnostic::error(format!(
            "`adapter.dispatch` did not find macro `{name}` for \
                {adapter}"
        ))
        .note(format!(
            "searched {}",
            searched.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        ));
        for package in packages
            .into_iter()
            .filter(|package| !session.library().packages.contains_key(*package))
        {
            error = error.hint(format!("package `{package}` is not installed: run `dbt deps`"));
        }
        errors::to_error(error)
    })
}
