//! The SQL of the ledger: the file that creates its table, the row that each file with rows writes,
//! and the queries that read it. The row is written in the transaction of the rows if the engine
//! has transactions, and after it otherwise.

use std::borrow::Cow;

use minijinja::Value;

use super::create_table::create_schema;
use super::header::header;
use super::relation_name::{ddl_relation, relation_sql};
use super::result_lines;
use crate::calendar::Window;
use crate::config::Node;
use crate::diagnostics::Diagnostic;
pub use crate::dialect::WrapClass;
use crate::dialect::ledger_text::{
    PART, PART_AFTER, PART_END, PLAN_FINGERPRINT, ROW, ROW_AFTER, STATEMENT_HASH, mark,
};
use crate::dialect::staged_text::without_staged_marks;
use crate::dialect::{Dialect, Slot, Sql};
use crate::jinja::Relation;

/// The table of the ledger, and the input of its create statement.
#[derive(Clone, Debug)]
pub struct LedgerTable {
    pub relation: Relation,
    /// The table format, for engines that have several: `iceberg`.
    pub format: Option<String>,
    /// The location of its files, for engines that need one.
    pub location: Option<String>,
}

/// The kind of a row of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowKind {
    /// A batch in the model's table.
    Batch,
    /// A batch in the table that a full refresh swaps in.
    Rebuild,
    /// A batch in the table of a staged backfill.
    Staged,
    Build,
    Swap,
    Publish,
    Undo,
    /// Not a row of the table but of the query's result: it has the number of the other rows.
    End,
}

impl RowKind {
    const ALL: [RowKind; 8] = [
        RowKind::Batch,
        RowKind::Rebuild,
        RowKind::Staged,
        RowKind::Build,
        RowKind::Swap,
        RowKind::Publish,
        RowKind::Undo,
        RowKind::End,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            RowKind::Batch => "batch",
            RowKind::Rebuild => "rebuild",
            RowKind::Staged => "staged",
            RowKind::Build => "build",
            RowKind::Swap => "swap",
            RowKind::Publish => "publish",
            RowKind::Undo => "undo",
            RowKind::End => "end",
        }
    }

    pub fn parse(text: &str) -> Option<RowKind> {
        RowKind::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// The row of a file.
pub struct LedgerRow<'a> {
    pub node: &'a Node,
    pub kind: RowKind,
    /// The windows of a swap or of published batches. A batch has slots for its window.
    pub range: Option<Window>,
    /// Whether the last insert of the statement counts its rows.
    pub is_counted: bool,
    pub class: WrapClass,
}

/// The columns of the table in their order.
pub const COLUMNS: [&str; 10] = [
    "model",
    "step",
    "kind",
    "batch_id",
    "window_start",
    "window_end",
    "statement_sha256",
    "rows_written",
    "plan_fingerprint",
    "written_at",
];

/// The prefix of a line of `ledger_lines`.
pub const LINE_START: &str = "batchwright-ledger";

impl LedgerTable {
    /// The file that creates the table.
    pub fn create(&self, dialect: &Dialect) -> Result<String, Diagnostic> {
        let needs = &dialect.ledger.ledger_needs;
        for (setting, value) in [("format", &self.format), ("location", &self.location)] {
            if let Some(reason) = needs.get(setting).filter(|_| value.is_none()) {
                return Err(Diagnostic::error(reason.clone())
                    .hint("in dbt_project.yml: `vars: {batchwright: {ledger: {table: …, …}}}`"));
            }
        }
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let is_letter = |char: char| char.is_ascii_alphanumeric() || char == '_';
        if !text(&self.format).chars().all(is_letter) {
            let message = format!("invalid `format` of the ledger: `{}`", text(&self.format));
            return Err(Diagnostic::error(message).hint("use a table format, such as `iceberg`"));
        }
        let options = [
            ("format", Sql(text(&self.format)).value()),
            ("location", dialect.string(&text(&self.location)).value()),
        ];
        let options = dialect.sql("ledger_options", &options)?;
        let spec = COLUMNS.iter().map(|name| format!("{name} {}", column_type(dialect, name)));
        let spec: Vec<String> = spec.collect();
        let schema = create_schema(dialect, &self.relation)?;
        let arguments = [
            ("schema", Value::from_safe_string(schema.trim_end().to_string())),
            ("ledger", relation_sql(&self.relation)),
            ("ledger_ticks", relation_sql(&ddl_relation(dialect, &self.relation))),
            ("ledger_text", dialect.string(&self.relation.to_string()).value()),
            ("spec", Sql(spec.join(",\n  ")).value()),
            ("options", line_before(&options)),
        ];
        let lines = [
            ("creates", format!("{}, the ledger, if it is missing", self.relation)),
            ("has", "a row for each batch, build and swap that was written".to_string()),
        ];
        let statement = dialect.sql("ledger_create", &arguments)?;
        Ok(format!("{}\n{statement}\n", header(dialect, &lines)))
    }
}

