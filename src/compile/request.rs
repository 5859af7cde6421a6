//! The arguments of a compilation.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use crate::graph::Selection;
use crate::plan::coverage::{FinishedBatches, ModelTable};
use crate::project::backfill::BackfillFile;
use crate::project::{LedgerSetting, LoadOptions};
use crate::window;

/// The arguments of a compilation, from the command line.
#[derive(Clone, Debug)]
pub struct Request {
    pub open: LoadOptions,
    pub selection: Selection,
    pub windows: window::WindowRequest,
    pub full_refresh: bool,
    /// Whether the batches are written to staging tables and published at the end.
    pub staged: bool,
    /// The file of `--backfill`, whose audit rules replace those of the models.
    pub backfill: Option<BackfillFile>,
    /// Whether `--now` is set, so that the plan does not depend on the clock.
    pub now_is_given: bool,
    /// Tables with a finished batch; all other models are planned from their `begin` on.
    pub from_begin_except: Option<BTreeSet<ModelTable>>,
    /// The folders of earlier plans of this project. The columns of a table come from `--state`,
    /// else from the first of them that writes the table.
    pub earlier_plans: Vec<PathBuf>,
    /// The ledger that the files write to.
    pub ledger: Option<LedgerSetting>,
    /// Plans the batches that are not finished, instead of the newest ones.
    pub missing: Option<Missing>,
}

impl Request {
    /// A request for the selected models in these windows, without further options.
    pub fn new(open: LoadOptions, selection: Selection, windows: window::WindowRequest) -> Request {
        Request {
            open,
            selection,
            windows,
            full_refresh: false,
            staged: false,
            backfill: None,
            now_is_given: false,
            from_begin_except: None,
            earlier_plans: Vec::new(),
            ledger: None,
            missing: None,
        }
    }
}

/// `--missing`: what is planned, the batches that these do not cover.
#[derive(Clone, Debug)]
pub struct Missing {
    pub finished: Arc<FinishedBatches>,
    /// Whether batches count as finished only if this plan's statement has written them.
    pub changed: bool,
}
