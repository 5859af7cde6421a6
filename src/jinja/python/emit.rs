//! YAML as Python's `yaml.safe_dump` writes it: blocks, quotes if a plain word is ambiguous, lines
//! of about 80 characters, only ASCII, and an alias for a repeated collection.

use minijinja::Error;
use minijinja::value::Value;

use super::collections::{self, Dict, List};
use super::datetime::Moment;
use super::sets::Set;
use super::types::{self, Type};
use super::yaml_layout::{Layout, LayoutContent, LayoutNode};
use super::{compare, error, items, text};

/// Python's recursion limit is reached at about this depth.
const DEPTH: usize = 300;

/// The value as a document; `None` if YAML cannot represent it.
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
    /// The visited objects with their addresses; they are held, so that no address is used twice.
    seen: Vec<(usize, Value)>,
    /// The indices in `seen` of repeated objects.
    repeated: Vec<usize>,
}

impl Values {
    fn node(&mut self, value: &Value, depth: usize) -> Result<LayoutNode, Refusal> {
        if depth > DEPTH {
            return Err(Refusal::TooDeep);
        }
        let mut id = None;
        if let Some(address) = address(value) {
            if let Some(first) = self.seen.iter().position(|(seen, _)| *seen == address) {
                if !self.repeated.contains(&first) {
                    self.repeated.push(first);
                }
                return Ok(LayoutNode { id: Some(first), content: LayoutContent::Alias });
            }
            id = Some(self.seen.len());
            self.seen.push((address, value.clone()));
        }
        let no_yaml = |_| Refusal::NoYaml;
        let content = match types::of(value) {
            Type::List | Type::Tuple => {
                let all = items(value).map_err(no_yaml)?;
                LayoutContent::List(
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
                LayoutContent::Scalar { tag, text }
            }
        };
        Ok(LayoutNode { id, content })
    }

    fn mapping(
        &mut self,
        tag: &'static str,
        mut pairs: Vec<(Value, Value)>,
        depth: usize,
    ) -> Result<LayoutContent, Refusal> {
        if self.sorted {
            let mut keyed: Vec<(Value, Value)> = pairs
                .iter()
                .enumerate()
                .map(|(nth, (key, _))| (key.clone(), Value::from(nth)))
                .collect();
            // Keys that are not comparable keep their order.
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
        Ok(LayoutContent::Mapping { tag, pairs: nodes })
    }
}

/// The identity of an object.
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
        // Markup is not a plain `str`.
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