/// The options on a separate line.
fn line_before(options: &Sql) -> Value {
    let text = if options.0.is_empty() { String::new() } else { format!("\n{options}") };
    Value::from_safe_string(text)
}

fn column_type(dialect: &Dialect, column: &str) -> Sql {
    let types = &dialect.ledger.ledger_types;
    let data_type = match column {
        "window_start" | "window_end" => &types.time,
        "written_at" => &types.clock,
        "rows_written" => &types.number,
        _ => &types.text,
    };
    Sql(data_type.clone())
}

/// The statement with its ledger row; unchanged if the plan has no ledger or the statement already
/// has the row.
pub fn record(dialect: &Dialect, statement: Sql, row: &LedgerRow) -> Result<Sql, Diagnostic> {
    let Some(ledger) = &dialect.ledger_table else { return Ok(statement) };
    if statement.0.contains(PART_END) {
        return Ok(statement);
    }
    let text = insert(dialect, ledger, row)?;
    let part = |start: char, text: &Sql| format!("{start}{text}{PART_END}");
    let unstaged = match row.kind {
        RowKind::Staged | RowKind::Undo => without_staged_marks(&statement.0),
        _ => Cow::Borrowed(&*statement.0),
    };
    let has_one = unstaged.matches([ROW, ROW_AFTER]).count() == 1;
    let recorded = if has_one && mark(&unstaged.replace([ROW, ROW_AFTER], "")).is_none() {
        let start = if statement.0.contains(ROW) { PART } else { PART_AFTER };
        statement.0.replace([ROW, ROW_AFTER], &part(start, &text))
    } else if let Some(char) = mark(&unstaged) {
        return Err(Diagnostic::error(format!(
            "`{}` contains the private-use character U+{:X}, which batchwright reserves",
            row.node.unique_id,
            u32::from(char)
        )));
    } else if row.kind == RowKind::Build && dialect.hooks.in_transaction {
        format!("{statement}\n\n{}", part(PART, &text))
    } else if dialect.ledger.ledger_wraps.contains(&row.class) {
        let begin = part(PART, &dialect.sql("begin", &[])?);
        let commit = part(PART, &dialect.sql("commit", &[])?);
        format!("{begin}\n\n{statement}\n\n{}\n\n{commit}", part(PART, &text))
    } else {
        format!("{statement}\n\n{}", part(PART_AFTER, &text))
    };
    if !dialect.has_macro("ledger_start") {
        return Ok(Sql(recorded));
    }
    let clock = part(PART, &dialect.sql("ledger_start", &[])?);
    Ok(Sql(format!("{clock}\n\n{recorded}")))
}

/// The value of the column `step`: the id of the step and the model's table, since the same step
/// of another target or of a renamed table is another one.
fn step_of_table(model: &str, label: &str, relation: &str) -> String {
    format!("{model}@{label} {relation}")
}

/// The id of the step and the table of a value of the column `step`. The table is empty if an
/// earlier version wrote the row.
pub fn step_and_table<'t>(step: &'t str, model: &str) -> (&'t str, &'t str) {
    // Labels have no space.
    let label = step.strip_prefix(model).and_then(|rest| rest.find(' '));
    match label {
        Some(end) => (&step[..model.len() + end], &step[model.len() + end + 1..]),
        None => (step, ""),
    }
}

/// The statement that writes the row.
fn insert(dialect: &Dialect, ledger: &Sql, row: &LedgerRow) -> Result<Sql, Diagnostic> {
    let string = |text: &str| {
        let text = dialect.string(text);
        dialect.sql("ledger_string", &[("text", text.value())])
    };
    let time = |text: Option<String>, column: &str| {
        let value = text.map_or_else(|| null(dialect), |text| Ok(dialect.string(&text)))?;
        let data_type = column_type(dialect, column);
        dialect.sql("ledger_cast", &[("value", value.value()), ("type", data_type.value())])
    };
    let is_batch = matches!(row.kind, RowKind::Batch | RowKind::Rebuild | RowKind::Staged);
    let (start, end, label) = match (is_batch, row.range) {
        (true, _) => (
            Some(Slot::StartTime.to_string()),
            Some(Slot::EndTime.to_string()),
            Slot::Label.to_string(),
        ),
        (false, Some(range)) => (
            Some(range.start.naive_utc().to_string()),
            Some(range.end.naive_utc().to_string()),
            row.kind.as_str().to_string(),
        ),
        (false, None) => (None, None, row.kind.as_str().to_string()),
    };
    let batch_id = if is_batch { label.as_str() } else { "" };
    let count = if row.is_counted { dialect.sql("ledger_count", &[])? } else { null(dialect)? };
    let number = [("value", count.value()), ("type", column_type(dialect, "rows_written").value())];
    let values = [
        string(&row.node.unique_id)?,
        string(&step_of_table(&row.node.unique_id, &label, &row.node.relation.to_string()))?,
        string(row.kind.as_str())?,
        string(batch_id)?,
        time(start, "window_start")?,
        time(end, "window_end")?,
        string(&STATEMENT_HASH.to_string())?,
        dialect.sql("ledger_number", &number)?,
        string(&PLAN_FINGERPRINT.to_string())?,
        dialect.sql("ledger_clock", &[])?,
    ];
    let values = values.into_iter().zip(COLUMNS);
    let values = values.map(|(value, column)| named_value(dialect, value, column));
    let values = values.collect::<Result<Vec<String>, Diagnostic>>()?;
    let lines = [&values[..4], &values[4..6], &values[6..7], &values[7..]];
    let lines = lines.map(|values| values.join(", "));
    let arguments = [
        ("ledger", ledger.value()),
        ("columns", Sql(COLUMNS.join(", ")).value()),
        ("values", Sql(lines.join(",\n  ")).value()),
    ];
    dialect.sql("ledger_row", &arguments)
}

