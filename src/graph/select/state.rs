//! Methods that compare with the past: `state:`, `result:`, `source_status:`. Takes the word behind `state:`; gives the question
//! to a node's change. Refuses a comparison with what was not given.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostics::{Diagnostic, nearest};
use crate::graph::changes::{Change, Changes};

use super::method::{Criterion, Method};

/// What `state:` may ask of a node: its place among [`SIDES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Side(usize);

type Asks = fn(&Change) -> bool;

const SIDES: [(&str, Asks); 10] = [
    ("modified", |change| change.modified()),
    ("modified.body", |change| change.new || change.body),
    ("modified.configs", |change| change.new || change.configs),
    ("modified.relation", |change| change.new || change.relation),
    ("modified.persisted_descriptions", |change| change.new || change.persisted_descriptions),
    ("modified.macros", |change| change.macros),
    ("modified.contract", |change| change.new || change.contract),
    ("new", |change| change.new),
    ("old", |change| !change.new),
    ("unmodified", |change| !change.modified()),
];

impl Side {
    pub fn parse(value: &str) -> Result<Side, Diagnostic> {
        let names = || SIDES.iter().map(|(name, _)| *name);
        if let Some(place) = names().position(|name| name == value) {
            return Ok(Side(place));
        }
        let error = Diagnostic::error(format!("unknown state `{value}` in `state:{value}`"));
        Err(match nearest(value, names()) {
            Some(near) => error.hint(format!("did you mean `state:{near}`?")),
            None => error.hint(format!("use one of {}", names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))),
        })
    }

    pub fn holds(self, change: &Change) -> bool {
        SIDES[self.0].1(change)
    }
}

/// What an earlier plan or run left behind, as far as a selection asks for it.
#[derive(Default)]
pub struct Past {
    /// What differs from the earlier plan.
    pub changes: Option<Changes>,
    /// The status of each node in `run_results.json`; of generic tests of one name all statuses.
    pub results: Option<BTreeMap<String, BTreeSet<String>>>,
    /// Sources with rows that are newer than they were, by `sources.json`.
    pub fresher: Option<BTreeSet<String>>,
}

impl Past {
    /// An error for a method that compares with what was not given.
    pub(super) fn missing(&self, criterion: &Criterion) -> Option<Diagnostic> {
        let text = &criterion.text;
        match criterion.method {
            Method::State(_) if self.changes.is_none() => Some(
                Diagnostic::error(format!("`{text}` compares with an earlier plan, and none is given"))
                    .hint("give its folder with `--state DIR`, or dbt's `target` folder"),
            ),
            Method::Result if self.results.is_none() => Some(
                Diagnostic::error(format!("`{text}` reads `run_results.json` of an earlier run, and there is none"))
                    .hint("give the plan that ran, or dbt's `target` folder, with `--state DIR`"),
            ),
            Method::SourceStatus if self.fresher.is_none() => Some(
                Diagnostic::error(format!("`{text}` compares two files `sources.json`, and one is missing"))
                    .hint("`dbt source freshness` writes it to `target`; give the folder of the earlier one with `--state DIR`"),
            ),
            _ => None,
        }
    }
}
