//! dbt's functions about the project: `ref`, `source`, `var`, `env_var`, `is_incremental`, and
//! values of the run.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use minijinja::value::Value;
use minijinja::{Error, State};
use serde_json::Value as Json;

use super::builtin_function::{BuiltinFunction, FunctionMembers, Methods};
use super::macro_registry::DBT;
use super::session::Session;
use super::{json, macros, yaml};
use crate::diagnostics::{Diagnostic, nearest};
use crate::jinja::python::call::Call;
use crate::jinja::python::{collections, datetime};
use crate::jinja::{
    MacroPackage, MarkKind, RefCall, RefVersion, Referent, Relation, RelationStyle, errors, md5,
};

pub fn named(name: &str) -> Option<(&'static str, BuiltinFunction)> {
    let function: (&'static str, BuiltinFunction) = match name {
        "ref" => ("ref", reference),
        "source" => ("source", source),
        "var" => ("var", var),
        "env_var" => ("env_var", env_var),
        "is_incremental" => ("is_incremental", is_incremental),
        "should_full_refresh" => ("should_full_refresh", should_full_refresh),
        "return" => ("return", macros::return_value),
        "log" => ("log", |_, _, _| Ok(Value::from(""))),
        "print" => ("print", |_, _, _| Ok(Value::from(""))),
        "render" => ("render", super::inner_text::render_text),
        "debug" => ("debug", |_, _, _| Ok(Value::from(""))),
        "__boot" => ("__boot", macros::boot),
        "__keep" => ("__keep", macros::keep),
        "__missing" => ("__missing", macros::missing),
        "__argument" => ("__argument", macros::argument),
        "metric" | "function" => {
            ("metric", |_, _, call| Err(call.error("metrics and functions are not supported")))
        }
        _ => return None,
    };
    Some(function)
}

/// The attributes and methods of a function.
pub fn members(name: &str) -> FunctionMembers {
    let none = FunctionMembers::default();
    match name {
        // Packages read dbt's configuration from `builtins.ref.config`.
        "ref" | "source" => FunctionMembers {
            attribute: |session, key| (key == "config").then(|| runtime_config(session)),
            ..none
        },
        "var" => FunctionMembers {
            method: |session, _, method, call| match method {
                "has_var" => has_var(session, call).map(Some),
                _ => Ok(None),
            },
            ..none
        },
        _ => none,
    }
}

/// The values of dbt's context.
pub fn object(session: &Arc<Session>, name: &str) -> Option<Value> {
    let settings = session.settings();
    Some(match name {
        "this" => session.this(),
        "sql" => Value::from(()),
        "execute" => Value::from(session.scope.execute),
        "target" | "env" => json::value(&Json::Object(settings.target.clone())),
        "flags" => flags(session),
        "invocation_args_dict" => collections::dict([
            (Value::from("full_refresh"), Value::from(settings.full_refresh)),
            (Value::from("which"), Value::from(settings.which)),
            (Value::from("vars"), json::value(&Json::Object(settings.vars.clone()))),
        ]),
        "run_started_at" | "sql_now" => datetime::utc(session.now()),
        "invocation_id" => Value::from(invocation_id(session)),
        "thread_id" => Value::from("Thread-1 (worker)"),
        "dbt_version" => Value::from("1.12.6"),
        "project_name" => Value::from(&*session.library().root),
        "database" => this_part(session, |relation| relation.database.clone()),
        "schema" => this_part(session, |relation| relation.schema.clone()),
        "selected_resources" => {
            let selected = session.shared.selected.get().filter(|_| session.scope.execute);
            collections::list(selected.into_iter().flatten().map(|id| Value::from(&**id)))
        }
        "pre_hooks" | "post_hooks" | "context_macro_stack" => collections::list([]),
        "dbt_metadata_envs" => collections::dict([]),
        "exceptions" => Value::from_object(Methods {
            name: "exceptions",
            session: session.clone(),
            method: exceptions,
            attribute: |_, _| None,
        }),
        _ => return None,
    })
}

