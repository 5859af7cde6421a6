//! `batchwright export`: writes a plan for another scheduler.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::client::{self, ClientRequest};
use super::flag_values::push_flag;
use super::plan_args::PlanArgs;
use super::profile_args::ProfileArgs;
use super::{print, print_status};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::dialect::{self, Dialect};
use crate::export::{self, ExportRequest, ExportTarget, PlanCheck, TaskEnvironment};
use crate::plan::manifest::Manifest;
use crate::plan_dir::MANIFEST;
use crate::run::client_profiles::{self, ClientProfile, StdinMode};
use crate::run::connection;
use crate::run::entry::RunEntry;
use crate::run::plan_paths::{self, PlanPaths};
use crate::run::report;

/// The number of shards if neither the command line nor the plan has one.
const DEFAULT_SHARDS: usize = 8;

const EXAMPLES: &str = r"Examples:
  $ batchwright export make --out backfill.mk && make -j4 -f backfill.mk

  A DAG for Airflow, whose workers have the project in /opt/shop:
  $ batchwright export airflow --shards 32 --workdir /opt/shop --out dags/shop.py

  A GitHub workflow that needs psql and no batchwright:
  $ batchwright export github --client-only --out .github/workflows/backfill.yml

  The shards with their files, for any other scheduler:
  $ batchwright export json | jq '.shards[] | {shard, depends_on, command}'";

/// Write the plan for another scheduler: one file with a task for each shard
///
/// Each task runs `batchwright run --continue --shard K/N`, and waits for the shards that its shard
/// needs. With `--client-only` it runs the client on the shard's files, so workers need no
/// batchwright. All tasks run in the folder of the project. The file has no secrets: the client
/// takes them from its environment, as the scheduler provides them.
///
/// Maximum number of shards: airflow 1024 (its mapped tasks), github 256 (a matrix), others 10000.
/// Maximum size of the file: github 500 KB, argo 1 MB.
#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct ExportArgs {
    #[arg(value_enum, value_name = "FORMAT")]
    format: ExportTarget,
    /// Cut the plan into at most N shards [default: as `compile --shards`, else 8]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    shards: Option<u16>,
    /// Write to FILE instead of stdout
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Run the client alone on the files of the shard
    #[arg(long)]
    client_only: bool,
    /// Also publish a staged plan
    #[arg(long)]
    publish: bool,
    /// Folder of the project on the workers [default: airflow, dagster: DBT_PROJECT_DIR, else the
    /// current folder; github: the repository; argo: that of the image]
    #[arg(long, value_name = "DIR")]
    workdir: Option<String>,
    #[command(flatten)]
    pub plan: PlanArgs,
    /// The profile, for a default client that needs the path of the database
    #[command(flatten)]
    profile: ProfileArgs,
    /// The client and its arguments, such as: -- psql -X -v ON_ERROR_STOP=1
    #[arg(last = true, value_name = "CLIENT")]
    client: Vec<String>,
}

