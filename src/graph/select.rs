//! What a selection means in a graph. Takes `--select`, `--exclude`, `--selector` and the project's `selectors.yml`; gives the
//! selected nodes of every kind, in order. Warns of a word that selects nothing, with the nearest one that would, and refuses a
//! selection of such words alone.

mod fqn_index;
mod matching;
mod member;
mod method;
mod selectors;
mod spec;
mod state;
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
use selectors::Selectors;
pub use state::Past;

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

/// The selected nodes, in [`Graph::order`], and warnings about the selection.
#[derive(Debug, Default)]
pub struct Selected<'a> {
    pub nodes: Vec<&'a Node>,
    pub warnings: Vec<Diagnostic>,
}

/// What a selection reported.
#[derive(Default)]
struct Remarks<'a> {
    /// The members by name, once a name is looked up.
    names: OnceCell<FqnIndex<'a>>,
    errors: Diagnostics,
    /// Words that match nothing.
    unmatched: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
}

impl Graph {
    /// The nodes that were selected. `selectors` is the project's `selectors.yml`, read only if it is asked for. A word of the
    /// command line that matches nothing is a warning, and an error if nothing else is selected; within `selectors.yml`, which
    /// is written for many projects and days, it is neither. `past` is what an earlier plan or run left behind.
    pub fn select(&self, selection: &Selection, selectors: Option<&SelectorsFile>, past: &Past) -> Result<Selected<'_>, Diagnostics> {
        let Some(asked) = asked(selection, selectors)? else {
            return Ok(Selected { nodes: self.order.iter().filter_map(|id| self.nodes.get(id)).collect(), warnings: Vec::new() });
        };
        let mut remarks = Remarks::default();
        let chosen = self.chosen(&asked, past, &mut remarks);
        if !remarks.errors.0.is_empty() {
            return Err(remarks.errors);
        }
        if chosen.is_empty() && !remarks.unmatched.is_empty() {
            return Err(Diagnostics(remarks.unmatched.into_iter().map(|warning| Diagnostic { level: Level::Error, ..warning }).collect()));
        }
        let mut warnings = remarks.unmatched;
        warnings.extend(remarks.warnings);
        warnings.extend(ignored(selection));
        let nodes = self.order.iter().filter(|id| chosen.contains(id.as_str())).filter_map(|id| self.nodes.get(id)).collect();
        Ok(Selected { nodes, warnings })
    }

    fn chosen<'a>(&'a self, asked: &Asked, past: &Past, remarks: &mut Remarks<'a>) -> BTreeSet<&'a str> {
        match asked {
            Asked::One(criterion) => {
                if let Some(missing) = past.missing(criterion) {
                    remarks.errors.0.push(missing);
                    return BTreeSet::new();
                }
                let matches = matching::looked_up(self, past, criterion, &remarks.names);
                if matches.is_empty() && criterion.must_match {
                    remarks.unmatched.push(method::nothing(self, criterion));
                }
                matches
            }
            Asked::Grown(asked, growth) => self.grown(&self.chosen(asked, past, remarks), *growth),
            Asked::Any(parts) => parts.iter().flat_map(|part| self.chosen(part, past, remarks)).collect(),
            Asked::All(parts) => {
                let sets: Vec<_> = parts.iter().map(|part| self.chosen(part, past, remarks)).collect();
                let (first, rest) = sets.split_first().map_or((BTreeSet::new(), &[][..]), |(first, rest)| (first.clone(), rest));
                first.into_iter().filter(|id| rest.iter().all(|set| set.contains(id))).collect()
            }
            Asked::Word(text, asked) => {
                let before = remarks.unmatched.len();
                let chosen = self.chosen(asked, past, remarks);
                let is_quiet = remarks.unmatched.len() == before && remarks.errors.0.is_empty();
                if chosen.is_empty() && is_quiet && asked.must_match() {
                    let warning = Diagnostic::warning(format!("`{text}` selects nothing"));
                    remarks.warnings.push(warning.fact("each of its parts matches something, and nothing matches all of them"));
                }
                chosen
            }
            Asked::Without(asked, excluded) => {
                let mut chosen = self.chosen(asked, past, remarks);
                let before = remarks.unmatched.len();
                let excluded = self.chosen(excluded, past, remarks);
                // An exclusion of nothing leaves the selection as it is.
                let unmatched = remarks.unmatched.split_off(before);
                remarks.warnings.extend(unmatched);
                chosen.retain(|id| !excluded.contains(id));
                chosen
            }
            Asked::Everything => self.members().map(|(id, _)| id).collect(),
        }
    }

    fn grown<'a>(&'a self, chosen: &BTreeSet<&'a str>, growth: Growth) -> BTreeSet<&'a str> {
        let mut all = chosen.clone();
        if let Some(depth) = growth.parents {
            all.extend(reached(chosen, |id| self.parents_of(id).collect(), depth));
        }
        if let Some(depth) = growth.children {
            all.extend(reached(chosen, |id| self.children_of(id).collect(), depth));
        }
        if growth.childrens_parents {
            let below = reached(chosen, |id| self.children_of(id).collect(), usize::MAX);
            all.extend(reached(&below, |id| self.parents_of(id).collect(), usize::MAX));
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
    /// A word of the command line, with its text.
    Word(String, Box<Asked>),
    Without(Box<Asked>, Box<Asked>),
}

impl Asked {
    /// Whether it is worth a warning if nothing matches: that nothing has changed is an answer.
    fn must_match(&self) -> bool {
        match self {
            Asked::Everything => true,
            Asked::One(criterion) => criterion.must_match,
            Asked::Grown(asked, _) | Asked::Word(_, asked) => asked.must_match(),
            Asked::Any(parts) | Asked::All(parts) => parts.iter().all(Asked::must_match),
            Asked::Without(asked, excluded) => asked.must_match() && excluded.must_match(),
        }
    }
}

/// The relatives that are selected with a node, and how far away they may be.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Growth {
    parents: Option<usize>,
    children: Option<usize>,
    /// `@`: all that descends from the node, and all that this needs.
    childrens_parents: bool,
}

fn asked(selection: &Selection, file: Option<&SelectorsFile>) -> Result<Option<Asked>, Diagnostics> {
    let mut selectors = Selectors::new(file);
    if let Some(name) = &selection.selector {
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

/// As in dbt, a named selector stands alone.
fn ignored(selection: &Selection) -> Option<Diagnostic> {
    let name = selection.selector.as_ref()?;
    let flags = [("--select", &selection.select), ("--exclude", &selection.exclude)];
    let flags: Vec<_> = flags.into_iter().filter(|(_, words)| !words.is_empty()).map(|(flag, _)| format!("`{flag}`")).collect();
    if flags.is_empty() {
        return None;
    }
    let is = if flags.len() == 1 { "is" } else { "are" };
    let warning = Diagnostic::warning(format!("{} {is} ignored, because `--selector` is given", flags.join(" and ")));
    Some(warning.hint(format!("write `--select selector:{name}` to combine it with others")))
}

/// `start` and what is reached from it in at most `depth` steps.
fn reached<'a>(start: &BTreeSet<&'a str>, next_to: impl Fn(&str) -> Vec<&'a str>, depth: usize) -> BTreeSet<&'a str> {
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
