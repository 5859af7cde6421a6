//! The real dbt as the oracle: each trial runs a script in `tests/dbt/` with the Python of
//! `target/engines/dbt`, which `tests/run` installs. The script compares dbt with the binary that
//! `BATCHWRIGHT` names, prints the differences, and exits with 0 if there are none. A script can
//! also run alone: `BATCHWRIGHT=target/debug/batchwright target/engines/dbt/bin/python
//! tests/dbt/adapters.py`.

#![allow(clippy::unwrap_used, reason = "what fails here fails its test")]

use std::path::Path;
use std::process::Command;

use libtest_mimic::{Arguments, Failed, Trial};

/// The oracles: `tests/dbt/<oracle>.py`, each with the compared behaviour.
const ORACLES: &[(&str, &str)] = &[
    ("adapters", "one project on every adapter"),
    ("expressions", "expressions and statements of Jinja"),
    ("yaml_values", "values of YAML at each place where dbt reads them"),
    ("projects", "30 random projects"),
    ("microbatch", "which occurrences of inputs are filtered in a batch, and by which column"),
    ("windows", "windows of random requests"),
    ("selection", "random selections of random projects"),
];

/// dbt's own test suites: `tests/dbt/suites/run.py SUITE`, with the Python of
/// `target/engines/dbt_suites`. An engine's name stands for the package dbt-tests-adapter on it, the
/// name of an adapter for the tests of its source package.
const SUITES: &[&str] = &["dbt-postgres", "duckdb", "dbt-duckdb"];

fn main() {
    let oracles =
        ORACLES.iter().map(|&(oracle, _)| Trial::test(oracle, move || run("dbt", oracle, &[])));
    let suites = SUITES.iter().map(|&suite| {
        Trial::test(format!("suites::{suite}"), move || run("dbt_suites", "suites/run", &[suite]))
    });
    // The longest trials are first, so that no processor is idle at the end.
    libtest_mimic::run(&Arguments::from_args(), suites.chain(oracles).collect()).exit();
}

fn run(environment: &str, script: &str, arguments: &[&str]) -> Result<(), Failed> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join("target/engines").join(environment).join("bin/python");
    if !python.exists() {
        return Err(format!(
            "{} is missing: run `tests/run` once, which installs it",
            python.display()
        )
        .into());
    }
    let output = Command::new(python)
        .arg(root.join("tests/dbt").join(script).with_extension("py"))
        .args(arguments)
        .env("BATCHWRIGHT", env!("CARGO_BIN_EXE_batchwright"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONHASHSEED", "0")
        .output()?;
    let report = String::from_utf8_lossy(&output.stdout);
    if output.status.success() {
        print!("{report}");
        return Ok(());
    }
    Err(format!("{report}{}", String::from_utf8_lossy(&output.stderr)).into())
}
