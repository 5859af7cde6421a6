//! Detects what the first run of a plan may lack: the rows of models without a finished batch in
//! any journal, and the seeds and snapshots that the plan reads and does not build. Takes the
//! plan's paths and the folder of `--state`; returns the models with a finished step, and
//! diagnostics about the others.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::next_command::{MAX_SELECTED, command_line};
use crate::compile::{Compiled, Request};
use crate::config::name_of;
use crate::diagnostics::{Diagnostic, Diagnostics, Level};
use crate::plan::StepKind;
use crate::plan::coverage::{ModelTable, table_of};
use crate::run::entry::{Entry, Outcome};
use crate::run::plan_paths::PlanPaths;
use crate::run::target::{RunDatabase, TargetIdentity};

/// The tables with a finished batch, and of nodes that are built, in the journal of one of the
/// plans, by runs of this database; and the number of finished steps without a table, which an
/// earlier version wrote.
pub fn finished_tables(
    plan: &PlanPaths,
    state: Option<&Path>,
    current: &TargetIdentity,
) -> Result<(BTreeSet<ModelTable>, usize), Diagnostics> {
    let mut finished = BTreeSet::new();
    let mut unknown = 0;
    let earlier = state.map(|folder| PlanPaths::new(folder, None));
    for paths in [Some(plan), earlier.as_ref()].into_iter().flatten() {
        let mut database = RunDatabase::Same;
        paths.each_entry(|entry| match entry {
            Entry::Run(run) => database = current.database_of_run(run.target.as_ref()),
            Entry::Target(entry) => database = current.database_of_run(Some(&entry.target)),
            Entry::Step(step)
                if database == RunDatabase::Same
                    && step.outcome == Outcome::Success
                    && matches!(step.kind, StepKind::Batch | StepKind::Swap | StepKind::Build) =>
            {
                match step.relation {
                    Some(relation) => drop(finished.insert((step.model, relation))),
                    None => unknown += 1,
                }
            }
            _ => {}
        })?;
    }
    Ok((finished, unknown))
}

/// A warning about models without a finished batch that are planned without bounds and not from
/// their `begin`. It is not in the manifest: the files of a plan do not depend on earlier runs.
pub fn warning(
    compiled: &Compiled,
    request: &Request,
    finished: &BTreeSet<ModelTable>,
    flags: &[String],
) -> Option<Diagnostic> {
    let is_from_begin = request.from_begin_except.is_some() || request.missing.is_some();
    if request.windows.bounds.is_some() || is_from_begin {
        return None;
    }
    let models = compiled.plan.models.iter().zip(&compiled.rows);
    let unfilled = models
        .filter(|(model, row)| row.starts_after_begin && !finished.contains(&table_of(model)));
    let names: Vec<&str> = unfilled.map(|(_, row)| row.model.as_str()).collect();
    let message = match names.as_slice() {
        [] => return None,
        [name] => format!(
            "`{name}` has no finished batch in the journal, and this plan does not start at its \
             `begin`"
        ),
        names => format!(
            "{} models have no finished batch in the journal, and this plan does not start at \
             their `begin`",
            names.len()
        ),
    };
    let mut words = vec!["compile", "--from-begin"];
    // Only models without a finished batch are planned from `begin`, so more may be selected.
    let selected: Vec<&str> = match names.len() {
        ..=MAX_SELECTED => names.clone(),
        _ => request.selection.select.iter().map(String::as_str).collect(),
    };
    if !selected.is_empty() {
        words.push("--select");
        words.extend(selected);
    }
    words.extend(flags.iter().map(String::as_str));
    let warning = Diagnostic::warning(message)
        .hint(format!("to fill a new table: `{}`", command_line(words)));
    Some(if names.len() > 1 {
        warning.note(names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))
    } else {
        warning
    })
}

/// A note about seeds and snapshots that the models of the plan read and the plan does not build.
/// No note where a journal has a finished step of the seed or of the model: then the seed exists.
pub fn unloaded_inputs(
    compiled: &Compiled,
    request: &Request,
    finished: &BTreeSet<ModelTable>,
    flags: &[String],
) -> Option<Diagnostic> {
    let plan = &compiled.plan;
    let models = plan.models.iter().map(|model| model.unique_id.as_str());
    let finished: BTreeSet<&str> = finished.iter().map(|(model, _)| model.as_str()).collect();
    let available: BTreeSet<&str> = models.chain(finished.iter().copied()).collect();
    // The readers of each input, by unique id.
    let mut unloaded: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for steps in &plan.steps {
        if finished.contains(steps.model.as_str()) {
            continue;
        }
        for id in steps.reads.ids() {
            let is_loaded = available.contains(id) || !is_seed_or_snapshot(id);
            if !is_loaded {
                unloaded.entry(id).or_default().push(name_of(&steps.model));
            }
        }
    }
    let (first, readers) = unloaded.first_key_value()?;
    let reader = readers.first()?;
    let has_seeds = unloaded.keys().any(|id| id.starts_with("seed."));
    let message = match unloaded.len() {
        1 => format!("`{reader}` reads {}, which this plan does not build", described(first)),
        count => format!("this plan reads {count} seeds and snapshots that it does not build"),
    };
    let mut note = Diagnostic::new(Level::Note, message);
    if unloaded.len() > 1 {
        let line = |(id, readers): (&&str, &Vec<&str>)| {
            format!("{}, read by `{}`", described(id), readers.join("`, `"))
        };
        note = unloaded.iter().fold(note, |note, input| note.note(line(input)));
    }
    if has_seeds {
        let selection = &request.selection;
        let mut words = vec!["compile".to_string()];
        if selection.select.is_empty() && selection.selector.is_none() {
            words.push("--build".to_string());
        } else {
            let readers: BTreeSet<&str> = unloaded.values().flatten().copied().collect();
            words.push("--select".to_string());
            let others = selection.select.iter().filter(|word| !readers.contains(word.as_str()));
            words.extend(others.cloned());
            words.extend(readers.iter().map(|reader| format!("+{reader}")));
        }
        words.extend(flags.iter().cloned());
        note = note.hint(format!(
            "if it is not loaded yet: `{}`",
            command_line(words.iter().map(String::as_str))
        ));
    } else {
        note = note.hint("if it does not exist yet: `dbt snapshot`");
    }
    Some(note)
}

fn is_seed_or_snapshot(unique_id: &str) -> bool {
    ["seed.", "snapshot."].iter().any(|kind| unique_id.starts_with(kind))
}

/// ``the seed `countries` `` of a unique id.
fn described(unique_id: &str) -> String {
    let kind = unique_id.split('.').next().unwrap_or_default();
    format!("the {kind} `{}`", name_of(unique_id))
}
