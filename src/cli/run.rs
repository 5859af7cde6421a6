//! `batchwright run`

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use super::client::{self, ClientRequest};
use super::options::PlanArgs;
use super::progress::{Progress, indented, last_lines, short};
use super::{say, talk};
use crate::diagnostics::{Diagnostic, Diagnostics, nearest, printable};
use crate::dialect;
use crate::plan::manifest::{Manifest, ModelEntry, PlannedStep};
use crate::plan::planned::Fingerprint;
use crate::run::client::Client;
use crate::run::journal::{self, Places};
use crate::run::proof::{self, Unproven};
use crate::run::protocol::Protocol;
use crate::run::stop::Stop;
use crate::run::{self, Order, audits, clock, effects, junit, known, program, report, results, retry, status};

const EXAMPLES: &str = r"Examples:
  With the dialect's own client, such as psql with what PGHOST and PGDATABASE say:
  $ batchwright run

  Four sessions of a client at once:
  $ batchwright run --threads 4 -- psql -X -w -q -v ON_ERROR_STOP=1 -d shop

  Each model's table looked at when it is done:
  $ batchwright run --audit

  A process for each step:
  $ batchwright run --threads 8 -- snow sql --enable-templating NONE -f {file}

  For a scheduler: continue the last run if it is not complete, else start a new one:
  $ batchwright run --continue --quiet --junit report.xml";

/// Hand each step of the plan to a client, in order, and keep a journal of what is done.
///
/// With `{file}` among the client's words a process runs each step; without it the client is a session, one process fed step
/// after step on its standard input: psql, duckdb, sqlite3, mysql, mariadb, spark-sql. Clients that read their input to its end
/// (snow sql -i, bq query, clickhouse-client) are started for each step in either way. Without `--` the dialect's own
/// client is used. Exit codes: 0 all is done; 1 a step failed; 2 the request is wrong.
#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    /// For schedulers: continue the last run of the plan if it is not complete, as `batchwright retry` does; else start a new one
    #[arg(long = "continue")]
    continues: bool,
    /// The former name of `--continue`
    #[arg(long, hide = true)]
    resume: bool,
    #[command(flatten)]
    how: How,
}

/// How steps are run.
#[derive(clap::Args)]
pub struct How {
    #[command(flatten)]
    plan: PlanArgs,
    /// How many steps at once, each with a client of its own. Stays 1 with duckdb and sqlite3, which let one process write
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: u16,
    /// Run each model's audit when all of the model is done: a verdict other than `ok`, and not allowed by the model, is a failure
    #[arg(long)]
    audit: bool,
    /// Start nothing more after a failure
    #[arg(short = 'x', long)]
    fail_fast: bool,
    /// End a step that takes longer; it counts as failed
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,
    /// Print nothing but the table at the end
    #[arg(short, long)]
    quiet: bool,
    /// Write a JUnit report
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// The profile's folder, profile and target, for a default client that must know the database's path
    #[command(flatten)]
    profile: super::options::ProfileArgs,
    /// The client and its arguments, such as: -- psql -X -v ON_ERROR_STOP=1
    #[arg(last = true, value_name = "CLIENT")]
    client: Vec<String>,
}

pub fn run(args: Args) -> Result<ExitCode, Diagnostics> {
    if args.resume {
        say(&[Diagnostic::warning("`--resume` is now called `--continue`").hint("after a complete run it starts a new one")]);
    }
    let from = if args.resume || args.continues { From::Wherever } else { From::Start };
    start(args.how, from, &[])
}

/// Where a run begins.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum From {
    Start,
    /// Where the last run left off; there must be one.
    LastRun,
    /// Where the last run left off, if it is not complete.
    Wherever,
}

