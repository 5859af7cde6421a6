//! The command line: one file per command, and output to the terminal. stdout is for data, stderr
//! for messages.
mod audit;
mod audit_summary;
mod backfill;
mod batch_request;
mod check;
mod client;
mod client_query;
mod columns;
mod compile;
mod compile_args;
mod completions;
mod current_database;
mod dbt_commands;
mod diff;
mod export;
mod first_run;
mod flag_values;
mod ledger;
mod ledger_source;
mod list;
mod man;
mod next_command;
mod page;
mod plan_args;
mod prepared_run;
mod profile_args;
mod progress;
mod project_args;
mod project_dir;
mod render;
mod replaced_plan;
mod retry;
mod run;
mod run_args;
mod run_plan;
mod run_scope;
mod run_selection;
mod run_summary;
mod schema;
mod select_args;
mod staged;
mod status;
mod summary;
mod terminal;
#[cfg(test)]
mod tests;
mod window_args;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::CompleteEnv;

use crate::diagnostics::{self, Diagnostic, Diagnostics, STACK_BYTES};
use crate::jinja::SECRETS;
use crate::limits;
use next_command::{plan_flags, set_plan_flags, with_plan_flags};
use plan_args::PlanArgs;
use terminal::ColorMode;

const EXAMPLES: &str = r"Examples:
  $ batchwright compile --event-time-start 2024-09-01 --event-time-end 2024-09-04
  $ batchwright run
  $ batchwright status
  $ batchwright retry

  More examples: `batchwright COMMAND --help`.";

