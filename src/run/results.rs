//! `run_results.json` in dbt's shape, schema v6, for the dashboards that read it. Takes the manifest and the journal's past, so
//! that what a run did before its retry is in it too. Beside what dbt says there, a failed batch's words are in the message.

use serde_json::{Value, json};

use super::clock;
use super::entry::StepEntry;
use super::history::History;
use crate::calendar::Instant;
use crate::plan::Kind;
use crate::plan::manifest::{Manifest, ModelEntry, StepEntry as Planned};

/// The file's text.
pub fn run_results(manifest: &Manifest, history: &History, now: Instant) -> String {
    let results: Vec<Value> = manifest.models.iter().filter_map(|model| result(manifest, model, history)).collect();
    let elapsed: f64 = results.iter().filter_map(|result| result["execution_time"].as_f64()).sum();
    let started = history.first.as_ref().map(|run| run.at.clone());
    let value = json!({
        "metadata": {
            "dbt_schema_version": "https://schemas.getdbt.com/dbt/run-results/v6.json",
            "dbt_version": "0.0.0",
            "generated_at": clock::format(now),
            "invocation_id": history.last.as_ref().map(|run| run.run.clone()),
            "invocation_started_at": started,
            "env": {},
        },
        "results": results,
        "elapsed_time": elapsed,
        "args": {
            "which": "run",
            "invocation_command": "batchwright run",
            "full_refresh": manifest.about.request.full_refresh,
            "event_time_start": manifest.about.request.event_time_start,
            "event_time_end": manifest.about.request.event_time_end,
            "select": manifest.about.request.select,
            "exclude": manifest.about.request.exclude,
        },
    });
    let mut text = serde_json::to_string_pretty(&value).expect("strings and numbers are JSON");
    text.push('\n');
    text
}

fn result(manifest: &Manifest, model: &ModelEntry, history: &History) -> Option<Value> {
    let steps: Vec<&Planned> = manifest.steps.iter().filter(|step| step.model == model.unique_id).collect();
    if steps.is_empty() {
        return None;
    }
    let failures: Vec<&StepEntry> = steps.iter().filter_map(|step| history.failed(step)).collect();
    let ended: Vec<&StepEntry> = steps.iter().filter_map(|step| history.failed(step).or(history.done(step))).collect();
    let batches: Vec<&Planned> = steps.iter().filter(|step| step.kind == Kind::Batch).copied().collect();
    let is_done = |step: &Planned| history.failed(step).is_none() && history.done(step).is_some();
    let done = steps.iter().filter(|step| is_done(step)).count();
    let done_batches = batches.iter().filter(|step| is_done(step)).count();
    let (status, message) = if done == steps.len() {
        ("success", "SUCCESS".to_string())
    } else if ended.is_empty() {
        ("skipped", "SKIP".to_string())
    } else if done_batches > 0 {
        let words = failures.first().map(|first| format!("\n{}: {}", first.step, first.words())).unwrap_or_default();
        ("partial success", format!("PARTIAL SUCCESS ({done_batches}/{}){words}", batches.len()))
    } else {
        let words = failures.first().map(|first| format!(": {}\n{}", first.step, first.words())).unwrap_or_default();
        ("error", format!("ERROR{words}"))
    };
    let spans = |done: bool| -> Vec<Value> {
        let chosen = batches.iter().filter(|step| is_done(step) == done);
        chosen.map(|step| json!([offset(step.event_time_start.as_deref()), offset(step.event_time_end.as_deref())])).collect()
    };
    let microbatch = !batches.is_empty() && status != "skipped";
    let seconds: f64 = ended.iter().map(|entry| entry.seconds).sum();
    let timing: Vec<Value> = ended
        .iter()
        .min_by_key(|entry| &entry.started)
        .zip(ended.iter().max_by_key(|entry| &entry.started))
        .map(|(first, last)| json!({"name": "execute", "started_at": first.started, "completed_at": completed(last)}))
        .into_iter()
        .collect();
    Some(json!({
        "status": status,
        "timing": timing,
        "thread_id": "Thread-1",
        "execution_time": seconds,
        "adapter_response": {},
        "message": message,
        // dbt counts none for a microbatch model, and says nothing of others.
        "failures": if microbatch { json!(0) } else { Value::Null },
        "unique_id": model.unique_id,
        "compiled": false,
        "compiled_code": null,
        "relation_name": model.relation,
        "batch_results": if microbatch { json!({"successful": spans(true), "failed": spans(false)}) } else { Value::Null },
    }))
}

/// dbt writes the offset as numbers.
fn offset(at: Option<&str>) -> String {
    at.unwrap_or_default().replace('Z', "+00:00")
}

fn completed(step: &StepEntry) -> String {
    let Ok(started) = chrono::DateTime::parse_from_rfc3339(&step.started) else { return step.started.clone() };
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds of a step are far below the limit")]
    let milliseconds = (step.seconds * 1000.0) as i64;
    clock::format(started.to_utc() + chrono::TimeDelta::milliseconds(milliseconds))
}
