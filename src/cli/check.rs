//! `batchwright check`: reports what is unsafe or wasteful in batches.

use std::path::{Component, Path};
use std::process::ExitCode;

use super::project_args::ProjectArgs;
use super::select_args::SelectArgs;
use super::terminal::has_color;
use super::window_args::bounds;
use super::{print, print_diagnostics, print_status};
use crate::check::{self, Finding, RULES, report, rule};
use crate::compile::{self, Request};
use crate::diagnostics::{self, Diagnostic, Diagnostics, Level, counted, nearest};
use crate::window;

const EXAMPLES: &str = r"Examples:
  $ batchwright check

  Explain a rule, with an example:
  $ batchwright check --explain BW005

  As annotations of a pull request:
  $ batchwright check -s hourly_events+ --format github";

/// Check models for what is unsafe or wasteful in batches
///
/// A batch reads the rows of its window only. An expression over rows of several windows (a running
/// total, one row per key, a group over all time) has another result when it is computed batch by
/// batch, and no warehouse reports it. `check` does, without a warehouse.
///
/// Exit code: 0 without warnings and errors; 1 with a warning or an error; 2 if the request or the
/// project is invalid.
///
/// To accept a finding, give a reason: `-- batchwright: allow BW005 (each user has one row a day)`
/// in its line or the line before, or `meta: {batchwright: {allow: {BW005: 'a reason'}}}` for a
/// model. `meta: {batchwright: {check: {BW005: note}}}` of a model or a folder sets the level of a
/// rule: `error`, `warning`, `note` or `off`. `compile` stops at errors.
#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct CheckArgs {
    #[command(flatten)]
    select: SelectArgs,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Terminal)]
    format: Format,
    /// Print the page of a rule, such as BW005; without a code, the list of all rules
    #[arg(long, value_name = "CODE", num_args = 0..=1, default_missing_value = "")]
    explain: Option<String>,
    /// Start of the planned range, to compare with `begin`
    #[arg(long, value_name = "TIME", env = "DBT_EVENT_TIME_START")]
    event_time_start: Option<String>,
    /// End of the planned range (exclusive)
    #[arg(long, value_name = "TIME", env = "DBT_EVENT_TIME_END")]
    event_time_end: Option<String>,
    #[command(flatten)]
    project: ProjectArgs,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Format {
    /// Text with source lines
    Terminal,
    /// A JSON array of objects
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// GitHub workflow commands, shown next to the changed lines
    Github,
}

pub fn run(args: CheckArgs) -> Result<ExitCode, Diagnostics> {
    if let Some(code) = args.explain {
        print(&explain(&code)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let folder = path_prefix(&args.project.project_dir);
    let now = args.project.instant()?;
    let windows = window::WindowRequest {
        bounds: bounds(&args.event_time_start, &args.event_time_end)?,
        now,
        batch_size: None,
        chunk: None,
        complete_only: false,
        excluded: Vec::new(),
        strict: false,
        max_batches: 1,
    };
    let now_is_given = args.project.now.as_ref().is_some_and(|now| !now.is_empty());
    let open = args.project.open(now, false)?;
    let selection = args.select.selection();
    let request = Request { now_is_given, ..Request::new(open, selection, windows) };
    let mut checked = compile::check(&request)?;
    if let Format::Terminal = args.format {
        checked.findings = merged_by_place(checked.findings);
    }
    let findings = &checked.findings;
    print(&match args.format {
        Format::Terminal => shown(findings),
        Format::Json => report::json(findings, &folder),
        Format::Sarif => report::sarif(findings, &folder),
        Format::Github => report::github(findings, &folder),
    })?;
    print_diagnostics(&checked.warnings);
    print_diagnostics(&checked.errors);
    print_status(&closing(findings, checked.models));
    Ok(match () {
        () if !checked.errors.is_empty() => ExitCode::from(2),
        () if checked.findings.iter().any(Finding::counts) => ExitCode::from(1),
        () => ExitCode::SUCCESS,
    })
}

/// The page of a rule, or the list of all rules.
fn explain(code: &str) -> Result<String, Diagnostic> {
    if code.is_empty() {
        let line = |rule: &crate::check::Rule| {
            format!("{}  {:7}  {}\n", rule.code, word(rule.level), rule.title)
        };
        return Ok(RULES.iter().map(line).collect());
    }
    if let Some(rule) = rule(code) {
        return Ok(rule.page.to_string());
    }
    let error = Diagnostic::error(format!("unknown rule `{code}`"));
    Err(match nearest(code, RULES.iter().map(|rule| rule.code)) {
        Some(near) => error.hint(format!(
            "did you mean `{near}`? to list all rules, run `batchwright check --explain`"
        )),
        None => error.hint("to list all rules, run `batchwright check --explain`"),
    })
}

/// The findings, with those of one rule at one place, such as a macro or a line of
/// `dbt_project.yml`, as one.
fn merged_by_place(findings: Vec<Finding>) -> Vec<Finding> {
    let location = |finding: &Finding| {
        let at = finding.diagnostic.at.as_ref()?;
        Some((at.file.path.clone(), at.span.clone()))
    };
    let is_same = |one: &Finding, other: &Finding| {
        one.model != other.model
            && location(one).is_some_and(|of_one| Some(of_one) == location(other))
    };
    let note = |more| {
        let have = if more == 1 { "has" } else { "have" };
        format!("{} {have} the same finding", counted(more, "other model"))
    };
    check::merged(findings, is_same, note)
}

fn shown(findings: &[Finding]) -> String {
    let color = has_color(&std::io::stdout());
    let reported = findings.iter().filter(|finding| finding.allowed.is_none());
    reported
        .map(|finding| format!("{}\n\n", diagnostics::print(&finding.diagnostic, color)))
        .collect()
}

/// The closing line: the number of findings by level.
fn closing(findings: &[Finding], models: usize) -> String {
    let count = |level| {
        findings
            .iter()
            .filter(|finding| finding.allowed.is_none() && finding.diagnostic.level == level)
            .count()
    };
    let mut parts = Vec::new();
    for level in [Level::Error, Level::Warning, Level::Note] {
        match count(level) {
            0 => {}
            count => parts.push(counted(count, word(level))),
        }
    }
    match findings.iter().filter(|finding| finding.allowed.is_some()).count() {
        0 => {}
        allowed => parts.push(format!("{allowed} allowed")),
    }
    let models = match models {
        0 => return "no microbatch model is selected\n".to_string(),
        count => counted(count, "microbatch model"),
    };
    if parts.is_empty() {
        format!("no findings in {models}\n")
    } else {
        format!("{} in {models}\n", parts.join(", "))
    }
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    }
}

/// The project's folder as a prefix of paths.
fn path_prefix(folder: &Path) -> String {
    let parts = folder.components().filter(|part| !matches!(part, Component::CurDir));
    let parts: Vec<_> = parts.map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}
