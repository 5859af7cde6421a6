//! The columns of tables in earlier plans of the project.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::config::Node;
use crate::plan_dir::{EarlierColumns, earlier_columns};

/// The columns of earlier plans, read when they are first needed.
pub(super) struct EarlierPlans<'a> {
    state: Option<&'a Path>,
    folders: &'a [PathBuf],
    columns: OnceLock<Vec<BTreeMap<String, EarlierColumns>>>,
}

impl<'a> EarlierPlans<'a> {
    /// `state` is the folder of `--state`, whose tables may be those of another environment;
    /// `folders` are plans of this project.
    pub fn new(state: Option<&'a Path>, folders: &'a [PathBuf]) -> EarlierPlans<'a> {
        EarlierPlans { state, folders, columns: OnceLock::new() }
    }

    /// The columns of a model in the first of the plans that lists it: in that of `--state`, or in
    /// one that writes the same table.
    pub fn of(&self, node: &Node) -> Option<&EarlierColumns> {
        let read = || {
            let folders = self.folders.iter().map(PathBuf::as_path);
            self.state.into_iter().chain(folders).map(earlier_columns).collect()
        };
        let relation = node.relation.to_string();
        self.columns.get_or_init(read).iter().enumerate().find_map(|(index, plan)| {
            let is_state = index == 0 && self.state.is_some();
            plan.get(&node.unique_id).filter(|columns| is_state || columns.relation == relation)
        })
    }
}
