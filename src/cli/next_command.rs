//! Commands in messages: they work when they are pasted, with the flags of this call that matter to
//! them.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, OnceLock};

use regex::Regex;

use super::flag_values::push_flag;
use super::plan_args::{PlanArgs, StateArgs, ledger_setting};
use super::profile_args::ProfileArgs;
use super::project_args::ProjectArgs;
use super::project_dir;
use crate::plan::manifest::About;

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
    push_flag(&mut flags, "--profiles-dir", path(&args.profiles_dir), "DBT_PROFILES_DIR");
    push_flag(&mut flags, "--profile", args.profile.clone(), "DBT_PROFILE");
    push_flag(&mut flags, "--target", args.target.clone(), "DBT_TARGET");
    push_flag(&mut flags, "--vars", args.vars.clone(), "");
    push_flag(&mut flags, "--dialect", args.dialect.clone(), "");
    push_flag(&mut flags, "--database", args.database.clone(), "");
    push_flag(&mut flags, "--schema", args.schema.clone(), "");
    push_flag(&mut flags, "--answers", path(&args.answers), "");
    push_flag(&mut flags, "--catalog", path(&args.catalog), "");
    push_flag(&mut flags, "--columns", path(&args.columns), "");
    flags
}

/// The flags that name the plan.
pub fn plan_flags(args: &PlanArgs) -> Vec<String> {
    flags_of_plan(args.plan.as_deref(), &args.project_dir, &args.state)
}

/// The flags of commands on a plan: its folder, unless it is the default one, the project, and the
/// folder of the journals.
pub fn flags_of_plan(plan: Option<&Path>, project_dir: &Path, state: &StateArgs) -> Vec<String> {
    let mut flags = Vec::new();
    push_folder(&mut flags, project_dir);
    let path = |path: &Path| path.strip_prefix(".").unwrap_or(path).display().to_string();
    push_flag(&mut flags, "--plan", plan.map(path), "");
    push_flag(
        &mut flags,
        "--state-dir",
        state.state_dir.as_deref().map(path),
        "BATCHWRIGHT_STATE_DIR",
    );
    flags
}

/// The flags of `compile` that write another plan into the folder of a plan: for its target, and
/// with its ledger. `args` are the flags of this call, without a target.
pub fn flags_like_plan(args: &PlanArgs, profile: &ProfileArgs, about: &About) -> Vec<String> {
    let mut flags = plan_flags(args);
    let project_dir = &args.project_dir;
    let target = |profile: &ProfileArgs| {
        let target = profile.project_target(project_dir, None).ok()?.ok();
        target.filter(|target| target.dialect == about.dialect && target.name == about.target)
    };
    if target(profile).is_none() {
        match profile.of_plan(about, project_dir).ok().filter(|of_plan| target(of_plan).is_some()) {
            Some(of_plan) => flags.extend(of_plan.flags(|path| path.display().to_string())),
            None => flags.extend(["--dialect".to_string(), about.dialect.clone()]),
        }
    } else {
        flags.extend(profile.flags(|path| path.display().to_string()));
    }
    if let Some(ledger) = &about.ledger
        && !matches!(ledger_setting(None, project_dir), Ok(Some(_)))
    {
        push_flag(&mut flags, "--ledger", Some(ledger.table.clone()), "");
    }
    flags
}

/// The flags of this call's plan. Messages on stderr get them.
static CURRENT_PLAN: OnceLock<Vec<String>> = OnceLock::new();

/// Sets the flags that [`with_plan_flags`] adds. The first call counts.
pub fn set_plan_flags(flags: Vec<String>) {
    let _ = CURRENT_PLAN.set(flags);
}

/// The text, where each command on a plan has the flags of this call's plan.
pub fn with_plan_flags(text: &str) -> Cow<'_, str> {
    match CURRENT_PLAN.get() {
        Some(flags) => add_flags(text, flags),
        None => Cow::Borrowed(text),
    }
}

/// Adds the flags to each command on a plan between backticks that does not name a plan.
fn add_flags<'a>(text: &'a str, flags: &[String]) -> Cow<'a, str> {
    static PLAN_COMMAND: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(concat!(
            "`batchwright ",
            r"(run|retry|status|publish|undo|cleanup|audit|ledger|page|export)\b([^`]*)`",
        ))
        .expect("the pattern is valid")
    });
    if flags.is_empty() || !text.contains("`batchwright ") {
        return Cow::Borrowed(text);
    }
    let names_plan = |arguments: &str| {
        let words = arguments.split_whitespace();
        words.take_while(|word| *word != "--").any(|word| flags.iter().any(|flag| flag == word))
    };
    let flags = shlex::try_join(flags.iter().map(String::as_str)).unwrap_or_default();
    PLAN_COMMAND.replace_all(text, |command: &regex::Captures| {
        let (name, arguments) = (&command[1], &command[2]);
        if names_plan(arguments) || arguments.contains("--help") {
            return command[0].to_string();
        }
        // What follows is the client's command line, or a redirection.
        let ends = [" -- ", " > "].into_iter().filter_map(|end| arguments.find(end));
        let (arguments, rest) = arguments.split_at(ends.min().unwrap_or(arguments.len()));
        format!("`batchwright {name}{arguments} {flags}{rest}`")
    })
}

fn push_folder(flags: &mut Vec<String>, folder: &Path) {
    if *folder != *project_dir::nearest() {
        push_flag(flags, "--project-dir", Some(folder.display().to_string()), "DBT_PROJECT_DIR");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_on_a_plan_get_its_flags() {
        let flags = ["--plan".to_string(), "target/backfills/a b".to_string()];
        let text = |text: &str| add_flags(text, &flags).into_owned();
        assert_eq!(
            text("to run them: `batchwright run`; or `batchwright retry --from 3`"),
            "to run them: `batchwright run --plan 'target/backfills/a b'`; or \
             `batchwright retry --from 3 --plan 'target/backfills/a b'`"
        );
        assert_eq!(
            text("`batchwright run -- duckdb --plan x`"),
            "`batchwright run --plan 'target/backfills/a b' -- duckdb --plan x`"
        );
        assert_eq!(
            text("`batchwright ledger --run > done.csv`"),
            "`batchwright ledger --run --plan 'target/backfills/a b' > done.csv`"
        );
        for unchanged in [
            "`batchwright compile --staged`",
            "`batchwright run --plan 'target/backfills/a b'`",
            "`batchwright audit --help`",
            "`batchwright runner`",
        ] {
            assert_eq!(text(unchanged), unchanged);
        }
        assert_eq!(add_flags("`batchwright run`", &[]), "`batchwright run`");
    }
}
