//! The table of a seed: generates the statements that load its rows in chunks. The type of a column
//! is declared in the project, or inferred from all its values as in dbt.

use minijinja::Value as Argument;

use super::create_table::create_arguments;
use super::indexes::{index_statements, rejects_known_keys};
use super::relation_name::relation_sql;
use super::replacement::next_relation;
use super::seed_literals::values_row;
use crate::config::{Node, infer_types, keys};
use crate::diagnostics::Diagnostic;
use crate::dialect::{Case, Dialect, Sql, fold_case};
use crate::inject::ResultColumn;
use crate::limits::{self, Exceeded};
use crate::project::SeedRows;

/// The statements that load a seed.
pub struct SeedStatements {
    pub sql: Sql,
    /// The number of the seed's rows.
    pub rows: usize,
    /// The length in bytes of the longest insert.
    pub longest_insert: usize,
}

/// Rows in one insert statement, which is within the limits of every engine.
const CHUNK_ROWS: usize = 500;

/// Bytes of the rows in one insert statement. A row with more bytes has its own statement.
const CHUNK_BYTES: usize = 128 << 10;

/// The columns of a seed, by its `quote_columns`, else as in dbt's adapter. A name that the engine
/// leaves unchanged is not quoted by default.
pub fn seed_columns(dialect: &Dialect, node: &Node, names: &[String]) -> Vec<ResultColumn> {
    let case = dialect.names.case;
    let by_default = dialect.names.seed_columns_quoted && case != Case::Ignored;
    let column = |name: &String| {
        let quoted = node
            .get(keys::QUOTE_COLUMNS)
            .unwrap_or_else(|| by_default && fold_case(case, name) != *name);
        ResultColumn::named(name, quoted)
    };
    names.iter().map(column).collect()
}

/// The character between the values of a seed.
pub fn seed_delimiter(node: &Node) -> Result<char, Diagnostic> {
    let Some(setting) = node.set(keys::DELIMITER) else { return Ok(',') };
    let text = setting.value.as_str().unwrap_or_default();
    let mut letters = text.chars();
    match (letters.next(), letters.next()) {
        (Some(delimiter), None) => Ok(delimiter),
        _ => Err(Diagnostic::error(format!(
            "the `delimiter` of the seed `{}` must be one character, but is {}",
            node.name, setting.value
        ))
        .at(setting.at.clone())
        .hint("omit it for a comma")),
    }
}

/// The statements. `replaces`: whether the table is created again, or emptied and filled.
pub fn load_seed(
    dialect: &Dialect,
    node: &Node,
    columns: &[ResultColumn],
    rows: &SeedRows,
    replaces: bool,
) -> Result<SeedStatements, Diagnostic> {
    let replaces = replaces || rejects_known_keys(dialect, node);
    let types = infer_types(dialect, node, &rows.names, rows)?;
    let name = |column: &ResultColumn| dialect.column(&column.name, column.quoted).0;
    let names: Vec<String> = columns.iter().map(name).collect();
    let spec = names.iter().zip(&types).map(|(name, of)| format!("{name} {}", of.data_type));
    let spec: Vec<String> = spec.collect();
    let columns = Sql(names.join(", "));
    let target = match replaces && dialect.builds.replaces {
        true => relation_sql(&next_relation(dialect, node, &node.relation)),
        false => relation_sql(&node.relation),
    };
    let insert = |rows: &str| {
        let rows = Argument::from_safe_string(rows.to_string());
        let arguments = [("target", target.clone()), ("columns", columns.value()), ("rows", rows)];
        dialect.sql("seed_rows", &arguments)
    };
    let (mut inserts, mut longest_insert, mut count) = (String::new(), 0, 0);
    let (mut chunk, mut rows_of_chunk) = (String::new(), 0);
    let mut flush = |chunk: &mut String| {
        let statement = insert(chunk)?.0;
        longest_insert = longest_insert.max(statement.len());
        if !inserts.is_empty() {
            inserts.push_str("\n\n");
        }
        inserts.push_str(&statement);
        chunk.clear();
        limits::check().map_err(|exceeded| too_large(node, exceeded))
    };
    for row in rows.iter(dialect.builds.seed_blank_lines) {
        let row = values_row(dialect, &types, &row?)?;
        if rows_of_chunk == CHUNK_ROWS || chunk.len() + row.len() > CHUNK_BYTES {
            if rows_of_chunk > 0 {
                flush(&mut chunk)?;
            }
            rows_of_chunk = 0;
        }
        if rows_of_chunk > 0 {
            chunk.push_str(",\n  ");
        }
        chunk.push_str(&row);
        rows_of_chunk += 1;
        count += 1;
    }
    if rows_of_chunk > 0 {
        flush(&mut chunk)?;
    }
    let mut args = create_arguments(dialect, node, &node.relation, "")?;
    args.extend([
        ("spec", Sql(spec.join(",\n  ")).value()),
        ("rows", Argument::from_safe_string(inserts)),
    ]);
    let mut sql = dialect.sql(if replaces { "seed_rebuild" } else { "seed" }, &args)?;
    sql.0.push_str(&index_statements(dialect, node, &node.relation.to_string())?.0);
    Ok(SeedStatements { sql, rows: count, longest_insert })
}

fn too_large(node: &Node, exceeded: Exceeded) -> Diagnostic {
    if exceeded == Exceeded::Time {
        return exceeded.diagnostic().at(node.file.line(1));
    }
    let message = format!(
        "the statements of the seed `{}` need more than {} MiB of memory",
        node.name,
        limits::MEMORY_MIB
    );
    Diagnostic::error(message).at(node.file.line(1)).hint(format!(
        "run `dbt seed` before the plan, and exclude it here: `--exclude {}`",
        node.name
    ))
}
