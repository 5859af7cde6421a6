//! `kill -9` at random moments, of batchwright and of its client: no finished step is run again, and the table is right in the end.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use crate::batchwright::{batchwright, ended, journal, run_until, start};
use crate::days::{Days, REPORT, assert_whole, batch, cured, day, sales, spoilt, sql};
use crate::engine::{Case, Engine};

pub const CASES: &[Case] = &[
    ("batchwright_is_killed_at_random_moments", batchwright_is_killed_at_random_moments),
    ("the_client_is_killed_at_random_moments", the_client_is_killed_at_random_moments),
    ("a_journal_cut_anywhere_loses_no_rows", a_journal_cut_anywhere_loses_no_rows),
    ("a_table_that_is_gone_is_found_and_made_again", a_table_that_is_gone_is_found_and_made_again),
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
        let folder = plan.write_for(engine.dialect());
        let client = database.session();
        let mut longest = 150;
        loop {
            let before = journal(&folder).len();
            let mut run = start("run", &folder, &["--continue"], &client);
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
    let folder = plan.write_for(engine.dialect());
    let mut moments = Moments(engine.dialect().len() as u64 + 1);
    let mut run = start("run", &folder, &[], &database.session());
    let pid = run.id();
    // Before its first step the run is over if its client is.
    run_until(&folder, |entry| entry["event"] == "start");
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
    let again = batchwright("run", &folder, &["--continue"], &[]);
    assert_eq!(again.code, 0, "{}", again.err);
    assert_nothing_twice(&folder);
    assert_whole(&*database);
}

/// A write that the disk has lost: the last records end at any byte. What they said is not known, so that what they did is undone here.
/// `BATCHWRIGHT_CUTS=1` cuts at every byte; otherwise some bytes lie between two cuts.
fn a_journal_cut_anywhere_loses_no_rows(engine: &dyn Engine) {
    let apart = std::env::var("BATCHWRIGHT_CUTS").ok().and_then(|number| number.parse().ok()).unwrap_or(97);
    let database = engine.database();
    sales(&*database);
    let mut plan = Days::of(30);
    plan.step(&batch(29)).depends_on.push(batch(28));
    plan.step(&batch(30)).depends_on.push(batch(29));
    let folder = plan.write_for(engine.dialect());
    let client = database.session();
    assert_eq!(batchwright("run", &folder, &[], &client).code, 0);
    let path = folder.with_extension("journal.jsonl");
    let full = fs::read(&path).unwrap();
    let records: Vec<usize> = full.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1).collect();
    // The last two batches, the report, and the end of the run: a start and a step of each.
    let first = records[records.len() - 8];
    for cut in (first..=full.len()).step_by(apart) {
        fs::write(&path, &full[..cut]).unwrap();
        let kept: Vec<String> = ended(&folder).into_iter().map(|(id, _)| id).collect();
        for number in (1..=30).filter(|number| !kept.contains(&batch(*number))) {
            sql(&*database, &format!("delete from daily where sold_on = '{}';", day(number)));
        }
        if !kept.contains(&format!("{REPORT}@build")) {
            sql(&*database, "drop table if exists report;");
        }
        let again = batchwright("retry", &folder, &[], &client);
        assert_eq!(again.code, 0, "cut at {cut} of {}: {}", full.len(), again.err);
        assert_whole(&*database);
        assert_eq!(database.rows("select days from report"), ["60"], "cut at {cut}");
    }
}

fn a_table_that_is_gone_is_found_and_made_again(engine: &dyn Engine) {
    let database = engine.database();
    sales(&*database);
    spoilt(&*database, &[30]);
    let plan = Days::of(30);
    let folder = &plan.write_for(engine.dialect());
    assert_eq!(batchwright("run", folder, &[], &database.session()).code, 1);
    sql(&*database, "drop table daily;");
    cured(&*database);
    let before = ended(folder).len();
    let refused = batchwright("retry", folder, &[], &[]);
    assert_eq!((refused.code, ended(folder).len()), (2, before), "{}", refused.err);
    assert!(refused.err.contains("`daily` is not there, though `model.shop.daily@create` is done"), "{}", refused.err);
    assert!(refused.err.contains("batchwright retry --from model.shop.daily@create"), "{}", refused.err);
    let typo = batchwright("retry", folder, &["--from", "daily@creat"], &[]);
    assert_eq!((typo.code, typo.err.contains("did you mean `daily@create`?")), (2, true), "{}", typo.err);
    let again = batchwright("retry", folder, &["--from", "daily@create"], &[]);
    assert_eq!(again.code, 0, "{}", again.err);
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
