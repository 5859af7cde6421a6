//! `batchwright schema`: prints JSON Schemas.

use std::process::ExitCode;

use super::print;
use crate::diagnostics::Diagnostics;
use crate::diff::Difference;
use crate::export::ExportedPlan;
use crate::plan::manifest::Manifest;
use crate::project::State;
use crate::project::backfill::Backfill;
use crate::run::entry::Entry;

const EXAMPLES: &str = r"Examples:
  $ batchwright schema > manifest.schema.json
  $ batchwright schema journal";

/// Print the JSON Schema of manifest.json, state.json, a journal line, the output of
/// `diff --format json` and `export json`, or the file of a backfill
#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct SchemaArgs {
    #[arg(value_enum, default_value = "manifest")]
    of: SchemaKind,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum SchemaKind {
    Manifest,
    Journal,
    State,
    Diff,
    Export,
    Backfill,
}

pub fn run(args: &SchemaArgs) -> Result<ExitCode, Diagnostics> {
    let schema = match args.of {
        SchemaKind::Manifest => schemars::schema_for!(Manifest),
        SchemaKind::Journal => schemars::schema_for!(Entry),
        SchemaKind::State => schemars::schema_for!(State),
        SchemaKind::Diff => schemars::schema_for!(Difference),
        SchemaKind::Export => schemars::schema_for!(ExportedPlan),
        SchemaKind::Backfill => schemars::schema_for!(Backfill),
    };
    let schema = serde_json::to_string_pretty(&schema).expect("a schema is JSON");
    print(&format!("{schema}\n"))?;
    Ok(ExitCode::SUCCESS)
}
