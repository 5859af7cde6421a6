//! Python's mutable, shared lists and dicts. minijinja's are immutable, so every list and dict of a
//! template is one of these. They cannot contain themselves.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use indexmap::IndexMap;
use minijinja::value::{Enumerator, Object, ObjectRepr, Tuple, Value, ValueKind};
use minijinja::{Error, ErrorKind, State};

use super::call::Call;
use super::iterator::ReadOnce;
use super::nesting::{self, NestingLevel};
use super::text::repr;
use super::views::{DictPart, View};
use super::{compare, types};
use crate::jinja::errors;

#[derive(Default)]
pub struct List {
    items: Mutex<Vec<Value>>,
    pub level: NestingLevel,
}

#[derive(Default)]
pub struct Dict {
    pairs: Mutex<IndexMap<Value, Value>>,
    pub level: NestingLevel,
}

impl List {
    /// The current items.
    pub fn values(&self) -> Vec<Value> {
        open(&self.items).clone()
    }
}

impl Dict {
    /// The current values.
    pub fn values(&self) -> Vec<Value> {
        open(&self.pairs).values().cloned().collect()
    }
}

fn open<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(|broken| broken.into_inner())
}

/// A list of these values; an error value if they are nested too deep.
pub fn list(values: impl IntoIterator<Item = Value>) -> Value {
    let list =
        List { items: Mutex::new(values.into_iter().collect()), level: NestingLevel::default() };
    let held = nesting::hold(&list.level, &*open(&list.items));
    held.map_or_else(Value::from, |()| Value::from_object(list))
}

/// A dict of these pairs; an error value if they are nested too deep.
pub fn dict(pairs: impl IntoIterator<Item = (Value, Value)>) -> Value {
    let dict =
        Dict { pairs: Mutex::new(pairs.into_iter().collect()), level: NestingLevel::default() };
    let held = nesting::hold(&dict.level, open(&dict.pairs).values());
    held.map_or_else(Value::from, |()| Value::from_object(dict))
}

/// The value as a mutable one: copies minijinja's sequences and maps, and returns other values
/// unchanged.
pub fn changeable(value: Value) -> Result<Value, Error> {
    let Some(object) = value.as_object() else { return Ok(value) };
    if object.downcast_ref::<List>().is_some()
        || object.downcast_ref::<Dict>().is_some()
        || object.downcast_ref::<ReadOnce>().is_some()
    {
        return Ok(value);
    }
    match object.repr() {
        _ if value.is_tuple() => nesting::settle(&value).map(|()| value),
        // Own objects (relations, dates, modules) are not copied, only minijinja's plain ones.
        ObjectRepr::Seq | ObjectRepr::Iterable if !is_collection(object) => {
            let items: Vec<Value> = value.try_iter()?.checked().collect::<Result<_, _>>()?;
            Ok(list(items))
        }
        ObjectRepr::Map if is_plain_map(object) => {
            let pairs: Vec<(Value, Value)> =
                object.try_iter_pairs().into_iter().flatten().collect();
            Ok(dict(pairs))
        }
        _ => nesting::settle(&value).map(|()| value),
    }
}

/// `{% set holder.name = value %}`: the mutable value, if the holder may contain it.
pub fn held(holder: Value, value: Value) -> Result<Value, Error> {
    let value = changeable(value)?;
    if let Some(level) = nesting::of_namespace(&holder) {
        nesting::hold(&level, [&value])?;
    }
    Ok(value)
}

fn is_collection(object: &minijinja::value::DynObject) -> bool {
    object.type_name().contains("batchwright")
}

fn is_plain_map(object: &minijinja::value::DynObject) -> bool {
    let name = object.type_name();
    name.contains("IndexMap") || name.contains("BTreeMap") || name.contains("HashMap")
}

pub fn make_list(value: Value) -> Result<Value, Error> {
    Ok(list(value.try_iter()?))
}

pub fn make_dict(value: Value) -> Result<Value, Error> {
    let pairs: Vec<(Value, Value)> = value
        .as_object()
        .and_then(|object| object.try_iter_pairs())
        .into_iter()
        .flatten()
        .collect();
    pairs.iter().try_for_each(|(key, _)| key_of(key))?;
    Ok(dict(pairs))
}

