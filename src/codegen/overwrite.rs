//! The statement of a model's batches: the window goes out, the query's rows come in. Made once for
//! a model, with slots where the window stands.

use std::sync::{Arc, LazyLock};

use minijinja::Value;
use regex::Regex;

use super::adapter_config::{sql_footer, sql_header};
use super::create_table::{apart, author, schema_name, ticked};
use super::header::{header, input};
use super::inputs::InputEntry;
use super::outside_window::word;
use super::partition_args::parts;
use super::raw_settings::refuse_event_time;
use super::strategy::Strategy;
use super::terminator::{ended, statement};
use crate::config::{EventTime, Microbatch, Node, OutsideWindow};
use crate::diagnostics::Diagnostic;
use crate::dialect::{BatchTemplate, Dialect, Slot, Sql, reject_slots};
use crate::inject::ResultColumn;
use crate::jinja::Relation;

/// What the batches of one model have in common.
pub struct Batches<'a> {
    pub dialect: &'a Dialect,
    pub node: &'a Node,
    pub settings: &'a Microbatch,
    /// The table that is written: the model's own, or the one beside it in a full refresh.
    pub target: &'a Relation,
    /// The query with its filters, slots for the window in them.
    pub query: &'a str,
    pub columns: Option<&'a [ResultColumn]>,
    pub mode: OutsideWindow,
    pub strategy: &'a Strategy,
    pub inputs: &'a [InputEntry],
    /// Labels are at most this long.
    pub label_length: usize,
}

/// The text of the batches' files, to be stamped.
pub fn overwrite(batches: &Batches) -> Result<Arc<BatchTemplate>, Diagnostic> {
    refuse_letters(batches)?;
    let dialect = batches.dialect;
    let event_time = &batches.settings.event_time;
    let deleted = window(dialect, event_time)?;
    let window = guard_window(dialect, event_time)?;
    let predicates = predicates(&batches.settings.incremental_predicates);
    let message = message(batches)?;
    let columns = names(dialect, batches.columns)?;
    let into = match &columns {
        Some(columns) => dialect.sql("into_named", &[("columns", columns.value())])?,
        None => dialect.sql("into_unnamed", &[])?,
    };
    let columns = columns.unwrap_or(Sql("*".to_string()));
    let mut checked = columns.clone();
    let stage = temporary(batches, "batch_", batches.target)?;
    let check = temporary(batches, "check_", batches.target)?;
    let stage_ticks = temporary(batches, "batch_", &ticked(dialect, batches.target)?)?;
    let parts = parts(batches)?;
    // A row of the window that is not in the window's partitions would be lost or doubled: it
    // counts as one outside.
    let inside = match &parts.inside {
        Some(inside) => Sql(format!("{window}\n  and {inside}")),
        None => window.clone(),
    };
    let outside = dialect.sql("outside", &[("window", inside.value())])?;
    let target = Sql(batches.target.to_string());

    let mut insert_filters = Vec::new();
    let mut guard = Sql::default();
    let mut out_of_window_rows = Sql::default();
    match batches.mode {
        OutsideWindow::Drop => insert_filters.push(inside.clone()),
        OutsideWindow::Error if dialect.has("guarded") => {
            match guarded_column(batches, &inside, &message)? {
                Some(columns) => checked = columns,
                None => {
                    insert_filters.push(dialect.sql(
                        "guarded",
                        &[("window", inside.value()), ("message", message.value())],
                    )?)
                }
            }
        }
        OutsideWindow::Error => {
            let arguments = [
                ("stage", stage.value()),
                ("outside", outside.value()),
                ("message", message.value()),
                ("check", check.value()),
            ];
            guard = dialect.sql("guard", &arguments)?;
        }
        OutsideWindow::Keep => {
            insert_filters.push(window.clone());
            let outside = Sql(with(&outside.0, &predicates));
            let arguments = [
                ("target", target.value()),
                ("stage", stage.value()),
                ("into", into.value()),
                ("columns", columns.value()),
                ("outside", outside.value()),
            ];
            out_of_window_rows = dialect.sql("out_of_window_rows", &arguments)?;
        }
    }
    insert_filters.extend(predicates.iter().cloned());

    let drops =
        batches.mode == OutsideWindow::Drop && !batches.inputs.iter().any(|input| input.filtered);
    let query = author(batches.query);
    let staged = match drops {
        true => dialect
            .sql("staged_window", &[("query", query.clone()), ("window", inside.value())])?
            .value(),
        false => query.clone(),
    };
    let staged_where =
        if drops { where_clause(std::slice::from_ref(&inside)) } else { String::new() };
    let (ctes, body) = apart(dialect, batches.query)?;
    let others = others(batches)?;
    let arguments = [
        ("target", target.value()),
        ("stage", stage.value()),
        ("stage_ticks", stage_ticks.value()),
        ("check", check.value()),
        ("others", others),
        ("query", query),
        ("staged", staged),
        ("staged_where", Value::from_safe_string(staged_where)),
        ("ctes", Value::from_safe_string(ctes)),
        ("body", body),
        ("into", into.value()),
        ("columns", columns.value()),
        ("checked", checked.value()),
        ("delete_predicate", Value::from_safe_string(with(&parts.pruned(&deleted), &predicates))),
        ("insert_filter", Value::from_safe_string(where_clause(&insert_filters))),
        ("guard", guard.value()),
        ("out_of_window_rows", out_of_window_rows.value()),
        ("each", parts.each),
        ("end", Value::from_safe_string(Slot::EachEnd.to_string())),
        ("partition", parts.value),
        ("cut", parts.cut),
        ("rest", parts.rest),
        ("stage_location", stage_location(batches)?),
    ];
    let names = [
        batches
            .strategy
            .variant
            .as_ref()
            .map(|variant| format!("overwrite_{variant}_{}", word(batches.mode))),
        batches.strategy.variant.as_ref().map(|variant| format!("overwrite_{variant}")),
        Some(format!("overwrite_{}", word(batches.mode))),
    ];
    let own = names.into_iter().flatten().find(|name| dialect.has(name));
    let statement = dialect.sql(own.as_deref().unwrap_or("overwrite"), &arguments)?;
    let (before, behind) = (sql_header(dialect, batches.node)?, sql_footer(dialect, batches.node)?);
    let text = format!("{}\n{before}{statement}\n{behind}", head(batches, word(batches.mode))?);
    Ok(Arc::new(BatchTemplate::new(&text, batches.settings.timezone)))
}

