//! Fixture files of unit tests: `csv` and `sql` files in the folder `fixtures` of a folder of
//! tests. As in dbt, a unit test that names a missing fixture is an error, though no plan runs it.

use serde_json::Value;

use crate::diagnostics::{Diagnostic, Diagnostics};

use super::resource::{Resource, ResourceKind, text};
use super::values::list;

/// The folder of fixtures, in each folder of tests.
pub const FOLDER: &str = "fixtures";

/// An error for each fixture that a unit test names and that is not among `files` (paths).
pub fn check(resources: &[Resource], files: &[String], errors: &mut Diagnostics) {
    for test in resources.iter().filter(|resource| resource.kind == ResourceKind::UnitTest) {
        let inputs = test.entry.get("given").map(list).unwrap_or_default();
        let missing = inputs.iter().chain(test.entry.get("expect")).filter_map(|rows| {
            let fixture = fixture(rows)?;
            error(&test.name, &fixture, is_csv(rows), files)
        });
        let located = |error: Diagnostic| match &test.at {
            Some(at) => error.at(at.clone()),
            None => error,
        };
        errors.0.extend(missing.map(located));
    }
}

/// The fixture of input or expected rows. dbt reads it for the formats `csv` and `sql`.
fn fixture(rows: &Value) -> Option<String> {
    let format = text(rows, "format")?;
    (format == "csv" || format == "sql").then(|| text(rows, "fixture"))?
}

fn is_csv(rows: &Value) -> bool {
    text(rows, "format").as_deref() == Some("csv")
}

fn error(test: &str, fixture: &str, is_csv: bool, files: &[String]) -> Option<Diagnostic> {
    let of_fixture = |file: &&String| {
        let name = file.rsplit('/').next().unwrap_or_default();
        name.rsplit_once('.').is_some_and(|(stem, _)| stem == fixture)
    };
    let Some(file) = files.iter().find(of_fixture) else {
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
