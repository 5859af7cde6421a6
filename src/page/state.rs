//! The state of a step or a batch, from the journal's history, and the counts of states.

use std::collections::BTreeMap;

use crate::plan::manifest::PlannedStep;
use crate::run::history::{Attempt, History};

/// The state of a step or a batch, the most important to a reader first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BatchState {
    Failed,
    /// Done, and rejected by the last audit.
    Rejected,
    /// Not run, because a step that it depends on failed or is blocked.
    Blocked,
    /// Between the model's `begin` and now, not in this plan, and not finished by any run.
    Missing,
    Planned,
    /// Done in the table of a staged backfill that is not published.
    Staged,
    Done,
    /// Done, and followed by a successful audit.
    Checked,
    /// Not in this plan, and finished by a run of another plan.
    Earlier,
}

pub const STATES: [BatchState; 9] = [
    BatchState::Failed,
    BatchState::Rejected,
    BatchState::Blocked,
    BatchState::Missing,
    BatchState::Planned,
    BatchState::Staged,
    BatchState::Done,
    BatchState::Checked,
    BatchState::Earlier,
];

/// The last audit of a model.
pub struct LastAudit<'a> {
    pub attempt: &'a Attempt,
    /// The labels of the batches that it rejects, as far as the client's output names them. Empty
    /// after a successful audit.
    pub rejected: Vec<String>,
    pub is_accepted: bool,
}

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

    /// The state of a batch with this label; `audit` is the last audit of its model, and
    /// `is_published` whether the rows of its step are in the model's table.
    pub fn of_batch(
        step: &PlannedStep,
        label: &str,
        audit: Option<&LastAudit>,
        is_published: bool,
        history: &History,
    ) -> BatchState {
        let state = BatchState::of(step, history);
        if state == BatchState::Done && !is_published {
            return BatchState::Staged;
        }
        let (BatchState::Done, Some(done), Some(audit)) = (state, history.done(step), audit) else {
            return state;
        };
        match done.started_at() <= audit.attempt.started_at() {
            true if audit.is_accepted => BatchState::Checked,
            true if audit.rejected.iter().any(|other| other == label) => BatchState::Rejected,
            _ => state,
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            BatchState::Failed => "failed",
            BatchState::Rejected => "audit failed",
            BatchState::Blocked => "blocked",
            BatchState::Missing => "not in this plan",
            BatchState::Planned => "planned",
            BatchState::Staged => "staged",
            BatchState::Done => "done",
            BatchState::Checked => "audited",
            BatchState::Earlier => "done in an earlier plan",
        }
    }

    /// Its class in the style sheet. The first letter of each is unique.
    pub fn class(self) -> &'static str {
        match self {
            BatchState::Failed => "failed",
            BatchState::Rejected => "rejected",
            BatchState::Blocked => "blocked",
            BatchState::Missing => "missing",
            BatchState::Planned => "planned",
            BatchState::Staged => "staged",
            BatchState::Done => "done",
            BatchState::Checked => "checked",
            BatchState::Earlier => "earlier",
        }
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
