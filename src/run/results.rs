//! Writes `run_results.json` in dbt's format, schema v6, for the dashboards that read it. Includes
//! the steps of the run before its retries. The message of a model has the error of its first
//! failed batch, in addition to dbt's text.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::clock;
use super::history::{Attempt, History};
use crate::calendar::{Instant, format_instant};
use crate::plan::StepKind;
use crate::plan::manifest::{Manifest, ModelEntry, PlannedStep};

/// Writes the file.
pub fn write_run_results(
    out: &mut dyn Write,
    manifest: &Manifest,
    history: &History,
    now: Instant,
) -> io::Result<()> {
    let mut steps: BTreeMap<&str, Vec<&PlannedStep>> = BTreeMap::new();
    manifest.steps.iter().for_each(|step| steps.entry(&step.model).or_default().push(step));
    // The ledger is not a node of dbt.
    let is_ledger = |model: &&ModelEntry| {
        manifest.about.ledger.as_ref().is_some_and(|ledger| ledger.model == model.unique_id)
    };
    let models = manifest
        .models
        .iter()
        .filter(|model| !is_ledger(model))
        .filter_map(|model| Some((model, steps.get(model.unique_id.as_str())?)));
    let results: Vec<ModelResult> =
        models.map(|(model, steps)| result(steps, model, history)).collect();
    let elapsed: f64 = results.iter().map(|result| result.execution_time).sum();
    let request = &manifest.about.request;
    let file = RunResults {
        metadata: json!({
            "dbt_schema_version": "https://schemas.getdbt.com/dbt/run-results/v6.json",
            "dbt_version": "0.0.0",
            "generated_at": clock::format(now),
            "invocation_id": history.last.as_ref().map(|run| run.run.clone()),
            "invocation_started_at": history.first.as_ref().map(|run| run.at.clone()),
            "env": {},
        }),
        results,
        elapsed_time: elapsed,
        args: json!({
            "which": "run",
            "invocation_command": "batchwright run",
            "full_refresh": request.full_refresh,
            "event_time_start": request.event_time_start,
            "event_time_end": request.event_time_end,
            "select": request.select,
            "exclude": request.exclude,
        }),
    };
    serde_json::to_writer_pretty(&mut *out, &file)?;
    out.write_all(b"\n")
}

#[derive(Serialize)]
struct RunResults<'a> {
    metadata: Value,
    results: Vec<ModelResult<'a>>,
    elapsed_time: f64,
    args: Value,
}

#[derive(Serialize)]
struct ModelResult<'a> {
    status: &'static str,
    timing: Vec<Value>,
    thread_id: &'static str,
    execution_time: f64,
    adapter_response: Value,
    message: String,
    /// As in dbt: 0 for a microbatch model, null for others.
    failures: Option<u64>,
    unique_id: &'a str,
    compiled: bool,
    compiled_code: Option<String>,
    relation_name: &'a str,
    batch_results: Option<BatchResults<'a>>,
}

#[derive(Serialize)]
struct BatchResults<'a> {
    successful: Bounds<'a>,
    failed: Bounds<'a>,
}

/// The bounds of the finished batches, or of the others. Serialized as a stream, since a model may
/// have a million.
struct Bounds<'a> {
    steps: Vec<&'a PlannedStep>,
    history: &'a History,
    done: bool,
}

impl Serialize for Bounds<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let matching = self.steps.iter().filter(|step| {
            step.kind == StepKind::Batch && is_done(step, self.history) == self.done
        });
        serializer.collect_seq(
            matching.map(|step| [offset(step.event_time_start), offset(step.event_time_end)]),
        )
    }
}

fn is_done(step: &PlannedStep, history: &History) -> bool {
    history.failed(step).is_none() && history.done(step).is_some()
}

fn result<'a>(
    steps: &[&'a PlannedStep],
    model: &'a ModelEntry,
    history: &'a History,
) -> ModelResult<'a> {
    let is_batch = |step: &&&PlannedStep| step.kind == StepKind::Batch;
    let first_failure = steps.iter().find_map(|step| Some((&step.id, history.failed(step)?)));
    let ended = || steps.iter().filter_map(|step| history.failed(step).or(history.done(step)));
    let done = steps.iter().filter(|step| is_done(step, history)).count();
    let batches = steps.iter().filter(is_batch).count();
    let done_batches = steps.iter().filter(is_batch).filter(|step| is_done(step, history)).count();
    let (status, message) = if done == steps.len() {
        ("success", "SUCCESS".to_string())
    } else if ended().next().is_none() {
        ("skipped", "SKIP".to_string())
    } else if done_batches > 0 {
        let words = first_failure
            .map(|(id, failed)| format!("\n{id}: {}", failed.words()))
            .unwrap_or_default();
        ("partial success", format!("PARTIAL SUCCESS ({done_batches}/{batches}){words}"))
    } else {
        let words = first_failure
            .map(|(id, failed)| format!(": {id}\n{}", failed.words()))
            .unwrap_or_default();
        ("error", format!("ERROR{words}"))
    };
    let is_microbatch = batches > 0 && status != "skipped";
    let ends = ended()
        .min_by_key(|attempt| attempt.started_at())
        .zip(ended().max_by_key(|attempt| attempt.started_at()));
    let timing = |(first, last): (&Attempt, &Attempt)| {
        json!({
            "name": "execute", "started_at": first.started(), "completed_at": completed(last),
        })
    };
    let bounds = |done: bool| Bounds { steps: steps.to_vec(), history, done };
    ModelResult {
        status,
        timing: ends.map(timing).into_iter().collect(),
        thread_id: "Thread-1",
        execution_time: ended().map(|attempt| attempt.seconds).sum(),
        adapter_response: json!({}),
        message,
        failures: is_microbatch.then_some(0),
        unique_id: &model.unique_id,
        compiled: false,
        compiled_code: None,
        relation_name: &model.relation,
        batch_results: is_microbatch
            .then(|| BatchResults { successful: bounds(true), failed: bounds(false) }),
    }
}

/// As in dbt, the offset is written in digits.
fn offset(at: Option<Instant>) -> String {
    at.map(|at| format_instant(at).replace('Z', "+00:00")).unwrap_or_default()
}

fn completed(attempt: &Attempt) -> String {
    let Some(started) = attempt.started_at() else { return String::new() };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "milliseconds of a step are far below the limit"
    )]
    let milliseconds = (attempt.seconds * 1000.0) as i64;
    clock::format(started + chrono::TimeDelta::milliseconds(milliseconds))
}
