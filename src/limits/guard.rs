//! Runs the work for one model within limits. Takes the model's file and the work; returns its
//! result, or an error if it exceeds the limits or panics.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, Location, PanicHookInfo, catch_unwind};
use std::time::Instant;

use super::{MEMORY_MIB, memory, restart, timeout, watchdog};
use crate::diagnostics::{Diagnostic, Diagnostics, SourceFile};

/// The clock is read once per this number of checks.
const CHECKS_PER_CLOCK: u32 = 64;

/// The limit that the work exceeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exceeded {
    Memory,
    Time,
}

/// The limits of the work on the current thread.
#[derive(Clone, Copy)]
struct Budget {
    /// The bytes that the thread held when the work began.
    held: isize,
    deadline: Option<Instant>,
    checks: u32,
    exceeded: Option<Exceeded>,
    /// Whether this is the budget of one rendering.
    is_renewed: bool,
    /// The id of the work in the watchdog.
    watch_id: Option<u64>,
}

impl Budget {
    fn new(watch_id: Option<u64>) -> Budget {
        Budget {
            held: memory::held(),
            deadline: timeout::deadline(),
            checks: 0,
            exceeded: None,
            is_renewed: false,
            watch_id,
        }
    }
}

thread_local! {
    static BUDGET: Cell<Option<Budget>> = const { Cell::new(None) };
    /// The message of the last panic within guarded work, with its location in the source.
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Turns panics into messages.
pub fn install() {
    std::panic::set_hook(Box::new(record_panic));
}

/// Sets the maximum time of the work for one model in seconds; 0 for no limit.
pub fn set_timeout(seconds: u64) {
    timeout::set_seconds(seconds);
    if seconds > 0 {
        watchdog::start();
    }
}

/// Runs `work`, which is about `file`. Nested calls share the limits of the outer one.
#[track_caller]
pub fn guarded<T>(
    file: &SourceFile,
    work: impl FnOnce() -> Result<T, Diagnostics>,
) -> Result<T, Diagnostics> {
    if BUDGET.get().is_some() {
        return work();
    }
    let watch_id = match timeout::deadline() {
        Some(deadline) => {
            let name = restart::name(file, Location::caller());
            if restart::was_overdue(&name) {
                return Err(timeout::error(timeout::seconds()).at(file.line(1)).into());
            }
            Some(watchdog::Watched::new(deadline, file, timeout::seconds(), name))
        }
        None => None,
    };
    BUDGET.set(Some(Budget::new(watch_id.as_ref().map(watchdog::Watched::number))));
    let outcome = catch_unwind(AssertUnwindSafe(work));
    let exceeded = BUDGET.take().and_then(|budget| budget.exceeded);
    match (outcome, exceeded) {
        (Ok(Err(errors)), Some(_)) => Err(errors),
        (Ok(Ok(_)), Some(exceeded)) => Err(exceeded.diagnostic().at(file.line(1)).into()),
        (Ok(result), None) => result,
        (Err(_), _) => Err(internal_error(file).into()),
    }
}

/// Runs a part of the work, such as the rendering of one batch, with a budget as large as the
/// whole: only its own memory counts, and its time begins now. A nested part has no budget of its
/// own.
pub fn with_new_budget<T>(work: impl FnOnce() -> T) -> T {
    let Some(outer) = BUDGET.get().filter(|budget| !budget.is_renewed) else { return work() };
    let renew = || {
        let budget = Budget::new(outer.watch_id);
        if let (Some(deadline), Some(number)) = (budget.deadline, outer.watch_id) {
            watchdog::renew(number, deadline);
        }
        budget
    };
    BUDGET.set(Some(Budget { is_renewed: true, exceeded: outer.exceeded, ..renew() }));
    let done = work();
    let exceeded = BUDGET.get().and_then(|budget| budget.exceeded);
    BUDGET.set(Some(Budget { held: outer.held, exceeded, ..renew() }));
    done
}

/// Returns an error if the work exceeds a limit.
pub fn check() -> Result<(), Exceeded> {
    check_allocation(0)
}

/// Returns an error if an allocation of this many bytes would exceed the limit.
pub fn check_allocation(bytes: usize) -> Result<(), Exceeded> {
    let Some(mut budget) = BUDGET.get() else { return Ok(()) };
    if budget.exceeded.is_none() {
        budget.checks += 1;
        let held = memory::held().saturating_sub(budget.held).saturating_add_unsigned(bytes);
        let is_late = |deadline: Instant| {
            budget.checks.is_multiple_of(CHECKS_PER_CLOCK) && Instant::now() > deadline
        };
        if held > (MEMORY_MIB << 20) as isize {
            budget.exceeded = Some(Exceeded::Memory);
        } else if budget.deadline.is_some_and(is_late) {
            budget.exceeded = Some(Exceeded::Time);
        }
        BUDGET.set(Some(budget));
    }
    budget.exceeded.map_or(Ok(()), Err)
}

/// Whether the work exceeds a limit, for work that cannot fail and whose result is then discarded.
pub fn exceeded() -> bool {
    check().is_err()
}

impl Exceeded {
    /// The error, without a location.
    pub fn diagnostic(self) -> Diagnostic {
        match self {
            Exceeded::Memory => {
                Diagnostic::error(format!("the model needs more than {MEMORY_MIB} MiB of memory"))
                    .hint("look for a text or a list that grows with each step of a loop")
            }
            Exceeded::Time => timeout::error(timeout::seconds()),
        }
    }
}

fn record_panic(panic: &PanicHookInfo) {
    let message = panic.payload_as_str().unwrap_or("no message");
    let location =
        panic.location().map(|at| format!("{}:{}: ", at.file(), at.line())).unwrap_or_default();
    let message = format!("{location}{message}");
    if BUDGET.get().is_some() {
        PANIC.replace(Some(message));
    } else {
        eprintln!(
            "error: internal error in batchwright: {message}\n\nhint: please report it, with the \
             command and the project\n"
        );
    }
}

fn internal_error(file: &SourceFile) -> Diagnostic {
    let message = PANIC.take().unwrap_or_else(|| "no message".to_string());
    Diagnostic::error("internal error in batchwright while compiling this file")
        .at(file.line(1))
        .note(message)
        .hint("please report it, with this file; `--exclude` skips the model")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_of_its_file() {
        let file = SourceFile::new("models/a.sql", "select 1\n");
        let errors = guarded::<()>(&file, || panic!("at the end of {}", 1)).unwrap_err();
        assert_eq!(
            errors.0[0].at.as_ref().map(|at| (&*at.file.path, at.line())),
            Some(("models/a.sql", 1))
        );
        assert_eq!(guarded(&file, || Ok(1)), Ok(1));
    }

    #[test]
    fn a_part_has_its_own_budget() {
        let file = SourceFile::new("models/a.sql", "select 1\n");
        let part = || with_new_budget(|| with_new_budget(|| check_allocation(200 << 20)));
        assert_eq!(guarded(&file, || Ok((part(), part()))), Ok((Ok(()), Ok(()))));
        assert!(guarded(&file, || Ok(with_new_budget(|| check_allocation(1 << 30)))).is_err());
    }

    #[test]
    fn exceeded_limits_are_errors_for_any_result() {
        let file = SourceFile::new("models/a.sql", "select 1\n");
        let errors = guarded(&file, || Ok(check_allocation(1 << 30).is_err())).unwrap_err();
        assert_eq!(errors.0[0].message, "the model needs more than 256 MiB of memory");
        assert_eq!(check_allocation(1 << 30), Ok(()), "outside of guarded work there is no limit");
    }
}