/// `again` are steps that run although they are done.
pub fn start(how: How, from: From, again: &[String]) -> Result<ExitCode, Diagnostics> {
    let places = how.plan.places();
    let mut manifest = places.manifest()?;
    let dialect = dialect::named(&manifest.about.dialect)?;
    if let Some(path) = &how.junit {
        report::check(path)?;
    }
    // The lock first: what the journal says must not change any more.
    let journal = journal::open(&places, &|why| talk(&format!("{why}\n")))?;
    let fingerprint = Fingerprint::of(&manifest.steps);
    let mut past = places.history(&fingerprint)?;
    if from == From::LastRun && past.first.is_none() {
        return Err(Diagnostic::error(format!("`{}` holds no run to retry", places.journal.display()))
            .hint("`batchwright run` starts one")
            .into());
    }
    // After a complete run a scheduler wants the next one; steps that are to run again are the user's own wish.
    let is_complete = past.is_complete && again.is_empty();
    let mut resumed = from != From::Start && past.first.is_some() && !(from == From::Wherever && is_complete);
    if how.audit {
        say(&unaudited(&manifest));
        manifest = audits::with_audits(manifest);
    } else if resumed {
        manifest = audits::as_last_run(manifest, &past);
    }
    for step in again {
        past.reopen(&step_named(step, &manifest)?.id);
    }
    let mut wanted = if resumed { retry::left(&manifest.steps, &past) } else { vec![true; manifest.steps.len()] };
    if from == From::Wherever && !wanted.contains(&true) {
        // All is done, though the run was cut short before it could write that down.
        (resumed, wanted) = (false, vec![true; manifest.steps.len()]);
    }
    if from == From::LastRun && is_complete && wanted.contains(&true) {
        let open = wanted.iter().filter(|wanted| **wanted).count();
        talk(&format!("the last run is complete, and the plan has changed since: {} not run\n", steps(open)));
        talk("to run all of the plan: `batchwright run`\n");
        return Ok(ExitCode::SUCCESS);
    }
    if !wanted.contains(&true) {
        talk(&format!("nothing is left to run: {} done\n", steps(manifest.steps.len())));
        return Ok(ExitCode::SUCCESS);
    }
    let confirmed = client::confirmed();
    let request = ClientRequest {
        command: if from == From::LastRun { "retry" } else { "run" },
        client: &how.client,
        plan: &how.plan,
        profile: &how.profile,
        resumed,
    };
    let argv = client::argv(&request, &dialect, &past, &confirmed)?;
    if argv.iter().all(|word| word.is_empty()) {
        return Err(Diagnostic::error("the client's name is empty").into());
    }
    let session = !argv.iter().any(|word| word.contains("{file}"));
    known::refuse_careless(&argv, session)?;
    program::refuse_missing(&argv[0], &std::env::var("PATH").unwrap_or_default())?;
    let mut threads = usize::from(how.threads);
    if threads > 1 && known::client(&argv).is_some_and(|(known, _)| known.single_writer) {
        say(&[Diagnostic::warning(format!("`{}` lets one process write to a database, so the steps run one after the other", argv[0]))]);
        threads = 1;
    }
    let progress = Arc::new(Progress::of(&manifest, &wanted, how.quiet, std::io::stderr().is_terminal()));
    let says = progress.clone();
    let stop = Stop::at_signals(move |times| match times {
        1 => says.say("stopping: the steps in flight end first; once more ends them"),
        _ => says.say("ending the steps in flight"),
    });
    let stop = stop.map_err(|wrong| Diagnostic::error(format!("cannot listen to Ctrl-C: {wrong}")))?;
    let mut client = Client { argv, dialect: &dialect, protocol: Protocol::new(&dialect, None)?, timeout: how.timeout, stop };
    let mut session = match proof::prove(&mut client) {
        Ok(session) => session,
        Err(Unproven::Careless(refused)) => return Err(refused.into()),
        Err(Unproven::Silent(failed)) => {
            say(&[failed]);
            return Ok(ExitCode::from(1));
        }
    };
    if resumed {
        effects::check(&client, &manifest, &wanted, &past, &mut session)?;
    }
    confirmed.add(&places.plan, &client.argv);
    let order = Order {
        places: &places,
        manifest: &manifest,
        wanted: &wanted,
        past: &past,
        resumed,
        fingerprint: &fingerprint,
        client: &client,
        threads,
        fail_fast: how.fail_fast,
    };
    let ended = run::run(&order, &journal, progress.as_ref(), session);
    progress.close();
    match ended {
        Ok(ended) => close(&how, &places, &manifest, &fingerprint, &ended),
        Err(broken) => {
            say(&[broken]);
            Ok(ExitCode::from(1))
        }
    }
}

/// The models that `--audit` does not look at although they have batches.
fn unaudited(manifest: &Manifest) -> Vec<Diagnostic> {
    let models = manifest.models.iter().filter(|model| model.microbatch.is_some() && model.audit.is_none());
    let said =
        |model: &ModelEntry| Diagnostic::warning(format!("`{}` has no audit, since it has too many batches", short(&model.unique_id)));
    models.map(said).collect()
}

/// The table and the reports.
fn close(how: &How, places: &Places, manifest: &Manifest, fingerprint: &str, ended: &run::Run) -> Result<ExitCode, Diagnostics> {
    let history = places.history(fingerprint)?;
    report::replace_with(&places.run_results, |out| results::write_run_results(out, manifest, &history, clock::now()))?;
    if let Some(path) = &how.junit {
        report::write(path, &junit::report(manifest, &history))?;
    }
    let standings = status::standings(manifest, &history);
    let mut text = format!("\n{}", table(&standings));
    if how.quiet {
        for failure in standings.iter().flat_map(|standing| &standing.failures) {
            text.push_str(&format!("failed {}\n{}", failure.step, indented(&last_lines(&failure.words))));
        }
    }
    text.push_str(&match (ended.failed, ended.open) {
        (0, 0) => format!("{} done\n", steps(ended.done)),
        (failed, open) => format!(
            "{} done, {failed} failed, {open} not run; `batchwright status` shows why, `batchwright retry` goes on\n",
            steps(ended.done)
        ),
    });
    talk(&printable(&text));
    Ok(if ended.failed + ended.open == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

pub fn table(standings: &[status::Standing]) -> String {
    let longest = standings.iter().map(|standing| short(&standing.unique_id).len()).max().unwrap_or_default().max(5);
    let mut text = format!("{:longest$}  {:>6}  {:>6}  {:>6}  {:>9}\n", "model", "done", "failed", "open", "seconds");
    for standing in standings {
        let status::Standing { done, failed, open, seconds, .. } = standing;
        text.push_str(&format!("{:longest$}  {done:>6}  {failed:>6}  {open:>6}  {seconds:>9.2}\n", short(&standing.unique_id)));
    }
    text
}

/// The step of an id, whose model may be named without `model.` and its package.
fn step_named<'a>(name: &str, manifest: &'a Manifest) -> Result<&'a PlannedStep, Diagnostic> {
    let ids = || manifest.steps.iter().map(|step| &*step.id);
    let is_named = |step: &&PlannedStep| *step.id == *name || short(&step.id) == name;
    let mut named = manifest.steps.iter().filter(is_named);
    match (named.next(), named.next()) {
        (Some(step), None) => Ok(step),
        (Some(step), Some(other)) => {
            Err(Diagnostic::error(format!("`{name}` is `{}` or `{}`", step.id, other.id)).hint("name one of them in full"))
        }
        (None, _) => {
            let error = Diagnostic::error(format!("the plan has no step `{name}`"));
            Err(match nearest(name, ids().map(short)) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint("`batchwright status --json` lists the steps"),
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
        .ok_or_else(|| "a number of seconds above 0".to_string())
}
