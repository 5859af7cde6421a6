//! Calls of macros. A macro's file is loaded when it is first called, into the rendering that calls
//! it; `return()` gives real values; `varargs` and `kwargs` are packed; and an error on its way out
//! notes which macros it passed.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use minijinja::value::{Kwargs, Object, ObjectRepr, Tuple, Value};
use minijinja::{Error, ErrorKind, State};

use super::call::Call;
use super::macro_registry::Macro;
use super::session::Session;
use super::transpile::MACRO_PREFIX;
use super::{collections, computed_spine, errors, spine};
use crate::diagnostics::Diagnostic;

/// Comes before every template: the macro that loads files of macros into the rendering, handed to
/// us.
pub(super) const PROLOGUE: &str = "{% macro __load(__file) %}{% import __file as __module %}{{ __keep(__file, __module) }}{% endmacro %}{{ __boot(__load) }}";

/// A macro by package and name.
pub(super) struct MacroRef {
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

    /// minijinja's own macro, its file loaded.
    fn native(&self, state: &mut State, found: &Macro) -> Result<Value, Error> {
        let template = &self.session.library().files[found.file].template;
        let loaded = self.session.running().modules.get(&found.file).cloned();
        let module = match loaded {
            Some(module) => module,
            None => {
                let loader = self.session.running().loader.clone();
                let loader = loader.ok_or_else(|| {
                    Error::new(ErrorKind::InvalidOperation, "macros cannot be called here")
                })?;
                self.session.running().loading.push(found.file);
                let outcome = loader.call(state, &[Value::from(&**template)]);
                self.session.running().loading.pop();
                outcome?;
                self.session.running().modules.get(&found.file).cloned().unwrap_or_default()
            }
        };
        module.get_attr(&format!("{MACRO_PREFIX}{}", self.name))
    }
}

/// `__boot(__load)`: keeps the loader.
pub(super) fn boot(
    session: &Arc<Session>,
    _state: &mut State,
    call: &Call,
) -> Result<Value, Error> {
    session.running().loader = Some(call.needs(0, "loader")?);
    Ok(Value::from(""))
}

/// `__keep(file, module)`: keeps a loaded file.
pub(super) fn keep(
    session: &Arc<Session>,
    _state: &mut State,
    call: &Call,
) -> Result<Value, Error> {
    let (name, module) = (call.needs_text(0, "file")?, call.needs(1, "module")?);
    if let Some(file) = session.library().files.iter().position(|file| file.template == name) {
        session.running().modules.insert(file, module);
    }
    Ok(Value::from(""))
}

/// `__missing(name)`: whether the macro that is being run was not given this argument at all.
pub(super) fn missing(
    session: &Arc<Session>,
    _state: &mut State,
    call: &Call,
) -> Result<Value, Error> {
    Ok(Value::from(given(session, &call.needs_text(0, "name")?).is_none()))
}

/// `__argument(name)`: what the macro that is being run was given: a default may name a parameter
/// before it.
pub(super) fn argument(
    session: &Arc<Session>,
    _state: &mut State,
    call: &Call,
) -> Result<Value, Error> {
    Ok(given(session, &call.needs_text(0, "name")?).unwrap_or_default())
}

/// The argument of this name, if the macro that is being run was given it.
fn given(session: &Arc<Session>, name: &str) -> Option<Value> {
    let running = session.running();
    let (package, of) = running.stack.last()?;
    let place = session
        .library()
        .get(package, of)?
        .header
        .parameters
        .iter()
        .position(|known| known == name)?;
    let call = Call::of("", of, running.arguments.last()?);
    call.args.get(place).cloned().or_else(|| call.by_name(name))
}

