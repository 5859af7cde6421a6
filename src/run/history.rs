//! The history of the steps of a plan: their results in its last run and in the retries that
//! continue it. Reads the journal entry by entry. A run of another plan in between has no effect.
//! Stores little more than a hash for each step, since a plan may have a million.

use std::collections::{BTreeMap, BTreeSet};

use xxhash_rust::xxh3::xxh3_128;

use super::clock;
use super::entry::{Entry, Outcome, RunEntry, StepEndEntry};
use super::ledger_steps::writes_row;
use super::shard::Shard;
use super::target::TargetIdentity;
use crate::calendar::{Instant, parse_instant};
use crate::diagnostics::Diagnostic;
use crate::plan::Sha256;
use crate::plan::StepKind;
use crate::plan::manifest::{About, PlannedStep};

/// A run, and the retries that continue it.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// The first run, which is not a retry.
    pub first: Option<RunEntry>,
    /// The last run or retry.
    pub last: Option<RunEntry>,
    /// Whether the last run or retry ended with all of its steps done, and none was taken back
    /// since.
    pub is_complete: bool,
    runs: Vec<String>,
    /// The fingerprints of the plans of these runs.
    plans: BTreeSet<String>,
    /// By the hash of the step's id.
    steps: BTreeMap<u128, StepHistory>,
    /// The models whose staged tables were dropped, and when the drop started.
    cleaned: BTreeMap<String, Option<Instant>>,
    /// When the publication of a model was last taken back.
    undone: BTreeMap<String, Option<Instant>>,
    /// The models whose publication cannot be taken back any more, since their old rows were
    /// dropped.
    settled: BTreeSet<String>,
    /// The models of runs of selected models after the first run, and when the last one started:
    /// earlier results of their steps do not count.
    restarted: BTreeMap<String, Option<Instant>>,
    /// The models of the first run, if it was of selected ones.
    first_models: BTreeSet<String>,
    /// Whether a run was not complete when a run of other models started.
    leaves_open: bool,
    /// When the last run of the complete plan in the journal started.
    begin: Option<String>,
}

/// Reads the history of one plan; if the plan was never run, that of the last run. So a retry after
/// a compile that repairs a model continues the same run.
pub struct HistoryReader {
    plan: String,
    last: History,
    /// Earlier runs that can be continued, and the last one of the plan, in chronological order.
    earlier: Vec<History>,
}

/// The maximum number of earlier runs in memory.
const MAX_EARLIER: usize = 16;

impl HistoryReader {
    pub fn new(plan: String) -> HistoryReader {
        HistoryReader { plan, last: History::default(), earlier: Vec::new() }
    }

    /// Adds the next entry of the journal.
    pub fn add(&mut self, entry: Entry) {
        if let Entry::Run(run) = &entry
            && !self.last.is_continued_by(run)
        {
            if self.last.is_extended_by(run) {
                self.last.add(entry);
                return;
            }
            let continues =
                |history: &History| history.is_continued_by(run) || history.is_extended_by(run);
            let continued = self.earlier.iter().position(continues);
            let mut next = continued.map(|index| self.earlier.remove(index)).unwrap_or_default();
            // The run that it continues is in the journal of a shard.
            if run.resumed && next.first.is_none() {
                let of_plan = |history: &&History| history.ran(&self.plan);
                let histories = || std::iter::once(&self.last).chain(self.earlier.iter().rev());
                next.begin = histories().find(of_plan).and_then(|history| history.begin.clone());
            }
            let previous = std::mem::replace(&mut self.last, next);
            if previous.ran(&self.plan) {
                self.earlier.retain(|history| !history.ran(&self.plan));
            }
            if previous.first.is_some() && (!previous.is_complete || previous.ran(&self.plan)) {
                self.earlier.push(previous);
            }
            if self.earlier.len() > MAX_EARLIER {
                let oldest = self.earlier.iter().position(|history| !history.ran(&self.plan));
                self.earlier.remove(oldest.unwrap_or_default());
            }
        }
        self.last.add(entry);
    }

    pub fn finish(mut self) -> History {
        let of_plan = self.earlier.iter().rposition(|history| history.ran(&self.plan));
        match of_plan.filter(|_| !self.last.ran(&self.plan)) {
            Some(index) => self.earlier.swap_remove(index),
            None => self.last,
        }
    }
}

/// The results of a step.
#[derive(Clone, Debug, Default)]
struct StepHistory {
    /// The last success.
    done: Option<Attempt>,
    /// The failure since then.
    failed: Option<Box<Attempt>>,
    /// Whether it was started since the last success.
    started: bool,
}

