//! The lock of a batch's window: of two transactions that replace the same rows, one waits for the
//! other, so that its delete sees what the other has inserted. A batch holds the lock of its
//! period (an hour, a day) for itself and shares those of the longer periods around it, so that
//! batches of other periods run at the same time, and batches of two sizes exclude each other.

use super::batches::Batches;
use crate::calendar::Grain;
use crate::diagnostics::Diagnostic;
use crate::dialect::{Dialect, Slot, Sql, for_each};
use crate::jinja::Relation;

/// The statement, with slots for the window. Empty if the dialect has no such locks.
pub(super) fn window_lock(batches: &Batches) -> Result<Sql, Diagnostic> {
    let Batches { dialect, target, batch_size, .. } = batches;
    if !dialect.has_macro("window_lock") {
        return Ok(Sql::default());
    }
    let mut locks = String::new();
    for period in Grain::ALL.into_iter().rev().filter(|period| period >= batch_size) {
        let name = if period == *batch_size { "exclusive_lock" } else { "shared_lock" };
        let lock = dialect.sql(name, &[("key", key(dialect, target, period).value())])?;
        locks.push_str(&format!("{}{lock}\n{}", for_each(period), Slot::EachEnd));
    }
    dialect.sql("window_lock", &[("locks", Sql(locks).value())])
}

/// The text that names a period of a table, in UTC.
fn key(dialect: &Dialect, target: &Relation, period: Grain) -> Sql {
    let period = match period {
        Grain::Hour => Slot::StartHour,
        Grain::Day => Slot::StartDay,
        Grain::Month => Slot::StartMonth,
        Grain::Year => Slot::StartYear,
    };
    dialect.string(&format!("{target} {period}"))
}
