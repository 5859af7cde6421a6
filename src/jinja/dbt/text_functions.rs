//! dbt's pure functions: JSON and YAML, sets, zips, hashes.

use std::sync::Arc;

use minijinja::value::{Tuple, Value};
use minijinja::{Error, State};

use super::builtin_function::BuiltinFunction;
use super::json;
use super::session::Session;
use crate::diagnostics::SourceFile;
use crate::jinja::md5;
use crate::jinja::python::call::Call;
use crate::jinja::python::dumps::{Options, dumps};
use crate::jinja::python::emit::emit;
use crate::jinja::python::iterator::ReadOnce;
use crate::jinja::python::sets::Set;
use crate::jinja::python::text::unmarked;
use crate::jinja::python::{collections, items, lenient, types};
use crate::{limits, yaml};

pub fn named(name: &str) -> Option<(&'static str, BuiltinFunction)> {
    let entry: (&'static str, BuiltinFunction) = match name {
        "tojson" => ("tojson", to_json),
        "fromjson" => ("fromjson", from_json),
        "toyaml" => ("toyaml", to_yaml),
        "fromyaml" => ("fromyaml", from_yaml),
        "set" => ("set", set),
        "set_strict" => ("set_strict", set_strict),
        "zip" => ("zip", zip),
        "zip_strict" => ("zip_strict", zip_strict),
        "local_md5" => ("local_md5", |_, state, call| {
            Ok(Value::from(md5::hex(text(state, call, "value")?.as_bytes())))
        }),
        "diff_of_two_dicts" => ("diff_of_two_dicts", difference),
        "try_or_compiler_error" => ("try_or_compiler_error", attempt),
        _ => return None,
    };
    Some(entry)
}

/// The default of a call, if the value cannot be converted.
fn fallback(call: &Call) -> Value {
    call.get(1, "default").unwrap_or(Value::from(()))
}

fn to_json(_: &Arc<Session>, state: &mut State, call: &Call) -> Result<Value, Error> {
    let value = call.needs(0, "value")?;
    if value.is_undefined() && lenient(state) {
        return Ok(fallback(call));
    }
    dumps(&value, &Options::new(state, call.truth(2, "sort_keys"), None)).map(Value::from)
}

/// The first argument, which must be a text.
fn text(state: &State, call: &Call, name: &str) -> Result<String, Error> {
    let value = call.needs(0, name)?;
    if value.as_str().is_some() || value.is_undefined() {
        return call
            .needs_text(0, name)
            .or_else(|error| if lenient(state) { Ok(String::new()) } else { Err(error) });
    }
    Err(call.error(format!("needs a text, but got {}", types::name(&value))))
}

fn from_json(_: &Arc<Session>, state: &mut State, call: &Call) -> Result<Value, Error> {
    let text = text(state, call, "string")?;
    Ok(serde_json::from_str(&text)
        .map(|parsed| json::value(&parsed))
        .unwrap_or_else(|_| fallback(call)))
}

fn to_yaml(_: &Arc<Session>, _: &mut State, call: &Call) -> Result<Value, Error> {
    let yaml = emit(&call.needs(0, "value")?, call.truth(2, "sort_keys"))?;
    Ok(yaml.map_or_else(|| fallback(call), Value::from))
}

fn from_yaml(_: &Arc<Session>, state: &mut State, call: &Call) -> Result<Value, Error> {
    let text = text(state, call, "value")?;
    if limits::too_many_brackets(&text).is_some() {
        return Err(call.error(format!("more than {} brackets are open", limits::BRACKETS)));
    }
    let parsed = yaml::parse(&SourceFile::new("", text));
    Ok(parsed.map(|(tree, _)| json::value(&tree.exact())).unwrap_or_else(|_| fallback(call)))
}

fn is_relation(value: &Value) -> bool {
    types::of(value) == types::Type::Relation
}

/// `set(value)`: the default, or `None`, if the value is not iterable.
fn set(_: &Arc<Session>, _: &mut State, call: &Call) -> Result<Value, Error> {
    let value = call.needs(0, "value")?;
    items(&value)
        .and_then(Set::value)
        .or_else(|error| if is_relation(&value) { Err(error) } else { Ok(fallback(call)) })
}

/// `set_strict(value)`: an error if the value is not iterable.
fn set_strict(_: &Arc<Session>, _: &mut State, call: &Call) -> Result<Value, Error> {
    items(&call.needs(0, "value")?).and_then(Set::value)
}

/// `zip(…)`: the default, or `None`, if a value is not iterable.
fn zip(_: &Arc<Session>, _: &mut State, call: &Call) -> Result<Value, Error> {
    let refused = call.args.iter().any(is_relation);
    zipped(call).or_else(|error| {
        if refused { Err(error) } else { Ok(call.by_name("default").unwrap_or(Value::from(()))) }
    })
}

fn zip_strict(_: &Arc<Session>, _: &mut State, call: &Call) -> Result<Value, Error> {
    zipped(call)
}

fn zipped(call: &Call) -> Result<Value, Error> {
    let columns: Vec<Vec<Value>> = call.args.iter().map(items).collect::<Result<_, _>>()?;
    let rows = columns.iter().map(Vec::len).min().unwrap_or(0);
    Ok(ReadOnce::value(
        "zip",
        (0..rows).map(|row| {
            Value::from(Tuple::new(columns.iter().map(|column| column[row].clone()).collect()))
        }),
    ))
}

/// For each key of the first dict, its items that the second dict does not have under the same key,
/// ignoring case.
fn difference(_: &Arc<Session>, _: &mut State, call: &Call) -> Result<Value, Error> {
    let (left, right) = (call.needs(0, "dict_a")?, call.needs(1, "dict_b")?);
    let folded = |key: &Value| unmarked(key).to_lowercase();
    let others = collections::pairs_of(&right)?;
    let mut pairs = Vec::new();
    for (key, value) in collections::pairs_of(&left)? {
        let Some((_, other)) = others.iter().find(|(other, _)| folded(other) == folded(&key))
        else {
            pairs.push((key, value));
            continue;
        };
        let known = items(other)?;
        let more: Vec<Value> =
            items(&value)?.into_iter().filter(|item| !known.contains(item)).collect();
        if !more.is_empty() {
            pairs.push((key, collections::list(more)));
        }
    }
    Ok(collections::dict(pairs))
}

fn attempt(_: &Arc<Session>, state: &mut State, call: &Call) -> Result<Value, Error> {
    let (message, function) = (call.needs(0, "message")?, call.needs(1, "func")?);
    function
        .call(state, call.args.get(2..).unwrap_or_default())
        .map_err(|_| Error::new(minijinja::ErrorKind::InvalidOperation, unmarked(&message)))
}
