//! The statement of a model's batches: deletes the window and inserts the rows of the query.
//! Generated once per model, with slots for the window.

use std::sync::Arc;

use minijinja::Value;

use super::adapter_config::{sql_footer, sql_header};
use super::batches::Batches;
use super::header::{describe_input, header};
use super::ledger::{LedgerRow, WrapClass, record};
use super::partition_args::partition_args;
use super::predicates::{all_of, column_list, predicate_list, where_clause, window_predicate};
use super::query_text::{author_query, split_ctes};
use super::relation_name::{ddl_relation, schema_name};
use super::terminator::terminate_statement;
use super::window_lock::WindowLock;
use crate::config::{EventTime, OutsideWindow};
use crate::diagnostics::Diagnostic;
use crate::dialect::{BatchTemplate, Dialect, Slot, Sql, reject_slots};
use crate::inject::ResultColumn;
use crate::jinja::Relation;

/// The template of the batches' files.
pub fn overwrite(batches: &Batches) -> Result<Arc<BatchTemplate>, Diagnostic> {
    reject_slot_characters(batches)?;
    let dialect = batches.dialect;
    let event_time = &batches.settings.event_time;
    let predicates = predicate_list(&batches.settings.incremental_predicates);
    let partition = partition_args(batches)?;
    let window = guard_window(dialect, event_time)?;
    // A row of the window that is not in the window's partitions would be lost or duplicated, so it
    // counts as outside.
    let inside = match &partition.inside {
        Some(inside) => Sql(format!("{window}\n  and {inside}")),
        None => window.clone(),
    };
    let names = Names::of(batches)?;
    let outside = OutsideRows::of(batches, &names, &window, &inside, &predicates)?;

    let drops =
        batches.mode == OutsideWindow::Drop && !batches.inputs.iter().any(|input| input.filtered);
    let query = author_query(batches.query);
    let staged = match drops {
        true => dialect
            .sql("staged_window", &[("query", query.clone()), ("window", inside.value())])?
            .value(),
        false => query.clone(),
    };
    let staged_where =
        if drops { where_clause(std::slice::from_ref(&inside)) } else { String::new() };
    let (ctes, body) = split_ctes(dialect, batches.query);
    let deleted = all_of(&partition.pruned(&window_predicate(dialect, event_time)?), &predicates);
    let insert_filter: Vec<Sql> = outside.insert_filter.into_iter().chain(predicates).collect();
    let lock = WindowLock::of(batches)?;
    let stage_ticks = temporary_table(batches, "batch_", &ddl_relation(dialect, batches.target));

    let arguments = [
        ("target", names.target.value()),
        ("stage", names.stage.value()),
        ("stage_ticks", stage_ticks.value()),
        ("check", names.check.value()),
        ("others", other_columns(batches)?),
        ("query", query),
        ("staged", staged),
        ("staged_where", Value::from_safe_string(staged_where)),
        ("ctes", Value::from_safe_string(ctes)),
        ("body", body),
        ("into", names.into.value()),
        ("columns", names.columns.value()),
        ("checked", outside.checked.value()),
        ("delete_predicate", Value::from_safe_string(deleted)),
        ("insert_filter", Value::from_safe_string(where_clause(&insert_filter))),
        ("guard", outside.guard.value()),
        ("out_of_window_rows", outside.out_of_window_rows.value()),
        ("each", partition.each),
        ("end", Value::from_safe_string(Slot::EachEnd.to_string())),
        ("partition", partition.value),
        ("cut", partition.cut),
        ("rest", partition.rest),
        ("stage_location", stage_location(batches)?),
        ("lock", first_statements(batches, &lock)?.value()),
        ("unlock", lock.release.value()),
        ("withdrawal", batches.withdrawal_within()?.value()),
    ];
    let statement = dialect.sql(&overwrite_macro(batches), &arguments)?;
    file(batches, batches.mode.as_str(), statement, &ledger_row(batches))
}

