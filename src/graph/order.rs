//! Topological order, which is deterministic; rejects cycles.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::Node;
use crate::diagnostics::{Diagnostic, Diagnostics};

type Edges = BTreeMap<String, BTreeSet<String>>;

/// Every unique id, parents before children, then by name; or an error for each cycle.
pub(super) fn order(
    nodes: &BTreeMap<String, Node>,
    parents: &Edges,
    children: &Edges,
) -> Result<Vec<String>, Diagnostics> {
    let mut blocked: BTreeMap<&str, usize> =
        nodes.keys().map(|id| (id.as_str(), parents.get(id).map_or(0, BTreeSet::len))).collect();
    let key =
        |id: &'_ str| nodes.get_key_value(id).map(|(id, node)| (node.name.as_str(), id.as_str()));
    let mut ready: BTreeSet<(&str, &str)> = blocked
        .iter()
        .filter(|(_, blockers)| **blockers == 0)
        .filter_map(|(id, _)| key(id))
        .collect();
    blocked.retain(|_, blockers| *blockers > 0);
    let mut order = Vec::new();
    let mut cycles = Diagnostics::default();
    loop {
        while let Some((_, id)) = ready.pop_first() {
            order.push(id.to_string());
            for child in children.get(id).into_iter().flatten() {
                if let Some(blockers) = blocked.get_mut(child.as_str()) {
                    *blockers -= 1;
                    if *blockers == 0 {
                        blocked.remove(child.as_str());
                        ready.extend(key(child));
                    }
                }
            }
        }
        // The remaining nodes are in or behind a cycle. Report one, mark it resolved, and continue,
        // since there may be another.
        let Some(cycle) = cycle(&blocked, parents) else { break };
        cycles.0.push(cycle_error(&cycle, nodes));
        for id in cycle {
            blocked.remove(id);
            ready.extend(key(id));
        }
    }
    if cycles.0.is_empty() { Ok(order) } else { Err(cycles) }
}

/// One cycle among the blocked nodes, from each reader to its input, beginning with the
/// alphabetically first.
fn cycle<'a>(blocked: &BTreeMap<&'a str, usize>, parents: &'a Edges) -> Option<Vec<&'a str>> {
    let mut path: Vec<&str> = vec![blocked.keys().next()?];
    loop {
        // A blocked node reads another blocked node.
        let input = parents
            .get(*path.last()?)?
            .iter()
            .find(|parent| blocked.contains_key(parent.as_str()))?;
        if let Some(start) = path.iter().position(|id| id == input) {
            let mut cycle = path.split_off(start);
            let first =
                cycle.iter().enumerate().min_by_key(|(_, id)| **id).map_or(0, |(index, _)| index);
            cycle.rotate_left(first);
            return Some(cycle);
        }
        path.push(input);
    }
}

fn cycle_error(cycle: &[&str], nodes: &BTreeMap<String, Node>) -> Diagnostic {
    let node = |id: &str| nodes.get(id);
    let name = |id: &str| node(id).map_or(id, |node| &node.name).to_string();
    let first = cycle[0];
    let at = node(first).map(|first| {
        super::reference_location::reference_location(
            first,
            &name(cycle.get(1).unwrap_or(&cycle[0])),
        )
    });
    if cycle.len() == 1 {
        let error = Diagnostic::error(format!("`{}` reads itself", name(first))).at_maybe(at);
        return error.hint("to read the existing rows of the table, use `{{ this }}`");
    }
    let names: Vec<_> = cycle.iter().chain([&first]).map(|id| format!("`{}`", name(id))).collect();
    let mut error =
        Diagnostic::error(format!("dependency cycle: {}", names.join(" -> "))).at_maybe(at);
    for (index, id) in cycle.iter().enumerate() {
        let arrow = if index == 0 { "" } else { "-> " };
        error = error.note(format!(
            "{arrow}`{}` ({})",
            name(id),
            node(id).map_or("", |node| &node.file.path)
        ));
    }
    error.note(format!("-> `{}`", name(first))).hint("remove one of these references")
}
