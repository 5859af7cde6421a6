//! What the journal tells of the steps. Takes its lines, one by one; gives each step's past since the last run that began from the
//! start: a retry goes on with the past of the run before it. Of a million steps it keeps little more than their hashes.

use std::collections::BTreeMap;

use xxhash_rust::xxh3::xxh3_128;

use super::clock;
use super::entry::{Entry, Outcome, RunEntry, StepEntry};
use crate::calendar::Instant;
use crate::plan::manifest::PlannedStep;
use crate::plan::write::Sha256;

/// The runs of a plan.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// The last run that began from the start.
    pub first: Option<RunEntry>,
    /// The last run or retry.
    pub last: Option<RunEntry>,
    /// By the hash of the step's id.
    pasts: BTreeMap<u128, Past>,
}

/// What happened to a step.
#[derive(Clone, Debug, Default)]
struct Past {
    /// The last success.
    done: Option<Attempt>,
    /// The failure since then.
    failed: Option<Box<Attempt>>,
    /// Whether it was begun since then, however that ended.
    begun: bool,
}

/// How a step ended.
#[derive(Clone, Debug)]
pub struct Attempt {
    sha256: Sha256,
    started: Option<Instant>,
    pub seconds: f64,
    /// The client's own words, or what was seen of it, without control characters.
    words: Option<Box<str>>,
}

impl Attempt {
    fn of(entry: &StepEntry) -> Option<Attempt> {
        let words = entry.words();
        Some(Attempt {
            sha256: Sha256::parse(&entry.sha256)?,
            started: chrono::DateTime::parse_from_rfc3339(&entry.started).ok().map(|at| at.to_utc()),
            seconds: entry.seconds,
            words: (!words.is_empty()).then(|| words.into_boxed_str()),
        })
    }

    pub fn words(&self) -> &str {
        self.words.as_deref().unwrap_or_default()
    }

    /// When it began, as the journal writes it.
    pub fn started(&self) -> String {
        self.started.map(clock::written).unwrap_or_default()
    }

    /// When it began.
    pub fn started_at(&self) -> Option<Instant> {
        self.started
    }
}

impl History {
    pub fn of(entries: impl IntoIterator<Item = Entry>) -> History {
        let mut history = History::default();
        entries.into_iter().for_each(|entry| history.add(entry));
        history
    }

    /// Takes the journal's next line.
    pub fn add(&mut self, entry: Entry) {
        match entry {
            Entry::Run(run) => {
                if !run.resumed || self.first.is_none() {
                    *self = History { first: Some(run.clone()), ..History::default() };
                }
                self.last = Some(run);
            }
            Entry::Start(start) => self.past(&start.step).begun = true,
            Entry::Step(step) => {
                let attempt = Attempt::of(&step);
                let past = self.past(&step.step);
                match step.outcome {
                    Outcome::Success => *past = Past { done: attempt, failed: None, begun: false },
                    Outcome::Failed => past.failed = attempt.map(Box::new),
                }
            }
            Entry::End(_) => {}
        }
    }

    /// The success of this very step: the same id, the same bytes.
    pub fn done(&self, step: &PlannedStep) -> Option<&Attempt> {
        self.pasts.get(&key(&step.id))?.done.as_ref().filter(|done| done.sha256 == step.sha256)
    }

    pub fn failed(&self, step: &PlannedStep) -> Option<&Attempt> {
        self.pasts.get(&key(&step.id))?.failed.as_deref().filter(|failed| failed.sha256 == step.sha256)
    }

    /// Whether the step was begun and is not known to have succeeded.
    pub fn uncertain(&self, step: &PlannedStep) -> bool {
        self.pasts.get(&key(&step.id)).is_some_and(|past| past.begun)
    }

    /// Takes back that a step is done: it is to run again.
    pub fn reopen(&mut self, step: &str) {
        *self.past(step) = Past { begun: true, ..Past::default() };
    }

    fn past(&mut self, step: &str) -> &mut Past {
        self.pasts.entry(key(step)).or_default()
    }
}

fn key(id: &str) -> u128 {
    xxh3_128(id.as_bytes())
}
