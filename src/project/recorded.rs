//! Recorded state of the warehouse: results of queries (`--answers`), dbt's catalog of relations
//! and their columns (`--catalog`), and the result of the query of `batchwright columns`
//! (`--columns`). Takes the paths; returns all of them. Rejects files that cannot be read or
//! parsed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::diagnostics::{Diagnostic, SourceFile};
use crate::jinja::{RecordedResult, RecordedResults};
use crate::yaml::{self, Data, Yaml};

use super::files;
use super::sandbox::Sandbox;
use crate::result_rows;

/// Columns and types, as the warehouse spells them, by database, schema and identifier in lower
/// case.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    pub is_given: bool,
    pub relations: BTreeMap<[String; 3], Vec<(String, Option<String>)>>,
    /// The relations that the warehouse does not have.
    pub missing: BTreeSet<[String; 3]>,
}

/// The columns of the result of the query of `batchwright columns`, in their order. A row has the
/// position 0 for each table of the query; the last row has no table, and the number of the others
/// as its position.
pub const PRESENT_COLUMNS: [&str; 6] =
    ["database_name", "schema_name", "table_name", "column_position", "column_name", "data_type"];

/// A row of this result.
pub type PresentColumn = [String; PRESENT_COLUMNS.len()];

/// The recorded results in a file: a list of entries with `query` and `rows`; `columns` is needed
/// only if rows are lists and names matter.
pub fn recorded_results(
    sandbox: &Sandbox,
    path: Option<&Path>,
) -> Result<RecordedResults, Diagnostic> {
    let mut recorded_results = RecordedResults::default();
    let Some(path) = path else { return Ok(recorded_results) };
    let file = required_file(sandbox, path, "--answers")?;
    let (tree, _) = yaml::parse(&file)?;
    if !matches!(tree.data, Data::List(_) | Data::Null) {
        let error = Diagnostic::error(format!("`{}` must be a list of query results", file.path))
            .at(tree.at.clone());
        return Err(error.hint("begin each entry with `- query: select …`, and add its `rows`"));
    }
    for entry in tree.items() {
        let Some(query) = entry.get("query").and_then(Yaml::text) else {
            let error = Diagnostic::error("a query result has no `query`").at(entry.at.clone());
            return Err(error.hint("begin it with `- query: select …`"));
        };
        recorded_results.insert(&query, recorded_result(entry)?);
    }
    recorded_results.file = Some(file);
    Ok(recorded_results)
}

fn recorded_result(entry: &Yaml) -> Result<RecordedResult, Diagnostic> {
    let mut recorded_result = RecordedResult {
        columns: entry.get("columns").map(super::values::texts).unwrap_or_default(),
        rows: Vec::new(),
    };
    let Some(rows) = entry.get("rows").filter(|rows| matches!(rows.data, Data::List(_))) else {
        let error = Diagnostic::error("a query result has no `rows`").at(entry.at.clone());
        return Err(error
            .hint("add `rows: [[first, row], [second, row]]`, or `rows: []` for an empty result"));
    };
    for row in rows.items() {
        match row.json() {
            Value::Array(values) => recorded_result.rows.push(values),
            Value::Object(named) => {
                if recorded_result.columns.is_empty() {
                    recorded_result.columns = named.keys().cloned().collect();
                }
                recorded_result.rows.push(
                    recorded_result
                        .columns
                        .iter()
                        .map(|name| named.get(name).cloned().unwrap_or_default())
                        .collect(),
                );
            }
            // A row with one column.
            single => recorded_result.rows.push(vec![single]),
        }
    }
    Ok(recorded_result)
}

/// dbt's `catalog.json`.
pub fn catalog(sandbox: &Sandbox, path: Option<&Path>) -> Result<Catalog, Diagnostic> {
    let mut catalog = Catalog { is_given: path.is_some(), ..Catalog::default() };
    let Some(path) = path else { return Ok(catalog) };
    let file = required_file(sandbox, path, "--catalog")?;
    let json: Value = serde_json::from_str(&file.text).map_err(|error| {
        let error =
            Diagnostic::error(format!("`{}` is not JSON", file.path)).at(file.line(error.line()));
        error.hint("name the `catalog.json` that `dbt docs generate` writes")
    })?;
    for part in ["nodes", "sources"] {
        for table in
            json.get(part).and_then(Value::as_object).into_iter().flat_map(|tables| tables.values())
        {
            let metadata = |key: &str| {
                table
                    .pointer(&format!("/metadata/{key}"))
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .to_lowercase()
            };
            let mut columns: Vec<(i64, String, Option<String>)> = Vec::new();
            for (name, column) in
                table.get("columns").and_then(Value::as_object).into_iter().flatten()
            {
                let index = column.get("index").and_then(Value::as_i64).unwrap_or_default();
                columns.push((
                    index,
                    name.clone(),
                    column.get("type").and_then(Value::as_str).map(str::to_string),
                ));
            }
            columns.sort_by_key(|(index, ..)| *index);
            let columns =
                columns.into_iter().map(|(_, name, data_type)| (name, data_type)).collect();
            catalog
                .relations
                .insert([metadata("database"), metadata("schema"), metadata("name")], columns);
        }
    }
    Ok(catalog)
}

