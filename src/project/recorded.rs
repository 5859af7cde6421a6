//! What was recorded of the warehouse: answers of queries (`--answers`), and dbt's catalog of
//! relations and their columns (`--catalog`). Takes the paths; gives tables of both. Refuses files
//! that can't be read or mean nothing.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::diagnostics::{Diagnostic, SourceFile};
use crate::jinja::{RecordedResult, RecordedResults};
use crate::yaml::{self, Data, Yaml};

use super::files;
use super::sandbox::Sandbox;

/// Relations by database, schema and identifier in lower case, with their columns and types as the
/// warehouse spells them.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    pub is_given: bool,
    pub relations: BTreeMap<[String; 3], Vec<(String, Option<String>)>>,
}

/// The answers in a file: a list of entries with `query` and `rows`, and `columns` where rows are
/// lists whose names matter.
pub fn answers(fence: &Sandbox, path: Option<&Path>) -> Result<RecordedResults, Diagnostic> {
    let mut answers = RecordedResults::default();
    let Some(path) = path else { return Ok(answers) };
    let file = required_file(fence, path, "--answers")?;
    let (tree, _) = yaml::parse(&file)?;
    if !matches!(tree.data, Data::List(_) | Data::Null) {
        let error = Diagnostic::error(format!("`{}` must be a list of answers", file.path))
            .at(tree.at.clone());
        return Err(error.hint("begin each with `- query: select …`, and give its `rows`"));
    }
    for entry in tree.items() {
        let Some(query) = entry.get("query").and_then(Yaml::text) else {
            let error = Diagnostic::error("an answer has no `query`").at(entry.at.clone());
            return Err(error.hint("begin it with `- query: select …`"));
        };
        answers.insert(&query, answer(entry)?);
    }
    answers.file = Some(file);
    Ok(answers)
}

fn answer(entry: &Yaml) -> Result<RecordedResult, Diagnostic> {
    let mut answer = RecordedResult {
        columns: entry.get("columns").map(super::values::texts).unwrap_or_default(),
        rows: Vec::new(),
    };
    let Some(rows) = entry.get("rows").filter(|rows| matches!(rows.data, Data::List(_))) else {
        let error = Diagnostic::error("an answer has no `rows`").at(entry.at.clone());
        return Err(error
            .hint("add `rows: [[first, row], [second, row]]`, or `rows: []` if there were none"));
    };
    for row in rows.items() {
        match row.json() {
            Value::Array(values) => answer.rows.push(values),
            Value::Object(named) => {
                if answer.columns.is_empty() {
                    answer.columns = named.keys().cloned().collect();
                }
                answer.rows.push(
                    answer
                        .columns
                        .iter()
                        .map(|name| named.get(name).cloned().unwrap_or_default())
                        .collect(),
                );
            }
            // A row of one column.
            single => answer.rows.push(vec![single]),
        }
    }
    Ok(answer)
}

/// dbt's `catalog.json`.
pub fn catalog(fence: &Sandbox, path: Option<&Path>) -> Result<Catalog, Diagnostic> {
    let mut catalog = Catalog { is_given: path.is_some(), ..Catalog::default() };
    let Some(path) = path else { return Ok(catalog) };
    let file = required_file(fence, path, "--catalog")?;
    let json: Value = serde_json::from_str(&file.text).map_err(|error| {
        let error =
            Diagnostic::error(format!("`{}` is not JSON", file.path)).at(file.line(error.line()));
        error.hint("give the `catalog.json` that `dbt docs generate` writes")
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

fn required_file(fence: &Sandbox, path: &Path, flag: &str) -> Result<SourceFile, Diagnostic> {
    let name = path.display().to_string();
    let missing = || {
        Diagnostic::error(format!("`{name}` does not exist"))
            .hint(format!("name another file with `{flag}`"))
    };
    files::read_named(fence, path, &name, &[])?.ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_lists_dicts_or_single_values() {
        let file = SourceFile::new(
            "a.yml",
            "- query: q\n  rows: [[1, a], {x: 2, y: b}, 3]\n  columns: [x, y]\n",
        );
        let (tree, _) = yaml::parse(&file).unwrap();
        let answer = answer(&tree.items()[0]).unwrap();
        assert_eq!(
            answer.rows,
            [vec![1.into(), "a".into()], vec![2.into(), "b".into()], vec![Value::from(3)]]
        );
    }
}
