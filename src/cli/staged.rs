//! `batchwright publish`, `undo` and `cleanup`: the last files of a staged backfill.

use std::process::ExitCode;

use super::run_args::RunSettings;
use super::run_plan::start;
use super::run_scope::{RunScope, StartPoint};
use crate::diagnostics::Diagnostics;
use crate::plan::StepKind;

const PUBLISH: &str = r"Examples:
  $ batchwright compile -s sessions --staged \
      --event-time-start 2024-09-01 --event-time-end 2024-10-01
  $ batchwright run
  $ batchwright publish";

const UNDO: &str = r"Examples:
  $ batchwright undo

  With another client than that of the last run:
  $ batchwright undo -- psql -X -w -q -v ON_ERROR_STOP=1 -d shop";

const CLEANUP: &str = r"Examples:
  $ batchwright cleanup";

/// Publish a staged backfill: put the staged rows into the tables, then run the post-hooks
///
/// All batches and audits of the plan must be done. The rows that are replaced are kept in a table
/// until `batchwright cleanup`; they include what another writer has written to these windows since
/// the audit. One backfill of a table can be undone at a time: the next one is published after the
/// cleanup of this one.
#[derive(clap::Args)]
#[command(after_long_help = PUBLISH)]
pub struct PublishArgs {
    #[command(flatten)]
    pub settings: RunSettings,
}

/// Take a published backfill back: put the old rows into the tables again
///
/// If the rows of a table have changed since in the windows of the backfill, no table is undone,
/// and the exit code is 1. A plan that was compiled again undoes the backfill, too, if its windows,
/// columns and settings are the same. The columns of the query are compared; values that another
/// writer has put into other columns of these rows are lost.
#[derive(clap::Args)]
#[command(after_long_help = UNDO)]
pub struct UndoArgs {
    #[command(flatten)]
    pub settings: RunSettings,
}

/// Drop the tables of a staged backfill; after this it cannot be undone
///
/// If they have the old rows of a backfill with other windows or settings, they are left as they
/// are, and the exit code is 1.
#[derive(clap::Args)]
#[command(after_long_help = CLEANUP)]
pub struct CleanupArgs {
    #[command(flatten)]
    pub settings: RunSettings,
}

pub fn publish(args: PublishArgs) -> Result<ExitCode, Diagnostics> {
    start(args.settings, StartPoint::LastRun, &[], RunScope::Publish)
}

pub fn undo(args: UndoArgs) -> Result<ExitCode, Diagnostics> {
    start(args.settings, StartPoint::LastRun, &[], RunScope::Extra(StepKind::Undo))
}

pub fn cleanup(args: CleanupArgs) -> Result<ExitCode, Diagnostics> {
    start(args.settings, StartPoint::LastRun, &[], RunScope::Extra(StepKind::Cleanup))
}
