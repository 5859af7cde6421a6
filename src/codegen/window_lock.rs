//! The lock of a batch's window: of two sessions that replace the same rows, one waits for the
//! other before it reads its inputs, so that it replaces what the other has inserted, and never
//! newer rows by older ones. A batch holds the lock of its period (an hour, a day) for itself.
//! Where the engine has shared locks, it shares those of the longer periods around it, so that
//! batches of other periods run at the same time, and batches of two sizes exclude each other.

use super::batches::Batches;
use crate::calendar::Grain;
use crate::diagnostics::Diagnostic;
use crate::dialect::{Slot, Sql, for_each};

/// The statements before and after those that replace the window, with slots for the window. Both
/// are empty if the dialect has no such locks; the second is, too, if the commit releases them.
pub(super) struct WindowLock {
    pub acquire: Sql,
    pub release: Sql,
}

impl WindowLock {
    pub(super) fn of(batches: &Batches) -> Result<Self, Diagnostic> {
        Ok(Self {
            acquire: statement(batches, ["window_lock", "exclusive_lock", "shared_lock"])?,
            release: statement(batches, ["window_unlock", "exclusive_unlock", "shared_unlock"])?,
        })
    }
}

/// A macro of the dialect that gets the text of the locks, each from one of two macros.
fn statement(batches: &Batches, [all, exclusive, shared]: [&str; 3]) -> Result<Sql, Diagnostic> {
    let Batches { dialect, batch_size, .. } = batches;
    let mut locks = String::new();
    for period in Grain::ALL.into_iter().rev().filter(|period| period >= batch_size) {
        let name = if period == *batch_size { exclusive } else { shared };
        if dialect.has_macro(name) {
            let lock = lock(batches, name, period)?;
            locks.push_str(&format!("{}{lock}\n{}", for_each(period), Slot::EachEnd));
        }
    }
    match locks.as_str() {
        "" => Ok(Sql::default()),
        _ => dialect.sql(all, &[("locks", Sql(locks).value())]),
    }
}

/// The lock of one period. `target_text` is the table as statements write it, which a dialect makes
/// independent of quotes; `period` is a space and the period's start in UTC.
fn lock(batches: &Batches, name: &str, period: Grain) -> Result<Sql, Diagnostic> {
    let Batches { dialect, target, .. } = batches;
    let start = match period {
        Grain::Hour => Slot::StartHour,
        Grain::Day => Slot::StartDay,
        Grain::Month => Slot::StartMonth,
        Grain::Year => Slot::StartYear,
    };
    let arguments = [
        ("target_text", dialect.string(&target.to_string()).value()),
        ("period", dialect.string(&format!(" {start}")).value()),
    ];
    dialect.sql(name, &arguments)
}
