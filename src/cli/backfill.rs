//! Backfills as files: the flags of `compile --backfill FILE`, and the list of `status`.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::compile_args::CompileArgs;
use super::next_command::command_line;
use super::plan_args::{StateArgs, target_folder};
use super::print_diagnostics;
use crate::config::unknown_verdict;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::project::backfill::{BackfillFile, ExcludedRange, backfills};
use crate::run::staged::publishes;
use crate::run::status::{ModelStatus, StatusCounter};
use crate::window::{self, Bound};

/// Reads the file and sets the flags that it replaces.
pub fn read(args: &mut CompileArgs, path: &Path) -> Result<BackfillFile, Diagnostics> {
    let root = &args.project.project_dir;
    let file = BackfillFile::read(root, path)?;
    let backfill = file.backfill.clone();
    reject_bounds(args)?;
    validate(&file)?;
    args.select.select = backfill.select;
    if backfill.changed {
        args.select.select.push("state:modified+".to_string());
    }
    args.select.exclude = backfill.exclude;
    if let Some(state) = &backfill.state {
        args.select.state = Some(root.join(state));
    }
    args.windows.event_time_start = Some(backfill.event_time_start);
    args.windows.event_time_end = Some(backfill.event_time_end);
    args.windows.batch_size = backfill.batch_size;
    args.windows.chunk = backfill.chunk;
    args.refresh.full_refresh = backfill.full_refresh;
    args.staged = backfill.staged;
    Ok(file)
}

/// The default folder of the plan of a backfill.
pub fn plan_folder(file: &BackfillFile, project_dir: &Path) -> Result<PathBuf, Diagnostics> {
    Ok(target_folder(project_dir)?.join("backfills").join(file.name()))
}

/// The ranges whose batches are not planned.
pub fn excluded(file: &BackfillFile) -> Result<Vec<(Bound, Bound)>, Diagnostics> {
    let bounds = |range: &ExcludedRange| {
        let (start, end) = (&range.event_time_start, &range.event_time_end);
        let bounds = window::bounds(Some(start), Some(end)).map_err(|errors| {
            let errors = errors.0.into_iter().map(|error| Diagnostic {
                message: without_dashes(&error.message),
                hints: error.hints.iter().map(|hint| without_dashes(hint)).collect(),
                ..error
            });
            Diagnostics(errors.map(|error| file.error_at("exclude_windows", error)).collect())
        })?;
        let bounds = bounds.expect("both bounds are given");
        print_diagnostics(outside_bounds(file, &bounds).as_slice());
        Ok(bounds)
    };
    file.backfill.exclude_windows.iter().map(bounds).collect()
}

/// The keys of the file for the flags of the same name.
fn without_dashes(text: &str) -> String {
    text.replace("--event-time-start", "event_time_start")
        .replace("--event-time-end", "event_time_end")
}

/// A warning about an excluded range outside of the bounds.
fn outside_bounds(file: &BackfillFile, (start, end): &(Bound, Bound)) -> Option<Diagnostic> {
    let backfill = &file.backfill;
    let (from, until) = (&backfill.event_time_start, &backfill.event_time_end);
    let bounds = window::bounds(Some(from), Some(until)).ok().flatten()?;
    let at = |bound: &Bound| bound.at.at(chrono_tz::UTC);
    let is_outside = at(end) <= at(&bounds.0) || at(&bounds.1) <= at(start);
    let warning = || {
        Diagnostic::warning(format!(
            "the excluded range {} until {} is outside of the bounds {from} until {until}",
            start.text, end.text
        ))
        .hint("correct the range, or remove it: it excludes no batch")
    };
    is_outside.then(|| file.error_at("exclude_windows", warning()))
}

/// A bound of the command line would contradict the file. One of the environment is ignored, since
/// the plan of a backfill is the same on every machine.
fn reject_bounds(args: &CompileArgs) -> Result<(), Diagnostics> {
    let flags = [
        ("--event-time-start", &args.windows.event_time_start, "DBT_EVENT_TIME_START"),
        ("--event-time-end", &args.windows.event_time_end, "DBT_EVENT_TIME_END"),
    ];
    for (flag, value, variable) in flags {
        if value.is_some() && *value != std::env::var(variable).ok() {
            return Err(Diagnostic::error(format!("`{flag}` cannot be used with `--backfill`"))
                .hint("change the bounds in the file of the backfill")
                .into());
        }
    }
    Ok(())
}

