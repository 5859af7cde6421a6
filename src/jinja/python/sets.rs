//! Python's mutable, shared sets. Python's order depends on hashes, which differ between processes;
//! here items have their insertion order, so that output is reproducible.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use indexmap::IndexSet;
use minijinja::value::{DynObject, Enumerator, Object, ObjectRepr, Value};
use minijinja::{Error, ErrorKind, State};

use super::call::Call;
use super::nesting::{self, NestingLevel};
use super::text::{unmarked, write_items};
use super::{collections, error, items, types};

type Items = IndexSet<Value>;

#[derive(Default)]
pub(in crate::jinja) struct Set {
    items: Mutex<Items>,
    pub level: NestingLevel,
}

impl Set {
    /// A set of these values. Returns an error if Python cannot hash one.
    pub fn value(values: impl IntoIterator<Item = Value>) -> Result<Value, Error> {
        let values: Vec<Value> = values.into_iter().collect();
        hashable(&values)?;
        Ok(made(values.into_iter().collect()))
    }

    pub fn open(&self) -> MutexGuard<'_, Items> {
        self.items.lock().unwrap_or_else(|broken| broken.into_inner())
    }

    fn copy(&self) -> Items {
        self.open().clone()
    }
}

fn hashable(values: &[Value]) -> Result<(), Error> {
    match values.iter().find_map(types::unhashable) {
        Some(name) => Err(error(format!("unhashable type: '{name}'"))),
        None => Ok(()),
    }
}

/// A set of these values; an error value if they are nested too deep.
fn made(items: Items) -> Value {
    let set = Set { items: Mutex::new(items), level: NestingLevel::default() };
    let held = nesting::hold(&set.level, &*set.open());
    held.map_or_else(Value::from, |()| Value::from_object(set))
}

/// Set operations such as `a - b` and `a & b`, by the method's name.
pub(in crate::jinja) fn combined(method: &str, left: &Items, right: &Items) -> Option<Items> {
    Some(match method {
        "union" | "update" => left.union(right).cloned().collect(),
        "intersection" | "intersection_update" => left.intersection(right).cloned().collect(),
        "difference" | "difference_update" => left.difference(right).cloned().collect(),
        "symmetric_difference" | "symmetric_difference_update" => {
            left.symmetric_difference(right).cloned().collect()
        }
        _ => return None,
    })
}

/// `left - right` of two sets; `None` if one is not a set.
pub(in crate::jinja) fn difference(left: &Value, right: &Value) -> Option<Value> {
    let (left, right) =
        (left.downcast_object_ref::<Set>()?.copy(), right.downcast_object_ref::<Set>()?.copy());
    combined("difference", &left, &right).map(made)
}

/// `left <= right`: whether `left` is a subset.
pub(in crate::jinja) fn is_subset(left: &Set, right: &Set) -> bool {
    let right = right.copy();
    left.copy().is_subset(&right)
}

impl fmt::Debug for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let items = self.copy();
        if items.is_empty() {
            return f.write_str("set()");
        }
        let mut out = String::new();
        write_items("{", items.into_iter(), "}", &mut out);
        f.write_str(&out)
    }
}

impl Object for Set {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        // Items have no index.
        ObjectRepr::Map
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        collections::counted(self.copy().into_iter().collect())
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        Some(self.open().len())
    }

    fn is_true(self: &Arc<Self>) -> bool {
        !self.open().is_empty()
    }

    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<std::cmp::Ordering> {
        let other = other.downcast_ref::<Set>()?;
        let (left, right) = (self.copy(), other.copy());
        if left == right {
            Some(std::cmp::Ordering::Equal)
        } else {
            Some(left.len().cmp(&right.len()).then(std::cmp::Ordering::Less))
        }
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }

    fn call_method(
        self: &Arc<Self>,
        _: &mut State,
        method: &str,
        args: &[Value],
    ) -> Result<Value, Error> {
        let call = Call::of("set", method, args);
        let others = || -> Result<Vec<Items>, Error> {
            let all = call.args.iter().map(|other| {
                let values = items(other)?;
                hashable(&values)?;
                Ok(values.into_iter().collect())
            });
            all.collect()
        };
        let other = || -> Result<Items, Error> {
            others()?.into_iter().next().ok_or_else(|| call.error("needs a second set"))
        };
        match method {
            "add" => {
                let value = call.needs(0, "elem")?;
                hashable(std::slice::from_ref(&value))?;
                nesting::hold(&self.level, [&value])?;
                self.open().insert(value);
            }
            "discard" => {
                self.open().shift_remove(&call.needs(0, "elem")?);
            }
            "remove" => {
                let value = call.needs(0, "elem")?;
                if !self.open().shift_remove(&value) {
                    return Err(call.error(format!("{} is not in the set", unmarked(&value))));
                }
            }
            "pop" => {
                return self
                    .open()
                    .shift_remove_index(0)
                    .ok_or_else(|| error("pop from an empty set"));
            }
            "clear" => self.open().clear(),
            "copy" => return Ok(made(self.copy())),
            "union" | "intersection" | "difference" | "symmetric_difference" => {
                let mut result = self.copy();
                for other in others()? {
                    result = combined(method, &result, &other).unwrap_or_default();
                }
                return Ok(made(result));
            }
            "update"
            | "intersection_update"
            | "difference_update"
            | "symmetric_difference_update" => {
                let mut result = self.copy();
                for other in others()? {
                    result = combined(method, &result, &other).unwrap_or_default();
                }
                nesting::hold(&self.level, &result)?;
                *self.open() = result;
            }
            "issubset" => return Ok(Value::from(self.copy().is_subset(&other()?))),
            "issuperset" => return Ok(Value::from(self.copy().is_superset(&other()?))),
            "isdisjoint" => return Ok(Value::from(self.copy().is_disjoint(&other()?))),
            _ => {
                return Err(Error::new(
                    ErrorKind::UnknownMethod,
                    format!("'set object' has no attribute '{method}'"),
                ));
            }
        }
        Ok(Value::from(()))
    }
}
