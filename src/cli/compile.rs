//! `batchwright compile`: writes the plan.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use super::batch_request::request;
use super::client::ClientRequest;
use super::client_query::QueryTarget;
use super::compile_args::CompileArgs;
use super::current_database::current_database;
use super::flag_values::push_flag;
use super::ledger::LedgerRequest;
use super::ledger_source::{two_sources, unknown_tables};
use super::next_command::{
    MAX_SELECTED, command_line, flags_of_plan, project_flags, set_plan_flags,
};
use super::plan_args::{PlanArgs, ledger_setting, plan_folder};
use super::project_dir::nearest;
use super::replaced_plan::replaced_plan;
use super::terminal::width;
use super::{backfill, first_run, print, print_diagnostics, print_status};
use crate::compile::{self, Compiled, Missing, ReportRow};
use crate::diagnostics::{Diagnostic, Diagnostics, counted};
use crate::dialect;
use crate::plan::coverage::FinishedBatches;
use crate::plan::{self, Plan, StepKind};
use crate::plan_dir;
use crate::run::entry::{Entry, Outcome};
use crate::run::plan_paths::PlanPaths;
use crate::run::target::TargetIdentity;
use crate::run::{journal_rows, ledger_file};

pub fn run(mut args: CompileArgs) -> Result<ExitCode, Diagnostics> {
    let backfill = match args.backfill.take() {
        Some(path) => Some(backfill::read(&mut args, &path)?),
        None => None,
    };
    let project_dir = &args.project.project_dir;
    let plan = match (&backfill, args.plan.take()) {
        (Some(file), None) => Some(backfill::plan_folder(file, project_dir)?),
        (_, plan) => plan,
    };
    set_plan_flags(flags_of_plan(plan.as_deref(), project_dir, &args.state));
    let folder = plan_folder(plan.clone(), project_dir)?;
    let default = plan_folder(None, project_dir)?;
    let flags = project_flags(&args.project);
    // A command that writes another plan into this folder.
    let mut compile_flags = flags.clone();
    push_flag(&mut compile_flags, "--now", args.project.now.clone(), "BATCHWRIGHT_NOW");
    push_flag(&mut compile_flags, "--ledger", args.ledger.clone(), "");
    push_flag(&mut compile_flags, "--shards", args.shards.map(|count| count.to_string()), "");
    let of_plan = flags_of_plan(plan.as_deref(), &nearest(), &args.state);
    compile_flags.extend(of_plan);
    let ledger = ledger_setting(args.ledger.as_deref(), &args.project.project_dir)?;
    let paths = args.state.paths(&folder)?;
    let database = database(&args, &folder, &paths)?;
    let missing = match &args.missing {
        Some(file) => Some(missing(file, &args, &folder, &paths, &database)?),
        None => None,
    };
    let mut request = request(args.select, &args.windows, &args.refresh, args.project)?;
    let state = request.selection.state.as_deref();
    let (finished, unknown) = first_run::finished_tables(&paths, state, &database)?;
    if let Some(file) = &backfill {
        request.windows.excluded = backfill::excluded(file)?;
    }
    request.backfill = backfill;
    request.selection.with_seeds = args.build;
    request.staged = args.staged;
    request.ledger = ledger;
    request.missing = missing;
    if args.from_begin {
        print_diagnostics(unknown_tables(unknown).as_slice());
    }
    request.from_begin_except = args.from_begin.then(|| finished.clone());
    request.earlier_plans = vec![folder.clone(), default];
    let mut compiled = compile::compile(&request)?;
    if let Some(count) = args.shards {
        let of_models =
            if args.shards_by_seconds { milliseconds_per_step(&paths)? } else { BTreeMap::new() };
        let average = of_models.values().sum::<u64>() / of_models.len().max(1) as u64;
        let of_model = |model: &str| of_models.get(model).copied().unwrap_or(average);
        let shards = plan::shards::shards(&compiled.plan, count.into(), &of_model)?;
        compiled.plan.about.shards = Some(shards);
    }
    // A command that plans the same batches and more models.
    let mut batch_flags = compile_flags.clone();
    let windows = &args.windows;
    push_flag(
        &mut batch_flags,
        "--event-time-start",
        windows.event_time_start.clone(),
        "DBT_EVENT_TIME_START",
    );
    push_flag(
        &mut batch_flags,
        "--event-time-end",
        windows.event_time_end.clone(),
        "DBT_EVENT_TIME_END",
    );
    push_flag(&mut batch_flags, "--batch-size", windows.batch_size.clone(), "");
    batch_flags.extend(args.staged.then(|| "--staged".to_string()));
    batch_flags.extend(args.refresh.full_refresh.then(|| "--full-refresh".to_string()));
    let first_run = [
        unlogged(&request, args.missing.as_deref(), args.read_ledger),
        first_run::warning(&compiled, &request, &finished, &compile_flags),
        first_run::unloaded_inputs(&compiled, &request, &finished, &batch_flags),
    ];
    let known = if args.all_warnings { vec![] } else { known_warnings(&compiled, &folder) };
    let is_new = |index: &usize| !known.contains(index);
    let new = compiled.diagnostics.iter().enumerate().filter(|(index, _)| is_new(index));
    let new: Vec<Diagnostic> = new.map(|(_, diagnostic)| diagnostic.clone()).collect();
    print_diagnostics(&new.into_iter().chain(first_run.into_iter().flatten()).collect::<Vec<_>>());
    let closing_lines = closing_lines(&compiled, known.len(), &flags);
    if args.check {
        print_status(&closing_lines);
        return check(&compiled.plan, &folder).map(|changes| {
            if changes == ExitCode::SUCCESS { exit_code(compiled.not_built) } else { changes }
        });
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
        let replaced = replaced_plan(&paths);
        let written = plan_dir::write(&compiled.plan, &folder)?;
        let warnings = replaced.map(|replaced| replaced.warnings(&paths));
        print_diagnostics(&warnings.unwrap_or_default());
        let table = compile::render_table(&compiled.rows, width());
        print_status(&format!("{table}\n{}{closing_lines}", written_files(&written, &folder)));
        return Ok(exit_code(compiled.not_built));
    }
    print_status(&format!("{}{closing_lines}", compile::render_table(&compiled.rows, width())));
    Ok(exit_code(compiled.not_built))
}