/// Compile the microbatch models of a dbt project to plain SQL, one standalone file per batch
///
/// batchwright needs no warehouse connection: review the files, then run them with any client.
#[derive(Parser)]
#[command(
    name = "batchwright",
    version = env!("BATCHWRIGHT_VERSION"),
    max_term_width = 100,
    after_long_help = EXAMPLES
)]
struct Cli {
    /// When to colour output
    #[arg(
        long,
        value_enum,
        value_name = "WHEN",
        default_value_t,
        global = true,
        hide_possible_values = true,
        help_heading = "Output"
    )]
    color: ColorMode,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Compile(compile_args::CompileArgs),
    Render(render::RenderArgs),
    #[command(visible_alias = "ls")]
    List(list::ListArgs),
    Run(Box<run::RunArgs>),
    Retry(Box<retry::RetryArgs>),
    Publish(Box<staged::PublishArgs>),
    Undo(Box<staged::UndoArgs>),
    Cleanup(Box<staged::CleanupArgs>),
    Status(status::StatusArgs),
    Audit(audit::AuditArgs),
    Check(check::CheckArgs),
    Ledger(ledger::LedgerArgs),
    Columns(Box<columns::ColumnsArgs>),
    Diff(diff::DiffArgs),
    Page(page::PageArgs),
    Export(Box<export::ExportArgs>),
    Schema(schema::SchemaArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

impl Command {
    /// The plan that the command reads; none for commands on a project.
    fn plan(&self) -> Option<&PlanArgs> {
        Some(match self {
            Self::Run(args) => &args.settings.plan,
            Self::Retry(args) => &args.settings.plan,
            Self::Publish(args) => &args.settings.plan,
            Self::Undo(args) => &args.settings.plan,
            Self::Cleanup(args) => &args.settings.plan,
            Self::Status(args) => &args.plan,
            Self::Audit(args) => &args.plan,
            Self::Ledger(args) => &args.plan,
            Self::Page(args) => &args.plan,
            Self::Export(args) => &args.plan,
            _ => return None,
        })
    }
}

/// Runs the command of the arguments. Exit codes: 0 done; 1 the work failed; 2 the request or the
/// project is invalid.
pub fn main() -> ExitCode {
    CompleteEnv::with_factory(Cli::command).complete();
    let run = || {
        let cli = match Cli::try_parse() {
            Ok(cli) => cli,
            Err(error) => return invalid_arguments(&error),
        };
        terminal::set_color(cli.color);
        if let Some(plan) = cli.command.plan() {
            set_plan_flags(plan_flags(plan));
        }
        let result = match cli.command {
            Command::Compile(args) => compile::run(args),
            Command::Render(args) => render::run(args),
            Command::List(args) => list::run(args),
            Command::Run(args) => run::run(*args),
            Command::Retry(args) => retry::run(*args),
            Command::Publish(args) => staged::publish(*args),
            Command::Undo(args) => staged::undo(*args),
            Command::Cleanup(args) => staged::cleanup(*args),
            Command::Status(args) => status::run(args),
            Command::Audit(args) => audit::run(args),
            Command::Check(args) => check::run(args),
            Command::Ledger(args) => ledger::run(&args),
            Command::Columns(args) => columns::run(*args),
            Command::Diff(args) => diff::run(&args),
            Command::Page(args) => page::run(&args),
            Command::Export(args) => export::run(&args),
            Command::Schema(args) => schema::run(&args),
            Command::Completions(args) => completions::run(&args),
            Command::Man(args) => man::run(&args),
        };
        result.unwrap_or_else(|errors| {
            print_diagnostics(&errors.0);
            ExitCode::from(2)
        })
    };
    limits::install();
    // A deeply nested query may need more stack than the main thread has.
    match std::thread::Builder::new()
        .stack_size(STACK_BYTES)
        .spawn(run)
        .map(std::thread::JoinHandle::join)
    {
        Ok(Ok(code)) => code,
        _ => ExitCode::from(2),
    }
}

/// Prints help, or what is invalid in the arguments.
fn invalid_arguments(error: &clap::Error) -> ExitCode {
    if let Some(ContextValue::String(name)) = error.get(ContextKind::InvalidSubcommand)
        && let Some(error) = dbt_commands::error(name)
    {
        print_diagnostics(&[error]);
        return ExitCode::from(2);
    }
    let _ = error.print();
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// Prints the diagnostics, errors last, and the number of errors if there are several.
fn print_diagnostics(diagnostics: &[Diagnostic]) {
    print_diagnostics_with(diagnostics, "nothing was written");
}

/// Like [`print_diagnostics`], with a summary of the work that was done in spite of errors.
fn print_diagnostics_with(all: &[Diagnostic], written: &str) {
    let mut ordered: Vec<&Diagnostic> = all.iter().collect();
    ordered.sort_by_key(|diagnostic| diagnostic.level);
    let color = terminal::has_color(&std::io::stderr());
    let mut text = String::new();
    for diagnostic in &ordered {
        text.push_str(&diagnostics::print(diagnostic, color));
        text.push_str("\n\n");
    }
    text.push_str(&summary::summary(all, written));
    print_status(&text);
}

/// Writes to stderr, with the flags of this call's plan in commands on a plan. A closed stderr is
/// not an error.
fn print_status(text: &str) {
    let text = &with_plan_flags(text);
    let _ = std::io::stderr().lock().write_all(masked(text, std::env::vars_os()).as_bytes());
}

/// The text without the values of environment variables that hold secrets, as dbt masks them in its
/// log.
fn masked(text: &str, environment: impl Iterator<Item = (OsString, OsString)>) -> String {
    let is_secret =
        |name: &OsString| SECRETS.iter().any(|secret| name.to_string_lossy().starts_with(secret));
    let values = environment
        .filter(|(name, _)| is_secret(name))
        .filter_map(|(_, value)| value.into_string().ok());
    values
        .filter(|value| !value.trim().is_empty())
        .fold(text.to_string(), |text, value| text.replace(&value, "*****"))
}

/// Writes data to stdout. Exits silently if the reader has closed the pipe (`| head`).
fn print(text: &str) -> Result<(), Diagnostics> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => Err(Diagnostic::error(format!("cannot write to stdout: {error}")).into()),
        Ok(()) => Ok(()),
    }
}
