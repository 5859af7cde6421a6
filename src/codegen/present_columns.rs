//! The query that reads the columns of tables from the catalog of the engine: a row for each
//! column, one with position 0 for each table, so that a missing table has only that one, and a
//! last row with the number of the others.

use std::collections::BTreeMap;

use super::relation_name;
use super::result_lines;
use crate::diagnostics::Diagnostic;
use crate::dialect::{Case, CatalogScope, Dialect, Sql, fold_case};
use crate::jinja::Relation;

/// The columns of the result in their order.
pub use crate::project::PRESENT_COLUMNS;

/// The text with which a line of [`read_columns_lines`] begins.
pub const COLUMN_LINE_START: &str = "batchwright-column";

/// Some engines limit the number of parts of a `union all`.
const MAX_PARTS: usize = 200;

/// The query, with the columns of [`PRESENT_COLUMNS`].
pub fn read_columns(dialect: &Dialect, relations: &[&Relation]) -> Result<Sql, Diagnostic> {
    let count = dialect.sql("ledger_row_count", &[])?;
    let end = end_values(dialect, &count);
    let end = end.iter().zip(PRESENT_COLUMNS).map(|(value, column)| format!("{value} as {column}"));
    let end: Vec<String> = end.collect();
    query(dialect, relations, Sql(PRESENT_COLUMNS.join(", ")), Sql(end.join(", ")))
}

/// The same query with one text for each row: [`COLUMN_LINE_START`], then the values with `;` after
/// each.
pub fn read_columns_lines(dialect: &Dialect, relations: &[&Relation]) -> Result<Sql, Diagnostic> {
    let values = PRESENT_COLUMNS.iter().map(|column| {
        let value = Sql((*column).to_string());
        match *column {
            "column_position" => result_lines::as_text(dialect, &value),
            _ => result_lines::escaped(dialect, &value),
        }
    });
    let values: Vec<Sql> = values.collect::<Result<_, Diagnostic>>()?;
    let line = result_lines::line(dialect, COLUMN_LINE_START, &values);
    let line = dialect.sql("columns_line", &[("line", line.value())])?;
    let count = dialect.sql("ledger_row_count", &[])?;
    let end = end_values(dialect, &result_lines::as_text(dialect, &count)?);
    let end = result_lines::line(dialect, COLUMN_LINE_START, &end);
    Ok(Sql(format!("{}\n", query(dialect, relations, line, end)?)))
}

/// The values of the last row.
fn end_values(dialect: &Dialect, count: &Sql) -> Vec<Sql> {
    let value = |column: &&str| match *column {
        "column_position" => count.clone(),
        _ => dialect.string(""),
    };
    PRESENT_COLUMNS.iter().map(value).collect()
}

fn query(
    dialect: &Dialect,
    relations: &[&Relation],
    selected: Sql,
    end: Sql,
) -> Result<Sql, Diagnostic> {
    let arguments = [
        ("parts", columns_of(dialect, relations)?.value()),
        ("selected", selected.value()),
        ("end_of_columns", end.value()),
    ];
    Ok(Sql(format!("{}{}", dialect.session, dialect.sql("columns_read", &arguments)?)))
}

/// A query for the columns of the tables, with the columns of [`PRESENT_COLUMNS`]; an error if the
/// engine has none.
pub(super) fn columns_of(dialect: &Dialect, relations: &[&Relation]) -> Result<Sql, Diagnostic> {
    if let Some(reason) = &dialect.catalog.columns_refused {
        return Err(refused(reason));
    }
    if let Some(reason) = &dialect.catalog.columns_need_database
        && let Some(relation) = relations.iter().find(|relation| {
            relation.database.is_none() || relation_name::database(relation).is_empty()
        })
    {
        return Err(refused(reason).note(format!("{relation} has no database")));
    }
    let by_table = dialect.catalog.columns_by == CatalogScope::Table;
    let mut parts: BTreeMap<(String, String, usize), Vec<&Relation>> = BTreeMap::new();
    for (index, relation) in relations.iter().enumerate() {
        let text = |name: &Option<String>| name.clone().unwrap_or_default();
        let nth = if by_table { index } else { 0 };
        let key = (text(&relation.database), text(&relation.schema), nth);
        parts.entry(key).or_default().push(relation);
    }
    let mut selects: Vec<String> = relations
        .iter()
        .map(|relation| Ok(dialect.sql("columns_table", &catalog_names(dialect, relation))?.0))
        .collect::<Result<_, Diagnostic>>()?;
    for relations in parts.values() {
        let names = relations
            .iter()
            .map(|relation| dialect.string(&stored(dialect, &relation.identifier, relation, 2)).0);
        let names: Vec<String> = names.collect();
        let mut arguments = catalog_names(dialect, relations[0]);
        arguments.push(("names", Sql(names.join(", ")).value()));
        selects.push(dialect.sql("columns_of", &arguments)?.0);
    }
    Ok(Sql(united(&selects)))
}

/// The queries with `union all` between them, in groups if there are many.
fn united(selects: &[String]) -> String {
    let join = |selects: &[String]| selects.join("\nunion all\n");
    if selects.len() <= MAX_PARTS {
        return join(selects);
    }
    let groups = selects.chunks(MAX_PARTS).enumerate();
    let groups = groups.map(|(index, selects)| {
        format!("select * from (\n{}\n) as part_{}", join(selects), index + 1)
    });
    united(&groups.collect::<Vec<_>>())
}

/// The names of a table, as the macros that read the engine's catalog have them.
pub(super) fn catalog_names(
    dialect: &Dialect,
    relation: &Relation,
) -> Vec<(&'static str, minijinja::Value)> {
    let text = |name: &Option<String>, index: usize| match name {
        Some(name) => dialect.string(&stored(dialect, name, relation, index)),
        None => dialect.string(""),
    };
    vec![
        ("database", Sql(relation_name::database(relation)).value()),
        ("schema", Sql(relation_name::schema_name(relation).unwrap_or_default()).value()),
        ("database_text", text(&relation.database, 0).value()),
        ("schema_text", text(&relation.schema, 1).value()),
        ("name_text", dialect.string(&stored(dialect, &relation.identifier, relation, 2)).value()),
    ]
}

/// The name as the engine's catalog has it.
fn stored(dialect: &Dialect, name: &str, relation: &Relation, index: usize) -> String {
    if dialect.catalog.columns_in_lower_case {
        return name.to_lowercase();
    }
    let case = dialect.names.case;
    let folds = matches!(case, Case::Lower | Case::Upper) && !relation.style.quoted[index];
    if folds { fold_case(case, name) } else { name.to_string() }
}

fn refused(reason: &str) -> Diagnostic {
    Diagnostic::error(format!("no query reads the columns of tables: {reason}")).hint(
        "pass dbt's catalog, which `dbt docs generate` writes: `--catalog target/catalog.json`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_queries_are_united_in_groups() {
        let selects: Vec<String> = (0..401).map(|index| format!("select {index}")).collect();
        let text = united(&selects);
        assert_eq!(text.matches("union all").count(), 400);
        assert_eq!(text.matches(") as part_").count(), 3);
        for index in 0..401 {
            assert!(text.contains(&format!("select {index}\n")), "{index}");
        }
    }
}