/// The batches that are finished by the ledger, by the file, or by the journals if it has no name.
fn missing(
    file: &Path,
    args: &CompileArgs,
    folder: &Path,
    paths: &PlanPaths,
    database: &TargetIdentity,
) -> Result<Missing, Diagnostics> {
    let has_file = !file.as_os_str().is_empty();
    let finished = match args.read_ledger {
        true if has_file => return Err(two_sources().into()),
        true => read_ledger(args, folder)?,
        false if has_file => ledger_file::read_ledger_file(file)?.finished,
        false => {
            let journaled = journal_rows::read_journals(paths, database)?;
            print_diagnostics(journaled.warning().as_slice());
            journaled.finished
        }
    };
    print_diagnostics(unknown_tables(finished.unknown).as_slice());
    Ok(Missing { finished: Arc::new(finished), changed: args.changed })
}

/// The flags of commands on the plan.
fn plan_args(args: &CompileArgs, folder: &Path) -> PlanArgs {
    PlanArgs {
        plan: Some(folder.to_path_buf()),
        project_dir: args.project.project_dir.clone(),
        state: args.state.clone(),
    }
}

/// The database that a run of the plan would write to.
fn database(
    args: &CompileArgs,
    folder: &Path,
    paths: &PlanPaths,
) -> Result<TargetIdentity, Diagnostics> {
    let profile = args.project.profile();
    let dialect = args.project.dialect.as_deref();
    let of_flags = profile.project_target(&args.project.project_dir, dialect)?.ok();
    let of_flags = of_flags.filter(|target| dialect::named(&target.dialect).is_ok());
    // Without a target the compilation reports the error.
    let Some(of_flags) = of_flags else { return Ok(TargetIdentity::default()) };
    let request = ClientRequest {
        command: "compile",
        client: &args.client,
        plan: &plan_args(args, folder),
        profile: &profile,
        about: None,
    };
    current_database(&request, paths, &of_flags.name, &of_flags.dialect)
}

/// The finished batches of the ledger, which a client reads.
fn read_ledger(args: &CompileArgs, folder: &Path) -> Result<FinishedBatches, Diagnostics> {
    let plan = plan_args(args, folder);
    let dialect = args.project.dialect.as_deref();
    let request = LedgerRequest {
        command: "compile --missing --read-ledger",
        ledger: args.ledger.as_deref(),
        dialect,
        database: args.project.database.as_deref(),
        schema: args.project.schema.as_deref(),
        plan: &plan,
        target: QueryTarget::of_flags(&plan, &args.project.profile(), dialect)?,
        client: &args.client,
    };
    Ok(request.read()??.2.finished)
}

/// A warning if the finished batches come from a ledger, and those of this plan are not added to
/// it.
fn unlogged(
    request: &compile::Request,
    ledger_rows: Option<&Path>,
    read_ledger: bool,
) -> Option<Diagnostic> {
    let is_ledger = |file: &&Path| read_ledger || !file.as_os_str().is_empty();
    ledger_rows.filter(|file| is_ledger(file) && request.ledger.is_none())?;
    let warning = "this plan has no ledger, so its batches will count as missing after its run";
    Some(Diagnostic::warning(warning).hint(
        "add `--ledger SCHEMA.TABLE`, or to dbt_project.yml `vars: {batchwright: {ledger: \
         SCHEMA.TABLE}}`",
    ))
}

