//! The columns of tables, from the lines that a client prints for the query of
//! `batchwright columns`.

use crate::codegen::present_columns::COLUMN_LINE_START;
use crate::diagnostics::Diagnostic;
use crate::project::{PRESENT_COLUMNS, PresentColumn, present_tables};
use crate::result_rows;

/// The rows as CSV, the number of tables that exist, and the names of the others. An error if the
/// client did not print all rows.
pub fn columns_csv(output: &str) -> Result<(String, usize, Vec<String>), Diagnostic> {
    let mut rows: Vec<PresentColumn> = result_rows::read_lines(output, COLUMN_LINE_START);
    let tables = present_tables(&rows).map_err(|reason| {
        Diagnostic::error("the client did not print all rows of the query").note(reason).hint(
            "let the client print plain text or CSV, or run the query yourself: `batchwright \
                 columns`",
        )
    })?;
    // By table; the last row is the one without a table.
    rows.sort_by_cached_key(|[database, schema, table, position, ..]| {
        let position: f64 = position.trim().parse().unwrap_or_default();
        let parts = [database, schema, table].map(|part| part.to_lowercase());
        (table.is_empty(), parts, position as u64)
    });
    let csv = result_rows::csv_text(&PRESENT_COLUMNS, &rows).map_err(Diagnostic::error)?;
    let (missing, present): (Vec<_>, Vec<_>) =
        tables.into_iter().partition(|(_, columns)| columns.is_empty());
    let name = |([_, schema, table], _): ([String; 3], Vec<_>)| format!("{schema}.{table}");
    Ok((csv, present.len(), missing.into_iter().map(name).collect()))
}
