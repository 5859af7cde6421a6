//! The state of a step or a batch, from the journal's history, and the counts of states.

use std::collections::BTreeMap;

use crate::plan::manifest::PlannedStep;
use crate::run::history::{Attempt, History};

/// The state of a step or a batch, the most important to a reader first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BatchState {
    Failed,
    /// Between the model's `begin` and now, not in this plan, and not finished by any run.
    Missing,
    Planned,
    Done,
    /// Done, and followed by a successful audit.
    Checked,
    /// Not in this plan, and finished by a run of another plan.
    Before,
}

pub const STATES: [BatchState; 6] = [
    BatchState::Failed,
    BatchState::Missing,
    BatchState::Planned,
    BatchState::Done,
    BatchState::Checked,
    BatchState::Before,
];

impl BatchState {
    /// The state of a step.
    pub fn of(step: &PlannedStep, history: &History) -> BatchState {
        // If there are both, the failure is later.
        match (history.failed(step), history.done(step)) {
            (Some(_), _) => BatchState::Failed,
            (None, Some(_)) => BatchState::Done,
            (None, None) => BatchState::Planned,
        }
    }

    /// The state of a batch; `audit` is the last successful audit of its model.
    pub fn of_batch(step: &PlannedStep, audit: Option<&Attempt>, history: &History) -> BatchState {
        match (BatchState::of(step, history), history.done(step), audit) {
            (BatchState::Done, Some(done), Some(audit))
                if done.started_at() <= audit.started_at() =>
            {
                BatchState::Checked
            }
            (state, ..) => state,
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            BatchState::Failed => "failed",
            BatchState::Missing => "missing",
            BatchState::Planned => "planned",
            BatchState::Done => "done",
            BatchState::Checked => "checked",
            BatchState::Before => "done before",
        }
    }

    /// Its class in the style sheet.
    pub fn class(self) -> &'static str {
        self.label().split(' ').next_back().unwrap_or_default()
    }

    pub fn letter(self) -> char {
        self.class().chars().next().unwrap_or_default()
    }
}

/// The number of steps or batches in each state.
#[derive(Clone, Debug, Default)]
pub struct Counts(BTreeMap<BatchState, usize>);

impl Counts {
    pub fn of(states: impl IntoIterator<Item = BatchState>) -> Counts {
        let mut counts = Counts::default();
        counts.add(states);
        counts
    }

    pub fn add(&mut self, states: impl IntoIterator<Item = BatchState>) {
        for state in states {
            *self.0.entry(state).or_default() += 1;
        }
    }

    pub fn join(&mut self, other: &Counts) {
        for (state, count) in &other.0 {
            *self.0.entry(*state).or_default() += count;
        }
    }

    pub fn each(&self) -> impl Iterator<Item = (BatchState, usize)> {
        STATES.into_iter().map(|state| (state, self.0.get(&state).copied().unwrap_or_default()))
    }
}

/// Run-length encodes the states by their letters: `p365 d2`.
pub fn letters(states: impl IntoIterator<Item = BatchState>) -> String {
    let mut runs: Vec<(BatchState, usize)> = Vec::new();
    for state in states {
        match runs.last_mut() {
            Some((last, count)) if *last == state => *count += 1,
            _ => runs.push((state, 1)),
        }
    }
    runs.into_iter()
        .map(|(state, count)| format!("{}{count}", state.letter()))
        .collect::<Vec<_>>()
        .join(" ")
}