/// The file with the statement, its row of the ledger, and what stands around them.
fn file(
    batches: &Batches,
    outside: &str,
    statement: Sql,
    row: &LedgerRow,
) -> Result<Arc<BatchTemplate>, Diagnostic> {
    let dialect = batches.dialect;
    let statement = record(dialect, statement, row)?;
    let before = match dialect.hooks.in_transaction {
        true => String::new(),
        false => sql_header(dialect, batches.node)?,
    };
    let after = sql_footer(dialect, batches.node)?;
    let header = batch_header(batches, outside);
    let (reject, withdrawal) = (batches.reject_published()?, batches.withdrawal()?);
    let statements = match &*withdrawal.0 {
        "" => format!("{statement}\n"),
        withdrawal if dialect.staging.withdraws_in_transaction => {
            format!("{reject}\n\n{withdrawal}\n\n{statement}\n")
        }
        // An audit may approve the earlier rows while the statement runs.
        withdrawal => format!("{reject}\n\n{withdrawal}\n\n{statement}\n\n{withdrawal}\n"),
    };
    let text = format!("{header}\n{before}{statements}{after}");
    Ok(Arc::new(BatchTemplate::new(&text, batches.settings.timezone)))
}

/// The first statements of the batch's transaction: the lock, and the author's header where dbt's
/// adapter runs it in the transaction.
fn first_statements(batches: &Batches, lock: &WindowLock) -> Result<Sql, Diagnostic> {
    if !batches.dialect.hooks.in_transaction {
        return Ok(lock.acquire.clone());
    }
    let header = sql_header(batches.dialect, batches.node)?;
    let statements = [lock.acquire.0.as_str(), header.trim_end()];
    let statements = statements.into_iter().filter(|statement| !statement.is_empty());
    Ok(Sql(statements.collect::<Vec<_>>().join("\n\n")))
}

/// The macro of the batches: the most specific one for the strategy and for rows outside of the
/// window.
fn overwrite_macro(batches: &Batches) -> String {
    let mode = batches.mode.as_str();
    let variant = batches.strategy.variant.as_ref();
    let candidates = [
        variant.map(|variant| format!("overwrite_{variant}_{mode}")),
        variant.map(|variant| format!("overwrite_{variant}")),
        Some(format!("overwrite_{mode}")),
    ];
    let mut existing =
        candidates.into_iter().flatten().filter(|name| batches.dialect.has_macro(name));
    existing.next().unwrap_or_else(|| "overwrite".to_string())
}

/// The tables and columns of a batch's statements.
struct Names {
    target: Sql,
    /// The table with the rows of the query.
    stage: Sql,
    /// The table of a guard that needs one.
    check: Sql,
    /// The columns that the insert names.
    into: Sql,
    /// The columns that it selects.
    columns: Sql,
}

impl Names {
    fn of(batches: &Batches) -> Result<Names, Diagnostic> {
        let dialect = batches.dialect;
        let columns = batches.columns.map(|columns| column_list(dialect, columns));
        let into = match &columns {
            Some(columns) => dialect.sql("into_named", &[("columns", columns.value())])?,
            None => dialect.sql("into_unnamed", &[])?,
        };
        Ok(Names {
            target: Sql(batches.target.to_string()),
            stage: batch_stage(batches),
            check: temporary_table(batches, "check_", batches.target),
            into,
            columns: columns.unwrap_or(Sql("*".to_string())),
        })
    }
}

/// What a batch does with the rows of its query that are outside of the window.
struct OutsideRows {
    /// The inserted columns; one of them may contain the guard.
    checked: Sql,
    /// The predicates of the insert.
    insert_filter: Vec<Sql>,
    /// The statement that fails if there is such a row.
    guard: Sql,
    /// The statement that inserts these rows too.
    out_of_window_rows: Sql,
}

