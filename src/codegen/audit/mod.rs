//! The audit of a microbatch model: SQL that only reads and gives a row for each batch, with a
//! verdict. Takes the model's query with slots for the window; gives the text of
//! `audit/<folder>.sql`. What the target holds is compared, row by row, with what the query yields
//! now: for each batch by itself, and for the plan's whole range, so that a table that is just what
//! its batches make, and not what the model says, is seen too.

mod fragments;
mod staged;

use std::ops::Range;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::adapter_config::{sql_footer, sql_header};
use super::header::header;
use super::overwrite::predicates;
use crate::calendar::Window;
use crate::config::{EventTime, Microbatch, Node, OutsideWindow};
use crate::diagnostics::Diagnostic;
use crate::dialect::{BatchTemplate, Dialect, Sql};
use crate::inject::ResultColumn;
use crate::jinja::Relation;
use crate::window::{Cover, Span};
use fragments::Pieces;
pub use staged::staged_audit;

/// The query stands once for each batch in the audit of a model with at most so many: a month of
/// days.
const FEW: usize = 31;
/// No engine takes a statement of any length: the batches of a larger plan are looked at so many at
/// a time.
const MANY: usize = 366;
/// A plan of more batches has no audit: nobody reads a table of so many lines.
const MOST: usize = 10_000;
/// The lines of an audit for rows of no batch.
pub const NO_BATCH: [&str; 2] = [fragments::NO_TIME, fragments::BEFORE];
/// The folder of all audits in the plan.
pub const FOLDER: &str = "audit";

/// What is audited.
pub struct Audited<'a> {
    pub dialect: &'a Dialect,
    pub node: &'a Node,
    /// The table that is compared.
    pub relation: &'a Relation,
    pub settings: &'a Microbatch,
    /// The query with its filters, slots for the window in them.
    pub query: &'a str,
    /// Whether any input is cut to the window.
    pub filtered: bool,
    pub own: QueryReuse<'a>,
    /// Whether the query reads its own table: then `query` reads of it what is before the window.
    pub reads_own: bool,
    pub content: Content<'a>,
    pub mode: OutsideWindow,
    /// Relations that are cut to the window, each with its event time.
    pub inputs: &'a [(String, EventTime)],
    pub cover: &'a Cover,
    /// The model's first window ever.
    pub begin: &'a Span,
    /// The plan's folder of the model.
    pub folder: &'a str,
}

/// The audit of a microbatch model: a row for each batch, with a verdict. No step: nothing depends
/// on it.
#[derive(Clone, Debug, PartialEq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct AuditEntry {
    /// Relative to the manifest.
    pub file: String,
    /// Of the file's bytes, in hexadecimal digits.
    pub sha256: String,
    /// `rows` or their `counts`, by `batches`, by the `range` that they make, or both; or
    /// `nothing`, where the query cannot be asked again.
    pub compares: String,
    /// Verdicts that stop no run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<String>,
}

/// How the query differs between the batches.
#[derive(Clone, Copy)]
pub enum QueryReuse<'a> {
    /// By its window alone.
    Stamped,
    /// It looks at its batch: the texts of all of them.
    Texts(&'a [String]),
    /// It cannot be evaluated again, for this reason.
    Unknown(&'static str),
}

/// What of the rows is compared.
#[derive(Clone, Copy)]
pub enum Content<'a> {
    /// These columns, which are all.
    Columns(&'a [ResultColumn]),
    /// These columns, which are declared and may be a part.
    Declared(&'a [ResultColumn]),
    /// Each row as one value, whose columns the engine knows.
    Row,
    /// Nothing but how many there are.
    Counts,
}

impl<'a> Content<'a> {
    fn columns(self) -> &'a [ResultColumn] {
        match self {
            Content::Columns(columns) | Content::Declared(columns) => columns,
            Content::Row | Content::Counts => &[],
        }
    }

    /// The verdict of a batch in which nothing differs.
    fn ok(self) -> &'static str {
        match self {
            Content::Columns(_) | Content::Row => OK,
            Content::Declared(_) => OK_DECLARED,
            Content::Counts => OK_COUNTS,
        }
    }
}

