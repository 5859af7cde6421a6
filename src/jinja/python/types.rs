//! Python's type of a value, and its name in messages.

use minijinja::value::{ObjectRepr, Value, ValueKind};

use super::collections::{Dict, List};
use super::datetime::Moment;
use super::iterator::ReadOnce;
use super::sets::Set;
use super::views::{Range, View};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::jinja) enum Type {
    Undefined,
    None,
    Bool,
    Int,
    Float,
    Text,
    Bytes,
    List,
    Tuple,
    Dict,
    Set,
    Range,
    View,
    Moment,
    Relation,
    /// An iterator or generator, whose items are read once.
    Iterator,
    /// A mapping that is not a dict: `model`, a package, a namespace.
    Mapping,
    Function,
}

pub(in crate::jinja) fn of(value: &Value) -> Type {
    match value.kind() {
        ValueKind::Undefined => Type::Undefined,
        ValueKind::None => Type::None,
        ValueKind::Bool => Type::Bool,
        ValueKind::Number if value.is_integer() => Type::Int,
        ValueKind::Number => Type::Float,
        ValueKind::String => Type::Text,
        ValueKind::Bytes => Type::Bytes,
        _ => of_object(value),
    }
}

fn of_object(value: &Value) -> Type {
    if value.is_tuple() {
        return Type::Tuple;
    }
    let Some(object) = value.as_object() else { return Type::Function };
    if object.downcast_ref::<List>().is_some() {
        Type::List
    } else if object.downcast_ref::<Dict>().is_some() {
        Type::Dict
    } else if object.downcast_ref::<Set>().is_some() {
        Type::Set
    } else if object.downcast_ref::<View>().is_some() {
        Type::View
    } else if object.downcast_ref::<Range>().is_some() {
        Type::Range
    } else if object.downcast_ref::<Moment>().is_some() {
        Type::Moment
    } else if is_relation(object.type_name()) {
        Type::Relation
    } else if object.downcast_ref::<ReadOnce>().is_some() {
        Type::Iterator
    } else {
        match object.repr() {
            // This module's sequences (groups, rows).
            ObjectRepr::Seq if object.type_name().contains("batchwright") => Type::Tuple,
            ObjectRepr::Seq => Type::List,
            ObjectRepr::Iterable => Type::Iterator,
            ObjectRepr::Map if is_plain_map(object.type_name()) => Type::Dict,
            ObjectRepr::Map => Type::Mapping,
            _ => Type::Function,
        }
    }
}

/// Whether this is the name of the type of dbt's relations, which this module does not know.
fn is_relation(name: &str) -> bool {
    name.ends_with("::RelationObject")
}

fn is_plain_map(name: &str) -> bool {
    ["IndexMap", "BTreeMap", "HashMap"].iter().any(|map| name.contains(map))
}

/// The name of the type in Python's messages.
pub(in crate::jinja) fn name(value: &Value) -> &'static str {
    match of(value) {
        Type::Undefined => "Undefined",
        Type::None => "NoneType",
        Type::Bool => "bool",
        Type::Int => "int",
        Type::Float => "float",
        Type::Text => "str",
        Type::Bytes => "bytes",
        Type::List => "list",
        Type::Tuple => "tuple",
        Type::Dict => "dict",
        Type::Set => "set",
        Type::Range => "range",
        Type::View => value.downcast_object_ref::<View>().map_or("dict_keys", View::type_name),
        Type::Moment => value.downcast_object_ref::<Moment>().map_or("datetime", Moment::type_name),
        Type::Relation => "Relation",
        Type::Iterator => {
            value.downcast_object_ref::<ReadOnce>().map_or("generator", ReadOnce::type_name)
        }
        Type::Mapping => "mapping",
        Type::Function => "function",
    }
}

/// The type's name if Python cannot hash the value, so that it cannot be in a set or a key of a
/// dict.
pub(in crate::jinja) fn unhashable(value: &Value) -> Option<&'static str> {
    match of(value) {
        Type::List | Type::Dict | Type::Set => Some(name(value)),
        Type::Tuple => value.try_iter().ok()?.find_map(|item| unhashable(&item)),
        _ => None,
    }
}