/// The value with the name of its column.
fn named_value(dialect: &Dialect, value: Sql, column: &str) -> Result<String, Diagnostic> {
    let arguments = [("value", value.value()), ("column", Sql(column.to_string()).value())];
    Ok(dialect.sql("ledger_value", &arguments)?.0)
}

fn null(dialect: &Dialect) -> Result<Sql, Diagnostic> {
    dialect.sql("null_value", &[])
}

/// The query that reads the newest row of each step, in the columns of the table, and the number of
/// these rows.
pub fn read_ledger(dialect: &Dialect, ledger: &Sql) -> Result<Sql, Diagnostic> {
    let end = COLUMNS.iter().map(|column| end_value(dialect, column));
    let end: Vec<String> = end.collect::<Result<_, Diagnostic>>()?;
    read_newest(dialect, ledger, Sql(COLUMNS.join(", ")), Sql(end.join(", ")))
}

/// The query of the newest rows: `selected` is evaluated for each, and `end` for the last row.
fn read_newest(
    dialect: &Dialect,
    ledger: &Sql,
    selected: Sql,
    end: Sql,
) -> Result<Sql, Diagnostic> {
    let arguments = [
        ("ledger", ledger.value()),
        ("columns", Sql(COLUMNS.join(", ")).value()),
        ("selected", selected.value()),
        ("end_of_ledger", end.value()),
    ];
    Ok(Sql(format!("{}{}", dialect.session, dialect.sql("ledger_read", &arguments)?)))
}

/// The value of a column in the last row, which has the number of the other rows.
fn end_value(dialect: &Dialect, column: &str) -> Result<String, Diagnostic> {
    let data_type = column_type(dialect, column);
    let value = match column {
        "kind" => dialect.string(RowKind::End.as_str()),
        "rows_written" => dialect.sql("ledger_row_count", &[])?,
        "window_start" | "window_end" | "written_at" => {
            let arguments = [("value", null(dialect)?.value()), ("type", data_type.value())];
            dialect.sql("ledger_cast", &arguments)?
        }
        _ => dialect.string(""),
    };
    named_value(dialect, value, column)
}

/// The same query with one text for each row: `LINE_START`, then the values in the order of the
/// columns, with `;` after each.
pub fn read_ledger_lines(dialect: &Dialect, ledger: &Sql) -> Result<Sql, Diagnostic> {
    let line = COLUMNS.iter().map(|column| column_text(dialect, column));
    let line = line.collect::<Result<Vec<_>, Diagnostic>>()?;
    let line = result_lines::line(dialect, LINE_START, &line);
    let end = COLUMNS.iter().map(|column| match *column {
        "kind" => Ok(dialect.string(RowKind::End.as_str())),
        "rows_written" => result_lines::as_text(dialect, &dialect.sql("ledger_row_count", &[])?),
        _ => Ok(dialect.string("")),
    });
    let end = end.collect::<Result<Vec<_>, Diagnostic>>()?;
    let end = result_lines::line(dialect, LINE_START, &end);
    let line = dialect.sql("ledger_line", &[("line", line.value())])?;
    Ok(Sql(format!("{}\n", read_newest(dialect, ledger, line, end)?)))
}

/// A value as text without special characters; empty if it is null.
fn column_text(dialect: &Dialect, column: &str) -> Result<Sql, Diagnostic> {
    let value = Sql(column.to_string());
    let text = match column {
        "model" | "step" => result_lines::escaped(dialect, &value)?,
        "window_start" | "window_end" | "written_at" => {
            let arguments = [
                ("text", result_lines::as_text(dialect, &value)?.value()),
                ("old", dialect.string(" ").value()),
                ("new", dialect.string("T").value()),
            ];
            dialect.sql("ledger_replace", &arguments)?
        }
        "rows_written" => result_lines::as_text(dialect, &value)?,
        _ => value,
    };
    dialect.sql("ledger_or_empty", &[("value", text.value())])
}
