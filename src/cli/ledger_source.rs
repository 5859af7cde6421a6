//! The ledger as a source of finished steps, for commands that otherwise read the journals alone.
//! Takes the output of `batchwright ledger --run`, or reads the ledger with a client.

use std::path::PathBuf;

use serde::Serialize;

use super::client_query::QueryTarget;
use super::flag_values::path;
use super::ledger::LedgerRequest;
use super::plan_args::PlanArgs;
use super::print_diagnostics;
use super::profile_args::ProfileArgs;
use crate::calendar::format_instant;
use crate::diagnostics::{Diagnostic, Diagnostics, counted};
use crate::plan::manifest::{About, PlannedStep};
use crate::run::history::History;
use crate::run::ledger_file::{self, LedgerRows};

/// Where the rows of the ledger come from.
#[derive(clap::Args)]
#[command(next_help_heading = "Ledger")]
pub struct LedgerSourceArgs {
    /// Also read the finished steps from FILE, the output of `batchwright ledger --run` (`-` for
    /// stdin)
    #[arg(long, value_name = "FILE", value_parser = path(), conflicts_with = "read_ledger")]
    ledger_file: Option<PathBuf>,
    /// Also read the finished steps from the ledger, with a client
    #[arg(long)]
    read_ledger: bool,
}

impl LedgerSourceArgs {
    /// Whether the flags name a source.
    pub fn is_given(&self) -> bool {
        self.read_ledger || self.file().is_some()
    }

    /// The rows of the ledger of the plan; `None` if the flags name no source.
    pub fn read(
        &self,
        command: &str,
        about: &About,
        plan: &PlanArgs,
        profile: &ProfileArgs,
        client: &[String],
    ) -> Result<Option<LedgerRows>, Diagnostics> {
        if let Some(file) = self.file() {
            return Ok(Some(ledger_file::read_ledger_file(file)?));
        }
        if !self.read_ledger {
            return Ok(None);
        }
        read_ledger(command, about, plan, profile, client).map(Some)
    }

    fn file(&self) -> Option<&PathBuf> {
        self.ledger_file.as_ref().filter(|path| !path.as_os_str().is_empty())
    }
}

/// Reads the rows of the ledger of a plan with a client.
pub fn read_ledger(
    command: &str,
    about: &About,
    plan: &PlanArgs,
    profile: &ProfileArgs,
    client: &[String],
) -> Result<LedgerRows, Diagnostics> {
    let request = LedgerRequest {
        command,
        ledger: None,
        dialect: None,
        database: None,
        schema: None,
        plan,
        target: QueryTarget {
            profile: profile.of_plan(about, &plan.project_dir)?,
            about: Some(about.clone()),
        },
        client,
    };
    Ok(request.read()??.2)
}

/// The rows of a plan in its ledger.
#[derive(Clone, Debug, Serialize)]
pub struct LedgerStatus {
    pub table: String,
    /// The number of steps of which the plan has written the newest row.
    pub steps: usize,
    /// When the newest one was written: UTC, RFC 3339.
    pub newest: Option<String>,
}

impl LedgerStatus {
    pub fn as_text(&self) -> String {
        let LedgerStatus { table, steps, newest } = self;
        let newest = newest.as_ref().map(|at| format!(", the last one at {at}"));
        let newest = newest.unwrap_or_default();
        format!("ledger {table}: {} of this plan{newest}\n", counted(*steps, "step"))
    }
}

/// Adds the steps that are done by the ledger to the history of the plan. Warns if the journal has
/// steps that the ledger lacks.
pub fn add_to_history(
    history: &mut History,
    ledger: &LedgerRows,
    about: &About,
    steps: &[PlannedStep],
) -> Result<LedgerStatus, Diagnostic> {
    let Some(entry) = &about.ledger else { return Err(no_ledger()) };
    for model in ledger.steps.reverted(steps, &entry.plan_fingerprint) {
        history.take_back(model);
    }
    let done = ledger.steps.done(steps, &entry.plan_fingerprint);
    let unlogged = history.add_ledger(steps, &entry.plan_fingerprint, &done);
    if unlogged > 0 {
        let done = if unlogged == 1 { "is" } else { "are" };
        print_diagnostics(&[Diagnostic::warning(format!(
            "{} {done} done by the journal, but not in the ledger {}",
            counted(unlogged, "step"),
            entry.table
        ))
        .note(
            "the rows of the ledger are older than the run, or the run was of another database",
        )]);
    }
    let (steps, newest) = ledger.steps.of_plan(&entry.plan_fingerprint);
    Ok(LedgerStatus { table: entry.table.clone(), steps, newest: newest.map(format_instant) })
}

/// A warning about rows of unknown tables, whose batches do not count as finished.
pub fn unknown_tables(rows: usize) -> Option<Diagnostic> {
    let warning = || {
        let (has, its) = match rows {
            1 => ("has", "its batch counts"),
            _ => ("have", "their batches count"),
        };
        Diagnostic::warning(format!(
            "{} of finished steps {has} no table, so {its} as missing",
            counted(rows, "row")
        ))
        .note("an earlier version of batchwright wrote them")
    };
    (rows > 0).then(warning)
}

/// The error for two sources of finished batches.
pub fn two_sources() -> Diagnostic {
    Diagnostic::error("the finished batches come from the file of `--missing` or from the ledger")
        .hint("omit the file: `--missing --read-ledger`")
}

/// The error for a plan whose files write no rows.
fn no_ledger() -> Diagnostic {
    Diagnostic::error("the plan has no ledger, so no row of a ledger is about its steps")
        .hint("to compile a plan with one: `batchwright compile --ledger SCHEMA.TABLE`")
}
