//! What the page shows of a plan's ledger: when each step was written, and by which plan. Takes the
//! manifest and the rows, if they were read; returns texts.

use minijinja::Value;

use crate::calendar::Instant;
use crate::diagnostics::counted;
use crate::plan::LedgerEntry;
use crate::plan::manifest::{Manifest, PlannedStep};
use crate::run::ledger_steps::{LedgerStep, LedgerSteps, LedgerWriter, writes_row};

/// The ledger of a plan.
pub struct PageLedger<'a> {
    entry: Option<&'a LedgerEntry>,
    rows: Option<&'a LedgerSteps>,
}

impl<'a> PageLedger<'a> {
    pub fn new(manifest: &'a Manifest, rows: Option<&'a LedgerSteps>) -> PageLedger<'a> {
        PageLedger { entry: manifest.about.ledger.as_ref(), rows }
    }

    /// The table, and how much of the plan it has; undefined without a ledger.
    pub fn summary(&self) -> Value {
        let Some(entry) = self.entry else { return Value::from(()) };
        let status = self.rows.map(|rows| match rows.of_plan(&entry.plan_fingerprint) {
            (0, _) => "no step of this plan".to_string(),
            (steps, newest) => {
                let newest = newest.map(|at| format!(", the last one {}", time(at)));
                format!("{} of this plan{}", counted(steps, "step"), newest.unwrap_or_default())
            }
        });
        minijinja::context! { table => entry.table.as_str(), status }
    }

    /// The row of a step; empty if the ledger was not read or the step writes none.
    pub fn of_step(&self, step: &PlannedStep) -> String {
        let (Some(entry), Some(rows)) = (self.entry, self.rows) else { return String::new() };
        let written = |row: LedgerStep| match row.rows {
            Some(1) => format!("written {}, 1 row", time(row.at)),
            Some(rows) => format!("written {}, {rows} rows", time(row.at)),
            None => format!("written {}", time(row.at)),
        };
        match rows.writer(step, &entry.plan_fingerprint) {
            Some(LedgerWriter::Plan(row)) => written(row),
            Some(LedgerWriter::OtherPlan(row)) => {
                format!("{}, by another plan with the same statement", written(row))
            }
            Some(LedgerWriter::OtherStatement(row)) => {
                format!("{}, by another statement", written(row))
            }
            None if writes_row(step) => "no row".to_string(),
            None => String::new(),
        }
    }
}

fn time(at: Instant) -> String {
    format!("{} UTC", at.format("%Y-%m-%d %H:%M:%S"))
}
