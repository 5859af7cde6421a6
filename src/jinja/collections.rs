//! Python's lists and dicts: they can change, and everyone who holds one sees it. minijinja's own cannot, so every list and
//! dict that a template writes or is given is one of these. Refuses to hold itself.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use indexmap::IndexMap;
use minijinja::value::{Enumerator, Object, ObjectRepr, Tuple, Value, ValueKind};
use minijinja::{Error, ErrorKind, State};

use super::call::Call;
use super::python::compare;
use super::python::iterator::ReadOnce;
use super::python::text::repr;
use super::python::types;
use super::python::views::{Part, View};

const DEEPEST: usize = 60;

#[derive(Default)]
pub(super) struct List(Mutex<Vec<Value>>);

#[derive(Default)]
pub(super) struct Dict(Mutex<IndexMap<Value, Value>>);

fn open<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(|broken| broken.into_inner())
}

/// A list of these values.
pub(super) fn list(values: impl IntoIterator<Item = Value>) -> Value {
    Value::from_object(List(Mutex::new(values.into_iter().collect())))
}

/// A dict of these pairs.
pub(super) fn dict(pairs: impl IntoIterator<Item = (Value, Value)>) -> Value {
    Value::from_object(Dict(Mutex::new(pairs.into_iter().collect())))
}

/// The value as one that can change: minijinja's sequences and maps are copied, all others stay what they are.
pub(super) fn changeable(value: Value) -> Result<Value, Error> {
    let is_python = |value: &Value| {
        value.downcast_object_ref::<List>().is_some()
            || value.downcast_object_ref::<Dict>().is_some()
            || value.downcast_object_ref::<ReadOnce>().is_some()
    };
    if is_python(&value) || value.is_tuple() {
        return Ok(value);
    }
    let Some(object) = value.as_object() else { return Ok(value) };
    match object.repr() {
        // Objects of our own (relations, dates, modules) name their type; only minijinja's plain ones are copied.
        ObjectRepr::Seq | ObjectRepr::Iterable if !is_ours(object) => {
            let items: Vec<Value> = value.try_iter()?.checked().collect::<Result<_, _>>()?;
            check_depth(&items, DEEPEST)?;
            Ok(list(items))
        }
        ObjectRepr::Map if is_plain_map(object) => {
            let pairs: Vec<(Value, Value)> = object.try_iter_pairs().into_iter().flatten().collect();
            Ok(dict(pairs))
        }
        _ => Ok(value),
    }
}

fn is_ours(object: &minijinja::value::DynObject) -> bool {
    object.type_name().contains("batchwright")
}

fn is_plain_map(object: &minijinja::value::DynObject) -> bool {
    let name = object.type_name();
    name.contains("IndexMap") || name.contains("BTreeMap") || name.contains("HashMap")
}

/// A list or dict that nests deeper than this would break whoever walks it.
fn check_depth(items: &[Value], left: usize) -> Result<(), Error> {
    if left == 0 {
        return Err(Error::new(ErrorKind::InvalidOperation, format!("lists and dicts nest deeper than {DEEPEST} levels")));
    }
    for item in items {
        if let Some(inner) = item.downcast_object_ref::<List>() {
            check_depth(&open(&inner.0).clone(), left - 1)?;
        } else if let Some(inner) = item.downcast_object_ref::<Dict>() {
            let values: Vec<Value> = open(&inner.0).values().cloned().collect();
            check_depth(&values, left - 1)?;
        }
    }
    Ok(())
}

/// Refuses values that hold `holder` (by its address), or that nest too deep.
fn check(holder: *const (), values: &[Value], left: usize) -> Result<(), Error> {
    if left == 0 {
        return Err(Error::new(ErrorKind::InvalidOperation, format!("lists and dicts nest deeper than {DEEPEST} levels")));
    }
    for value in values {
        let (address, inner): (*const (), Vec<Value>) = if let Some(list) = value.downcast_object_ref::<List>() {
            (std::ptr::from_ref(list).cast(), open(&list.0).clone())
        } else if let Some(dict) = value.downcast_object_ref::<Dict>() {
            (std::ptr::from_ref(dict).cast(), open(&dict.0).values().cloned().collect())
        } else {
            continue;
        };
        if address == holder {
            return Err(Error::new(ErrorKind::InvalidOperation, "a list or dict cannot hold itself"));
        }
        check(holder, &inner, left - 1)?;
    }
    Ok(())
}