const OK: &str = "ok";
const OK_DECLARED: &str = "ok (declared columns)";
const OK_COUNTS: &str = "ok (counts)";
/// The verdict of a staged batch that replaces no rows.
const NEW: &str = "new";
const NOT_COMPARED: &str = "not compared";
/// The verdicts of batches in which nothing differs, as far as it was compared.
pub const GOOD: [&str; 4] = [OK, OK_DECLARED, OK_COUNTS, NEW];

/// A file of the plan.
#[derive(Clone, Debug, Hash)]
pub struct Audit {
    pub file: String,
    head: String,
    foot: String,
    statements: Vec<(Arc<BatchTemplate>, Range<usize>)>,
    compares: String,
    allow: Vec<String>,
}

/// What is compared, and how the query stands in the statement.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Comparison {
    /// Once for each batch and once for the range.
    BatchesAndRange,
    Range,
    /// Once for each batch, since there is none for the range.
    Batches,
    Nothing,
}

/// The audit of the model; none for more batches than one file should hold.
pub fn audit(audited: &Audited) -> Result<Option<Audit>, Diagnostic> {
    let count = audited.cover.windows.len();
    if count > MOST {
        return Ok(None);
    }
    let compared = compared(audited)?;
    let size = if compared == Comparison::Batches { FEW } else { MANY };
    let groups = (0..count).step_by(size).map(|start| start..(start + size).min(count));
    let mut statements: Vec<(Arc<BatchTemplate>, Range<usize>)> = Vec::new();
    for group in groups {
        // The second statement and all after it differ by their batches alone, unless each has
        // texts of its own.
        let again = statements
            .get(1)
            .filter(|_| compared != Comparison::Batches)
            .map(|(stamp, _)| stamp.clone());
        let stamp = match again {
            Some(stamp) => stamp,
            None => Arc::new(BatchTemplate::new(
                &statement(audited, compared, &group)?,
                audited.settings.timezone,
            )),
        };
        statements.push((stamp, group));
    }
    Ok(Some(Audit {
        file: format!("{FOLDER}/{}.sql", audited.folder),
        head: format!(
            "{}\n{}",
            head(audited, compared),
            sql_header(audited.dialect, audited.node)?
        ),
        foot: sql_footer(audited.dialect, audited.node)?,
        statements,
        compares: words(audited, compared).to_string(),
        allow: audited.settings.audit.allow.clone(),
    }))
}

impl Audit {
    /// The text of the file, with a line break at its end.
    pub fn text(&self, cover: &Cover) -> String {
        let mut text = self.head.clone();
        for (number, (stamp, group)) in self.statements.iter().enumerate() {
            let windows = &cover.windows[group.clone()];
            let range = Window { start: windows[0].start, end: windows[windows.len() - 1].end };
            let batches: Vec<(Window, String)> =
                windows.iter().map(|window| (*window, cover.naming.label(*window))).collect();
            if number > 0 {
                text.push('\n');
            }
            text.push_str(&stamp.fill_range(&range, &batches));
            text.push('\n');
        }
        text.push_str(&self.foot);
        text
    }

    /// The parts of the text that differ by more than their windows: its first statement, for one
    /// batch.
    pub fn excerpt(&self, cover: &Cover) -> String {
        let statements = self.statements.iter().take(1).map(|(stamp, group)| {
            let window = cover.windows[group.start];
            stamp.fill_range(&window, &[(window, cover.naming.label(window))])
        });
        format!("{}{}\n{}", self.head, statements.collect::<String>(), self.foot)
    }

    /// What the manifest says of it, but for the hash, which is known when it is written.
    pub fn entry(&self) -> AuditEntry {
        AuditEntry {
            file: self.file.clone(),
            sha256: String::new(),
            compares: self.compares.clone(),
            allow: self.allow.clone(),
        }
    }
}

fn compared(audited: &Audited) -> Result<Comparison, Diagnostic> {
    // Whether the query may stand in a statement several times.
    let parts: bool = audited.dialect.property("nested_with")?;
    Ok(match audited.own {
        QueryReuse::Unknown(_) => Comparison::Nothing,
        // Where the query may stand but once, that of a batch cannot be asked beside others.
        QueryReuse::Texts(_) if !parts => Comparison::Nothing,
        QueryReuse::Texts(_) => Comparison::Batches,
        // The rows of the own table differ from batch to batch.
        QueryReuse::Stamped if audited.reads_own && parts => Comparison::Batches,
        QueryReuse::Stamped if audited.reads_own => Comparison::Nothing,
        // Rows that a batch keeps although they belong to another are right in the range alone.
        QueryReuse::Stamped if !audited.filtered || audited.mode == OutsideWindow::Keep => {
            Comparison::Range
        }
        QueryReuse::Stamped if parts && audited.cover.windows.len() <= FEW => {
            Comparison::BatchesAndRange
        }
        QueryReuse::Stamped => Comparison::Range,
    })
}

