//! The files of a staged backfill other than its batches: the two tables, the step that publishes
//! the staged rows, the file that restores the old rows, and the file that drops the tables. The
//! replaced rows are stored in a third table, which is complete if it exists. Every file first
//! compares the three tables, so that it stops if another writer has changed the rows.

use minijinja::Value;

use super::adapter_config::{sql_footer, sql_header};
use super::create_table::{create_arguments, create_statements};
use super::header::header;
use super::indexes::index_statements;
use super::ledger::{LedgerRow, RowKind, WrapClass, record};
use super::predicates::{all_of, column_list, predicate_list, window_predicate};
use super::present_columns::columns_of;
use super::query_text::author_query;
use super::relation_name::{relation_sql, unqualified_name};
use super::staged_tables::{BackfillIdentity, MARKS, StagedTables, marked_rows, run_labels, stop};
use super::table_clauses::format_clause;
use super::table_format::format_variant;
use crate::calendar::Window;
use crate::config::Node;
use crate::diagnostics::Diagnostic;
use crate::dialect::staged_text::checks;
use crate::dialect::{BatchTemplate, Dialect, Slot, Sql};
use crate::inject::ResultColumn;
use crate::jinja::Relation;

/// What the client prints where a file stops.
const NOT_APPROVED: &str =
    "97_audit.sql has approved other batches or another statement than these: run the plan again";
const OTHER_PUBLISHED: &str = "the old rows of an earlier backfill are still kept: undo it or \
    leave it as it is, run its cleanup file, then run the plan again";
const OTHER_ROWS: &str = "the old rows are those of another backfill: compile it again with its \
    bounds to undo it or to drop them; it is of ";
const OTHER_COLUMNS: &str = "the query has other columns than the published one: compile it again \
    with those columns";
const CHANGED_COLUMNS: &str = "the table has other columns than its old rows, or another order of \
    them: insert the rows of the table `…__before` by hand, with the names of the columns";
const OTHER_STAGED_COLUMNS: &str = "the staged table has other columns than the query: run its \
    cleanup file, then this plan";
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

