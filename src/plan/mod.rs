//! The plan: the steps of each model in a valid order, their dependencies, and the manifest. Data
//! only: this module generates no SQL and writes no files.

pub mod coverage;
mod dependencies;
mod ledger;
pub mod manifest;
pub mod manifest_reader;
pub mod planned;
mod sha256;
pub mod shards;
mod steps;
mod undo_checks;

pub use dependencies::Dependencies;
pub use manifest::LedgerEntry;
pub use sha256::Sha256;
pub use steps::{
    BatchSteps, BatchText, ExtraFile, LedgerStamp, ModelSteps, ReadSet, StaticStep, Step, StepBody,
};

use crate::project::State;
use manifest::ModelEntry;

/// All steps of one compilation in a valid order, with the data of the manifest.
pub struct Plan {
    pub about: manifest::About,
    pub models: Vec<ModelEntry>,
    /// The steps of each model that has steps. A model comes after its inputs.
    pub steps: Vec<ModelSteps>,
    /// The state of the whole project, for later comparisons with `--state`.
    pub state: State,
}

/// What a step does, in the order of the steps of a model.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum StepKind {
    Before,
    Create,
    /// Adapts the table's columns to the query.
    Alter,
    Batch,
    Swap,
    /// Compares the rows of a staged backfill with the query and with the rows that they replace.
    #[serde(rename = "staged_audit")]
    StagedAudit,
    /// Copies the rows of a staged backfill into the table.
    Publish,
    After,
    Build,
    /// Only in a run with audits and in its journal, never in a plan.
    Audit,
    /// Reverts a published backfill; run by `batchwright undo`, never a step of a plan.
    Undo,
    /// Drops the tables of a staged backfill; run by `batchwright cleanup`, never a step of a plan.
    Cleanup,
}
