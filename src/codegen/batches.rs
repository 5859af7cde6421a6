//! What the statements of all batches of one model have in common.

use super::inputs::InputEntry;
use super::ledger::RowKind;
use super::staged_tables::StagedTables;
use super::strategy::Strategy;
use crate::calendar::Grain;
use crate::config::{Microbatch, Node, OutsideWindow};
use crate::diagnostics::Diagnostic;
use crate::dialect::staged_text::staged_part;
use crate::dialect::{Dialect, Sql};
use crate::inject::ResultColumn;
use crate::jinja::Relation;

/// What all batches of one model have in common.
pub struct Batches<'a> {
    pub dialect: &'a Dialect,
    pub node: &'a Node,
    pub settings: &'a Microbatch,
    /// The size of the windows, of which the first and the last one may be shorter.
    pub batch_size: Grain,
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
    /// The tables of a staged backfill.
    pub staged: Option<&'a StagedTables>,
}

impl Batches<'_> {
    /// The statement that withdraws the approval of the staged rows; empty if they are not staged.
    pub(super) fn withdrawal(&self) -> Result<Sql, Diagnostic> {
        let withdraw = |tables: &StagedTables| tables.withdraw_approval(self.dialect);
        Ok(self.of_staged(self.staged.map(withdraw).transpose()?))
    }

    /// The statement that fails if the staged rows are published; empty if they are not staged.
    pub(super) fn reject_published(&self) -> Result<Sql, Diagnostic> {
        let reject =
            |tables: &StagedTables| tables.reject_published(self.dialect, self.node, "a batch");
        Ok(self.of_staged(self.staged.map(reject).transpose()?))
    }

    /// The same statements within the transaction of the batch. A publication reads the approval,
    /// so that one of the two waits for the other.
    pub(super) fn withdrawal_within(&self) -> Result<Sql, Diagnostic> {
        let (withdrawal, reject) = (self.withdrawal()?, self.reject_published()?);
        Ok(Sql(format!("{withdrawal}\n\n{reject}").trim().to_string()))
    }

    /// The statement with markers if the plan has a ledger: the hash in the ledger row is that of
    /// the file without it.
    fn of_staged(&self, statement: Option<Sql>) -> Sql {
        match statement {
            Some(statement) if self.dialect.ledger_table.is_some() => {
                Sql(staged_part(&statement.0))
            }
            statement => statement.unwrap_or_default(),
        }
    }
}
