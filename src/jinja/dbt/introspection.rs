//! dbt's functions that query the warehouse, without a warehouse. In the parse pass they return
//! empty values, as in dbt. Afterwards results come from a file of recorded results, and columns
//! from the project; other calls are errors.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use minijinja::value::Value;
use minijinja::{Error, State};

use super::builtin_function::BuiltinFunction;
use super::column::ColumnObject;
use super::macros::MacroRef;
use super::recorded_results::answered;
use super::relations::RelationObject;
use super::session::Session;
use super::table::ResultTable;
use crate::diagnostics::Diagnostic;
use crate::jinja::python::call::Call;
use crate::jinja::python::collections;
use crate::jinja::python::text::unmarked;
use crate::jinja::{CatalogColumn, errors};

pub fn named(name: &str) -> Option<(&'static str, BuiltinFunction)> {
    let entry: (&'static str, BuiltinFunction) = match name {
        "run_query" => ("run_query", run_query),
        "statement" => ("statement", statement),
        "noop_statement" => ("noop_statement", change),
        "load_result" => ("load_result", load_result),
        "store_result" => ("store_result", store_result),
        "store_raw_result" => ("store_raw_result", store_result),
        "get_columns_in_relation" => ("get_columns_in_relation", columns_by_macro),
        "get_columns_in_query" => ("get_columns_in_query", query_error),
        "get_column_schema_from_query" => ("get_column_schema_from_query", query_error),
        "list_relations_without_caching" => ("list_relations_without_caching", query_error),
        "list_schemas" => ("list_schemas", query_error),
        "check_schema_exists" => ("check_schema_exists", query_error),
        "get_relations" => ("get_relations", query_error),
        "create_schema" => ("create_schema", change),
        "drop_schema" => ("drop_schema", change),
        "drop_relation" => ("drop_relation", change),
        "drop_relation_if_exists" => ("drop_relation_if_exists", change),
        "truncate_relation" => ("truncate_relation", change),
        "rename_relation" => ("rename_relation", change),
        "load_agate_table" => ("load_agate_table", query_error),
        "submit_python_job" => ("submit_python_job", query_error),
        "load_relation" => ("load_relation", load_relation),
        "load_cached_relation" => ("load_cached_relation", load_relation),
        "make_temp_relation" => ("make_temp_relation", temporary),
        "make_intermediate_relation" => ("make_intermediate_relation", temporary),
        "make_backup_relation" => ("make_backup_relation", backup),
        _ => return None,
    };
    Some(entry)
}

/// Empty in the parse pass, an error afterwards.
fn query_error(session: &Arc<Session>, _: &mut State, call: &Call) -> Result<Value, Error> {
    answer(session, call, Value::from(()))
}

fn change(session: &Arc<Session>, _: &mut State, call: &Call) -> Result<Value, Error> {
    answer(session, call, Value::from(""))
}

/// `run_query(sql)`: its recorded result.
fn run_query(session: &Arc<Session>, _: &mut State, call: &Call) -> Result<Value, Error> {
    if !session.scope.execute {
        // It has no result yet: not none, and empty.
        return Ok(Value::UNDEFINED);
    }
    let table =
        ResultTable::new(answered(session, &call.title(), &unmarked(&call.needs(0, "sql")?))?);
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
    let query = unmarked(&caller.call(state, &[])?);
    if !call.truth(1, "fetch_result") {
        let words = query.split_whitespace().collect::<Vec<_>>().join(" ");
        let error = Diagnostic::error(
            "a `statement` without `fetch_result` changes the warehouse during rendering",
        );
        let error = error.note(format!("the statement is: {words}"));
        return Err(errors::to_error(error.hint(
            "batchwright runs no statements while it compiles: run it before the plan, or in a \
            hook of the model",
        )));
    }
    let table = ResultTable::new(answered(session, &call.title(), &query)?);
    if let Some(name) = call.text(0, "name")? {
        session.running().results.insert(name, table.result());
    }
    Ok(Value::from(""))
}

