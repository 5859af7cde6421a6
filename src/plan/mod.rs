//! What is handed over. Takes the models with their queries and windows; gives the steps in an order that is valid, each with
//! its text, and writes them to a folder, all or nothing.

pub mod audit;
mod batch;
mod build;
mod clauses;
mod closing;
mod contract;
mod create;
mod depends;
mod guards;
mod header;
mod incremental;
mod indexes;
pub mod manifest;
mod parts;
mod seed;
mod strategy;
pub mod write;

use std::sync::Arc;

pub use audit::{Audit, Audited, Own, audit};
pub use batch::{Batches, overwrite, window};
pub use build::{Build, plain};
pub use clauses::unknown_keys;
pub use closing::{Closing, closing};
pub use contract::{Contract, contract};
pub use create::{create, hooks, swap};
pub use depends::{Reads, link};
pub use guards::{mode, word};
pub use incremental::{Incremental, brought_in, incremental};
pub use seed::{Table, load};
pub use strategy::{About, Strategy, by_format, strategy};

use crate::calendar::Window;
use crate::dialect::Stamp;
use manifest::ModelEntry;

/// All steps of one compile, in a valid order, and what the manifest says of them.
pub struct Plan {
    pub about: manifest::About,
    pub models: Vec<ModelEntry>,
    pub steps: Vec<Step>,
    /// Read-only SQL that tells whether a model's table is what it should be.
    pub audits: Vec<Audit>,
}

/// One file of the plan.
#[derive(Clone, Debug)]
pub struct Step {
    /// `model.shop.sessions@2024-09-01`, `model.shop.sessions@create`.
    pub id: String,
    /// The model's unique id.
    pub model: String,
    pub kind: Kind,
    /// Relative to the plan's folder: `sessions/2024-09-01.sql`.
    pub file: String,
    pub window: Option<Window>,
    pub chunk: Option<String>,
    /// Ids of steps, or a model's id for all of its steps.
    pub depends_on: Vec<String>,
    pub text: Text,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Before,
    Create,
    Batch,
    Swap,
    After,
    Build,
}

/// A file's text, or how to make it.
#[derive(Clone, Debug)]
pub enum Text {
    Whole(String),
    /// The same for every batch of the model but for its window.
    Stamped {
        stamp: Arc<Stamp>,
        label: String,
    },
}

impl Step {
    /// The text of the file, with a line break at its end.
    pub fn text(&self) -> String {
        match (&self.text, &self.window) {
            (Text::Stamped { stamp, label }, Some(window)) => stamp.fill(window, label),
            (Text::Stamped { stamp, label }, None) => stamp.fill(&Window { start: Default::default(), end: Default::default() }, label),
            (Text::Whole(text), _) => text.clone(),
        }
    }
}