/// Adds the columns in the file of `--columns` for the relations that the catalog lacks.
pub fn add_present_columns(
    catalog: &mut Catalog,
    sandbox: &Sandbox,
    path: Option<&Path>,
) -> Result<(), Diagnostic> {
    let Some(path) = path else { return Ok(()) };
    let file = required_file(sandbox, path, "--columns")?;
    let mut rows: Vec<PresentColumn> = Vec::new();
    let mut take = |row| {
        rows.push(row);
        Ok(())
    };
    let tables = result_rows::read_rows(file.text.as_bytes(), &PRESENT_COLUMNS, &mut take)
        .and_then(|()| present_tables(&rows))
        .map_err(|reason| {
            let name = &file.path;
            Diagnostic::error(format!("`{name}` is not a complete list of columns"))
                .note(reason)
                .hint(format!("write it again: `batchwright columns --run > {name}`"))
        })?;
    for (relation, columns) in tables {
        if catalog.relations.contains_key(&relation) {
            continue;
        }
        match columns.is_empty() {
            true => drop(catalog.missing.insert(relation)),
            false => drop(catalog.relations.insert(relation, columns)),
        }
    }
    Ok(())
}

/// A column's name and type.
type NamedType = (String, Option<String>);
type Tables = BTreeMap<[String; 3], Vec<NamedType>>;

/// The columns of each table in their order. An error if rows are missing.
pub fn present_tables(rows: &[PresentColumn]) -> Result<Tables, String> {
    let mut tables: BTreeMap<[String; 3], BTreeMap<u64, NamedType>> = BTreeMap::new();
    let mut expected = None;
    for [database, schema, table, position, column, data_type] in rows {
        let number = position.trim().parse::<f64>().ok().filter(|number| *number >= 0.0);
        let number =
            number.ok_or_else(|| format!("`{position}` is not the position of a column"))?;
        let number = number as u64;
        if table.is_empty() {
            if expected.replace(number).is_some() {
                return Err("it has several last rows".to_string());
            }
            continue;
        }
        let relation = [database, schema, table].map(|part| part.to_lowercase());
        let columns = tables.entry(relation).or_default();
        if number > 0 {
            let data_type = Some(data_type.clone()).filter(|data_type| !data_type.is_empty());
            if columns.insert(number, (column.clone(), data_type)).is_some() {
                return Err(format!("`{table}` has two columns with position {number}"));
            }
        }
    }
    let count = rows.len() as u64 - u64::from(expected.is_some());
    match expected {
        None => Err("its last row is missing, so it was cut".to_string()),
        Some(expected) if expected != count => Err(format!("it has {count} of {expected} rows")),
        Some(_) => Ok(tables
            .into_iter()
            .map(|(relation, columns)| (relation, columns.into_values().collect()))
            .collect()),
    }
}

fn required_file(sandbox: &Sandbox, path: &Path, flag: &str) -> Result<SourceFile, Diagnostic> {
    let name = path.display().to_string();
    let missing = || {
        Diagnostic::error(format!("`{name}` does not exist"))
            .hint(format!("name another file with `{flag}`"))
    };
    files::read_named(sandbox, path, &name, &[])?.ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_incomplete_list_of_columns_is_an_error() {
        let csv = "database_name,schema_name,table_name,column_position,column_name,data_type\n\
            ,Main,orders,0,,\n,Main,orders,2,Total,\"decimal(10, 2)\"\n,main,ORDERS,1,id,INTEGER\n\
            ,main,missing,0,,\n,,,4,,\n";
        let read = |text: &str| {
            let mut rows = Vec::new();
            let mut take = |row| {
                rows.push(row);
                Ok(())
            };
            result_rows::read_rows(text.as_bytes(), &PRESENT_COLUMNS, &mut take)?;
            present_tables(&rows)
        };
        let tables = read(csv).unwrap();
        let relation = |name: &str| ["", "main", name].map(str::to_string);
        let column = |name: &str, data_type: &str| (name.to_string(), Some(data_type.to_string()));
        assert_eq!(
            tables[&relation("orders")],
            [column("id", "INTEGER"), column("Total", "decimal(10, 2)")]
        );
        assert_eq!(tables[&relation("missing")], []);
        for cut in 1..csv.len() - 1 {
            assert!(read(&csv[..cut]).is_err(), "cut after {cut} bytes");
        }
        assert!(read(&csv.replace(",4,", ",5,")).unwrap_err().contains("4 of 5"));
        assert!(read(&csv.replace(",2,", ",x,")).unwrap_err().contains("not the position"));
        assert!(read(&csv.replace(",2,", ",1,")).unwrap_err().contains("two columns"));
    }

    #[test]
    fn answers_are_lists_dicts_or_single_values() {
        let file = SourceFile::new(
            "a.yml",
            "- query: q\n  rows: [[1, a], {x: 2, y: b}, 3]\n  columns: [x, y]\n",
        );
        let (tree, _) = yaml::parse(&file).unwrap();
        let recorded_result = recorded_result(&tree.items()[0]).unwrap();
        assert_eq!(
            recorded_result.rows,
            [vec![1.into(), "a".into()], vec![2.into(), "b".into()], vec![Value::from(3)]]
        );
    }
}
