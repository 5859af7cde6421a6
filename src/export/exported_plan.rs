//! A plan as a scheduler reads it: shards in a valid order, with their commands, their steps and
//! the shards that they wait for. The output of `batchwright export json`.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::ExportRequest;
use crate::calendar::format_instant;
use crate::diagnostics::Diagnostic;
use crate::plan::StepKind;
use crate::plan::manifest::Manifest;
use crate::plan::manifest::ShardEntry;
use crate::plan::planned::{PlanFingerprint, PlannedStep};
use crate::run::{shard, staged};

/// The version of the schema. A change that could break a reader increases it.
const SCHEMA_VERSION: u32 = 1;

/// A plan for a scheduler. All commands run in the folder of the dbt project.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ExportedPlan {
    pub schema_version: u32,
    /// Always `batchwright`.
    pub generator: String,
    pub project: String,
    pub target: String,
    pub dialect: String,
    /// The plan's folder, relative to the folder of the dbt project, or absolute.
    pub plan: String,
    /// The fingerprint of the plan: `run --fingerprint` refuses another plan.
    pub fingerprint: String,
    /// The requested number of shards, N of `--shard K/N`; there may be fewer.
    pub requested_shards: usize,
    /// Whether only one command may run at once, because the client allows one writing process
    /// per database.
    pub one_at_a_time: bool,
    pub shards: Vec<ExportedShard>,
}

/// A shard: what one task runs.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ExportedShard {
    /// The number of the shard, from 1. A shard depends only on shards with smaller numbers.
    pub shard: usize,
    /// Even for creates, builds and other steps that are no batches, odd for batches.
    pub phase: u32,
    /// The range of the windows, UTC, RFC 3339; for batches only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_time_start: Option<String>,
    /// Exclusive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_time_end: Option<String>,
    /// The numbers of the shards that must be complete before this one starts, without those that
    /// one of them waits for.
    pub depends_on: Vec<usize>,
    /// The argument vector that runs the shard; absent with `--client-only`, since each step then
    /// has its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
    /// In a valid order of execution.
    pub steps: Vec<ExportedStep>,
}

/// A step of a shard.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ExportedStep {
    pub id: String,
    pub model: String,
    pub kind: StepKind,
    /// The step's file, relative to the folder of the dbt project, or absolute.
    pub file: String,
    /// UTC, RFC 3339; only for a batch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_time_start: Option<String>,
    /// Exclusive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_time_end: Option<String>,
    /// Ids of steps, or a model's unique id for all of its steps.
    pub depends_on: Vec<String>,
    /// With `--client-only`: the argument vector that runs the step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
    /// With `--client-only`: whether the command reads the file from its standard input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reads_stdin: Option<bool>,
}

/// Cuts a plan into shards. Leaves out the steps that publish a staged plan, unless they are
/// requested, and then shards without steps.
pub fn exported_plan(
    manifest: &Manifest,
    request: &ExportRequest,
) -> Result<ExportedPlan, Diagnostic> {
    let cut = shard::cut(manifest, request.shards)?;
    let fingerprint = PlanFingerprint::of(&manifest.steps);
    let holds_back = manifest.about.request.staged && !request.publishes;
    let mut steps: Vec<Vec<ExportedStep>> = cut.shards.iter().map(|_| Vec::new()).collect();
    for (step, shard) in manifest.steps.iter().zip(&cut.of_step) {
        if !(holds_back && staged::publishes(step)) {
            steps[*shard].push(exported_step(step, request));
        }
    }
    let waits_for = direct_dependencies(&cut.shards, |index| !steps[index].is_empty());
    let shards = cut.shards.into_iter().zip(waits_for).zip(steps);
    let shards = shards.filter(|(_, steps)| !steps.is_empty());
    let shards = shards.map(|((entry, depends_on), steps)| ExportedShard {
        command: (!request.client_only).then(|| run_command(entry.shard, &fingerprint, request)),
        shard: entry.shard,
        phase: entry.phase,
        event_time_start: entry.event_time_start,
        event_time_end: entry.event_time_end,
        depends_on,
        steps,
    });
    Ok(ExportedPlan {
        schema_version: SCHEMA_VERSION,
        generator: "batchwright".to_string(),
        project: manifest.about.project.clone(),
        target: manifest.about.target.clone(),
        dialect: manifest.about.dialect.clone(),
        plan: request.plan.to_string(),
        requested_shards: request.shards,
        one_at_a_time: request.one_at_a_time,
        shards: shards.collect(),
        fingerprint,
    })
}

/// The command of the tasks up to the number of the shard.
pub fn run_words(fingerprint: &str, request: &ExportRequest) -> Vec<String> {
    let words = ["batchwright", "run", "--continue", "--fingerprint", fingerprint];
    words.into_iter().map(str::to_string).chain(request.run_flags.iter().cloned()).collect()
}

/// The end of the command: the client, if it is not the default one.
pub fn client_words(request: &ExportRequest) -> Vec<String> {
    let separator = (!request.client.is_empty()).then(|| "--".to_string());
    separator.into_iter().chain(request.client.iter().cloned()).collect()
}

fn run_command(shard: usize, fingerprint: &str, request: &ExportRequest) -> Vec<String> {
    let mut words = run_words(fingerprint, request);
    words.extend(["--shard".to_string(), format!("{shard}/{}", request.shards)]);
    words.extend(client_words(request));
    words
}

fn exported_step(step: &PlannedStep, request: &ExportRequest) -> ExportedStep {
    let file = format!("{}/{}", request.plan.trim_end_matches('/'), step.file);
    let client = request.client_only.then_some(&request.client);
    ExportedStep {
        id: step.id.to_string(),
        model: step.model.to_string(),
        kind: step.kind,
        event_time_start: step.event_time_start.map(format_instant),
        event_time_end: step.event_time_end.map(format_instant),
        depends_on: step.depends_on.iter().map(ToString::to_string).collect(),
        command: client
            .map(|words| words.iter().map(|word| word.replace("{file}", &file)).collect()),
        reads_stdin: client.map(|words| !words.iter().any(|word| word.contains("{file}"))),
        file,
    }
}

/// For each shard, the shards that it waits for without those that they wait for themselves.
/// Shards that are left out are replaced by what they wait for.
fn direct_dependencies(
    shards: &[ShardEntry],
    is_exported: impl Fn(usize) -> bool,
) -> Vec<Vec<usize>> {
    let mut direct: Vec<BTreeSet<usize>> = Vec::with_capacity(shards.len());
    let mut ancestors: Vec<Vec<u64>> = Vec::with_capacity(shards.len());
    for entry in shards {
        let mut waits_for = BTreeSet::new();
        let mut reached = vec![0_u64; shards.len().div_ceil(64)];
        for dependency in entry.depends_on.iter().rev().map(|number| number - 1) {
            if reached[dependency / 64] >> (dependency % 64) & 1 == 1 {
                continue;
            }
            match is_exported(dependency) {
                true => _ = waits_for.insert(dependency),
                false => waits_for.extend(&direct[dependency]),
            }
            for (word, of_dependency) in reached.iter_mut().zip(&ancestors[dependency]) {
                *word |= of_dependency;
            }
            reached[dependency / 64] |= 1 << (dependency % 64);
        }
        direct.push(waits_for);
        ancestors.push(reached);
    }
    let numbers = |indexes: BTreeSet<usize>| indexes.iter().map(|index| index + 1).collect();
    direct.into_iter().map(numbers).collect()
}
