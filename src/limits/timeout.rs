//! The maximum time of the work for one model.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::diagnostics::{Diagnostic, counted};

/// In seconds; 0 for no limit. It is set before the work begins.
static SECONDS: AtomicU64 = AtomicU64::new(0);

pub fn seconds() -> u64 {
    SECONDS.load(Relaxed)
}

pub fn set_seconds(seconds: u64) {
    SECONDS.store(seconds, Relaxed);
}

/// The deadline of work that begins now.
pub fn deadline() -> Option<Instant> {
    let seconds = seconds();
    (seconds > 0).then(|| Instant::now() + Duration::from_secs(seconds))
}

/// The error for work that takes more than this number of seconds.
pub fn error(seconds: u64) -> Diagnostic {
    let seconds = counted(seconds, "second");
    Diagnostic::error(format!("compiling the model takes more than {seconds}")).hint(
        "look for a loop with too many steps; `--model-timeout SECONDS` sets the limit, \
            `--model-timeout 0` removes it",
    )
}
