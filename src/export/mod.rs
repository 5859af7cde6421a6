//! Exports a plan to a scheduler: one file with a task for each shard. Takes a manifest and the
//! command line of the tasks; returns the text of the file. A name of the project or an argument
//! that the file's format would not read as plain text is quoted, or refused.

mod escape;
mod exported_plan;
mod plan_check;
mod shard_groups;
mod target_file;

pub use exported_plan::{ExportedPlan, ExportedShard, ExportedStep};
pub use plan_check::PlanCheck;
pub use target_file::TaskEnvironment;

use crate::diagnostics::Diagnostic;
use crate::plan::manifest::Manifest;

/// The scheduler, or another reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ExportTarget {
    /// Shards with their steps, files and dependencies, for any other scheduler
    Json,
    /// A DAG for Airflow 3
    Airflow,
    /// Assets for Dagster; a partition is the range of batches of one shard
    Dagster,
    /// A GitHub workflow with a matrix
    Github,
    /// A WorkflowTemplate for Argo Workflows
    Argo,
    /// A Makefile for `make -j`
    Make,
}

/// What the tasks run. All commands run in the folder of the project.
pub struct ExportRequest<'a> {
    pub target: ExportTarget,
    /// The requested number of shards.
    pub shards: usize,
    /// The plan's folder, as the tasks name it.
    pub plan: &'a str,
    /// Arguments of `batchwright run` before `--shard`.
    pub run_flags: Vec<String>,
    /// The client's argument vector. Required if the tasks run the client alone; else it may be
    /// empty, for the default client of the dialect.
    pub client: Vec<String>,
    pub client_only: bool,
    /// Detects that another plan is in the folder, for tasks that run the client alone.
    pub check: PlanCheck,
    /// Whether only one task may run at once.
    pub one_at_a_time: bool,
    /// Whether a staged plan is published.
    pub publishes: bool,
    /// The folder of the project on the workers.
    pub workdir: Option<String>,
    /// Environment variables of the client.
    pub environment: TaskEnvironment,
}

impl ExportTarget {
    pub fn as_str(self) -> &'static str {
        match self {
            ExportTarget::Json => "json",
            ExportTarget::Airflow => "airflow",
            ExportTarget::Dagster => "dagster",
            ExportTarget::Github => "github",
            ExportTarget::Argo => "argo",
            ExportTarget::Make => "make",
        }
    }

    /// The maximum number of shards, and its reason.
    fn max_shards(self) -> (usize, &'static str) {
        match self {
            ExportTarget::Airflow => (1_024, "Airflow's maximum number of mapped tasks is 1024"),
            ExportTarget::Github => (256, "a matrix of GitHub has at most 256 jobs"),
            _ => (10_000, "`batchwright run --shard` takes at most 10000 shards"),
        }
    }

    /// The largest file that the target reads, in bytes.
    fn max_bytes(self) -> usize {
        match self {
            ExportTarget::Github => 500_000,
            ExportTarget::Argo => 1_000_000,
            _ => usize::MAX,
        }
    }
}

/// The text of the file.
pub fn export(manifest: &Manifest, request: &ExportRequest) -> Result<String, Diagnostic> {
    let (maximum, reason) = request.target.max_shards();
    if request.shards > maximum {
        return Err(Diagnostic::error(format!(
            "{} shards are too many for {}",
            request.shards,
            request.target.as_str()
        ))
        .note(reason)
        .hint(format!("use `--shards {maximum}` or fewer")));
    }
    let plan = exported_plan::exported_plan(manifest, request)?;
    escape::refuse_unreadable(request, &plan)?;
    if request.target == ExportTarget::Json {
        let json = serde_json::to_string_pretty(&plan).expect("strings and numbers are JSON");
        return Ok(format!("{json}\n"));
    }
    if plan.shards.is_empty() {
        return Err(Diagnostic::error("the plan has no steps, so there is no task to export"));
    }
    let text = target_file::target_file(&plan, request)?;
    if text.len() > request.target.max_bytes() {
        return Err(Diagnostic::error(format!(
            "the file for {} has {} KB, but at most {} KB are allowed",
            request.target.as_str(),
            text.len() / 1_000,
            request.target.max_bytes() / 1_000
        ))
        .hint(match request.client_only {
            true => "compile fewer batches, or leave out `--client-only`",
            false => "use fewer shards",
        }));
    }
    Ok(text)
}
