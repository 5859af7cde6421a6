//! Methods that compare with an earlier plan or run: `state:`, `result:`, `source_status:`. Returns
//! an error if the earlier plan or run is missing.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostics::{Diagnostic, nearest};
use crate::graph::changes::{Changes, NodeChange};

use super::method::{Criterion, Method};

/// The value of a `state:` method, as an index into [`STATE_SELECTORS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StateSelector(usize);

type ChangePredicate = fn(&NodeChange) -> bool;

const STATE_SELECTORS: [(&str, ChangePredicate); 10] = [
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

impl StateSelector {
    pub fn parse(value: &str) -> Result<StateSelector, Diagnostic> {
        let names = || STATE_SELECTORS.iter().map(|(name, _)| *name);
        if let Some(index) = names().position(|name| name == value) {
            return Ok(StateSelector(index));
        }
        let error = Diagnostic::error(format!("unknown `state:` selector `{value}`"));
        Err(match nearest(value, names()) {
            Some(near) => error.hint(format!("did you mean `state:{near}`?")),
            None => error.hint(format!(
                "use one of {}",
                names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
            )),
        })
    }

    pub fn matches(self, change: &NodeChange) -> bool {
        STATE_SELECTORS[self.0].1(change)
    }
}

/// The state of an earlier plan or run, as far as the selection needs it.
#[derive(Default)]
pub struct PreviousState {
    /// The differences from the earlier plan.
    pub changes: Option<Changes>,
    /// The statuses in `run_results.json`, by unique id.
    pub results: Option<BTreeMap<String, BTreeSet<String>>>,
    /// Sources that have newer rows, by `sources.json`.
    pub fresher: Option<BTreeSet<String>>,
}

impl PreviousState {
    /// The error for a method whose earlier state is missing.
    pub(super) fn missing(&self, criterion: &Criterion) -> Option<Diagnostic> {
        let text = &criterion.text;
        match criterion.method {
            Method::State(_) if self.changes.is_none() => Some(
                Diagnostic::error(format!("`{text}` needs an earlier plan to compare with")).hint(
                    "use `--state DIR` with the folder of the plan, or with dbt's `target` \
                        folder",
                ),
            ),
            Method::Result if self.results.is_none() => Some(
                Diagnostic::error(format!("`{text}` needs `run_results.json` of an earlier run"))
                    .hint(
                        "use `--state DIR` with the folder of the plan that ran, or with dbt's \
                        `target` folder",
                    ),
            ),
            Method::SourceStatus if self.fresher.is_none() => Some(
                Diagnostic::error(format!(
                    "`{text}` needs two files `sources.json` to compare, \
                    but one is missing"
                ))
                .hint(
                    "`dbt source freshness` writes it to `target`; use `--state DIR` with \
                        the folder of the earlier one",
                ),
            ),
            _ => None,
        }
    }
}
