//! The state of an earlier plan or run, with which the methods `state:`, `result:` and
//! `source_status:` compare. Returns an error if it is missing.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostics::Diagnostic;
use crate::graph::changes::Changes;

use super::method::{Criterion, Method};

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
