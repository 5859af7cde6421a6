//! Python's iterators and generators: their items are read once, they have no length and no
//! indices, and they are always true.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use minijinja::value::{Enumerator, Object, ObjectRepr, Value};

use super::error;

/// Maximum number of items of an infinite iterator.
const MAX_ITEMS: usize = 1_000_000;

pub(in crate::jinja) struct ReadOnce {
    /// The name of the type in Python.
    kind: &'static str,
    items: Mutex<Items>,
}

type Items = Box<dyn Iterator<Item = Value> + Send + Sync>;

impl ReadOnce {
    /// An iterator over these values.
    pub fn value(kind: &'static str, items: impl Iterator<Item = Value>) -> Value {
        let items: Vec<Value> = items.collect();
        Value::from_object(ReadOnce { kind, items: Mutex::new(Box::new(items.into_iter())) })
    }

    /// An iterator that may be infinite.
    pub fn endless(
        kind: &'static str,
        items: impl Iterator<Item = Value> + Send + Sync + 'static,
    ) -> Value {
        let end = Value::from(error(format!(
            "`{kind}` is infinite: use a part of it with `modules.itertools.islice`"
        )));
        Value::from_object(ReadOnce {
            kind,
            items: Mutex::new(Box::new(items.take(MAX_ITEMS).chain([end]))),
        })
    }

    pub fn type_name(&self) -> &'static str {
        self.kind
    }

    fn open(&self) -> MutexGuard<'_, Items> {
        self.items.lock().unwrap_or_else(|broken| broken.into_inner())
    }
}

/// The items for a loop; the iterator continues after them.
struct Reading(Arc<ReadOnce>);

impl Iterator for Reading {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        self.0.open().next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.open().size_hint()
    }
}

impl fmt::Debug for ReadOnce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} object>", self.kind)
    }
}

impl Object for ReadOnce {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        // Items have no index.
        ObjectRepr::Map
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Iter(Box::new(Reading(self.clone())))
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        None
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