impl StepHistory {
    /// Adds the results of another journal: the later ones count.
    fn merge(&mut self, other: StepHistory) {
        let started = |attempt: &Attempt| attempt.started;
        self.done = [self.done.take(), other.done].into_iter().flatten().max_by_key(started);
        let done = self.done.as_ref().and_then(started);
        let failed = [self.failed.take(), other.failed].into_iter().flatten();
        self.failed =
            failed.filter(|failed| failed.started > done).max_by_key(|failed| failed.started);
        self.started = (self.started || other.started) && self.done.is_none();
    }
}

/// One execution of a step.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Of the statement.
    sha256: Sha256,
    started: Option<Instant>,
    pub seconds: f64,
    /// The reason of a failure and the client's error message, without control characters.
    words: Option<Box<str>>,
    /// Whether only the ledger has it, without a duration.
    pub of_ledger: bool,
}

impl Attempt {
    fn of(entry: &StepEndEntry) -> Option<Attempt> {
        let words = entry.words();
        Some(Attempt {
            sha256: Sha256::parse(entry.statement_sha256.as_ref().unwrap_or(&entry.sha256))?,
            started: parse_instant(&entry.started),
            seconds: entry.seconds,
            words: (!words.is_empty()).then(|| words.into_boxed_str()),
            of_ledger: false,
        })
    }

    pub fn words(&self) -> &str {
        self.words.as_deref().unwrap_or_default()
    }

    /// The start time in the format of the journal.
    pub fn started(&self) -> String {
        self.started.map(clock::format).unwrap_or_default()
    }

    /// The start time.
    pub fn started_at(&self) -> Option<Instant> {
        self.started
    }
}

impl History {
    /// The results in the journals of several machines or shards. The last journal with a complete
    /// plan decides when the run began: shards that were started before it are of an earlier run.
    pub fn merge(histories: Vec<History>) -> History {
        let start = |history: &History| history.first.as_ref().map(|run| run.at.clone());
        let begin = histories.iter().filter_map(|history| history.begin.clone()).max();
        let mut current: Vec<History> = histories
            .into_iter()
            .filter(|history| history.first.is_some() && start(history) >= begin)
            .collect();
        // A machine that has only undone or cleaned up a backfill has not run the plan.
        let is_extra =
            |history: &History| history.first.as_ref().is_some_and(|run| run.extra.is_some());
        current.sort_by_key(|history| (is_extra(history), start(history)));
        let mut merged = current.into_iter();
        let Some(mut history) = merged.next() else { return History::default() };
        for other in merged {
            history.is_complete &= other.is_complete || is_extra(&other);
            let last = [history.last.take(), other.last].into_iter().flatten();
            history.last = last.max_by(|one, other| one.at.cmp(&other.at));
            history.runs.extend(other.runs);
            history.plans.extend(other.plans);
            for (key, step) in other.steps {
                history.steps.entry(key).or_default().merge(step);
            }
            history.leaves_open |= other.leaves_open;
            history.settled.extend(other.settled);
            for (models, other) in [
                (&mut history.cleaned, other.cleaned),
                (&mut history.restarted, other.restarted),
                (&mut history.undone, other.undone),
            ] {
                for (model, at) in other {
                    let last = models.entry(model).or_default();
                    *last = at.max(*last);
                }
            }
        }
        // Another journal has the publication: what was cleaned up is its old rows.
        let is_published = |model: &String, at: &Option<Instant>| {
            let publish = history.steps.get(&key_of(model, StepKind::Publish));
            let done = publish.and_then(|publish| publish.done.as_ref());
            done.is_some_and(|done| done.started <= *at && !history.is_undone(model, done))
        };
        let cleaned = history.cleaned.iter().filter(|(model, at)| is_published(model, at));
        let cleaned: Vec<String> = cleaned.map(|(model, _)| model.clone()).collect();
        for model in cleaned {
            history.cleaned.remove(&model);
            history.settled.insert(model);
        }
        history
    }

    /// The history if its last run was of the plan's target, else none and a warning: tables of
    /// two targets may have the same names, so the plans have the same steps.
    pub fn of_target(self, about: &About) -> (History, Option<Diagnostic>) {
        let other = self.target().filter(|target| target.target != about.target);
        let Some(other) = other else { return (self, None) };
        let warning = Diagnostic::warning(format!(
            "the last run of this plan was of the target `{}`, so its steps do not count for `{}`",
            other.target, about.target
        ));
        (History::default(), Some(warning.hint("to run the plan: `batchwright run`")))
    }

    /// The database of the last run or retry, if the journal has it.
    pub fn target(&self) -> Option<&TargetIdentity> {
        self.last.as_ref()?.target.as_ref()
    }

    /// The number of shards that the plan was cut into for the last run, if that was of one shard.
    pub fn shards(&self) -> Option<usize> {
        let shard: Shard = self.last.as_ref()?.shard.as_ref()?.parse().ok()?;
        Some(shard.of)
    }

