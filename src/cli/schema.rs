//! `batchwright schema`

use std::process::ExitCode;

use super::print;
use crate::diagnostics::Diagnostics;
use crate::plan::manifest::Manifest;

/// Print the JSON Schema of manifest.json.
#[derive(clap::Args)]
pub struct Args {}

pub fn run(_: &Args) -> Result<ExitCode, Diagnostics> {
    let schema = serde_json::to_string_pretty(&schemars::schema_for!(Manifest)).expect("a schema is JSON");
    print(&format!("{schema}\n"))?;
    Ok(ExitCode::SUCCESS)
}
