//! Runs a plan: passes each step to the user's client, in order, and records the results in a
//! journal. Takes a manifest, the selected steps and the client; returns how many steps succeeded
//! and failed. Opens no warehouse connection. A finished step is recorded before the next one
//! starts, so no crash loses it.

pub mod audits;
pub mod client;
pub mod client_checks;
pub mod client_profiles;
pub mod clock;
pub mod column_lines;
pub mod confirmed;
pub mod connection;
pub mod effects;
pub mod entry;
mod error_patterns;
pub mod executable;
mod executor;
pub mod history;
pub mod journal;
pub mod journal_rows;
pub mod junit;
pub mod ledger_file;
pub mod ledger_steps;
mod lock;
mod output_capture;
pub mod plan_paths;
mod process;
pub mod proof;
pub mod protocol;
pub mod report;
pub mod results;
pub mod retry;
pub mod schedule;
pub mod selection;
pub mod shard;
pub mod shutdown;
mod single_line;
pub mod staged;
pub mod status;
mod step_text;
pub mod target;
pub mod token;
pub mod transient;
mod written_file;

use crate::calendar::Instant;
use crate::diagnostics::Diagnostic;
use crate::plan::StepKind;
use crate::plan::manifest::{Manifest, PlannedStep};
use client::{Client, ClientSession};
use entry::{AttemptEntry, EndEntry, Entry, RunEntry, StepEndEntry};
use executor::Executor;
use history::History;
use journal::Journal;
use plan_paths::PlanPaths;
use schedule::{Schedule, ScheduleOptions, StepState};
use shard::Shard;
use target::TargetIdentity;

/// What to run, and how.
pub struct RunOptions<'a> {
    pub paths: &'a PlanPaths,
    pub manifest: &'a Manifest,
    /// For each step, whether it is to run.
    pub selected: &'a [bool],
    /// The run that this one continues, if `resumed`.
    pub history: &'a History,
    pub resumed: bool,
    /// The fingerprint of the plan.
    pub fingerprint: &'a str,
    pub client: &'a Client<'a>,
    pub target: &'a TargetIdentity,
    pub threads: usize,
    pub fail_fast: bool,
    /// How often a step is repeated after a transient failure.
    pub retries: u32,
    /// When to stop starting steps.
    pub until: Option<Instant>,
    pub schedule: ScheduleOptions,
    pub shard: Option<Shard>,
    /// The selection of the run, for the journal.
    pub select: Vec<String>,
    pub exclude: Vec<String>,
    /// The unique ids of the models, if a new run is of selected ones.
    pub models: Vec<String>,
    /// The number of unfinished steps of a continued run that are not selected.
    pub left_out: usize,
}

/// Receives the progress of a run.
pub trait RunObserver: Sync {
    fn started(&self, step: &PlannedStep);
    fn repeated(&self, step: &PlannedStep, entry: &AttemptEntry);
    fn ended(&self, step: &PlannedStep, entry: &StepEndEntry);
}

/// The result of a run.
pub struct RunSummary {
    pub id: String,
    pub done: usize,
    pub failed: usize,
    pub open: usize,
}

/// Runs the steps. Returns an error if the run cannot continue: the journal cannot be written, or
/// the client does not start. `session` is an open session, if there is one.
pub fn run(
    options: &RunOptions,
    journal: &Journal,
    observer: &dyn RunObserver,
    session: Option<ClientSession>,
) -> Result<RunSummary, Diagnostic> {
    let schema = |relation: &str| relation.rsplit_once('.').map(|(schema, _)| schema.to_string());
    let models = options.manifest.models.iter();
    let schemas = models
        .filter_map(|model| Some((model.unique_id.clone(), schema(&model.relation)?)))
        .collect();
    let schedule =
        Schedule::new(&options.manifest.steps, options.selected, &schemas, options.schedule)?;
    let id = token::id();
    let steps = options.selected.iter().filter(|selected| **selected).count();
    let continued = options.history.last.as_ref().filter(|_| options.resumed);
    let start = RunEntry {
        schema_version: entry::SCHEMA_VERSION,
        run: id.clone(),
        at: clock::format(clock::now()),
        pid: std::process::id(),
        resumed: options.resumed,
        plan: Some(options.fingerprint.to_string()),
        continues: continued.map(|last| last.run.clone()),
        client: RunEntry::without_secrets(&options.client.argv),
        threads: options.threads,
        extra: options.manifest.steps.first().map(|step| step.kind).filter(|kind| kind.is_extra()),
        audit: options.manifest.steps.iter().any(|step| step.kind == StepKind::Audit),
        steps,
        select: options.select.clone(),
        exclude: options.exclude.clone(),
        models: options.models.clone(),
        shard: options.shard.map(|shard| shard.to_string()),
        target: Some(options.target.clone()),
    };
    journal.append(&Entry::Run(start), true)?;
    let executor = Executor::new(options, journal, observer, &id, schedule, session);
    std::thread::scope(|scope| {
        for _ in 0..options.threads.clamp(1, steps.max(1)) {
            scope.spawn(|| executor.run_steps());
        }
    });
    let schedule = executor.finish()?;
    let states = options.selected.iter().enumerate().filter(|(_, selected)| **selected);
    let count = |state| states.clone().filter(|(index, _)| schedule.state(*index) == state).count();
    let (done, failed) = (count(StepState::Done), count(StepState::Failed));
    let open = steps - done - failed + options.left_out;
    let end = EndEntry { run: id.clone(), at: clock::format(clock::now()), done, failed, open };
    journal.append(&Entry::End(end), true)?;
    Ok(RunSummary { id, done, failed, open })
}
