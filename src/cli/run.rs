//! `batchwright run`: runs the plan with a client.

use std::process::ExitCode;

use super::print_diagnostics;
use super::run_args::RunSettings;
use super::run_plan::start;
use super::run_scope::{RunScope, StartPoint};
use crate::diagnostics::{Diagnostic, Diagnostics};

const EXAMPLES: &str = r"Examples:
  With the default client of the dialect, such as psql with PGHOST and PGDATABASE:
  $ batchwright run

  Four parallel sessions of a client:
  $ batchwright run --threads 4 -- psql -X -w -q -v ON_ERROR_STOP=1 -d shop

  Audit each model's table when it is done:
  $ batchwright run --audit

  One process per step:
  $ batchwright run --threads 8 -- snow sql --enable-templating NONE -f {file}

  For a scheduler: continue the last run if it is not complete, else start a new one:
  $ batchwright run --continue --quiet --junit report.xml";

/// Run each step of the plan with a client, in order, and write a journal
///
/// With `{file}` in the client's arguments, one process runs one step. Without it the client is a
/// session: one process that reads step after step from standard input (psql, duckdb, sqlite3,
/// mysql, mariadb, spark-sql). Clients that read their input to the end (snow sql -i, bq query,
/// clickhouse-client) are started for each step in both cases. Without `--` the default client of
/// the dialect is used. Exit codes: 0 all steps are done; 1 a step failed; 2 the request is
/// invalid.
#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct RunArgs {
    /// For schedulers: continue the last run if it is not complete, like `batchwright retry`; else
    /// start a run
    #[arg(long = "continue")]
    continues: bool,
    /// The former name of `--continue`
    #[arg(long, hide = true)]
    resume: bool,
    /// After the batches and audits of a staged plan, publish it
    #[arg(long)]
    publish: bool,
    #[command(flatten)]
    pub settings: RunSettings,
}

pub fn run(args: RunArgs) -> Result<ExitCode, Diagnostics> {
    if args.resume {
        print_diagnostics(&[Diagnostic::warning("`--resume` is now called `--continue`")
            .hint("after a complete run it starts a new one")]);
    }
    let from =
        if args.resume || args.continues { StartPoint::LastRunOrStart } else { StartPoint::Start };
    start(args.settings, from, &[], RunScope::Plan { publishes: args.publish })
}
