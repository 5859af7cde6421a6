//! The files of a staged backfill other than its batches: the two tables, the step that publishes
//! the staged rows, the file that restores the old rows, and the file that drops the tables. The
//! replaced rows are stored in a third table, which is complete if it exists. Every file first
//! compares the three tables, so that it stops if another writer has changed the rows.

use minijinja::Value;
use sha2::{Digest, Sha256};

use super::adapter_config::{sql_footer, sql_header};
use super::create_table::{create_arguments, create_statements};
use super::header::header;
use super::ledger::{LedgerRow, RowKind, WrapClass, record};
use super::predicates::{all_of, column_list, predicate_list, window_predicate};
use super::present_columns::columns_of;
use super::query_text::author_query;
use super::relation_name::{relation_sql, unqualified_name};
use super::table_clauses::format_clause;
use super::table_format::format_variant;
use crate::calendar::Window;
use crate::config::{Microbatch, Node};
use crate::diagnostics::Diagnostic;
use crate::dialect::{BatchTemplate, Dialect, OutsideWindow, Slot, Sql};
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
    /// The batches whose audit has passed, and their query.
    pub approved: Relation,
    /// The batches whose old rows are in `before`, and their query.
    pub published: Relation,
}

/// What the client prints where a file stops.
const NOT_APPROVED: &str =
    "97_audit.sql has approved other batches or another statement than these: run the plan again";
const OTHER_PUBLISHED: &str = "the old rows of an earlier backfill are still kept: undo it or \
    leave it as it is, run its cleanup file, then run the plan again";
const CHANGED_COLUMNS: &str = "the table has other columns than its old rows, or another order of \
    them: insert the rows of the table `…__before` by hand, with the names of the columns";
const NOT_RESTORABLE: &str = "a column is generated or hidden, so that undo could not restore it: \
    compile the plan without `--staged`";
const DIFFERENT_ROWS: &str = "the rows of the table are neither those before the backfill nor the \
    staged ones, so another writer changed them: to start again, run the cleanup file, then the \
    plan";

/// The input of the files.
pub struct StagedBackfill<'a> {
    pub dialect: &'a Dialect,
    pub node: &'a Node,
    pub tables: &'a StagedTables,
    pub columns: &'a [ResultColumn],
    pub identity: &'a BackfillIdentity<'a>,
}

/// Why the dialect cannot stage the table of a node; without a node, any table.
pub fn not_staged<'a>(dialect: &'a Dialect, node: Option<&Node>) -> Option<&'a str> {
    let variant = match node {
        Some(node) => format_variant(dialect, node)?,
        None => String::new(),
    };
    dialect.staging.not_staged.get(&variant).map(String::as_str)
}

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

