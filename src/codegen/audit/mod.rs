//! The audit of a microbatch model: read-only SQL that returns a row with a verdict for each batch,
//! as `audit/<folder>.sql`. It compares the rows of the target with the current rows of the query:
//! for each batch, and for the whole range of the plan, so that a table which is the result of its
//! batches but not of the model is detected too.

mod columns;
mod fragments;
mod staged;

use std::ops::Range;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::adapter_config::{sql_footer, sql_header};
use super::header::header;
use super::predicates::predicate_list;
use crate::calendar::Window;
use crate::config::{EventTime, Microbatch, Node, OutsideWindow};
use crate::diagnostics::Diagnostic;
use crate::dialect::{BatchTemplate, Dialect, Sql};
use crate::inject::ResultColumn;
use crate::jinja::Relation;
use crate::window::{Cover, Span};
use fragments::AuditFragments;
pub use staged::staged_audit;

/// Maximum number of batches for which the query is repeated per batch: a month of days.
const MAX_REPEATED_QUERIES: usize = 31;
/// Batches per statement, since engines limit the length of a statement.
const BATCHES_PER_STATEMENT: usize = 366;
/// A model with more batches has no audit: its result would be too long to read.
const MAX_BATCHES: usize = 10_000;
/// The labels of rows that belong to no batch.
pub const NO_BATCH: [&str; 2] = [fragments::NO_TIME, fragments::BEFORE];
/// The folder of all audits in the plan.
pub const FOLDER: &str = "audit";

/// The input of an audit.
pub struct AuditInput<'a> {
    pub dialect: &'a Dialect,
    pub node: &'a Node,
    /// The table that is compared.
    pub relation: &'a Relation,
    pub settings: &'a Microbatch,
    /// The query with its filters, which contain slots for the window.
    pub query: &'a str,
    /// Whether any input is filtered by the window.
    pub filtered: bool,
    pub reuse: QueryReuse<'a>,
    /// Whether the query reads its own table. Then `query` reads only the rows before the window.
    pub reads_self: bool,
    pub content: RowContent<'a>,
    pub mode: OutsideWindow,
    /// The filtered relations, each with its event time.
    pub inputs: &'a [(String, EventTime)],
    pub cover: &'a Cover,
    /// The model's first window ever.
    pub begin: &'a Span,
    /// The plan's folder of the model.
    pub folder: &'a str,
}

/// The audit of a microbatch model: a row with a verdict for each batch. It is not a step: nothing
/// depends on it.
#[derive(Clone, Debug, PartialEq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct AuditEntry {
    /// Relative to the manifest.
    pub file: String,
    /// Of the file's bytes, in hexadecimal digits.
    pub sha256: String,
    /// `rows` or their `counts`, by `batches`, by their `range`, or both; or `nothing`, if the
    /// query cannot be evaluated again.
    pub compares: String,
    /// Verdicts that do not fail a run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<String>,
}

/// How the query of an audit is reused for the batches.
#[derive(Clone, Copy)]
pub enum QueryReuse<'a> {
    /// The queries differ only by the window.
    Stamped,
    /// The query reads properties of its batch: the texts of all batches.
    Texts(&'a [String]),
    /// The query cannot be evaluated again, for this reason.
    Unknown(&'static str),
}

/// The compared part of rows.
#[derive(Clone, Copy)]
pub enum RowContent<'a> {
    /// All columns.
    Columns(&'a [ResultColumn]),
    /// The declared columns, which may be incomplete.
    Declared(&'a [ResultColumn]),
    /// Each row as one value; its columns are unknown here.
    Row,
    /// Only the number of rows.
    Counts,
}

impl<'a> RowContent<'a> {
    fn columns(self) -> &'a [ResultColumn] {
        match self {
            RowContent::Columns(columns) | RowContent::Declared(columns) => columns,
            RowContent::Row | RowContent::Counts => &[],
        }
    }

    /// The verdict of a batch without differences in the compared part.
    fn ok(self) -> &'static str {
        match self {
            RowContent::Columns(_) | RowContent::Row => OK,
            RowContent::Declared(_) => OK_DECLARED,
            RowContent::Counts => OK_COUNTS,
        }
    }
}

const OK: &str = "ok";
const OK_DECLARED: &str = "ok (declared columns)";
const OK_COUNTS: &str = "ok (counts)";
/// The verdict of a staged batch that replaces no rows.
const NEW: &str = "new";
const NOT_COMPARED: &str = "not compared";
/// The verdicts of batches whose rows were compared and do not differ. A run that compared only a
/// part of the rows fails, unless its verdict is allowed.
pub const GOOD_VERDICTS: [&str; 2] = [OK, NEW];

