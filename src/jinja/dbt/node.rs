//! dbt's `model`: the node as a dict, with its batch. Reading the batch is recorded, since the text
//! then depends on it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use minijinja::value::{Enumerator, Object, Value};
use minijinja::{Error, State};

use super::json;
use super::session::{GraphParts, Session};
use crate::jinja::Batch;
use crate::jinja::python::call::Call;
use crate::jinja::python::{collections, datetime};

/// The keys that dbt adds to a microbatch model's config at run time.
const LEGACY_START: &str = "__dbt_internal_microbatch_event_time_start";
const LEGACY_END: &str = "__dbt_internal_microbatch_event_time_end";

/// `model` and `graph`.
pub fn object(session: &Arc<Session>, name: &str) -> Option<Value> {
    match name {
        "model" => Some(model(session)),
        "graph" => Some(Value::from_object(Graph(session.clone()))),
        _ => None,
    }
}

/// The node of the scope, computed when a template reads it.
pub fn model(session: &Arc<Session>) -> Value {
    Value::from_object(Node { config: false, session: session.clone() })
}

const GRAPH_PARTS: [&str; 9] = [
    "nodes",
    "sources",
    "exposures",
    "functions",
    "metrics",
    "groups",
    "semantic_models",
    "saved_queries",
    "unit_tests",
];

/// `graph`. A reference without an access does not count as reading it.
struct Graph(Arc<Session>);

impl Graph {
    fn inner(&self) -> &Value {
        self.0.graph.get_or_init(|| graph(&self.0))
    }

    /// Records that a part is read; without a key, all parts. Packages add keys to `graph`.
    fn record_read(&self, key: Option<&Value>) {
        if key.is_none_or(|key| key.as_str().is_none_or(|key| GRAPH_PARTS.contains(&key))) {
            self.0.reads_graph.store(true, Relaxed);
        }
    }
}

impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.record_read(None);
        fmt::Debug::fmt(self.inner(), f)
    }
}

impl Object for Graph {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.record_read(Some(key));
        self.inner().get_item(key).ok().filter(|value| !value.is_undefined())
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        self.record_read(None);
        Enumerator::Values(self.inner().try_iter().into_iter().flatten().collect())
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }

    fn call_method(
        self: &Arc<Self>,
        state: &mut State,
        method: &str,
        args: &[Value],
    ) -> Result<Value, Error> {
        self.record_read(args.first());
        self.inner().call_method(state, method, args)
    }
}

/// The parts of `graph` as template values.
pub fn graph_parts(known: &serde_json::Value) -> GraphParts {
    GRAPH_PARTS
        .map(|key| {
            (Value::from(key), known.get(key).map_or_else(|| collections::dict([]), json::value))
        })
        .to_vec()
}

fn graph(session: &Session) -> Value {
    // The dict belongs to the rendering, since packages add keys to it.
    let known = session.shared.graph.get().and_then(|(parts, _)| parts.as_ref().as_ref().ok());
    collections::dict(known.cloned().unwrap_or_else(|| graph_parts(&serde_json::Value::Null)))
}

/// The value of a legacy key of the config: a bound of the batch.
pub fn legacy(session: &Session, key: &str) -> Option<Value> {
    if key != LEGACY_START && key != LEGACY_END {
        return None;
    }
    session.reads_batch.store(true, Relaxed);
    let batch = session.scope.batch.as_ref()?;
    Some(datetime::utc(if key == LEGACY_START { batch.start } else { batch.end }))
}

/// The node, or its config.
struct Node {
    config: bool,
    session: Arc<Session>,
}

/// The node as a dict without its batch.
pub fn dict(session: &Session) -> Value {
    let model = session.model.get_or_init(|| {
        let mut model = (*session.scope.model).clone();
        session.settings().columns.translate_types(&mut model);
        json::value(&model)
    });
    model.clone()
}

impl Node {
    fn inner(&self) -> Value {
        let model = dict(&self.session);
        if !self.config {
            return model;
        }
        let config = model.get_attr("config").ok().filter(|config| !config.is_undefined());
        config.unwrap_or_else(|| collections::dict([]))
    }
}

fn batch(batch: &Batch) -> Value {
    collections::dict([
        (Value::from("id"), Value::from(&*batch.id)),
        (Value::from("event_time_start"), datetime::utc(batch.start)),
        (Value::from("event_time_end"), datetime::utc(batch.end)),
    ])
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.inner(), f)
    }
}

impl Object for Node {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match key.as_str()? {
            "batch" if !self.config => {
                self.session.reads_batch.store(true, Relaxed);
                self.session.scope.batch.as_ref().map(batch)
            }
            "config" if !self.config => {
                Some(Value::from_object(Node { config: true, session: self.session.clone() }))
            }
            name if self.config && name.starts_with("__dbt") => legacy(&self.session, name),
            _ => self.inner().get_item(key).ok().filter(|value| !value.is_undefined()),
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.inner().try_iter().into_iter().flatten().collect())
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }

    fn call_method(
        self: &Arc<Self>,
        state: &mut State,
        method: &str,
        args: &[Value],
    ) -> Result<Value, Error> {
        if method == "get" {
            let call = Call::of("model", method, args);
            let value = self.get_value(&call.needs(0, "key")?);
            return Ok(value.or_else(|| call.get(1, "default")).unwrap_or(Value::from(())));
        }
        self.inner().call_method(state, method, args)
    }
}
