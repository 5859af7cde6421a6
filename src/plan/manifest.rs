//! `manifest.json`: what the plan holds, and in which order it runs. A public contract with a
//! version.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Kind;
pub use super::planned::{PlannedStep, read};
use super::shards::ShardsEntry;
pub use crate::codegen::{
    AuditEntry, BY_NAME, InputEntry, NO_EVENT_TIME, NOT_READ, OUT_OF_REACH, READ_BY_HOOK,
};

/// The version of the manifest's shape; a change that a reader could stumble over raises it.
pub const SCHEMA_VERSION: u32 = 1;

/// The manifest of a plan.
#[derive(Clone, Debug, JsonSchema)]
pub struct Manifest {
    #[serde(flatten)]
    pub about: About,
    pub models: Vec<ModelEntry>,
    /// Every file, in a valid order of execution.
    #[schemars(with = "Vec<StepEntry>")]
    pub steps: Vec<PlannedStep>,
}

/// What was compiled, and what was asked.
#[derive(Clone, Debug, Hash, Serialize, Deserialize, JsonSchema)]
pub struct About {
    pub schema_version: u32,
    /// Always `batchwright`.
    pub generator: String,
    pub project: String,
    pub target: String,
    pub dialect: String,
    pub request: RequestEntry,
    /// The shards of `compile --shards`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shards: Option<ShardsEntry>,
}

#[derive(Clone, Debug, Hash, Serialize, Deserialize, JsonSchema)]
pub struct RequestEntry {
    /// UTC, RFC 3339: what the plan took as now. Absent where bounds were given, since then nothing
    /// depends on it.
    pub now: Option<String>,
    pub event_time_start: Option<String>,
    pub event_time_end: Option<String>,
    pub full_refresh: bool,
    /// Whether the batches are written beside the tables and published at the end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub staged: bool,
    pub batch_size: Option<String>,
    pub chunk: Option<String>,
    pub complete_only: bool,
    pub select: Vec<String>,
    pub exclude: Vec<String>,
    pub selector: Option<String>,
}

/// One model of the plan.
#[derive(Clone, Debug, Hash, Serialize, Deserialize, JsonSchema)]
pub struct ModelEntry {
    pub unique_id: String,
    /// The model's file, from the project's folder.
    pub path: String,
    /// The plan's folder of the model's files.
    pub folder: String,
    pub relation: String,
    /// `microbatch`, `view`, `table`.
    pub materialized: String,
    /// How the statement overwrites.
    pub strategy: String,
    /// Whether a batch's file happens as a whole or not at all.
    pub atomic: bool,
    /// What a microbatch model has beside that.
    pub microbatch: Option<MicrobatchEntry>,
    pub inputs: Vec<InputEntry>,
    /// The columns of the insert in order, and how they are known: `projection`, or nothing where
    /// the query does not show them.
    pub columns: Option<Vec<String>>,
    pub columns_from: Option<String>,
    /// Columns that the plan drops from the table, if they are there: `on_schema_change:
    /// sync_all_columns`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns_dropped: Vec<String>,
    pub warnings: Vec<String>,
    /// The views of the project that depend on the relation while the plan replaces it: the
    /// engine's statement creates them again, or drops them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependent_views: Vec<String>,
    /// The read-only SQL by which the model's table is compared with its query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit: Option<AuditEntry>,
    /// The tables and files of a staged backfill.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staged: Option<StagedEntry>,
    /// What `check` finds in the model, in the order of its text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<FindingEntry>,
}

/// One thing that `check` finds unsafe or wasteful.
#[derive(Clone, Debug, PartialEq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct FindingEntry {
    /// Of the rule, stable: `BW004`.
    pub code: String,
    /// `error`, `warning` or `note`.
    pub level: String,
    pub message: String,
    /// The author's file, from the project's folder.
    pub path: String,
    /// Counted from 1.
    pub line: usize,
    /// What to do about it.
    pub hints: Vec<String>,
}

#[derive(Clone, Debug, Hash, Serialize, Deserialize, JsonSchema)]
pub struct MicrobatchEntry {
    pub event_time: String,
    pub batch_size: String,
    /// UTC, RFC 3339.
    pub begin: String,
    pub lookback: u32,
    pub timezone: String,
    /// `error`, `drop` or `keep`.
    pub outside_window: String,
    pub unique_key: Vec<String>,
    /// Whether the batches must run one after the other, because the query reads its own table or
    /// the model says so.
    pub in_order: bool,
    /// The table that a full refresh builds beside the model's own, until the swap.
    pub beside: Option<String>,
    pub batches: usize,
}

/// A staged backfill: its batches are written to a second table, and published by one step.
#[derive(Clone, Debug, PartialEq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct StagedEntry {
    /// The table that the batches are written to.
    pub table: String,
    /// The table that has the replaced rows after publishing.
    pub before: String,
    /// Whether readers see either all old or all new rows while the step `publish` runs.
    pub atomic: bool,
    /// Puts the old rows back.
    pub undo: FileEntry,
    /// Drops both tables.
    pub cleanup: FileEntry,
}

/// A file that is no step.
#[derive(Clone, Debug, PartialEq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct FileEntry {
    /// Relative to the manifest.
    pub file: String,
    /// Of the file's bytes, in hexadecimal digits.
    pub sha256: String,
}

impl FileEntry {
    /// A file whose hash is known when it is written.
    pub fn unhashed(file: &str) -> FileEntry {
        FileEntry { file: file.to_string(), sha256: String::new() }
    }
}

/// One file of the plan.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct StepEntry {
    pub id: String,
    pub model: String,
    pub kind: Kind,
    /// Relative to the manifest.
    pub file: String,
    /// Of the file's bytes, in hexadecimal digits.
    pub sha256: String,
    /// UTC, RFC 3339; of a batch only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_time_start: Option<String>,
    /// Excluded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_time_end: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chunk: Option<String>,
    /// Ids of steps, or a model's unique id for all of its steps.
    pub depends_on: Vec<String>,
}
