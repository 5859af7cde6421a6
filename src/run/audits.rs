//! The audits of a plan as steps of a run. Takes a manifest; gives it with a step for each audit, behind its model's last one: it
//! runs when all of the model is done, and what reads the model as a whole waits for it.

use std::collections::BTreeSet;

use super::history::History;
use crate::diagnostics::Diagnostic;
use crate::dialect::Dialect;
use crate::plan::Kind;
use crate::plan::audit;
use crate::plan::manifest::{Manifest, ModelEntry, StepEntry};

/// The manifest of a run that audits.
pub fn with_audits(manifest: Manifest) -> Manifest {
    let mut steps = Vec::with_capacity(manifest.steps.len() + manifest.models.len());
    let mut last: Vec<(usize, StepEntry)> = manifest.models.iter().filter_map(|model| step(model, &manifest.steps)).collect();
    last.sort_by_key(|(place, _)| *place);
    let mut audits = last.into_iter().peekable();
    for (place, step) in manifest.steps.into_iter().enumerate() {
        steps.push(step);
        steps.extend(audits.next_if(|(last, _)| *last == place).map(|(_, audit)| audit));
    }
    Manifest { steps, ..manifest }
}

/// The manifest as the last run saw it.
pub fn as_last_run(manifest: Manifest, history: &History) -> Manifest {
    if history.last.as_ref().is_some_and(|last| last.audit) { with_audits(manifest) } else { manifest }
}

/// The audit that a step hands over; none where the file does not end as an audit does.
pub fn stopping(dialect: &Dialect, manifest: &Manifest, step: &StepEntry, text: &[u8]) -> Result<Option<String>, Diagnostic> {
    let model = manifest.models.iter().find(|model| model.unique_id == step.model);
    let allow = model.and_then(|model| model.audit.as_ref()).map_or(&[][..], |audit| &audit.allow);
    let name = step.model.splitn(3, '.').nth(2).unwrap_or(&step.model);
    audit::stopping(dialect, name, &String::from_utf8_lossy(text), allow)
}

/// The audit of a model, and the place of the step that it follows.
fn step(model: &ModelEntry, steps: &[StepEntry]) -> Option<(usize, StepEntry)> {
    let audit = model.audit.as_ref()?;
    let own = || steps.iter().enumerate().filter(|(_, step)| step.model == model.unique_id);
    let (last, _) = own().next_back()?;
    let needed: BTreeSet<&str> = own().flat_map(|(_, step)| &step.depends_on).map(String::as_str).collect();
    let ends = own().map(|(_, step)| &step.id).filter(|id| !needed.contains(id.as_str()));
    let step = StepEntry {
        id: format!("{}@audit", model.unique_id),
        model: model.unique_id.clone(),
        kind: Kind::Audit,
        file: audit.file.clone(),
        sha256: audit.sha256.clone(),
        event_time_start: None,
        event_time_end: None,
        chunk: None,
        depends_on: ends.cloned().collect(),
    };
    Some((last, step))
}