impl StagedBackfill<'_> {
    /// `01_create.sql`: the target if it is missing, with the columns of the query, and the staged
    /// table with the same columns. `shape` is the query of the target; `alter` has the statements
    /// that adapt the target's columns to the query.
    pub fn create(&self, shape: &str, alter: &Sql) -> Result<String, Diagnostic> {
        let StagedBackfill { dialect, node, tables, .. } = self;
        let StagedTables { target, staged, approved, .. } = tables;
        let head = header(
            dialect,
            &[
                ("model", node.unique_id.clone()),
                ("creates", format!("{target} and {staged}, empty, if they are missing")),
                ("staged", format!("the batches fill {staged}")),
            ],
        );
        let columns = column_list(dialect, self.columns);
        let query = dialect.sql(
            "staged_shape",
            &[("columns", columns.value()), ("target", relation_sql(target))],
        )?;
        let arguments = create_arguments(dialect, node, staged, &query.0)?;
        let name = if dialect.has_macro("create_staged") { "create_staged" } else { "create" };
        let mut statements = vec![create_statements(dialect, node, target, shape)?];
        if let Some(rows) = self.not_restorable()? {
            statements.push(format!("{}\n", self.stop("create", &rows)?));
        }
        statements.push(format!("{}\n", withdraw_approval(dialect, approved)?));
        statements.extend((!alter.0.is_empty()).then(|| format!("{alter}\n")));
        statements.push(format!("{}\n", dialect.sql(name, &arguments)?));
        Ok(format!("{head}\n{}", statements.join("\n")))
    }

    /// `98_publish.sql`.
    pub fn publish(&self) -> Result<String, Diagnostic> {
        let StagedTables { target, staged, before, approved, .. } = self.tables;
        self.file(
            RowKind::Publish,
            &[
                ("publishes", format!("the rows of {staged} in {target}")),
                ("keeps", format!("the rows that are replaced, in {before}")),
                (
                    "stops if",
                    format!(
                        "the rows of {target} are neither those of {before} nor those of {staged}, \
                     or {before} is of an earlier backfill, whose cleanup.sql drops it, or undo \
                     could not insert its rows"
                    ),
                ),
                ("needs", "the audit of every staged model".to_string()),
                (
                    "and",
                    format!("{approved}, which 97_audit.sql makes if it approves these batches"),
                ),
                ("atomic", self.atomic()),
            ],
        )
    }

    /// The file that restores the replaced rows.
    pub fn undo(&self) -> Result<String, Diagnostic> {
        let StagedTables { target, staged, before, .. } = self.tables;
        self.file(
            RowKind::Undo,
            &[
                ("puts back", format!("the rows of {before} in {target}")),
                ("needs", format!("{before}, which 98_publish.sql makes and cleanup.sql drops")),
                (
                    "stops if",
                    format!(
                        "the rows of {target} are neither those of {staged} nor those of {before}"
                    ),
                ),
                ("atomic", self.atomic()),
            ],
        )
    }

    /// The file that drops both tables.
    pub fn cleanup(&self) -> Result<String, Diagnostic> {
        let StagedTables { staged, before, approved, published, .. } = self.tables;
        let dropped = [staged, before, approved, published].map(Relation::to_string).join(", ");
        let head = header(
            self.dialect,
            &[
                ("model", self.node.unique_id.clone()),
                ("drops", format!("{dropped}; after this there is no undo")),
            ],
        );
        let arguments = [("staged", relation_sql(staged)), ("before", relation_sql(before))];
        let statements = self.dialect.sql("cleanup", &arguments)?;
        let withdrawn = withdraw_approval(self.dialect, approved)?;
        // The last statement: without this table `before` could be that of any backfill.
        let forgotten = withdraw_approval(self.dialect, published)?;
        Ok(format!("{head}\n{withdrawn}\n\n{statements}\n\n{forgotten}\n"))
    }

    fn atomic(&self) -> String {
        match publish_is_atomic(self.dialect) {
            true => "true".to_string(),
            false => {
                format!("false: {}", self.dialect.staging.publish_not_atomic)
            }
        }
    }

    fn file(&self, kind: RowKind, lines: &[(&str, String)]) -> Result<String, Diagnostic> {
        let name = kind.as_str();
        let StagedBackfill { dialect, node, tables, .. } = self;
        let BackfillIdentity { settings, cover, .. } = self.identity;
        let StagedTables { target, staged, before, approved, published } = tables;
        let (first, last) = cover.ends();
        let labels = batch_labels(cover);
        let mut all = vec![("model", node.unique_id.clone()), ("batches", labels.clone())];
        all.extend(lines.iter().cloned());
        let rows =
            all_of(&self.windows_predicate()?, &predicate_list(&settings.incremental_predicates));
        let columns = column_list(dialect, self.columns);
        let text = |text: &str| Ok::<_, Diagnostic>(dialect.string(text).value());
        let identifier = dialect.limited_name(&target.identifier, "keep", 0);
        let procedure = Relation { identifier, ..target.clone() };
        let range = Window { start: first.window.start, end: last.window.end };
        let filled = BatchTemplate::new(&rows, settings.timezone).fill_range(&range, &[]);
        let mut arguments = vec![
            ("target", relation_sql(target)),
            ("staged", relation_sql(staged)),
            ("before", relation_sql(before)),
            ("before_name", unqualified_name(dialect, before)),
            ("procedure", relation_sql(&procedure)),
            ("format_clause", format_clause(dialect, node, target)?.value()),
            ("columns", columns.value()),
            ("rows", Sql(rows).value()),
            ("rows_text", dialect.lines(&filled).value()),
            ("name_text", text(&target.identifier)?),
            ("target_text", text(&target.to_string())?),
            ("before_text", text(&before.to_string())?),
            ("approved", relation_sql(approved)),
            ("published", relation_sql(published)),
            ("published_text", text(&published.to_string())?),
            ("published_name_text", text(&published.identifier)?),
            ("before_name_text", text(&before.identifier)?),
            ("schema_text", text(before.schema.as_deref().unwrap_or_default())?),
            ("differs", text(DIFFERENT_ROWS)?),
            ("each", Value::from_safe_string(Slot::EachBatch.to_string())),
            ("end", Value::from_safe_string(Slot::EachEnd.to_string())),
        ];
        let stop = |rows: Sql| self.stop(name, &rows);
        let of_other_backfill = |table: &Relation, words: &str| {
            let arguments = [
                ("approved", relation_sql(table)),
                ("batches", text(&self.identity.text(dialect)?)?),
                ("differs", text(words)?),
            ];
            stop(dialect.sql("other_approval", &arguments)?)
        };
        let is_kept = of_other_backfill(published, OTHER_PUBLISHED)?;
        let differences =
            stop(dialect.sql(&dialect.staging.staged_differences_macro, &arguments)?)?;
        let guard = match kind {
            RowKind::Publish => {
                let is_approved = of_other_backfill(approved, NOT_APPROVED)?;
                let mark = dialect.sql("mark_published", &arguments)?;
                let restorable = self.not_restorable()?.map(stop).transpose()?;
                let restorable = restorable.map(|stop| format!("{stop}\n\n"));
                let restorable = restorable.unwrap_or_default();
                let claim = format!("{restorable}{is_approved}\n\n{mark}\n\n{is_kept}");
                arguments.push(("claim", author_query(&claim)));
                differences
            }
            _ => {
                let columns = self.changed_columns()?.map(stop).transpose()?;
                [Some(is_kept), columns, Some(differences)]
                    .into_iter()
                    .flatten()
                    .collect::<Vec<_>>()
                    .join("\n\n")
            }
        };
        arguments.push(("guard", author_query(&guard)));
        let (before_it, behind) = (sql_header(dialect, node)?, sql_footer(dialect, node)?);
        let row = LedgerRow {
            node,
            kind,
            // One range cannot omit a gap. A row without a range covers no batch, so its batches
            // count as missing, and never as published by mistake.
            range: (cover.runs().len() == 1).then_some(range),
            is_counted: false,
            class: WrapClass::Batches,
        };
        let statements = record(dialect, dialect.sql(name, &arguments)?, &row)?;
        let text = format!("{}\n{before_it}{statements}\n{behind}", header(dialect, &all));
        let batches: Vec<(Window, String)> =
            cover.windows.iter().map(|window| (*window, cover.naming.label(*window))).collect();
        Ok(BatchTemplate::new(&text, settings.timezone).fill_range(&range, &batches))
    }

    /// The statement that fails if there are rows. `name`: what the file does.
    fn stop(&self, name: &str, rows: &Sql) -> Result<String, Diagnostic> {
        let StagedBackfill { dialect, node, .. } = self;
        let arguments = [
            ("about", dialect.string(&format!("{name} of {}: ", node.name)).value()),
            ("list", dialect.sql("audit_list", &[])?.value()),
            ("found", rows.value()),
        ];
        Ok(format!("{};", dialect.sql("audit_stop", &arguments)?))
    }

    /// A row if undo could not insert the old rows; none if the dialect has no such query.
    fn not_restorable(&self) -> Result<Option<Sql>, Diagnostic> {
        let StagedBackfill { dialect, tables: StagedTables { target, .. }, .. } = self;
        if !dialect.has_macro("not_restorable") {
            return Ok(None);
        }
        let text = |text: &str| dialect.string(text).value();
        let arguments = [
            ("database_text", text(target.database.as_deref().unwrap_or_default())),
            ("schema_text", text(target.schema.as_deref().unwrap_or_default())),
            ("name_text", text(&target.identifier)),
            ("differs", text(NOT_RESTORABLE)),
        ];
        dialect.sql("not_restorable", &arguments).map(Some)
    }

    /// The rows that stop an undo by position if the columns of the table were changed since; none
    /// if the dialect inserts by name, or has no query for the columns of a table.
    fn changed_columns(&self) -> Result<Option<Sql>, Diagnostic> {
        let StagedBackfill { dialect, tables: StagedTables { target, before, .. }, .. } = self;
        if dialect.staging.undo_by_name {
            return Ok(None);
        }
        let Ok(parts) = columns_of(dialect, &[target, before]) else { return Ok(None) };
        let words = dialect.string(CHANGED_COLUMNS);
        let arguments = [("parts", parts.value()), ("differs", words.value())];
        dialect.sql("changed_columns", &arguments).map(Some)
    }

    /// The predicate of the rows in the windows of the backfill: one range, or several if ranges
    /// are excluded.
    fn windows_predicate(&self) -> Result<String, Diagnostic> {
        let BackfillIdentity { settings, cover, .. } = self.identity;
        let predicate = window_predicate(self.dialect, &settings.event_time)?.0;
        let runs = cover.runs();
        if runs.len() == 1 {
            return Ok(predicate);
        }
        let template = BatchTemplate::new(&predicate, settings.timezone);
        let ranges = runs.iter().map(|run| template.fill_range(&cover.range(run), &[]));
        Ok(format!("(({}))", ranges.collect::<Vec<_>>().join(") or (")))
    }
}

