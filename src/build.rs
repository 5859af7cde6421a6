//! Cargo's build script: puts the commit into `--version`.
//!
//! A release build takes the commit from git, or from the file that `cargo package` writes; without
//! either, `--version` has no commit. A debug build never has one, since each commit would cause a
//! rebuild.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=src/build.rs");
    let is_release = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let commit = if is_release { git_commit().or_else(package_commit) } else { None };
    let version = std::env::var("CARGO_PKG_VERSION").expect("Cargo sets this variable");
    let commit = commit.map(|commit| format!(" ({})", &commit[..9])).unwrap_or_default();
    println!("cargo::rustc-env=BATCHWRIGHT_VERSION={version}{commit}");
}

/// The commit that is checked out, if this folder is the root of a repository.
fn git_commit() -> Option<String> {
    if !Path::new(".git").exists() {
        return None;
    }
    // Each commit, checkout and reset adds a line to this log.
    let log = git(&["rev-parse", "--git-path", "logs/HEAD"])?;
    if Path::new(&log).exists() {
        println!("cargo::rerun-if-changed={log}");
    }
    git(&["rev-parse", "HEAD"]).filter(|commit| is_commit(commit))
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .args(arguments)
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_string())
}

/// The commit that `cargo package` recorded: `{"git": {"sha1": "…"}, …}`.
fn package_commit() -> Option<String> {
    let text = std::fs::read_to_string(".cargo_vcs_info.json").ok()?;
    text.split('"').find(|word| is_commit(word)).map(str::to_string)
}

fn is_commit(word: &str) -> bool {
    word.len() >= 40 && word.bytes().all(|byte| byte.is_ascii_hexdigit())
}
