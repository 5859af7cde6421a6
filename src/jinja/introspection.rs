//! dbt's functions that ask the warehouse. There is none: while a model only says what it is they
//! answer nothing, as in dbt's parsing; afterwards queries are answered from a file of recorded
//! answers and columns from what the project itself shows, and what nobody knows is refused by
//! name.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use minijinja::value::Value;
use minijinja::{Error, State};

use super::call::Call;
use super::column::Column;
use super::globals::Run;
use super::recorded_results::answered;
use super::relations::Named;
use super::session::Session;
use super::table::Table;
use super::{KnownColumn, collections, errors, marks};
use crate::diagnostics::Diagnostic;

pub(super) fn named(name: &str) -> Option<(&'static str, Run)> {
    let found: (&'static str, Run) = match name {
        "run_query" => ("run_query", run_query),
        "statement" => ("statement", statement),
        "noop_statement" => ("noop_statement", change),
        "load_result" => ("load_result", load_result),
        "store_result" => ("store_result", store_result),
        "store_raw_result" => ("store_raw_result", store_result),
        "get_columns_in_relation" => ("get_columns_in_relation", columns),
        "get_columns_in_query" => ("get_columns_in_query", ask),
        "get_column_schema_from_query" => ("get_column_schema_from_query", ask),
        "list_relations_without_caching" => ("list_relations_without_caching", ask),
        "list_schemas" => ("list_schemas", ask),
        "check_schema_exists" => ("check_schema_exists", ask),
        "get_relations" => ("get_relations", ask),
        "create_schema" => ("create_schema", change),
        "drop_schema" => ("drop_schema", change),
        "drop_relation" => ("drop_relation", change),
        "drop_relation_if_exists" => ("drop_relation_if_exists", change),
        "truncate_relation" => ("truncate_relation", change),
        "rename_relation" => ("rename_relation", change),
        "load_agate_table" => ("load_agate_table", ask),
        "submit_python_job" => ("submit_python_job", ask),
        "load_relation" => ("load_relation", load_relation),
        "load_cached_relation" => ("load_cached_relation", load_relation),
        "make_temp_relation" => ("make_temp_relation", temporary),
        "make_intermediate_relation" => ("make_intermediate_relation", temporary),
        "make_backup_relation" => ("make_backup_relation", backup),
        _ => return None,
    };
    Some(found)
}

/// Nothing while parsing, refused afterwards.
fn ask(session: &Arc<Session>, _: &mut State, call: &Call) -> Result<Value, Error> {
    answer(session, call, Value::from(()))
}

fn change(session: &Arc<Session>, _: &mut State, call: &Call) -> Result<Value, Error> {
    answer(session, call, Value::from(""))
}

/// `run_query(sql)`: the table that was recorded for it.
fn run_query(session: &Arc<Session>, _: &mut State, call: &Call) -> Result<Value, Error> {
    if !session.scope.execute {
        return Ok(Value::from(()));
    }
    let table = answered(session, &call.title(), &marks::plain(&call.needs(0, "sql")?))?;
    Ok(Value::from_object(table))
}

/// `{% call statement(name, fetch_result=true) %}`: the body is the query.
fn statement(session: &Arc<Session>, state: &mut State, call: &Call) -> Result<Value, Error> {
    if !session.scope.execute {
        return Ok(Value::from(""));
    }
    let Some(caller) = call.by_name("caller") else {
        return answer(session, call, Value::from(""));
    };
    let query = marks::plain(&caller.call(state, &[])?);
    if !call.truth(1, "fetch_result") {
        let words = query.split_whitespace().collect::<Vec<_>>().join(" ");
        let error = Diagnostic::error(
            "a `statement` without `fetch_result` changes the warehouse while the text is rendered",
        );
        let error = error.fact(format!("the statement is: {words}"));
        return Err(errors::said(error.hint(
            "batchwright runs nothing while it compiles: run it before the plan, or \
                make it a hook of the model",
        )));
    }
    let table = answered(session, &call.title(), &query)?;
    if let Some(name) = call.text(0, "name")? {
        session.running().results.insert(name, table.result());
    }
    Ok(Value::from(""))
}

