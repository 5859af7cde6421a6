//! `batchwright render`: prints the queries of models.

use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;

use super::project_args::ProjectArgs;
use super::select_args::SelectArgs;
use super::{print, print_diagnostics, print_diagnostics_with};
use crate::compile::{self, RenderRequest, RenderedQueries};
use crate::diagnostics::{Diagnostics, counted};
use crate::plan_dir;
use crate::project::LoadOptions;

const EXAMPLES: &str = r"Examples:
  $ batchwright render -s sessions
  $ batchwright render -s sessions --batch 2024-09-01

  Write every query of the project below queries/:
  $ batchwright render --out queries";

/// Print the queries of models as dbt compiles them; with `--batch`, the query of one batch with
/// its filters
#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct RenderArgs {
    #[command(flatten)]
    select: SelectArgs,
    /// Print the query of the batch with this label, with its filters: 2024-09-01
    #[arg(long, value_name = "BATCH")]
    batch: Option<String>,
    /// Write each query to DIR/<package>/<path> instead
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    project: ProjectArgs,
}

pub fn run(args: RenderArgs) -> Result<ExitCode, Diagnostics> {
    let now = args.project.instant()?;
    let open = LoadOptions { which: "compile", ..args.project.open(now, false)? };
    let mut selection = args.select.selection();
    // `--out` writes every query; the default selector of a project is for runs.
    if args.out.is_some()
        && selection.select.is_empty()
        && selection.exclude.is_empty()
        && selection.selector.is_none()
    {
        selection.select.push("*".to_string());
    }
    let request = RenderRequest { open, selection, batch: args.batch };
    let RenderedQueries { rendered, errors, warnings } = compile::render_queries(&request)?;
    print_diagnostics(&warnings);
    match &args.out {
        Some(folder) => {
            let files =
                rendered.iter().map(|(node, sql)| (below(&node.package, &node.path), sql.as_str()));
            plan_dir::write_files(folder, files)?;
        }
        None => match rendered.as_slice() {
            [(_, sql)] => print(&format!("{}\n", sql.trim()))?,
            [] => {}
            queries => {
                for (node, sql) in queries {
                    print(&format!("-- {}\n{}\n;\n\n", node.unique_id, sql.trim()))?;
                }
            }
        },
    }
    let queries = counted(rendered.len(), "query");
    print_diagnostics_with(
        &errors,
        &format!("{queries} {}", if args.out.is_some() { "written" } else { "printed" }),
    );
    Ok(if errors.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

/// The path `<package>/<path>`, without components such as `..` that would leave the folder.
fn below(package: &str, path: &str) -> PathBuf {
    let parts = Path::new(path).components().filter(|part| matches!(part, Component::Normal(_)));
    std::iter::once(Path::new(package))
        .chain(parts.map(|part| Path::new(part.as_os_str())))
        .collect()
}
