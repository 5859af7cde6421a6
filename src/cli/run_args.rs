//! The flags of `batchwright run` and `batchwright retry`.

use std::path::PathBuf;
use std::time::Duration;

use clap_complete::engine::ArgValueCompleter;

use super::completions::models;
use super::plan_args::PlanArgs;
use crate::calendar::Instant;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::plan::manifest::Manifest;
use crate::run::schedule::{ScheduleOptions, StepOrder};
use crate::run::shard::Shard;
use crate::window;

/// How steps are run.
#[derive(clap::Args)]
pub struct RunSettings {
    #[command(flatten)]
    pub plan: PlanArgs,
    #[command(flatten)]
    pub steps: StepArgs,
    /// Audit each model when it is done: a verdict that is neither `ok` nor allowed is a failure
    #[arg(long)]
    pub audit: bool,
    /// Kill a step that takes longer; it counts as failed
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub timeout: Option<Duration>,
    /// Continue the last run although the database is not the one of that run
    #[arg(long)]
    pub accept_target: bool,
    /// Refuse to run if the plan has another fingerprint; `batchwright export` writes it
    #[arg(long, value_name = "HEX")]
    pub fingerprint: Option<String>,
    /// Print the command line of each step, and run nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print only the table at the end [env: DBT_QUIET]
    #[arg(short, long)]
    pub quiet: bool,
    /// Write a JUnit report
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// The profile, for a default client that needs the path of the database
    #[command(flatten)]
    pub profile: super::profile_args::ProfileArgs,
    /// The client and its arguments, such as: -- psql -X -v ON_ERROR_STOP=1
    #[arg(last = true, value_name = "CLIENT")]
    pub client: Vec<String>,
}

/// Which steps run, in which order, and how many at once.
#[derive(clap::Args)]
pub struct StepArgs {
    /// Select models of the plan, in dbt's selection grammar: orders+ path:models/marts
    #[arg(short, long, value_name = "SPEC", num_args = 1.., add = ArgValueCompleter::new(models))]
    pub select: Vec<String>,
    /// Exclude models, in the same grammar
    #[arg(long, value_name = "SPEC", num_args = 1.., add = ArgValueCompleter::new(models))]
    pub exclude: Vec<String>,
    /// Run one shard of the plan, such as 3/8: what one of several machines does
    #[arg(long, value_name = "K/N", conflicts_with = "audit")]
    pub shard: Option<Shard>,
    /// Number of parallel clients; 1 with duckdb and sqlite3, which allow one writing process
    #[arg(long, value_name = "N", default_value_t = 1,
        value_parser = clap::value_parser!(u16).range(1..=256))]
    pub threads: u16,
    /// Maximum number of parallel steps of a model; BigQuery runs two statements per table at once,
    /// and queues the others
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub max_per_model: Option<u16>,
    /// Run the batches from the newest or the oldest window, instead of model by model
    #[arg(long, value_name = "newest|oldest")]
    pub order: Option<Order>,
    /// Repeat a step up to N times if it fails with a transient error: a deadlock, a lock timeout,
    /// a rate limit, a lost connection. The waits double, from one second to one minute
    #[arg(long, value_name = "N", default_value_t = 0,
        value_parser = clap::value_parser!(u32).range(0..=100))]
    pub retries: u32,
    /// Start no further step after a failure [env: DBT_FAIL_FAST]
    #[arg(short = 'x', long)]
    pub fail_fast: bool,
    /// Start no further step from this time: 06:00, 2024-09-10T06:00, in UTC or with an offset
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
}

/// The value of `--order`.
#[derive(Clone, Copy, clap::ValueEnum)]
pub enum Order {
    Newest,
    Oldest,
}

impl StepArgs {
    /// Whether models are selected.
    pub fn selects_models(&self) -> bool {
        !self.select.is_empty() || !self.exclude.is_empty()
    }

    /// Whether a part of the plan is selected.
    pub fn selects(&self) -> bool {
        self.shard.is_some() || self.selects_models()
    }

    /// The order and the limits.
    pub fn schedule(&self, manifest: &Manifest) -> Result<ScheduleOptions, Diagnostic> {
        if self.order.is_some() && manifest.steps.iter().any(|step| step.chunk.is_some()) {
            return Err(Diagnostic::error(
                "`--order` does not apply to this plan, since its chunks run in chronological \
                 order",
            )
            .hint("compile the plan without `--chunk`, or run it without `--order`"));
        }
        Ok(ScheduleOptions {
            order: match self.order {
                None => StepOrder::Plan,
                Some(Order::Newest) => StepOrder::Newest,
                Some(Order::Oldest) => StepOrder::Oldest,
            },
            max_per_model: self.max_per_model.map_or(usize::MAX, usize::from),
        })
    }

    fn until_time_of_day(&self) -> Option<chrono::NaiveTime> {
        chrono::NaiveTime::parse_from_str(self.until.as_deref()?, "%H:%M").ok()
    }

    /// Whether `--until` is a time of day that is over today.
    pub fn until_is_tomorrow(&self, now: Instant) -> bool {
        self.until_time_of_day()
            .is_some_and(|time| now.date_naive().and_time(time).and_utc() <= now)
    }

    /// The time of `--until`; a time of day is the next one after `now`.
    pub fn until(&self, now: Instant) -> Result<Option<Instant>, Diagnostics> {
        let Some(text) = &self.until else { return Ok(None) };
        let Some(time) = self.until_time_of_day() else {
            return Ok(Some(window::Bound::parse("--until", text)?.at.at(chrono_tz::UTC)));
        };
        let today = now.date_naive().and_time(time).and_utc();
        Ok(Some(if today > now { today } else { today + chrono::TimeDelta::days(1) }))
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    text.parse()
        .ok()
        .filter(|seconds| *seconds > 0.0)
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "expected a number of seconds above 0".to_string())
}
