//! `batchwright completions`: prints a script that completes commands, flags and their values, and
//! the names of models.

use std::ffi::OsStr;
use std::process::ExitCode;

use clap_complete::Shell;
use clap_complete::engine::CompletionCandidate;
use clap_complete::env::{EnvCompleter, Shells};

use super::print;
use super::project_args::ProjectArgs;
use super::window_args::WindowArgs;
use crate::compile::{self, Request};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::graph::Selection;

/// The variable by which the script asks the program for candidates.
const VARIABLE: &str = "COMPLETE";
const EXAMPLES: &str = r"Examples:
  $ batchwright completions bash > ~/.local/share/bash-completion/completions/batchwright
  $ batchwright completions fish > ~/.config/fish/completions/batchwright.fish";

/// Print a script for shell completions: commands, flags, their values, and the names of models
#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct CompletionsArgs {
    shell: Shell,
}

pub fn run(args: &CompletionsArgs) -> Result<ExitCode, Diagnostics> {
    let name = args.shell.to_string();
    let shells = Shells::builtins();
    let completer: &dyn EnvCompleter =
        shells.completer(&name).expect("each shell of the argument has a completer");
    let mut script = Vec::new();
    completer
        .write_registration(VARIABLE, "batchwright", "batchwright", "batchwright", &mut script)
        .map_err(|error| Diagnostic::error(format!("cannot write the script: {error}")))?;
    print(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}

/// The models of the project in the current folder that complete a term of a selection, behind its
/// operators and earlier terms: `+ord`, `orders,cust`.
pub fn models(current: &OsStr) -> Vec<CompletionCandidate> {
    let current = current.to_string_lossy();
    let (before, name) = split(&current);
    let names = model_names().unwrap_or_default().into_iter();
    names
        .filter(|model| model.starts_with(name))
        .map(|model| CompletionCandidate::new(format!("{before}{model}")))
        .collect()
}

/// The part of a term before the name that is completed, and that name.
fn split(term: &str) -> (&str, &str) {
    term.split_at(term.rfind(['+', '@', ',', ' ']).map_or(0, |at| at + 1))
}

/// Names depend on no dialect, so no profile is necessary.
fn model_names() -> Result<Vec<String>, Diagnostics> {
    let project = ProjectArgs::of_completion();
    let now = project.instant()?;
    let windows = WindowArgs::default().request(now)?;
    let request = Request::new(project.open(now, false)?, Selection::default(), windows);
    let (models, _) = compile::list(&request, false)?;
    Ok(models.into_iter().map(|model| model.name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_stay_before_a_completed_name() {
        assert_eq!(split("ord"), ("", "ord"));
        assert_eq!(split("2+ord"), ("2+", "ord"));
        assert_eq!(split("customers,@ord"), ("customers,@", "ord"));
    }
}
