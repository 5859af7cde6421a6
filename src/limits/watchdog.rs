//! Ends the process where the work for a model takes longer than it may and comes to no check: a
//! parser, a comparison of values. Nothing is written before all models are compiled, so that
//! nothing is left half-done.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::guard::late;
use crate::diagnostics::{self, SourceFile};

/// What is worked on, by number.
static WORK: Mutex<BTreeMap<u64, Work>> = Mutex::new(BTreeMap::new());

static NEXT: AtomicU64 = AtomicU64::new(0);

static STARTED: Once = Once::new();

/// How long the work may go on after its time is over, because most of it ends at the next check
/// with a better error.
const GRACE: Duration = Duration::from_secs(2);

const LOOK: Duration = Duration::from_millis(250);

struct Work {
    deadline: Instant,
    file: SourceFile,
    seconds: u64,
}

fn work() -> MutexGuard<'static, BTreeMap<u64, Work>> {
    WORK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Work that is looked after as long as this value is there.
pub struct Watched(u64);

impl Watched {
    pub fn new(deadline: Instant, file: &SourceFile, seconds: u64) -> Watched {
        let id = NEXT.fetch_add(1, Relaxed);
        work().insert(id, Work { deadline, file: file.clone(), seconds });
        Watched(id)
    }
}

impl Watched {
    pub fn number(&self) -> u64 {
        self.0
    }
}

/// Gives work more time.
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
        thread::sleep(LOOK);
        let now = Instant::now();
        let overdue = work()
            .values()
            .find(|work| now > work.deadline + GRACE)
            .map(|work| late(work.seconds).at(work.file.line(1)));
        if let Some(error) = overdue {
            let text = format!("{}\n\n", diagnostics::print(&error, false));
            let _ = std::io::stderr().lock().write_all(text.as_bytes());
            std::process::exit(2);
        }
    }
}
