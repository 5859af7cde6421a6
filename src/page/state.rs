//! What became of a step or a batch. Takes the journal's history; gives one state each, and how many there are of each.

use std::collections::BTreeMap;

use crate::plan::manifest::PlannedStep;
use crate::run::history::{Attempt, History};

/// In the order in which they matter to a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    Failed,
    /// Between the model's `begin` and now, not of this plan, and never finished by any run.
    Missing,
    Planned,
    Done,
    /// Done, and looked at since by an audit that passed.
    Checked,
    /// Not of this plan, and finished by a run of another.
    Before,
}

pub const STATES: [State; 6] = [State::Failed, State::Missing, State::Planned, State::Done, State::Checked, State::Before];

impl State {
    pub fn of(step: &PlannedStep, history: &History) -> State {
        // A failure is later than the success that it stands beside.
        match (history.failed(step), history.done(step)) {
            (Some(_), _) => State::Failed,
            (None, Some(_)) => State::Done,
            (None, None) => State::Planned,
        }
    }

    /// The same for a batch, whose model's audit may have looked at it; `audit` is the success of it.
    pub fn of_batch(step: &PlannedStep, audit: Option<&Attempt>, history: &History) -> State {
        match (State::of(step, history), history.done(step), audit) {
            (State::Done, Some(done), Some(audit)) if done.started_at() <= audit.started_at() => State::Checked,
            (state, ..) => state,
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            State::Failed => "failed",
            State::Missing => "missing",
            State::Planned => "planned",
            State::Done => "done",
            State::Checked => "checked",
            State::Before => "done before",
        }
    }

    /// The class of style sheets.
    pub fn class(self) -> &'static str {
        self.word().split(' ').next_back().unwrap_or_default()
    }

    pub fn letter(self) -> char {
        self.class().chars().next().unwrap_or_default()
    }
}

/// How many of each.
#[derive(Clone, Debug, Default)]
pub struct Counts(BTreeMap<State, usize>);

impl Counts {
    pub fn of(states: impl IntoIterator<Item = State>) -> Counts {
        let mut counts = Counts::default();
        counts.add(states);
        counts
    }

    pub fn add(&mut self, states: impl IntoIterator<Item = State>) {
        for state in states {
            *self.0.entry(state).or_default() += 1;
        }
    }

    pub fn join(&mut self, other: &Counts) {
        for (state, count) in &other.0 {
            *self.0.entry(*state).or_default() += count;
        }
    }

    pub fn each(&self) -> impl Iterator<Item = (State, usize)> {
        STATES.into_iter().map(|state| (state, self.0.get(&state).copied().unwrap_or_default()))
    }
}

/// `p365 d2`: states in order, equal neighbours counted.
pub fn letters(states: impl IntoIterator<Item = State>) -> String {
    let mut runs: Vec<(State, usize)> = Vec::new();
    for state in states {
        match runs.last_mut() {
            Some((last, count)) if *last == state => *count += 1,
            _ => runs.push((state, 1)),
        }
    }
    runs.into_iter().map(|(state, count)| format!("{}{count}", state.letter())).collect::<Vec<_>>().join(" ")
}
