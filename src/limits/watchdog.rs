//! Restarts the command without the work for a model if that exceeds its time and reaches no check,
//! for example in a parser or a comparison of values. Files are written only after all models are
//! compiled, so no partial output remains.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::{restart, timeout};
use crate::diagnostics::{self, SourceFile};

/// The running work, by id.
static WORK: Mutex<BTreeMap<u64, Work>> = Mutex::new(BTreeMap::new());

static NEXT: AtomicU64 = AtomicU64::new(0);

static STARTED: Once = Once::new();

/// The time that the work may continue after its deadline, since most of it ends at the next check
/// with a better error.
const GRACE: Duration = Duration::from_secs(2);

const POLL_INTERVAL: Duration = Duration::from_millis(250);

struct Work {
    deadline: Instant,
    file: SourceFile,
    seconds: u64,
    /// The name of the work for [`restart`].
    name: String,
}

fn work() -> MutexGuard<'static, BTreeMap<u64, Work>> {
    WORK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Registers work with the watchdog until it is dropped.
pub struct Watched(u64);

impl Watched {
    pub fn new(deadline: Instant, file: &SourceFile, seconds: u64, name: String) -> Watched {
        let id = NEXT.fetch_add(1, Relaxed);
        work().insert(id, Work { deadline, file: file.clone(), seconds, name });
        Watched(id)
    }
}

impl Watched {
    pub fn number(&self) -> u64 {
        self.0
    }
}

/// Extends the deadline of the work.
pub fn renew(number: u64, deadline: Instant) {
    if let Some(work) = work().get_mut(&number) {
        work.deadline = deadline;
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        work().remove(&self.0);
    }
}

pub fn start() {
    STARTED.call_once(|| drop(thread::Builder::new().name("watchdog".to_string()).spawn(watch)));
}

fn watch() {
    loop {
        thread::sleep(POLL_INTERVAL);
        let now = Instant::now();
        let work = work();
        let mut overdue = work.values().filter(|work| now > work.deadline + GRACE).peekable();
        let Some(first) = overdue.peek() else { continue };
        let error = timeout::error(first.seconds).at(first.file.line(1));
        restart::restart(overdue.map(|work| work.name.clone()));
        let text = format!("{}\n\n", diagnostics::print(&error, false));
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
        std::process::exit(2);
    }
}
