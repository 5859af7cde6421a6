//! `batchwright page`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::options::{PlanArgs, instant};
use super::{print, say, talk};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::plan::manifest::PlannedStep;
use crate::plan::planned::Fingerprint;
use crate::run::audits;
use crate::run::history::HistoryReader;
use crate::run::report;
use crate::run::status::Coverage;

const EXAMPLES: &str = r"Examples:
  $ batchwright page
  $ batchwright page --plan plans/nightly --out nightly.html";

/// Write one HTML file about a plan: a calendar of its batches, each with its SQL and what became of it.
///
/// The file needs nothing else, no network either: open it, or send it on. It holds the SQL and the clients' error messages.
#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    plan: PlanArgs,
    /// Where to write it, if not beside the plan's folder, or `-` for stdout
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The moment that counts as now for what is missing: 2024-09-10, 2024-09-10T12:00:00Z
    #[arg(long, value_name = "TIME")]
    now: Option<String>,
}

pub fn run(args: &Args) -> Result<ExitCode, Diagnostics> {
    let now = instant(args.now.as_deref())?;
    if let Some(out) = args.out.as_ref().filter(|out| **out != *Path::new("-")) {
        report::check(out)?;
    }
    let places = args.plan.places();
    let manifest = places.manifest()?;
    let (mut history, mut coverage) = (HistoryReader::new(Fingerprint::of(&manifest.steps)), Coverage::new(&manifest.models));
    places.each_entry(|entry| {
        coverage.add(&entry);
        history.add(entry);
    })?;
    let history = history.finish();
    let manifest = audits::as_last_run(manifest, &history);
    let (mut first_unlike, mut unlike) = (None, 0);
    let mut sql = |step: &PlannedStep| match places.text(&step.file.to_string(), Some(step.sha256)).map(String::from_utf8) {
        Ok(Ok(text)) => Some(text),
        not_text => {
            let error = not_text.err().unwrap_or_else(|| format!("`{}` is not text", step.file));
            first_unlike.get_or_insert(error);
            unlike += 1;
            None
        }
    };
    let page = crate::page::page(&manifest, &history, &coverage, now, &mut sql);
    if let Some(first) = first_unlike {
        let warning = Diagnostic::warning(first);
        say(&[if unlike == 1 { warning } else { warning.fact(format!("and {} more: the page says so in their places", unlike - 1)) }]);
    }
    match &args.out {
        Some(out) if out == Path::new("-") => print(&page)?,
        out => {
            let path = out.as_ref().unwrap_or(&places.page);
            if out.is_some() {
                report::write(path, &page)?
            } else {
                report::replace(path, &page)?
            }
            talk(&format!("{}\n", path.strip_prefix(".").unwrap_or(path).display()));
        }
    }
    Ok(ExitCode::SUCCESS)
}
