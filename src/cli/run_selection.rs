//! Determines the steps of a run: all, or those that the last run has not finished, of the selected
//! models.

use std::collections::BTreeSet;

use super::run_args::RunSettings;
use super::run_scope::{PUBLISH_HINT, RunScope, StartPoint};
use super::{print_diagnostics, print_status};
use crate::config::name_of;
use crate::diagnostics::{Diagnostic, Diagnostics, counted, nearest};
use crate::plan::manifest::{Manifest, ModelEntry, PlannedStep};
use crate::plan::planned::PlanFingerprint;
use crate::run::history::History;
use crate::run::{audits, retry, selection, shard, staged};

/// The steps of a run.
#[derive(Default)]
pub struct RunSelection {
    /// For each step, whether it is to run.
    pub selected: Vec<bool>,
    /// Whether the last run is continued.
    pub resumed: bool,
    /// The number of unfinished steps of the last run that are not selected.
    pub left_out: usize,
    /// Whether the steps that publish a staged plan are not selected.
    pub holds_back: bool,
    /// The models of the run.
    pub select: Vec<String>,
    pub exclude: Vec<String>,
    /// The unique ids of the models, if a new run is of selected ones.
    pub models: Vec<String>,
}

/// The steps to run; adds the audits to the manifest if they run too. `None` if there are none, and
/// the reason was printed.
pub fn select(
    settings: &RunSettings,
    from: StartPoint,
    again: &[String],
    scope: RunScope,
    manifest: &mut Manifest,
    history: &mut History,
    fingerprint: &str,
) -> Result<Option<RunSelection>, Diagnostics> {
    // After a complete run a scheduler needs a new one. Steps in `again` are the user's request.
    let leaves_shards = settings.steps.shard.is_none() && leaves_shards(manifest, history);
    let is_complete = history.is_complete && again.is_empty() && !leaves_shards;
    let resumed = from != StartPoint::Start
        && history.first.is_some()
        && !(from == StartPoint::LastRunOrStart && is_complete);
    let was_audited = resumed && history.last.as_ref().is_some_and(|last| last.audit);
    if settings.audit || was_audited {
        audits::add_audits(manifest);
    }
    for step in again {
        history.reopen(&step_named(step, manifest)?.id);
    }
    let publishes = match scope {
        RunScope::Plan { publishes } => publishes,
        RunScope::Publish => return publication(resumed, manifest, history).map(Some),
        RunScope::Extra(kind) => {
            staged::set_extra_steps(manifest, kind);
            let selected = vec![true; manifest.steps.len()];
            return Ok(Some(RunSelection { selected, resumed, ..RunSelection::default() }));
        }
    };
    let Some(in_shard) = steps_of_shard(settings, manifest)? else { return Ok(None) };
    let (select, exclude) = (&settings.steps.select, &settings.steps.exclude);
    let is_requested = in_models(manifest, select, exclude, true)?;
    if settings.audit {
        let requested = models_of(manifest, &is_requested);
        refuse_unaudited(manifest, |model| requested.contains(model))?;
    }
    let new_run = || RunSelection {
        selected: in_shard.clone(),
        select: select.clone(),
        exclude: exclude.clone(),
        ..RunSelection::default()
    };
    let mut selection = new_run();
    if resumed {
        selection = remaining(selection, &is_requested, manifest, history)?;
    }
    if from == StartPoint::LastRunOrStart && !selection.selected.contains(&true) {
        // All is done, but the run was interrupted before it could write that to the journal.
        selection = new_run();
    }
    selection.holds_back = !publishes && manifest.about.request.staged;
    if selection.holds_back {
        let holds = |step: &PlannedStep| !staged::publishes(step);
        keep(&mut selection.selected, &manifest.steps.iter().map(holds).collect::<Vec<_>>());
    }
    // Publishing is the request of the user; the run of the batches has held it back.
    let is_open = |(is, step): (&bool, &PlannedStep)| *is && !staged::publishes(step);
    let open = selection.selected.iter().zip(&manifest.steps).filter(|step| is_open(*step)).count();
    if from == StartPoint::LastRun && is_complete && open > 0 {
        print_complete(open, history.ran(fingerprint));
        return Ok(None);
    }
    keep(&mut selection.selected, &is_requested);
    if !selection.resumed && settings.steps.selects_models() {
        let models = models_of(manifest, &is_requested).into_iter();
        selection.models = models.map(str::to_string).collect();
    }
    Ok(Some(selection))
}

