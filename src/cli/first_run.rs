//! Models whose tables may be empty: no batch of them has finished, as far as a journal tells. Takes the plan's folder and the one
//! that `--state` names; gives the models of which a finished batch is known, and a warning about the others.

use std::collections::BTreeSet;
use std::path::Path;

use crate::compile::{Compiled, Request};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::plan::Kind;
use crate::run::entry::{Entry, Outcome};
use crate::run::journal::Places;

/// The models with a finished batch in the journal of one of the plans, by unique id.
pub fn known(plan: &Path, state: Option<&Path>) -> Result<BTreeSet<String>, Diagnostics> {
    let mut known = BTreeSet::new();
    // Where a plan has no folder around it, there is no journal.
    let folders = [Some(plan), state].into_iter().flatten().filter(|folder| {
        let parent = folder.parent();
        parent.is_some_and(|parent| parent.as_os_str().is_empty() || parent.is_dir())
    });
    for folder in folders {
        Places::beside(folder).each_entry(|entry| {
            if let Entry::Step(step) = entry
                && step.outcome == Outcome::Success
                && matches!(step.kind, Kind::Batch | Kind::Swap)
                && !known.contains(&step.model)
            {
                known.insert(step.model);
            }
        })?;
    }
    Ok(known)
}

/// A warning about models that are planned without bounds and without their batches since `begin`, though none of them is known to
/// have finished. It is not part of the plan: the same project gives the same files, whatever has run.
pub fn warning(compiled: &Compiled, request: &Request, known: &BTreeSet<String>) -> Option<Diagnostic> {
    if request.windows.bounds.is_some() || request.from_begin_except.is_some() {
        return None;
    }
    let models = compiled.plan.models.iter().zip(&compiled.rows);
    let unfilled = models.filter(|(model, row)| row.starts_after_begin && !known.contains(&model.unique_id));
    let names: Vec<&str> = unfilled.map(|(_, row)| row.model.as_str()).collect();
    let message = match names.as_slice() {
        [] => return None,
        [name] => format!("no finished batch of `{name}` is known, and this plan does not begin at its `begin`"),
        several => format!("no finished batch of {} models is known, and this plan does not begin at their `begin`", several.len()),
    };
    let warning = Diagnostic::warning(message)
        .hint(format!("if the table is new, fill it: `batchwright compile --select {} --from-begin`", names.join(" ")));
    Some(if names.len() > 1 { warning.fact(names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")) } else { warning })
}
