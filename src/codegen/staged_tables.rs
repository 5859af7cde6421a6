//! The tables of a staged backfill, and the statements on the two that mark its progress:
//! `approved` exists after an audit that has passed, and `published` has a row while the old rows
//! of a backfill are stored. Both name the backfill by its identity.

use sha2::{Digest, Sha256};

use super::predicates::window_predicate;
use super::relation_name::relation_sql;
use super::table_clauses::format_clause;
use crate::calendar::Window;
use crate::config::{Microbatch, Node};
use crate::diagnostics::Diagnostic;
use crate::dialect::{Dialect, OutsideWindow, Sql};
use crate::inject::ResultColumn;
use crate::jinja::Relation;
use crate::window::Cover;

/// The tables of a staged backfill.
#[derive(Clone, Debug)]
pub struct StagedTables {
    pub target: Relation,
    /// The table that the batches write.
    pub staged: Relation,
    /// The rows of the target that are replaced.
    pub before: Relation,
    /// The backfill whose audit has passed.
    pub approved: Relation,
    /// The backfill whose old rows are in `before`.
    pub published: Relation,
}

/// What the client prints where a staged row cannot be written.
const STILL_PUBLISHED: &str = "a published backfill needs these staged rows: undo it or keep it, \
    then run its cleanup file, then this plan; it is of ";

/// The names of the tables next to the model's table.
pub fn staged_tables(dialect: &Dialect, node: &Node) -> Result<StagedTables, Diagnostic> {
    let next_to = |suffix: &str| {
        let identifier = dialect.limited_name(&node.relation.identifier, suffix, 0);
        Ok::<_, Diagnostic>(Relation { identifier, ..node.relation.clone() })
    };
    Ok(StagedTables {
        target: node.relation.clone(),
        staged: next_to("staged")?,
        before: next_to("before")?,
        approved: next_to("approved")?,
        published: next_to("published")?,
    })
}

impl StagedTables {
    /// The statement that makes the table `published` without a row, if it is missing.
    pub fn create_published(&self, dialect: &Dialect, node: &Node) -> Result<Sql, Diagnostic> {
        let text = &dialect.ledger.ledger_types.text;
        let spec = MARKS.map(|column| format!("{column} {text}"));
        let arguments = [
            ("published", relation_sql(&self.published)),
            ("published_text", dialect.string(&self.published.to_string()).value()),
            ("spec", Sql(spec.join(",\n  ")).value()),
            ("format_clause", format_clause(dialect, node, &self.published)?.value()),
        ];
        dialect.sql("create_published", &arguments)
    }

    /// The statement that fails if a backfill is published whose undo needs the staged rows.
    /// `file`: what the file does.
    pub fn reject_published(
        &self,
        dialect: &Dialect,
        node: &Node,
        file: &str,
    ) -> Result<Sql, Diagnostic> {
        let rows = marked_rows(dialect, &self.published, "1 = 1", STILL_PUBLISHED)?;
        stop(dialect, node, file, &rows)
    }

    /// The statement before an audit or a staged batch: nothing is approved.
    pub fn withdraw_approval(&self, dialect: &Dialect) -> Result<Sql, Diagnostic> {
        dialect.sql("withdraw_approval", &[("approved", relation_sql(&self.approved))])
    }

    /// The statement after an audit that has passed.
    pub fn approve(
        &self,
        dialect: &Dialect,
        node: &Node,
        identity: &BackfillIdentity,
    ) -> Result<Sql, Diagnostic> {
        let values = [
            identity.replaced_rows(dialect)?,
            identity.compared_columns(dialect),
            identity.statement(),
        ];
        let marks = values.iter().zip(MARKS);
        let marks = marks.map(|(value, column)| format!("{} as {column}", dialect.string(value)));
        let arguments = [
            ("approved", relation_sql(&self.approved)),
            ("approved_text", dialect.string(&self.approved.to_string()).value()),
            ("marks", Sql(marks.collect::<Vec<_>>().join(",\n  ")).value()),
            ("format_clause", format_clause(dialect, node, &self.approved)?.value()),
        ];
        dialect.sql("approve", &arguments)
    }
}

