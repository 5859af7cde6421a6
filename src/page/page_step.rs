//! A step of the plan with its state from the journal.

use super::state::BatchState;
use crate::calendar::Window;
use crate::plan::manifest::PlannedStep;
use crate::run::history::Attempt;

/// A step of the plan, with its state from the journal.
pub struct PageStep<'a> {
    pub planned: &'a PlannedStep,
    /// The window, if it is a batch.
    pub window: Option<Window>,
    pub state: BatchState,
    /// Its last execution in the journal.
    pub ended: Option<&'a Attempt>,
    /// The failed step that blocks it.
    pub blocker: Option<&'a str>,
}

impl PageStep<'_> {
    pub fn is_batch(&self) -> bool {
        self.window.is_some()
    }
}
