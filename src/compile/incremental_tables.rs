//! The tables of the selected incremental models, for `batchwright columns`.

use super::{LoadedProject, identifiers, open};
use crate::codegen::present_columns;
use crate::config::{Materialization, Node};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::dialect::{Dialect, Sql};
use crate::graph::Selection;
use crate::jinja::Relation;
use crate::project::LoadOptions;

/// The queries that read the columns of tables.
pub struct ColumnQueries {
    pub dialect: Dialect,
    /// With a column for each value.
    pub query: Sql,
    /// With one text for each row.
    pub lines: Sql,
    /// The number of tables.
    pub tables: usize,
    pub diagnostics: Vec<Diagnostic>,
}

/// The queries that read the columns of the tables of the selected microbatch models and other
/// incremental models.
pub fn column_queries(
    options: &LoadOptions,
    selection: &Selection,
) -> Result<ColumnQueries, Diagnostics> {
    let loaded = open(options)?;
    let LoadedProject { dialect, .. } = &loaded;
    let (selected, mut diagnostics) = loaded.select(selection)?;
    let is_incremental = |node: &&&Node| {
        matches!(node.materialization, Materialization::Incremental(_))
            || node.microbatch().is_some()
    };
    let models: Vec<&&Node> = selected.iter().filter(is_incremental).collect();
    for node in &models {
        identifiers::validate_relation_name(dialect, node)?;
    }
    let relations: Vec<&Relation> = models.iter().map(|node| &node.relation).collect();
    if relations.is_empty() {
        return Err(Diagnostic::error("no incremental model is selected")
            .hint("to list the selected models: `batchwright list`")
            .into());
    }
    diagnostics.splice(0..0, loaded.diagnostics.iter().cloned());
    let query = present_columns::read_columns(dialect, &relations)?;
    let lines = present_columns::read_columns_lines(dialect, &relations)?;
    let tables = relations.len();
    Ok(ColumnQueries { query, lines, tables, diagnostics, dialect: loaded.dialect })
}
