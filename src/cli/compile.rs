//! `batchwright compile`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::options::{ProjectArgs, RefreshArgs, SelectArgs, WindowArgs, plan_folder, request};
use super::{first_run, print, say, talk};
use crate::compile;
use crate::diagnostics::Diagnostics;
use crate::plan::{Plan, write};

const EXAMPLES: &str = r"Examples:
  Backfill three days of a model and of all that reads it; the end is excluded:
  $ batchwright compile -s sessions+ --event-time-start 2024-09-01 --event-time-end 2024-09-04

  Rebuild a year, a month at a time; the rest of the table stays:
  $ batchwright compile -s revenue --full-refresh --batch-size month \
      --event-time-start 2024-01-01 --event-time-end 2025-01-01

  In CI, whether the plan that is committed is the one that the project makes:
  $ batchwright compile --now 2024-09-10 --plan plans/nightly --check

  Without a profile, for another warehouse, to look at:
  $ batchwright compile --dialect bigquery --stdout | less";

/// Write the plan: for each selected model a folder of SQL files, one for each batch, and a manifest.
///
/// Without bounds a microbatch model gets the batch that holds now and its `lookback`; with
/// `--event-time-start` and `--event-time-end` the batches in these bounds. Rows outside are not touched. A new table is
/// filled with `--from-begin`.
///
/// Views, tables, other incremental models and materialized views become one file each. Seeds and snapshots are
/// selected only by `--select`: a small seed becomes a file that loads it. What the plan cannot build (Python models,
/// snapshots, materializations of the project's own) is named in the table as `left out`: the rest of
/// the plan is written, and the exit code is 1.
#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    select: SelectArgs,
    #[command(flatten)]
    windows: WindowArgs,
    /// Plan all batches since `begin` for models of which no finished batch is known: no run of this plan, or of the plan that
    /// `--state` names, has one in its journal
    #[arg(long, conflicts_with_all = ["event_time_start", "event_time_end"], help_heading = "Windows")]
    from_begin: bool,
    #[command(flatten)]
    refresh: RefreshArgs,
    #[command(flatten)]
    project: ProjectArgs,
    /// The plan's folder [default: target/batchwright in the project]
    #[arg(long, value_name = "DIR", help_heading = "Plan")]
    plan: Option<PathBuf>,
    /// Print the steps in order instead of writing files
    #[arg(long, conflicts_with = "plan", help_heading = "Plan")]
    stdout: bool,
    /// Write nothing: exit 1, and say which files differ, if the plan on disk is not what would be written
    #[arg(long, conflicts_with = "stdout", help_heading = "Plan")]
    check: bool,
}

pub fn run(args: Args) -> Result<ExitCode, Diagnostics> {
    let folder = plan_folder(args.plan, &args.project.project_dir)?;
    let mut request = request(args.select, &args.windows, &args.refresh, args.project)?;
    let known = first_run::known(&folder, request.selection.state.as_deref())?;
    request.from_begin_except = args.from_begin.then(|| known.clone());
    let compiled = compile::compile(&request)?;
    let warning = first_run::warning(&compiled, &request, &known);
    say(&compiled.said.iter().cloned().chain(warning).collect::<Vec<_>>());
    if args.check {
        return check(&compiled.plan, &folder).map(|differs| if differs == ExitCode::SUCCESS { ended(compiled.left_out) } else { differs });
    }
    if args.stdout {
        let mut text = String::new();
        for step in compiled.plan.all() {
            text.push_str(&step.text());
            text.push('\n');
            if text.len() > 1 << 20 {
                print(&text)?;
                text.clear();
            }
        }
        print(&text)?;
    } else {
        let written = write::write(&compiled.plan, &folder)?;
        talk(&format!("{}\n{}", compile::table(&compiled.rows), closing(&written, &folder)));
        return Ok(ended(compiled.left_out));
    }
    talk(&compile::table(&compiled.rows));
    Ok(ended(compiled.left_out))
}

/// Success, unless a selected model is no part of the plan.
fn ended(left_out: usize) -> ExitCode {
    match left_out {
        0 => return ExitCode::SUCCESS,
        1 => talk("1 selected model is left out of the plan\n"),
        several => talk(&format!("{several} selected models are left out of the plan\n")),
    }
    ExitCode::from(1)
}

/// Says what on disk is not what would be written.
fn check(plan: &Plan, folder: &Path) -> Result<ExitCode, Diagnostics> {
    let differs = write::differs(plan, folder)?;
    let lists = [("added", &differs.added), ("changed", &differs.changed), ("removed", &differs.removed)];
    let lines: Vec<String> = lists.iter().flat_map(|(what, names)| names.iter().map(move |name| format!("{what:7}  {name}\n"))).collect();
    print(&lines.concat())?;
    let place = folder.strip_prefix(".").unwrap_or(folder).display();
    if lines.is_empty() {
        talk(&format!("{place} is what would be written\n"));
        return Ok(ExitCode::SUCCESS);
    }
    let files = if lines.len() == 1 { "1 file".to_string() } else { format!("{} files", lines.len()) };
    let [added, changed, removed] = lists.map(|(_, names)| names.len());
    talk(&format!(
        "{place} is not what would be written: {files} ({added} added, {changed} changed, {removed} removed); nothing was written\n"
    ));
    Ok(ExitCode::from(1))
}

fn closing(written: &write::Written, folder: &Path) -> String {
    let files = if written.files == 1 { "1 file".to_string() } else { format!("{} files", written.files) };
    let unchanged = match written.unchanged {
        0 => String::new(),
        all if all == written.files => ", all as they were".to_string(),
        some => format!(", {some} as they were"),
    };
    format!("{files} in {}{unchanged}\n", folder.strip_prefix(".").unwrap_or(folder).display())
}
