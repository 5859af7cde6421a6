//! `batchwright render`

use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;

use super::options::{ProjectArgs, SelectArgs};
use super::{print, say, say_and_close};
use crate::compile::{self, Asked, Queries};
use crate::diagnostics::Diagnostics;
use crate::plan::write;
use crate::project::Open;

const EXAMPLES: &str = r"Examples:
  $ batchwright render -s sessions
  $ batchwright render -s sessions --batch 2024-09-01

  Every query of the project, below queries/:
  $ batchwright render --out queries";

/// Print the models' queries as dbt compiles them, without filters; with `--batch` one batch's query with its filters.
#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    select: SelectArgs,
    /// A batch, by its label: 2024-09-01. The query gets its filters
    #[arg(long, value_name = "BATCH")]
    batch: Option<String>,
    /// Write every query to DIR/<package>/<path> instead
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    project: ProjectArgs,
}

pub fn run(args: Args) -> Result<ExitCode, Diagnostics> {
    let now = args.project.instant()?;
    let open = Open { which: "compile", ..args.project.open(now, false)? };
    let mut selection = args.select.selection();
    // All means all: the default selector of a project is for what is run.
    if args.out.is_some() && selection.select.is_empty() && selection.exclude.is_empty() && selection.selector.is_none() {
        selection.select.push("*".to_string());
    }
    let asked = Asked { open, selection, batch: args.batch };
    let Queries { rendered, wrong, warnings } = compile::queries(&asked)?;
    say(&warnings);
    match &args.out {
        Some(folder) => {
            let files = rendered.iter().map(|(node, sql)| (below(&node.package, &node.path), sql.as_str()));
            write::write_files(folder, files)?;
        }
        None => match rendered.as_slice() {
            [(_, sql)] => print(&format!("{}\n", sql.trim()))?,
            [] => {}
            several => {
                for (node, sql) in several {
                    print(&format!("-- {}\n{}\n;\n\n", node.unique_id, sql.trim()))?;
                }
            }
        },
    }
    let queries = if rendered.len() == 1 { "1 query".to_string() } else { format!("{} queries", rendered.len()) };
    say_and_close(&wrong, &format!("{queries} {}", if args.out.is_some() { "written" } else { "printed" }));
    Ok(if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

/// `<package>/<path>`; a model that lies beside the project is written below the folder as well.
fn below(package: &str, path: &str) -> PathBuf {
    let parts = Path::new(path).components().filter(|part| matches!(part, Component::Normal(_)));
    std::iter::once(Path::new(package)).chain(parts.map(|part| Path::new(part.as_os_str()))).collect()
}
