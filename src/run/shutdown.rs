//! Shutdown requests: the first Ctrl-C lets the running steps finish, the second one kills them.
//! SIGTERM and SIGHUP have the same effect.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// The number of requests, shared by all threads.
#[derive(Clone, Default)]
pub struct Shutdown(Arc<AtomicUsize>);

impl Shutdown {
    /// Handles the signals from now on. Calls `on_signal` for each, with the number of signals so
    /// far.
    pub fn at_signals(on_signal: impl Fn(usize) + Send + 'static) -> std::io::Result<Shutdown> {
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        let shutdown = Shutdown::default();
        let requests = shutdown.clone();
        thread::spawn(move || {
            for _ in signals.forever() {
                on_signal(requests.0.fetch_add(1, Ordering::SeqCst) + 1);
            }
        });
        Ok(shutdown)
    }

    /// Whether no further step may start.
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::SeqCst) > 0
    }

    /// Whether running steps must be killed.
    pub fn is_immediate(&self) -> bool {
        self.0.load(Ordering::SeqCst) > 1
    }
}
