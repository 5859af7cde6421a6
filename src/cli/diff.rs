//! `batchwright diff`: compares two plans.

use std::process::ExitCode;

use super::terminal::has_color;
use super::{print, print_status};
use crate::diagnostics::{Diagnostics, printable};
use crate::diff::{self, markdown, text};

const EXAMPLES: &str = r"Examples:
  $ batchwright diff plans/nightly target/batchwright

  The changes of a pull request in a committed plan, as a comment:
  $ batchwright diff main: plans/nightly --format markdown

  In CI, exit 1 if anything changes:
  $ batchwright diff main: plans/nightly --exit-code";

/// Compare two plans: models, windows as ranges, and one SQL diff per set of batches with the same
/// change
///
/// OLD and NEW are folders, or REVISION:FOLDER for a plan that is committed to git. REVISION: alone
/// is the folder of the other plan at that revision: `batchwright diff main: plans/nightly`. In the
/// diffs, <start>, <end> and similar are placeholders for the window of the batch.
#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct DiffArgs {
    old: String,
    new: String,
    /// Output format: text for a terminal, a comment on a pull request below 60 KB, or complete
    /// JSON
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Exit 1 if the plans differ
    #[arg(long)]
    exit_code: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Format {
    Text,
    Markdown,
    Json,
}

pub fn run(args: &DiffArgs) -> Result<ExitCode, Diagnostics> {
    let (old, new) = diff::open(&args.old, &args.new)?;
    let difference = diff::diff(old, new)?;
    match args.format {
        Format::Text if difference.is_empty() => print_status("the plans are the same\n"),
        Format::Text => {
            let color = has_color(&std::io::stdout());
            print(&text::text(&difference, color))?;
        }
        Format::Markdown => print(&printable(&markdown::markdown(&difference)))?,
        Format::Json => {
            let json =
                serde_json::to_string_pretty(&difference).expect("strings and numbers are JSON");
            print(&format!("{json}\n"))?;
        }
    }
    Ok(if args.exit_code && !difference.is_empty() { ExitCode::from(1) } else { ExitCode::SUCCESS })
}
