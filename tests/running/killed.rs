//! `kill -9` of batchwright and of its client at random times: no finished step runs again, and the
//! table is correct in the end.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use crate::batchwright::{
    batchwright, journal, journal_path, start, step_outcomes, wait_for_entry,
};
use crate::days::{
    Days, REPORT, assert_equals_sales, batch, day, delete_null_sales, insert_null_sales, sales, sql,
};
use crate::engine::{Case, Engine};

pub const CASES: &[Case] = &[
    ("batchwright_is_killed_at_random_times", batchwright_is_killed_at_random_times),
    ("the_client_is_killed_at_random_times", the_client_is_killed_at_random_times),
    ("a_truncated_journal_loses_no_rows", a_truncated_journal_loses_no_rows),
    ("a_dropped_table_is_detected_and_rebuilt", a_dropped_table_is_detected_and_rebuilt),
];

/// The number of kills on each engine, `BATCHWRIGHT_KILLS` or 25.
fn kills() -> usize {
    std::env::var("BATCHWRIGHT_KILLS").ok().and_then(|number| number.parse().ok()).unwrap_or(25)
}

fn batchwright_is_killed_at_random_times(engine: &dyn Engine) {
    let mut killed = 0;
    let mut delays = Delays(engine.dialect().len() as u64);
    while killed < kills() {
        let database = engine.database();
        sales(&*database);
        let plan = Days::of(30);
        let folder = plan.write_for(engine.dialect());
        let client = database.session();
        let mut longest = 150;
        loop {
            let before = journal(&folder).len();
            // Not `run --continue`, which starts a new run if the kill came after the last step.
            let command = if before == 0 { "run" } else { "retry" };
            let mut run = start(command, &folder, &[], &client);
            sleep(delays.next(longest));
            if run.try_wait().unwrap().is_some_and(|status| status.success()) {
                break;
            }
            run.kill().unwrap();
            run.wait().unwrap();
            killed += 1;
            // If the machine is too busy for a run to start, wait longer.
            longest += if journal(&folder).len() == before { 150 } else { 0 };
        }
        assert_no_repeated_step(&folder);
        assert_equals_sales(&*database);
        assert_eq!(database.rows("select days from report"), ["60"]);
    }
}

/// Asserts that no successful step was started again.
fn assert_no_repeated_step(plan: &Path) {
    let mut done = BTreeSet::new();
    for entry in journal(plan) {
        let Some(step) = entry["step"].as_str() else { continue };
        assert!(!done.contains(step), "`{step}` was done and started again");
        if entry["event"] == "step" && entry["outcome"] == "success" {
            done.insert(step.to_string());
        }
    }
    assert_eq!(done.len(), 32);
}

fn the_client_is_killed_at_random_times(engine: &dyn Engine) {
    let database = engine.database();
    sales(&*database);
    let plan = Days::of(30);
    let folder = plan.write_for(engine.dialect());
    let mut delays = Delays(engine.dialect().len() as u64 + 1);
    let mut run = start("run", &folder, &[], &database.session());
    let pid = run.id();
    // A client killed before the first step would end the run.
    wait_for_entry(&folder, |entry| entry["event"] == "start");
    for _ in 0..kills() {
        sleep(delays.next(30));
        for child in children(pid) {
            let _ = Command::new("kill").args(["-9", &child]).output();
        }
        if run.try_wait().unwrap().is_some() {
            break;
        }
    }
    run.wait().unwrap();
    let failed = step_outcomes(&folder).iter().filter(|(_, outcome)| outcome == "failed").count();
    assert!(failed < 31, "a killed client fails one step, not all");
    let again = batchwright("retry", &folder, &[], &[]);
    assert_eq!(again.code, 0, "{}", again.err);
    assert_no_repeated_step(&folder);
    assert_equals_sales(&*database);
}

/// The journal is truncated within its last entries, as after a lost write; the effects of the lost
/// steps are undone. Truncates at every `BATCHWRIGHT_CUTS`th byte, by default every 97th.
fn a_truncated_journal_loses_no_rows(engine: &dyn Engine) {
    let distance =
        std::env::var("BATCHWRIGHT_CUTS").ok().and_then(|number| number.parse().ok()).unwrap_or(97);
    let database = engine.database();
    sales(&*database);
    let mut plan = Days::of(30);
    plan.step(&batch(29)).depends_on.push(batch(28));
    plan.step(&batch(30)).depends_on.push(batch(29));
    let folder = plan.write_for(engine.dialect());
    let client = database.session();
    assert_eq!(batchwright("run", &folder, &[], &client).code, 0);
    let path = journal_path(&folder);
    let full = fs::read(&path).unwrap();
    let records: Vec<usize> = full
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'\n')
        .map(|(index, _)| index + 1)
        .collect();
    // The last two batches, the report (a start and a result each), and the end of the run.
    let first = records[records.len() - 8];
    for cut in (first..=full.len()).step_by(distance) {
        fs::write(&path, &full[..cut]).unwrap();
        let steps: Vec<String> = step_outcomes(&folder).into_iter().map(|(id, _)| id).collect();
        for number in (1..=30).filter(|number| !steps.contains(&batch(*number))) {
            sql(&*database, &format!("delete from daily where sold_on = '{}';", day(number)));
        }
        if !steps.contains(&format!("{REPORT}@build")) {
            sql(&*database, "drop table if exists report;");
        }
        let again = batchwright("retry", &folder, &[], &client);
        assert_eq!(again.code, 0, "cut at {cut} of {}: {}", full.len(), again.err);
        assert_equals_sales(&*database);
        assert_eq!(database.rows("select days from report"), ["60"], "cut at {cut}");
    }
}

fn a_dropped_table_is_detected_and_rebuilt(engine: &dyn Engine) {
    let database = engine.database();
    sales(&*database);
    insert_null_sales(&*database, &[30]);
    let plan = Days::of(30);
    let folder = &plan.write_for(engine.dialect());
    assert_eq!(batchwright("run", folder, &[], &database.session()).code, 1);
    sql(&*database, "drop table daily;");
    delete_null_sales(&*database);
    let before = step_outcomes(folder).len();
    let refused = batchwright("retry", folder, &[], &[]);
    assert_eq!((refused.code, step_outcomes(folder).len()), (2, before), "{}", refused.err);
    assert!(
        refused.err.contains("table `daily` not found, although `model.shop.daily@create` is done"),
        "{}",
        refused.err
    );
    assert!(
        refused.err.contains("batchwright retry --from model.shop.daily@create"),
        "{}",
        refused.err
    );
    let typo = batchwright("retry", folder, &["--from", "daily@creat"], &[]);
    assert_eq!(
        (typo.code, typo.err.contains("did you mean `daily@create`?")),
        (2, true),
        "{}",
        typo.err
    );
    let again = batchwright("retry", folder, &["--from", "daily@create"], &[]);
    assert_eq!(again.code, 0, "{}", again.err);
    assert_equals_sales(&*database);
}

/// The child processes of a process.
fn children(pid: u32) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let children =
        |task: fs::DirEntry| fs::read_to_string(task.path().join("children")).unwrap_or_default();
    tasks
        .flat_map(|task| children(task).split_whitespace().map(str::to_string).collect::<Vec<_>>())
        .collect()
}

/// Pseudo-random delays, the same in every run of the tests.
struct Delays(u64);

impl Delays {
    fn next(&mut self, most: u64) -> Duration {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Duration::from_millis((self.0 >> 33) % most)
    }
}
