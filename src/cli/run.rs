//! `batchwright run`: runs the plan with a client.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use super::client::{self, ClientRequest};
use super::options::PlanArgs;
use super::progress::{Progress, indented, last_lines, short};
use super::{print_diagnostics, print_status};
use crate::diagnostics::{Diagnostic, Diagnostics, nearest, printable};
use crate::dialect;
use crate::plan::Kind;
use crate::plan::manifest::{Manifest, ModelEntry, PlannedStep};
use crate::plan::planned::PlanFingerprint;
use crate::run::client::Client;
use crate::run::journal::{self, PlanPaths};
use crate::run::proof::{self, Unverified};
use crate::run::protocol::Protocol;
use crate::run::shutdown::Shutdown;
use crate::run::{
    self, RunOptions, audits, client_profiles, clock, effects, executable, junit, report, results,
    retry, staged, status,
};

const EXAMPLES: &str = r"Examples:
  With the default client of the dialect, such as psql with PGHOST and PGDATABASE:
  $ batchwright run

  Four parallel sessions of a client:
  $ batchwright run --threads 4 -- psql -X -w -q -v ON_ERROR_STOP=1 -d shop

  Audit each model's table when it is done:
  $ batchwright run --audit

  One process per step:
  $ batchwright run --threads 8 -- snow sql --enable-templating NONE -f {file}

  For a scheduler: continue the last run if it is not complete, else start a new one:
  $ batchwright run --continue --quiet --junit report.xml";

/// Run each step of the plan with a client, in order, and write a journal
///
/// With `{file}` in the client's arguments, one process runs one step. Without it the client is a
/// session: one process that reads step after step from standard input (psql, duckdb, sqlite3,
/// mysql, mariadb, spark-sql). Clients that read their input to the end (snow sql -i, bq query,
/// clickhouse-client) are started for each step in both cases. Without `--` the default client of
/// the dialect is used. Exit codes: 0 all steps are done; 1 a step failed; 2 the request is
/// invalid.
#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct RunArgs {
    /// For schedulers: continue the last run if it is not complete, like `batchwright retry`; else
    /// start a run
    #[arg(long = "continue")]
    continues: bool,
    /// The former name of `--continue`
    #[arg(long, hide = true)]
    resume: bool,
    /// After the batches and audits of a staged plan, publish it
    #[arg(long)]
    publish: bool,
    #[command(flatten)]
    settings: RunSettings,
}

/// How steps are run.
#[derive(clap::Args)]
pub struct RunSettings {
    #[command(flatten)]
    plan: PlanArgs,
    /// Number of parallel clients; 1 with duckdb and sqlite3, which allow one writing process
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: u16,
    /// Audit each model when it is done: a verdict that is neither `ok` nor allowed is a failure
    #[arg(long)]
    audit: bool,
    /// Start no further step after a failure
    #[arg(short = 'x', long)]
    fail_fast: bool,
    /// Kill a step that takes longer; it counts as failed
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,
    /// Print only the table at the end
    #[arg(short, long)]
    quiet: bool,
    /// Write a JUnit report
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// The profile, for a default client that needs the path of the database
    #[command(flatten)]
    profile: super::options::ProfileArgs,
    /// The client and its arguments, such as: -- psql -X -v ON_ERROR_STOP=1
    #[arg(last = true, value_name = "CLIENT")]
    client: Vec<String>,
}

pub fn run(args: RunArgs) -> Result<ExitCode, Diagnostics> {
    if args.resume {
        print_diagnostics(&[Diagnostic::warning("`--resume` is now called `--continue`")
            .hint("after a complete run it starts a new one")]);
    }
    let from =
        if args.resume || args.continues { StartPoint::LastRunOrStart } else { StartPoint::Start };
    start(args.settings, from, &[], RunScope::Plan { publishes: args.publish })
}

/// Where a run starts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum StartPoint {
    Start,
    /// At the unfinished steps of the last run, which must exist.
    LastRun,
    /// At the unfinished steps of the last run, or at the start if it is complete or there is none.
    LastRunOrStart,
}

/// What is run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum RunScope {
    /// The plan; of a staged one, without the steps that publish it unless `publishes`.
    Plan { publishes: bool },
    /// The steps that publish a staged plan.
    Publish,
    /// The files of a staged plan that undo it, or that drop its tables.
    Extra(Kind),
}

impl RunScope {
    fn command(self, from: StartPoint) -> &'static str {
        match self {
            RunScope::Publish => "publish",
            RunScope::Extra(kind) => kind.word(),
            RunScope::Plan { .. } if from == StartPoint::LastRun => "retry",
            RunScope::Plan { .. } => "run",
        }
    }
}

