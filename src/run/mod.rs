//! Afterwards: the plan's steps handed to the user's own client, in order, with a journal of what
//! happened. Takes a manifest, which steps are to run and the client; gives how each ended. No
//! warehouse connection is opened here; what finished is written down before anything else is done,
//! so that no crash makes a run forget.

pub mod audits;
pub mod client;
pub mod client_profiles;
pub mod clock;
pub mod confirmed;
pub mod effects;
pub mod entry;
pub mod executable;
pub mod history;
pub mod journal;
pub mod junit;
mod lock;
mod output_capture;
mod process;
pub mod proof;
pub mod protocol;
pub mod report;
pub mod results;
pub mod retry;
pub mod schedule;
pub mod shutdown;
mod single_line;
pub mod status;
mod step_text;
pub mod token;

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::diagnostics::Diagnostic;
use crate::plan::Kind;
use crate::plan::manifest::{Manifest, PlannedStep as Planned};
use crate::plan_dir::instant;
use client::{Client, ClientSession, StepResult};
use entry::{EndEntry, Entry, Outcome, RunEntry, StartEntry, StepEntry};
use history::History;
use journal::{Journal, Places};
use schedule::{Schedule, State};

/// What to run, and how.
pub struct Order<'a> {
    pub places: &'a Places,
    pub manifest: &'a Manifest,
    /// For each step, whether it is to run.
    pub wanted: &'a [bool],
    /// What happened before, if this goes on with it.
    pub past: &'a History,
    pub resumed: bool,
    /// Of the plan.
    pub fingerprint: &'a str,
    pub client: &'a Client<'a>,
    pub threads: usize,
    pub fail_fast: bool,
}

/// Who is told how the run goes.
pub trait Watch: Sync {
    fn started(&self, step: &Planned);
    fn ended(&self, step: &Planned, entry: &StepEntry);
}

/// How a run ended.
pub struct Run {
    pub id: String,
    pub done: usize,
    pub failed: usize,
    pub open: usize,
}

/// Runs the steps. An error is one that kept the run from going on: a journal that cannot be
/// written, a client that is not there.
///
/// `session` is one that is open already.
pub fn run(
    order: &Order,
    journal: &Journal,
    watch: &dyn Watch,
    session: Option<ClientSession>,
) -> Result<Run, Diagnostic> {
    let schema = |relation: &str| relation.rsplit_once('.').map(|(schema, _)| schema.to_string());
    let models = order.manifest.models.iter();
    let schemas = models
        .filter_map(|model| Some((model.unique_id.clone(), schema(&model.relation)?)))
        .collect();
    let schedule = Schedule::new(&order.manifest.steps, order.wanted, &schemas)?;
    let id = token::id();
    let wanted = order.wanted.iter().filter(|wanted| **wanted).count();
    let begin = RunEntry {
        schema_version: entry::SCHEMA_VERSION,
        run: id.clone(),
        at: clock::format(clock::now()),
        pid: std::process::id(),
        resumed: order.resumed,
        plan: Some(order.fingerprint.to_string()),
        continues: order.past.last.as_ref().filter(|_| order.resumed).map(|last| last.run.clone()),
        client: RunEntry::without_secrets(&order.client.argv),
        threads: order.threads,
        audit: order.manifest.steps.iter().any(|step| step.kind == Kind::Audit),
        steps: wanted,
    };
    journal.append(&Entry::Run(begin), true)?;
    let work = Work {
        order,
        journal,
        watch,
        run: &id,
        shared: Mutex::new(Shared { schedule, broken: None }),
        news: Condvar::new(),
        opened: Mutex::new(session),
    };
    std::thread::scope(|scope| {
        for _ in 0..order.threads.clamp(1, wanted.max(1)) {
            scope.spawn(|| work.until_over());
        }
    });
    let shared = work.shared.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(broken) = shared.broken {
        return Err(broken);
    }
    let count = |state| {
        order
            .wanted
            .iter()
            .enumerate()
            .filter(|(index, wanted)| **wanted && shared.schedule.state(*index) == state)
            .count()
    };
    let (done, failed) = (count(State::Done), count(State::Failed));
    let end = EndEntry {
        run: id.clone(),
        at: clock::format(clock::now()),
        done,
        failed,
        open: wanted - done - failed,
    };
    journal.append(&Entry::End(end), true)?;
    Ok(Run { id, done, failed, open: wanted - done - failed })
}

/// What the workers share.
struct Work<'a> {
    order: &'a Order<'a>,
    journal: &'a Journal,
    watch: &'a dyn Watch,
    run: &'a str,
    shared: Mutex<Shared>,
    news: Condvar,
    /// A session for the first worker.
    opened: Mutex<Option<ClientSession>>,
}

struct Shared {
    schedule: Schedule,
    /// Why the run cannot go on.
    broken: Option<Diagnostic>,
}

