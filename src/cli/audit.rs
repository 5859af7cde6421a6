//! `batchwright audit`: prints or runs the audits of a plan.

use std::process::ExitCode;

use clap_complete::engine::ArgValueCompleter;

use super::audit_summary::{self, AuditResult};
use super::client::ClientRequest;
use super::client_query::{client_output, query_client};
use super::completions::models;
use super::ledger_source::{LedgerSourceArgs, add_to_history};
use super::plan_args::PlanArgs;
use super::profile_args::ProfileArgs;
use super::run_selection::refuse_unaudited;
use super::{print, print_diagnostics, print_status};
use crate::config::name_of;
use crate::diagnostics::{Diagnostic, Diagnostics, printable};
use crate::dialect;
use crate::plan::manifest::{AuditEntry, Manifest, ModelEntry, PlannedStep};
use crate::plan::planned::{PlanFingerprint, label};
use crate::plan::{Sha256, StepKind};
use crate::run::plan_paths::PlanPaths;
use crate::run::selection;

const EXAMPLES: &str = r"Examples:
  With the client of the last run, or the dialect's own:
  $ batchwright audit --run

  $ batchwright audit -s sessions --run -- psql -X -v ON_ERROR_STOP=1 -d shop
  $ batchwright audit -s sessions | duckdb warehouse.duckdb

  Models selected by what only the project has, such as tags:
  $ batchwright audit -s $(batchwright list -s tag:daily)

Verdicts:
  ok                     the table has the rows that the query returns now
  ok (declared columns)  only declared columns were compared: name the columns instead of `*`
  ok (counts)            only numbers of rows were compared: name the columns instead of `*`
  empty                  the table has no row of the batch, the query has: run the batch
  missing rows           the table lacks rows of the query (late rows): run the batch again
  extra rows             the table has rows that the query does not return
  doubled rows           the table has rows more often than the query returns them
  differs                rows are missing and others are extra: a changed input or table
  duplicate keys         rows of the table share a `unique_key`
  outside                the query returns rows outside its window, or rows before `begin`
  edge                   the query over all batches returns other rows: see `batchwright check`
  no event time          rows of the table or of an input belong to no batch
  not compared           the rows were not compared; the column `compared` has the reason

To accept a verdict: `meta: {batchwright: {audit: {allow: [edge]}}}`.
To ignore columns that always differ: `ignore: [loaded_at]`, also below `audit`.";

/// Print the audits of the plan: read-only SQL that returns one row with a verdict per batch
///
/// With `--run` a client runs them. Its output is on stdout, a table of verdicts on stderr. Exit
/// codes: 0 all verdicts are `ok` or allowed; 1 a verdict is not, or the client failed; 2 the
/// request is invalid.
#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct AuditArgs {
    /// Select models of the plan, in dbt's selection grammar [default: all]
    #[arg(short, long, value_name = "SPEC", num_args = 1.., add = ArgValueCompleter::new(models))]
    select: Vec<String>,
    /// Exclude models, in the same grammar
    #[arg(long, value_name = "SPEC", num_args = 1.., add = ArgValueCompleter::new(models))]
    exclude: Vec<String>,
    /// Print the paths of the files instead of their content
    #[arg(long, conflicts_with = "run")]
    files: bool,
    /// Run the audits with a client, and check the verdicts that it prints
    #[arg(long)]
    run: bool,
    #[command(flatten)]
    pub plan: PlanArgs,
    #[command(flatten)]
    ledger: LedgerSourceArgs,
    #[command(flatten)]
    profile: ProfileArgs,
    /// The client and its arguments [default: the client of the last run, or of the dialect]
    #[arg(last = true, value_name = "CLIENT", requires = "run")]
    client: Vec<String>,
}

