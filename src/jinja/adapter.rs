//! dbt's `adapter` and `api`: dispatch and naming work offline; what asks the warehouse is refused by name.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Object, ObjectRepr, Value, ValueKind};
use minijinja::{Error, ErrorKind, State};

use super::call::Call;
use super::column::{self, Column};
use super::introspection::{answer, columns, existing};
use super::names::{Methods, function};
use super::session::Session;
use super::{Relation, collections, macros, marks};

pub(super) fn object(session: &Arc<Session>, name: &str) -> Option<Value> {
    match name {
        "adapter" => Some(Value::from_object(Methods { name: "adapter", session: session.clone(), method: adapter, attribute })),
        "api" => Some(collections::dict([
            (Value::from("Relation"), Value::from_object(RelationClass(session.clone()))),
            (Value::from("Column"), Value::from_object(ColumnClass(session.clone()))),
        ])),
        _ => None,
    }
}

fn attribute(session: &Arc<Session>, name: &str) -> Option<Value> {
    match name {
        "Relation" => Some(Value::from_object(RelationClass(session.clone()))),
        "Column" => Some(Value::from_object(ColumnClass(session.clone()))),
        "behavior" | "config" | "connections" => Some(collections::dict([])),
        "dispatch" => Some(function(session, "dispatch", |session, _, call| macros::dispatch(session, call))),
        _ => None,
    }
}

fn adapter(session: &Arc<Session>, state: &mut State, method: &str, call: &Call) -> Result<Option<Value>, Error> {
    let quoting = session.settings().columns;
    let quoted = |text: &str| Value::from(quoting.quoted(text));
    Ok(Some(match method {
        "dispatch" => macros::dispatch(session, call)?,
        "type" => Value::from(session.settings().adapters.first().cloned()),
        "quote" => quoted(&call.needs_text(0, "identifier")?),
        "quote_as_configured" => {
            let (text, part) = (call.needs_text(0, "identifier")?, call.needs_text(1, "quote_key")?);
            let part = ["database", "schema", "identifier"].iter().position(|known| *known == part);
            let is_quoted = part.is_some_and(|part| session.settings().style.quoted[part]);
            if is_quoted { quoted(&text) } else { Value::from(text) }
        }
        "quote_seed_column" => {
            let text = call.needs_text(0, "column")?;
            let config = call.get(1, "quote_config").filter(|config| !config.is_none());
            if let Some(other) = config.as_ref().filter(|config| config.kind() != ValueKind::Bool) {
                return Err(call.error(format!("`quote_columns` must be true or false, and is {other}")));
            }
            if config.map_or(quoting.seeds, |config| config.is_true()) { quoted(&text) } else { Value::from(text) }
        }
        "get_relation" | "load_relation" | "load_cached_relation" => {
            let asked = match call.get(9, "relation") {
                Some(relation) => relation,
                None => relation(session, call)?,
            };
            existing(session, &asked)
        }
        "standardize_grants_dict" => call.get(0, "grants_table").unwrap_or_else(|| collections::dict([])),
        "commit" | "commit_if_has_connection" | "cache_added" | "cache_dropped" | "cache_renamed" | "verify_database" => Value::from(""),
        "has_dbr_capability" => Value::from(true),
        "get_incremental_strategy_macro" => call.needs(1, "strategy")?,
        "check_schema_exists" | "is_replaceable" | "already_exists" | "is_before_version" => answer(session, call, Value::from(false))?,
        "get_columns_in_relation" => columns(session, state, call)?,
        "get_missing_columns"
        | "list_relations"
        | "list_relations_without_caching"
        | "list_schemas"
        | "get_column_schema_from_query"
        | "get_column_names"
        | "get_partitions_metadata"
        | "get_columns_in_query" => answer(session, call, collections::list([]))?,
        _ => answer(session, call, Value::from(()))?,
    }))
}

/// A relation from `database=`, `schema=`, `identifier=`, `type=`.
fn relation(session: &Arc<Session>, call: &Call) -> Result<Value, Error> {
    let relation = Relation {
        database: call.text(0, "database")?,
        schema: call.text(1, "schema")?,
        identifier: call.text(2, "identifier")?.unwrap_or_default(),
        style: session.settings().style.clone(),
    };
    let mut relation = relation;
    relation.style.included[2] &= !relation.identifier.is_empty();
    Ok(session.relation(relation, call.text(3, "type")?.as_deref(), None))
}

/// `api.Relation`.
struct RelationClass(Arc<Session>);

impl fmt::Debug for RelationClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<class Relation>")
    }
}

impl Object for RelationClass {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match key.as_str()? {
            "Table" => Some(Value::from("table")),
            "View" => Some(Value::from("view")),
            "CTE" => Some(Value::from("cte")),
            "MaterializedView" => Some(Value::from("materialized_view")),
            "External" => Some(Value::from("external")),
            "get_relation_type" => Some(Value::from_object(RelationClass(self.0.clone()))),
            _ => None,
        }
    }

    fn call(self: &Arc<Self>, _: &mut State, args: &[Value]) -> Result<Value, Error> {
        match args {
            [kind] if !kind.is_kwargs() => Ok(kind.clone()),
            _ => relation(&self.0, &Call::of("api.Relation", "create", args)),
        }
    }

    fn call_method(self: &Arc<Self>, _: &mut State, method: &str, args: &[Value]) -> Result<Value, Error> {
        let call = Call::of("api.Relation", method, args);
        match method {
            "create" | "create_from" => relation(&self.0, &call),
            "get_relation_type" => call.needs(0, "type"),
            "scd_args" => call.needs(0, "primary_key"),
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }
}

/// `api.Column`.
struct ColumnClass(Arc<Session>);

impl fmt::Debug for ColumnClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<class Column>")
    }
}

impl ColumnClass {
    fn column(&self, call: &Call) -> Result<Value, Error> {
        let name = marks::plain(&call.needs(0, "column")?);
        Ok(Value::from_object(Column {
            name,
            data_type: call.text(1, "dtype")?.unwrap_or_default(),
            char_size: call.integer(2, "char_size")?,
            numeric_precision: call.integer(3, "numeric_precision")?,
            numeric_scale: call.integer(4, "numeric_scale")?,
            quoting: self.0.settings().columns,
        }))
    }
}

impl Object for ColumnClass {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn call(self: &Arc<Self>, _: &mut State, args: &[Value]) -> Result<Value, Error> {
        self.column(&Call::of("api", "Column", args))
    }

    fn call_method(self: &Arc<Self>, state: &mut State, method: &str, args: &[Value]) -> Result<Value, Error> {
        let call = Call::of("api.Column", method, args);
        let maybe = |place, name| Ok::<_, Error>(Value::from(call.integer(place, name)?));
        match method {
            "create" => {
                let label = Value::from(call.needs_text(1, "label_or_dtype")?);
                let data_type = column::said(&self.0, state, "api_column_type", &[label])?;
                self.column(&Call::of("api.Column", method, &[call.needs(0, "name")?, data_type]))
            }
            "translate_type" => column::said(&self.0, state, "api_column_type", &[Value::from(call.needs_text(0, "dtype")?)]),
            "string_type" => column::said(&self.0, state, "api_column_text", &[maybe(0, "size")?]),
            "numeric_type" => {
                let name = Value::from(call.needs_text(0, "dtype")?);
                column::said(&self.0, state, "api_column_number", &[name, maybe(1, "precision")?, maybe(2, "scale")?])
            }
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }
}
