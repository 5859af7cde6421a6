//! Commands in messages: they work when they are pasted, with the flags of this call that matter to
//! them.

use std::path::{Path, PathBuf};

use super::options::{PlanArgs, ProjectArgs};
use super::project_dir;

/// The maximum number of models that a printed command names.
pub const MAX_SELECTED: usize = 5;

/// A command line with quoted arguments: `batchwright check -s orders`.
pub fn command_line<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<&str> = std::iter::once("batchwright").chain(words).collect();
    // Only a NUL byte cannot be quoted, and no argument has one.
    shlex::try_join(words.iter().copied()).unwrap_or_else(|_| words.join(" "))
}

/// The flags that name the project, its profile and its variables.
pub fn project_flags(args: &ProjectArgs) -> Vec<String> {
    let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
    let mut flags = Vec::new();
    push_folder(&mut flags, &args.project_dir);
    push(&mut flags, "--profiles-dir", path(&args.profiles_dir), "DBT_PROFILES_DIR");
    push(&mut flags, "--profile", args.profile.clone(), "DBT_PROFILE");
    push(&mut flags, "--target", args.target.clone(), "DBT_TARGET");
    push(&mut flags, "--vars", args.vars.clone(), "");
    push(&mut flags, "--dialect", args.dialect.clone(), "");
    push(&mut flags, "--database", args.database.clone(), "");
    push(&mut flags, "--schema", args.schema.clone(), "");
    push(&mut flags, "--answers", path(&args.answers), "");
    push(&mut flags, "--catalog", path(&args.catalog), "");
    flags
}

/// The flags that name the plan.
pub fn plan_flags(args: &PlanArgs) -> Vec<String> {
    let mut flags = Vec::new();
    push_folder(&mut flags, &args.project_dir);
    let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
    push(&mut flags, "--plan", path(&args.plan), "");
    push(&mut flags, "--state-dir", path(&args.state.state_dir), "BATCHWRIGHT_STATE_DIR");
    flags
}

fn push_folder(flags: &mut Vec<String>, folder: &Path) {
    if *folder != *project_dir::nearest() {
        push(flags, "--project-dir", Some(folder.display().to_string()), "DBT_PROJECT_DIR");
    }
}

/// Adds a flag, unless its value comes from the environment variable.
pub fn push(flags: &mut Vec<String>, name: &str, value: Option<String>, variable: &str) {
    let Some(value) = value.filter(|value| !value.is_empty()) else { return };
    let is_from_environment =
        !variable.is_empty() && std::env::var(variable).is_ok_and(|set| set == value);
    if !is_from_environment {
        flags.extend([name.to_string(), value]);
    }
}
