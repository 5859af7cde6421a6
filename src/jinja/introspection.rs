//! dbt's functions that ask the warehouse. There is none: while a model only says what it is they answer nothing, as in dbt's
//! parsing; afterwards they are refused by name, but for the one question that can be answered: whether `this` exists.

use std::sync::Arc;

use minijinja::value::Value;
use minijinja::{Error, State};

use super::call::Call;
use super::names::Run;
use super::relations::Named;
use super::session::Session;
use super::{collections, errors};
use crate::diagnostics::Diagnostic;

pub(super) fn named(name: &str) -> Option<(&'static str, Run)> {
    let found: (&'static str, Run) = match name {
        "run_query" => ("run_query", ask),
        "statement" => ("statement", statement),
        "noop_statement" => ("noop_statement", statement),
        "load_result" => ("load_result", ask),
        "store_result" => ("store_result", statement),
        "store_raw_result" => ("store_raw_result", statement),
        "get_columns_in_relation" => ("get_columns_in_relation", columns),
        "get_columns_in_query" => ("get_columns_in_query", columns),
        "get_column_schema_from_query" => ("get_column_schema_from_query", columns),
        "list_relations_without_caching" => ("list_relations_without_caching", columns),
        "list_schemas" => ("list_schemas", columns),
        "check_schema_exists" => ("check_schema_exists", ask),
        "get_relations" => ("get_relations", columns),
        "create_schema" => ("create_schema", statement),
        "drop_schema" => ("drop_schema", statement),
        "drop_relation" => ("drop_relation", statement),
        "drop_relation_if_exists" => ("drop_relation_if_exists", statement),
        "truncate_relation" => ("truncate_relation", statement),
        "rename_relation" => ("rename_relation", statement),
        "load_agate_table" => ("load_agate_table", ask),
        "submit_python_job" => ("submit_python_job", ask),
        "load_relation" => ("load_relation", load_relation),
        "load_cached_relation" => ("load_cached_relation", load_relation),
        "make_temp_relation" => ("make_temp_relation", temporary),
        "make_intermediate_relation" => ("make_intermediate_relation", temporary),
        "make_backup_relation" => ("make_backup_relation", temporary),
        _ => return None,
    };
    Some(found)
}

/// Nothing while parsing, refused afterwards.
pub(super) fn ask(session: &Arc<Session>, _: &mut State, call: &Call) -> Result<Value, Error> {
    answer(session, call, Value::from(()))
}

pub(super) fn columns(session: &Arc<Session>, _: &mut State, call: &Call) -> Result<Value, Error> {
    answer(session, call, collections::list([]))
}

fn statement(session: &Arc<Session>, _: &mut State, call: &Call) -> Result<Value, Error> {
    answer(session, call, Value::from(""))
}

/// `offline` while parsing, else an error that names the call.
pub(super) fn answer(session: &Arc<Session>, call: &Call, offline: Value) -> Result<Value, Error> {
    if !session.scope.execute {
        return Ok(offline);
    }
    let wrong = Diagnostic::error(format!("{} needs a warehouse, and batchwright compiles without one", call.title()));
    Err(errors::said(wrong.hint("write the answer into the model, or give it as a variable: `{% set values = var('values') %}`")))
}

fn load_relation(session: &Arc<Session>, _: &mut State, call: &Call) -> Result<Value, Error> {
    Ok(existing(session, &call.needs(0, "relation")?))
}

/// The relation as it exists in the warehouse: only `this` can, where the model is incremental.
pub(super) fn existing(session: &Arc<Session>, asked: &Value) -> Value {
    let this = session.scope.this.as_ref();
    let same = asked.downcast_object_ref::<Named>().is_some_and(|asked| Some(&asked.relation) == this || asked.is_this());
    match this {
        Some(this) if same && session.scope.execute && session.scope.incremental => {
            session.relation(this.clone(), Some("table"), Some(super::MarkKind::This))
        }
        _ => Value::from(()),
    }
}

fn temporary(session: &Arc<Session>, _: &mut State, call: &Call) -> Result<Value, Error> {
    let base = call.needs(0, "base_relation")?;
    let suffix = call.text(1, "suffix")?.unwrap_or_else(|| "__dbt_tmp".to_string());
    let base = base.downcast_object_ref::<Named>().ok_or_else(|| call.error("needs a relation"))?;
    let mut relation = base.relation.clone();
    relation.identifier.push_str(&suffix);
    Ok(session.relation(relation, Some("table"), None))
}
