//! Who reads whom. Takes the nodes; gives the graph, in order, and what a selection means in it. Refuses references to
//! nothing (with the nearest name), two nodes of one name, and cycles (drawn in the message).

mod select;

use std::collections::{BTreeMap, BTreeSet};

use crate::config::Node;
use crate::diagnostics::{Diagnostic, Diagnostics, SourceFile};
use crate::jinja::{Lookup, Referent};

/// The nodes by unique id, and who reads whom.
pub struct Graph {
    pub nodes: BTreeMap<String, Node>,
    /// Unique ids that a node reads, directly.
    pub parents: BTreeMap<String, BTreeSet<String>>,
    pub children: BTreeMap<String, BTreeSet<String>>,
    /// Every unique id, parents before children, by name where the graph leaves it open.
    pub order: Vec<String>,
    /// The root project's name: `ref()` looks there first.
    pub root: String,
}

/// Links the nodes of a project whose root package is `root`.
pub fn link(_nodes: Vec<Node>, _root: &str) -> Result<Graph, Diagnostics> {
    todo!()
}

/// What the command line selected: dbt's grammar.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// `--select`, each argument; empty for everything (or the default selector of `selectors.yml`).
    pub select: Vec<String>,
    pub exclude: Vec<String>,
    pub selector: Option<String>,
}

impl Graph {
    /// The unique ids that were selected, in [`Graph::order`]. `selectors` is the project's `selectors.yml`.
    /// A selector that matches nothing is an error that suggests the nearest name.
    pub fn select(&self, _selection: &Selection, _selectors: Option<&SourceFile>) -> Result<Vec<&Node>, Diagnostics> {
        todo!()
    }
}

impl Lookup for Graph {
    fn reference(&self, _package: Option<&str>, _name: &str, _version: Option<&str>) -> Result<Referent, Diagnostic> {
        todo!()
    }

    fn source(&self, _source: &str, _table: &str) -> Result<Referent, Diagnostic> {
        todo!()
    }
}
