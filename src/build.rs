//! No module of the program: Cargo runs it before a build, so that `--version` names the commit.
//!
//! A release names the commit that git knows or that `cargo package` wrote down; from a bare folder it names none. A debug build never
//! does: it would be built again after each commit.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=src/build.rs");
    let is_release = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let commit = if is_release { of_git().or_else(of_package) } else { None };
    let version = std::env::var("CARGO_PKG_VERSION").expect("Cargo sets it");
    let commit = commit.map(|commit| format!(" ({})", &commit[..9])).unwrap_or_default();
    println!("cargo::rustc-env=BATCHWRIGHT_VERSION={version}{commit}");
}

/// The commit that is checked out, if this folder is the root of a repository and not a folder within somebody else's.
fn of_git() -> Option<String> {
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
    let done = Command::new("git").args(arguments).output().ok().filter(|done| done.status.success())?;
    Some(String::from_utf8(done.stdout).ok()?.trim().to_string())
}

/// The commit that `cargo package` was run at: `{"git": {"sha1": "…"}, …}`.
fn of_package() -> Option<String> {
    let text = std::fs::read_to_string(".cargo_vcs_info.json").ok()?;
    text.split('"').find(|word| is_commit(word)).map(str::to_string)
}

fn is_commit(word: &str) -> bool {
    word.len() >= 40 && word.bytes().all(|byte| byte.is_ascii_hexdigit())
}
