//! `batchwright status`: shows the state of the steps.

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;

use super::client::ClientRequest;
use super::current_database::current_database;
use super::flag_values::path;
use super::ledger_source::{
    LedgerSourceArgs, LedgerStatus, add_to_history, two_sources, unknown_tables,
};
use super::next_command::{command_line, flags_like_plan};
use super::plan_args::PlanArgs;
use super::profile_args::ProfileArgs;
use super::progress::{indented, last_lines};
use super::run_summary::table;
use super::{backfill, print, print_diagnostics};
use crate::config::name_of;
use crate::diagnostics::{Diagnostics, counted, printable};
use crate::plan::manifest::About;
use crate::run::plan_paths::PlanPaths;
use crate::run::status::{Gap, ModelStatus, StatusCounter, missing};
use crate::run::target::TargetIdentity;
use crate::run::{audits, journal_rows, ledger_file};

const EXAMPLES: &str = r"Examples:
  $ batchwright status

  Batches that no run has finished, and the commands that plan them:
  $ batchwright status --missing

  With what other machines have done, by the ledger in the warehouse:
  $ batchwright status --read-ledger
  $ batchwright status --missing --read-ledger -- psql -X -v ON_ERROR_STOP=1 -d shop";

/// Show the done, failed and open steps per model, with the client's error messages
#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct StatusArgs {
    #[command(flatten)]
    pub plan: PlanArgs,
    /// List the batches between `begin` and now that no run has finished, by the journals or by
    /// FILE, the output of `batchwright ledger --run` (`-` for stdin)
    #[arg(long, value_name = "FILE", value_parser = path(), num_args = 0..=1,
        default_missing_value = "")]
    missing: Option<PathBuf>,
    #[command(flatten)]
    ledger: LedgerSourceArgs,
    #[command(flatten)]
    profile: ProfileArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Use TIME as the current time for `--missing`: 2024-09-10, 2024-09-10T12:00:00Z
    #[arg(long, value_name = "TIME", env = "BATCHWRIGHT_NOW", hide_env = true)]
    now: Option<String>,
    /// The client and its arguments [default: the client of the last run, or of the dialect]
    #[arg(last = true, value_name = "CLIENT", requires = "read_ledger")]
    client: Vec<String>,
}

pub fn run(args: StatusArgs) -> Result<ExitCode, Diagnostics> {
    let paths = args.plan.paths()?;
    let ledger = |about| args.ledger.read("status", about, &args.plan, &args.profile, &args.client);
    // The steps are not stored, since a plan may have a million.
    if let Some(file) = &args.missing {
        let head = paths.each_step(&mut |_| {})?;
        let has_file = !file.as_os_str().is_empty();
        if has_file && args.ledger.is_given() {
            return Err(two_sources().into());
        }
        let finished = match ledger(&head.about)? {
            Some(ledger) => ledger.finished,
            None if has_file => ledger_file::read_ledger_file(file)?.finished,
            None => {
                let database = database(&args, &paths, &head.about)?;
                let journaled = journal_rows::read_journals(&paths, &database)?;
                print_diagnostics(journaled.warning().as_slice());
                journaled.finished
            }
        };
        print_diagnostics(unknown_tables(finished.unknown).as_slice());
        let gaps =
            missing(&head.models, &finished, super::project_args::instant(args.now.as_deref())?);
        print(&if args.json {
            pretty(&json!({ "missing": gaps }))
        } else {
            let flags = flags_like_plan(&args.plan, &args.profile, &head.about);
            printable(&gaps_as_text(&gaps, &flags)).into_owned()
        })?;
        return Ok(ExitCode::SUCCESS);
    }
    let (backfills, errors) = backfill::statuses(&args.plan.project_dir, &args.plan.state)?;
    print_diagnostics(&errors);
    let has_plan = paths.has_manifest() || args.plan.plan.is_some() || backfills.is_empty();
    if !has_plan {
        print(&match args.json {
            true => pretty(&json!({ "backfills": backfills })),
            false => printable(&backfill::as_text(&backfills)).into_owned(),
        })?;
        return Ok(ExitCode::SUCCESS);
    }
    let about = paths.each_step(&mut |_| {})?.about;
    let (mut history, warning) = paths.history(&paths.fingerprint()?)?.of_target(&about);
    print_diagnostics(warning.as_slice());
    let mut of_ledger = None;
    if args.ledger.is_given() {
        let manifest = paths.manifest()?;
        if let Some(ledger) = ledger(&manifest.about)? {
            let status = add_to_history(&mut history, &ledger, &manifest.about, &manifest.steps)?;
            of_ledger = Some(status);
        }
    }
    let mut statuses = StatusCounter::new(args.json);
    let head = paths.each_step(&mut |step| statuses.add(&step, &history))?;
    if history.last.as_ref().is_some_and(|last| last.audit) {
        head.models
            .iter()
            .filter_map(audits::independent_step)
            .for_each(|step| statuses.add(&step, &history));
    }
    let statuses = statuses.of_models(&head.models);
    let text = match args.json {
        true => {
            let mut status =
                json!({ "run": history.first, "last": history.last, "models": statuses });
            if !backfills.is_empty() {
                status["backfills"] = json!(backfills);
            }
            if let Some(ledger) = &of_ledger {
                status["ledger"] = json!(ledger);
            }
            pretty(&status)
        }
        false => {
            let space = if backfills.is_empty() { "" } else { "\nbackfills\n" };
            let ledger = of_ledger.as_ref().map(LedgerStatus::as_text).unwrap_or_default();
            let backfills = backfill::as_text(&backfills);
            let text = format!("{}{ledger}{space}{backfills}", as_text(&statuses));
            printable(&text).into_owned()
        }
    };
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// The database that a run of the plan would write to.
fn database(
    args: &StatusArgs,
    paths: &PlanPaths,
    about: &About,
) -> Result<TargetIdentity, Diagnostics> {
    let request = ClientRequest {
        command: "status",
        client: &args.client,
        plan: &args.plan,
        profile: &args.profile,
        about: Some(about),
    };
    current_database(&request, paths, &about.target, &about.dialect)
}

fn as_text(statuses: &[ModelStatus]) -> String {
    let mut text = table(statuses);
    for failure in statuses.iter().flat_map(|status| &status.failures) {
        let window = match (&failure.event_time_start, &failure.event_time_end) {
            (Some(start), Some(end)) => format!(", window {start} to {end}"),
            _ => String::new(),
        };
        text.push_str(&format!(
            "\nfailed {}{window}\n  {} at {}\n{}",
            failure.step,
            failure.file,
            failure.at,
            indented(&last_lines(&failure.words))
        ));
    }
    text
}

/// The gaps, each with the command that plans it.
fn gaps_as_text(gaps: &[Gap], flags: &[String]) -> String {
    if gaps.is_empty() {
        return "nothing is missing\n".to_string();
    }
    let line = |gap: &Gap| {
        let name = name_of(&gap.unique_id);
        let batches = counted(gap.batches, "batch");
        let (start, end) = (&*gap.event_time_start, &*gap.event_time_end);
        let words = ["compile", "--select", name, "--event-time-start", start];
        let words = words.into_iter().chain(["--event-time-end", end]);
        let command = command_line(words.chain(flags.iter().map(String::as_str)));
        format!("{name}  {start} to {end}  {batches}\n  {command}\n")
    };
    gaps.iter().map(line).collect()
}

fn pretty(value: &serde_json::Value) -> String {
    format!("{}\n", serde_json::to_string_pretty(value).expect("strings and numbers are JSON"))
}