pub fn run(args: &ExportArgs) -> Result<ExitCode, Diagnostics> {
    if let Some(out) = &args.out {
        report::check(out)?;
    }
    if args.workdir.is_some() && matches!(args.format, ExportTarget::Json | ExportTarget::Make) {
        return Err(Diagnostic::error(format!(
            "`--workdir` does not apply to `{}`, whose commands run in the current folder",
            args.format.as_str()
        ))
        .hint("for make: `make -C DIR`")
        .into());
    }
    let paths = args.plan.paths()?;
    let manifest = paths.manifest()?;
    let dialect = dialect::named(&manifest.about.dialect)?;
    let client = client(args, &manifest, &dialect)?;
    let of_plan = manifest.about.shards.as_ref().map(|shards| shards.requested);
    let run_flags = run_flags(args, &manifest, &paths.plan, &dialect)?;
    refuse_secrets(client.iter().chain(&run_flags))?;
    let profile = profile(&client, &dialect);
    let default = &dialect.client.command;
    let argv = if client.is_empty() { default } else { &client };
    let connection = connection::variables(argv);
    let request = ExportRequest {
        target: args.format,
        shards: args.shards.map(usize::from).or(of_plan).unwrap_or(DEFAULT_SHARDS),
        plan: &in_project(&paths.plan, args)?,
        run_flags,
        client,
        client_only: args.client_only,
        check: plan_check(&paths, args)?,
        one_at_a_time: profile.is_some_and(|profile| profile.single_writer),
        publishes: args.publish,
        workdir: args.workdir.clone(),
        environment: TaskEnvironment {
            settings: profile.map_or(&[], |profile| profile.settings),
            secrets: profile.map_or(&[], |profile| profile.secrets),
            connection,
        },
    };
    let text = export::export(&manifest, &request)?;
    match &args.out {
        None => print(&text)?,
        Some(out) => {
            report::write(out, &text)?;
            print_status(&format!("{}\n", out.display()));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The client's argument vector: that of the command line; else, for tasks that run the client
/// alone, the default one of the dialect.
fn client(
    args: &ExportArgs,
    manifest: &Manifest,
    dialect: &Dialect,
) -> Result<Vec<String>, Diagnostics> {
    let argv = match (args.client.is_empty(), args.client_only) {
        (true, false) => return Ok(Vec::new()),
        (true, true) => {
            let request = ClientRequest {
                command: "export",
                client: &[],
                plan: &args.plan,
                profile: &args.profile,
                about: Some(&manifest.about),
            };
            client::default_client(&request, dialect, Path::new(""))?
        }
        (false, _) => args.client.clone(),
    };
    let reads_stdin = client::validate(&argv, dialect)?;
    let reads_lines = client_profiles::profile(&argv)
        .filter(|(profile, _)| profile.input == StdinMode::Lines && reads_stdin);
    if args.client_only
        && let Some((_, program)) = reads_lines
    {
        return Err(Diagnostic::error(format!(
            "`{program}` continues after an error if it reads a file from standard input"
        ))
        .hint(format!("add `-f {{file}}`: `-- {} -f {{file}}`", argv.join(" ")))
        .into());
    }
    Ok(argv)
}

/// The profile of the client, which is the default one of the dialect if there is none.
fn profile(client: &[String], dialect: &Dialect) -> Option<&'static ClientProfile> {
    let argv = if client.is_empty() { &dialect.client.command } else { client };
    client_profiles::profile(argv).map(|(profile, _)| profile)
}

/// Arguments of `batchwright run` in the folder of the project.
fn run_flags(
    args: &ExportArgs,
    manifest: &Manifest,
    plan: &Path,
    dialect: &Dialect,
) -> Result<Vec<String>, Diagnostic> {
    let mut flags = Vec::new();
    let folder = in_project(plan, args)?;
    let is_default = args.plan.plan.is_none() && folder == "target/batchwright";
    push_flag(&mut flags, "--plan", (!is_default).then_some(folder), "");
    let state_dir =
        args.plan.state.state_dir.as_deref().filter(|path| !path.as_os_str().is_empty());
    let is_from_environment = state_dir.is_some_and(|path| {
        std::env::var_os("BATCHWRIGHT_STATE_DIR").as_deref() == Some(path.as_os_str())
    });
    if let Some(path) = state_dir.filter(|_| !is_from_environment) {
        push_flag(&mut flags, "--state-dir", Some(in_project(path, args)?), "");
    }
    for path in &args.plan.state.journal {
        push_flag(&mut flags, "--journal", Some(in_project(path, args)?), "");
    }
    let default = &dialect.client.command;
    if args.client.is_empty() && default.iter().any(|word| word == "{path}") {
        flags.extend(args.profile.flags(|path| in_project(path, args).unwrap_or_default()));
    }
    if manifest.about.request.staged && args.publish {
        flags.push("--publish".to_string());
    }
    Ok(flags)
}

/// The check of the plan for tasks without batchwright.
fn plan_check(paths: &PlanPaths, args: &ExportArgs) -> Result<PlanCheck, Diagnostic> {
    let path = in_project(&paths.plan.join(MANIFEST), args)?;
    Ok(PlanCheck::of(path, &paths.manifest_bytes()?))
}

/// A path relative to the folder of the project, or absolute if it is outside of it.
fn in_project(path: &Path, args: &ExportArgs) -> Result<String, Diagnostic> {
    let (absolute, root) =
        (plan_paths::absolute(path), plan_paths::absolute(&args.plan.project_dir));
    let path = absolute.strip_prefix(&root).unwrap_or(&absolute);
    match path.to_str() {
        Some("") => Ok(".".to_string()),
        Some(text) if text.ends_with('/') => Ok(text.trim_end_matches('/').to_string()),
        // No command reads a path that starts with a dash as an option.
        Some(text) if text.starts_with('-') => Ok(format!("./{text}")),
        Some(text) => Ok(text.to_string()),
        None => Err(Diagnostic::error(format!("the path `{}` is not UTF-8", path.display()))
            .hint("use a path of UTF-8 characters")),
    }
}

/// Refuses an argument with a password.
fn refuse_secrets<'a>(words: impl Iterator<Item = &'a String>) -> Result<(), Diagnostic> {
    let words: Vec<String> = words.cloned().collect();
    if RunEntry::without_secrets(&words).is_some() {
        return Ok(());
    }
    Err(Diagnostic::error("an argument of the client has a password, which an export cannot have")
        .hint(
            "leave it out, and let the scheduler pass it in the client's environment variable or \
             login file, such as PGPASSWORD or ~/.pgpass",
        ))
}