/// The steps that publish a plan, all of whose batches are staged.
fn publication(
    resumed: bool,
    manifest: &Manifest,
    history: &History,
) -> Result<RunSelection, Diagnostics> {
    let (selected, open) = staged::left_to_publish(manifest, history);
    match open {
        0 => Ok(RunSelection { selected, resumed, ..RunSelection::default() }),
        open => Err(not_staged_yet(open).into()),
    }
}

/// For each step, whether it is in the shard of the run. `None` if the shard is empty, which was
/// printed.
fn steps_of_shard(
    settings: &RunSettings,
    manifest: &Manifest,
) -> Result<Option<Vec<bool>>, Diagnostics> {
    let Some(shard) = settings.steps.shard else {
        return Ok(Some(vec![true; manifest.steps.len()]));
    };
    let steps = with_ledger(manifest, shard::steps_in(manifest, shard)?);
    if !steps.contains(&true) {
        print_status(&format!("shard {shard} of this plan has no steps\n"));
        return Ok(None);
    }
    Ok(Some(steps))
}

/// The steps of `selection` that the last run has not finished, with the models of that run.
fn remaining(
    selection: RunSelection,
    is_requested: &[bool],
    manifest: &Manifest,
    history: &History,
) -> Result<RunSelection, Diagnostics> {
    let Some(first) = history.first.as_ref() else { return Ok(selection) };
    // A retry does not extend a run to models that the run has not selected.
    let mut is_of_run = in_models(manifest, &first.select, &first.exclude, false)?;
    let steps = is_of_run.iter_mut().zip(&manifest.steps);
    steps.for_each(|(is, step)| *is |= history.is_of_later_run(&step.model));
    let mut selected = selection.selected;
    keep(&mut selected, &is_of_run);
    selected = retry::remaining(&manifest.steps, &selected, history);
    let is_left_out = |(is, requested): &(&bool, &bool)| **is && !**requested;
    let left_out = selected.iter().zip(is_requested).filter(is_left_out).count();
    let (select, exclude) = (first.select.clone(), first.exclude.clone());
    Ok(RunSelection { selected, resumed: true, left_out, select, exclude, ..selection })
}

/// Prints that a retry does not start a new run of `open` steps.
fn print_complete(open: usize, is_same_plan: bool) {
    let cause = match is_same_plan {
        true => "the last run is complete",
        false => "the last run is complete, and the plan has changed since",
    };
    let open = counted(open, "step");
    print_status(&format!("{cause}: {open} not run\nto run all of the plan: `batchwright run`\n"));
}

/// The models of the steps.
fn models_of<'a>(manifest: &'a Manifest, steps: &[bool]) -> BTreeSet<&'a str> {
    let steps = manifest.steps.iter().zip(steps).filter(|(_, is)| **is);
    steps.map(|(step, _)| &*step.model).collect()
}

/// Whether the last run was of shards of this plan, and steps of other shards are not done.
fn leaves_shards(manifest: &Manifest, history: &History) -> bool {
    let is_open = |step: &PlannedStep| !staged::publishes(step) && history.done(step).is_none();
    history.shards().is_some()
        && history.ran(&PlanFingerprint::of(&manifest.steps))
        && manifest.steps.iter().any(is_open)
}

/// Refuses to write staged rows again that are published: the undo compares the table with them.
pub fn refuse_published(
    manifest: &Manifest,
    selected: &[bool],
    history: &History,
) -> Result<(), Diagnostics> {
    let writes = |model: &&ModelEntry| {
        let mut steps = manifest.steps.iter().zip(selected);
        steps.any(|(step, is)| *is && *step.model == *model.unique_id && !staged::publishes(step))
    };
    let published = manifest.models.iter().filter(|model| model.staged.is_some());
    let published = published.filter(|model| history.can_be_undone(&model.unique_id));
    let error = |model: &ModelEntry| {
        let name = name_of(&model.unique_id);
        Diagnostic::error(format!(
            "the backfill of `{name}` is published, so its staged rows are not written again"
        ))
        .note("it could not be undone any more: the undo compares the table with the staged rows")
        .hint("to take it back first: `batchwright undo`")
        .hint("to keep it and stage other rows: `batchwright cleanup`, then run the plan")
    };
    let errors: Vec<_> = published.filter(writes).map(error).collect();
    if errors.is_empty() { Ok(()) } else { Err(Diagnostics(errors)) }
}

