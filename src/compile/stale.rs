//! `--missing --changed`: the batches that are finished, and have read rows that were rewritten
//! since or that this plan rewrites with another statement. Takes the finished batches and the
//! selected models; returns the windows to plan again, and a warning about readers that are not
//! selected.

use std::collections::{BTreeMap, BTreeSet};

use super::batches::{model_of_all_windows, statements};
use super::microbatch::MicrobatchModel;
use super::request::Missing;
use super::tables::table_of;
use super::{Context, Request};
use crate::calendar::{Instant, Window};
use crate::config::{Materialization, Node};
use crate::diagnostics::{Diagnostic, par_map};
use crate::plan::Sha256;
use crate::plan::coverage::ModelTable;
use crate::plan::manifest::InputEntry;

/// The batches of a model with all of its windows.
pub(super) struct ChangedBatches {
    /// The hash of the statement of each window.
    pub statements: Vec<Sha256>,
    /// The windows that read rows which are rewritten, or newer than their own.
    pub stale: BTreeSet<Window>,
}

/// Windows of models, by unique id.
type ModelWindows = BTreeMap<String, BTreeSet<Window>>;

/// The batches of a selected model.
struct Batches {
    table: ModelTable,
    windows: Vec<Window>,
    statements: Vec<Sha256>,
    /// The windows that another statement has written.
    changed: BTreeSet<Window>,
    inputs: Vec<InputEntry>,
}

/// The batches of the selected models. A model with an error has none: compiling it reports the
/// error.
pub(super) fn changed_batches(
    context: &Context,
    selected: &[&Node],
    request: &Request,
    missing: &Missing,
) -> (BTreeMap<String, ChangedBatches>, Vec<Diagnostic>) {
    let batches = par_map(selected, |node| {
        let settings = node.microbatch()?;
        let model = model_of_all_windows(context, node, settings, request).ok()?;
        let statements = statements(&model).ok()?;
        Some((node.unique_id.clone(), batches_of(&model, statements, missing)))
    });
    let mut batches: BTreeMap<String, Batches> = batches.into_iter().flatten().collect();
    let is_selected: BTreeSet<&str> = selected.iter().map(|node| &*node.unique_id).collect();
    // The windows whose rows change: parents come before children.
    let mut rewritten = ModelWindows::new();
    let mut all = BTreeMap::new();
    let mut readers = Vec::new();
    for id in &context.graph.order {
        let node = &context.graph.nodes[id];
        if let Some(batches) = batches.remove(id) {
            let stale = batches.stale(&rewritten, context, missing);
            rewritten.insert(id.clone(), stale.union(&batches.changed).copied().collect());
            all.insert(id.clone(), ChangedBatches { statements: batches.statements, stale });
            continue;
        }
        let parents = context.graph.parents.get(id).into_iter().flatten();
        let of_parents = parents.filter_map(|parent| rewritten.get(parent)).flatten();
        let of_parents: BTreeSet<Window> = of_parents.copied().collect();
        if of_parents.is_empty() {
            continue;
        }
        let has_rows =
            !matches!(node.materialization, Materialization::Ephemeral | Materialization::View);
        if has_rows && !is_selected.contains(&**id) {
            readers.push(node);
        }
        rewritten.insert(id.clone(), of_parents);
    }
    (all, warning(&readers).into_iter().collect())
}

fn batches_of(model: &MicrobatchModel, statements: Vec<Sha256>, missing: &Missing) -> Batches {
    let table = table_of(model.node);
    let windows = model.cover.windows.clone();
    let is_changed = |(window, statement): &(&Window, &Sha256)| {
        missing.finished.newest(&table, **window).is_some()
            && !missing.finished.is_written_by(&table, **window, **statement)
    };
    let changed = windows.iter().zip(&statements).filter(is_changed);
    let changed = changed.map(|(window, _)| *window).collect();
    Batches { table, windows, statements, changed, inputs: model.entries.clone() }
}

impl Batches {
    /// The windows that read rewritten rows, or rows that are newer than their own.
    fn stale(
        &self,
        rewritten: &ModelWindows,
        context: &Context,
        missing: &Missing,
    ) -> BTreeSet<Window> {
        let mut stale = BTreeSet::new();
        for input in &self.inputs {
            let of_input = rewritten.get(&input.unique_id).filter(|windows| !windows.is_empty());
            // A batch reads the rows of its window, or all of them.
            if !input.filtered {
                stale.extend(of_input.iter().flat_map(|_| &self.windows));
                continue;
            }
            let longest = of_input.iter().flat_map(|windows| windows.iter());
            let longest = longest.map(|window| window.end - window.start).max();
            let longest = longest.unwrap_or_default();
            let node = context.graph.nodes.get(&input.unique_id);
            let table = node.map(table_of);
            for window in &self.windows {
                let at = |time: Instant| Window { start: time, end: time };
                let near = at(window.start - longest)..at(window.end);
                let is_rewritten = of_input.is_some_and(|windows| {
                    windows.range(near).any(|other| other.end > window.start)
                });
                let is_newer = table.as_ref().is_some_and(|table| {
                    let newest = missing.finished.newest(table, *window);
                    newest.is_some_and(|at| !missing.finished.covers(&self.table, *window, at))
                });
                if is_newer || is_rewritten {
                    stale.insert(*window);
                }
            }
        }
        stale
    }
}

/// The warning about models that read rewritten rows, and are not part of the plan.
fn warning(readers: &[&Node]) -> Option<Diagnostic> {
    let names: Vec<&str> = readers.iter().map(|node| node.name.as_str()).collect();
    let message = match names.as_slice() {
        [] => return None,
        [name] => format!("`{name}` reads batches that this plan rewrites, and is not selected"),
        names => {
            let names = names.join("`, `");
            format!("models that are not selected read batches that this plan rewrites: `{names}`")
        }
    };
    Some(
        Diagnostic::warning(message)
            .note("their rows are those of the old statements until they are planned too")
            .hint(format!("to plan them too: add them to `--select`: {}", names.join(" "))),
    )
}
