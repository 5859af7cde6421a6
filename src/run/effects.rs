//! Checks, before a run is continued, that the tables of finished create steps still exist. Without
//! its table no batch can succeed.

use minijinja::Value;

use super::client::{Client, ClientSession};
use super::history::History;
use super::journal;
use crate::config::name_of;
use crate::diagnostics::{Diagnostic, Diagnostics, Level};
use crate::plan::StepKind;
use crate::plan::manifest::{Manifest, ModelEntry, PlannedStep};

/// Refuses to continue if a table is missing. Runs one query for each model that has steps to run
/// and a finished create step.
pub fn check(
    client: &Client,
    manifest: &Manifest,
    selected: &[bool],
    history: &History,
    session: &mut Option<ClientSession>,
) -> Result<(), Diagnostics> {
    let mut errors = Diagnostics::default();
    for model in &manifest.models {
        let mut steps =
            manifest.steps.iter().zip(selected).filter(|(step, _)| *step.model == *model.unique_id);
        let create =
            steps.clone().find(|(step, selected)| step.kind == StepKind::Create && !**selected);
        let Some((create, _)) = create.filter(|_| steps.any(|(_, selected)| *selected)) else {
            continue;
        };
        // An interrupted swap may have renamed the table. Either name is correct, and the swap can
        // be repeated.
        if manifest.steps.iter().any(|step| is_swap(step, model) && history.uncertain(step)) {
            continue;
        }
        let swapped = manifest
            .steps
            .iter()
            .zip(selected)
            .any(|(step, selected)| is_swap(step, model) && !selected);
        let shadow = model
            .microbatch
            .as_ref()
            .and_then(|microbatch| microbatch.shadow.as_deref())
            .filter(|_| !swapped);
        let relation = shadow.unwrap_or(&model.relation);
        if let Some(output) = lookup_error(client, relation, session)? {
            let mut error = Diagnostic::error(format!(
                "table `{relation}` not found, although `{}` is done",
                create.id
            ));
            for line in output.lines().take(6) {
                error = error.note(line);
            }
            errors.0.push(error.hint(format!(
                "to create it again and run all of its steps: `batchwright retry --from {}`",
                create.id
            )));
        }
    }
    if errors.0.is_empty() { Ok(()) } else { Err(errors) }
}

/// The models whose old rows do not exist, with a warning for each: they are not published, or
/// `cleanup` has dropped the rows. An error if that is true of all models.
pub fn without_old_rows(
    client: &Client,
    manifest: &Manifest,
    session: &mut Option<ClientSession>,
) -> Result<Vec<(String, Diagnostic)>, Diagnostics> {
    let mut missing = Vec::new();
    let mut is_any_published = false;
    for model in &manifest.models {
        let Some(staged) = &model.staged else { continue };
        let Some(output) = lookup_error(client, &staged.before, session)? else {
            is_any_published = true;
            continue;
        };
        let message = format!(
            "nothing to undo of `{}`: `{}`, the table of the old rows, is missing",
            name_of(&model.unique_id),
            staged.before
        );
        let warning = output.lines().take(6).fold(Diagnostic::warning(message), Diagnostic::note);
        missing.push((model.unique_id.clone(), warning));
    }
    if is_any_published {
        return Ok(missing);
    }
    let errors = missing.into_iter().map(|(_, warning)| {
        Diagnostic { level: Level::Error, ..warning }
            .hint(
                "`batchwright publish` makes it, and `batchwright cleanup` drops it: after that \
                 the old rows cannot be put back",
            )
            .hint("to write other rows: `batchwright compile --staged`, run and publish again")
    });
    Err(Diagnostics(errors.collect()))
}

/// Queries a relation; returns the client's error message, or `None` if the relation exists.
pub fn lookup_error(
    client: &Client,
    relation: &str,
    session: &mut Option<ClientSession>,
) -> Result<Option<String>, Diagnostic> {
    let query = client
        .dialect
        .sql("probe_relation", &[("relation", Value::from_safe_string(relation.to_string()))])?
        .0;
    let file = journal::scratch(&query)?;
    let result = client.run_step(file.path(), query.as_bytes(), session)?;
    Ok((!result.done)
        .then(|| super::entry::words(result.reason.as_deref(), &result.stderr, &result.stdout)))
}

fn is_swap(step: &PlannedStep, model: &ModelEntry) -> bool {
    step.kind == StepKind::Swap && *step.model == *model.unique_id
}