    /// Whether one of the runs was of the plan with this fingerprint.
    pub fn ran(&self, plan: &str) -> bool {
        self.plans.contains(plan)
    }

    /// Whether `run` continues this one.
    fn is_continued_by(&self, run: &RunEntry) -> bool {
        match &run.continues {
            Some(previous) => self.runs.contains(previous),
            None => run.resumed && self.first.is_some(),
        }
    }

    /// Whether `run` is of selected models of the same plan, and leaves the results of others.
    fn is_extended_by(&self, run: &RunEntry) -> bool {
        let is_of_plan = run.plan.as_ref().is_some_and(|plan| self.ran(plan));
        is_of_plan && !run.resumed && run.extra.is_none() && !run.models.is_empty()
    }

    /// Whether a run of selected models after the first run was of this one.
    pub fn is_of_later_run(&self, model: &str) -> bool {
        self.restarted.contains_key(model)
    }

    /// Adds the next entry of these runs.
    fn add(&mut self, entry: Entry) {
        match entry {
            Entry::Run(run) => {
                if self.first.is_none() {
                    self.first_models = run.models.iter().cloned().collect();
                    let is_whole = !run.resumed
                        && run.extra.is_none()
                        && run.shard.is_none()
                        && run.models.is_empty();
                    self.begin = self.begin.take().or_else(|| is_whole.then(|| run.at.clone()));
                } else if self.is_extended_by(&run) {
                    self.leaves_open |= !self.is_complete && !self.is_replaced_by(&run);
                    let at = parse_instant(&run.at);
                    self.restarted.extend(run.models.iter().map(|model| (model.clone(), at)));
                }
                self.is_complete &= run.extra.is_some();
                self.runs.push(run.run.clone());
                self.plans.extend(run.plan.clone());
                self.first.get_or_insert_with(|| run.clone());
                self.last = Some(run);
            }
            Entry::Start(start) => self.step(&start.step).started = true,
            Entry::Step(step) => {
                let attempt = Attempt::of(&step);
                let history = self.step(&step.step);
                match step.outcome {
                    Outcome::Success => {
                        *history = StepHistory { done: attempt, failed: None, started: false }
                    }
                    Outcome::Failed => history.failed = attempt.map(Box::new),
                }
                match (step.kind, step.outcome) {
                    // What an undo takes back can be published again.
                    (StepKind::Undo, Outcome::Success) => {
                        self.undone.insert(step.model, parse_instant(&step.started));
                    }
                    (StepKind::Publish, Outcome::Success) => {
                        self.settled.remove(&step.model);
                    }
                    // The rows that were not published are lost.
                    (StepKind::Cleanup, Outcome::Success) if !self.is_published(&step.model) => {
                        self.is_complete = false;
                        self.cleaned.insert(step.model, parse_instant(&step.started));
                    }
                    (StepKind::Cleanup, Outcome::Success) => {
                        self.settled.insert(step.model);
                    }
                    _ => {}
                }
            }
            Entry::Attempt(_) => {}
            Entry::Target(entry) => {
                if let Some(last) = &mut self.last {
                    last.target = Some(entry.target);
                }
            }
            Entry::End(end) => {
                if self.last.as_ref().is_none_or(|last| last.extra.is_none()) {
                    // A retry is of all unfinished steps.
                    self.leaves_open &= self.last.as_ref().is_none_or(|last| !last.resumed);
                    self.is_complete = end.failed + end.open == 0 && !self.leaves_open;
                }
            }
        }
    }

    /// Whether the run is of all models of the earlier runs.
    fn is_replaced_by(&self, run: &RunEntry) -> bool {
        let models: BTreeSet<&String> = run.models.iter().collect();
        !self.first_models.is_empty()
            && self.first_models.iter().chain(self.restarted.keys()).all(|id| models.contains(id))
    }

    /// Whether a later run of selected models runs the step again.
    fn is_restarted(&self, step: &PlannedStep, attempt: &Attempt) -> bool {
        self.restarted.get(&*step.model).is_some_and(|at| attempt.started < *at)
    }

    /// Whether the model of a staged plan was published, and not taken back since.
    pub fn is_published(&self, model: &str) -> bool {
        let publish = self.steps.get(&key_of(model, StepKind::Publish));
        let done = publish.and_then(|publish| publish.done.as_ref());
        done.is_some_and(|done| !self.is_undone(model, done))
    }

    /// Whether the model is published, and its old rows exist as far as the journal shows.
    pub fn can_be_undone(&self, model: &str) -> bool {
        self.is_published(model) && !self.settled.contains(model)
    }

    /// Whether the attempt was of a publication, or its hooks, that was taken back since.
    fn is_undone(&self, model: &str, attempt: &Attempt) -> bool {
        self.undone.get(model).is_some_and(|at| attempt.started <= *at)
    }

