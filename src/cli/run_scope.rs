//! What a run is of: the plan or a part of it, from the start or from where the last run ended.

use crate::plan::StepKind;

/// Where a run starts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum StartPoint {
    Start,
    /// At the unfinished steps of the last run, which must exist.
    LastRun,
    /// At the unfinished steps of the last run, or at the start if it is complete or there is none.
    LastRunOrStart,
}

/// What is run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum RunScope {
    /// The plan; of a staged one, without the steps that publish it unless `publishes`.
    Plan { publishes: bool },
    /// The steps that publish a staged plan.
    Publish,
    /// The files of a staged plan that undo it, or that drop its tables.
    Extra(StepKind),
}

impl RunScope {
    /// The command of the run.
    pub fn command(self, from: StartPoint) -> &'static str {
        match self {
            RunScope::Publish => "publish",
            RunScope::Extra(kind) => kind.as_str(),
            RunScope::Plan { .. } if from == StartPoint::LastRun => "retry",
            RunScope::Plan { .. } => "run",
        }
    }
}

/// The hint after a staged plan.
pub const PUBLISH_HINT: &str = "the rows are staged; to publish them: `batchwright publish`\n";
