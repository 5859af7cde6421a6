//! What the journal tells of the steps. Takes its lines, one by one; gives each step's past in the
//! last run of a plan and in the retries that continue it. A run of another plan in between changes
//! nothing in it. Of a million steps it keeps little more than their hashes.

use std::collections::{BTreeMap, BTreeSet};

use xxhash_rust::xxh3::xxh3_128;

use super::clock;
use super::entry::{Entry, Outcome, RunEntry, StepEntry};
use crate::calendar::Instant;
use crate::plan::Sha256;
use crate::plan::manifest::PlannedStep;

/// A run from the start, and the retries that continue it.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// The run that began from the start.
    pub first: Option<RunEntry>,
    /// The last run or retry.
    pub last: Option<RunEntry>,
    /// Whether the last one ended with all of its steps done.
    pub is_complete: bool,
    runs: Vec<String>,
    /// The fingerprints of the plans that were run.
    plans: BTreeSet<String>,
    /// By the hash of the step's id.
    pasts: BTreeMap<u128, Past>,
}

/// Reads the history of one plan, and falls back to the last run of any plan: after a compile that
/// mends a model, the same run goes on.
pub struct HistoryReader {
    plan: String,
    last: History,
    /// Earlier runs that may still go on, and the last one of the plan; the latest at the end.
    earlier: Vec<History>,
}

/// More runs that were left incomplete are not kept in memory.
const MOST_EARLIER: usize = 16;

impl HistoryReader {
    pub fn new(plan: String) -> HistoryReader {
        HistoryReader { plan, last: History::default(), earlier: Vec::new() }
    }

    /// Takes the journal's next line.
    pub fn add(&mut self, entry: Entry) {
        if let Entry::Run(run) = &entry
            && !self.last.is_continued_by(run)
        {
            let continued = self.earlier.iter().position(|history| history.is_continued_by(run));
            let next = continued.map(|place| self.earlier.remove(place)).unwrap_or_default();
            let before = std::mem::replace(&mut self.last, next);
            if before.ran(&self.plan) {
                self.earlier.retain(|history| !history.ran(&self.plan));
            }
            if before.first.is_some() && (!before.is_complete || before.ran(&self.plan)) {
                self.earlier.push(before);
            }
            if self.earlier.len() > MOST_EARLIER {
                let oldest = self.earlier.iter().position(|history| !history.ran(&self.plan));
                self.earlier.remove(oldest.unwrap_or_default());
            }
        }
        self.last.add(entry);
    }

    pub fn finish(mut self) -> History {
        let of_plan = self.earlier.iter().rposition(|history| history.ran(&self.plan));
        match of_plan.filter(|_| !self.last.ran(&self.plan)) {
            Some(place) => self.earlier.swap_remove(place),
            None => self.last,
        }
    }
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
            started: chrono::DateTime::parse_from_rfc3339(&entry.started)
                .ok()
                .map(|at| at.to_utc()),
            seconds: entry.seconds,
            words: (!words.is_empty()).then(|| words.into_boxed_str()),
        })
    }

    pub fn words(&self) -> &str {
        self.words.as_deref().unwrap_or_default()
    }

    /// When it began, as the journal writes it.
    pub fn started(&self) -> String {
        self.started.map(clock::format).unwrap_or_default()
    }

    /// When it began.
    pub fn started_at(&self) -> Option<Instant> {
        self.started
    }
}

impl History {
    /// Whether one of its runs was of the plan with this fingerprint.
    pub fn ran(&self, plan: &str) -> bool {
        self.plans.contains(plan)
    }

    /// Whether a run goes on with this one.
    fn is_continued_by(&self, run: &RunEntry) -> bool {
        match &run.continues {
            Some(before) => self.runs.contains(before),
            None => run.resumed && self.first.is_some(),
        }
    }

    /// Takes the next line of its runs.
    fn add(&mut self, entry: Entry) {
        match entry {
            Entry::Run(run) => {
                self.is_complete = false;
                self.runs.push(run.run.clone());
                self.plans.extend(run.plan.clone());
                self.first.get_or_insert_with(|| run.clone());
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
            Entry::End(end) => self.is_complete = end.failed + end.open == 0,
        }
    }

    /// The success of this very step: the same id, the same bytes.
    pub fn done(&self, step: &PlannedStep) -> Option<&Attempt> {
        self.pasts.get(&key(&step.id))?.done.as_ref().filter(|done| done.sha256 == step.sha256)
    }

    pub fn failed(&self, step: &PlannedStep) -> Option<&Attempt> {
        self.pasts
            .get(&key(&step.id))?
            .failed
            .as_deref()
            .filter(|failed| failed.sha256 == step.sha256)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::entry::EndEntry;

    fn run(id: &str, plan: &str, continues: Option<&str>) -> Entry {
        Entry::Run(RunEntry {
            schema_version: 1,
            run: id.to_string(),
            at: String::new(),
            pid: 1,
            resumed: continues.is_some(),
            plan: Some(plan.to_string()),
            continues: continues.map(str::to_string),
            client: None,
            threads: 1,
            audit: false,
            steps: 1,
        })
    }

    fn done(step: &str) -> Entry {
        Entry::Step(StepEntry::success(step))
    }

    fn end(open: usize) -> Entry {
        Entry::End(EndEntry { run: String::new(), at: String::new(), done: 1, failed: 0, open })
    }

    /// The ids of the runs and how many steps have a past, as a plan sees them.
    fn seen(plan: &str, entries: &[Entry]) -> (String, usize, bool) {
        let mut reader = HistoryReader::new(plan.to_string());
        entries.iter().cloned().for_each(|entry| reader.add(entry));
        let history = reader.finish();
        (history.runs.join(" "), history.pasts.len(), history.is_complete)
    }

    #[test]
    fn a_run_of_another_plan_in_between_forgets_nothing() {
        let mut entries = vec![
            run("r1", "a", None),
            done("1"),
            done("2"),
            end(1),
            run("r2", "b", None),
            done("3"),
            end(0),
        ];
        assert_eq!(seen("a", &entries), ("r1".to_string(), 2, false));
        assert_eq!(seen("b", &entries), ("r2".to_string(), 1, true));
        assert_eq!(
            seen("c", &entries),
            ("r2".to_string(), 1, true),
            "of an unknown plan the last run"
        );
        entries.extend([run("r3", "a", Some("r1")), done("4"), end(0)]);
        assert_eq!(seen("a", &entries), ("r1 r3".to_string(), 3, true));
        assert_eq!(seen("b", &entries), ("r2".to_string(), 1, true));
        entries.extend([run("r4", "d", Some("r3")), end(1)]);
        assert_eq!(
            seen("d", &entries),
            ("r1 r3 r4".to_string(), 3, false),
            "a plan that was mended goes on with the run"
        );
        entries.push(run("r5", "a", None));
        assert_eq!(seen("a", &entries), ("r5".to_string(), 0, false));
    }
}
