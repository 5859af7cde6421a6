//! `batchwright page`: writes a plan as an HTML file.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::client::ClientRequest;
use super::current_database::current_database;
use super::ledger_source::{LedgerSourceArgs, add_to_history};
use super::plan_args::PlanArgs;
use super::profile_args::ProfileArgs;
use super::project_args::instant;
use super::{print, print_diagnostics, print_status};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::page::{PageInput, PageShards};
use crate::plan::coverage::FinishedBatches;
use crate::plan::manifest::{About, Manifest, PlannedStep};
use crate::plan::planned::PlanFingerprint;
use crate::run::history::History;
use crate::run::journal_rows::read_journals;
use crate::run::plan_paths::PlanPaths;
use crate::run::{audits, report, shard};

const EXAMPLES: &str = r"Examples:
  $ batchwright page
  $ batchwright page --plan plans/nightly --out nightly.html

  With what other machines have done, by their journals or by the ledger in the warehouse:
  $ batchwright page --journal machine-1/.batchwright --journal machine-2/.batchwright
  $ batchwright page --read-ledger";

/// Write a plan as one HTML file: a calendar of batches, each with its SQL and its state
///
/// The file is self-contained and needs no network. It has the SQL and the error messages of the
/// client.
#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct PageArgs {
    #[command(flatten)]
    pub plan: PlanArgs,
    /// Write to FILE instead of next to the plan's folder; `-` is stdout
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Use TIME as the current time to find missing batches: 2024-09-10, 2024-09-10T12:00:00Z
    #[arg(long, value_name = "TIME", env = "BATCHWRIGHT_NOW", hide_env = true)]
    now: Option<String>,
    #[command(flatten)]
    ledger: LedgerSourceArgs,
    #[command(flatten)]
    profile: ProfileArgs,
    /// The client and its arguments [default: the client of the last run, or of the dialect]
    #[arg(last = true, value_name = "CLIENT", requires = "read_ledger")]
    client: Vec<String>,
}

pub fn run(args: &PageArgs) -> Result<ExitCode, Diagnostics> {
    let now = instant(args.now.as_deref())?;
    if let Some(out) = args.out.as_ref().filter(|out| **out != *Path::new("-")) {
        report::check(out)?;
    }
    let paths = args.plan.paths()?;
    let manifest = paths.manifest()?;
    let fingerprint = PlanFingerprint::of(&manifest.steps);
    let (mut history, warning) = paths.history(&fingerprint)?.of_target(&manifest.about);
    print_diagnostics(warning.as_slice());
    let ledger =
        args.ledger.read("page", &manifest.about, &args.plan, &args.profile, &args.client)?;
    if let Some(ledger) = &ledger {
        add_to_history(&mut history, ledger, &manifest.about, &manifest.steps)?;
    }
    let shards = shards(&manifest, &history)?;
    let manifest = audits::as_last_run(manifest, &history);
    let (mut first_error, mut unreadable) = (None, 0);
    let mut sql = |step: &PlannedStep| match paths
        .text(&step.file.to_string(), Some(step.sha256))
        .map(String::from_utf8)
    {
        Ok(Ok(text)) => Some(text),
        not_text => {
            let error = not_text.err().unwrap_or_else(|| format!("`{}` is not text", step.file));
            first_error.get_or_insert(error);
            unreadable += 1;
            None
        }
    };
    let finished = match &ledger {
        Some(ledger) => ledger.finished.clone(),
        None => journaled(args, &paths, &manifest.about)?,
    };
    let input = PageInput {
        manifest: &manifest,
        history: &history,
        finished: &finished,
        ledger: ledger.as_ref().map(|ledger| &ledger.steps),
        shards: &shards,
        now,
    };
    let page = crate::page::page(&input, &mut sql);
    if let Some(first) = first_error {
        let warning = Diagnostic::warning(first);
        let note = format!("and {} more, which the page marks", unreadable - 1);
        print_diagnostics(&[if unreadable == 1 { warning } else { warning.note(note) }]);
    }
    match &args.out {
        Some(out) if out == Path::new("-") => print(&page)?,
        out => {
            let path = out.as_ref().unwrap_or(&paths.page);
            if out.is_some() {
                report::write(path, &page)?
            } else {
                report::replace(path, &page)?
            }
            print_status(&format!("{}\n", path.strip_prefix(".").unwrap_or(path).display()));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The finished batches by the journals.
fn journaled(
    args: &PageArgs,
    paths: &PlanPaths,
    about: &About,
) -> Result<FinishedBatches, Diagnostics> {
    let request = ClientRequest {
        command: "page",
        client: &args.client,
        plan: &args.plan,
        profile: &args.profile,
        about: Some(about),
    };
    let database = current_database(&request, paths, &about.target, &about.dialect)?;
    let journaled = read_journals(paths, &database)?;
    print_diagnostics(journaled.warning().as_slice());
    Ok(journaled.finished)
}

/// The shards of `compile --shards`, or else those of the runs with `--shard`.
fn shards(manifest: &Manifest, history: &History) -> Result<PageShards, Diagnostic> {
    let of_manifest = manifest.about.shards.as_ref().map(|entry| entry.requested);
    let Some(requested) = of_manifest.or_else(|| history.shards()) else {
        return Ok(PageShards::default());
    };
    let shards = shard::cut(manifest, requested)?;
    Ok(PageShards::new(shards, &manifest.steps, requested))
}
