//! Runs the steps of a plan with a client, for `run`, `retry`, `publish`, `undo` and `cleanup`.

use std::process::ExitCode;

use super::client;
use super::ledger_source::read_ledger;
use super::prepared_run::PreparedRun;
use super::run_args::RunSettings;
use super::run_scope::{RunScope, StartPoint};
use super::{print_diagnostics, print_status, run_selection};
use crate::calendar::Instant;
use crate::diagnostics::{Diagnostic, Diagnostics, Level};
use crate::dialect;
use crate::plan::StepKind;
use crate::plan::manifest::{Manifest, PlannedStep};
use crate::plan::planned::PlanFingerprint;
use crate::run::history::History;
use crate::run::plan_paths::PlanPaths;
use crate::run::{clock, journal, report};

/// Adds what other machines have undone, by the ledger of the plan. Without a publication in the
/// journal the ledger is not read.
fn add_undone(
    settings: &RunSettings,
    manifest: &Manifest,
    history: &mut History,
) -> Result<(), Diagnostics> {
    let is_published =
        |step: &PlannedStep| step.kind == StepKind::Publish && history.done(step).is_some();
    let Some(entry) = &manifest.about.ledger else { return Ok(()) };
    if !manifest.steps.iter().any(is_published) {
        return Ok(());
    }
    let (plan, profile) = (&settings.plan, &settings.profile);
    let ledger = read_ledger("publish", &manifest.about, plan, profile, &settings.client)?;
    for model in ledger.steps.reverted(&manifest.steps, &entry.plan_fingerprint) {
        history.take_back(model);
    }
    Ok(())
}

/// Refuses to publish or undo a plan that is not staged, or a part of a plan.
fn reject_unstaged(
    command: &str,
    is_staged: bool,
    selects: bool,
    paths: &PlanPaths,
) -> Result<(), Diagnostic> {
    if !is_staged {
        let plan = paths.plan.display();
        let error = format!("nothing to {command}: the plan in `{plan}` is not staged");
        return Err(Diagnostic::error(error)
            .hint("to stage a backfill: `batchwright compile --staged`, with bounds"));
    }
    if selects {
        let error = format!("`batchwright {command}` takes all models of the plan");
        return Err(Diagnostic::error(error).hint("remove `--select`, `--exclude` and `--shard`"));
    }
    Ok(())
}

/// Runs the plan. `again` names finished steps to run again.
pub fn start(
    settings: RunSettings,
    from: StartPoint,
    again: &[String],
    scope: RunScope,
) -> Result<ExitCode, Diagnostics> {
    let mut paths = settings.plan.paths()?;
    let mut manifest = paths.manifest()?;
    if let Some(shard) = settings.steps.shard {
        paths = paths.of_shard(shard);
    }
    let dialect = dialect::named(&manifest.about.dialect)?;
    let fingerprint = PlanFingerprint::of(&manifest.steps);
    if settings.fingerprint.as_ref().is_some_and(|expected| *expected != fingerprint) {
        return Err(other_plan(&paths).into());
    }
    if let Some(path) = &settings.junit {
        report::check(path)?;
    }
    let is_plan = matches!(scope, RunScope::Plan { .. });
    if !is_plan {
        let is_staged = manifest.about.request.staged;
        reject_unstaged(scope.command(from), is_staged, settings.steps.selects(), &paths)?;
    }
    let until = until(&settings)?;
    let schedule = settings.steps.schedule(&manifest)?;
    // Lock first: the journal must not change after it is read.
    let journal = match settings.dry_run {
        true => None,
        false => Some(journal::open(&paths, &|why| print_status(&format!("{why}\n")))?),
    };
    let mut history = paths.history(&fingerprint)?;
    if scope == RunScope::Publish {
        add_undone(&settings, &manifest, &mut history)?;
    }
    if is_plan && from == StartPoint::LastRun && history.first.is_none() {
        return Err(Diagnostic::error(format!("no run to retry in `{}`", paths.journal.display()))
            .hint("to start a run, use `batchwright run`")
            .into());
    }
    let Some(selection) = run_selection::select(
        &settings,
        from,
        again,
        scope,
        &mut manifest,
        &mut history,
        &fingerprint,
    )?
    else {
        return Ok(ExitCode::SUCCESS);
    };
    let run = PreparedRun {
        settings,
        scope,
        paths,
        manifest,
        dialect,
        fingerprint,
        history,
        selection,
        until,
        schedule,
        confirmed: client::confirmed(),
    };
    let Some(argv) = run.client(from)? else { return Ok(ExitCode::SUCCESS) };
    match journal {
        Some(journal) => run.run(argv, &journal),
        None => run.print_commands(&argv),
    }
}

/// The time from which no further step starts; prints a note if it is tomorrow.
fn until(settings: &RunSettings) -> Result<Option<Instant>, Diagnostics> {
    let until = settings.steps.until(clock::now())?;
    if let Some(at) = until.filter(|_| settings.steps.until_is_tomorrow(clock::now())) {
        print_diagnostics(&[Diagnostic::new(
            Level::Note,
            format!(
                "`--until` is tomorrow, since it is {} UTC: {} UTC",
                clock::now().format("%H:%M"),
                at.format("%Y-%m-%d %H:%M")
            ),
        )]);
    }
    Ok(until)
}

/// The error for a plan that is not the expected one.
fn other_plan(paths: &PlanPaths) -> Diagnostic {
    Diagnostic::error(format!(
        "the plan in `{}` is not the one of `--fingerprint`",
        paths.plan.display()
    ))
    .note("it was compiled again, so its shards may depend on each other in another way")
    .hint("export it again: `batchwright export`")
}