/// The columns of the tables `approved` and `published`.
pub(super) const MARKS: [&str; 3] = ["approved_batches", "approved_columns", "approved_statement"];

/// The rows of `approved` or `published` that fulfil a condition. `words` is the error message; it
/// ends with the batches if it ends with a space.
pub(super) fn marked_rows(
    dialect: &Dialect,
    table: &Relation,
    condition: &str,
    words: &str,
) -> Result<Sql, Diagnostic> {
    let [start, between, end] = &dialect.syntax.concatenation;
    let text = dialect.string(words);
    let words = match words.ends_with(' ') {
        true => Sql(format!("{start}{text}{between}{}{end}", MARKS[0])),
        false => text,
    };
    let arguments = [
        ("table", relation_sql(table)),
        ("words", words.value()),
        ("condition", Sql(condition.to_string()).value()),
    ];
    dialect.sql("marked_rows", &arguments)
}

/// The statement that fails if there are rows. `file`: what the file does.
pub(super) fn stop(
    dialect: &Dialect,
    node: &Node,
    file: &str,
    rows: &Sql,
) -> Result<Sql, Diagnostic> {
    let arguments = [
        ("about", dialect.string(&format!("{file} of {}: ", node.name)).value()),
        ("list", dialect.sql("audit_list", &[])?.value()),
        ("found", rows.value()),
    ];
    Ok(Sql(format!("{};", dialect.sql("audit_stop", &arguments)?)))
}

/// What tells a backfill of the table from others.
pub struct BackfillIdentity<'a> {
    pub target: &'a Relation,
    pub settings: &'a Microbatch,
    pub mode: OutsideWindow,
    pub cover: &'a Cover,
    /// The columns of the query.
    pub columns: &'a [ResultColumn],
    /// The query with its filters, which contain slots for the window.
    pub query: &'a str,
}

/// The maximum number of runs of batches in an identity.
const MAX_RUNS: usize = 4;

impl BackfillIdentity<'_> {
    /// The batches, and a hash of all that decides which rows of the table are replaced.
    pub fn replaced_rows(&self, dialect: &Dialect) -> Result<String, Diagnostic> {
        let BackfillIdentity { target, settings, mode, cover, .. } = self;
        let mut parts =
            vec![target.to_string(), window_predicate(dialect, &settings.event_time)?.0];
        parts.extend(settings.incremental_predicates.iter().cloned());
        parts.extend([settings.timezone.name().to_string(), mode.as_str().to_string()]);
        let windows = cover.windows.iter();
        parts.extend(
            windows
                .map(|Window { start, end }| format!("{} {}", start.timestamp(), end.timestamp())),
        );
        let labels = run_labels(cover);
        let labels = match labels.len() {
            0..=MAX_RUNS => labels.join(", "),
            count => {
                let (first, last) = cover.ends();
                let label = |window: Window| cover.naming.label(window);
                format!("{} to {} in {count} parts", label(first.window), label(last.window))
            }
        };
        Ok(format!("{labels}, rows {}", hash(&parts)))
    }

    /// A hash of the columns that undo compares.
    pub fn compared_columns(&self, dialect: &Dialect) -> String {
        let names = self.columns.iter().map(|column| dialect.column(&column.name, column.quoted).0);
        let mut names: Vec<String> = names.collect();
        names.sort();
        hash(&names)
    }

    /// The identity of the plans whose undo file can be used.
    pub fn undone_by(&self, dialect: &Dialect) -> Result<String, Diagnostic> {
        let (rows, columns) = (self.replaced_rows(dialect)?, self.compared_columns(dialect));
        Ok(format!("{rows}, columns {columns}"))
    }

    /// A hash of the query.
    pub fn statement(&self) -> String {
        hash(&[self.query.to_string()])
    }
}

/// The first and the last batch of each run of batches without a gap.
pub(super) fn run_labels(cover: &Cover) -> Vec<String> {
    let labels = cover.runs().into_iter().map(|run| {
        let label = |position: usize| cover.naming.label(cover.windows[position]);
        format!("{} to {}", label(run.start), label(run.end - 1))
    });
    labels.collect()
}

fn hash(parts: &[String]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize()[..6].iter().map(|byte| format!("{byte:02x}")).collect()
}