pub fn run(args: AuditArgs) -> Result<ExitCode, Diagnostics> {
    let paths = args.plan.paths()?;
    let manifest = paths.manifest()?;
    let (models, warnings) =
        selection::select(&manifest.models, &manifest.steps, &args.select, &args.exclude)?;
    print_diagnostics(&warnings);
    if args.run {
        refuse_unaudited(&manifest, |model| models.contains(model))?;
    }
    let selected = manifest.models.iter().filter(|model| models.contains(&model.unique_id));
    let selected: Vec<(&ModelEntry, &AuditEntry)> =
        selected.filter_map(|model| Some((model, model.audit.as_ref()?))).collect();
    if selected.is_empty() && !args.select.is_empty() {
        return Err(Diagnostic::error("the plan has no audit of the selected models")
            .hint("to list the audits of the plan: `batchwright audit --files`")
            .into());
    }
    if selected.is_empty() {
        return Err(no_audit(&manifest).into());
    }
    if !args.run && args.ledger.is_given() {
        return Err(Diagnostic::error("only `audit --run` reads the ledger")
            .hint("add `--run`: it names the batches that were not run")
            .into());
    }
    if args.run {
        return run_client(&args, &paths, &manifest, &selected);
    }
    for (_, audit) in selected {
        if args.files {
            print(&format!("{}\n", paths.plan.join(&audit.file).display()))?;
        } else {
            let text =
                paths.text(&audit.file, Sha256::parse(&audit.sha256)).map_err(Diagnostic::error)?;
            print(&format!("{}\n", String::from_utf8_lossy(&text)))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The error for a plan without audits.
fn no_audit(manifest: &Manifest) -> Diagnostic {
    let error = Diagnostic::error("the plan has no audit");
    match manifest.about.request.staged {
        true => error
            .note("the rows of a staged backfill are compared before they are published")
            .hint("to compare them: `batchwright run`, which runs `97_audit.sql` of each model"),
        false => error.note("only microbatch models have audits"),
    }
}

/// Runs each audit in a process of the client, prints its output, and checks the verdicts.
fn run_client(
    args: &AuditArgs,
    paths: &PlanPaths,
    manifest: &Manifest,
    selected: &[(&ModelEntry, &AuditEntry)],
) -> Result<ExitCode, Diagnostics> {
    let dialect = dialect::named(&manifest.about.dialect)?;
    let mut history = paths.history(&PlanFingerprint::of(&manifest.steps))?;
    let about = &manifest.about;
    let ledger = args.ledger.read("audit --run", about, &args.plan, &args.profile, &args.client)?;
    if let Some(ledger) = &ledger {
        add_to_history(&mut history, ledger, about, &manifest.steps)?;
    }
    // Without a run in a journal, another machine or another client may have run the plan.
    let knows_runs = history.first.is_some() || ledger.is_some();
    let request = ClientRequest {
        command: "audit --run",
        client: &args.client,
        plan: &args.plan,
        profile: &args.profile,
        about: Some(about),
    };
    let argv = query_client(&request, &dialect)?;
    let mut results = Vec::new();
    let mut has_failed = false;
    for (model, audit) in selected {
        let text =
            paths.text(&audit.file, Sha256::parse(&audit.sha256)).map_err(Diagnostic::error)?;
        let name = name_of(&model.unique_id);
        let result = client_output(&argv, &String::from_utf8_lossy(&text)).and_then(|output| {
            print(&output).map_err(|errors| errors.0[0].clone())?;
            AuditResult::of(manifest, model, audit, &output)
        });
        match result {
            Ok(mut result) => {
                let open = |step: &&PlannedStep| knows_runs && history.done(step).is_none();
                let batches = manifest
                    .steps
                    .iter()
                    .filter(|step| step.kind == StepKind::Batch && *step.model == *model.unique_id);
                result.open = batches.filter(open).map(|step| label(&step.id).into()).collect();
                results.push(result);
            }
            Err(error) => {
                has_failed = true;
                let message = format!("`{name}` is not audited: {}", error.message);
                print_diagnostics(&[Diagnostic { message, ..error }]);
            }
        }
    }
    print_status(&printable(&audit_summary::summary(&results)));
    let is_accepted = !has_failed && results.iter().all(AuditResult::is_accepted);
    Ok(if is_accepted { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