fn store_result(session: &Arc<Session>, _: &mut State, call: &Call) -> Result<Value, Error> {
    let table = call.get(9, "agate_table").unwrap_or_else(|| Value::from_object(Table::empty()));
    let result = collections::dict([
        (Value::from("response"), call.get(1, "response").unwrap_or(Value::from(()))),
        (Value::from("data"), collections::list([])),
        (Value::from("table"), table),
    ]);
    session.running().results.insert(call.needs_text(0, "name")?, result);
    Ok(Value::from(""))
}

fn load_result(session: &Arc<Session>, _: &mut State, call: &Call) -> Result<Value, Error> {
    let name = call.needs_text(0, "name")?;
    Ok(session.running().results.get(&name).cloned().unwrap_or(Value::from(())))
}

/// The columns of a relation, as far as the project or a catalog shows them.
pub(super) fn columns(session: &Arc<Session>, _: &mut State, call: &Call) -> Result<Value, Error> {
    if !session.scope.execute {
        return Ok(collections::list([]));
    }
    let asked = call.needs(0, "relation")?;
    let Some(asked) = asked.downcast_object_ref::<Named>() else {
        return Err(call.error("needs a relation"));
    };
    let Some(known) = session.shared.known.get() else {
        return answer(session, call, Value::from(()));
    };
    let columns = known.columns(&asked.relation).map_err(errors::said)?;
    let column = |column: KnownColumn| {
        Value::from_object(Column::plain(column.name, column.data_type, session))
    };
    Ok(collections::list(columns.into_iter().map(column)))
}

/// `offline` while parsing, else an error that names the call.
pub(super) fn answer(session: &Arc<Session>, call: &Call, offline: Value) -> Result<Value, Error> {
    if !session.scope.execute {
        return Ok(offline);
    }
    let error = Diagnostic::error(format!(
        "{} needs a warehouse, and batchwright compiles without one",
        call.title()
    ));
    Err(errors::said(error.hint(
        "write the answer into the model, or give it as a variable: \
        `{% set values = var('values') %}`",
    )))
}

fn load_relation(session: &Arc<Session>, _: &mut State, call: &Call) -> Result<Value, Error> {
    Ok(existing(session, &call.needs(0, "relation")?))
}

/// The relation as it exists in the warehouse: `this` where the model is incremental, and what a
/// catalog or recorded answers tell of.
pub(super) fn existing(session: &Arc<Session>, asked: &Value) -> Value {
    let this = session.scope.this.as_ref();
    let named = asked.downcast_object_ref::<Named>();
    let same = named.is_some_and(|asked| Some(&asked.relation) == this || asked.is_this());
    if !session.scope.execute {
        return Value::from(());
    }
    match (this, named) {
        (Some(this), _) if same && session.scope.incremental => {
            session.relation(this.clone(), Some("table"), Some(super::MarkKind::This))
        }
        (_, Some(named))
            if !same
                && session
                    .shared
                    .known
                    .get()
                    .is_some_and(|known| known.exists(&named.relation)) =>
        {
            asked.clone()
        }
        _ => {
            session.missed.store(true, Relaxed);
            Value::from(())
        }
    }
}

fn temporary(session: &Arc<Session>, _: &mut State, call: &Call) -> Result<Value, Error> {
    with_suffix(
        session,
        call,
        call.text(1, "suffix")?.as_deref().unwrap_or("__dbt_tmp"),
        Some("table"),
    )
}

fn backup(session: &Arc<Session>, _: &mut State, call: &Call) -> Result<Value, Error> {
    let kind = call.needs_text(1, "backup_relation_type")?;
    with_suffix(
        session,
        call,
        call.text(2, "suffix")?.as_deref().unwrap_or("__dbt_backup"),
        Some(&kind),
    )
}

/// The relation that a call names, with another identifier.
fn with_suffix(
    session: &Arc<Session>,
    call: &Call,
    suffix: &str,
    kind: Option<&str>,
) -> Result<Value, Error> {
    let base = call.needs(0, "base_relation")?;
    let base = base.downcast_object_ref::<Named>().ok_or_else(|| call.error("needs a relation"))?;
    let mut relation = base.relation.clone();
    if relation.identifier.is_empty() {
        return Err(call.error("needs a relation with an identifier"));
    }
    relation.identifier.push_str(suffix);
    Ok(session.relation(relation, kind, None))
}
