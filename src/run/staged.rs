//! The last files of a staged backfill. Takes a manifest; returns the steps that publish, or sets
//! its steps to the files that undo a backfill or drop its tables.

use super::history::History;
use super::retry;
use crate::plan::Sha256;
use crate::plan::StepKind;
use crate::plan::manifest::{Manifest, ModelEntry, PlannedStep, StagedEntry};
use crate::plan::planned::StepFile;

/// Whether a step runs only when a backfill is published.
pub fn publishes(step: &PlannedStep) -> bool {
    matches!(step.kind, StepKind::Publish | StepKind::After)
}

/// The steps that are left for publishing, and the number of earlier steps that are not done.
pub fn left_to_publish(manifest: &Manifest, history: &History) -> (Vec<bool>, usize) {
    let left = retry::remaining(&manifest.steps, &vec![true; manifest.steps.len()], history);
    let open = left.iter().zip(&manifest.steps).filter(|(left, step)| **left && !publishes(step));
    let open = open.count();
    let selected =
        left.iter().zip(&manifest.steps).map(|(left, step)| *left && publishes(step)).collect();
    (selected, open)
}

/// Sets the steps to the file of each staged model, one after the other; those that undo run in the
/// reverse order of publishing.
pub fn set_extra_steps(manifest: &mut Manifest, kind: StepKind) {
    let mut steps: Vec<PlannedStep> =
        manifest.models.iter().rev().filter_map(|model| extra_step(model, kind)).collect();
    let ids: Vec<_> = steps.iter().map(|step| step.id.clone()).collect();
    for (step, before) in steps.iter_mut().skip(1).zip(ids) {
        step.depends_on = [before].into();
    }
    manifest.steps = steps;
}

fn extra_step(model: &ModelEntry, kind: StepKind) -> Option<PlannedStep> {
    let StagedEntry { undo, cleanup, .. } = model.staged.as_ref()?;
    let file = if kind == StepKind::Undo { undo } else { cleanup };
    Some(PlannedStep {
        id: format!("{}@{}", model.unique_id, kind.as_str()).into(),
        model: model.unique_id.as_str().into(),
        kind,
        file: StepFile::Path(file.file.as_str().into()),
        sha256: Sha256::parse(&file.sha256)?,
        statement_sha256: None,
        event_time_start: None,
        event_time_end: None,
        chunk: None,
        changes_session: false,
        depends_on: Box::default(),
    })
}
