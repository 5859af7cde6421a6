//! Resolves a selection in a graph. Takes `--select`, `--exclude`, `--selector` and the project's
//! `selectors.yml`; returns the selected nodes of every kind, in order. A term that matches nothing
//! is a warning with the most similar term; a selection of only such terms is an error.

mod fqn_index;
mod matching;
mod member;
mod method;
mod previous_state;
mod selectors;
mod spec;
mod state_selector;
mod unmatched;
mod wildcard;

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::config::Node;
use crate::diagnostics::{Diagnostic, Diagnostics, Level};
use crate::project::SelectorsFile;

use super::Graph;
use fqn_index::FqnIndex;
use method::Criterion;
pub use previous_state::PreviousState;
use selectors::Selectors;

/// The selection of the command line, in dbt's grammar.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// The arguments of `--select`; empty for everything (or the default selector of
    /// `selectors.yml`).
    pub select: Vec<String>,
    pub exclude: Vec<String>,
    pub selector: Option<String>,
    /// Whether seeds are selected too where nothing is selected, as in `dbt build`.
    pub with_seeds: bool,
    /// `--state`: the folder of an earlier plan, or of dbt's manifest, that `state:` compares with.
    pub state: Option<PathBuf>,
}

/// The selected nodes, in [`Graph::order`], and warnings about the selection.
#[derive(Debug, Default)]
pub struct Selected<'a> {
    pub nodes: Vec<&'a Node>,
    pub warnings: Vec<Diagnostic>,
}

/// Diagnostics of a selection, while it is resolved.
#[derive(Default)]
struct Remarks<'a> {
    /// The members by name, once a name is looked up.
    names: OnceCell<FqnIndex<'a>>,
    errors: Diagnostics,
    /// Terms that match nothing.
    unmatched: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
}

impl Graph {
    /// The selected nodes. `selectors` is the project's `selectors.yml`, which is parsed only if
    /// the selection names a selector. A term of the command line that matches nothing is a
    /// warning, or an error if nothing else is selected. A term in `selectors.yml` is neither,
    /// since the file is shared by many selections. `previous` is the state of an earlier plan or
    /// run.
    pub fn select(
        &self,
        selection: &Selection,
        selectors: Option<&SelectorsFile>,
        previous: &PreviousState,
    ) -> Result<Selected<'_>, Diagnostics> {
        let Some(expr) = parse(selection, selectors)? else {
            return Ok(Selected {
                nodes: self.order.iter().filter_map(|id| self.nodes.get(id)).collect(),
                warnings: Vec::new(),
            });
        };
        let mut remarks = Remarks::default();
        let selected = self.resolve(&expr, previous, &mut remarks);
        if !remarks.errors.0.is_empty() {
            return Err(remarks.errors);
        }
        if selected.is_empty() && !remarks.unmatched.is_empty() {
            return Err(Diagnostics(
                remarks
                    .unmatched
                    .into_iter()
                    .map(|warning| Diagnostic { level: Level::Error, ..warning })
                    .collect(),
            ));
        }
        let mut warnings = remarks.unmatched;
        warnings.extend(remarks.warnings);
        warnings.extend(ignored(selection));
        let nodes = self
            .order
            .iter()
            .filter(|id| selected.contains(id.as_str()))
            .filter_map(|id| self.nodes.get(id))
            .collect();
        Ok(Selected { nodes, warnings })
    }

    fn resolve<'a>(
        &'a self,
        expr: &SelectionExpr,
        previous: &PreviousState,
        remarks: &mut Remarks<'a>,
    ) -> BTreeSet<&'a str> {
        match expr {
            SelectionExpr::Criterion(criterion) => {
                if let Some(missing) = previous.missing(criterion) {
                    remarks.errors.0.push(missing);
                    return BTreeSet::new();
                }
                let matches = matching::matching_by_name(self, previous, criterion, &remarks.names);
                if matches.is_empty() && criterion.must_match {
                    remarks.unmatched.push(unmatched::matches_nothing(self, criterion));
                }
                matches
            }
            SelectionExpr::Expanded(expr, operators) => {
                self.expanded(&self.resolve(expr, previous, remarks), *operators)
            }
            SelectionExpr::Union(parts) => {
                parts.iter().flat_map(|part| self.resolve(part, previous, remarks)).collect()
            }
            SelectionExpr::Intersection(parts) => {
                let sets: Vec<_> =
                    parts.iter().map(|part| self.resolve(part, previous, remarks)).collect();
                let (first, rest) = sets
                    .split_first()
                    .map_or((BTreeSet::new(), &[][..]), |(first, rest)| (first.clone(), rest));
                first.into_iter().filter(|id| rest.iter().all(|set| set.contains(id))).collect()
            }
            SelectionExpr::Term(text, expr) => {
                let before = remarks.unmatched.len();
                let selected = self.resolve(expr, previous, remarks);
                let nothing_reported =
                    remarks.unmatched.len() == before && remarks.errors.0.is_empty();
                if selected.is_empty() && nothing_reported && expr.must_match() {
                    let warning = Diagnostic::warning(format!("`{text}` selects nothing"));
                    remarks.warnings.push(warning.note(
                        "each of its parts matches something, but nothing matches all of them",
                    ));
                }
                selected
            }
            SelectionExpr::Difference(expr, excluded) => {
                let mut selected = self.resolve(expr, previous, remarks);
                let before = remarks.unmatched.len();
                let excluded = self.resolve(excluded, previous, remarks);
                // An exclusion that matches nothing does not change the selection.
                let unmatched = remarks.unmatched.split_off(before);
                remarks.warnings.extend(unmatched);
                selected.retain(|id| !excluded.contains(id));
                selected
            }
            SelectionExpr::Everything => self.members().map(|(id, _)| id).collect(),
        }
    }

    fn expanded<'a>(
        &'a self,
        selected: &BTreeSet<&'a str>,
        operators: GraphOperators,
    ) -> BTreeSet<&'a str> {
        let mut all = selected.clone();
        if let Some(depth) = operators.parents {
            all.extend(reachable(selected, |id| self.parents_of(id).collect(), depth));
        }
        if let Some(depth) = operators.children {
            all.extend(reachable(selected, |id| self.children_of(id).collect(), depth));
        }
        if operators.childrens_parents {
            let below = reachable(selected, |id| self.children_of(id).collect(), usize::MAX);
            all.extend(reachable(&below, |id| self.parents_of(id).collect(), usize::MAX));
        }
        all
    }
}

