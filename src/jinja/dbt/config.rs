//! dbt's `config`: a call records settings of the node; its methods return the resolved settings.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Object, ObjectRepr, Value};
use minijinja::{Error, ErrorKind, State};
use serde_json::{Map, Value as Json};

use super::session::Session;
use super::{json, node};
use crate::diagnostics::Diagnostic;
use crate::jinja::errors;
use crate::jinja::python::call::Call;
use crate::jinja::python::collections;
use crate::jinja::python::text::unmarked;

pub fn object(session: &Arc<Session>, name: &str) -> Option<Value> {
    (name == "config").then(|| Value::from_object(Config(session.clone())))
}

/// The name of a hook's key with an underscore; none if the key is not of hooks.
pub fn hook_key(key: &str) -> Option<&'static str> {
    match key {
        "pre-hook" | "pre_hook" => Some("pre_hook"),
        "post-hook" | "post_hook" => Some("post_hook"),
        _ => None,
    }
}

struct Config(Arc<Session>);

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<config>")
    }
}

impl Config {
    /// Records one call. As in dbt, the keys of hooks have an underscore, and two spellings of one
    /// are an error.
    fn record(&self, call: &Call, pairs: Vec<(Value, Value)>) -> Result<Value, Error> {
        let mut map = Map::new();
        for (key, value) in pairs {
            let key = unmarked(&key);
            let hook = hook_key(&key);
            let name = hook.unwrap_or(&key);
            let before = map.insert(name.to_string(), json::json(&value));
            if hook.is_some() && before.is_some() {
                let other = name.replace('_', "-");
                return Err(call.error(format!("accepts one of `{name}` and `{other}`")));
            }
        }
        self.0.captured().config.push(map);
        Ok(Value::from(""))
    }

    fn lookup(&self, key: &str) -> Option<Value> {
        // dbt keeps hooks under names with an underscore.
        if matches!(key, "pre-hook" | "post-hook") {
            return None;
        }
        if let Some(bound) = node::legacy(&self.0, key) {
            return Some(bound);
        }
        self.0.scope.config.get(key).map(json::value)
    }

    fn meta(&self, key: &str) -> Option<Value> {
        self.0.scope.config.get("meta").and_then(|meta| meta.get(key)).map(json::value)
    }

    fn persists(&self, what: &str) -> Value {
        let docs = self.0.scope.config.get("persist_docs");
        Value::from(docs.and_then(|docs| docs.get(what)).and_then(Json::as_bool).unwrap_or(false))
    }
}

impl Object for Config {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        (key.as_str()? == "model").then(|| json::value(&self.0.scope.model))
    }

    fn call(self: &Arc<Self>, _state: &mut State, args: &[Value]) -> Result<Value, Error> {
        let call = Call::of("", "config", args);
        let mut pairs = match call.args {
            [] if call.named().is_empty() => {
                return Err(call.error("needs a setting: `config(materialized='table')`"));
            }
            [] => Vec::new(),
            [map] if call.named().is_empty() => collections::pairs_of(map)?,
            _ => return Err(call.error("accepts settings by name, or one dict of them")),
        };
        pairs.extend(call.named());
        self.record(&call, pairs)
    }

    fn call_method(
        self: &Arc<Self>,
        _state: &mut State,
        method: &str,
        args: &[Value],
    ) -> Result<Value, Error> {
        let call = Call::of("config", method, args);
        let key = || call.needs_text(0, "name");
        let unknown = || Value::from(());
        let missing = |key: &str, what: &str| {
            let error = Diagnostic::error(format!(
                "the model's {what} has no `{key}`, and `config.{method}` requires it"
            ));
            errors::to_error(
                error.hint(format!("set `{key}` in `config(…)` or in the properties file")),
            )
        };
        match method {
            // In the parse pass dbt returns an empty text for every key.
            "get" | "meta_get" | "require" | "meta_require" if !self.0.scope.execute => {
                key().map(|_| Value::from(""))
            }
            "get" | "meta_get"
                if call.args.get(2).is_some_and(|validator| !validator.is_none()) =>
            {
                Err(call
                    .error("accepts a function as its third argument, which validates the value"))
            }
            "get" => {
                Ok(self.lookup(&key()?).or_else(|| call.get(1, "default")).unwrap_or_else(unknown))
            }
            "meta_get" => {
                Ok(self.meta(&key()?).or_else(|| call.get(1, "default")).unwrap_or_else(unknown))
            }
            "require" | "meta_require" => {
                let key = key()?;
                let (value, what) = if method == "require" {
                    (self.lookup(&key), "config")
                } else {
                    (self.meta(&key), "`meta`")
                };
                match value {
                    Some(value) => Ok(value),
                    None => Err(missing(&key, what)),
                }
            }
            "set" => self.record(&call, vec![(Value::from(key()?), call.needs(1, "value")?)]),
            "persist_relation_docs" => Ok(self.persists("relation")),
            "persist_column_docs" => Ok(self.persists("columns")),
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }
}
