//! `batchwright list`: lists models and batches.

use std::process::ExitCode;

use serde_json::json;

use super::batch_request::{RefreshArgs, request};
use super::project_args::ProjectArgs;
use super::select_args::SelectArgs;
use super::window_args::WindowArgs;
use super::{print, print_diagnostics};
use crate::calendar::format_instant;
use crate::compile::{self, ListedModel};
use crate::diagnostics::Diagnostics;

const EXAMPLES: &str = r"Examples:
  $ batchwright list -s tag:nightly+
  $ batchwright list -s sessions --batches \
      --event-time-start 2024-09-01 --event-time-end 2024-09-04";

/// List the selected models, with `--batches` also their windows
#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct ListArgs {
    #[command(flatten)]
    select: SelectArgs,
    /// List the windows of microbatch models
    #[arg(long)]
    batches: bool,
    /// Print JSON, one object per line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    windows: WindowArgs,
    #[command(flatten)]
    refresh: RefreshArgs,
    #[command(flatten)]
    project: ProjectArgs,
}

pub fn run(args: ListArgs) -> Result<ExitCode, Diagnostics> {
    let request = request(args.select, &args.windows, &args.refresh, args.project)?;
    let (models, diagnostics) = compile::list(&request, args.batches)?;
    print_diagnostics(&diagnostics);
    let lines: Vec<String> = models
        .iter()
        .map(|model| if args.json { as_json(model) } else { as_text(model) })
        .collect();
    print(&lines.concat())?;
    Ok(ExitCode::SUCCESS)
}

fn as_text(model: &ListedModel) -> String {
    let version = model.version.as_ref().map(|version| format!(".v{version}")).unwrap_or_default();
    let mut text = format!("{}{version}\n", model.name);
    for span in model.batches.iter().flatten() {
        text.push_str(&format!(
            "  {}  {} to {}\n",
            span.label,
            format_instant(span.window.start),
            format_instant(span.window.end)
        ));
    }
    text
}

fn as_json(model: &ListedModel) -> String {
    let mut line = json!({
        "unique_id": model.unique_id,
        "name": model.name,
        "path": model.path,
        "relation": model.relation,
        "materialized": model.materialized,
    });
    if let Some(version) = &model.version {
        line["version"] = version.as_str().into();
    }
    if let Some(batches) = &model.batches {
        line["batches"] = batches
            .iter()
            .map(|span| {
                let (start, end) =
                    (format_instant(span.window.start), format_instant(span.window.end));
                let mut batch =
                    json!({"batch": span.label, "event_time_start": start, "event_time_end": end});
                if let Some(chunk) = &span.chunk {
                    batch["chunk"] = chunk.as_str().into();
                }
                batch
            })
            .collect();
    }
    format!("{line}\n")
}
