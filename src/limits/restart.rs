//! Restarts the command without the work that cannot be interrupted. The new process takes the
//! list of that work from an environment variable and reports an error for each, so that the other
//! models are compiled.

use std::collections::BTreeSet;
use std::env;
use std::io;
use std::panic::Location;
use std::process::Command;
use std::sync::LazyLock;

use crate::diagnostics::SourceFile;

/// The names of the overdue work of earlier processes, as a JSON list.
const VARIABLE: &str = "BATCHWRIGHT_OVERDUE_WORK";

static OVERDUE: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let names = env::var(VARIABLE).unwrap_or_default();
    serde_json::from_str(&names).unwrap_or_default()
});

/// The name of the work on a file that the code at `caller` does.
pub fn name(file: &SourceFile, caller: &Location) -> String {
    format!("{} {}:{}", file.path, caller.file(), caller.line())
}

/// Whether an earlier process of this command could not interrupt the work.
pub fn was_overdue(name: &str) -> bool {
    !OVERDUE.is_empty() && OVERDUE.contains(name)
}

/// Starts the command again without the work of these names. Returns only if that fails.
pub fn restart(names: impl IntoIterator<Item = String>) -> io::Error {
    let mut overdue = OVERDUE.clone();
    let known = overdue.len();
    overdue.extend(names);
    if overdue.len() == known {
        return io::Error::other("the work was overdue before");
    }
    match command(&overdue) {
        Ok(command) => replace_process(command),
        Err(error) => error,
    }
}

fn command(overdue: &BTreeSet<String>) -> io::Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.args(env::args_os().skip(1));
    command.env(VARIABLE, serde_json::to_string(overdue)?);
    Ok(command)
}

#[cfg(unix)]
fn replace_process(mut command: Command) -> io::Error {
    std::os::unix::process::CommandExt::exec(&mut command)
}

#[cfg(not(unix))]
fn replace_process(mut command: Command) -> io::Error {
    match command.status() {
        Ok(status) => std::process::exit(status.code().unwrap_or(2)),
        Err(error) => error,
    }
}