/// A parsed selection, from the command line or from `selectors.yml`.
#[derive(Clone, Debug, PartialEq)]
enum SelectionExpr {
    Everything,
    Criterion(Criterion),
    Expanded(Box<SelectionExpr>, GraphOperators),
    Union(Vec<SelectionExpr>),
    Intersection(Vec<SelectionExpr>),
    /// A term of the command line, with its text.
    Term(String, Box<SelectionExpr>),
    Difference(Box<SelectionExpr>, Box<SelectionExpr>),
}

impl SelectionExpr {
    /// Whether a term without matches is a warning. For `state:` and similar methods it is not.
    fn must_match(&self) -> bool {
        match self {
            SelectionExpr::Everything => true,
            SelectionExpr::Criterion(criterion) => criterion.must_match,
            SelectionExpr::Expanded(expr, _) | SelectionExpr::Term(_, expr) => expr.must_match(),
            SelectionExpr::Union(parts) | SelectionExpr::Intersection(parts) => {
                parts.iter().all(SelectionExpr::must_match)
            }
            SelectionExpr::Difference(expr, excluded) => expr.must_match() && excluded.must_match(),
        }
    }
}

/// dbt's graph operators: the relatives that are selected with a node, and their maximum distance.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct GraphOperators {
    parents: Option<usize>,
    children: Option<usize>,
    /// `@`: all descendants of the node, and all their ancestors.
    childrens_parents: bool,
}

fn parse(
    selection: &Selection,
    file: Option<&SelectorsFile>,
) -> Result<Option<SelectionExpr>, Diagnostics> {
    let mut selectors = Selectors::new(file);
    if let Some(name) = &selection.selector {
        return Ok(Some(selectors.named(name)?));
    }
    if selection.select.is_empty() && selection.exclude.is_empty() {
        return selectors.default();
    }
    let mut errors = Diagnostics::default();
    let mut all = |words: &[String]| {
        spec::union(words, &mut |name| selectors.named(name)).unwrap_or_else(|more| {
            errors.0.extend(more.0);
            SelectionExpr::Everything
        })
    };
    let select = if selection.select.is_empty() {
        SelectionExpr::Everything
    } else {
        all(&selection.select)
    };
    let expr = if selection.exclude.is_empty() {
        select
    } else {
        SelectionExpr::Difference(Box::new(select), Box::new(all(&selection.exclude)))
    };
    if errors.0.is_empty() { Ok(Some(expr)) } else { Err(errors) }
}

/// A warning about flags that a named selector overrides, as in dbt.
fn ignored(selection: &Selection) -> Option<Diagnostic> {
    let name = selection.selector.as_ref()?;
    let flags = [("--select", &selection.select), ("--exclude", &selection.exclude)];
    let flags: Vec<_> = flags
        .into_iter()
        .filter(|(_, words)| !words.is_empty())
        .map(|(flag, _)| format!("`{flag}`"))
        .collect();
    if flags.is_empty() {
        return None;
    }
    let is = if flags.len() == 1 { "is" } else { "are" };
    let warning = Diagnostic::warning(format!(
        "{} {is} ignored because `--selector` is given",
        flags.join(" and ")
    ));
    Some(warning.hint(format!("to combine it with other terms, use `--select selector:{name}`")))
}

/// `start` and the ids that are reachable from it in at most `depth` steps.
fn reachable<'a>(
    start: &BTreeSet<&'a str>,
    next_to: impl Fn(&str) -> Vec<&'a str>,
    depth: usize,
) -> BTreeSet<&'a str> {
    let mut all = start.clone();
    let mut last = start.clone();
    for _ in 0..depth {
        let next = last.iter().flat_map(|id| next_to(id));
        last = next.filter(|id| !all.contains(id)).collect();
        if last.is_empty() {
            break;
        }
        all.extend(&last);
    }
    all
}

#[cfg(test)]
mod tests;
