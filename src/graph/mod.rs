//! The dependency graph. Takes the nodes; returns the graph in topological order, and resolves
//! selections in it. Rejects unknown references (with the most similar name), duplicate nodes, and
//! cycles (which the message shows).

mod access;
pub mod changes;
mod json_values;
mod link;
mod lookup;
mod order;
mod plan_graph;
mod primary_key;
mod reference_location;
mod resource_json;
mod resources;
#[cfg(test)]
mod sample;
mod select;
mod semantic_json;
mod semantic_layer;

use std::collections::{BTreeMap, BTreeSet};

use crate::config::{Kind, Materialization, Node};

pub use json_values::TargetNames;
pub use link::link;
use link::referenced;
use lookup::{NameIndex, source};
pub use lookup::{RefSearch, SeenFrom};
pub use plan_graph::PlanModel;
use resources::Resources;
pub use select::{PreviousState, Selected, Selection};

/// The nodes by unique id, and their dependencies.
#[derive(Debug)]
pub struct Graph {
    pub nodes: BTreeMap<String, Node>,
    /// The unique ids that a node reads directly.
    pub parents: BTreeMap<String, BTreeSet<String>>,
    pub children: BTreeMap<String, BTreeSet<String>>,
    /// The unique ids that nodes with errors read, and the nodes with errors that others read.
    /// Nodes with errors are not in `nodes`.
    of_broken: BTreeMap<String, BTreeSet<String>>,
    /// Every unique id, parents before children, then by name.
    pub order: Vec<String>,
    /// The root project's name.
    pub root: String,
    names: NameIndex,
    /// Unique ids of the nodes that write a table, by its name in lower case.
    tables: BTreeMap<String, Vec<String>>,
    /// Unique ids, in order.
    sources: Vec<String>,
    /// The unique ids of sources, in the order of the properties files.
    declared_sources: Vec<String>,
    /// Tests, exposures and other resources, which a selection can name.
    resources: Resources,
}

impl Graph {
    /// The unique ids that a node reads directly, including nodes with errors. As in dbt: sources,
    /// then other nodes, each in the order of the calls.
    pub fn reads(&self, id: &str) -> Vec<String> {
        let mut unordered: BTreeSet<&String> = [&self.parents, &self.of_broken]
            .into_iter()
            .filter_map(|of| of.get(id))
            .flatten()
            .collect();
        let mut reads = Vec::new();
        if let Some(node) = self.nodes.get(id) {
            let sources = node.sources.iter().filter_map(|(of, table)| {
                source(&self.nodes, &self.names, &node.package, of, table).ok()
            });
            let read = |call| referenced(&self.nodes, &self.names, node, call).ok();
            let refs = node.refs.iter().filter_map(read);
            let called = sources.chain(refs).map(|read| &read.unique_id);
            reads.extend(called.filter(|read| unordered.remove(read)).cloned());
        }
        reads.extend(unordered.into_iter().cloned());
        reads
    }

    /// The sources, in the order of their unique ids.
    pub fn sources(&self) -> impl Iterator<Item = &Node> {
        self.sources.iter().map(|id| &self.nodes[id])
    }

    /// The other nodes that write the table of `node`, if names are compared without case.
    pub fn other_writers(&self, node: &Node) -> impl Iterator<Item = &Node> {
        let all = self.tables.get(&node.relation.to_string().to_lowercase()).into_iter().flatten();
        all.filter(|id| **id != node.unique_id).map(|id| &self.nodes[id])
    }
}

/// Whether a node creates a relation.
fn writes(node: &Node) -> bool {
    node.kind != Kind::Source && !matches!(node.materialization, Materialization::Ephemeral)
}
