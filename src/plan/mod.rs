//! What is handed over. Takes the models with their queries and windows; gives the steps in an order that is valid, each with
//! its text, and writes them to a folder, all or nothing.

mod alter;
pub mod audit;
mod batch;
mod build;
mod clauses;
mod closing;
mod contract;
mod create;
mod depends;
mod ending;
mod guards;
mod header;
mod incremental;
mod indexes;
mod keys;
pub mod manifest;
mod parts;
mod raw_settings;
mod replacement;
mod seed;
mod steps;
mod strategy;
pub mod write;

pub use alter::{Alteration, Alters, alter, alter_file, alters};
pub use audit::{Audit, Audited, Content, Own, audit};
pub use batch::{Batches, batch_stage, overwrite, overwrite_by_macro, window};
pub use build::{Build, plain};
pub use closing::{Closing, closing};
pub use contract::{Contract, compare_names, contract, contract_check};
pub use create::{as_declared, create, hooks, narrowed, swap};
pub use depends::{Reads, Waits};
pub use guards::{mode, word};
pub use header::input as input_in_words;
pub use incremental::{Incremental, brought_in, build_stage, incremental, incremental_by_macro, usual_strategy};
pub use keys::{EFFECTIVE, unknown_keys, wanted_keys};
pub use raw_settings::refuse_raw_settings;
pub use seed::{Table, load};
pub use steps::{Batched, Fixed, Step, Steps, Text, What};
pub use strategy::{About, Partition, Strategy, by_format, partition, strategy};

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

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Before,
    Create,
    /// Brings the table's columns in line with the query.
    Alter,
    Batch,
    Swap,
    After,
    Build,
    /// In a run that audits, and in its journal; never in a plan.
    Audit,
}
