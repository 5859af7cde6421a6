//! YAML as dbt reads it: the syntax of libyaml, the scalars of YAML 1.1, and PyYAML's safe
//! constructors. Takes a file's text; returns its tree, each value with its span, and a warning for
//! each duplicate key (the last value is used). Rejects what dbt's reader rejects, with line and
//! column.

mod compose;
mod error;
pub mod scalars;

use indexmap::IndexMap;
use serde_json::{Map, Number, Value};

use crate::diagnostics::{Diagnostic, Location, SourceFile};
use crate::limits;

use scalars::Scalar;

/// The tree of a file, and its warnings. An empty file is `Null`.
pub fn parse(file: &SourceFile) -> Result<(Yaml, Vec<Diagnostic>), Diagnostic> {
    if let Some(at) = limits::too_many_brackets(&file.text) {
        return Err(Diagnostic::error(format!(
            "not valid YAML: more than {} brackets are open",
            limits::BRACKETS
        ))
        .at(file.at(at..at + 1)));
    }
    compose::compose(file)
}

/// A value and its location: for a value of a key, the key and the rest of its line.
#[derive(Clone, Debug, PartialEq)]
pub struct Yaml {
    pub data: Data,
    pub at: Location,
}

/// A value of YAML. A key that is not a text is the text of [`Scalar::key`].
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    Null,
    Bool(bool),
    Number(Number),
    /// A date or another value that JSON does not have.
    Other(Scalar),
    Text(String),
    List(Vec<Yaml>),
    Dict(IndexMap<String, Yaml>),
}

impl Yaml {
    pub fn get(&self, key: &str) -> Option<&Yaml> {
        self.dict().and_then(|dict| dict.get(key)).filter(|value| value.data != Data::Null)
    }

    /// The same tree with locations in another file of the same layout.
    pub fn located_in(self, file: &SourceFile) -> Yaml {
        let data = match self.data {
            Data::List(items) => {
                Data::List(items.into_iter().map(|item| item.located_in(file)).collect())
            }
            Data::Dict(dict) => Data::Dict(
                dict.into_iter().map(|(key, value)| (key, value.located_in(file))).collect(),
            ),
            data => data,
        };
        Yaml { data, at: file.at(self.at.span) }
    }

    pub fn dict(&self) -> Option<&IndexMap<String, Yaml>> {
        match &self.data {
            Data::Dict(dict) => Some(dict),
            _ => None,
        }
    }

    /// The items of a list; empty for other values.
    pub fn items(&self) -> &[Yaml] {
        match &self.data {
            Data::List(items) => items,
            _ => &[],
        }
    }

    /// A text, or the text of a number or boolean.
    pub fn text(&self) -> Option<String> {
        match &self.data {
            Data::Text(text) => Some(text.clone()),
            Data::Number(number) => Some(number.to_string()),
            Data::Bool(yes) => Some(yes.to_string()),
            Data::Other(scalar) => match scalar.json() {
                Value::String(text) => Some(scalars::without_prefix(&text).to_string()),
                _ => None,
            },
            _ => None,
        }
    }

    /// JSON with dates as texts.
    pub fn json(&self) -> Value {
        self.as_json(Scalar::json)
    }

    /// JSON that preserves dates for templates, since dbt does not render `vars:`.
    pub fn exact(&self) -> Value {
        self.as_json(Scalar::exact)
    }

    /// The tree of a JSON value, all of it with one location.
    pub fn of_json(value: &Value, at: &Location) -> Yaml {
        let data = match value {
            Value::Null => Data::Null,
            Value::Bool(yes) => Data::Bool(*yes),
            Value::Number(number) => Data::Number(number.clone()),
            Value::String(text) => Data::Text(text.clone()),
            Value::Array(items) => {
                Data::List(items.iter().map(|item| Yaml::of_json(item, at)).collect())
            }
            Value::Object(dict) => Data::Dict(
                dict.iter().map(|(key, value)| (key.clone(), Yaml::of_json(value, at))).collect(),
            ),
        };
        Yaml { data, at: at.clone() }
    }

    fn as_json(&self, other: fn(&Scalar) -> Value) -> Value {
        match &self.data {
            Data::Null => Value::Null,
            Data::Bool(yes) => Value::Bool(*yes),
            Data::Number(number) => Value::Number(number.clone()),
            Data::Other(scalar) => other(scalar),
            Data::Text(text) => Value::String(text.clone()),
            Data::List(items) => items.iter().map(|item| item.as_json(other)).collect(),
            Data::Dict(dict) => Value::Object(
                dict.iter()
                    .map(|(key, value)| (key.clone(), value.as_json(other)))
                    .collect::<Map<_, _>>(),
            ),
        }
    }
}

#[cfg(test)]
mod tests;
