//! `batchwright columns`: prints or runs the query that reads the columns of tables.

use std::path::PathBuf;
use std::process::ExitCode;

use super::client::ClientRequest;
use super::client_query::{QueryTarget, query_output};
use super::plan_args::{PlanArgs, StateArgs};
use super::project_args::ProjectArgs;
use super::select_args::SelectArgs;
use super::{print, print_diagnostics, print_status};
use crate::compile;
use crate::diagnostics::{Diagnostic, Diagnostics, counted};
use crate::run::column_lines;

const EXAMPLES: &str = r"Examples:
  $ batchwright columns --run > columns.csv
  $ batchwright compile --columns columns.csv

  With any client that prints CSV with a header:
  $ batchwright columns -s orders | psql --csv -X -d shop > columns.csv";

/// Print the query that reads the columns of the tables of incremental models
///
/// `compile --columns FILE` takes its result: with `on_schema_change`, the plan then knows which
/// columns the tables have. The last row of the result has the number of the others. With `--run` a
/// client runs the query, and CSV is on stdout.
#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct ColumnsArgs {
    #[command(flatten)]
    select: SelectArgs,
    /// Run the query with a client
    #[arg(long)]
    run: bool,
    #[command(flatten)]
    project: ProjectArgs,
    /// Folder of the plan whose last run names the client [default: target/batchwright in the
    /// project]
    #[arg(long, value_name = "DIR", help_heading = "Plan")]
    plan: Option<PathBuf>,
    #[command(flatten, next_help_heading = "Plan")]
    state: StateArgs,
    /// The client and its arguments [default: the client of the last run, or of the dialect]
    #[arg(last = true, value_name = "CLIENT", requires = "run")]
    client: Vec<String>,
}

pub fn run(args: ColumnsArgs) -> Result<ExitCode, Diagnostics> {
    let plan = PlanArgs {
        plan: args.plan,
        project_dir: args.project.project_dir.clone(),
        state: args.state,
    };
    let now = args.project.instant()?;
    let dialect = args.project.dialect.clone();
    // As in `compile`, without `--target` the default target of the profile: the plan may be of
    // another one.
    let target = QueryTarget::of_flags(&plan, &args.project.profile(), dialect.as_deref())?;
    let options = args.project.with_profile(&target.profile).open(now, false)?;
    let queries = compile::column_queries(&options, &args.select.selection())?;
    print_diagnostics(&queries.diagnostics);
    if !args.run {
        print(&format!("{}\n", queries.query))?;
        return Ok(ExitCode::SUCCESS);
    }
    let request = ClientRequest {
        command: "columns --run",
        client: &args.client,
        plan: &plan,
        profile: &target.profile,
        about: target.about.as_ref(),
    };
    let output = match query_output(&request, &queries.dialect, &queries.lines)? {
        Ok(output) => output,
        Err(error) => {
            let message = format!("the columns were not read: {}", error.message);
            print_diagnostics(&[Diagnostic { message, ..error }]);
            return Ok(ExitCode::from(1));
        }
    };
    let (csv, present, missing) = column_lines::columns_csv(&output)?;
    print(&csv)?;
    let mut summary = format!("columns of {}", counted(present, "table"));
    if !missing.is_empty() {
        let tables = counted(missing.len(), "missing table");
        summary.push_str(&format!("; {tables}: {}", missing.join(", ")));
    }
    print_status(&format!("{summary}\n"));
    Ok(ExitCode::SUCCESS)
}