fn store_result(session: &Arc<Session>, _: &mut State, call: &Call) -> Result<Value, Error> {
    let table =
        call.get(9, "agate_table").unwrap_or_else(|| Value::from_object(ResultTable::empty()));
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

/// dbt's macro, or the macro of the project that overrides it.
fn columns_by_macro(
    session: &Arc<Session>,
    state: &mut State,
    call: &Call,
) -> Result<Value, Error> {
    const NAME: &str = "get_columns_in_relation";
    let library = session.library();
    match library.overriding(session.settings(), &library.root, NAME) {
        Some((package, name)) if session.scope.execute => {
            let relation = call.needs(0, "relation")?;
            MacroRef::value(session, &package, &name).call(state, &[relation])
        }
        _ => columns(session, call),
    }
}

/// The method of the adapter, which calls the macro in most adapters.
pub fn columns_by_adapter(
    session: &Arc<Session>,
    state: &mut State,
    call: &Call,
) -> Result<Value, Error> {
    match session.settings().columns.read_by_macro {
        true => columns_by_macro(session, state, call),
        false => columns(session, call),
    }
}

/// The columns of a relation, if the project or a catalog has them.
fn columns(session: &Arc<Session>, call: &Call) -> Result<Value, Error> {
    if !session.scope.execute {
        return Ok(collections::list([]));
    }
    let argument = call.needs(0, "relation")?;
    let Some(argument) = argument.downcast_object_ref::<RelationObject>() else {
        return Err(call.error("needs a relation"));
    };
    let Some(known) = session.shared.known.get() else {
        return answer(session, call, Value::from(()));
    };
    let columns = known.columns(&argument.relation).map_err(errors::to_error)?;
    let column = |column: CatalogColumn| {
        Value::from_object(ColumnObject::plain(column.name, column.data_type, session))
    };
    Ok(collections::list(columns.into_iter().map(column)))
}

/// `offline` in the parse pass, else an error.
pub fn answer(session: &Arc<Session>, call: &Call, offline: Value) -> Result<Value, Error> {
    if !session.scope.execute {
        return Ok(offline);
    }
    let error = Diagnostic::error(format!(
        "{} needs a warehouse, but batchwright compiles without one",
        call.title()
    ));
    Err(errors::to_error(error.hint(
        "write the values into the model, or pass them as a variable: `{% set values = \
        var('values') %}`",
    )))
}

fn load_relation(session: &Arc<Session>, _: &mut State, call: &Call) -> Result<Value, Error> {
    Ok(existing(session, &call.needs(0, "relation")?))
}

/// The relation if it exists: `this` if the model is incremental, and relations of a catalog or of
/// recorded results.
pub fn existing(session: &Arc<Session>, requested: &Value) -> Value {
    let this = session.scope.this.as_ref();
    let named = requested.downcast_object_ref::<RelationObject>();
    let same =
        named.is_some_and(|requested| Some(&requested.relation) == this || requested.is_this());
    if !session.scope.execute {
        return Value::from(());
    }
    match (this, named) {
        (Some(this), _) if same && session.scope.incremental => {
            session.relation(this.clone(), Some("table"), Some(crate::jinja::MarkKind::This))
        }
        (_, Some(named))
            if !same
                && session
                    .shared
                    .known
                    .get()
                    .is_some_and(|known| known.exists(&named.relation)) =>
        {
            requested.clone()
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

/// The relation in a call, with a suffix.
fn with_suffix(
    session: &Arc<Session>,
    call: &Call,
    suffix: &str,
    kind: Option<&str>,
) -> Result<Value, Error> {
    let base = call.needs(0, "base_relation")?;
    let base = base
        .downcast_object_ref::<RelationObject>()
        .ok_or_else(|| call.error("needs a relation"))?;
    let mut relation = base.relation.clone();
    if relation.identifier.is_empty() {
        return Err(call.error("needs a relation with an identifier"));
    }
    relation.identifier.push_str(suffix);
    Ok(session.relation(relation, kind, None))
}
