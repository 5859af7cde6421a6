//! `batchwright audit`

use std::process::ExitCode;

use super::options::PlanArgs;
use super::print;
use crate::diagnostics::{Diagnostic, Diagnostics, nearest};
use crate::run::journal::Places;

const EXAMPLES: &str = r"Examples:
  $ batchwright audit | psql -X
  $ batchwright audit -s sessions | duckdb warehouse.duckdb

  By dbt's grammar, which asks the project:
  $ batchwright audit -s $(batchwright list -s tag:daily,config.incremental_strategy:microbatch)";

/// Print the plan's audits: SQL that only reads, and gives a row for each batch with a verdict.
///
/// Verdicts: ok; empty, missing rows, extra rows, doubled rows, differs (the table against what the query yields now);
/// duplicate keys; outside and no event time (rows that belong to no window); edge (the batches' own queries yield other
/// rows than the query over all of them).
#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    /// The models, by name or unique id; all where none is named
    #[arg(short, long, value_name = "NAME", num_args = 1..)]
    select: Vec<String>,
    /// Print where the files are instead of what they hold
    #[arg(long)]
    files: bool,
    #[command(flatten)]
    plan: PlanArgs,
}

pub fn run(args: Args) -> Result<ExitCode, Diagnostics> {
    let places: Places = args.plan.places();
    let manifest = places.manifest()?;
    let audits: Vec<_> = manifest.models.iter().filter_map(|model| Some((model, model.audit.as_ref()?))).collect();
    let name = |id: &str| id.rsplit('.').next().unwrap_or(id).to_string();
    for asked in &args.select {
        if asked.contains([':', '+', '@', ',', '*']) {
            return Err(Diagnostic::error(format!("a plan knows its models by name or unique id, and `{asked}` is neither"))
                .hint(format!(
                    "let the project tell their names: `batchwright audit -s $(batchwright list -s {asked},config.incremental_strategy:microbatch)`"
                ))
                .into());
        }
        if !audits.iter().any(|(model, _)| model.unique_id == *asked || name(&model.unique_id) == *asked) {
            let names: Vec<String> = audits.iter().map(|(model, _)| name(&model.unique_id)).collect();
            let wrong = Diagnostic::error(format!("the plan holds no audit of `{asked}`"));
            return Err(match nearest(asked, names.iter().map(String::as_str)) {
                Some(near) => wrong.hint(format!("is it `{near}`?")),
                None => wrong.hint("microbatch models have one: `batchwright audit --files` lists them"),
            }
            .into());
        }
    }
    for (model, audit) in audits {
        let asked = args.select.iter().any(|asked| model.unique_id == *asked || name(&model.unique_id) == *asked);
        if !args.select.is_empty() && !asked {
            continue;
        }
        if args.files {
            print(&format!("{}\n", places.plan.join(&audit.file).display()))?;
        } else {
            let text = places.text(&audit.file, &audit.sha256).map_err(Diagnostic::error)?;
            print(&format!("{}\n", String::from_utf8_lossy(&text)))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