/// dbt's runtime configuration of the project and of each package.
fn runtime_config(session: &Session) -> Value {
    let settings = session.settings();
    let target = |key: &str| settings.target.get(key).map_or(Value::from(()), json::value);
    let of = |package: &MacroPackage, more: Vec<(&str, Value)>| {
        let known = [
            ("project_name", Value::from(&*package.name)),
            ("version", Value::from(package.version.clone())),
            ("vars", json::value(&Json::Object(package.vars.clone()))),
            ("profile_name", target("profile_name")),
            ("target_name", target("name")),
        ];
        collections::dict(
            known.into_iter().chain(more).map(|(name, value)| (Value::from(name), value)),
        )
    };
    let Some(root) = settings.packages.first() else { return collections::dict([]) };
    let packages = settings
        .packages
        .iter()
        .map(|package| (Value::from(&*package.name), of(package, Vec::new())));
    let cli_vars = json::value(&Json::Object(settings.vars.clone()));
    of(
        root,
        vec![
            ("dependencies", collections::dict(packages.collect::<Vec<_>>())),
            ("cli_vars", cli_vars),
        ],
    )
}

fn this_part(session: &Session, part: impl Fn(&Relation) -> Option<String>) -> Value {
    Value::from(session.scope.this.as_ref().and_then(part))
}

fn flags(session: &Session) -> Value {
    let truths = [
        ("FULL_REFRESH", session.settings().full_refresh),
        ("STORE_FAILURES", false),
        ("EMPTY", false),
        ("INTROSPECT", true),
        ("DEBUG", false),
        ("USE_COLORS", false),
    ];
    let mut pairs: Vec<(Value, Value)> =
        truths.iter().map(|(name, truth)| (Value::from(*name), Value::from(*truth))).collect();
    pairs.push((Value::from("WHICH"), Value::from(session.settings().which)));
    collections::dict(pairs)
}

/// The same for the same project and time, so that plans are reproducible.
fn invocation_id(session: &Session) -> String {
    let hash = md5::hex(format!("{} {}", session.library().root, session.now()).as_bytes());
    format!("{}-{}-4{}-8{}-{}", &hash[..8], &hash[8..12], &hash[13..16], &hash[17..20], &hash[20..])
}

fn reference(session: &Arc<Session>, _state: &mut State, call: &Call) -> Result<Value, Error> {
    let words: Vec<String> = (0..call.args.len())
        .map(|position| call.needs_text(position, "name"))
        .collect::<Result<_, _>>()?;
    let (package, name) = match &words[..] {
        [name] => (None, name.clone()),
        [package, name] => (Some(package.clone()), name.clone()),
        _ => return Err(call.error("needs a model's name, or a package and a model's name")),
    };
    let mut version = None;
    for name in ["v", "version"] {
        if let (None, Some(text)) = (&version, call.text(9, name)?) {
            let is_number = call.get(9, name).is_some_and(|value| value.is_number());
            version = Some(RefVersion { text, is_number });
        }
    }
    session.captured().refs.push(RefCall {
        package: package.clone(),
        name: name.clone(),
        version: version.clone(),
    });
    if !session.scope.execute {
        return Ok(placeholder(session, &name));
    }
    let resolved = session.scope.lookup.reference(package.as_deref(), &name, version.as_deref());
    Ok(referent(session, resolved.map_err(errors::to_error)?))
}

fn source(session: &Arc<Session>, _state: &mut State, call: &Call) -> Result<Value, Error> {
    let (source, table) = (call.needs_text(0, "source_name")?, call.needs_text(1, "table_name")?);
    session.captured().sources.push((source.clone(), table.clone()));
    if !session.scope.execute {
        return Ok(placeholder(session, &table));
    }
    Ok(referent(session, session.scope.lookup.source(&source, &table).map_err(errors::to_error)?))
}

fn referent(session: &Arc<Session>, resolved: Referent) -> Value {
    match resolved {
        Referent::Relation { unique_id, relation } => {
            session.relation(relation, None, Some(MarkKind::Input(unique_id)))
        }
        Referent::Cte { unique_id, name } => {
            // It has no database and no schema, unless a macro adds one.
            let [database, schema, _] = session.settings().style.quoted;
            let style = RelationStyle {
                quoted: [database, schema, false],
                ..session.settings().style.clone()
            };
            let relation = Relation { database: None, schema: None, identifier: name, style };
            session.relation(relation, Some("cte"), Some(MarkKind::Input(unique_id)))
        }
    }
}

/// In the parse pass other models are unknown. As in dbt, the result is the model's own relation
/// with their name.
fn placeholder(session: &Arc<Session>, name: &str) -> Value {
    let mut relation = match &session.scope.this {
        Some(this) => this.clone(),
        None => Relation {
            database: None,
            schema: None,
            identifier: String::new(),
            style: session.settings().style.clone(),
        },
    };
    relation.identifier = name.to_string();
    session.relation(relation, None, None)
}

