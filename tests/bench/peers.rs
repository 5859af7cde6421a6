//! dbt-core and SQLMesh on the same projects, where they are installed: what they do that is comparable, each in a process of its
//! own. `BENCH_DBT` and `BENCH_SQLMESH` name their programs; what is not named is left out.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::measure::{Run, best, compile, measured, ratio};
use crate::projects::{Project, many};

pub fn side_by_side(place: &Path) {
    for models in [100, 1_000] {
        let project = many(&place.join(models.to_string()), models, models);
        let days = ["--event-time-start", "2024-09-01", "--event-time-end", "2024-10-01"];
        let ours = best(|| {
            project.anew();
            compile(&project, &days)
        });
        println!("peers: {models} models, batchwright compile, 30 batches each: {ours}");
        for (variable, name, arguments) in [
            ("BENCH_DBT", "dbt parse, no batch", &["parse", "--no-partial-parse", "--profiles-dir", "."][..]),
            ("BENCH_DBT", "dbt compile, one query each and no batch", &["compile", "--no-partial-parse", "--profiles-dir", "."]),
            ("BENCH_SQLMESH", "sqlmesh info: load the dbt project", &["info", "--skip-connection"]),
        ] {
            if let Some(program) = std::env::var_os(variable).map(PathBuf::from) {
                let theirs = once(&project, &program, arguments);
                println!("peers: {models} models, {name}: {theirs}; {:.1} times batchwright", ratio(theirs, ours));
            }
        }
    }
}

fn once(project: &Project, program: &Path, arguments: &[&str]) -> Run {
    measured(Command::new(program).args(arguments).current_dir(&project.folder).env("DO_NOT_TRACK", "1"))
}