/// The window's predicate on the column of an event time.
pub fn window(dialect: &Dialect, event_time: &EventTime) -> Result<Sql, Diagnostic> {
    refuse_event_time(dialect, event_time)?;
    dialect
        .window(&dialect.event_time(&event_time.column, event_time.quote)?, event_time.time_type()?)
}

/// The same with a check of the column's type.
fn guard_window(dialect: &Dialect, event_time: &EventTime) -> Result<Sql, Diagnostic> {
    dialect.guard_window(
        &dialect.event_time(&event_time.column, event_time.quote)?,
        event_time.time_type()?,
    )
}

/// The columns of the insert, or nothing where the query does not show them.
pub(super) fn names(
    dialect: &Dialect,
    columns: Option<&[ResultColumn]>,
) -> Result<Option<Sql>, Diagnostic> {
    let Some(columns) = columns else { return Ok(None) };
    let names: Result<Vec<String>, Diagnostic> =
        columns.iter().map(|column| Ok(dialect.column(&column.name, column.quoted)?.0)).collect();
    Ok(Some(Sql(names?.join(", "))))
}

/// The columns, the event time's checked: what stands in a `select` is computed of the query's rows
/// alone, while an engine may ask a condition of rows that the query's own conditions have yet to
/// leave out. Nothing where the query does not show its columns.
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
        .filter(|columns| dialect.has("guarded_column") && columns.iter().any(is_time));
    let Some(columns) = shown else { return Ok(None) };
    let listed = columns.iter().map(|column| {
        let name = dialect.column(&column.name, column.quoted)?;
        let arguments =
            [("column", name.value()), ("window", window.value()), ("message", message.value())];
        Ok(if is_time(column) { dialect.sql("guarded_column", &arguments)?.0 } else { name.0 })
    });
    Ok(Some(Sql(listed.collect::<Result<Vec<String>, Diagnostic>>()?.join(", "))))
}

