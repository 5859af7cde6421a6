//! `batchwright audit`

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, ExitCode, Stdio};
use std::thread;

use super::client::{self, ClientRequest};
use super::options::{PlanArgs, ProfileArgs};
use super::progress::short;
use super::{print, say, talk};
use crate::config::VERDICTS;
use crate::diagnostics::{Diagnostic, Diagnostics, nearest};
use crate::dialect;
use crate::plan::audit::GOOD;
use crate::plan::manifest::{AuditEntry, Manifest, ModelEntry};
use crate::plan::planned::Fingerprint;
use crate::plan::write::Sha256;
use crate::run::journal::{self, Places};
use crate::run::{audits, known, program};

const EXAMPLES: &str = r"Examples:
  With the client of the last run, or the dialect's own:
  $ batchwright audit --run

  $ batchwright audit -s sessions --run -- psql -X -v ON_ERROR_STOP=1 -d shop
  $ batchwright audit -s sessions | duckdb warehouse.duckdb

  By dbt's grammar, which asks the project:
  $ batchwright audit -s $(batchwright list -s tag:daily,config.incremental_strategy:microbatch)

Verdicts:
  ok                     the table holds the rows that the query yields now
  ok (declared columns)  the same, of declared columns only: the query does not show all of them
  ok (counts)            as many rows as the query yields; what they hold was not compared
  empty                  the table has no row of the batch, the query yields some: run the batch
  missing rows           the query yields rows that the table lacks: late rows; run it again
  extra rows             rows that the query does not yield: they vanished from the inputs
  doubled rows           rows are there more often than the query yields them
  differs                rows are missing and others are there: a changed input or table
  duplicate keys         rows of the table share a `unique_key`
  outside                the query yields rows outside of its window; or rows before `begin`
  edge                   the query over all batches yields other rows: see `batchwright check`
  no event time          rows of the table or of an input are in no batch
  not compared           the column `compared` says why

A verdict that is accepted: `meta: {batchwright: {audit: {allow: [edge]}}}`.
Columns that differ each time: `ignore: [loaded_at]` in the same place.";

/// Print the plan's audits: SQL that only reads, and gives a row for each batch with a verdict.
///
/// With `--run` the client runs them: what it prints is on stdout, and the exit code is 1 if a verdict is neither `ok` nor allowed.
#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    /// The models, by name or unique id; all where none is named
    #[arg(short, long, value_name = "NAME", num_args = 1..)]
    select: Vec<String>,
    /// Print where the files are instead of what they hold
    #[arg(long, conflicts_with = "run")]
    files: bool,
    /// Hand the audits to a client, and judge the verdicts that it prints
    #[arg(long)]
    run: bool,
    #[command(flatten)]
    plan: PlanArgs,
    #[command(flatten)]
    profile: ProfileArgs,
    /// The client and its arguments; else that of the last run, or the dialect's own
    #[arg(last = true, value_name = "CLIENT", requires = "run")]
    client: Vec<String>,
}