fn validate(file: &BackfillFile) -> Result<(), Diagnostics> {
    let rules = &file.backfill.audit;
    if let Some((unknown, hint)) = rules.allow.as_deref().and_then(unknown_verdict) {
        let error = Diagnostic::error(format!("unknown verdict `{unknown}` in `allow`"));
        return Err(file.error_at("allow", error.hint(hint)).into());
    }
    if rules.max_change.is_some_and(|share| !(share >= 0.0 && share.is_finite())) {
        let error = Diagnostic::error("`max_change` must be a number of at least 0")
            .hint("write the share of rows that may differ: `max_change: 0.05`");
        return Err(file.error_at("max_change", error).into());
    }
    Ok(())
}

/// A backfill of the project, and how far its plan is.
#[derive(Serialize)]
pub struct BackfillStatus {
    /// Relative to the project.
    file: String,
    reason: String,
    owner: Option<String>,
    event_time_start: String,
    event_time_end: String,
    /// Relative to the current folder; absent without a plan.
    plan: Option<PathBuf>,
    /// `not compiled`, `open`, `failed`, `ready to publish`, `done`, or `published`.
    state: &'static str,
    done: usize,
    failed: usize,
    open: usize,
}

/// The backfills of the project, and the errors of files that cannot be read.
pub fn statuses(
    project_dir: &Path,
    state: &StateArgs,
) -> Result<(Vec<BackfillStatus>, Vec<Diagnostic>), Diagnostics> {
    let mut statuses = Vec::new();
    let mut errors = Vec::new();
    for file in backfills(project_dir)? {
        match file {
            Ok(file) => statuses.push(status(&file, project_dir, state)?),
            Err(error) => errors.push(error),
        }
    }
    Ok((statuses, errors))
}

fn status(
    file: &BackfillFile,
    project_dir: &Path,
    state: &StateArgs,
) -> Result<BackfillStatus, Diagnostics> {
    let plan = plan_folder(file, project_dir)?;
    let mut models = Vec::new();
    let (mut publishing, mut published) = (0, 0);
    let paths = state.paths(&plan)?;
    let is_compiled = paths.has_manifest();
    if is_compiled {
        let about = paths.each_step(&mut |_| {})?.about;
        let (history, _) = paths.history(&paths.fingerprint()?)?.of_target(&about);
        let mut statuses = StatusCounter::new(false);
        let head = paths.each_step(&mut |step| {
            let is_done = history.done(&step).is_some() && history.failed(&step).is_none();
            publishing += usize::from(publishes(&step));
            published += usize::from(publishes(&step) && is_done);
            statuses.add(&step, &history);
        })?;
        models = statuses.of_models(&head.models);
    }
    let total = |count: fn(&ModelStatus) -> usize| models.iter().map(count).sum::<usize>();
    let (done, failed, open) =
        (total(|model| model.done), total(|model| model.failed), total(|model| model.open));
    let state = match (is_compiled, failed, open) {
        (false, ..) => "not compiled",
        (true, 0, 0) if published > 0 => "published",
        (true, 0, 0) => "done",
        (true, 0, open) if open == publishing && publishing > 0 => "ready to publish",
        (true, 0, _) => "open",
        (true, ..) => "failed",
    };
    Ok(BackfillStatus {
        file: file.path.clone(),
        reason: file.backfill.reason.trim().to_string(),
        owner: file.backfill.owner.clone(),
        event_time_start: file.backfill.event_time_start.clone(),
        event_time_end: file.backfill.event_time_end.clone(),
        plan: is_compiled.then_some(plan),
        state,
        done,
        failed,
        open,
    })
}

/// The list of `status`: each backfill with its next command.
pub fn as_text(statuses: &[BackfillStatus]) -> String {
    let mut text = String::new();
    for status in statuses {
        let BackfillStatus { file, reason, event_time_start, event_time_end, .. } = status;
        let steps = match status.state {
            "open" | "failed" => format!(
                ", {} of {} steps done",
                status.done,
                status.done + status.failed + status.open
            ),
            _ => String::new(),
        };
        let range = format!("{event_time_start} until {event_time_end}");
        let summary = reason.lines().next().unwrap_or_default();
        text.push_str(&format!("{file}  {range}  {}{steps}\n  {summary}\n", status.state));
        let plan = status.plan.as_deref().map(|plan| plan.strip_prefix(".").unwrap_or(plan));
        let plan = plan.map(|plan| plan.display().to_string()).unwrap_or_default();
        let words: &[&str] = match status.state {
            "not compiled" => &["compile", "--backfill", file],
            "open" => &["run", "--continue", "--plan", &plan],
            "failed" => &["retry", "--plan", &plan],
            "ready to publish" => &["publish", "--plan", &plan],
            _ => continue,
        };
        text.push_str(&format!("  {}\n", command_line(words.iter().copied())));
    }
    text
}