/// The columns but for the one that holds the partition's value.
fn others(batches: &Batches) -> Result<Value, Diagnostic> {
    let own = batches.strategy.partition.as_ref().and_then(|partition| partition.column.as_ref());
    let Some(own) = own else { return Ok(Value::from_safe_string(String::new())) };
    let Some(columns) = batches.columns else {
        let needed = batches
            .dialect
            .property_of::<bool>("needs_partitions", batches.strategy.variant.as_deref())?;
        let error = Diagnostic::error(format!(
            "`{}` does not show its columns, and those beside the partition must be named",
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
    let others: Vec<ResultColumn> =
        columns.iter().filter(|column| !column.name.eq_ignore_ascii_case(own)).cloned().collect();
    Ok(names(batches.dialect, Some(&others))?.unwrap_or_default().value())
}

/// `incremental_predicates`, each in parentheses, without the prefixes that dbt's merge gives them:
/// they hold for the target and for the stage.
pub(super) fn predicates(predicates: &[String]) -> Vec<Sql> {
    static PREFIX: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\bdbt_internal_(dest|target|source)\s*\.\s*")
            .expect("the pattern is well formed")
    });
    predicates
        .iter()
        .map(|predicate| Sql(format!("({}", ended(&PREFIX.replace_all(predicate.trim(), ""), ")"))))
        .collect()
}

pub(super) fn with(window: &str, predicates: &[Sql]) -> String {
    let further: String =
        predicates.iter().map(|predicate| format!("\n  and {predicate}")).collect();
    format!("{window}{further}")
}

/// Where the staged table's files go, for an engine that must be told: beside those of the table.
fn stage_location(batches: &Batches) -> Result<Value, Diagnostic> {
    let dialect = batches.dialect;
    let key: Option<String> = dialect.property("location_key")?;
    let location = key.and_then(|key| batches.node.setting(&key)?.as_str().map(str::to_string));
    let Some(location) = location else { return Ok(Value::from_safe_string(String::new())) };
    let text =
        dialect.string(&format!("{}__batch_{}/", location.trim_end_matches('/'), Slot::Name))?;
    Ok(dialect.sql("location", &[("text", text.value())])?.value())
}

pub(super) fn where_clause(conditions: &[Sql]) -> String {
    match conditions {
        [] => String::new(),
        [first, further @ ..] => format!("\nwhere {}", with(&first.0, further)),
    }
}

/// A table of the batch's own: named for its model and batch, so that two batches side by side do
/// not meet.
fn temporary(batches: &Batches, suffix: &str, near: &Relation) -> Result<Sql, Diagnostic> {
    let dialect = batches.dialect;
    let prefix: String = dialect.property("stage_prefix")?;
    let base = dialect.limited_name(
        &batches.node.relation.identifier,
        suffix,
        batches.label_length + prefix.len(),
    )?;
    let plain = dialect.column(&base, false)?.0 == base;
    let name = if plain {
        Sql(format!("{prefix}{base}{}", Slot::Name))
    } else {
        dialect.quoted(&format!("{prefix}{base}{}", Slot::Name))?
    };
    match (dialect.property::<bool>("stage_in_schema")?, schema_name(near)) {
        (true, Some(schema)) => Ok(Sql(format!("{schema}.{name}"))),
        _ => Ok(name),
    }
}

/// What the engine says when the guard stops a file.
fn message(batches: &Batches) -> Result<Sql, Diagnostic> {
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

/// The name of the table that holds the rows of a batch's query, a slot for the batch in it.
pub fn batch_stage(batches: &Batches) -> Result<Sql, Diagnostic> {
    temporary(batches, "batch_", batches.target)
}

/// The text of one batch's file whose statements a macro of the project has returned.
pub fn overwrite_by_macro(
    batches: &Batches,
    statements: &str,
) -> Result<Arc<BatchTemplate>, Diagnostic> {
    refuse_letters(batches)?;
    reject_slots(statements).map_err(|error| error.at(batches.node.file.line(1)))?;
    let dialect = batches.dialect;
    let stage = batch_stage(batches)?;
    let arguments = [
        ("stage", stage.value()),
        ("query", author(batches.query)),
        ("statements", Sql(statement(statements)).value()),
    ];
    let text = dialect.sql("by_macro", &arguments)?;
    let (before, behind) = (sql_header(dialect, batches.node)?, sql_footer(dialect, batches.node)?);
    let head = head(batches, "as the macro treats them")?;
    Ok(Arc::new(BatchTemplate::new(
        &format!("{head}\n{before}{text}\n{behind}"),
        batches.settings.timezone,
    )))
}

fn head(batches: &Batches, outside: &str) -> Result<String, Diagnostic> {
    let mut lines = vec![
        ("model", batches.node.unique_id.clone()),
        ("batch", format!("{}", Slot::Label)),
        ("window", format!("{} to {} UTC, end excluded", Slot::StartTime, Slot::EndTime)),
        ("target", batches.target.to_string()),
        ("strategy", batches.strategy.words.clone()),
        ("atomic", atomic(batches)?),
        ("rows outside of the window", outside.to_string()),
    ];
    lines.extend(batches.inputs.iter().map(|entry| ("input", input(entry))));
    Ok(header(batches.dialect, &lines))
}

/// Whether a file happens as a whole, or what a rerun does where it cannot.
fn atomic(batches: &Batches) -> Result<String, Diagnostic> {
    match batches.strategy.atomic {
        true => Ok("true".to_string()),
        false => Ok(format!(
            "false: {}",
            batches
                .dialect
                .property_of::<String>("not_atomic", batches.strategy.variant.as_deref())?
        )),
    }
}

/// The author's text may not hold the characters that stand for the window here.
fn refuse_letters(batches: &Batches) -> Result<(), Diagnostic> {
    let node = batches.node;
    let texts =
        [node.unique_id.as_str(), &node.relation.identifier, &batches.settings.event_time.column];
    texts
        .into_iter()
        .try_for_each(|text| reject_slots(text).map_err(|error| error.at(node.file.at(0..0))))
}
