//! dbt-core and SQLMesh on the same projects: their comparable commands, each in its own process.
//! `BENCH_DBT` and `BENCH_SQLMESH` name the programs; a program that is not named is skipped.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::measure::{Run, best, compile, measured, ratio};
use crate::projects::{Project, many};

pub fn side_by_side(folder: &Path) {
    for models in [100, 1_000] {
        let project = many(&folder.join(models.to_string()), models, models);
        let days = ["--event-time-start", "2024-09-01", "--event-time-end", "2024-10-01"];
        let ours = best(|| {
            project.next_plan();
            compile(&project, &days)
        });
        println!("peers: {models} models, batchwright compile, 30 batches each: {ours}");
        for (variable, name, arguments) in [
            (
                "BENCH_DBT",
                "dbt parse, no batch",
                &["parse", "--no-partial-parse", "--profiles-dir", "."][..],
            ),
            (
                "BENCH_DBT",
                "dbt compile, one query each and no batch",
                &["compile", "--no-partial-parse", "--profiles-dir", "."],
            ),
            ("BENCH_SQLMESH", "sqlmesh info: load the dbt project", &["info", "--skip-connection"]),
        ] {
            if let Some(program) = std::env::var_os(variable).map(PathBuf::from) {
                let peer = run_once(&project, &program, arguments);
                println!(
                    "peers: {models} models, {name}: {peer}; {:.1} times batchwright",
                    ratio(peer, ours)
                );
            }
        }
    }
}

fn run_once(project: &Project, program: &Path, arguments: &[&str]) -> Run {
    measured(
        Command::new(program).args(arguments).current_dir(&project.folder).env("DO_NOT_TRACK", "1"),
    )
}