pub fn run(args: Args) -> Result<ExitCode, Diagnostics> {
    let places: Places = args.plan.places();
    let manifest = places.manifest()?;
    let audits: Vec<_> = manifest.models.iter().filter_map(|model| Some((model, model.audit.as_ref()?))).collect();
    for name in &args.select {
        if name.contains([':', '+', '@', ',', '*']) {
            return Err(Diagnostic::error(format!("a plan knows its models by name or unique id, and `{name}` is neither"))
                .hint(format!(
                    "let the project tell their names: `batchwright audit -s $(batchwright list -s {name},config.incremental_strategy:microbatch)`"
                ))
                .into());
        }
        if !audits.iter().any(|(model, _)| is_named(model, name)) {
            let names: Vec<&str> = audits.iter().map(|(model, _)| last_part(&model.unique_id)).collect();
            let error = Diagnostic::error(format!("the plan holds no audit of `{name}`"));
            return Err(match nearest(name, names) {
                Some(near) => error.hint(format!("is it `{near}`?")),
                None => error.hint("microbatch models have one: `batchwright audit --files` lists them"),
            }
            .into());
        }
    }
    let selected = audits.into_iter().filter(|(model, _)| args.select.is_empty() || args.select.iter().any(|name| is_named(model, name)));
    let selected: Vec<(&ModelEntry, &AuditEntry)> = selected.collect();
    if args.run {
        return run_client(&args, &places, &manifest, &selected);
    }
    for (_, audit) in selected {
        if args.files {
            print(&format!("{}\n", places.plan.join(&audit.file).display()))?;
        } else {
            let text = places.text(&audit.file, Sha256::parse(&audit.sha256)).map_err(Diagnostic::error)?;
            print(&format!("{}\n", String::from_utf8_lossy(&text)))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn last_part(unique_id: &str) -> &str {
    unique_id.rsplit('.').next().unwrap_or(unique_id)
}

fn is_named(model: &ModelEntry, name: &str) -> bool {
    model.unique_id == name || last_part(&model.unique_id) == name || short(&model.unique_id) == name
}

/// Hands each audit to a process of the client, prints what it prints, and judges it.
fn run_client(args: &Args, places: &Places, manifest: &Manifest, selected: &[(&ModelEntry, &AuditEntry)]) -> Result<ExitCode, Diagnostics> {
    let dialect = dialect::named(&manifest.about.dialect)?;
    let past = places.history(&Fingerprint::of(&manifest.steps))?;
    let request = ClientRequest {
        command: "audit --run",
        client: &args.client,
        plan: &args.plan,
        profile: &args.profile,
        resumed: past.last.is_some(),
    };
    let argv = client::argv(&request, &dialect, &past, &client::confirmed())?;
    if argv.iter().all(|word| word.is_empty()) {
        return Err(Diagnostic::error("the client's name is empty").into());
    }
    known::refuse_careless(&argv, !argv.iter().any(|word| word.contains("{file}")))?;
    program::refuse_missing(&argv[0], &std::env::var("PATH").unwrap_or_default())?;
    let mut accepted = true;
    for (model, audit) in selected {
        let text = places.text(&audit.file, Sha256::parse(&audit.sha256)).map_err(Diagnostic::error)?;
        let output = hand(&argv, &String::from_utf8_lossy(&text))?;
        print(&output)?;
        accepted &= judge(manifest, model, audit, &output)?;
    }
    Ok(if accepted { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// What the client prints for an audit.
fn hand(argv: &[String], text: &str) -> Result<String, Diagnostic> {
    let file = journal::scratch(text)?;
    let words: Vec<String> = argv.iter().map(|word| word.replace("{file}", &file.path().to_string_lossy())).collect();
    let is_fed = words == argv;
    let mut client = Command::new(&words[0]);
    client.args(&words[1..]).stdin(if is_fed { Stdio::piped() } else { Stdio::null() }).stdout(Stdio::piped()).stderr(Stdio::piped());
    let failed = |error: std::io::Error| Diagnostic::error(format!("the client `{}` cannot be started: {error}", words[0]));
    let mut process = client.spawn().map_err(failed)?;
    // A client that prints before it has read all must not wait for a reader.
    let feeder = process.stdin.take().map(|mut stdin| {
        let text = text.to_string();
        thread::spawn(move || drop(stdin.write_all(text.as_bytes())))
    });
    let done = process.wait_with_output().map_err(failed)?;
    if let Some(feeder) = feeder {
        let _ = feeder.join();
    }
    if !done.status.success() {
        let error = Diagnostic::error(format!("the client ended with {}", done.status));
        return Err(error.fact(String::from_utf8_lossy(&done.stderr).trim().to_string()));
    }
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}

/// Says which batches have which verdict, where one is neither good nor allowed.
fn judge(manifest: &Manifest, model: &ModelEntry, audit: &AuditEntry, output: &str) -> Result<bool, Diagnostic> {
    let name = short(&model.unique_id);
    let expected = audits::lines(manifest, &model.unique_id);
    let verdicts = audits::verdicts(output, &expected);
    if let Some(missing) = expected.iter().find(|batch| !verdicts.contains_key(**batch)) {
        let error = Diagnostic::error(format!("the client printed no verdict of `{missing}` of `{name}` that can be read"));
        return Err(error.hint("let it print all rows, one a line: `duckdb -csv`, `psql -A`, `mariadb --batch`"));
    }
    let mut batches: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (batch, verdict) in verdicts.iter().filter(|(_, verdict)| !GOOD.contains(&verdict.as_str()) && !audit.allow.contains(verdict)) {
        batches.entry(verdict).or_default().push(batch);
    }
    if batches.is_empty() {
        talk(&format!("{name}: every batch is accepted\n"));
    }
    for (verdict, batches) in &batches {
        let meaning = VERDICTS.iter().find(|(known, _)| known == verdict).map_or("", |(_, meaning)| *meaning);
        let names = match batches.as_slice() {
            [first, .., last] if batches.len() > 5 => format!("{} batches from {first} to {last}", batches.len()),
            few => few.join(", "),
        };
        let error = Diagnostic::error(format!("{name}: {verdict}: {names}")).fact(meaning);
        say(&[error.hint("`batchwright audit --help` says what to do")]);
    }
    Ok(batches.is_empty())
}