impl OutsideRows {
    /// `window` is the predicate of the window; `inside` also has that of its partitions.
    fn of(
        batches: &Batches,
        names: &Names,
        window: &Sql,
        inside: &Sql,
        predicates: &[Sql],
    ) -> Result<OutsideRows, Diagnostic> {
        let dialect = batches.dialect;
        let message = guard_message(batches);
        let outside = dialect.sql("outside", &[("window", inside.value())])?;
        let mut rows = OutsideRows {
            checked: names.columns.clone(),
            insert_filter: Vec::new(),
            guard: Sql::default(),
            out_of_window_rows: Sql::default(),
        };
        match batches.mode {
            OutsideWindow::Drop => rows.insert_filter.push(inside.clone()),
            OutsideWindow::Error if dialect.has_macro("guarded") => {
                match guarded_column(batches, inside, &message)? {
                    Some(columns) => rows.checked = columns,
                    None => rows.insert_filter.push(dialect.sql(
                        "guarded",
                        &[("window", inside.value()), ("message", message.value())],
                    )?),
                }
            }
            OutsideWindow::Error => {
                let arguments = [
                    ("stage", names.stage.value()),
                    ("outside", outside.value()),
                    ("message", message.value()),
                    ("check", names.check.value()),
                ];
                rows.guard = dialect.sql("guard", &arguments)?;
            }
            OutsideWindow::Keep => {
                rows.insert_filter.push(window.clone());
                let outside = Sql(all_of(&outside.0, predicates));
                let arguments = [
                    ("target", names.target.value()),
                    ("stage", names.stage.value()),
                    ("into", names.into.value()),
                    ("columns", names.columns.value()),
                    ("outside", outside.value()),
                ];
                rows.out_of_window_rows = dialect.sql("out_of_window_rows", &arguments)?;
            }
        }
        Ok(rows)
    }
}

/// The ledger row of a batch.
fn ledger_row<'a>(batches: &Batches<'a>) -> LedgerRow<'a> {
    LedgerRow {
        node: batches.node,
        kind: batches.row_kind,
        range: None,
        // In the mode `keep` a second insert follows.
        is_counted: batches.mode != OutsideWindow::Keep,
        class: if batches.in_order { WrapClass::Ordered } else { WrapClass::Batches },
    }
}

/// The window's predicate with a check of the column's type.
fn guard_window(dialect: &Dialect, event_time: &EventTime) -> Result<Sql, Diagnostic> {
    dialect.guard_window(
        &dialect.event_time(&event_time.column, event_time.quote),
        event_time.time_type()?,
    )
}

/// The columns, with a guard around the event time. The guard is in the select list because an
/// engine may evaluate a `where` predicate before the query's own filters. None if the columns are
/// unknown.
fn guarded_column(
    batches: &Batches,
    window: &Sql,
    message: &Sql,
) -> Result<Option<Sql>, Diagnostic> {
    let dialect = batches.dialect;
    let event_time = &batches.settings.event_time;
    let is_time = |column: &ResultColumn| column.name.eq_ignore_ascii_case(&event_time.column);
    let shown = batches
        .columns
        .filter(|columns| dialect.has_macro("guarded_column") && columns.iter().any(is_time));
    let Some(columns) = shown else { return Ok(None) };
    let listed = columns.iter().map(|column| {
        let name = dialect.column(&column.name, column.quoted);
        let arguments =
            [("column", name.value()), ("window", window.value()), ("message", message.value())];
        Ok(if is_time(column) { dialect.sql("guarded_column", &arguments)?.0 } else { name.0 })
    });
    Ok(Some(Sql(listed.collect::<Result<Vec<String>, Diagnostic>>()?.join(", "))))
}

/// The columns except the one with the partition's value.
fn other_columns(batches: &Batches) -> Result<Value, Diagnostic> {
    let partition_column =
        batches.strategy.partition.as_ref().and_then(|partition| partition.column.as_ref());
    let Some(partition_column) = partition_column else {
        return Ok(Value::from_safe_string(String::new()));
    };
    let Some(columns) = batches.columns else {
        let needed =
            batches.dialect.strategy_of(batches.strategy.variant.as_deref()).needs_partitions;
        let error = Diagnostic::error(format!(
            "the columns of `{}` are unknown, but those other than the partition must be listed",
            batches.node.name
        ));
        return if needed {
            Err(error
                .at(batches.node.file.line(1))
                .hint("name the columns in the last `select` instead of `*`"))
        } else {
            Ok(Value::from_safe_string(String::new()))
        };
    };
    let others: Vec<ResultColumn> = columns
        .iter()
        .filter(|column| !column.name.eq_ignore_ascii_case(partition_column))
        .cloned()
        .collect();
    Ok(column_list(batches.dialect, &others).value())
}

