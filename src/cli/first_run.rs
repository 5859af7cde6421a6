//! Detects models whose table may be empty: without a finished batch in any journal. Takes the
//! plan's paths and the folder of `--state`; returns the models with a finished batch, and a
//! warning about the others.

use std::collections::BTreeSet;
use std::path::Path;

use super::next_command::{MAX_SELECTED, command_line};
use crate::compile::{Compiled, Request};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::plan::StepKind;
use crate::run::entry::{Entry, Outcome};
use crate::run::journal::PlanPaths;

/// The unique ids of models with a finished batch in the journal of one of the plans.
pub fn finished_models(
    plan: &PlanPaths,
    state: Option<&Path>,
) -> Result<BTreeSet<String>, Diagnostics> {
    let mut finished = BTreeSet::new();
    let earlier = state.map(|folder| PlanPaths::new(folder, None));
    for paths in [Some(plan), earlier.as_ref()].into_iter().flatten() {
        paths.each_entry(|entry| {
            if let Entry::Step(step) = entry
                && step.outcome == Outcome::Success
                && matches!(step.kind, StepKind::Batch | StepKind::Swap)
                && !finished.contains(&step.model)
            {
                finished.insert(step.model);
            }
        })?;
    }
    Ok(finished)
}

/// A warning about models without a finished batch that are planned without bounds and not from
/// their `begin`. It is not in the manifest: the files of a plan do not depend on earlier runs.
pub fn warning(
    compiled: &Compiled,
    request: &Request,
    finished: &BTreeSet<String>,
    flags: &[String],
) -> Option<Diagnostic> {
    if request.windows.bounds.is_some() || request.from_begin_except.is_some() {
        return None;
    }
    let models = compiled.plan.models.iter().zip(&compiled.rows);
    let unfilled = models
        .filter(|(model, row)| row.starts_after_begin && !finished.contains(&model.unique_id));
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
        warning.fact(names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))
    } else {
        warning
    })
}
