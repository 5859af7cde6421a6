//! Fixture files of unit tests: `csv` and `sql` files in the folder `fixtures` of a folder of
//! tests. As in dbt, a unit test that names a missing fixture is an error, though no plan runs it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::diagnostics::{Diagnostic, Diagnostics};

use super::files::file_stem;
use super::resource::{Resource, ResourceKind, text};
use super::values::list;

/// The folder of fixtures, in each folder of tests.
pub const FOLDER: &str = "fixtures";

/// An error for each fixture that a unit test names and that is not among `files` (paths), and for
/// two fixtures of one name.
pub fn check(resources: &[Resource], files: &[String], errors: &mut Diagnostics) {
    let mut names = BTreeMap::new();
    for file in files {
        if let Some(first) = names.insert(file_stem(file), file) {
            let message =
                format!("two fixtures are named `{}`: `{first}`, `{file}`", file_stem(file));
            errors.0.push(Diagnostic::error(message).hint("rename one of the two files"));
        }
    }
    for test in resources.iter().filter(|resource| resource.kind == ResourceKind::UnitTest) {
        let inputs = test.entry.get("given").map(list).unwrap_or_default();
        let missing = inputs.iter().chain(test.entry.get("expect")).filter_map(|rows| {
            let (fixture, is_csv) = fixture(rows)?;
            error(&test.name, &fixture, is_csv, files)
        });
        errors.0.extend(missing.map(|error| error.at_maybe(test.at.clone())));
    }
}

/// The fixture of input or expected rows, and whether it must be a CSV file. dbt reads it for the
/// formats `csv` and `sql`.
fn fixture(rows: &Value) -> Option<(String, bool)> {
    let is_csv = match text(rows, "format")?.as_str() {
        "csv" => true,
        "sql" => false,
        _ => return None,
    };
    Some((text(rows, "fixture")?, is_csv))
}

fn error(test: &str, fixture: &str, is_csv: bool, files: &[String]) -> Option<Diagnostic> {
    let Some(file) = files.iter().find(|file| file_stem(file) == fixture) else {
        let message = format!("unit test `{test}` names the fixture `{fixture}`, which is missing");
        let ending = if is_csv { "csv" } else { "sql" };
        return Some(Diagnostic::error(message).hint(if fixture.contains(['/', '.']) {
            "write the name of the file without its folder and extension".to_string()
        } else {
            format!("create `tests/{FOLDER}/{fixture}.{ending}`, or correct the name")
        }));
    };
    let is_sql_file = file.to_ascii_lowercase().ends_with(".sql");
    (is_csv && is_sql_file).then(|| {
        let message = format!("unit test `{test}` reads `{file}` with the format `csv`");
        Diagnostic::error(message).hint("set `format: sql`, or write the rows to a CSV file")
    })
}