/// Why nothing is compared.
fn reason(audited: &Audited) -> &'static str {
    match audited.own {
        QueryReuse::Unknown(reason) => reason,
        _ => {
            "the query differs from batch to batch, and this dialect cannot take it several times \
             in one statement"
        }
    }
}

/// For the manifest, and the last column of the result: `rows` or their `counts`, by `batches`, by
/// the `range`; or `nothing`.
fn words(audited: &Audited, compared: Comparison) -> String {
    let content = match audited.content {
        Content::Columns(_) | Content::Row => "rows",
        Content::Declared(_) => "rows, their declared columns only,",
        Content::Counts => "counts",
    };
    match compared {
        Comparison::Nothing => format!("nothing: {}", reason(audited)),
        Comparison::BatchesAndRange => format!("{content} by batches and range"),
        Comparison::Range => format!("{content} by range"),
        Comparison::Batches => format!("{content} by batches"),
    }
}

fn head(audited: &Audited, compared: Comparison) -> String {
    let ignored = &audited.settings.audit.ignore;
    let rows = match (audited.content, ignored.as_slice()) {
        (Content::Counts, _) => {
            "counts of rows, since the query does not show its columns,".to_string()
        }
        (Content::Declared(_), _) => {
            "the declared columns of rows, since the query does not show all of them,".to_string()
        }
        (Content::Columns(_) | Content::Row, []) => "rows".to_string(),
        (Content::Columns(_) | Content::Row, ignored) => {
            format!("rows without {}", ignored.join(", "))
        }
    };
    let own = if audited.reads_own {
        ", which reads of its own table what is before the batch"
    } else {
        ""
    };
    let by = match compared {
        Comparison::BatchesAndRange => format!(
            "{rows} with those that the query yields for each batch, and for all of them at once"
        ),
        Comparison::Range => {
            format!("{rows} with those that the query yields for all batches at once")
        }
        Comparison::Batches => {
            format!("{rows} with those that the query yields for each batch{own}")
        }
        Comparison::Nothing => format!("nothing: {}", reason(audited)),
    };
    let (first, last) = audited.cover.ends();
    header(
        audited.dialect,
        &[
            ("model", audited.node.unique_id.clone()),
            ("audit", "reads only; a row for each batch, with a verdict".to_string()),
            ("batches", format!("{} to {}", first.label, last.label)),
            ("target", audited.relation.to_string()),
            ("compares", by),
        ],
    )
}

/// One statement, with slots, for some of the batches.
fn statement(
    audited: &Audited,
    compared: Comparison,
    group: &Range<usize>,
) -> Result<String, Diagnostic> {
    let pieces = Pieces {
        audited,
        first: group.start == 0,
        predicates: predicates(&audited.settings.incremental_predicates),
    };
    pieces.statement(compared, group)
}

/// The text with another ending than the table of verdicts: a statement that fails unless every
/// verdict is a good one or allowed.
pub fn stopping(
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

/// The end of a statement that fails unless every verdict is a good one or allowed.
fn stop(dialect: &Dialect, model: &str, allow: &[String]) -> Result<Sql, Diagnostic> {
    let words = GOOD.into_iter().chain(allow.iter().map(String::as_str));
    let allowed: Vec<String> =
        words.map(|word| Ok(dialect.string(word)?.0)).collect::<Result<_, Diagnostic>>()?;
    let about = dialect.string(&format!("audit of {model}: "))?;
    let allowed = minijinja::Value::from_safe_string(allowed.join(", "));
    let found = dialect.sql(
        "audit_found",
        &[("words", dialect.sql("audit_words", &[])?.value()), ("allowed", allowed)],
    )?;
    let list = dialect.sql("audit_list", &[])?;
    dialect.sql(
        "audit_stop",
        &[("about", about.value()), ("list", list.value()), ("found", found.value())],
    )
}
