//! The seconds of the tests of a run, by engine and of the longest ones.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use libtest_mimic::Trial;

/// The time of the passed tests. The sum is more than the elapsed time, because tests run in
/// parallel.
static DURATIONS: Mutex<Vec<(String, Duration)>> = Mutex::new(Vec::new());

/// A test whose time is added.
pub fn trial(name: String, case: impl FnOnce() + Send + 'static) -> Trial {
    Trial::test(name.clone(), move || {
        let start = Instant::now();
        case();
        DURATIONS.lock().unwrap().push((name, start.elapsed()));
        Ok(())
    })
}

/// The engine of a test: the first word of its module.
pub fn engine_of(name: &str) -> String {
    let module = name.split_once("::").map_or("none", |(module, _)| module);
    module.split('_').next().unwrap_or_default().to_string()
}

/// Prints the seconds of the engines and of the longest tests.
pub fn print_durations() {
    const LONGEST: usize = 20;
    let mut durations = DURATIONS.lock().unwrap();
    if durations.is_empty() {
        return;
    }
    let mut by_engine: BTreeMap<String, Duration> = BTreeMap::new();
    for (name, duration) in durations.iter() {
        *by_engine.entry(engine_of(name)).or_default() += *duration;
    }
    durations.sort_by_key(|(_, duration)| std::cmp::Reverse(*duration));
    durations.truncate(LONGEST);
    let mut by_engine: Vec<_> = by_engine.into_iter().collect();
    by_engine.sort_by_key(|(_, duration)| std::cmp::Reverse(*duration));
    for (title, rows) in [("by engine", &by_engine), ("of the longest tests", &*durations)] {
        let rows: Vec<String> =
            rows.iter().map(|(name, duration)| format!("{name} {}", duration.as_secs())).collect();
        println!("seconds {title}: {}", rows.join(", "));
    }
}
