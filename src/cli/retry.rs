//! `batchwright retry`

use std::process::ExitCode;

use super::run::{From, How, start};
use crate::diagnostics::Diagnostics;

const EXAMPLES: &str = r"Examples:
  $ batchwright retry

  The table was dropped by hand: its create and all of its batches again
  $ batchwright retry --from sessions@create

  With another client than the last run's:
  $ batchwright retry -- psql -X -w -q -v ON_ERROR_STOP=1 -d shop";

/// Run what the last run did not finish, and what depends on it: the same windows, however much later.
///
/// Steps are told by their id and their bytes, so that a plan that was compiled anew goes on where nothing changed. A create or a
/// swap that is done is not entered again. Without `--` the last run's client is used.
#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    /// Run this step again although it is done, and what depends on it: `sessions@create`, `sessions@2024-09-01`. May be repeated
    #[arg(long, value_name = "STEP")]
    from: Vec<String>,
    #[command(flatten)]
    how: How,
}

pub fn run(args: Args) -> Result<ExitCode, Diagnostics> {
    start(args.how, From::LastRun, &args.from)
}
