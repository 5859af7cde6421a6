//! The work for one model, surrounded. Takes the model's file and the work; gives its result, or
//! the error that it costs too much, or that the program has a fault there.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use super::{MEMORY_MIB, memory, watchdog};
use crate::diagnostics::{Diagnostic, Diagnostics, SourceFile, counted};

/// Seconds that the work for one model may take; 0 for no limit. Set once, before there is work,
/// and read by every thread that works.
static SECONDS: AtomicU64 = AtomicU64::new(0);

/// The clock is read once in so many checks.
const CHECKS_PER_CLOCK: u32 = 64;

/// Why the work must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exceeded {
    Memory,
    Time,
}

/// What the work that this thread does may still cost.
#[derive(Clone, Copy)]
struct Budget {
    /// The bytes that the thread held when the work began.
    held: isize,
    deadline: Option<Instant>,
    checks: u32,
    exceeded: Option<Exceeded>,
    /// Whether this is the budget of one rendering.
    is_renewed: bool,
    /// The number of the work for the watchdog.
    watched: Option<u64>,
}

impl Budget {
    fn new(watched: Option<u64>) -> Budget {
        Budget {
            held: memory::held(),
            deadline: deadline(),
            checks: 0,
            exceeded: None,
            is_renewed: false,
            watched,
        }
    }
}

/// When work that begins now must be done.
fn deadline() -> Option<Instant> {
    let seconds = SECONDS.load(Relaxed);
    (seconds > 0).then(|| Instant::now() + Duration::from_secs(seconds))
}

thread_local! {
    static BUDGET: Cell<Option<Budget>> = const { Cell::new(None) };
    /// The message of the last panic within guarded work, with its place in the source.
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Makes messages out of panics.
pub fn install() {
    std::panic::set_hook(Box::new(note_panic));
}

/// Sets how many seconds the work for one model may take; 0 for no limit.
pub fn allow(seconds: u64) {
    SECONDS.store(seconds, Relaxed);
    if seconds > 0 {
        watchdog::start();
    }
}

/// Does `work`, which is about `file`. Work within other such work shares its limits.
pub fn guarded<T>(
    file: &SourceFile,
    work: impl FnOnce() -> Result<T, Diagnostics>,
) -> Result<T, Diagnostics> {
    if BUDGET.get().is_some() {
        return work();
    }
    let watched =
        deadline().map(|deadline| watchdog::Watched::new(deadline, file, SECONDS.load(Relaxed)));
    BUDGET.set(Some(Budget::new(watched.as_ref().map(watchdog::Watched::number))));
    let outcome = catch_unwind(AssertUnwindSafe(work));
    let exceeded = BUDGET.take().and_then(|budget| budget.exceeded);
    match (outcome, exceeded) {
        (Ok(Err(errors)), Some(_)) => Err(errors),
        (Ok(Ok(_)), Some(exceeded)) => Err(exceeded.diagnostic().at(file.line(1)).into()),
        (Ok(result), None) => result,
        (Err(_), _) => Err(fault(file).into()),
    }
}

/// Does a part of the work, such as the rendering of one batch of many, which may cost as much as
/// the whole: only what it holds itself counts, and its time begins now. A part of such a part has
/// no budget of its own.
pub fn renewed<T>(work: impl FnOnce() -> T) -> T {
    let Some(outer) = BUDGET.get().filter(|budget| !budget.is_renewed) else { return work() };
    let renew = || {
        let budget = Budget::new(outer.watched);
        if let (Some(deadline), Some(number)) = (budget.deadline, outer.watched) {
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

/// Refuses to go on where the work has cost too much.
pub fn check() -> Result<(), Exceeded> {
    room(0)
}

/// Refuses to make something of so many bytes where that would cost too much.
pub fn room(bytes: usize) -> Result<(), Exceeded> {
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

/// Whether the work has cost too much, for work that cannot fail: what it gives is not used.
pub fn exceeded() -> bool {
    check().is_err()
}

impl Exceeded {
    /// The error, without its place.
    pub fn diagnostic(self) -> Diagnostic {
        match self {
            Exceeded::Memory => {
                Diagnostic::error(format!("the model needs more than {MEMORY_MIB} MiB of memory"))
                    .hint("look for a text or a list that grows with each step of a loop")
            }
            Exceeded::Time => late(SECONDS.load(Relaxed)),
        }
    }
}

pub(super) fn late(seconds: u64) -> Diagnostic {
    let seconds = counted(seconds, "second");
    Diagnostic::error(format!("the model is not compiled after {seconds}")).hint(
        "look for a loop that does too much; `--model-timeout SECONDS` allows more time, \
            `--model-timeout 0` any",
    )
}

fn note_panic(panic: &PanicHookInfo) {
    let message = panic.payload_as_str().unwrap_or("no message");
    let location =
        panic.location().map(|at| format!("{}:{}: ", at.file(), at.line())).unwrap_or_default();
    let message = format!("{location}{message}");
    if BUDGET.get().is_some() {
        PANIC.replace(Some(message));
    } else {
        eprintln!(
            "error: batchwright has a fault: {message}\n\nhint: please report it, with the \
             command and the project\n"
        );
    }
}

fn fault(file: &SourceFile) -> Diagnostic {
    let message = PANIC.take().unwrap_or_else(|| "no message".to_string());
    Diagnostic::error("batchwright has a fault that this file brings out")
        .at(file.line(1))
        .fact(message)
        .hint("please report it, with this file; `--exclude` leaves the model out")
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
    fn a_part_has_a_budget_of_its_own() {
        let file = SourceFile::new("models/a.sql", "select 1\n");
        let part = || renewed(|| renewed(|| room(200 << 20)));
        assert_eq!(guarded(&file, || Ok((part(), part()))), Ok((Ok(()), Ok(()))));
        assert!(guarded(&file, || Ok(renewed(|| room(1 << 30)))).is_err());
    }

    #[test]
    fn what_has_cost_too_much_is_an_error_whatever_comes_of_it() {
        let file = SourceFile::new("models/a.sql", "select 1\n");
        let errors = guarded(&file, || Ok(room(1 << 30).is_err())).unwrap_err();
        assert_eq!(errors.0[0].message, "the model needs more than 256 MiB of memory");
        assert_eq!(room(1 << 30), Ok(()), "outside of guarded work there is no limit");
    }
}
