//! YAML as Python's `yaml.safe_dump` writes it: blocks, quotes where a word alone means something
//! else, lines of about 80 characters, nothing beyond ASCII, and an alias for a collection that
//! occurs again.

use minijinja::Error;
use minijinja::value::Value;

use super::sets::Set;
use super::types::{self, Type};
use super::{compare, error, items, text};
use crate::jinja::collections::{self, Dict, List};
use crate::jinja::datetime::Moment;
use crate::jinja::yaml_layout::{Content, Layout, Node};

/// Python's own limit of recursion comes at about this depth.
const DEPTH: usize = 300;

/// The value as a document; none where it holds what YAML cannot write.
pub(in crate::jinja) fn emit(value: &Value, sorted: bool) -> Result<Option<String>, Error> {
    let mut values = Values { sorted, seen: Vec::new(), repeated: Vec::new() };
    match values.node(value, 0) {
        Ok(node) => Ok(Some(Layout::document(&node, values.repeated))),
        Err(Refusal::NoYaml) => Ok(None),
        Err(Refusal::TooDeep) => {
            Err(error("a value of more than 300 levels cannot be written as YAML"))
        }
    }
}

enum Refusal {
    NoYaml,
    TooDeep,
}

struct Values {
    sorted: bool,
    /// The objects so far, with their addresses; held, so that no address is used twice.
    seen: Vec<(usize, Value)>,
    /// The places in `seen` of those that occur again.
    repeated: Vec<usize>,
}

impl Values {
    fn node(&mut self, value: &Value, depth: usize) -> Result<Node, Refusal> {
        if depth > DEPTH {
            return Err(Refusal::TooDeep);
        }
        let mut id = None;
        if let Some(address) = address(value) {
            if let Some(first) = self.seen.iter().position(|(seen, _)| *seen == address) {
                if !self.repeated.contains(&first) {
                    self.repeated.push(first);
                }
                return Ok(Node { id: Some(first), content: Content::Alias });
            }
            id = Some(self.seen.len());
            self.seen.push((address, value.clone()));
        }
        let no_yaml = |_| Refusal::NoYaml;
        let content = match types::of(value) {
            Type::List | Type::Tuple => {
                let all = items(value).map_err(no_yaml)?;
                Content::List(
                    all.iter().map(|item| self.node(item, depth + 1)).collect::<Result<_, _>>()?,
                )
            }
            Type::Dict | Type::Mapping => {
                self.mapping("map", collections::pairs_of(value).map_err(no_yaml)?, depth)?
            }
            Type::Set => {
                let members = items(value).map_err(no_yaml)?;
                self.mapping(
                    "set",
                    members.into_iter().map(|member| (member, Value::from(()))).collect(),
                    depth,
                )?
            }
            _ => {
                let (tag, text) = scalar(value).ok_or(Refusal::NoYaml)?;
                Content::Scalar { tag, text }
            }
        };
        Ok(Node { id, content })
    }

    fn mapping(
        &mut self,
        tag: &'static str,
        mut pairs: Vec<(Value, Value)>,
        depth: usize,
    ) -> Result<Content, Refusal> {
        if self.sorted {
            let mut keyed: Vec<(Value, Value)> = pairs
                .iter()
                .enumerate()
                .map(|(nth, (key, _))| (key.clone(), Value::from(nth)))
                .collect();
            // Keys that have no order stay as they are.
            if compare::sort(&mut keyed).is_ok() {
                pairs = keyed
                    .into_iter()
                    .filter_map(|(_, nth)| Some(pairs[nth.as_usize()?].clone()))
                    .collect();
            }
        }
        let mut nodes = Vec::new();
        for (key, item) in &pairs {
            nodes.push((self.node(key, depth + 1)?, self.node(item, depth + 1)?));
        }
        Ok(Content::Mapping { tag, pairs: nodes })
    }
}

/// What tells an object from its copies.
fn address(value: &Value) -> Option<usize> {
    fn of<T>(object: &T) -> usize {
        std::ptr::from_ref(object).addr()
    }
    (value.downcast_object_ref::<List>().map(of))
        .or_else(|| value.downcast_object_ref::<Dict>().map(of))
        .or_else(|| value.downcast_object_ref::<Set>().map(of))
        .or_else(|| value.downcast_object_ref::<Moment>().map(of))
}

/// The tag and the text of a scalar.
fn scalar(value: &Value) -> Option<(&'static str, String)> {
    Some(match types::of(value) {
        Type::None => ("null", "null".to_string()),
        Type::Bool => ("bool", if value.is_true() { "true" } else { "false" }.to_string()),
        Type::Int => ("int", value.to_string()),
        Type::Float => ("float", float(&text::text(value))),
        Type::Moment => match value.downcast_object_ref::<Moment>()? {
            moment @ (Moment::Date(_) | Moment::Time(..)) => ("timestamp", moment.iso(" ")),
            _ => return None,
        },
        // Markup is no plain text of Python.
        Type::Text if !value.is_safe() => ("str", value.as_str()?.to_string()),
        _ => return None,
    })
}

fn float(number: &str) -> String {
    match number {
        "nan" => ".nan".to_string(),
        "inf" => ".inf".to_string(),
        "-inf" => "-.inf".to_string(),
        number if number.contains('e') && !number.contains('.') => number.replacen('e', ".0e", 1),
        number => number.to_string(),
    }
}