pub(super) fn make_list(value: Value) -> Result<Value, Error> {
    let items: Vec<Value> = value.try_iter()?.collect();
    check_depth(&items, DEEPEST)?;
    Ok(list(items))
}

pub(super) fn make_dict(value: Value) -> Result<Value, Error> {
    let pairs: Vec<(Value, Value)> = value.as_object().and_then(|object| object.try_iter_pairs()).into_iter().flatten().collect();
    let values: Vec<Value> = pairs.iter().map(|(_, value)| value.clone()).collect();
    check_depth(&values, DEEPEST)?;
    if let Some(name) = pairs.iter().find_map(|(key, _)| types::unhashable(key)) {
        return Err(wrong(format!("unhashable type: '{name}'")));
    }
    Ok(dict(pairs))
}

fn nothing() -> Value {
    Value::from(())
}

fn index_of(items: &[Value], call: &Call, place: usize, fallback: i64) -> Result<Option<usize>, Error> {
    let index = call.integer(place, "index")?.unwrap_or(fallback);
    let length = items.len() as i64;
    let index = if index < 0 { index + length } else { index };
    Ok((0..length).contains(&index).then_some(index as usize))
}

fn wrong(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message.into())
}

impl Object for List {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        if key.kind() != ValueKind::Number {
            return None;
        }
        open(&self.0).get(key.as_usize()?).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(open(&self.0).clone())
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        Some(open(&self.0).len())
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }

    fn call_method(self: &Arc<Self>, state: &mut State, method: &str, args: &[Value]) -> Result<Value, Error> {
        let call = Call::of("list", method, args);
        let holder = Arc::as_ptr(self).cast();
        match method {
            "append" => {
                let value = call.needs(0, "object")?;
                check(holder, std::slice::from_ref(&value), DEEPEST)?;
                open(&self.0).push(value);
            }
            "extend" => {
                let more: Vec<Value> = call.needs(0, "iterable")?.try_iter()?.checked().collect::<Result<_, _>>()?;
                check(holder, &more, DEEPEST)?;
                open(&self.0).extend(more);
            }
            "insert" => {
                let value = call.needs(1, "object")?;
                check(holder, std::slice::from_ref(&value), DEEPEST)?;
                let mut items = open(&self.0);
                let length = items.len() as i64;
                let index = call.integer(0, "index")?.unwrap_or(0);
                let index = if index < 0 { (index + length).max(0) } else { index.min(length) };
                items.insert(index as usize, value);
            }
            "pop" => {
                let mut items = open(&self.0);
                let index = index_of(&items, &call, 0, -1)?.ok_or_else(|| wrong("`pop` from a place that the list does not have"))?;
                return Ok(items.remove(index));
            }
            "remove" => {
                let value = call.needs(0, "value")?;
                let mut items = open(&self.0);
                let index = items.iter().position(|item| *item == value).ok_or_else(|| wrong(format!("{value:?} is not in the list")))?;
                items.remove(index);
            }
            "index" => {
                let value = call.needs(0, "value")?;
                let index = open(&self.0).iter().position(|item| *item == value);
                return index.map(Value::from).ok_or_else(|| wrong(format!("{value:?} is not in the list")));
            }
            "count" => {
                let value = call.needs(0, "value")?;
                return Ok(Value::from(open(&self.0).iter().filter(|item| **item == value).count()));
            }
            "reverse" => open(&self.0).reverse(),
            "clear" => open(&self.0).clear(),
            "copy" => return Ok(list(open(&self.0).clone())),
            "sort" => {
                let items = open(&self.0).clone();
                let key = call.get(9, "key").filter(|key| !key.is_none());
                let reverse = call.get(9, "reverse").is_some_and(|reverse| reverse.is_true());
                let mut keyed = Vec::with_capacity(items.len());
                for item in items {
                    let by = key.as_ref().map_or_else(|| Ok(item.clone()), |key| key.call(state, std::slice::from_ref(&item)))?;
                    keyed.push((by, item));
                }
                *open(&self.0) = compare::sorted(keyed, reverse)?;
            }
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        }
        Ok(nothing())
    }
}

