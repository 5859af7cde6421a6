//! The steps that cannot run, because a step that they depend on failed. Takes the steps in an
//! order of execution; returns the failed step that blocks each of them.

use std::collections::BTreeMap;

use super::state::BatchState;
use crate::plan::manifest::PlannedStep;
use crate::run::history::History;

/// For the id of each blocked step the id of a failed step. A step depends on other steps, or on
/// all steps of a model.
pub fn blockers<'a>(steps: &'a [PlannedStep], history: &History) -> BTreeMap<&'a str, &'a str> {
    let mut blockers: BTreeMap<&str, &str> = BTreeMap::new();
    // Failed and blocked steps, and models that have one.
    let mut stopped: BTreeMap<&str, &str> = BTreeMap::new();
    for step in steps {
        let blocker = match BatchState::of(step, history) {
            BatchState::Failed => Some(&*step.id),
            BatchState::Planned if !stopped.is_empty() => {
                let blocker = step.depends_on.iter().find_map(|id| stopped.get(&**id)).copied();
                blocker.inspect(|blocker| _ = blockers.insert(&step.id, blocker))
            }
            _ => None,
        };
        if let Some(blocker) = blocker {
            stopped.insert(&step.id, blocker);
            stopped.entry(&step.model).or_insert(blocker);
        }
    }
    blockers
}
