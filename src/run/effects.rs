//! Whether what earlier steps made is still there. Takes a plan that is continued; gives the
//! creates that count as done and whose table is gone: no batch behind them can succeed, however
//! often it is tried.

use minijinja::Value;

use super::client::{Client, ClientSession};
use super::history::History;
use super::journal;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::plan::Kind;
use crate::plan::manifest::{Manifest, ModelEntry, PlannedStep};

/// Refuses to continue where a table is missing. Runs one query for each model that has steps to
/// run and whose create is done.
pub fn check(
    client: &Client,
    manifest: &Manifest,
    wanted: &[bool],
    past: &History,
    session: &mut Option<ClientSession>,
) -> Result<(), Diagnostics> {
    let mut gone = Diagnostics::default();
    for model in &manifest.models {
        let mut steps =
            manifest.steps.iter().zip(wanted).filter(|(step, _)| *step.model == *model.unique_id);
        let create = steps.clone().find(|(step, wanted)| step.kind == Kind::Create && !**wanted);
        let Some((create, _)) = create.filter(|_| steps.any(|(_, wanted)| *wanted)) else {
            continue;
        };
        // A swap that was interrupted may have renamed the table that the create made: either name
        // is right, and the swap can be repeated.
        if manifest.steps.iter().any(|step| is_swap(step, model) && past.uncertain(step)) {
            continue;
        }
        let swapped =
            manifest.steps.iter().zip(wanted).any(|(step, wanted)| is_swap(step, model) && !wanted);
        let beside = model
            .microbatch
            .as_ref()
            .and_then(|microbatch| microbatch.beside.as_deref())
            .filter(|_| !swapped);
        let relation = beside.unwrap_or(&model.relation);
        if let Some(output) = absent(client, relation, session)? {
            let mut error = Diagnostic::error(format!(
                "`{relation}` is not there, though `{}` is done",
                create.id
            ));
            for line in output.lines().take(6) {
                error = error.fact(line);
            }
            gone.0.push(error.hint(format!(
                "`batchwright retry --from {}` makes it again, with all that the plan puts into it",
                create.id
            )));
        }
    }
    if gone.0.is_empty() { Ok(()) } else { Err(gone) }
}

/// What the client prints of a relation that it does not find.
pub fn absent(
    client: &Client,
    relation: &str,
    session: &mut Option<ClientSession>,
) -> Result<Option<String>, Diagnostic> {
    let look = client
        .dialect
        .sql("look", &[("relation", Value::from_safe_string(relation.to_string()))])?
        .0;
    let file = journal::scratch(&look)?;
    let ended = client.run_step(file.path(), look.as_bytes(), session)?;
    Ok((!ended.done)
        .then(|| super::entry::words(ended.reason.as_deref(), &ended.stderr, &ended.stdout)))
}

fn is_swap(step: &PlannedStep, model: &ModelEntry) -> bool {
    step.kind == Kind::Swap && *step.model == *model.unique_id
}