impl Object for Dict {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        open(&self.0).get(key).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(open(&self.0).keys().cloned().collect())
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        Some(open(&self.0).len())
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }

    fn call_method(self: &Arc<Self>, _state: &mut State, method: &str, args: &[Value]) -> Result<Value, Error> {
        let call = Call::of("dict", method, args);
        let holder = Arc::as_ptr(self).cast();
        match method {
            "get" => {
                let found = open(&self.0).get(&call.needs(0, "key")?).cloned();
                return Ok(found.or_else(|| call.get(1, "default")).unwrap_or_else(nothing));
            }
            "items" => return Ok(View::value(Value::from_dyn_object(self.clone()), Part::Items)),
            "keys" => return Ok(View::value(Value::from_dyn_object(self.clone()), Part::Keys)),
            "values" => return Ok(View::value(Value::from_dyn_object(self.clone()), Part::Values)),
            "copy" => return Ok(Value::from_object(Dict(Mutex::new(open(&self.0).clone())))),
            "update" => {
                let mut pairs = match call.get(0, "other") {
                    Some(other) => pairs_of(&other)?,
                    None => Vec::new(),
                };
                pairs.extend(call.named());
                let values: Vec<Value> = pairs.iter().map(|(_, value)| value.clone()).collect();
                check(holder, &values, DEEPEST)?;
                open(&self.0).extend(pairs);
            }
            "setdefault" => {
                let (key, value) = (call.needs(0, "key")?, call.get(1, "default").unwrap_or_else(nothing));
                check(holder, std::slice::from_ref(&value), DEEPEST)?;
                return Ok(open(&self.0).entry(key).or_insert(value).clone());
            }
            "pop" => {
                let key = call.needs(0, "key")?;
                let found = open(&self.0).shift_remove(&key).or_else(|| call.get(1, "default"));
                return found.ok_or_else(|| wrong(format!("the dict has no key {key:?}")));
            }
            "popitem" => {
                let (key, value) = open(&self.0).pop().ok_or_else(|| wrong("`popitem` of an empty dict"))?;
                return Ok(Value::from(Tuple::from([key, value])));
            }
            "clear" => open(&self.0).clear(),
            "__setitem__" => {
                let (key, value) = (call.needs(0, "key")?, call.needs(1, "value")?);
                check(holder, std::slice::from_ref(&value), DEEPEST)?;
                open(&self.0).insert(key, value);
            }
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        }
        Ok(nothing())
    }
}

/// The pairs of a map, or of a list of pairs.
pub(super) fn pairs_of(value: &Value) -> Result<Vec<(Value, Value)>, Error> {
    if matches!(types::of(value), types::Type::Dict | types::Type::Mapping | types::Type::Relation) {
        return Ok(value.as_object().and_then(|object| object.try_iter_pairs()).into_iter().flatten().collect());
    }
    let mut pairs = Vec::new();
    for item in value.try_iter()?.checked() {
        let pair: Vec<Value> = item?.try_iter()?.collect();
        match <[Value; 2]>::try_from(pair) {
            Ok([key, value]) => pairs.push((key, value)),
            Err(_) => return Err(wrong("a dict is made of pairs")),
        }
    }
    Ok(pairs)
}

impl fmt::Debug for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let items = open(&self.0).clone();
        f.write_str(&repr(&list(items)))
    }
}

impl fmt::Debug for Dict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pairs = open(&self.0).clone();
        f.write_str(&repr(&dict(pairs)))
    }
}