impl Work<'_> {
    /// A worker: takes the next step until there is none. Its session, if it has one, ends with it.
    fn until_over(&self) {
        let mut session = self.opened.lock().unwrap_or_else(PoisonError::into_inner).take();
        while let Some(index) = self.next() {
            let ended = self.step(&self.order.manifest.steps[index], &mut session);
            let mut shared = self.lock();
            let done = *ended.as_ref().unwrap_or(&false);
            shared.schedule.end(index, done);
            if !done && self.order.fail_fast {
                shared.schedule.stop();
            }
            if let Err(broken) = ended {
                shared.schedule.stop();
                shared.broken.get_or_insert(broken);
            }
            drop(shared);
            self.news.notify_all();
        }
        if let Some(session) = session {
            session.end();
        }
    }

    fn next(&self) -> Option<usize> {
        let mut shared = self.lock();
        loop {
            if self.order.client.shutdown.is_requested() {
                shared.schedule.stop();
            }
            if let Some(index) = shared.schedule.start() {
                return Some(index);
            }
            if shared.schedule.over() {
                return None;
            }
            // Woken at news; now and then too, to hear of a signal.
            shared = self
                .news
                .wait_timeout(shared, Duration::from_millis(200))
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Hands over a step and writes down how it ended; whether it is done.
    fn step(
        &self,
        step: &Planned,
        session: &mut Option<ClientSession>,
    ) -> Result<bool, Diagnostic> {
        let (started, begun) = (clock::now(), Instant::now());
        let start = StartEntry {
            run: self.run.to_string(),
            step: step.id.to_string(),
            sha256: step.sha256.to_string(),
            at: clock::format(started),
        };
        // Whether a swap was begun decides what a retry may do; a batch may always be run again.
        self.journal.append(&Entry::Start(start), step.kind == Kind::Swap)?;
        self.watch.started(step);
        let places = self.order.places;
        let client = self.order.client;
        let file = step.file.to_string();
        let text = match places.text(&file, Some(step.sha256)) {
            Ok(text) => {
                match step_text::refusal(client.dialect, &file, &text, client.errors_show())? {
                    Some(reason) => Err(reason),
                    None => Ok(text),
                }
            }
            Err(reason) => Err(reason),
        };
        let ended = match text {
            Err(reason) => StepResult { reason: Some(reason), ..StepResult::default() },
            Ok(_)
                if step.kind == Kind::Swap
                    && self.order.past.uncertain(step)
                    && self.swapped(step, session)? =>
            {
                StepResult {
                    done: true,
                    reason: Some("it had been done when its run was cut short".to_string()),
                    ..StepResult::default()
                }
            }
            Ok(text) if step.kind == Kind::Audit => self.audit(step, &text, session)?,
            Ok(text) => client.run_step(&places.plan.join(&file), &text, session)?,
        };
        let entry = StepEntry {
            run: self.run.to_string(),
            step: step.id.to_string(),
            sha256: step.sha256.to_string(),
            model: step.model.to_string(),
            kind: step.kind,
            event_time_start: step.event_time_start.map(instant),
            event_time_end: step.event_time_end.map(instant),
            started: clock::format(started),
            seconds: (begun.elapsed().as_secs_f64() * 1000.0).round() / 1000.0,
            outcome: if ended.done { Outcome::Success } else { Outcome::Failed },
            exit_code: ended.exit_code,
            signal: ended.signal,
            reason: ended.reason,
            stderr: ended.stderr,
            stdout: ended.stdout,
        };
        self.journal.append(&Entry::Step(entry.clone()), true)?;
        self.watch.ended(step, &entry);
        Ok(ended.done)
    }

    /// Hands over the audit in the form that fails unless every verdict is `ok` or allowed.
    fn audit(
        &self,
        step: &Planned,
        text: &[u8],
        session: &mut Option<ClientSession>,
    ) -> Result<StepResult, Diagnostic> {
        match audits::stopping(self.order.client.dialect, self.order.manifest, step, text)? {
            None => Ok(StepResult {
                reason: Some(format!("`{}` is no audit: compile the plan again", step.file)),
                ..StepResult::default()
            }),
            Some(sql) => {
                let file = journal::scratch(&sql)?;
                let ended = self.order.client.run_step(file.path(), sql.as_bytes(), session)?;
                let reason = if ended.done {
                    None
                } else {
                    audits::explained(&step.model, &format!("{}{}", ended.stderr, ended.stdout))
                };
                Ok(StepResult { reason: reason.or(ended.reason), ..ended })
            }
        }
    }

    /// Whether a swap that was begun in an earlier run has happened: the table is there, and what
    /// was built beside it is gone. To run it again then would drop the table and find nothing to
    /// put in its place.
    fn swapped(
        &self,
        step: &Planned,
        session: &mut Option<ClientSession>,
    ) -> Result<bool, Diagnostic> {
        let Some(model) =
            self.order.manifest.models.iter().find(|model| model.unique_id == *step.model)
        else {
            return Ok(false);
        };
        let Some(beside) =
            model.microbatch.as_ref().and_then(|microbatch| microbatch.beside.as_ref())
        else {
            return Ok(false);
        };
        let mut there = |relation: &str| {
            effects::absent(self.order.client, relation, session).map(|absent| absent.is_none())
        };
        Ok(there(&model.relation)? && !there(beside)?)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
