//! The plan: the steps of each model in a valid order, what each depends on, and the manifest. Data
//! only: no SQL is made here, and nothing is written.

mod dependencies;
pub mod manifest;
pub mod planned;
mod sha256;
pub mod shards;
mod steps;

pub use dependencies::{Reads, Waits};
pub use sha256::Sha256;
pub use steps::{BatchSteps, ExtraFile, StaticStep, Step, StepBody, Steps, Text};

use crate::project::State;
use manifest::ModelEntry;

/// All steps of one compile, in a valid order, and what the manifest says of them.
pub struct Plan {
    pub about: manifest::About,
    pub models: Vec<ModelEntry>,
    /// Of each model that has any; models after those they read.
    pub steps: Vec<Steps>,
    /// Of the whole project, for a later plan to be compared with.
    pub state: State,
}

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
pub enum Kind {
    Before,
    Create,
    /// Brings the table's columns in line with the query.
    Alter,
    Batch,
    Swap,
    /// Compares the rows of a staged backfill with the query and with the rows that they replace.
    #[serde(rename = "staged_audit")]
    StagedAudit,
    /// Puts the rows of a staged backfill into the table.
    Publish,
    After,
    Build,
    /// In a run that audits, and in its journal; never in a plan.
    Audit,
    /// Takes a published backfill back; run by `batchwright undo`, never a step of a plan.
    Undo,
    /// Drops the tables of a staged backfill; run by `batchwright cleanup`, never a step of a plan.
    Cleanup,
}