impl StagedBackfill<'_> {
    /// `01_create.sql`: the target if it is missing, with the columns of the query, and the staged
    /// table with the same columns. `shape` is the query of the target; `alter` has the statements
    /// that adapt the target's columns to the query.
    pub fn create(&self, shape: &str, alter: &Sql) -> Result<String, Diagnostic> {
        let StagedBackfill { dialect, node, tables, .. } = self;
        let StagedTables { target, staged, published, .. } = tables;
        let head = header(
            dialect,
            &[
                ("model", node.unique_id.clone()),
                ("creates", format!("{target} and {staged}, empty, if they are missing")),
                ("staged", format!("the batches fill {staged}")),
                ("stops if", format!("{published} has a row: a backfill that was not cleaned up")),
            ],
        );
        let columns = column_list(dialect, self.columns);
        let query = dialect.sql(
            "staged_shape",
            &[("columns", columns.value()), ("target", relation_sql(target))],
        )?;
        let arguments = create_arguments(dialect, node, staged, &query.0)?;
        let name = if dialect.has_macro("create_staged") { "create_staged" } else { "create" };
        let mut statements =
            vec![create_statements(dialect, node, target, shape, &Sql::default())?];
        if let Some(rows) = self.not_restorable()? {
            statements.push(format!("{}\n", stop(dialect, node, "create", &rows)?));
        }
        statements.push(format!("{}\n", tables.create_published(dialect, node)?));
        statements.push(format!("{}\n", tables.reject_published(dialect, node, "create")?));
        statements.push(format!("{}\n", tables.withdraw_approval(dialect)?));
        statements.extend((!alter.0.is_empty()).then(|| format!("{alter}\n")));
        let indexes = index_statements(dialect, node, &target.to_string())?;
        statements.extend((!indexes.0.is_empty()).then(|| format!("{}\n", indexes.0.trim_start())));
        statements.push(format!("{}\n", dialect.sql(name, &arguments)?));
        if let Some(rows) = self.other_staged_columns()? {
            statements.push(format!("{}\n", stop(dialect, node, "create", &rows)?));
        }
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
        let StagedBackfill { dialect, node, tables, .. } = self;
        let StagedTables { staged, before, approved, published, .. } = tables;
        let dropped = [staged, before, approved, published].map(Relation::to_string).join(", ");
        let head = header(
            dialect,
            &[
                ("model", node.unique_id.clone()),
                ("drops", format!("{dropped}; after this there is no undo")),
                ("stops if", format!("the rows of {before} are those of another backfill")),
            ],
        );
        let arguments = [("staged", relation_sql(staged)), ("before", relation_sql(before))];
        let statements = [
            tables.create_published(dialect, node)?,
            stop(dialect, node, "cleanup", &self.other_rows()?)?,
            tables.withdraw_approval(dialect)?,
            dialect.sql("cleanup", &arguments)?,
            // The last statement: without this table `before` could be that of any backfill.
            dialect.sql("drop_published", &[("published", relation_sql(published))])?,
        ];
        Ok(format!("{head}\n{}\n", statements.map(|statement| statement.0).join("\n\n")))
    }

    /// A row if the old rows are those of another backfill.
    fn other_rows(&self) -> Result<Sql, Diagnostic> {
        let StagedBackfill { dialect, tables, .. } = self;
        let rows = dialect.string(&self.identity.replaced_rows(dialect)?);
        let condition = format!("{} <> {rows}", MARKS[0]);
        marked_rows(dialect, &tables.published, &condition, OTHER_ROWS)
    }

    /// A row if a table has other batches than these, or another statement.
    fn other_backfill(&self, table: &Relation, words: &str) -> Result<Sql, Diagnostic> {
        let StagedBackfill { dialect, identity, .. } = self;
        let rows = dialect.string(&identity.replaced_rows(dialect)?);
        let statement = dialect.string(&identity.statement());
        let condition = format!("{} <> {rows} or {} <> {statement}", MARKS[0], MARKS[2]);
        marked_rows(dialect, table, &condition, words)
    }

    /// A row if the published rows have other columns than those that undo compares.
    fn other_columns(&self) -> Result<Sql, Diagnostic> {
        let StagedBackfill { dialect, tables, identity, .. } = self;
        let columns = dialect.string(&identity.compared_columns(dialect));
        let condition = format!("{} <> {columns}", MARKS[1]);
        marked_rows(dialect, &tables.published, &condition, OTHER_COLUMNS)
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
        let labels = run_labels(cover).join(", ");
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
            ("before_name_text", text(&before.identifier)?),
            ("schema_text", text(before.schema.as_deref().unwrap_or_default())?),
            ("differs", text(DIFFERENT_ROWS)?),
            ("each", Value::from_safe_string(Slot::EachBatch.to_string())),
            ("end", Value::from_safe_string(Slot::EachEnd.to_string())),
        ];
        let stop = |rows: Sql| stop(dialect, node, name, &rows).map(|stop| stop.0);
        let differences =
            stop(dialect.sql(&dialect.staging.staged_differences_macro, &arguments)?)?;
        let guard = match kind {
            RowKind::Publish => {
                let claim = [
                    self.not_restorable()?.map(stop).transpose()?,
                    Some(stop(self.other_backfill(approved, NOT_APPROVED)?)?),
                    Some(dialect.sql("mark_published", &arguments)?.0),
                    Some(stop(self.other_backfill(published, OTHER_PUBLISHED)?)?),
                ];
                let claim = claim.into_iter().flatten().collect::<Vec<_>>().join("\n\n");
                arguments.push(("claim", author_query(&claim)));
                differences
            }
            _ => {
                let guard = [
                    Some(stop(self.other_rows()?)?),
                    Some(stop(self.other_columns()?)?),
                    self.changed_columns()?.map(stop).transpose()?,
                    Some(differences),
                ];
                checks(&guard.into_iter().flatten().collect::<Vec<_>>().join("\n\n"))
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

    /// The rows that stop the create step if a table of an earlier backfill lacks columns of the
    /// query; none if the dialect has no query for the columns of a table.
    fn other_staged_columns(&self) -> Result<Option<Sql>, Diagnostic> {
        let StagedBackfill { dialect, tables: StagedTables { target, staged, .. }, .. } = self;
        let Ok(parts) = columns_of(dialect, &[target, staged]) else { return Ok(None) };
        let names = self.columns.iter().map(|column| dialect.string(&column.name.to_lowercase()).0);
        let arguments = [
            ("parts", parts.value()),
            ("names", Sql(names.collect::<Vec<_>>().join(", ")).value()),
            ("words", dialect.string(OTHER_STAGED_COLUMNS).value()),
        ];
        dialect.sql("other_staged_columns", &arguments).map(Some)
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

/// Whether readers see all old or all new rows while a backfill is published.
pub fn publish_is_atomic(dialect: &Dialect) -> bool {
    dialect.staging.publish_atomic
}