/// The first and the last batch of each run of batches without a gap.
fn batch_labels(cover: &Cover) -> String {
    let labels = cover.runs().into_iter().map(|run| {
        let label = |position: usize| cover.naming.label(cover.windows[position]);
        format!("{} to {}", label(run.start), label(run.end - 1))
    });
    labels.collect::<Vec<_>>().join(", ")
}

/// The statement before an audit or a new backfill: nothing is approved.
pub fn withdraw_approval(dialect: &Dialect, approved: &Relation) -> Result<Sql, Diagnostic> {
    dialect.sql("withdraw_approval", &[("approved", relation_sql(approved))])
}

/// The statement after an audit that has passed: its batches are approved.
pub fn approve(
    dialect: &Dialect,
    node: &Node,
    approved: &Relation,
    identity: &BackfillIdentity,
) -> Result<Sql, Diagnostic> {
    let arguments = [
        ("approved", relation_sql(approved)),
        ("approved_text", dialect.string(&approved.to_string()).value()),
        ("batches", dialect.string(&identity.text(dialect)?).value()),
        ("format_clause", format_clause(dialect, node, approved)?.value()),
    ];
    dialect.sql("approve", &arguments)
}

/// What tells a backfill of the table from others.
pub struct BackfillIdentity<'a> {
    pub settings: &'a Microbatch,
    pub mode: OutsideWindow,
    pub cover: &'a Cover,
    /// The query with its filters, which contain slots for the window.
    pub query: &'a str,
}

impl BackfillIdentity<'_> {
    /// The batches, and a hash of all that decides which rows are staged and which are replaced.
    fn text(&self, dialect: &Dialect) -> Result<String, Diagnostic> {
        let BackfillIdentity { settings, mode, cover, query } = self;
        let mut hash = Sha256::new();
        let mut add = |part: &str| {
            hash.update(part.as_bytes());
            hash.update([0]);
        };
        add(query);
        add(&window_predicate(dialect, &settings.event_time)?.0);
        settings.incremental_predicates.iter().for_each(|predicate| add(predicate));
        add(settings.timezone.name());
        add(mode.as_str());
        for Window { start, end } in &cover.windows {
            add(&format!("{} {}", start.timestamp(), end.timestamp()));
        }
        let hash: String = hash.finalize()[..6].iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(format!("{}, statement {hash}", batch_labels(cover)))
    }
}

/// Whether readers see all old or all new rows while a backfill is published.
pub fn publish_is_atomic(dialect: &Dialect) -> bool {
    dialect.staging.publish_atomic
}