/// Runs the plan. `again` names finished steps to run again.
pub fn start(
    settings: RunSettings,
    from: StartPoint,
    again: &[String],
    scope: RunScope,
) -> Result<ExitCode, Diagnostics> {
    let paths = settings.plan.paths();
    let mut manifest = paths.manifest()?;
    let dialect = dialect::named(&manifest.about.dialect)?;
    if let Some(path) = &settings.junit {
        report::check(path)?;
    }
    let is_plan = matches!(scope, RunScope::Plan { .. });
    if !is_plan && !manifest.about.request.staged {
        let command = scope.command(from);
        return Err(Diagnostic::error(format!(
            "nothing to {command}: the plan in `{}` is not staged",
            paths.plan.display()
        ))
        .hint("to stage a backfill: `batchwright compile --staged`, with bounds")
        .into());
    }
    // Lock first: the journal must not change after it is read.
    let journal = journal::open(&paths, &|why| print_status(&format!("{why}\n")))?;
    let fingerprint = PlanFingerprint::of(&manifest.steps);
    let mut history = paths.history(&fingerprint)?;
    if is_plan && from == StartPoint::LastRun && history.first.is_none() {
        return Err(Diagnostic::error(format!("no run to retry in `{}`", paths.journal.display()))
            .hint("to start a run, use `batchwright run`")
            .into());
    }
    // After a complete run a scheduler needs a new one. Steps in `again` are the user's request.
    let is_complete = history.is_complete && again.is_empty();
    let mut resumed = from != StartPoint::Start
        && history.first.is_some()
        && !(from == StartPoint::LastRunOrStart && is_complete);
    if settings.audit {
        print_diagnostics(&unaudited(&manifest));
        manifest = audits::with_audits(manifest);
    } else if resumed {
        manifest = audits::as_last_run(manifest, &history);
    }
    for step in again {
        history.reopen(&step_named(step, &manifest)?.id);
    }
    let mut selected = match scope {
        RunScope::Plan { .. } if resumed => retry::remaining(&manifest.steps, &history),
        RunScope::Plan { .. } => vec![true; manifest.steps.len()],
        RunScope::Publish => {
            let (selected, open) = staged::left_to_publish(&manifest, &history);
            if open > 0 {
                return Err(not_staged_yet(open).into());
            }
            selected
        }
        RunScope::Extra(kind) => {
            manifest = staged::extra_steps(manifest, kind);
            vec![true; manifest.steps.len()]
        }
    };
    if from == StartPoint::LastRunOrStart && !selected.contains(&true) {
        // All is done, but the run was interrupted before it could write that to the journal.
        (resumed, selected) = (false, vec![true; manifest.steps.len()]);
    }
    let holds_back = scope == RunScope::Plan { publishes: false } && manifest.about.request.staged;
    if holds_back {
        for (selected, step) in selected.iter_mut().zip(&manifest.steps) {
            *selected = *selected && !staged::publishes(step);
        }
    }
    if is_plan && from == StartPoint::LastRun && is_complete && selected.contains(&true) {
        let open = selected.iter().filter(|selected| **selected).count();
        print_status(&format!(
            "the last run is complete, and the plan has changed since: {} not run\n",
            steps(open)
        ));
        print_status("to run all of the plan: `batchwright run`\n");
        return Ok(ExitCode::SUCCESS);
    }
    if !selected.contains(&true) {
        let done = manifest.steps.iter().filter(|step| !holds_back || !staged::publishes(step));
        print_status(&format!("nothing left to run: {} done\n", steps(done.count())));
        if holds_back {
            print_status(PUBLISH_HINT);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let confirmed = client::confirmed();
    let request = ClientRequest {
        command: scope.command(from),
        client: &settings.client,
        plan: &settings.plan,
        profile: &settings.profile,
        resumed,
    };
    let argv = client::argv(&request, &dialect, &history, &confirmed)?;
    if argv.iter().all(|word| word.is_empty()) {
        return Err(Diagnostic::error("the client's name is empty").into());
    }
    let session = !argv.iter().any(|word| word.contains("{file}"));
    client_profiles::reject_error_ignoring(&argv, session)?;
    executable::refuse_missing(&argv[0], &std::env::var("PATH").unwrap_or_default())?;
    let mut threads = usize::from(settings.threads);
    if threads > 1
        && client_profiles::profile(&argv).is_some_and(|(profile, _)| profile.single_writer)
    {
        print_diagnostics(&[Diagnostic::warning(format!(
            "`{}` allows one writing process per database, so the steps run one at a time",
            argv[0]
        ))]);
        threads = 1;
    }
    let progress = Arc::new(Progress::of(
        &manifest,
        &selected,
        settings.quiet,
        std::io::stderr().is_terminal(),
    ));
    let progress_at_signal = progress.clone();
    let shutdown = Shutdown::at_signals(move |times| match times {
        1 => progress_at_signal
            .println("finishing the running steps; press Ctrl-C again to kill them"),
        _ => progress_at_signal.println("killing the running steps"),
    });
    let shutdown =
        shutdown.map_err(|error| Diagnostic::error(format!("cannot handle Ctrl-C: {error}")))?;
    let mut client = Client {
        argv,
        dialect: &dialect,
        protocol: Protocol::new(&dialect, None)?,
        timeout: settings.timeout,
        shutdown,
    };
    let mut session = match proof::verify(&mut client) {
        Ok(session) => session,
        Err(Unverified::Unsafe(error)) => return Err(error.into()),
        Err(Unverified::NoAnswer(failed)) => {
            print_diagnostics(&[failed]);
            return Ok(ExitCode::from(1));
        }
    };
    if resumed {
        effects::check(&client, &manifest, &selected, &history, &mut session)?;
    }
    confirmed.add(&paths.plan, &client.argv);
    let options = RunOptions {
        paths: &paths,
        manifest: &manifest,
        selected: &selected,
        history: &history,
        resumed,
        fingerprint: &fingerprint,
        client: &client,
        threads,
        fail_fast: settings.fail_fast,
    };
    let result = run::run(&options, &journal, progress.as_ref(), session);
    progress.close();
    match result {
        Ok(result) => {
            let exit_code = close(&settings, &paths, &manifest, &fingerprint, &result)?;
            if holds_back && result.failed + result.open == 0 {
                print_status(PUBLISH_HINT);
            }
            Ok(exit_code)
        }
        Err(error) => {
            print_diagnostics(&[error]);
            Ok(ExitCode::from(1))
        }
    }
}

const PUBLISH_HINT: &str = "the rows are staged; to publish them: `batchwright publish`\n";

/// The error for a staged plan that is published too early.
fn not_staged_yet(open: usize) -> Diagnostic {
    let are = if open == 1 { "is" } else { "are" };
    Diagnostic::error(format!("nothing is published: {} of the plan {are} not done", steps(open)))
        .hint("to run them: `batchwright run`; to continue a run: `batchwright retry`")
}

/// Warnings about microbatch models without an audit.
fn unaudited(manifest: &Manifest) -> Vec<Diagnostic> {
    let models = manifest.models.iter().filter(|model| {
        model.microbatch.is_some() && model.audit.is_none() && model.staged.is_none()
    });
    let warning = |model: &ModelEntry| {
        Diagnostic::warning(format!(
            "`{}` has too many batches to be audited",
            short(&model.unique_id)
        ))
    };
    models.map(warning).collect()
}

/// Prints the table and writes the reports.
fn close(
    settings: &RunSettings,
    paths: &PlanPaths,
    manifest: &Manifest,
    fingerprint: &str,
    result: &run::RunSummary,
) -> Result<ExitCode, Diagnostics> {
    let history = paths.history(fingerprint)?;
    report::replace_with(&paths.run_results, |out| {
        results::write_run_results(out, manifest, &history, clock::now())
    })?;
    if let Some(path) = &settings.junit {
        report::write(path, &junit::report(manifest, &history))?;
    }
    let statuses = status::statuses(manifest, &history);
    let mut text = format!("\n{}", table(&statuses));
    if settings.quiet {
        for failure in statuses.iter().flat_map(|status| &status.failures) {
            text.push_str(&format!(
                "failed {}\n{}",
                failure.step,
                indented(&last_lines(&failure.words))
            ));
        }
    }
    text.push_str(&match (result.failed, result.open) {
        (0, 0) => format!("{} done\n", steps(result.done)),
        (failed, open) => format!(
            "{} done, {failed} failed, {open} not run; to see why: `batchwright status`; to \
             continue: `batchwright retry`\n",
            steps(result.done)
        ),
    });
    print_status(&printable(&text));
    Ok(if result.failed + result.open == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// The table of models with their counts of steps.
pub fn table(statuses: &[status::ModelStatus]) -> String {
    let longest = statuses
        .iter()
        .map(|status| short(&status.unique_id).len())
        .max()
        .unwrap_or_default()
        .max(5);
    let mut text = format!(
        "{:longest$}  {:>6}  {:>6}  {:>6}  {:>9}\n",
        "model", "done", "failed", "open", "seconds"
    );
    for status in statuses {
        let status::ModelStatus { done, failed, open, seconds, .. } = status;
        text.push_str(&format!(
            "{:longest$}  {done:>6}  {failed:>6}  {open:>6}  {seconds:>9.2}\n",
            short(&status.unique_id)
        ));
    }
    text
}

/// Finds a step by its id, with or without type and package of the model.
fn step_named<'a>(name: &str, manifest: &'a Manifest) -> Result<&'a PlannedStep, Diagnostic> {
    let ids = || manifest.steps.iter().map(|step| &*step.id);
    let is_named = |step: &&PlannedStep| *step.id == *name || short(&step.id) == name;
    let mut matches = manifest.steps.iter().filter(is_named);
    match (matches.next(), matches.next()) {
        (Some(step), None) => Ok(step),
        (Some(step), Some(other)) => Err(Diagnostic::error(format!(
            "`{name}` is ambiguous: `{}` or `{}`",
            step.id, other.id
        ))
        .hint("use the complete id")),
        (None, _) => {
            let error = Diagnostic::error(format!("the plan has no step `{name}`"));
            Err(match nearest(name, ids().map(short)) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint("to list the steps, run `batchwright status --json`"),
            })
        }
    }
}

fn steps(count: usize) -> String {
    if count == 1 { "1 step".to_string() } else { format!("{count} steps") }
}

fn seconds(text: &str) -> Result<Duration, String> {
    text.parse()
        .ok()
        .filter(|seconds| *seconds > 0.0)
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "expected a number of seconds above 0".to_string())
}
