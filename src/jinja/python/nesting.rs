//! Limits the nesting of lists, dicts, sets and namespaces. Each stores its maximum depth;
//! inserting a value updates the depth of all values in it. So no value contains itself, and no
//! recursive walk exhausts the stack.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use minijinja::value::{Object, ObjectRepr, Tuple, Value};
use minijinja::{Error, ErrorKind};

use super::collections::{Dict, List};
use super::globals::{Cycler, Joiner};
use super::sequences::Group;
use super::sets::Set;
use super::views::View;

/// Maximum number of levels.
pub const MAX_LEVELS: usize = 200;

/// The attribute of a namespace with its level. No template can refer to it.
const LEVEL: &str = "\0level";

/// The maximum number of containers around a value.
#[derive(Debug, Default)]
pub struct NestingLevel(AtomicUsize);

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

/// Checks that values can be inserted into the holder of a level, and updates their levels.
pub fn hold<'v>(
    holder: &NestingLevel,
    values: impl IntoIterator<Item = &'v Value>,
) -> Result<(), Error> {
    let mut walk =
        Walk { holder: Some(std::ptr::from_ref(holder).addr()), depths: BTreeMap::new() };
    values.into_iter().try_for_each(|value| walk.raise(value, holder.get() + 1))
}

/// Rejects a value that is nested too deep.
pub fn settle(value: &Value) -> Result<(), Error> {
    Walk { holder: None, depths: BTreeMap::new() }.raise(value, 0)
}

/// The level of a namespace.
pub fn of_namespace(value: &Value) -> Option<Arc<NestingLevel>> {
    if !is_namespace(value) {
        return None;
    }
    value.get_attr(LEVEL).ok()?.downcast_object::<NestingLevel>()
}

pub fn is_namespace(value: &Value) -> bool {
    value.as_object().is_some_and(|object| object.type_name().ends_with("Namespace"))
}

/// The attribute of a new namespace with its level.
pub fn entry() -> (Value, Value) {
    (Value::from(LEVEL), Value::from_object(NestingLevel::default()))
}

/// Whether a name is that of the attribute.
pub fn is_entry(name: &Value) -> bool {
    name.as_str() == Some(LEVEL)
}

struct Walk {
    /// The address of the level of the holder.
    holder: Option<usize>,
    /// The depths of values without a level, by address.
    depths: BTreeMap<usize, usize>,
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
        } else if let Some(nesting) = of_namespace(value) {
            self.raise_level(&nesting, level, || {
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

    /// A value with a level. Its items are visited only if the level increases.
    fn raise_level(
        &mut self,
        nesting: &NestingLevel,
        level: usize,
        values: impl FnOnce() -> Vec<Value>,
    ) -> Result<(), Error> {
        if self.holder == Some(std::ptr::from_ref(nesting).addr()) {
            return Err(Error::new(
                ErrorKind::InvalidOperation,
                "a list, dict, set or namespace cannot contain itself",
            ));
        }
        if level > 0 && nesting.get() >= level {
            return Ok(());
        }
        within_limit(level)?;
        nesting.0.fetch_max(level, Relaxed);
        values().iter().try_for_each(|value| self.raise(value, level + 1))
    }

    /// A value without a level, which cannot change.
    fn pass<T>(
        &mut self,
        object: &T,
        level: usize,
        values: impl FnOnce() -> Vec<Value>,
    ) -> Result<(), Error> {
        let depths = self.depths.entry(std::ptr::from_ref(object).addr()).or_insert(0);
        if level > 0 && *depths >= level {
            return Ok(());
        }
        within_limit(level)?;
        *depths = level;
        values().iter().try_for_each(|value| self.raise(value, level + 1))
    }
}

fn within_limit(level: usize) -> Result<(), Error> {
    if level <= MAX_LEVELS {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::InvalidOperation,
        format!("lists and dicts are nested deeper than {MAX_LEVELS} levels"),
    ))
}
