//! Commands of dbt that batchwright does not have, each with what to use.

use crate::diagnostics::Diagnostic;

/// The commands, each with a hint.
const COMMANDS: [(&str, &str); 14] = [
    (
        "build",
        "`batchwright compile --build` plans models and seeds, `batchwright run` runs the plan; \
         for tests: `dbt test`",
    ),
    (
        "seed",
        "select the seed to plan it: `batchwright compile -s my_seed`, then `batchwright run`",
    ),
    ("test", "use `dbt test`; to compare tables with their queries: `batchwright audit --run`"),
    ("snapshot", "use `dbt snapshot` before `batchwright run`"),
    ("show", "to see a query: `batchwright render -s my_model`"),
    ("docs", "to see a plan as a page: `batchwright page`; for the catalog: `dbt docs generate`"),
    ("parse", "to read all of the project: `batchwright list`; its errors are reported"),
    ("source", "use `dbt source freshness`"),
    ("deps", "use `dbt deps`: batchwright reads the packages that it installs"),
    ("run-operation", "use `dbt run-operation`: batchwright opens no connection"),
    ("debug", "use `dbt debug`: batchwright opens no connection"),
    ("clone", "use `dbt clone`"),
    ("clean", "use `dbt clean`; the plan is `target/batchwright`"),
    ("init", "use `dbt init`"),
];

/// An error with what to use, if `name` is a command of dbt.
pub fn error(name: &str) -> Option<Diagnostic> {
    let (name, hint) = COMMANDS.iter().find(|(command, _)| *command == name)?;
    let error = Diagnostic::error(format!("`{name}` is a command of dbt, not of batchwright"));
    Some(error.hint(*hint))
}
