//! Parents before children. Takes who reads whom; gives one order, the same on every machine, and refuses circles.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::Node;
use crate::diagnostics::{Diagnostic, Diagnostics};

type Edges = BTreeMap<String, BTreeSet<String>>;

/// Every unique id, parents before children, by name where the graph leaves it open; or every circle.
pub(super) fn order(nodes: &BTreeMap<String, Node>, parents: &Edges, children: &Edges) -> Result<Vec<String>, Diagnostics> {
    let mut open: BTreeMap<&str, usize> = nodes.keys().map(|id| (id.as_str(), parents.get(id).map_or(0, BTreeSet::len))).collect();
    let key = |id: &'_ str| nodes.get_key_value(id).map(|(id, node)| (node.name.as_str(), id.as_str()));
    let mut ready: BTreeSet<(&str, &str)> = open.iter().filter(|(_, waits)| **waits == 0).filter_map(|(id, _)| key(id)).collect();
    open.retain(|_, waits| *waits > 0);
    let mut order = Vec::new();
    let mut circles = Diagnostics::default();
    loop {
        while let Some((_, id)) = ready.pop_first() {
            order.push(id.to_string());
            for child in children.get(id).into_iter().flatten() {
                if let Some(waits) = open.get_mut(child.as_str()) {
                    *waits -= 1;
                    if *waits == 0 {
                        open.remove(child.as_str());
                        ready.extend(key(child));
                    }
                }
            }
        }
        // What is still open waits for a circle. Say it, take it as done, and go on: there may be another.
        let Some(circle) = circle(&open, parents) else { break };
        circles.0.push(drawn(&circle, nodes));
        for id in circle {
            open.remove(id);
            ready.extend(key(id));
        }
    }
    if circles.0.is_empty() { Ok(order) } else { Err(circles) }
}

/// One circle among the nodes that wait, from reader to read, beginning with the first in the alphabet.
fn circle<'a>(open: &BTreeMap<&'a str, usize>, parents: &'a Edges) -> Option<Vec<&'a str>> {
    let mut path: Vec<&str> = vec![open.keys().next()?];
    loop {
        // Whoever waits, waits for one who waits as well.
        let read = parents.get(*path.last()?)?.iter().find(|parent| open.contains_key(parent.as_str()))?;
        if let Some(place) = path.iter().position(|id| id == read) {
            let mut circle = path.split_off(place);
            let first = circle.iter().enumerate().min_by_key(|(_, id)| **id).map_or(0, |(place, _)| place);
            circle.rotate_left(first);
            return Some(circle);
        }
        path.push(read);
    }
}

fn drawn(circle: &[&str], nodes: &BTreeMap<String, Node>) -> Diagnostic {
    let node = |id: &str| nodes.get(id);
    let name = |id: &str| node(id).map_or(id, |node| &node.name).to_string();
    let first = circle[0];
    let at = node(first).map(|first| super::quoted(first, &name(circle.get(1).unwrap_or(&circle[0]))));
    if circle.len() == 1 {
        let wrong = Diagnostic::error(format!("`{}` reads itself", name(first))).at_maybe(at);
        return wrong.hint("for the rows that are in the table already, read `{{ this }}`");
    }
    let names: Vec<_> = circle.iter().chain([&first]).map(|id| format!("`{}`", name(id))).collect();
    let mut wrong = Diagnostic::error(format!("{}: a circle", names.join(" reads "))).at_maybe(at);
    for (place, id) in circle.iter().enumerate() {
        let arrow = if place == 0 { "" } else { "→ " };
        wrong = wrong.fact(format!("{arrow}`{}` ({})", name(id), node(id).map_or("", |node| &node.file.path)));
    }
    wrong.fact(format!("→ `{}`", name(first))).hint("take one of these references away")
}
