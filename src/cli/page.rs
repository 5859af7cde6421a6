//! `batchwright page`: writes a plan as an HTML file.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::options::{PlanArgs, instant};
use super::{print, print_diagnostics, print_status};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::plan::manifest::PlannedStep;
use crate::plan::planned::PlanFingerprint;
use crate::run::audits;
use crate::run::report;
use crate::run::status::Coverage;

const EXAMPLES: &str = r"Examples:
  $ batchwright page
  $ batchwright page --plan plans/nightly --out nightly.html";

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
}

pub fn run(args: &PageArgs) -> Result<ExitCode, Diagnostics> {
    let now = instant(args.now.as_deref())?;
    if let Some(out) = args.out.as_ref().filter(|out| **out != *Path::new("-")) {
        report::check(out)?;
    }
    let paths = args.plan.paths()?;
    let manifest = paths.manifest()?;
    let mut coverage = Coverage::new(&manifest.models);
    let fingerprint = PlanFingerprint::of(&manifest.steps);
    let history = paths.history_with(&fingerprint, |entry| coverage.add(entry))?;
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
    let page = crate::page::page(&manifest, &history, &coverage, now, &mut sql);
    if let Some(first) = first_error {
        let warning = Diagnostic::warning(first);
        let note = format!("and {} more, which the page marks", unreadable - 1);
        print_diagnostics(&[if unreadable == 1 { warning } else { warning.fact(note) }]);
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
