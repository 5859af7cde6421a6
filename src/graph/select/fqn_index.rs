//! An index of the members by the names that the method `fqn` accepts: a selection of ten thousand
//! names visits each member once, not once for each name. Takes a value without a wildcard; returns
//! the members that may match, which are then compared with it.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::Kind;
use crate::graph::Graph;

pub(super) struct FqnIndex<'a> {
    /// Keyed by a member's name, by the prefixes of its fqn with and without its package, and by
    /// the last two parts of a versioned one.
    members: BTreeMap<String, BTreeSet<&'a str>>,
}

impl<'a> FqnIndex<'a> {
    pub fn of(graph: &'a Graph) -> FqnIndex<'a> {
        let mut members: BTreeMap<String, BTreeSet<&'a str>> = BTreeMap::new();
        for (id, member) in graph.members() {
            if member.node().is_some_and(|node| node.kind == Kind::Source) {
                continue;
            }
            let mut add = |name: &str| match members.get_mut(name) {
                Some(ids) => drop(ids.insert(id)),
                None => drop(members.insert(name.to_string(), BTreeSet::from([id]))),
            };
            let fqn = member.fqn();
            for fqn in [fqn, fqn.get(1..).unwrap_or_default()] {
                let whole = fqn.join(".");
                whole.match_indices('.').for_each(|(end, _)| add(&whole[..end]));
                add(&whole);
            }
            fqn.iter()
                .rev()
                .take(if member.is_versioned() { 2 } else { 1 })
                .for_each(|part| add(part));
            if member.is_versioned() {
                add(&ends(fqn));
            }
        }
        FqnIndex { members }
    }

    /// The members that a value without a wildcard may match.
    pub fn candidates(&self, value: &str) -> BTreeSet<&'a str> {
        let parts: Vec<&str> = value.split('.').collect();
        let members = [self.members.get(value), self.members.get(&ends(&parts))];
        members.into_iter().flatten().flatten().copied().collect()
    }
}

/// The last two parts, which are the file name of a versioned model.
fn ends<S: AsRef<str>>(parts: &[S]) -> String {
    let last: Vec<&str> =
        parts[parts.len().saturating_sub(2)..].iter().map(AsRef::as_ref).collect();
    last.join("_")
}
