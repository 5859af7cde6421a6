//! How deep lists, dicts, sets and namespaces hold each other. Each knows how many others are
//! around it at most; a value that is put into one raises the number of all that it holds. So
//! nothing holds itself, nothing nests so deep that a walk over it exhausts the stack, and a walk
//! ends.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use minijinja::value::{Object, ObjectRepr, Tuple, Value};
use minijinja::{Error, ErrorKind};

use super::collections::{Dict, List};
use super::python::globals::{Cycler, Joiner};
use super::python::sequences::Group;
use super::python::sets::Set;
use super::python::views::View;

/// More levels than this are a mistake.
pub(super) const DEEPEST: usize = 200;

/// The attribute of a namespace that holds its level. No template can name it.
const LEVEL: &str = "\0level";

/// How many others are around a value, at most.
#[derive(Debug, Default)]
pub(super) struct NestingLevel(AtomicUsize);

impl NestingLevel {
    fn get(&self) -> usize {
        self.0.load(Relaxed)
    }
}

impl Object for NestingLevel {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn render(self: &Arc<Self>, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

/// Puts values into the holder of a level, or refuses them.
pub(super) fn hold<'v>(
    holder: &NestingLevel,
    values: impl IntoIterator<Item = &'v Value>,
) -> Result<(), Error> {
    let mut walk = Walk { holder: Some(std::ptr::from_ref(holder).addr()), seen: BTreeMap::new() };
    values.into_iter().try_for_each(|value| walk.raise(value, holder.get() + 1))
}

/// Refuses a value that nests too deep.
pub(super) fn settle(value: &Value) -> Result<(), Error> {
    Walk { holder: None, seen: BTreeMap::new() }.raise(value, 0)
}

/// The level of a namespace.
pub(super) fn of_namespace(value: &Value) -> Option<Arc<NestingLevel>> {
    if !is_namespace(value) {
        return None;
    }
    value.get_attr(LEVEL).ok()?.downcast_object::<NestingLevel>()
}

pub(super) fn is_namespace(value: &Value) -> bool {
    value.as_object().is_some_and(|object| object.type_name().ends_with("Namespace"))
}

/// The attribute of a new namespace that holds its level.
pub(super) fn entry() -> (Value, Value) {
    (Value::from(LEVEL), Value::from_object(NestingLevel::default()))
}

/// Whether a name is the one of that attribute.
pub(super) fn is_entry(name: &Value) -> bool {
    name.as_str() == Some(LEVEL)
}

struct Walk {
    /// The address of the level of the value that the others are put into.
    holder: Option<usize>,
    /// Values that have no level, by address, and how deep they were met.
    seen: BTreeMap<usize, usize>,
}

impl Walk {
    fn raise(&mut self, value: &Value, level: usize) -> Result<(), Error> {
        let Some(object) = value.as_object() else { return Ok(()) };
        if let Some(list) = object.downcast_ref::<List>() {
            self.raise_level(&list.level, level, || list.values())
        } else if let Some(dict) = object.downcast_ref::<Dict>() {
            self.raise_level(&dict.level, level, || dict.values())
        } else if let Some(set) = object.downcast_ref::<Set>() {
            self.raise_level(&set.level, level, || set.open().iter().cloned().collect())
        } else if let Some(own) = of_namespace(value) {
            self.raise_level(&own, level, || {
                object.try_iter_pairs().into_iter().flatten().map(|(_, value)| value).collect()
            })
        } else if let Some(tuple) = object.downcast_ref::<Tuple>() {
            self.pass(tuple, level, || value.try_iter().into_iter().flatten().collect())
        } else if let Some(view) = object.downcast_ref::<View>() {
            self.pass(view, level, || vec![view.dict().clone()])
        } else if let Some(group) = object.downcast_ref::<Group>() {
            self.pass(group, level, || group.parts())
        } else if let Some(cycler) = object.downcast_ref::<Cycler>() {
            self.pass(cycler, level, || cycler.items().to_vec())
        } else if let Some(joiner) = object.downcast_ref::<Joiner>() {
            self.pass(joiner, level, || vec![joiner.separator().clone()])
        } else {
            Ok(())
        }
    }

    /// A value with a level of its own, whose values are walked over only if it gets deeper.
    fn raise_level(
        &mut self,
        own: &NestingLevel,
        level: usize,
        values: impl FnOnce() -> Vec<Value>,
    ) -> Result<(), Error> {
        if self.holder == Some(std::ptr::from_ref(own).addr()) {
            return Err(Error::new(
                ErrorKind::InvalidOperation,
                "a list, dict, set or namespace cannot hold itself",
            ));
        }
        if level > 0 && own.get() >= level {
            return Ok(());
        }
        within_limit(level)?;
        own.0.fetch_max(level, Relaxed);
        values().iter().try_for_each(|value| self.raise(value, level + 1))
    }

    /// A value without a level, which cannot change.
    fn pass<T>(
        &mut self,
        object: &T,
        level: usize,
        values: impl FnOnce() -> Vec<Value>,
    ) -> Result<(), Error> {
        let seen = self.seen.entry(std::ptr::from_ref(object).addr()).or_insert(0);
        if level > 0 && *seen >= level {
            return Ok(());
        }
        within_limit(level)?;
        *seen = level;
        values().iter().try_for_each(|value| self.raise(value, level + 1))
    }
}

fn within_limit(level: usize) -> Result<(), Error> {
    if level <= DEEPEST {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::InvalidOperation,
        format!("lists and dicts nest deeper than {DEEPEST} levels"),
    ))
}