/// The location of the staged table's files, for an engine that needs one: next to those of the
/// table.
fn stage_location(batches: &Batches) -> Result<Value, Diagnostic> {
    let dialect = batches.dialect;
    let key = dialect.batches.location_key.as_ref();
    let location = key.and_then(|key| batches.node.setting(key)?.as_str());
    let Some(location) = location else { return Ok(Value::from_safe_string(String::new())) };
    let text =
        dialect.string(&format!("{}__batch_{}/", location.trim_end_matches('/'), Slot::Name));
    Ok(dialect.sql("location", &[("text", text.value())])?.value())
}

/// The name of a temporary table. It contains model and batch, so that concurrent batches do not
/// collide.
fn temporary_table(batches: &Batches, suffix: &str, near: &Relation) -> Sql {
    let dialect = batches.dialect;
    let prefix = &dialect.batches.stage_prefix;
    let base = dialect.limited_name(
        &batches.node.relation.identifier,
        suffix,
        batches.label_length + prefix.len(),
    );
    let plain = dialect.column(&base, false).0 == base;
    let name = if plain {
        Sql(format!("{prefix}{base}{}", Slot::Name))
    } else {
        dialect.quoted(&format!("{prefix}{base}{}", Slot::Name))
    };
    match (dialect.batches.stage_in_schema, schema_name(near)) {
        (true, Some(schema)) => Sql(format!("{schema}.{name}")),
        _ => name,
    }
}

/// The error message of the guard.
fn guard_message(batches: &Batches) -> Sql {
    let text = format!(
        "{}@{}: the query gives rows whose {} is null or outside of {} to {} UTC, so nothing was \
         changed",
        batches.node.unique_id,
        Slot::Label,
        batches.settings.event_time.column,
        Slot::StartTime,
        Slot::EndTime,
    );
    batches.dialect.string(&text.replace('$', ""))
}

/// The name of the table with the rows of a batch's query, with a slot for the batch.
pub fn batch_stage(batches: &Batches) -> Sql {
    temporary_table(batches, "batch_", batches.target)
}

/// The template of one batch's file whose statements were returned by a strategy macro.
pub fn overwrite_by_macro(
    batches: &Batches,
    statements: &str,
) -> Result<Arc<BatchTemplate>, Diagnostic> {
    reject_slot_characters(batches)?;
    reject_slots(statements).map_err(|error| error.at(batches.node.file.line(1)))?;
    let dialect = batches.dialect;
    let stage = batch_stage(batches);
    let lock = WindowLock::of(batches)?;
    let arguments = [
        ("stage", stage.value()),
        ("query", author_query(batches.query)),
        ("statements", Sql(terminate_statement(statements)).value()),
        ("lock", first_statements(batches, &lock)?.value()),
        ("unlock", lock.release.value()),
        ("withdrawal", batches.withdrawal_within()?.value()),
        ("begin", dialect.sql("begin", &[])?.value()),
        ("commit", dialect.sql("commit", &[])?.value()),
    ];
    let statement = dialect.sql("by_macro", &arguments)?;
    let row = LedgerRow { is_counted: false, ..ledger_row(batches) };
    file(batches, "as the macro treats them", statement, &row)
}

fn batch_header(batches: &Batches, outside: &str) -> String {
    let mut lines = vec![
        ("model", batches.node.unique_id.clone()),
        ("batch", format!("{}", Slot::Label)),
        ("window", format!("{} to {} UTC, end excluded", Slot::StartTime, Slot::EndTime)),
        ("target", batches.target.to_string()),
        ("strategy", batches.strategy.label.clone()),
        ("atomic", atomicity(batches)),
        ("rows outside of the window", outside.to_string()),
    ];
    lines.extend(batches.inputs.iter().map(|entry| ("input", describe_input(entry))));
    header(batches.dialect, &lines)
}

/// Whether a file is atomic; if not, what a rerun does.
fn atomicity(batches: &Batches) -> String {
    match batches.strategy.atomic {
        true => "true".to_string(),
        false => format!(
            "false: {}",
            batches.dialect.strategy_of(batches.strategy.variant.as_deref()).not_atomic
        ),
    }
}

/// Rejects names that contain characters that mark slots.
fn reject_slot_characters(batches: &Batches) -> Result<(), Diagnostic> {
    let node = batches.node;
    let texts =
        [node.unique_id.as_str(), &node.relation.identifier, &batches.settings.event_time.column];
    texts
        .into_iter()
        .try_for_each(|text| reject_slots(text).map_err(|error| error.at(node.file.at(0..0))))
}
