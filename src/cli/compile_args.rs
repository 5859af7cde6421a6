//! The flags of `batchwright compile`.

use std::path::PathBuf;

use super::batch_request::RefreshArgs;
use super::flag_values::path;
use super::plan_args::StateArgs;
use super::project_args::ProjectArgs;
use super::select_args::SelectArgs;
use super::window_args::WindowArgs;

/// The flags that a backfill sets. They cannot be given with `--backfill`; the bounds and
/// `--full-refresh`, which have environment variables, are checked apart.
const BACKFILL_FLAGS: [&str; 9] = [
    "select",
    "exclude",
    "selector",
    "batch_size",
    "chunk",
    "complete_only",
    "from_begin",
    "missing",
    "staged",
];

const EXAMPLES: &str = r"Examples:
  Backfill three days of a model and its descendants; the end is exclusive:
  $ batchwright compile -s sessions+ --event-time-start 2024-09-01 --event-time-end 2024-09-04

  Rebuild one year in monthly batches; the rest of the table is unchanged:
  $ batchwright compile -s revenue --full-refresh --batch-size month \
      --event-time-start 2024-01-01 --event-time-end 2025-01-01

  In CI, check that the committed plan is up to date:
  $ batchwright compile --now 2024-09-10 --plan plans/nightly --check

  Every day on a machine without journals: plan what the ledger of the warehouse lacks:
  $ batchwright compile --ledger analytics.ledger --missing --read-ledger
  $ batchwright ledger --run > done.csv
  $ batchwright compile --ledger analytics.ledger --missing done.csv

  Plan the backfill of a file, the same on every machine:
  $ batchwright compile --backfill backfills/2024-10-refunds.yml

  Print the plan for another warehouse, without a profile:
  $ batchwright compile --dialect bigquery --stdout | less";

/// Write the plan: a folder of SQL files per model, one per batch, and a manifest
///
/// Without bounds, a microbatch model gets the current batch and its `lookback`; with
/// `--event-time-start` and `--event-time-end`, the batches in that range. Rows outside the range
/// do not change. To fill a new table, use `--from-begin`.
///
/// Views, tables, other incremental models and materialized views become one file each. Seeds and
/// snapshots are selected by `--select` only: a small seed becomes a file that loads it. Models
/// that batchwright cannot build (Python models, snapshots, custom materializations) are `left out`
/// in the table: the rest of the plan is written, and the exit code is 1.
#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct CompileArgs {
    #[command(flatten)]
    pub select: SelectArgs,
    /// Without a selection, load the seeds too, as `dbt build` does
    #[arg(long, help_heading = "Selection")]
    pub build: bool,
    #[command(flatten)]
    pub windows: WindowArgs,
    /// Plan all batches since `begin` for models without a finished batch in the journal of this
    /// plan or of the plan of `--state`
    #[arg(long, help_heading = "Windows",
        conflicts_with_all = ["event_time_start", "event_time_end"])]
    pub from_begin: bool,
    /// Plan the batches between `begin` (or within the bounds) and now that no run has finished, by
    /// FILE, the output of `batchwright ledger --run` (`-` for stdin), or else by the journals
    #[arg(long, value_name = "FILE", value_parser = path(), num_args = 0..=1,
        default_missing_value = "",
        help_heading = "Windows", conflicts_with_all = ["from_begin", "full_refresh", "staged"])]
    pub missing: Option<PathBuf>,
    /// With `--missing`: read the finished batches from the ledger, with a client
    #[arg(long, requires = "missing", help_heading = "Windows")]
    pub read_ledger: bool,
    /// With `--missing`: also plan the batches that another statement has written
    #[arg(long, requires = "missing", help_heading = "Windows")]
    pub changed: bool,
    #[command(flatten)]
    pub refresh: RefreshArgs,
    /// Write the batches to a second table, which `batchwright publish` puts in place and
    /// `batchwright undo` takes back; needs bounds
    #[arg(long)]
    pub staged: bool,
    /// Plan the backfill of this file: its models, bounds, reason and audit rules
    #[arg(long, value_name = "FILE", value_parser = path(), conflicts_with_all = BACKFILL_FLAGS)]
    pub backfill: Option<PathBuf>,
    #[command(flatten)]
    pub project: ProjectArgs,
    /// The plan's folder [default: target/batchwright in the project; of a backfill
    /// target/backfills/NAME]
    #[arg(long, value_name = "DIR", help_heading = "Plan")]
    pub plan: Option<PathBuf>,
    #[command(flatten, next_help_heading = "Plan")]
    pub state: StateArgs,
    /// Cut the plan into at most N shards, for `batchwright run --shard K/N` on several machines
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10_000),
        help_heading = "Plan")]
    pub shards: Option<u16>,
    /// Balance the shards by the seconds of earlier runs instead of the number of steps; the plan
    /// then depends on the journals
    #[arg(long, requires = "shards", help_heading = "Plan")]
    pub shards_by_seconds: bool,
    /// Let each file write what it has done to this table, in the transaction of its rows where the
    /// engine has one; an empty name is no ledger [default: that of dbt_project.yml]
    #[arg(long, value_name = "SCHEMA.TABLE", help_heading = "Plan")]
    pub ledger: Option<String>,
    /// Print the steps in order instead of writing files
    #[arg(long, conflicts_with = "plan", help_heading = "Plan")]
    pub stdout: bool,
    /// Write nothing; if the plan on disk is out of date, list the files that differ and exit 1
    #[arg(long, conflicts_with = "stdout", help_heading = "Plan")]
    pub check: bool,
    /// Also print the warnings that the plan on disk already has
    #[arg(long, help_heading = "Plan")]
    pub all_warnings: bool,
    /// With `--read-ledger`: the client and its arguments [default: the client of the last run, or
    /// of the dialect]
    #[arg(last = true, value_name = "CLIENT", requires = "read_ledger")]
    pub client: Vec<String>,
}