/// The variable as the project's files and `--vars` set it for the package that is being rendered.
fn variable(session: &Session, name: &str) -> Option<Json> {
    let settings = session.settings();
    if let Some(value) = settings.vars.get(name) {
        return Some(value.clone());
    }
    let package = session.macro_package.as_ref().unwrap_or(&session.scope.package);
    if package == DBT {
        return settings.dbt_vars.get(name).cloned();
    }
    // The packages' variables are merged with those that the project sets for them.
    let known =
        settings.packages.iter().find(|known| known.name == *package).or(settings.packages.first());
    known.and_then(|known| known.vars.get(name)).cloned()
}

fn var(session: &Arc<Session>, state: &mut State, call: &Call) -> Result<Value, Error> {
    let name = call.needs_text(0, "name")?;
    match variable(session, &name) {
        // A variable may contain Jinja, which is rendered in the calling template: `{{ source(…)
        // }}`.
        Some(Json::String(text)) if super::inner_text::has_tags(&text) => {
            super::inner_text::rendered_within(session, state, &text)
        }
        Some(value) => Ok(json::value(&value)),
        None => match call.args.get(1).cloned().or_else(|| call.by_name("default")) {
            Some(default) => Ok(default),
            // In the parse pass of a model dbt returns `none`, but not in a macro that names a
            // relation.
            None if !session.scope.execute && session.macro_package.is_none() => {
                Ok(Value::from(()))
            }
            None => Err(errors::to_error(missing_variable(session, &name))),
        },
    }
}

fn missing_variable(session: &Session, name: &str) -> Diagnostic {
    let settings = session.settings();
    let known = settings
        .vars
        .keys()
        .chain(settings.packages.iter().flat_map(|package| package.vars.keys()));
    let mut error = Diagnostic::error(format!("variable `{name}` is not set"));
    if let Some(near) = nearest(name, known.map(|name| &**name)) {
        error = error.hint(format!("did you mean `{near}`?"));
    }
    error.hint(format!(
        "set it with `--vars '{{{name}: …}}'` or under `vars:` in dbt_project.yml, \
        or give a default: `var('{name}', …)`"
    ))
}

fn has_var(session: &Session, call: &Call) -> Result<Value, Error> {
    Ok(Value::from(variable(session, &call.needs_text(0, "name")?).is_some()))
}

fn env_var(session: &Arc<Session>, _state: &mut State, call: &Call) -> Result<Value, Error> {
    let name = call.needs_text(0, "var")?;
    yaml::not_secret(&name)?;
    match session.settings().environment.get(&name) {
        Some(value) => Ok(Value::from(&**value)),
        None => match call
            .args
            .get(1)
            .cloned()
            .or_else(|| call.by_name("default"))
            .filter(|default| !default.is_none())
        {
            Some(default) => Ok(default),
            None => Err(errors::to_error(yaml::missing_environment(&name))),
        },
    }
}

fn is_incremental(
    session: &Arc<Session>,
    _state: &mut State,
    _call: &Call,
) -> Result<Value, Error> {
    session.asks_incremental.store(true, Relaxed);
    Ok(Value::from(session.scope.execute && session.scope.incremental))
}

fn should_full_refresh(
    session: &Arc<Session>,
    _state: &mut State,
    _call: &Call,
) -> Result<Value, Error> {
    let setting = session.scope.config.get("full_refresh").and_then(Json::as_bool);
    Ok(Value::from(setting.unwrap_or(session.settings().full_refresh)))
}

/// `exceptions.raise_…` and `exceptions.warn`.
fn exceptions(
    session: &Arc<Session>,
    _state: &mut State,
    method: &str,
    call: &Call,
) -> Result<Option<Value>, Error> {
    let message = match method {
        "relation_wrong_type" => "the relation is of the wrong type".to_string(),
        _ => call.text(0, "msg")?.or(call.text(0, "message")?).unwrap_or_default(),
    };
    let message = message.trim().to_string();
    match method {
        "warn" | "warn_snapshot_timestamp_data_types" => {
            session.captured().warn(message);
            Ok(Some(Value::from("")))
        }
        method
            if method.starts_with("raise_")
                || method.starts_with("missing_")
                || method.ends_with("_type")
                || method.starts_with("column_") =>
        {
            let mut error = Diagnostic::error(message);
            if session.missed.load(Relaxed) {
                error = error.hint(
                    "to tell which tables exist, pass `--catalog target/catalog.json` or \
                    `--answers FILE`",
                );
            }
            Err(errors::to_error(error))
        }
        _ => Ok(None),
    }
}
