//! `kill -9` at random moments, of batchwright and of its client: no finished step is run again, and the table is right in the end.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use crate::batchwright::{batchwright, ended, journal, start};
use crate::days::{Days, assert_whole, sales};
use crate::engine::{Case, Engine};

pub const CASES: &[Case] = &[
    ("batchwright_is_killed_at_random_moments", batchwright_is_killed_at_random_moments),
    ("the_client_is_killed_at_random_moments", the_client_is_killed_at_random_moments),
];

/// On each engine; `BATCHWRIGHT_KILLS` asks for more.
fn kills() -> usize {
    std::env::var("BATCHWRIGHT_KILLS").ok().and_then(|number| number.parse().ok()).unwrap_or(25)
}

fn batchwright_is_killed_at_random_moments(engine: &dyn Engine) {
    let mut killed = 0;
    let mut moments = Moments(engine.dialect().len() as u64);
    while killed < kills() {
        let database = engine.database();
        sales(&*database);
        let plan = Days::of(30);
        let folder = plan.write();
        let client = database.session();
        let mut longest = 150;
        loop {
            let before = journal(&folder).len();
            let mut run = start("run", &folder, &["--resume"], &client);
            sleep(moments.next(longest));
            if run.try_wait().unwrap().is_some_and(|status| status.success()) {
                break;
            }
            run.kill().unwrap();
            run.wait().unwrap();
            killed += 1;
            // Where the machine is too busy for a run to begin, more time is wanted.
            longest += if journal(&folder).len() == before { 150 } else { 0 };
        }
        assert_nothing_twice(&folder);
        assert_whole(&*database);
        assert_eq!(database.rows("select days from report"), ["60"]);
    }
}

/// A step that ended well was begun by no later run.
fn assert_nothing_twice(plan: &Path) {
    let mut done = BTreeSet::new();
    for entry in journal(plan) {
        let Some(step) = entry["step"].as_str() else { continue };
        assert!(!done.contains(step), "`{step}` was done and begun again");
        if entry["event"] == "step" && entry["outcome"] == "success" {
            done.insert(step.to_string());
        }
    }
    assert_eq!(done.len(), 32);
}

fn the_client_is_killed_at_random_moments(engine: &dyn Engine) {
    let database = engine.database();
    sales(&*database);
    let plan = Days::of(30);
    let folder = plan.write();
    let mut moments = Moments(engine.dialect().len() as u64 + 1);
    let mut run = start("run", &folder, &[], &database.session());
    let pid = run.id();
    for _ in 0..kills() {
        sleep(moments.next(30));
        for child in children(pid) {
            let _ = Command::new("kill").args(["-9", &child]).output();
        }
        if run.try_wait().unwrap().is_some() {
            break;
        }
    }
    run.wait().unwrap();
    let failed = ended(&folder).iter().filter(|(_, outcome)| outcome == "failed").count();
    assert!(failed < 31, "a client takes one step with it, not all");
    let again = batchwright("run", &folder, &["--resume"], &[]);
    assert_eq!(again.code, 0, "{}", again.err);
    assert_nothing_twice(&folder);
    assert_whole(&*database);
}

/// The processes that a process has started.
fn children(pid: u32) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let of = |task: fs::DirEntry| fs::read_to_string(task.path().join("children")).unwrap_or_default();
    tasks.flat_map(|task| of(task).split_whitespace().map(str::to_string).collect::<Vec<_>>()).collect()
}

/// Moments that differ, the same in every run of the tests.
struct Moments(u64);

impl Moments {
    fn next(&mut self, most: u64) -> Duration {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Duration::from_millis((self.0 >> 33) % most)
    }
}
