//! What the statements of all batches of one model have in common.

use super::inputs::InputEntry;
use super::ledger::RowKind;
use super::strategy::Strategy;
use crate::config::{Microbatch, Node, OutsideWindow};
use crate::dialect::Dialect;
use crate::inject::ResultColumn;
use crate::jinja::Relation;

/// What all batches of one model have in common.
pub struct Batches<'a> {
    pub dialect: &'a Dialect,
    pub node: &'a Node,
    pub settings: &'a Microbatch,
    /// The table that is written: that of the model, or the shadow table of a full refresh.
    pub target: &'a Relation,
    /// The query with its filters, which contain slots for the window.
    pub query: &'a str,
    pub columns: Option<&'a [ResultColumn]>,
    pub mode: OutsideWindow,
    pub strategy: &'a Strategy,
    pub inputs: &'a [InputEntry],
    /// Maximum length of a label.
    pub label_length: usize,
    /// What their rows of the ledger say.
    pub row_kind: RowKind,
    /// Whether each batch runs after the one before it.
    pub in_order: bool,
}
