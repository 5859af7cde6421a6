//! Maps a function over a slice on all processors; results have the order of the items.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::{Diagnostics, collect};

/// The stack size of the threads, in bytes: a query may be nested deeply, and a new stack per query
/// costs more than parsing it. The system provides memory for the used part only.
pub const STACK_BYTES: usize = 256 << 20;

/// Below this number of items a thread costs more than it saves.
const MIN_ITEMS: usize = 8;

/// Like [`collect`], on all processors: all results, or all errors, in the order of the items.
pub fn try_par_map<I: Sync, T: Send>(
    items: &[I],
    each: impl Fn(&I) -> Result<T, Diagnostics> + Sync,
) -> Result<Vec<T>, Diagnostics> {
    collect(par_map(items, each), |result| result)
}

/// Calls `each` for every item on all processors; the results are in the order of the items.
pub fn par_map<I: Sync, T: Send>(items: &[I], each: impl Fn(&I) -> T + Sync) -> Vec<T> {
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get).min(items.len());
    if threads < 2 || items.len() < MIN_ITEMS {
        return items.iter().map(each).collect();
    }
    let next = AtomicUsize::new(0);
    let work = || {
        let claimed = std::iter::from_fn(|| {
            let index = next.fetch_add(1, Relaxed);
            Some((index, items.get(index)?))
        });
        claimed.map(|(index, item)| (index, each(item))).collect::<Vec<_>>()
    };
    let mut results: Vec<(usize, T)> = std::thread::scope(|scope| {
        // If the system refuses a thread, the others do its work.
        let spawn = |_| {
            let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
            thread.spawn_scoped(scope, work).ok()
        };
        let others: Vec<_> = (1..threads).filter_map(spawn).collect();
        let mut results = work();
        for other in others {
            results.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        results
    });
    results.sort_unstable_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}