/// For each step, whether its model is selected.
fn in_models(
    manifest: &Manifest,
    select: &[String],
    exclude: &[String],
    warns: bool,
) -> Result<Vec<bool>, Diagnostics> {
    if select.is_empty() && exclude.is_empty() {
        return Ok(vec![true; manifest.steps.len()]);
    }
    let (models, warnings) = selection::select(&manifest.models, &manifest.steps, select, exclude)?;
    if warns {
        print_diagnostics(&warnings);
    }
    let selected = manifest.steps.iter().map(|step| models.contains(&*step.model)).collect();
    Ok(with_ledger(manifest, selected))
}

/// Adds the step that creates the ledger, to which all others write, unless none is selected.
fn with_ledger(manifest: &Manifest, mut selected: Vec<bool>) -> Vec<bool> {
    if let Some(ledger) = manifest.about.ledger.as_ref().filter(|_| selected.contains(&true)) {
        let steps = selected.iter_mut().zip(&manifest.steps);
        steps
            .filter(|(_, step)| *step.model == *ledger.model)
            .for_each(|(selected, _)| *selected = true);
    }
    selected
}

fn keep(selected: &mut [bool], condition: &[bool]) {
    selected.iter_mut().zip(condition).for_each(|(selected, condition)| *selected &= condition);
}

/// The message if no step is selected.
pub fn nothing_left(selection: &RunSelection, manifest: &Manifest, history: &History) -> String {
    let holds_back = selection.holds_back;
    let steps = || manifest.steps.iter().filter(|step| !holds_back || !staged::publishes(step));
    let is_staged = holds_back && staged::left_to_publish(manifest, history).0.contains(&true);
    let hint = if is_staged { PUBLISH_HINT } else { "" };
    let done = steps().filter(|step| history.done(step).is_some()).count();
    let never = match steps().count() - done {
        0 => String::new(),
        open => format!("; of models that no run has selected: {} not run", counted(open, "step")),
    };
    match selection.left_out {
        0 => format!("nothing left to run: {} done{never}\n{hint}", counted(done, "step")),
        left_out => format!(
            "nothing left to run in the selected models; in others: {} not run\n",
            counted(left_out, "step")
        ),
    }
}

/// Finds a step by its id, with or without type and package of the model.
fn step_named<'a>(name: &str, manifest: &'a Manifest) -> Result<&'a PlannedStep, Diagnostic> {
    let ids = || manifest.steps.iter().map(|step| &*step.id);
    let is_named = |step: &&PlannedStep| *step.id == *name || name_of(&step.id) == name;
    let mut matches = manifest.steps.iter().filter(is_named);
    match (matches.next(), matches.next()) {
        (Some(step), None) => Ok(step),
        (Some(step), Some(other)) => Err(Diagnostic::error(format!(
            "`{name}` is ambiguous: `{}` or `{}`",
            step.id, other.id
        ))
        .hint("use the complete id")),
        (None, _) => {
            let error = Diagnostic::error(format!("the plan has no step `{name}`"));
            Err(match nearest(name, ids().map(name_of)) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint("to list the steps, run `batchwright status --json`"),
            })
        }
    }
}

/// The error for a staged plan that is published too early.
fn not_staged_yet(open: usize) -> Diagnostic {
    let are = if open == 1 { "is" } else { "are" };
    Diagnostic::error(format!(
        "nothing is published: {} of the plan {are} not done",
        counted(open, "step")
    ))
    .hint("to run them: `batchwright run`; to continue a run: `batchwright retry`")
}

/// Rejects selected microbatch models without an audit, since nothing would compare their rows.
pub fn refuse_unaudited(
    manifest: &Manifest,
    is_selected: impl Fn(&str) -> bool,
) -> Result<(), Diagnostics> {
    let is_unaudited = |model: &&ModelEntry| {
        is_selected(&model.unique_id)
            && model.microbatch.is_some()
            && model.audit.is_none()
            && model.staged.is_none()
    };
    let error = |model: &ModelEntry| {
        let name = name_of(&model.unique_id);
        Diagnostic::error(format!("`{name}` has too many batches to be audited"))
            .hint("compile a shorter range, or larger batches: `--batch-size month`")
            .hint(format!("to leave it out: `--exclude {name}`"))
    };
    let errors: Vec<_> = manifest.models.iter().filter(is_unaudited).map(error).collect();
    if errors.is_empty() { Ok(()) } else { Err(Diagnostics(errors)) }
}
