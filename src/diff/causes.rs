//! Why models changed whose own files did not: macros of the project. Takes the `state.json` of
//! both plans; gives the changed macros, and for a model the words for its cause.

use std::collections::BTreeSet;

use crate::config::name_of;
use crate::project::{EarlierState, NodeState, State};

/// The states of both plans, where both have one.
pub struct States {
    old: State,
    new: State,
}

impl States {
    pub fn of(old: Option<EarlierState>, new: Option<EarlierState>) -> Option<States> {
        match (old, new) {
            (Some(EarlierState::Plan(old)), Some(EarlierState::Plan(new))) => {
                Some(States { old, new })
            }
            _ => None,
        }
    }

    /// The names of macros that were added, removed or changed.
    pub fn changed_macros(&self) -> Vec<String> {
        let ids: BTreeSet<&String> = self.old.macros.keys().chain(self.new.macros.keys()).collect();
        let changed =
            ids.into_iter().filter(|id| self.old.macros.get(*id) != self.new.macros.get(*id));
        changed.map(|id| name_of(id).to_string()).collect()
    }

    /// Why the SQL of a model changed, if its own text did not.
    /// `macros` are those that changed.
    pub fn cause(&self, unique_id: &str, macros: &[String]) -> Option<String> {
        let (old, new) = (self.old.nodes.get(unique_id)?, self.new.nodes.get(unique_id)?);
        let NodeState { body, configs, .. } = old;
        if *body != new.body {
            return None;
        }
        Some(match (*configs == new.configs, macros) {
            (false, _) => "the model's text is the same: its configuration changed".to_string(),
            (true, []) => {
                "the model's text is the same: a variable, the target or an input changed"
                    .to_string()
            }
            (true, [one]) => format!("the model's text is the same: macro `{one}` changed"),
            (true, many) => {
                let names: Vec<String> = many.iter().map(|name| format!("`{name}`")).collect();
                format!("the model's text is the same: macros {} changed", names.join(", "))
            }
        })
    }
}
