//! The values of the method `state:`.

use crate::diagnostics::{Diagnostic, nearest};
use crate::graph::changes::NodeChange;

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
