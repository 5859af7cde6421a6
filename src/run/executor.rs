//! The workers of a run. Each takes the next step of the schedule, runs it with the client, and
//! records the result in the journal.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::client::{ClientSession, StepResult};
use super::effects::RelationLookup;
use super::entry::{AttemptEntry, Entry, Outcome, StartEntry, StepEndEntry, TargetEntry, words};
use super::journal::Journal;
use super::schedule::Schedule;
use super::{
    RunObserver, RunOptions, audits, clock, effects, journal, journal_rows, step_text, transient,
};
use crate::calendar::format_instant;
use crate::diagnostics::Diagnostic;
use crate::plan::StepKind;
use crate::plan::manifest::{ModelEntry, PlannedStep};

/// The state that the workers share.
pub struct Executor<'a> {
    options: &'a RunOptions<'a>,
    journal: &'a Journal,
    observer: &'a dyn RunObserver,
    run: &'a str,
    shared: Mutex<Shared>,
    /// Notified after each step.
    changed: Condvar,
    /// A session for the first worker.
    first_session: Mutex<Option<ClientSession>>,
    /// Whether the database file did not exist at the start, so its fingerprint is unknown.
    is_target_incomplete: AtomicBool,
}

struct Shared {
    schedule: Schedule,
    /// Why the run cannot continue.
    error: Option<Diagnostic>,
}

/// The interval at which a waiting worker checks for signals.
const SIGNAL_CHECK_INTERVAL: Duration = Duration::from_millis(200);

