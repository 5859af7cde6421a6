//! `batchwright check`

use std::io::IsTerminal;
use std::path::{Component, Path};
use std::process::ExitCode;

use super::options::{ProjectArgs, SelectArgs, bounds};
use super::{print, say, talk};
use crate::check::{Finding, RULES, report, rule};
use crate::compile::{self, Request};
use crate::diagnostics::{self, Diagnostic, Diagnostics, Level, nearest};
use crate::window;

const EXAMPLES: &str = r"Examples:
  $ batchwright check

  What a rule is about, with the rows that it keeps right:
  $ batchwright check --explain BW005

  Beside the lines of a pull request:
  $ batchwright check -s hourly_events+ --format github";

/// Say what is unsafe or wasteful in the selected models as microbatch models, without a warehouse.
///
/// A batch sees the rows of its window alone. What a query makes of rows of several windows together (a running total, one row of
/// each key, a group of all time) comes out differently batch by batch, and no warehouse ever says so.
///
/// Exit code 1 if there is a warning or an error, 0 if there are notes at most, 2 if the request or the project is wrong.
///
/// A finding is accepted with a reason: `-- batchwright: allow BW005 (each user has one row a day)` in its line or the line
/// before, or `meta: {batchwright: {allow: {BW005: 'a reason'}}}` for a model. `meta: {batchwright: {check: {BW005: note}}}`
/// of a model or a folder sets the level of a rule: `error`, `warning`, `note` or `off`. `compile` stops at errors.
#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    select: SelectArgs,
    /// How findings are printed
    #[arg(long, value_enum, default_value_t = Format::Terminal)]
    format: Format,
    /// Print the page about a rule, such as BW005; without a code, the list of all rules
    #[arg(long, value_name = "CODE", num_args = 0..=1, default_missing_value = "")]
    explain: Option<String>,
    /// The bounds that are planned, to be held against `begin`: the first moment
    #[arg(long, value_name = "TIME", env = "DBT_EVENT_TIME_START")]
    event_time_start: Option<String>,
    /// Their end, excluded
    #[arg(long, value_name = "TIME", env = "DBT_EVENT_TIME_END")]
    event_time_end: Option<String>,
    #[command(flatten)]
    project: ProjectArgs,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Format {
    /// With the author's lines, for reading
    Terminal,
    /// An array of objects
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Commands of a GitHub workflow, which shows them beside the changed lines
    Github,
}

pub fn run(args: Args) -> Result<ExitCode, Diagnostics> {
    if let Some(code) = args.explain {
        print(&explained(&code)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let folder = below(&args.project.project_dir);
    let now = args.project.instant()?;
    let windows = window::Request {
        bounds: bounds(&args.event_time_start, &args.event_time_end)?,
        now,
        batch_size: None,
        chunk: None,
        complete_only: false,
        strict: false,
        max_batches: 1,
    };
    let now_is_given = args.project.now.as_ref().is_some_and(|now| !now.is_empty());
    let open = args.project.open(now, false)?;
    let request = Request { open, selection: args.select.selection(), windows, full_refresh: false, now_is_given, from_begin_except: None };
    let checked = compile::check(&request)?;
    print(&match args.format {
        Format::Terminal => shown(&checked.findings),
        Format::Json => report::json(&checked.findings, &folder),
        Format::Sarif => report::sarif(&checked.findings, &folder),
        Format::Github => report::github(&checked.findings, &folder),
    })?;
    say(&checked.warnings);
    say(&checked.wrong);
    talk(&closing(&checked.findings, checked.models));
    Ok(match () {
        () if !checked.wrong.is_empty() => ExitCode::from(2),
        () if checked.findings.iter().any(Finding::counts) => ExitCode::from(1),
        () => ExitCode::SUCCESS,
    })
}

/// A rule's page, or the list of all.
fn explained(code: &str) -> Result<String, Diagnostic> {
    if code.is_empty() {
        let line = |rule: &crate::check::Rule| format!("{}  {:7}  {}\n", rule.code, word(rule.level), rule.title);
        return Ok(RULES.iter().map(line).collect());
    }
    if let Some(rule) = rule(code) {
        return Ok(rule.page.to_string());
    }
    let wrong = Diagnostic::error(format!("no rule has the code `{code}`"));
    Err(match nearest(code, RULES.iter().map(|rule| rule.code)) {
        Some(near) => wrong.hint(format!("is it `{near}`? `batchwright check --explain` lists them")),
        None => wrong.hint("`batchwright check --explain` lists them"),
    })
}

fn shown(findings: &[Finding]) -> String {
    let color = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let left = findings.iter().filter(|finding| finding.allowed.is_none());
    left.map(|finding| format!("{}\n\n", diagnostics::print(&finding.said, color))).collect()
}

/// How much was found, by level.
fn closing(findings: &[Finding], models: usize) -> String {
    let count = |level| findings.iter().filter(|finding| finding.allowed.is_none() && finding.said.level == level).count();
    let mut parts = Vec::new();
    for level in [Level::Error, Level::Warning, Level::Note] {
        match count(level) {
            0 => {}
            1 => parts.push(format!("1 {}", word(level))),
            many => parts.push(format!("{many} {}s", word(level))),
        }
    }
    match findings.iter().filter(|finding| finding.allowed.is_some()).count() {
        0 => {}
        allowed => parts.push(format!("{allowed} allowed")),
    }
    let models = match models {
        0 => return "no microbatch model is selected\n".to_string(),
        1 => "1 microbatch model".to_string(),
        many => format!("{many} microbatch models"),
    };
    if parts.is_empty() { format!("nothing found in {models}\n") } else { format!("{} in {models}\n", parts.join(", ")) }
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    }
}

/// The project's folder as what paths begin with, where it is below the working folder.
fn below(folder: &Path) -> String {
    let parts = folder.components().filter(|part| !matches!(part, Component::CurDir));
    let parts: Vec<_> = parts.map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}
