//! `batchwright schema`

use std::process::ExitCode;

use super::print;
use crate::diagnostics::Diagnostics;
use crate::plan::manifest::Manifest;
use crate::project::State;
use crate::run::entry::Entry;

/// Print the JSON Schema of manifest.json, of a line of the journal, or of state.json.
#[derive(clap::Args)]
pub struct Args {
    #[arg(value_enum, default_value = "manifest")]
    of: Of,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Of {
    Manifest,
    Journal,
    State,
}

pub fn run(args: &Args) -> Result<ExitCode, Diagnostics> {
    let schema = match args.of {
        Of::Manifest => schemars::schema_for!(Manifest),
        Of::Journal => schemars::schema_for!(Entry),
        Of::State => schemars::schema_for!(State),
    };
    let schema = serde_json::to_string_pretty(&schema).expect("a schema is JSON");
    print(&format!("{schema}\n"))?;
    Ok(ExitCode::SUCCESS)
}