/// Rejects a key that Python cannot hash.
fn key_of(key: &Value) -> Result<(), Error> {
    types::unhashable(key)
        .map_or(Ok(()), |name| Err(error_of(format!("unhashable type: '{name}'"))))
}

/// The items of a list or a set, or the keys of a dict, for a loop. Counts the cost of the loop.
pub fn counted(items: Vec<Value>) -> Enumerator {
    Enumerator::Iter(Box::new(Counted { items: items.into_iter(), count: 0 }))
}

struct Counted {
    items: std::vec::IntoIter<Value>,
    count: usize,
}

impl Iterator for Counted {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        let item = self.items.next()?;
        let is_counted = self.count.is_multiple_of(8);
        self.count += 1;
        // An error is a value that ends the loop.
        Some(if is_counted {
            errors::check_limits().map_or_else(Value::from, |()| item)
        } else {
            item
        })
    }

    /// The number of remaining items is known, for `loop.last`.
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.items.size_hint()
    }
}

fn nothing() -> Value {
    Value::from(())
}

fn index_of(
    items: &[Value],
    call: &Call,
    position: usize,
    fallback: i64,
) -> Result<Option<usize>, Error> {
    let index = call.integer(position, "index")?.unwrap_or(fallback);
    let length = items.len() as i64;
    let index = if index < 0 { index + length } else { index };
    Ok((0..length).contains(&index).then_some(index as usize))
}

fn error_of(message: impl Into<String>) -> Error {
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
        open(&self.items).get(key.as_usize()?).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        counted(self.values())
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        Some(open(&self.items).len())
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }

    fn call_method(
        self: &Arc<Self>,
        state: &mut State,
        method: &str,
        args: &[Value],
    ) -> Result<Value, Error> {
        let call = Call::of("list", method, args);
        match method {
            "append" => {
                let value = call.needs(0, "object")?;
                nesting::hold(&self.level, [&value])?;
                open(&self.items).push(value);
            }
            "extend" => {
                let more: Vec<Value> =
                    call.needs(0, "iterable")?.try_iter()?.checked().collect::<Result<_, _>>()?;
                nesting::hold(&self.level, &more)?;
                errors::reserve(more.len().saturating_mul(size_of::<Value>()))?;
                open(&self.items).extend(more);
            }
            "insert" => {
                let value = call.needs(1, "object")?;
                nesting::hold(&self.level, [&value])?;
                let mut items = open(&self.items);
                let length = items.len() as i64;
                let index = call.integer(0, "index")?.unwrap_or(0);
                let index = if index < 0 { (index + length).max(0) } else { index.min(length) };
                items.insert(index as usize, value);
            }
            "pop" => {
                let mut items = open(&self.items);
                let index = index_of(&items, &call, 0, -1)?
                    .ok_or_else(|| error_of("pop index out of range"))?;
                return Ok(items.remove(index));
            }
            "remove" => {
                let value = call.needs(0, "value")?;
                let mut items = open(&self.items);
                let index = items
                    .iter()
                    .position(|item| *item == value)
                    .ok_or_else(|| error_of(format!("{value:?} is not in the list")))?;
                items.remove(index);
            }
            "index" => {
                let value = call.needs(0, "value")?;
                let index = open(&self.items).iter().position(|item| *item == value);
                return index
                    .map(Value::from)
                    .ok_or_else(|| error_of(format!("{value:?} is not in the list")));
            }
            "count" => {
                let value = call.needs(0, "value")?;
                return Ok(Value::from(
                    open(&self.items).iter().filter(|item| **item == value).count(),
                ));
            }
            "reverse" => open(&self.items).reverse(),
            "clear" => open(&self.items).clear(),
            "copy" => return Ok(list(open(&self.items).clone())),
            "sort" => {
                let items = open(&self.items).clone();
                let key = call.get(9, "key").filter(|key| !key.is_none());
                let reverse = call.get(9, "reverse").is_some_and(|reverse| reverse.is_true());
                let mut keyed = Vec::with_capacity(items.len());
                for item in items {
                    let by = key.as_ref().map_or_else(
                        || Ok(item.clone()),
                        |key| key.call(state, std::slice::from_ref(&item)),
                    )?;
                    keyed.push((by, item));
                }
                *open(&self.items) = compare::sorted(keyed, reverse)?;
            }
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        }
        Ok(nothing())
    }
}

