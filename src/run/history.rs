//! What the journal tells of the steps. Takes its lines; gives each step's past since the last run that began from the start:
//! a retry goes on with the past of the run before it.

use std::collections::BTreeMap;

use super::entry::{Entry, Outcome, RunEntry, StepEntry};
use crate::plan::manifest::StepEntry as Planned;

/// The runs of a plan.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// The last run that began from the start.
    pub first: Option<RunEntry>,
    /// The last run or retry.
    pub last: Option<RunEntry>,
    pasts: BTreeMap<String, Past>,
}

/// What happened to a step.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// The last success.
    pub done: Option<StepEntry>,
    /// The failure since then.
    pub failed: Option<StepEntry>,
    /// Whether it was begun since then, however that ended.
    pub begun: bool,
}

impl History {
    pub fn of(entries: &[Entry]) -> History {
        let mut history = History::default();
        for entry in entries {
            match entry {
                Entry::Run(run) => {
                    if !run.resumed || history.first.is_none() {
                        history = History { first: Some(run.clone()), ..History::default() };
                    }
                    history.last = Some(run.clone());
                }
                Entry::Start(start) => history.past(&start.step).begun = true,
                Entry::Step(step) => {
                    let past = history.past(&step.step);
                    match step.outcome {
                        Outcome::Success => *past = Past { done: Some(step.clone()), failed: None, begun: false },
                        Outcome::Failed => past.failed = Some(step.clone()),
                    }
                }
                Entry::End(_) => {}
            }
        }
        history
    }

    /// The success of this very step: the same id, the same bytes.
    pub fn done(&self, step: &Planned) -> Option<&StepEntry> {
        let done = self.pasts.get(&step.id)?.done.as_ref()?;
        (done.sha256 == step.sha256).then_some(done)
    }

    pub fn failed(&self, step: &Planned) -> Option<&StepEntry> {
        self.pasts.get(&step.id)?.failed.as_ref().filter(|failed| failed.sha256 == step.sha256)
    }

    /// Whether the step was begun and is not known to have succeeded.
    pub fn uncertain(&self, step: &Planned) -> bool {
        self.pasts.get(&step.id).is_some_and(|past| past.begun)
    }

    /// Takes back that a step is done: it is to run again.
    pub fn reopen(&mut self, step: &str) {
        *self.past(step) = Past { begun: true, ..Past::default() };
    }

    fn past(&mut self, step: &str) -> &mut Past {
        self.pasts.entry(step.to_string()).or_default()
    }
}
