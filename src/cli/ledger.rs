//! `batchwright ledger`: prints or runs the query that reads the ledger.

use std::process::ExitCode;

use super::client::{self, ClientRequest};
use super::options::{PlanArgs, ProfileArgs, ledger_setting};
use super::{print, print_status};
use crate::codegen::ledger::{read_ledger, read_ledger_lines};
use crate::compile::{ledger_table, target_settings};
use crate::diagnostics::{Diagnostic, Diagnostics, counted};
use crate::dialect::{self, Dialect, Sql};
use crate::plan::manifest::Manifest;
use crate::plan::planned::PlanFingerprint;
use crate::project::{self, Target};
use crate::run::history::History;
use crate::run::ledger_file;

const EXAMPLES: &str = r"Examples:
  $ batchwright ledger --run > done.csv
  $ batchwright compile --missing done.csv

  With any client that prints CSV with a header:
  $ batchwright ledger | psql --csv -X -d shop > done.csv";

/// Print the query that reads the ledger: one row per finished step, as `--missing FILE` takes it
///
/// The files of a plan of `compile --ledger` write a row for each batch, build and swap to the
/// ledger, a table in the warehouse. The last row of the result has the number of the others. With
/// `--run` a client runs the query, and CSV is on stdout.
#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct LedgerArgs {
    /// The table of the ledger [default: that of dbt_project.yml, or of the plan]
    #[arg(long, value_name = "SCHEMA.TABLE")]
    ledger: Option<String>,
    /// Run the query with a client
    #[arg(long)]
    run: bool,
    #[command(flatten)]
    pub plan: PlanArgs,
    #[command(flatten)]
    profile: ProfileArgs,
    /// SQL dialect of the warehouse [default: that of the profile, or of the plan]
    #[arg(long, value_name = "NAME")]
    dialect: Option<String>,
    /// Database, instead of that of the profile
    #[arg(long, value_name = "NAME")]
    database: Option<String>,
    /// Schema, instead of that of the profile
    #[arg(long, value_name = "NAME")]
    schema: Option<String>,
    /// The client and its arguments [default: the client of the last run, or of the dialect]
    #[arg(last = true, value_name = "CLIENT", requires = "run")]
    client: Vec<String>,
}

pub fn run(args: &LedgerArgs) -> Result<ExitCode, Diagnostics> {
    let paths = args.plan.paths()?;
    let manifest = paths.has_manifest().then(|| paths.manifest());
    let manifest = manifest.transpose()?;
    let (dialect, table) = ledger(args, manifest.as_ref())?;
    if !args.run {
        print(&format!("{}\n", read_ledger(&dialect, &table)?))?;
        return Ok(ExitCode::SUCCESS);
    }
    let history = match &manifest {
        Some(manifest) => paths.history(&PlanFingerprint::of(&manifest.steps))?,
        None => History::default(),
    };
    let request = ClientRequest {
        command: "ledger --run",
        client: &args.client,
        plan: &args.plan,
        profile: &args.profile,
        base: &args.plan.project_dir,
        resumed: history.last.is_some(),
    };
    let text = read_ledger_lines(&dialect, &table)?;
    let output = match client::query_output(&request, &dialect, &history, &text)? {
        Ok(output) => output,
        Err(error) => {
            super::print_diagnostics(&[Diagnostic {
                message: format!("the ledger {table} was not read: {}", error.message),
                ..error
            }
            .hint("the first step of a plan with a ledger creates it: `batchwright run`")]);
            return Ok(ExitCode::from(1));
        }
    };
    let rows = ledger_file::read_ledger_lines(&output)?;
    print(&ledger_file::ledger_csv(&rows)?)?;
    print_status(&format!("{} in {table}\n", counted(rows.len() - 1, "step")));
    Ok(ExitCode::SUCCESS)
}

/// The dialect, and the table: of the flag, of dbt_project.yml, or of the plan.
fn ledger(args: &LedgerArgs, plan: Option<&Manifest>) -> Result<(Dialect, Sql), Diagnostics> {
    let entry = plan.and_then(|plan| Some((plan, plan.about.ledger.as_ref()?)));
    let setting = ledger_setting(args.ledger.as_deref(), &args.plan.project_dir)?;
    let target = target(args);
    let of_plan = entry.filter(|_| args.ledger.is_none() && args.dialect.is_none());
    match (setting, target, of_plan) {
        (Some(setting), Ok(target), _) => {
            let dialect = dialect::named(&target.dialect)?;
            let table =
                ledger_table(&setting, &dialect, target.database.as_deref(), &target.schema)?;
            Ok((dialect, Sql(table.relation.to_string())))
        }
        (_, _, Some((plan, entry))) => {
            Ok((dialect::named(&plan.about.dialect)?, Sql(entry.table.clone())))
        }
        (Some(_), Err(error), None) => Err(error.into()),
        (None, _, None) => Err(no_ledger().into()),
    }
}

fn target(args: &LedgerArgs) -> Result<Target, Diagnostic> {
    let open = project::LoadOptions {
        dialect: args.dialect.clone(),
        database: args.database.clone(),
        schema: args.schema.clone(),
        ..args.profile.open(&args.plan.project_dir).map_err(|errors| errors.0[0].clone())?
    };
    project::target(&open, &|name| Ok(target_settings(&dialect::named(name)?)))
}

fn no_ledger() -> Diagnostic {
    Diagnostic::error("the project has no ledger").hint(
        "name its table: `--ledger SCHEMA.TABLE`, or `vars: {batchwright: {ledger: …}}` in \
         dbt_project.yml",
    )
}