/// The file of an audit.
#[derive(Clone, Debug, Hash)]
pub struct AuditFile {
    pub file: String,
    header: String,
    footer: String,
    statements: Vec<(Arc<BatchTemplate>, Range<usize>)>,
    compares: String,
    allow: Vec<String>,
}

/// The comparison, and the number of occurrences of the query in the statement.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Comparison {
    /// Once for each batch and once for the range.
    BatchesAndRange,
    Range,
    /// Once for each batch; a query for the range does not exist.
    Batches,
    Nothing,
}

/// The audit of the model. `None` if it has too many batches.
pub fn audit(input: &AuditInput) -> Result<Option<AuditFile>, Diagnostic> {
    let count = input.cover.windows.len();
    if count > MAX_BATCHES {
        return Ok(None);
    }
    let comparison = comparison(input);
    let size = if comparison == Comparison::Batches {
        MAX_REPEATED_QUERIES
    } else {
        BATCHES_PER_STATEMENT
    };
    let mut statements: Vec<(Arc<BatchTemplate>, Range<usize>)> = Vec::new();
    for group in statement_groups(input.cover, size) {
        // The statements after the first differ only by their batches, unless each batch has its
        // own text.
        let shared = statements
            .get(1)
            .filter(|_| comparison != Comparison::Batches)
            .map(|(template, _)| template.clone());
        let template = match shared {
            Some(template) => template,
            None => Arc::new(BatchTemplate::new(
                &statement(input, comparison, &group)?,
                input.settings.timezone,
            )),
        };
        statements.push((template, group));
    }
    Ok(Some(AuditFile {
        file: format!("{FOLDER}/{}.sql", input.folder),
        header: format!(
            "{}\n{}",
            audit_header(input, comparison),
            sql_header(input.dialect, input.node)?
        ),
        footer: sql_footer(input.dialect, input.node)?,
        statements,
        compares: describe_comparison(input, comparison).to_string(),
        allow: input.settings.audit.allow.clone(),
    }))
}

/// The positions of the windows of each statement, at most `size`. A statement compares one range,
/// so its windows have no gap.
fn statement_groups(cover: &Cover, size: usize) -> impl Iterator<Item = Range<usize>> {
    cover.runs().into_iter().flat_map(move |run| {
        let end = run.end;
        run.step_by(size).map(move |start| start..(start + size).min(end))
    })
}

impl AuditFile {
    /// The text of the file, with a line break at its end.
    pub fn text(&self, cover: &Cover) -> String {
        let mut text = self.header.clone();
        for (number, (template, group)) in self.statements.iter().enumerate() {
            let windows = &cover.windows[group.clone()];
            let range = cover.range(group);
            let batches: Vec<(Window, String)> =
                windows.iter().map(|window| (*window, cover.naming.label(*window))).collect();
            if number > 0 {
                text.push('\n');
            }
            text.push_str(&template.fill_range(&range, &batches));
            text.push('\n');
        }
        text.push_str(&self.footer);
        text
    }

    /// The first statement for one batch, as an excerpt: the other statements differ from it only
    /// by their windows.
    pub fn excerpt(&self, cover: &Cover) -> String {
        let statements = self.statements.iter().take(1).map(|(template, group)| {
            let window = cover.windows[group.start];
            template.fill_range(&window, &[(window, cover.naming.label(window))])
        });
        format!("{}{}\n{}", self.header, statements.collect::<String>(), self.footer)
    }

    /// The entry in the manifest, without the hash, which is added when the file is written.
    pub fn entry(&self) -> AuditEntry {
        AuditEntry {
            file: self.file.clone(),
            sha256: String::new(),
            compares: self.compares.clone(),
            allow: self.allow.clone(),
        }
    }
}

fn comparison(input: &AuditInput) -> Comparison {
    // Whether a statement may contain the query several times.
    let parts = input.dialect.syntax.nested_with;
    match input.reuse {
        QueryReuse::Unknown(_) => Comparison::Nothing,
        // If a statement may contain only one query, it cannot contain those of several batches.
        QueryReuse::Texts(_) if !parts => Comparison::Nothing,
        QueryReuse::Texts(_) => Comparison::Batches,
        // The rows of the model's own table differ from batch to batch.
        QueryReuse::Stamped if input.reads_self && parts => Comparison::Batches,
        QueryReuse::Stamped if input.reads_self => Comparison::Nothing,
        // Rows that a batch keeps although they belong to another batch are only correct in the
        // range.
        QueryReuse::Stamped if !input.filtered || input.mode == OutsideWindow::Keep => {
            Comparison::Range
        }
        QueryReuse::Stamped if parts && input.cover.windows.len() <= MAX_REPEATED_QUERIES => {
            Comparison::BatchesAndRange
        }
        QueryReuse::Stamped => Comparison::Range,
    }
}

