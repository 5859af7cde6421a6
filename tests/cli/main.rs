//! The command line: the files it writes, its output streams, its exit codes and its help.

#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

mod plans;
mod usage;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

const DAYS: [&str; 8] = [
    "--dialect",
    "duckdb",
    "--event-time-start",
    "2024-09-01",
    "--event-time-end",
    "2024-09-04",
    "--now",
    "2024-09-10",
];

/// A copy of the fixture `sessions`.
fn shop() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in walkdir::WalkDir::new("fixtures/projects/sessions")
        .into_iter()
        .flatten()
        .filter(|entry| entry.file_type().is_file())
    {
        let to =
            folder.path().join(entry.path().strip_prefix("fixtures/projects/sessions").unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(entry.path(), to).unwrap();
    }
    folder
}

fn batchwright(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_batchwright"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .output()
        .unwrap()
}

/// Compiles; returns stderr.
fn compile(folder: &Path, arguments: &[&str]) -> String {
    let done = batchwright(folder, &[&["compile"], arguments].concat());
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    stderr(&done)
}

fn stderr(done: &Output) -> String {
    String::from_utf8_lossy(&done.stderr).into_owned()
}

/// The plan's files by path.
fn plan(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let root = folder.join("target/batchwright");
    let files = walkdir::WalkDir::new(&root)
        .into_iter()
        .flatten()
        .filter(|entry| entry.file_type().is_file());
    files
        .map(|entry| {
            (
                entry.path().strip_prefix(&root).unwrap().to_string_lossy().into_owned(),
                fs::read(entry.path()).unwrap(),
            )
        })
        .collect()
}
