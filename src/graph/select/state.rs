//! `state:`, the method that compares with an earlier plan. Takes the word behind it; gives the question to a node's change.

use crate::diagnostics::{Diagnostic, nearest};
use crate::graph::changes::Change;

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
        let wrong = Diagnostic::error(format!("`state:{value}` is no state to select by"));
        Err(match nearest(value, names()) {
            Some(near) => wrong.hint(format!("did you mean `state:{near}`?")),
            None => wrong.hint(format!("there is {}", names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))),
        })
    }

    pub fn holds(self, change: &Change) -> bool {
        SIDES[self.0].1(change)
    }
}

pub(super) fn nothing_to_compare(text: &str) -> Diagnostic {
    Diagnostic::error(format!("`{text}` compares with an earlier plan, and none is given"))
        .hint("give its folder with `--state DIR`, or dbt's `target` folder")
}
