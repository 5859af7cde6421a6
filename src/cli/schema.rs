//! `batchwright schema`

use std::process::ExitCode;

use super::print;
use crate::diagnostics::Diagnostics;
use crate::diff::Difference;
use crate::plan::manifest::Manifest;
use crate::project::State;
use crate::run::entry::Entry;

const EXAMPLES: &str = r"Examples:
  $ batchwright schema > manifest.schema.json
  $ batchwright schema journal";

/// Print the JSON Schema of manifest.json, of state.json, of a line of the journal, or of what `diff --format json` prints.
#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    #[arg(value_enum, default_value = "manifest")]
    of: Of,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Of {
    Manifest,
    Journal,
    State,
    Diff,
}

pub fn run(args: &Args) -> Result<ExitCode, Diagnostics> {
    let schema = match args.of {
        Of::Manifest => schemars::schema_for!(Manifest),
        Of::Journal => schemars::schema_for!(Entry),
        Of::State => schemars::schema_for!(State),
        Of::Diff => schemars::schema_for!(Difference),
    };
    let schema = serde_json::to_string_pretty(&schema).expect("a schema is JSON");
    print(&format!("{schema}\n"))?;
    Ok(ExitCode::SUCCESS)
}
