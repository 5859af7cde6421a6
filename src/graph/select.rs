//! What a selection means in a graph. Takes `--select`, `--exclude`, `--selector` and the project's `selectors.yml`; gives the
//! selected nodes of every kind, in order. Refuses a word that selects nothing, with the nearest one that would.

mod method;
mod selectors;
mod spec;
mod state;
mod wildcard;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::config::Node;
use crate::diagnostics::{Diagnostic, Diagnostics, SourceFile};

use super::Graph;
use super::changes::Changes;
use method::Criterion;
use selectors::Selectors;

/// What the command line selected: dbt's grammar.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// `--select`, each argument; empty for everything (or the default selector of `selectors.yml`).
    pub select: Vec<String>,
    pub exclude: Vec<String>,
    pub selector: Option<String>,
    /// `--state`: the folder of an earlier plan, or of dbt's manifest, that `state:` compares with.
    pub state: Option<PathBuf>,
}

impl Graph {
    /// The nodes that were selected, in [`Graph::order`]. `selectors` is the project's `selectors.yml`, read only if it is
    /// asked for. A word of the command line that selects nothing is an error; within `selectors.yml`, which is written for
    /// many projects and days, only a whole selector that selects nothing is one. What is compared with an earlier plan may be
    /// nothing: `changes` are those since that plan, if one was given.
    pub fn select(
        &self,
        selection: &Selection,
        selectors: Option<&SourceFile>,
        changes: Option<&Changes>,
    ) -> Result<Vec<&Node>, Diagnostics> {
        let Some(asked) = asked(selection, selectors)? else {
            return Ok(self.order.iter().filter_map(|id| self.nodes.get(id)).collect());
        };
        let mut wrong = Diagnostics::default();
        let chosen = self.chosen(&asked, changes, &mut wrong);
        if !wrong.0.is_empty() {
            return Err(wrong);
        }
        if chosen.is_empty() && changes.is_none() {
            return Err(Diagnostic::error("the selection is empty")
                .fact(said(selection))
                .hint("a comma keeps what both sides select, and what is excluded is taken away: see what `list` shows for each part")
                .into());
        }
        Ok(self.order.iter().filter(|id| chosen.contains(id.as_str())).filter_map(|id| self.nodes.get(id)).collect())
    }

    fn chosen<'a>(&'a self, asked: &Asked, changes: Option<&Changes>, wrong: &mut Diagnostics) -> BTreeSet<&'a str> {
        match asked {
            Asked::One(criterion) => {
                if matches!(criterion.method, method::Method::State(_)) && changes.is_none() {
                    wrong.0.push(state::nothing_to_compare(&criterion.text));
                    return BTreeSet::new();
                }
                let found = method::matching(self, changes, criterion);
                if found.is_empty() && criterion.must_match {
                    wrong.0.push(method::nothing(self, criterion));
                }
                found
            }
            Asked::Grown(asked, growth) => self.grown(&self.chosen(asked, changes, wrong), *growth),
            Asked::Any(parts) => parts.iter().flat_map(|part| self.chosen(part, changes, wrong)).collect(),
            Asked::All(parts) => {
                let sets: Vec<_> = parts.iter().map(|part| self.chosen(part, changes, wrong)).collect();
                let (first, rest) = sets.split_first().map_or((BTreeSet::new(), &[][..]), |(first, rest)| (first.clone(), rest));
                first.into_iter().filter(|id| rest.iter().all(|set| set.contains(id))).collect()
            }
            Asked::Without(asked, excluded) => {
                let (mut kept, excluded) = (self.chosen(asked, changes, wrong), self.chosen(excluded, changes, wrong));
                kept.retain(|id| !excluded.contains(id));
                kept
            }
            Asked::Everything => self.nodes.keys().map(String::as_str).collect(),
        }
    }

    fn grown<'a>(&'a self, found: &BTreeSet<&'a str>, growth: Growth) -> BTreeSet<&'a str> {
        let mut all = found.clone();
        if let Some(depth) = growth.parents {
            all.extend(reached(found, &self.parents, depth));
        }
        if let Some(depth) = growth.children {
            all.extend(reached(found, &self.children, depth));
        }
        if growth.childrens_parents {
            let below = reached(found, &self.children, usize::MAX);
            all.extend(reached(&below, &self.parents, usize::MAX));
        }
        all
    }
}

/// What is to be selected, from whatever notation.
#[derive(Clone, Debug, PartialEq)]
enum Asked {
    Everything,
    One(Criterion),
    Grown(Box<Asked>, Growth),
    Any(Vec<Asked>),
    All(Vec<Asked>),
    Without(Box<Asked>, Box<Asked>),
}

/// The relatives that are selected with a node, and how far away they may be.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Growth {
    parents: Option<usize>,
    children: Option<usize>,
    /// `@`: all that descends from the node, and all that this needs.
    childrens_parents: bool,
}

fn asked(selection: &Selection, file: Option<&SourceFile>) -> Result<Option<Asked>, Diagnostics> {
    let mut selectors = Selectors::new(file);
    if let Some(name) = &selection.selector {
        if !selection.select.is_empty() || !selection.exclude.is_empty() {
            let both = Diagnostic::error("`--selector` is given beside `--select` or `--exclude`");
            return Err(both.hint(format!("write `--select selector:{name}` to combine it with others")).into());
        }
        return Ok(Some(selectors.named(name)?));
    }
    if selection.select.is_empty() && selection.exclude.is_empty() {
        return selectors.default();
    }
    let mut wrong = Diagnostics::default();
    let mut all = |words: &[String]| {
        spec::union(words, &mut selectors).unwrap_or_else(|more| {
            wrong.0.extend(more.0);
            Asked::Everything
        })
    };
    let select = if selection.select.is_empty() { Asked::Everything } else { all(&selection.select) };
    let asked = if selection.exclude.is_empty() { select } else { Asked::Without(Box::new(select), Box::new(all(&selection.exclude))) };
    if wrong.0.is_empty() { Ok(Some(asked)) } else { Err(wrong) }
}

/// `found` and what is reached from it in at most `depth` steps.
fn reached<'a>(found: &BTreeSet<&'a str>, edges: &'a BTreeMap<String, BTreeSet<String>>, depth: usize) -> BTreeSet<&'a str> {
    let mut all = found.clone();
    let mut last = found.clone();
    for _ in 0..depth {
        let next = last.iter().filter_map(|id| edges.get(*id)).flatten().map(String::as_str);
        last = next.filter(|id| !all.contains(id)).collect();
        if last.is_empty() {
            break;
        }
        all.extend(&last);
    }
    all
}

/// The selection as it was typed.
fn said(selection: &Selection) -> String {
    let flag = |flag: &str, words: &[String]| if words.is_empty() { None } else { Some(format!("{flag} {}", words.join(" "))) };
    let parts =
        [flag("--select", &selection.select), flag("--exclude", &selection.exclude), flag("--selector", selection.selector.as_slice())];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "it is the default of `selectors.yml`".into() } else { format!("it is `{}`", parts.join(" ")) }
}

#[cfg(test)]
mod tests;