impl<'a> Executor<'a> {
    pub fn new(
        options: &'a RunOptions<'a>,
        journal: &'a Journal,
        observer: &'a dyn RunObserver,
        run: &'a str,
        schedule: Schedule,
        session: Option<ClientSession>,
    ) -> Executor<'a> {
        Executor {
            options,
            journal,
            observer,
            run,
            shared: Mutex::new(Shared { schedule, error: None }),
            changed: Condvar::new(),
            first_session: Mutex::new(session),
            is_target_incomplete: AtomicBool::new(options.target.is_incomplete()),
        }
    }

    /// The main function of a worker: runs steps until there are no more, then ends its session.
    pub fn run_steps(&self) {
        let mut session = self.first_session.lock().unwrap_or_else(PoisonError::into_inner).take();
        while let Some(index) = self.next() {
            let result = self.run_step(&self.options.manifest.steps[index], &mut session);
            let mut shared = self.lock();
            let done = *result.as_ref().unwrap_or(&false);
            shared.schedule.end(index, done);
            if !done && self.options.fail_fast {
                shared.schedule.stop();
            }
            if let Err(error) = result {
                shared.schedule.stop();
                shared.error.get_or_insert(error);
            }
            drop(shared);
            self.changed.notify_all();
        }
        if let Some(session) = session {
            session.end();
        }
    }

    /// The schedule after the last step, or why the run could not continue.
    pub fn finish(self) -> Result<Schedule, Diagnostic> {
        let shared = self.shared.into_inner().unwrap_or_else(PoisonError::into_inner);
        shared.error.map_or(Ok(shared.schedule), Err)
    }

    /// Waits for the next step that may start; `None` if there are no more.
    fn next(&self) -> Option<usize> {
        let mut shared = self.lock();
        loop {
            if self.must_stop() {
                shared.schedule.stop();
            }
            if let Some(index) = shared.schedule.start() {
                return Some(index);
            }
            if shared.schedule.is_finished() {
                return None;
            }
            let woken = self.changed.wait_timeout(shared, SIGNAL_CHECK_INTERVAL);
            shared = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Whether no further step may start: after Ctrl-C, or at the time of `--until`.
    fn must_stop(&self) -> bool {
        self.options.client.shutdown.is_requested()
            || self.options.until.is_some_and(|until| clock::now() >= until)
    }

    /// Runs a step and records its result; returns whether it succeeded.
    fn run_step(
        &self,
        step: &PlannedStep,
        session: &mut Option<ClientSession>,
    ) -> Result<bool, Diagnostic> {
        let (started, timer) = (clock::now(), Instant::now());
        let start = StartEntry {
            run: self.run.to_string(),
            step: step.id.to_string(),
            sha256: step.sha256.to_string(),
            at: clock::format(started),
        };
        // A retry must know whether a swap was started. A batch may always run again.
        self.journal.append(&Entry::Start(start), step.kind == StepKind::Swap)?;
        self.observer.started(step);
        let result = self.execute_with_retries(step, session)?;
        if result.done && self.is_target_incomplete.swap(false, Ordering::SeqCst) {
            let target = self.options.target.refreshed();
            let entry = TargetEntry { run: self.run.to_string(), target };
            self.journal.append(&Entry::Target(entry), false)?;
        }
        let entry = StepEndEntry {
            run: self.run.to_string(),
            step: step.id.to_string(),
            sha256: step.sha256.to_string(),
            model: step.model.to_string(),
            kind: step.kind,
            event_time_start: step.event_time_start.map(format_instant),
            event_time_end: step.event_time_end.map(format_instant),
            statement_sha256: step.statement_sha256.map(|hash| hash.to_string()),
            table: self.other_table(step).map(str::to_string),
            relation: self.model(step).map(|model| model.relation.clone()),
            started: clock::format(started),
            seconds: (timer.elapsed().as_secs_f64() * 1000.0).round() / 1000.0,
            outcome: if result.done { Outcome::Success } else { Outcome::Failed },
            exit_code: result.exit_code,
            signal: result.signal,
            reason: result.reason,
            stderr: result.stderr,
            stdout: result.stdout,
        };
        self.journal.append(&Entry::Step(entry.clone()), true)?;
        self.observer.ended(step, &entry);
        Ok(result.done)
    }

    fn model(&self, step: &PlannedStep) -> Option<&ModelEntry> {
        let models = &self.options.manifest.models;
        models.iter().find(|model| model.unique_id == *step.model)
    }

    /// The kind of table that a batch writes, if it is not that of the model.
    fn other_table(&self, step: &PlannedStep) -> Option<&'static str> {
        if step.kind != StepKind::Batch {
            return None;
        }
        let model = self.model(step)?;
        let is_rebuilt = model.microbatch.as_ref().is_some_and(|model| model.shadow.is_some());
        let staged = model.staged.as_ref().map(|_| journal_rows::STAGED);
        staged.or(is_rebuilt.then_some(journal_rows::SHADOW))
    }

    /// Runs a step, again after a transient failure.
    fn execute_with_retries(
        &self,
        step: &PlannedStep,
        session: &mut Option<ClientSession>,
    ) -> Result<StepResult, Diagnostic> {
        let RunOptions { client, retries, .. } = *self.options;
        let mut attempt = 0;
        loop {
            attempt += 1;
            let result = self.execute(step, session)?;
            // A repeated swap could find the table replaced already; `retry` checks that.
            let is_final = matches!(
                step.kind,
                StepKind::Swap | StepKind::Publish | StepKind::Undo | StepKind::Cleanup
            );
            if result.done || attempt > retries || is_final || self.must_stop() {
                return Ok(result);
            }
            let message = words(result.reason.as_deref(), &result.stderr, &result.stdout);
            if !transient::is_transient(&client.argv, client.dialect, &message) {
                return Ok(result);
            }
            let wait = transient::wait(attempt);
            let entry = AttemptEntry {
                run: self.run.to_string(),
                step: step.id.to_string(),
                at: clock::format(clock::now()),
                attempt,
                wait_seconds: (wait.as_secs_f64() * 1000.0).round() / 1000.0,
                message,
            };
            self.journal.append(&Entry::Attempt(entry.clone()), false)?;
            self.observer.repeated(step, &entry);
            let end = Instant::now() + wait;
            while Instant::now() < end && !self.must_stop() {
                std::thread::sleep(SIGNAL_CHECK_INTERVAL.min(end - Instant::now()));
            }
        }
    }

    /// Checks the file of a step, and runs it with the client.
    fn execute(
        &self,
        step: &PlannedStep,
        session: &mut Option<ClientSession>,
    ) -> Result<StepResult, Diagnostic> {
        let RunOptions { paths, client, history, .. } = *self.options;
        let file = step.file.to_string();
        let refused = |reason| StepResult { reason: Some(reason), ..StepResult::default() };
        let text = match paths.text(&file, Some(step.sha256)) {
            Ok(text) => text,
            Err(reason) => return Ok(refused(reason)),
        };
        let errors_show = client.errors_show();
        if let Some(reason) = step_text::refusal(client.dialect, &file, &text, errors_show) {
            return Ok(refused(reason));
        }
        if step.kind == StepKind::Swap && history.uncertain(step) {
            match self.is_swapped(step, session)? {
                Ok(false) => {}
                Ok(true) => {
                    return Ok(StepResult {
                        done: true,
                        reason: Some("the interrupted run had already done the swap".to_string()),
                        ..StepResult::default()
                    });
                }
                Err(unknown) => return Ok(unknown),
            }
        }
        match step.kind {
            StepKind::Audit => self.run_audit(step, &text, session),
            _ => {
                let result = client.run_step(&paths.plan.join(&file), &text, session);
                if let Some(changed) = session.take_if(|_| step.changes_session) {
                    changed.end();
                }
                result
            }
        }
    }

    /// Runs an audit in the form that fails unless every verdict is `ok` or allowed.
    fn run_audit(
        &self,
        step: &PlannedStep,
        text: &[u8],
        session: &mut Option<ClientSession>,
    ) -> Result<StepResult, Diagnostic> {
        let RunOptions { client, manifest, .. } = *self.options;
        let Some(sql) = audits::failing_audit(client.dialect, manifest, step, text)? else {
            let reason = format!("`{}` is not an audit: compile the plan again", step.file);
            return Ok(StepResult { reason: Some(reason), ..StepResult::default() });
        };
        let file = journal::scratch(&sql)?;
        let result = client.run_step(file.path(), sql.as_bytes(), session)?;
        if result.done {
            return Ok(StepResult { reason: None, ..result });
        }
        let output = format!("{}{}", result.stderr, result.stdout);
        let batches = audits::batches(manifest, &step.model);
        let reason = audits::explain_verdicts(&step.model, &output, batches).or(result.reason);
        Ok(StepResult { reason, ..result })
    }

    /// Whether a swap that an earlier run started has happened: the table exists, and its shadow
    /// table does not. A second swap would drop the table and have nothing to replace it with. The
    /// inner error is the failed step if a query does not tell.
    fn is_swapped(
        &self,
        step: &PlannedStep,
        session: &mut Option<ClientSession>,
    ) -> Result<Result<bool, StepResult>, Diagnostic> {
        let shadow = self
            .model(step)
            .and_then(|model| Some((model, model.microbatch.as_ref()?.shadow.as_ref()?)));
        let Some((model, shadow)) = shadow else { return Ok(Ok(false)) };
        for (relation, exists) in [(&model.relation, true), (shadow, false)] {
            match effects::lookup(self.options.client, relation, session)? {
                RelationLookup::Exists if exists => {}
                RelationLookup::Missing(_) if !exists => {}
                RelationLookup::Exists | RelationLookup::Missing(_) => return Ok(Ok(false)),
                RelationLookup::Failed(message) => {
                    let reason = format!(
                        "an earlier run started the swap, and the client did not answer whether \
                         table `{relation}` exists, so the swap was not repeated"
                    );
                    return Ok(Err(StepResult {
                        reason: Some(reason),
                        stderr: message,
                        ..StepResult::default()
                    }));
                }
            }
        }
        Ok(Ok(true))
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