impl Object for Dict {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        open(&self.pairs).get(key).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        counted(open(&self.pairs).keys().cloned().collect())
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        Some(open(&self.pairs).len())
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }

    fn call_method(
        self: &Arc<Self>,
        _state: &mut State,
        method: &str,
        args: &[Value],
    ) -> Result<Value, Error> {
        let call = Call::of("dict", method, args);
        match method {
            "get" => {
                let value = open(&self.pairs).get(&call.needs(0, "key")?).cloned();
                return Ok(value.or_else(|| call.get(1, "default")).unwrap_or_else(nothing));
            }
            "items" => {
                return Ok(View::value(Value::from_dyn_object(self.clone()), DictPart::Items));
            }
            "keys" => return Ok(View::value(Value::from_dyn_object(self.clone()), DictPart::Keys)),
            "values" => {
                return Ok(View::value(Value::from_dyn_object(self.clone()), DictPart::Values));
            }
            "copy" => return Ok(dict(open(&self.pairs).clone())),
            "update" => {
                let mut pairs = match call.get(0, "other") {
                    Some(other) => pairs_of(&other)?,
                    None => Vec::new(),
                };
                pairs.extend(call.named());
                nesting::hold(&self.level, pairs.iter().map(|(_, value)| value))?;
                pairs.iter().try_for_each(|(key, _)| key_of(key))?;
                open(&self.pairs).extend(pairs);
            }
            "setdefault" => {
                let (key, value) =
                    (call.needs(0, "key")?, call.get(1, "default").unwrap_or_else(nothing));
                key_of(&key)?;
                nesting::hold(&self.level, [&value])?;
                return Ok(open(&self.pairs).entry(key).or_insert(value).clone());
            }
            "pop" => {
                let key = call.needs(0, "key")?;
                let value = open(&self.pairs).shift_remove(&key).or_else(|| call.get(1, "default"));
                return value.ok_or_else(|| error_of(format!("the dict has no key {key:?}")));
            }
            "popitem" => {
                let (key, value) = open(&self.pairs)
                    .pop()
                    .ok_or_else(|| error_of("`popitem` of an empty dict"))?;
                return Ok(Value::from(Tuple::from([key, value])));
            }
            "clear" => open(&self.pairs).clear(),
            "__setitem__" => {
                let (key, value) = (call.needs(0, "key")?, call.needs(1, "value")?);
                key_of(&key)?;
                nesting::hold(&self.level, [&value])?;
                open(&self.pairs).insert(key, value);
            }
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        }
        Ok(nothing())
    }
}

/// The pairs of a map, or of a list of pairs.
pub fn pairs_of(value: &Value) -> Result<Vec<(Value, Value)>, Error> {
    if matches!(types::of(value), types::Type::Dict | types::Type::Mapping | types::Type::Relation)
    {
        let pairs =
            value.as_object().and_then(|object| object.try_iter_pairs()).into_iter().flatten();
        return Ok(pairs.filter(|(key, _)| !nesting::is_entry(key)).collect());
    }
    let mut pairs = Vec::new();
    for item in value.try_iter()?.checked() {
        let pair: Vec<Value> = item?.try_iter()?.collect();
        match <[Value; 2]>::try_from(pair) {
            Ok([key, value]) => pairs.push((key, value)),
            Err(_) => return Err(error_of("a dict is made of pairs")),
        }
    }
    Ok(pairs)
}

impl fmt::Debug for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let items = open(&self.items).clone();
        f.write_str(&repr(&list(items)))
    }
}

impl fmt::Debug for Dict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pairs = open(&self.pairs).clone();
        f.write_str(&repr(&dict(pairs)))
    }
}
