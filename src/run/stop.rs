//! How far a run is asked to stop: Ctrl-C once lets the steps in flight end, twice ends them. SIGTERM and SIGHUP count alike.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Shared by all that must know.
#[derive(Clone, Default)]
pub struct Stop(Arc<AtomicUsize>);

impl Stop {
    /// Listens to the signals from now on. `told` is called at each, with how many there were.
    pub fn at_signals(told: impl Fn(usize) + Send + 'static) -> std::io::Result<Stop> {
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        let stop = Stop::default();
        let asked = stop.clone();
        thread::spawn(move || {
            for _ in signals.forever() {
                told(asked.0.fetch_add(1, Ordering::SeqCst) + 1);
            }
        });
        Ok(stop)
    }

    /// Nothing new is to start.
    pub fn soon(&self) -> bool {
        self.0.load(Ordering::SeqCst) > 0
    }

    /// What runs is to be ended.
    pub fn now(&self) -> bool {
        self.0.load(Ordering::SeqCst) > 1
    }
}