/// The average milliseconds of a successful batch of each model, from the journals.
fn milliseconds_per_step(paths: &PlanPaths) -> Result<BTreeMap<String, u64>, Diagnostics> {
    let mut totals: BTreeMap<String, (f64, u32)> = BTreeMap::new();
    paths.each_entry(|entry| {
        if let Entry::Step(step) = entry
            && step.outcome == Outcome::Success
            && step.kind == StepKind::Batch
        {
            let (seconds, steps) = totals.entry(step.model).or_default();
            *seconds += step.seconds;
            *steps += 1;
        }
    })?;
    let average = |(model, (seconds, steps)): (String, (f64, u32))| {
        let average = Duration::try_from_secs_f64(seconds / f64::from(steps)).unwrap_or_default();
        (model, u64::try_from(average.as_millis()).unwrap_or(u64::MAX))
    };
    Ok(totals.into_iter().map(average).collect())
}

/// The indexes of diagnostics that the plan on disk has too, for the same models.
fn known_warnings(compiled: &Compiled, folder: &Path) -> Vec<usize> {
    let earlier = plan_dir::earlier_messages(folder);
    // A merged diagnostic has the name of its first model only.
    let general = |message: &str, name: &str| message.replace(&format!("`{name}`"), "``");
    let mut unknown = BTreeSet::new();
    let mut known = BTreeMap::new();
    for (model, row) in compiled.plan.models.iter().zip(&compiled.rows) {
        let earlier = earlier.get(&model.unique_id);
        let findings = model.findings.iter().map(|finding| &finding.message);
        for message in model.warnings.iter().chain(findings) {
            let cause = general(message, &row.model);
            if earlier.is_some_and(|messages| messages.contains(message)) {
                known.entry(message).or_insert(cause);
            } else {
                unknown.insert(cause);
            }
        }
    }
    let is_known = |diagnostic: &Diagnostic| {
        known.get(&diagnostic.message).is_some_and(|cause| !unknown.contains(cause))
    };
    let diagnostics = compiled.diagnostics.iter().enumerate();
    diagnostics.filter(|(_, diagnostic)| is_known(diagnostic)).map(|(index, _)| index).collect()
}

/// What the counts of the table are about, with the command that shows it.
fn closing_lines(compiled: &Compiled, known: usize, flags: &[String]) -> String {
    let mut text = String::new();
    let models: Vec<&ReportRow> = compiled.rows.iter().filter(|row| row.findings > 0).collect();
    if !models.is_empty() {
        let findings = counted(models.iter().map(|row| row.findings).sum::<usize>(), "finding");
        let mut words = vec!["check"];
        if models.len() <= MAX_SELECTED {
            words.push("-s");
            words.extend(models.iter().map(|row| row.model.as_str()));
        }
        words.extend(flags.iter().map(String::as_str));
        text.push_str(&format!("{findings}: {}\n", command_line(words)));
    }
    if known > 0 {
        let warnings = counted(known, "known warning");
        text.push_str(&format!("{warnings} not repeated: add `--all-warnings` to see them\n"));
    }
    text
}

/// The exit code: 1 if a selected model is left out of the plan.
fn exit_code(not_built: usize) -> ExitCode {
    match not_built {
        0 => ExitCode::SUCCESS,
        count => {
            let models = counted(count, "selected model");
            let are = if count == 1 { "is" } else { "are" };
            print_status(&format!("{models} {are} left out of the plan\n"));
            ExitCode::from(1)
        }
    }
}

/// Lists the files on disk that are out of date.
fn check(plan: &Plan, folder: &Path) -> Result<ExitCode, Diagnostics> {
    let changes = plan_dir::dry_run(plan, folder)?;
    let lists =
        [("added", &changes.added), ("changed", &changes.changed), ("removed", &changes.removed)];
    let lines: Vec<String> = lists
        .iter()
        .flat_map(|(what, names)| names.iter().map(move |name| format!("{what:7}  {name}\n")))
        .collect();
    print(&lines.concat())?;
    let path = folder.strip_prefix(".").unwrap_or(folder).display();
    if lines.is_empty() {
        print_status(&format!("`{path}` is up to date\n"));
        return Ok(ExitCode::SUCCESS);
    }
    let files = counted(lines.len(), "file");
    let differ = if lines.len() == 1 { "differs" } else { "differ" };
    let [added, changed, removed] = lists.map(|(_, names)| names.len());
    print_status(&format!(
        "`{path}` is out of date: {files} {differ} ({added} added, {changed} changed, {removed} \
         removed); to write them, run `batchwright compile` without `--check`\n"
    ));
    Ok(ExitCode::from(1))
}

fn written_files(written: &plan_dir::Written, folder: &Path) -> String {
    let files = counted(written.files, "file");
    let unchanged = match written.unchanged {
        0 => String::new(),
        count if count == written.files => ", all unchanged".to_string(),
        count => format!(", {count} unchanged"),
    };
    format!("{files} in {}{unchanged}\n", folder.strip_prefix(".").unwrap_or(folder).display())
}
