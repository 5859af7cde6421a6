//! dbt's functions on values alone: JSON and YAML, sets, zips, hashes.

use std::sync::Arc;

use minijinja::value::{Tuple, Value, ValueKind};
use minijinja::{Error, State};

use super::call::Call;
use super::names::Run;
use super::session::Session;
use super::{collections, json, marks, md5};

pub(super) fn named(name: &str) -> Option<(&'static str, Run)> {
    let found: (&'static str, Run) = match name {
        "tojson" => ("tojson", to_json),
        "fromjson" => ("fromjson", from_json),
        "toyaml" => ("toyaml", to_yaml),
        "fromyaml" => ("fromyaml", from_yaml),
        "set" => ("set", set),
        "set_strict" => ("set_strict", set),
        "zip" => ("zip", zip),
        "zip_strict" => ("zip_strict", zip),
        "local_md5" => ("local_md5", |_, _, call| Ok(Value::from(md5::hex(call.needs_text(0, "value")?.as_bytes())))),
        "diff_of_two_dicts" => ("diff_of_two_dicts", difference),
        "try_or_compiler_error" => ("try_or_compiler_error", attempt),
        _ => return None,
    };
    Some(found)
}

/// The default that a call gives, for what cannot be converted.
fn fallback(call: &Call) -> Value {
    call.get(1, "default").unwrap_or(Value::from(()))
}

fn to_json(_: &Arc<Session>, _: &mut State, call: &Call) -> Result<Value, Error> {
    let value = call.needs(0, "value")?;
    if value.is_undefined() {
        return Ok(fallback(call));
    }
    Ok(Value::from(json::dumps(&json::json(&value), call.truth(2, "sort_keys"))))
}

fn from_json(_: &Arc<Session>, _: &mut State, call: &Call) -> Result<Value, Error> {
    let text = call.needs_text(0, "string")?;
    Ok(serde_json::from_str(&text).map(|parsed| json::value(&parsed)).unwrap_or_else(|_| fallback(call)))
}

fn to_yaml(_: &Arc<Session>, _: &mut State, call: &Call) -> Result<Value, Error> {
    let value = call.needs(0, "value")?;
    Ok(serde_yaml::to_string(&json::json(&value)).map(Value::from).unwrap_or_else(|_| fallback(call)))
}

fn from_yaml(_: &Arc<Session>, _: &mut State, call: &Call) -> Result<Value, Error> {
    let text = call.needs_text(0, "value")?;
    Ok(serde_yaml::from_str::<serde_json::Value>(&text).map(|parsed| json::value(&parsed)).unwrap_or_else(|_| fallback(call)))
}

/// The distinct items, in the order they came. Python's sets have no order, so no project can rely on another.
fn set(_: &Arc<Session>, _: &mut State, call: &Call) -> Result<Value, Error> {
    let mut items: Vec<Value> = Vec::new();
    if let Some(value) = call.get(0, "value") {
        if !matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable | ValueKind::Map | ValueKind::String) {
            return Ok(fallback(call));
        }
        for item in value.try_iter()?.checked() {
            let item = item?;
            if !items.contains(&item) {
                items.push(item);
            }
        }
    }
    Ok(collections::list(items))
}

fn zip(_: &Arc<Session>, _: &mut State, call: &Call) -> Result<Value, Error> {
    let columns: Vec<Vec<Value>> = call.args.iter().map(|column| column.try_iter().map(Iterator::collect)).collect::<Result<_, _>>()?;
    let rows = columns.iter().map(Vec::len).min().unwrap_or(0);
    Ok(collections::list((0..rows).map(|row| Value::from(Tuple::new(columns.iter().map(|column| column[row].clone()).collect())))))
}

fn difference(_: &Arc<Session>, _: &mut State, call: &Call) -> Result<Value, Error> {
    let (left, right) = (call.needs(0, "dict_a")?, call.needs(1, "dict_b")?);
    let pairs = collections::pairs_of(&left)?.into_iter().filter(|(key, value)| right.get_item(key).ok().as_ref() != Some(value));
    Ok(collections::dict(pairs.collect::<Vec<_>>()))
}

fn attempt(_: &Arc<Session>, state: &mut State, call: &Call) -> Result<Value, Error> {
    let (message, function) = (call.needs(0, "message")?, call.needs(1, "func")?);
    function.call(state, &call.args[2..]).map_err(|_| Error::new(minijinja::ErrorKind::InvalidOperation, marks::plain(&message)))
}
