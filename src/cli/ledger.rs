//! `batchwright ledger`: prints or runs the query that reads the ledger.

use std::process::ExitCode;

use super::client::ClientRequest;
use super::client_query::{QueryTarget, query_output};
use super::plan_args::{PlanArgs, ledger_setting};
use super::profile_args::ProfileArgs;
use super::{print, print_status};
use crate::codegen::ledger::{read_ledger, read_ledger_lines};
use crate::compile::{ledger_table, target_settings};
use crate::diagnostics::{Diagnostic, Diagnostics, counted};
use crate::dialect::{self, Dialect, Sql};
use crate::project::{self, Target};
use crate::run::ledger_file::{self, LedgerRows, LedgerValues};

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
    let dialect = args.dialect.as_deref();
    let request = LedgerRequest {
        command: "ledger --run",
        ledger: args.ledger.as_deref(),
        dialect,
        database: args.database.as_deref(),
        schema: args.schema.as_deref(),
        plan: &args.plan,
        target: QueryTarget::of_plan(&args.plan, &args.profile, dialect)?,
        client: &args.client,
    };
    if !args.run {
        let (dialect, table) = request.table()?;
        print(&format!("{}\n", read_ledger(&dialect, &table)?))?;
        return Ok(ExitCode::SUCCESS);
    }
    let (table, rows, _) = match request.read()? {
        Ok(result) => result,
        Err(error) => {
            super::print_diagnostics(&[error]);
            return Ok(ExitCode::from(1));
        }
    };
    print(&ledger_file::ledger_csv(&rows)?)?;
    print_status(&format!("{} in {table}\n", counted(rows.len() - 1, "step")));
    Ok(ExitCode::SUCCESS)
}

/// A ledger, and the client that reads it.
pub struct LedgerRequest<'a> {
    /// The command for messages, without `batchwright`.
    pub command: &'a str,
    /// The table and its target, instead of those of the project or of the plan.
    pub ledger: Option<&'a str>,
    pub dialect: Option<&'a str>,
    pub database: Option<&'a str>,
    pub schema: Option<&'a str>,
    pub plan: &'a PlanArgs,
    pub target: QueryTarget,
    /// The arguments after `--`; empty for the client of the last run, or of the dialect.
    pub client: &'a [String],
}

/// The table of a ledger and its rows, as text and checked.
type LedgerContent = (Sql, Vec<LedgerValues>, LedgerRows);

impl LedgerRequest<'_> {
    /// Runs the query with the client; the inner error if the client fails.
    pub fn read(&self) -> Result<Result<LedgerContent, Diagnostic>, Diagnostics> {
        let (dialect, table) = self.table()?;
        let request = ClientRequest {
            command: self.command,
            client: self.client,
            plan: self.plan,
            profile: &self.target.profile,
            about: self.target.about.as_ref(),
        };
        let output = match query_output(&request, &dialect, &read_ledger_lines(&dialect, &table)?)?
        {
            Ok(output) => output,
            Err(error) => {
                let message = format!("the ledger {table} was not read: {}", error.message);
                return Ok(Err(Diagnostic { message, ..error }.hint(
                    "the first step of a plan with a ledger creates it: `batchwright run`",
                )));
            }
        };
        let (values, rows) = ledger_file::read_ledger_lines(&output)?;
        Ok(Ok((table, values, rows)))
    }

    /// The dialect, and the table: of the flag, of dbt_project.yml, or of the plan.
    fn table(&self) -> Result<(Dialect, Sql), Diagnostics> {
        let plan = self.target.about.as_ref();
        let entry = plan.and_then(|about| Some((about, about.ledger.as_ref()?)));
        let setting = ledger_setting(self.ledger, &self.plan.project_dir)?;
        let of_plan = entry.filter(|_| self.ledger.is_none() && self.dialect.is_none());
        match (setting, self.target(), of_plan) {
            (Some(setting), Ok(target), _) => {
                let dialect = dialect::named(&target.dialect)?;
                let table =
                    ledger_table(&setting, &dialect, target.database.as_deref(), &target.schema)?;
                Ok((dialect, Sql(table.relation.to_string())))
            }
            (_, _, Some((about, entry))) => {
                Ok((dialect::named(&about.dialect)?, Sql(entry.table.clone())))
            }
            (Some(_), Err(error), None) => Err(error.into()),
            (None, _, None) => Err(no_ledger().into()),
        }
    }

    fn target(&self) -> Result<Target, Diagnostic> {
        let project_dir = &self.plan.project_dir;
        let text = |text: Option<&str>| text.map(str::to_string);
        let open = project::LoadOptions {
            dialect: text(self.dialect),
            database: text(self.database),
            schema: text(self.schema),
            ..self.target.profile.open(project_dir).map_err(|errors| errors.0[0].clone())?
        };
        project::target(&open, &|name| Ok(target_settings(&dialect::named(name)?)))
    }
}

fn no_ledger() -> Diagnostic {
    Diagnostic::error("the project has no ledger").hint(
        "name its table: `--ledger SCHEMA.TABLE`, or `vars: {batchwright: {ledger: …}}` in \
         dbt_project.yml",
    )
}