/// `return(value)`: the value waits in the session while an error unwinds the macro.
pub(super) fn give_back(
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

/// The arguments as minijinja's macro takes them: what its parameters do not name goes into
/// `varargs` and `kwargs`.
fn packed(found: &Macro, args: &[Value]) -> Result<Vec<Value>, Error> {
    let header = &found.header;
    let call = Call::of("", &header.name, args);
    let named = call.named();
    let fits = call.args.len().min(header.parameters.len());
    let unknown =
        |name: &str| name != "caller" && !header.parameters.iter().any(|known| known == name);
    if call.args.len() > fits && !header.takes_varargs {
        let count = header.parameters.len();
        return Err(call.error(format!(
            "takes {count} argument{}, was given {}",
            if count == 1 { "" } else { "s" },
            call.args.len()
        )));
    }
    let (more, kept): (Vec<_>, Vec<_>) =
        named.into_iter().partition(|(name, _)| name.as_str().is_some_and(unknown));
    if let Some((name, _)) = more.first()
        && !header.takes_kwargs
    {
        return Err(call.error(format!("has no argument `{name}`")));
    }
    let mut packed = call.args[..fits].to_vec();
    let mut pairs: Vec<(String, Value)> =
        kept.into_iter().map(|(name, value)| (name.to_string(), value)).collect();
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
        let found = self.session.library().get(&self.package, &self.name)?;
        match key.as_str()? {
            "name" => Some(Value::from(&*self.name)),
            "arguments" => Some(collections::list(
                found.header.parameters.iter().map(|name| Value::from(&**name)),
            )),
            _ => None,
        }
    }

    fn call(self: &Arc<Self>, state: &mut State, args: &[Value]) -> Result<Value, Error> {
        let Some(found) = self.session.library().get(&self.package, &self.name) else {
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
        errors::limited()?;
        if self.name == "get_intervals_between"
            && self.session.scope.execute
            && let Some(periods) =
                computed_spine::intervals(&self.session, state, &Call::of("", &self.name, args))?
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
        let given = args.to_vec();
        let args = packed(found, args)?;
        let outcome = self.native(state, found).and_then(|native| {
            let mut running = self.session.running();
            running.stack.push((self.package.clone(), self.name.clone()));
            running.arguments.push(given);
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
            returned.ok_or_else(|| errors::passed(error, &self.package, &self.name))
        })
    }
}

/// `adapter.dispatch(name, namespace)`: the macro for this dialect.
pub(super) fn dispatch(session: &Arc<Session>, call: &Call) -> Result<Value, Error> {
    let name = call.needs_text(0, "macro_name")?;
    if name.contains('.') {
        return Err(call.error(format!(
            "`{name}` has a package in it: give the package as the \
            second argument, `macro_namespace`"
        )));
    }
    if let Some(other) =
        call.get(1, "macro_namespace").filter(|given| !given.is_none() && given.as_str().is_none())
    {
        return Err(
            call.error(format!("needs the name of a package as `macro_namespace`, not {other}"))
        );
    }
    let namespace = call.text(1, "macro_namespace")?;
    if call.by_name("packages").is_some() {
        return Err(call.error(
            "takes no `packages`: give one package as `macro_namespace`, or set \
            `dispatch:` in dbt_project.yml",
        ));
    }
    let found = session.library().dispatch(
        session.settings(),
        &session.scope.package,
        &name,
        namespace.as_deref(),
    );
    found.map(|(package, name)| MacroRef::value(session, &package, &name)).map_err(|searched| {
        let adapter = session.settings().adapters.first().cloned().unwrap_or_default();
        let packages: BTreeSet<&str> =
            searched.iter().filter_map(|name| name.split('.').next()).collect();
        let mut error =
            Diagnostic::error(format!("`adapter.dispatch` finds no macro `{name}` for {adapter}"))
                .fact(format!(
                    "looked for {}",
                    searched.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
                ));
        for package in packages
            .into_iter()
            .filter(|package| !session.library().packages.contains_key(*package))
        {
            error = error.hint(format!("package `{package}` is not installed: run `dbt deps`"));
        }
        errors::said(error)
    })
}