/// The reason why nothing is compared.
fn reason(input: &AuditInput) -> &'static str {
    match input.reuse {
        QueryReuse::Unknown(reason) => reason,
        _ => {
            "the query differs from batch to batch, and this dialect cannot take it several times \
             in one statement"
        }
    }
}

/// Describes the comparison for the manifest and the last column of the result: `rows` or their
/// `counts`, by `batches`, by the `range`; or `nothing`.
fn describe_comparison(input: &AuditInput, comparison: Comparison) -> String {
    let content = match input.content {
        RowContent::Columns(_) | RowContent::Row => "rows",
        RowContent::Declared(_) => "rows, their declared columns only,",
        RowContent::Counts => "counts",
    };
    match comparison {
        Comparison::Nothing => format!("nothing: {}", reason(input)),
        Comparison::BatchesAndRange => format!("{content} by batches and range"),
        Comparison::Range => format!("{content} by range"),
        Comparison::Batches => format!("{content} by batches"),
    }
}

fn audit_header(input: &AuditInput, comparison: Comparison) -> String {
    let ignored = &input.settings.audit.ignore;
    let rows = match (input.content, ignored.as_slice()) {
        (RowContent::Counts, _) => {
            "counts of rows, since the query does not show its columns,".to_string()
        }
        (RowContent::Declared(_), _) => {
            "the declared columns of rows, since the query does not show all of them,".to_string()
        }
        (RowContent::Columns(_) | RowContent::Row, []) => "rows".to_string(),
        (RowContent::Columns(_) | RowContent::Row, ignored) => {
            format!("rows without {}", ignored.join(", "))
        }
    };
    let limit = if input.reads_self {
        ", which reads of its own table what is before the batch"
    } else {
        ""
    };
    let by = match comparison {
        Comparison::BatchesAndRange => format!(
            "{rows} with those that the query yields for each batch, and for all of them at once"
        ),
        Comparison::Range => {
            format!("{rows} with those that the query yields for all batches at once")
        }
        Comparison::Batches => {
            format!("{rows} with those that the query yields for each batch{limit}")
        }
        Comparison::Nothing => format!("nothing: {}", reason(input)),
    };
    let (first, last) = input.cover.ends();
    header(
        input.dialect,
        &[
            ("model", input.node.unique_id.clone()),
            ("audit", "reads only; a row for each batch, with a verdict".to_string()),
            ("batches", format!("{} to {}", first.label, last.label)),
            ("target", input.relation.to_string()),
            ("compares", by),
        ],
    )
}

/// One statement, with slots, for some of the batches.
fn statement(
    input: &AuditInput,
    comparison: Comparison,
    group: &Range<usize>,
) -> Result<String, Diagnostic> {
    let fragments = AuditFragments {
        input,
        first: group.start == 0,
        predicates: predicate_list(&input.settings.incremental_predicates),
    };
    fragments.statement(comparison, group)
}

/// The audit as a statement that fails unless every verdict is good or allowed, instead of
/// returning the verdicts.
pub fn failing_audit(
    dialect: &Dialect,
    model: &str,
    text: &str,
    allow: &[String],
) -> Result<Option<String>, Diagnostic> {
    let table = dialect.sql("audit_table", &[])?;
    let stop = stop(dialect, model, allow)?;
    let ending = |sql: &str| format!("\n{sql};\n");
    let stops = text.replace(&ending(&table.0), &ending(&stop.0));
    Ok((stops != text).then_some(stops))
}

/// The end of a statement that fails unless every verdict is good or allowed.
fn stop(dialect: &Dialect, model: &str, allow: &[String]) -> Result<Sql, Diagnostic> {
    let verdicts = GOOD_VERDICTS.into_iter().chain(allow.iter().map(String::as_str));
    let allowed: Vec<String> = verdicts.map(|word| dialect.string(word).0).collect();
    let about = dialect.string(&format!("audit of {model}: "));
    let allowed = minijinja::Value::from_safe_string(allowed.join(", "));
    let differing = dialect.sql(
        "audit_found",
        &[("words", dialect.sql("audit_words", &[])?.value()), ("allowed", allowed)],
    )?;
    let list = dialect.sql("audit_list", &[])?;
    dialect.sql(
        "audit_stop",
        &[("about", about.value()), ("list", list.value()), ("found", differing.value())],
    )
}