    /// The same, for any step of a staged plan.
    fn is_taken_back(&self, step: &PlannedStep, attempt: &Attempt) -> bool {
        matches!(step.kind, StepKind::Publish | StepKind::After)
            && self.is_undone(&step.model, attempt)
    }

    /// Whether the backfill of this step was published and not cleaned up since: its old rows are
    /// still in a table.
    pub fn keeps_old_rows(&self, publish: &PlannedStep) -> bool {
        let done = |kind| self.steps.get(&key_of(&publish.model, kind))?.done.as_ref();
        let started = |attempt: &Attempt| attempt.started;
        let published = done(StepKind::Publish);
        // A run of a later plan, such as a cleanup, may continue that of the published one.
        let published = published.filter(|done| done.sha256 == publish.statement_sha256());
        published.is_some_and(|publish| {
            done(StepKind::Cleanup).is_none_or(|cleanup| started(cleanup) < started(publish))
        })
    }

    /// Whether the attempt wrote to a staged table that was dropped since.
    fn is_cleaned(&self, step: &PlannedStep, attempt: &Attempt) -> bool {
        self.cleaned.get(&*step.model).is_some_and(|at| attempt.started <= *at)
    }

    /// The last success of the step with the same id and the same statement: the bytes of its file
    /// without its row of the ledger.
    pub fn done(&self, step: &PlannedStep) -> Option<&Attempt> {
        let done = self.steps.get(&key(&step.id))?.done.as_ref();
        done.filter(|done| done.sha256 == step.statement_sha256())
            .filter(|done| !self.is_cleaned(step, done) && !self.is_restarted(step, done))
            .filter(|done| !self.is_taken_back(step, done))
    }

    /// The last failure of the step with the same id and the same statement, if it is newer than
    /// its last success.
    pub fn failed(&self, step: &PlannedStep) -> Option<&Attempt> {
        self.steps
            .get(&key(&step.id))?
            .failed
            .as_deref()
            .filter(|failed| failed.sha256 == step.statement_sha256())
            .filter(|failed| !self.is_cleaned(step, failed) && !self.is_restarted(step, failed))
            .filter(|failed| !self.is_taken_back(step, failed))
    }

    /// Removes the publication of a model, and its hooks, which the ledger has as taken back.
    pub fn take_back(&mut self, model: &str) {
        for kind in [StepKind::Publish, StepKind::After] {
            self.steps.remove(&key_of(model, kind));
        }
    }

    /// Adds the steps of the plan with this fingerprint that are done by its ledger, at these
    /// times. A later failure in the journal counts; rows that are older than a run of the complete
    /// plan in the journal do not, since it runs every step again. Returns the number of steps that
    /// are done by the journal alone although they write a row.
    pub fn add_ledger(
        &mut self,
        steps: &[PlannedStep],
        plan: &str,
        done: &[Option<Instant>],
    ) -> usize {
        let first = self.first.as_ref().filter(|run| run.shard.is_none() && self.ran(plan));
        let begin = first.and_then(|run| parse_instant(&run.at));
        let mut unlogged = 0;
        for (step, at) in steps.iter().zip(done) {
            let Some(at) = *at else {
                let is_done = self.failed(step).is_none() && self.done(step).is_some();
                unlogged += usize::from(is_done && writes_row(step));
                continue;
            };
            let is_newer = match self.failed(step) {
                Some(failed) => failed.started.is_none_or(|started| started <= at),
                None => self.done(step).is_none(),
            };
            if !is_newer || begin.is_some_and(|begin| at < begin) {
                continue;
            }
            let attempt = Attempt {
                sha256: step.statement_sha256(),
                started: Some(at),
                seconds: 0.0,
                words: None,
                of_ledger: true,
            };
            *self.step(&step.id) =
                StepHistory { done: Some(attempt), failed: None, started: false };
        }
        unlogged
    }

    /// Whether the step was started, and its success is not recorded.
    pub fn uncertain(&self, step: &PlannedStep) -> bool {
        self.steps.get(&key(&step.id)).is_some_and(|history| history.started)
    }

    /// Makes a finished step run again.
    pub fn reopen(&mut self, step: &str) {
        *self.step(step) = StepHistory { started: true, ..StepHistory::default() };
    }

    fn step(&mut self, step: &str) -> &mut StepHistory {
        self.steps.entry(key(step)).or_default()
    }
}

/// The key of the step of a model that has one step of this kind.
fn key_of(model: &str, kind: StepKind) -> u128 {
    key(&format!("{model}@{}", kind.as_str()))
}

fn key(id: &str) -> u128 {
    xxh3_128(id.as_bytes())
}

#[cfg(test)]
mod tests;
