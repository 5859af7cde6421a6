//! The table of a model, and the shadow table that a full refresh fills.

use crate::config::Node;
use crate::dialect::{Dialect, short_hash};
use crate::jinja::Relation;
use crate::plan::coverage::ModelTable;

/// The table of a model of the project.
pub(super) fn table_of(node: &Node) -> ModelTable {
    (node.unique_id.clone(), node.relation.to_string())
}

/// The shadow table that a full refresh fills and then swaps in. Its name contains a hash of the
/// query and the range, so that the rows of another rebuild are never reused.
pub fn shadow_relation(
    dialect: &Dialect,
    node: &Node,
    query: &str,
    windows: (&str, &str),
) -> Relation {
    let hash = &short_hash(&format!("{query}\0{}\0{}", windows.0, windows.1))[..8];
    let identifier = dialect.limited_name(&node.relation.identifier, &format!("refresh_{hash}"), 0);
    Relation { identifier, ..node.relation.clone() }
}
