//! `manifest.json`: the contents of the plan and the order of its steps. A public contract with a
//! version.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use super::planned::{PlannedStep, StepEntry};
pub use crate::codegen::{
    AuditEntry, BY_NAME, InputEntry, NO_EVENT_TIME, NOT_READ, OUT_OF_REACH, READ_BY_HOOK,
};

/// The version of the manifest's schema. A change that could break a reader increases it.
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

/// What was compiled, and the request.
#[derive(Clone, Debug, Hash, Serialize, Deserialize, JsonSchema)]
pub struct About {
    pub schema_version: u32,
    /// Always `batchwright`.
    pub generator: String,
    pub project: String,
    pub target: String,
    /// The profile of `--profile`; absent if it is that of dbt_project.yml.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// The folder of `--profiles-dir`, relative to the project if it is inside of it; absent if it
    /// is the default one or that of an environment variable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profiles_dir: Option<String>,
    pub dialect: String,
    pub request: RequestEntry,
    /// The shards of `compile --shards`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shards: Option<ShardsEntry>,
    /// The ledger of `compile --ledger`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger: Option<LedgerEntry>,
}

/// The shards of a plan, in the manifest.
#[derive(Clone, Debug, PartialEq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct ShardsEntry {
    /// The requested number of shards; there may be fewer.
    pub requested: usize,
    pub shards: Vec<ShardEntry>,
}

/// A shard of a plan.
#[derive(Clone, Debug, PartialEq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct ShardEntry {
    /// The number of the shard, from 1. A shard depends only on shards with smaller numbers.
    pub shard: usize,
    /// Its phase: even for creates, builds and other steps that are not batches, odd for batches.
    pub phase: u32,
    /// The range of the windows, UTC, RFC 3339; for batches only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_time_start: Option<String>,
    /// Exclusive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_time_end: Option<String>,
    pub steps: usize,
    /// The numbers of the shards that must be complete before this one starts.
    pub depends_on: Vec<usize>,
}

/// The ledger of a plan, in the manifest.
#[derive(Clone, Debug, PartialEq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct LedgerEntry {
    /// The table.
    pub table: String,
    /// The id under which the step that creates the table is listed.
    pub model: String,
    /// The fingerprint of the plan, which every row contains.
    pub plan_fingerprint: String,
}

#[derive(Clone, Debug, Hash, Serialize, Deserialize, JsonSchema)]
pub struct RequestEntry {
    /// UTC, RFC 3339: the current time of the compilation. Absent if the request has bounds, since
    /// then the plan does not depend on it.
    pub now: Option<String>,
    pub event_time_start: Option<String>,
    pub event_time_end: Option<String>,
    /// Ranges whose batches are not planned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excluded_windows: Vec<ExcludedEntry>,
    pub full_refresh: bool,
    /// Whether the batches are written to staging tables and published at the end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub staged: bool,
    /// The file of the backfill.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backfill: Option<BackfillEntry>,
    pub batch_size: Option<String>,
    pub chunk: Option<String>,
    pub complete_only: bool,
    pub select: Vec<String>,
    pub exclude: Vec<String>,
    pub selector: Option<String>,
}

/// The file of `compile --backfill`.
#[derive(Clone, Debug, PartialEq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct BackfillEntry {
    /// Relative to the project.
    pub file: String,
    /// Why the rows are rewritten.
    pub reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

/// A range whose batches are not planned, as in the request.
#[derive(Clone, Debug, PartialEq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct ExcludedEntry {
    pub event_time_start: String,
    /// Exclusive.
    pub event_time_end: String,
}

/// One model of the plan.
#[derive(Clone, Debug, Hash, Serialize, Deserialize, JsonSchema)]
pub struct ModelEntry {
    pub unique_id: String,
    /// The model's file, relative to the project's folder.
    pub path: String,
    /// The folder of the model's files in the plan.
    pub folder: String,
    pub relation: String,
    /// `microbatch`, `view`, `table`.
    pub materialized: String,
    /// The strategy of the statement.
    pub strategy: String,
    /// Whether the file of a batch is atomic.
    pub atomic: bool,
    /// Further properties of a microbatch model.
    pub microbatch: Option<MicrobatchEntry>,
    pub inputs: Vec<InputEntry>,
    /// The columns of the insert in order, and their origin: `projection`, or null if they are
    /// unknown.
    pub columns: Option<Vec<String>>,
    pub columns_from: Option<String>,
    /// Columns that the plan drops from the table, if they exist: `on_schema_change:
    /// sync_all_columns`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns_dropped: Vec<String>,
    pub warnings: Vec<String>,
    /// The views of the project that depend on the relation when the plan replaces it: the engine
    /// creates them again, or drops them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependent_views: Vec<String>,
    /// The read-only SQL that compares the model's table with its query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit: Option<AuditEntry>,
    /// The tables and files of a staged backfill.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staged: Option<StagedEntry>,
    /// The findings of `check`, in the order of the model's text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<FindingEntry>,
    /// When a file of the model writes its ledger row: in the `transaction` of its rows, or `after`
    /// them. After a crash in between, a finished step has no row and will be repeated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger: Option<String>,
}

impl ModelEntry {
    /// The entry for the step that creates the ledger.
    pub(super) fn of_ledger(unique_id: String, folder: String) -> ModelEntry {
        ModelEntry {
            unique_id,
            path: String::new(),
            folder,
            relation: String::new(),
            materialized: "ledger".to_string(),
            strategy: "ledger".to_string(),
            atomic: true,
            microbatch: None,
            inputs: Vec::new(),
            columns: None,
            columns_from: None,
            columns_dropped: Vec::new(),
            warnings: Vec::new(),
            dependent_views: Vec::new(),
            audit: None,
            staged: None,
            findings: Vec::new(),
            ledger: None,
        }
    }
}

/// One finding of `check`.
#[derive(Clone, Debug, PartialEq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct FindingEntry {
    /// The stable code of the rule: `BW004`.
    pub code: String,
    /// `error`, `warning` or `note`.
    pub level: String,
    pub message: String,
    /// The author's file, relative to the project's folder.
    pub path: String,
    /// Counted from 1.
    pub line: usize,
    /// How to resolve it.
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
    /// the model sets `concurrent_batches: false`.
    pub in_order: bool,
    /// The shadow table of a full refresh, until the swap.
    #[serde(rename = "beside")]
    pub shadow: Option<String>,
    pub batches: usize,
}

/// A staged backfill: its batches are written to a second table, and published by one step.
#[derive(Clone, Debug, PartialEq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct StagedEntry {
    /// The table that the batches are written to.
    pub table: String,
    /// The table that has the replaced rows after publishing.
    pub before: String,
    /// The batches and hashes of all that `undo` needs. Plans with the same value undo each
    /// other's publication.
    #[serde(default)]
    pub backfill: String,
    /// Whether readers see either all old or all new rows while the step `publish` runs.
    pub atomic: bool,
    /// Restores the old rows.
    pub undo: FileEntry,
    /// Drops both tables.
    pub cleanup: FileEntry,
}

/// A file that is not a step.
#[derive(Clone, Debug, PartialEq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct FileEntry {
    /// Relative to the manifest.
    pub file: String,
    /// SHA-256 of the file in hexadecimal digits.
    pub sha256: String,
}

impl FileEntry {
    /// A file whose hash is added when it is written.
    pub fn unhashed(file: &str) -> FileEntry {
        FileEntry { file: file.to_string(), sha256: String::new() }
    }
}
