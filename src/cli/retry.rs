//! `batchwright retry`: continues the last run.

use std::process::ExitCode;

use super::run_args::RunSettings;
use super::run_plan::start;
use super::run_scope::{RunScope, StartPoint};
use crate::diagnostics::Diagnostics;

const EXAMPLES: &str = r"Examples:
  $ batchwright retry

  Create a dropped table again, with all of its batches:
  $ batchwright retry --from sessions@create

  With another client than that of the last run:
  $ batchwright retry -- psql -X -w -q -v ON_ERROR_STOP=1 -d shop";

/// Continue the last run: run the steps that did not finish, and their dependents, with the same
/// windows
///
/// A step is done if a step with the same id and the same bytes was successful, so a plan that is
/// compiled again continues where nothing changed. A finished create or swap step is not repeated.
/// Without `--` the client of the last run is used.
#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct RetryArgs {
    /// Run this finished step and its dependents again: `sessions@create`, `sessions@2024-09-01`;
    /// repeatable
    #[arg(long, value_name = "STEP")]
    from: Vec<String>,
    /// After a staged plan, publish it
    #[arg(long)]
    publish: bool,
    #[command(flatten)]
    pub settings: RunSettings,
}

pub fn run(args: RetryArgs) -> Result<ExitCode, Diagnostics> {
    let scope = RunScope::Plan { publishes: args.publish };
    start(args.settings, StartPoint::LastRun, &args.from, scope)
}
