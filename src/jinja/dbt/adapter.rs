//! dbt's `adapter` and `api`: dispatch and naming work offline; methods that query the warehouse
//! are errors.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Object, ObjectRepr, Value, ValueKind};
use minijinja::{Error, ErrorKind, State};
use serde_json::Value as Json;

use super::builtin_function::{Methods, function};
use super::column::ColumnClass;
use super::introspection::{answer, columns_by_adapter, existing};
use super::relations::ephemeral;
use super::session::Session;
use super::{json, macros};
use crate::jinja::Relation;
use crate::jinja::python::call::Call;
use crate::jinja::python::types::{self, Type};
use crate::jinja::python::{collections, items};

pub fn object(session: &Arc<Session>, name: &str) -> Option<Value> {
    match name {
        "adapter" => Some(Value::from_object(Methods {
            name: "adapter",
            session: session.clone(),
            method: adapter,
            attribute,
        })),
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
        "behavior" | "connections" => Some(collections::dict([])),
        "config" => Some(collections::dict([(
            Value::from("credentials"),
            json::value(&Json::Object(session.settings().target.clone())),
        )])),
        "dispatch" => {
            Some(function(session, "dispatch", |session, _, call| macros::dispatch(session, call)))
        }
        name => {
            let known = METHODS.split_ascii_whitespace().find(|known| *known == name)?;
            Some(function(session, known, |session, state, call| {
                Ok(adapter(session, state, call.method(), call)?.unwrap_or_default())
            }))
        }
    }
}

/// The methods that every adapter has.
const METHODS: &str = "already_exists build_catalog_relation check_schema_exists convert_type \
    create_schema drop_relation drop_schema \
    expand_target_column_types get_columns_in_relation get_incremental_strategy_macro \
    get_missing_columns get_relation \
    list_relations_without_caching list_schemas quote quote_as_configured quote_seed_column \
    rename_relation standardize_grants_dict \
    truncate_relation type valid_incremental_strategies valid_snapshot_target verify_database";

fn adapter(
    session: &Arc<Session>,
    state: &mut State,
    method: &str,
    call: &Call,
) -> Result<Option<Value>, Error> {
    let quoting = &session.settings().columns;
    let quoted = |text: &str| Value::from(quoting.quoted(text));
    Ok(Some(match method {
        "dispatch" => macros::dispatch(session, call)?,
        "type" => Value::from(session.settings().adapters.first().cloned()),
        "quote" => quoted(&call.needs_text(0, "identifier")?),
        "quote_as_configured" => {
            let (text, part) =
                (call.needs_text(0, "identifier")?, call.needs_text(1, "quote_key")?);
            let part = ["database", "schema", "identifier"].iter().position(|known| *known == part);
            let is_quoted = part.is_some_and(|part| session.settings().style.quoted[part]);
            if is_quoted { quoted(&text) } else { Value::from(text) }
        }
        "quote_seed_column" => {
            let text = call.needs_text(0, "column")?;
            let config = call.get(1, "quote_config").filter(|config| !config.is_none());
            if let Some(other) = config.as_ref().filter(|config| config.kind() != ValueKind::Bool) {
                return Err(
                    call.error(format!("`quote_columns` must be true or false, but got {other}"))
                );
            }
            if config.map_or(quoting.seeds, |config| config.is_true()) {
                quoted(&text)
            } else {
                Value::from(text)
            }
        }
        "get_relation" | "load_relation" | "load_cached_relation" => {
            let requested = match call.get(9, "relation") {
                Some(relation) => relation,
                None => relation(session, call)?,
            };
            existing(session, &requested)
        }
        "standardize_grants_dict" => {
            call.get(0, "grants_table").unwrap_or_else(|| collections::dict([]))
        }
        "commit" | "cache_added" | "cache_dropped" | "cache_renamed" | "verify_database" => {
            Value::from("")
        }
        "has_dbr_capability" => Value::from(true),
        "get_incremental_strategy_macro" => call.needs(1, "strategy")?,
        "check_schema_exists" | "is_replaceable" | "already_exists" | "is_before_version" => {
            answer(session, call, Value::from(false))?
        }
        "get_columns_in_relation" => columns_by_adapter(session, state, call)?,
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

/// A relation from `database=`, `schema=`, `identifier=`, `type=`, and its quoting and inclusion
/// policies.
fn relation(session: &Arc<Session>, call: &Call) -> Result<Value, Error> {
    let mut style = session.settings().style.clone();
    let mut identifier = call.text(2, "identifier")?.unwrap_or_default();
    for (parts, policy) in
        [(&mut style.quoted, "quote_policy"), (&mut style.included, "include_policy")]
    {
        let Some(policy) = call.get(9, policy) else { continue };
        for (key, value) in collections::pairs_of(&policy)? {
            if let Some(part) = PARTS.iter().position(|part| key.as_str() == Some(part)) {
                parts[part] = value.is_true();
            }
        }
    }
    style.included[2] &= !identifier.is_empty();
    let kind = call.text(3, "type")?;
    if let Some(kind) = kind.as_deref().filter(|kind| !KINDS.contains(kind)) {
        return Err(call.error(format!(
            "`{kind}` is not a type of relations: use {}",
            KINDS.map(|kind| format!("`{kind}`")).join(", ")
        )));
    }
    if kind.as_deref() == Some("cte") {
        identifier = identifier.trim().to_string();
    }
    let relation = Relation {
        database: call.text(0, "database")?,
        schema: call.text(1, "schema")?,
        identifier,
        style,
    };
    Ok(session.relation(relation, kind.as_deref(), None))
}

const PARTS: [&str; 3] = ["database", "schema", "identifier"];

/// dbt's types of relations, including those of single adapters.
const KINDS: [&str; 14] = [
    "table",
    "view",
    "cte",
    "materialized_view",
    "external",
    "ephemeral",
    "pointer_table",
    "dynamic_table",
    "function",
    "streaming_table",
    "foreign",
    "metric_view",
    "dictionary",
    "materializedview",
];

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
            _ => Err(Error::new(
                ErrorKind::InvalidOperation,
                "`api.Relation` is not a function: use `api.Relation.create(…)`",
            )),
        }
    }

    fn call_method(
        self: &Arc<Self>,
        _: &mut State,
        method: &str,
        args: &[Value],
    ) -> Result<Value, Error> {
        let call = Call::of("api.Relation", method, args);
        let policy = |parts: [bool; 3]| {
            collections::dict(
                PARTS
                    .into_iter()
                    .zip(parts)
                    .map(|(part, holds)| (Value::from(part), Value::from(holds))),
            )
        };
        match method {
            "create" => relation(&self.0, &call),
            "get_relation_type" => call.needs(0, "type"),
            "scd_args" => {
                let (key, updated) = (call.needs(0, "primary_key")?, call.needs(1, "updated_at")?);
                let keys = if types::of(&key) == Type::List { items(&key)? } else { vec![key] };
                Ok(collections::list(keys.into_iter().chain([updated])))
            }
            "add_ephemeral_prefix" => Ok(Value::from(ephemeral(&call.needs_text(0, "name")?))),
            "get_default_quote_policy" => Ok(policy(self.0.settings().style.quoted)),
            "get_default_include_policy" => Ok(policy(self.0.settings().style.included)),
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }
}
