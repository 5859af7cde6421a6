//! The real dbt as the oracle: each trial runs a script below `tests/dbt/` with the Python of `target/engines/dbt`, which `tests/run`
//! installs. The script compares dbt with the binary that `BATCHWRIGHT` names, prints the differences, and ends with 0 where there are
//! none. A script also runs alone: `BATCHWRIGHT=target/debug/batchwright target/engines/dbt/bin/python tests/dbt/adapters.py`.

#![allow(clippy::unwrap_used, reason = "what fails here fails its test")]

use std::path::Path;
use std::process::Command;

use libtest_mimic::{Arguments, Failed, Trial};

/// The oracles: `tests/dbt/<oracle>.py`, each with what it compares.
const ORACLES: &[(&str, &str)] = &[("adapters", "one project on every adapter"), ("projects", "40 random projects")];

fn main() {
    let trials = ORACLES.iter().map(|&(oracle, _)| Trial::test(oracle, move || run(oracle)));
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit();
}

fn run(oracle: &str) -> Result<(), Failed> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join("target/engines/dbt/bin/python");
    if !python.exists() {
        return Err(format!("{} is missing: run `tests/run` once, which installs it", python.display()).into());
    }
    let output = Command::new(python)
        .arg(root.join("tests/dbt").join(oracle).with_extension("py"))
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
