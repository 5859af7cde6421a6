//! The end of a run: the table of its models, and the reports.

use std::process::ExitCode;

use super::print_status;
use super::progress::{duration, indented, last_lines};
use super::run_args::RunSettings;
use super::run_scope::RunScope;
use crate::config::name_of;
use crate::diagnostics::{Diagnostics, counted, printable};
use crate::plan::StepKind;
use crate::plan::manifest::Manifest;
use crate::run::plan_paths::PlanPaths;
use crate::run::{self, clock, junit, report, results, shard, status};

/// Prints the table and writes the reports.
pub fn close(
    settings: &RunSettings,
    scope: RunScope,
    paths: &PlanPaths,
    mut manifest: Manifest,
    fingerprint: &str,
    result: &run::RunSummary,
) -> Result<ExitCode, Diagnostics> {
    let history = paths.history(fingerprint)?;
    if let Some(shard) = settings.steps.shard {
        let mut is_in_shard = shard::steps_in(&manifest, shard)?.into_iter();
        manifest.steps.retain(|_| is_in_shard.next() == Some(true));
    }
    report::replace_with(&paths.run_results, |out| {
        results::write_run_results(out, &manifest, &history, clock::now())
    })?;
    if let Some(path) = &settings.junit {
        report::write(path, &junit::report(&manifest, &history))?;
    }
    let statuses = status::statuses(&manifest, &history);
    let mut text = format!("\n{}", table(&statuses));
    if settings.quiet {
        for failure in statuses.iter().flat_map(|status| &status.failures) {
            text.push_str(&format!(
                "failed {}\n{}",
                failure.step,
                indented(&last_lines(&failure.words))
            ));
        }
    }
    let again = if scope == RunScope::Publish { "publish" } else { "retry" };
    let shard = settings.steps.shard.map(|shard| format!(" --shard {shard}")).unwrap_or_default();
    text.push_str(&match (result.failed, result.open) {
        (0, 0) if !settings.audit && manifest.models.iter().any(|model| model.audit.is_some()) => {
            format!(
                "{} done; to compare tables and queries: `batchwright audit --run`\n",
                counted(result.done, "step")
            )
        }
        (0, 0) => format!("{} done\n", counted(result.done, "step")),
        (failed, open) => {
            let steps =
                format!("{} done, {failed} failed, {open} not run", counted(result.done, "step"));
            match scope {
                RunScope::Extra(StepKind::Undo) if result.done > 0 => format!(
                    "{steps}: a part of the backfill is undone\nto try again: `batchwright undo`; \
                     to publish the undone part again: `batchwright publish`\n"
                ),
                RunScope::Extra(kind) => {
                    format!("{steps}\nto try again: `batchwright {}`\n", kind.as_str())
                }
                _ => format!(
                    "{steps}\nto see why: `batchwright status`; to continue: \
                     `batchwright {again}{shard}`\n"
                ),
            }
        }
    });
    print_status(&printable(&text));
    Ok(if result.failed + result.open == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// The table of models with their counts of steps.
pub fn table(statuses: &[status::ModelStatus]) -> String {
    let longest = statuses
        .iter()
        .map(|status| name_of(&status.unique_id).chars().count())
        .max()
        .unwrap_or_default()
        .max(5);
    let mut text = format!(
        "{:longest$}  {:>6}  {:>6}  {:>6}  {:>12}\n",
        "model", "done", "failed", "open", "time"
    );
    for status in statuses {
        let status::ModelStatus { done, failed, open, seconds, .. } = status;
        text.push_str(&format!(
            "{:longest$}  {done:>6}  {failed:>6}  {open:>6}  {:>12}\n",
            name_of(&status.unique_id),
            duration(*seconds)
        ));
    }
    text
}
