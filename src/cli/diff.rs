//! `batchwright diff`

use std::io::IsTerminal;
use std::process::ExitCode;

use super::{print, talk};
use crate::diagnostics::{Diagnostics, printable};
use crate::diff::{self, markdown, text};

const EXAMPLES: &str = r"Examples:
  $ batchwright diff plans/nightly target/batchwright

  What a pull request changes in a plan that is committed, as a comment on it:
  $ batchwright diff main: plans/nightly --format markdown

  In CI, whether anything changes:
  $ batchwright diff main: plans/nightly --exit-code";

/// Show what changed between two plans: models, windows as ranges, and the SQL, one diff for all batches that changed alike.
///
/// OLD and NEW are folders, or REVISION:FOLDER for a plan that was committed to git; REVISION: alone is the other one's folder at that
/// revision: `batchwright diff main: plans/nightly`. In the diffs, <start>, <end> and their like stand for the batch's window.
#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    old: String,
    new: String,
    /// For a terminal; as a comment on a pull request, of less than 60 KB; or all of it, for a program
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

pub fn run(args: &Args) -> Result<ExitCode, Diagnostics> {
    let (old, new) = diff::open(&args.old, &args.new)?;
    let difference = diff::diff(old, new)?;
    match args.format {
        Format::Text if difference.is_empty() => talk("the plans are the same\n"),
        Format::Text => {
            let color = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            print(&text::text(&difference, color))?;
        }
        Format::Markdown => print(&printable(&markdown::markdown(&difference)))?,
        Format::Json => {
            let json = serde_json::to_string_pretty(&difference).expect("strings and numbers are JSON");
            print(&format!("{json}\n"))?;
        }
    }
    Ok(if args.exit_code && !difference.is_empty() { ExitCode::from(1) } else { ExitCode::SUCCESS })
}
