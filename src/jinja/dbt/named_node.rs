//! The node that dbt passes to a naming macro. Unlike `model`, which is a dict, it is an object
//! with properties and methods, and so is its configuration.

use std::fmt;
use std::sync::{Arc, LazyLock};

use minijinja::value::{Enumerator, Object, ObjectRepr, Value};
use minijinja::{Error, ErrorKind, State};
use regex::Regex;

use super::config::hook_key;
use super::session::Session;
use super::{json, node};
use crate::jinja::python::call::Call;
use crate::jinja::python::collections;

/// The node of the scope as an object.
pub fn value(session: &Arc<Session>) -> Value {
    Value::from_object(NamedNode(session.clone()))
}

struct NamedNode(Arc<Session>);

impl NamedNode {
    fn dict(&self) -> Value {
        node::dict(&self.0)
    }

    fn key(&self, key: &str) -> Value {
        item(&self.dict(), key).unwrap_or_default()
    }

    fn text(&self, key: &str) -> String {
        self.key(key).as_str().unwrap_or_default().to_string()
    }

    /// The property of dbt's class.
    fn property(&self, name: &str) -> Option<Value> {
        let kind = self.text("resource_type");
        let materialized = item(&self.key("config"), "materialized").unwrap_or_default();
        let version = self.key("version");
        let is_versioned = kind == "model" && !version.is_none() && !version.is_undefined();
        let of_every_kind = match name {
            "is_versioned" => Value::from(is_versioned),
            "is_ephemeral" | "is_ephemeral_model" => {
                Value::from(materialized.as_str() == Some("ephemeral"))
            }
            "is_refable" | "is_relational" => Value::from(true),
            "should_store_failures" | "is_external_node" => Value::from(false),
            "extra_ctes_injected" | "compiled" => Value::from(false),
            "compiled_code" => Value::from(()),
            "search_name" if is_versioned => {
                Value::from(format!("{}.v{version}", self.text("name")))
            }
            "search_name" => self.key("name"),
            "file_id" => Value::from(format!(
                "{}://{}",
                self.text("package_name"),
                self.text("original_file_path")
            )),
            "quoting_dict" => collections::dict([]),
            "empty" => Value::from(kind != "seed" && self.text("raw_code").trim().is_empty()),
            "extra_ctes" | "depends_on_nodes" | "depends_on_macros" => collections::list([]),
            "node_info" => self.info(&materialized),
            _ => Value::UNDEFINED,
        };
        if !of_every_kind.is_undefined() {
            return Some(of_every_kind);
        }
        let of_models = match name {
            "is_latest_version" => {
                Value::from(is_versioned && version == self.key("latest_version"))
            }
            "is_past_deprecation_date" => Value::from(false),
            "materialization_enforces_constraints" => {
                Value::from(matches!(materialized.as_str(), Some("table" | "incremental")))
            }
            "all_constraints" => self.constraints(),
            "has_this" => Value::from(THIS.is_match(&self.text("raw_code"))),
            "batch" | "previous_batch_results" => Value::from(()),
            "direct_parents" => collections::list([]),
            _ => return None,
        };
        (kind == "model").then_some(of_models)
    }

    fn info(&self, materialized: &Value) -> Value {
        let pairs = |names: &[(&str, &str)]| {
            names.iter().map(|(name, key)| (Value::from(*name), self.key(key))).collect::<Vec<_>>()
        };
        let relation = pairs(&[
            ("database", "database"),
            ("schema", "schema"),
            ("alias", "alias"),
            ("relation_name", "relation_name"),
        ]);
        let mut info = pairs(&[
            ("node_path", "path"),
            ("node_name", "name"),
            ("unique_id", "unique_id"),
            ("resource_type", "resource_type"),
        ]);
        info.extend([
            (Value::from("materialized"), materialized.clone()),
            (Value::from("node_status"), Value::from("None")),
            (Value::from("node_started_at"), Value::from(())),
            (Value::from("node_finished_at"), Value::from(())),
            (Value::from("meta"), self.key("meta")),
            (Value::from("node_relation"), collections::dict(relation)),
            (
                Value::from("node_checksum"),
                item(&self.key("checksum"), "checksum").unwrap_or_default(),
            ),
        ]);
        collections::dict(info)
    }

    /// The constraints of the model, then those of its columns.
    fn constraints(&self) -> Value {
        let items = |value: Value| value.try_iter().into_iter().flatten().collect::<Vec<_>>();
        let mut constraints = items(self.key("constraints"));
        let columns = self.key("columns");
        for name in items(columns.clone()) {
            let column = columns.get_item(&name).unwrap_or_default();
            constraints.extend(items(item(&column, "constraints").unwrap_or_default()));
        }
        collections::list(constraints)
    }
}

/// `this` in an expression or a statement.
static THIS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?s)\{[\{%](?:[^%}]|%[^}]|\}[^}])*?\bthis\b").expect("the pattern is well formed")
});

fn item(value: &Value, key: &str) -> Option<Value> {
    value.get_item(&Value::from(key)).ok().filter(|value| !value.is_undefined())
}

impl fmt::Debug for NamedNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.dict(), f)
    }
}

impl Object for NamedNode {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let key = key.as_str()?;
        if key == "config" {
            return Some(Value::from_object(NamedConfig(self.key("config"))));
        }
        self.property(key).or_else(|| item(&self.dict(), key))
    }

    fn call_method(
        self: &Arc<Self>,
        _state: &mut State,
        method: &str,
        _args: &[Value],
    ) -> Result<Value, Error> {
        match method {
            "get_materialization" => {
                Ok(item(&self.key("config"), "materialized").unwrap_or_default())
            }
            "to_dict" => Ok(json::value(&json::json(&self.dict()))),
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }
}

/// The node's configuration. A key that is not set is null.
struct NamedConfig(Value);

impl NamedConfig {
    /// A key. Hooks have a name with an underscore.
    fn key(&self, key: &str) -> Option<Value> {
        match hook_key(key) {
            Some(name) if name == key => item(&self.0, &name.replace('_', "-")),
            Some(_) => None,
            None => item(&self.0, key),
        }
    }
}

impl fmt::Debug for NamedConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Object for NamedConfig {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Iterable
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        Some(self.key(key.as_str()?).unwrap_or(Value::from(())))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let names =
            self.0.try_iter().into_iter().flatten().map(|key| {
                key.as_str().and_then(hook_key).map_or_else(|| key.clone(), Value::from)
            });
        Enumerator::Values(names.collect())
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }

    fn call_method(
        self: &Arc<Self>,
        _state: &mut State,
        method: &str,
        args: &[Value],
    ) -> Result<Value, Error> {
        let call = Call::of("node.config", method, args);
        let or_default = |value: Option<Value>| {
            value.or_else(|| call.get(1, "default")).unwrap_or(Value::from(()))
        };
        match method {
            "get" => Ok(or_default(self.key(&call.needs_text(0, "key")?))),
            "meta_get" => {
                let meta = self.key("meta").unwrap_or_default();
                Ok(or_default(item(&meta, &call.needs_text(0, "key")?)))
            }
            "to_dict" => Ok(json::value(&json::json(&self.0))),
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }
}
