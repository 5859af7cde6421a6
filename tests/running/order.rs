//! Order and concurrency: chunks, threads, `--fail-fast`, `--timeout`. The client here is a script that knows which step it has.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::batchwright::{batchwright, ended, honest, journal, words};
use crate::days::{DAILY, Days, batch};

pub const CASES: &[(&str, fn())] = &[
    ("a_failed_chunk_stops_those_after_it", a_failed_chunk_stops_those_after_it),
    ("threads_run_side_by_side_and_keep_the_order_that_is_asked_for", threads_run_side_by_side_and_keep_the_order_that_is_asked_for),
    ("fail_fast_starts_nothing_more", fail_fast_starts_nothing_more),
    ("a_step_that_takes_too_long_fails_alone", a_step_that_takes_too_long_fails_alone),
    ("a_single_writer_has_one_thread", a_single_writer_has_one_thread),
];

/// Fails where the step's text has the word.
fn fails_at(word: &str) -> Vec<String> {
    honest(&format!("! grep -q {word} \"$0\""))
}

fn a_failed_chunk_stops_those_after_it() {
    let mut plan = Days::of(9);
    for number in 1..=9 {
        plan.step(&batch(number)).chunk = Some(["2024-11", "2024-12", "2025-01"][(number - 1) / 3].to_string());
    }
    let good = plan.step(&batch(5)).sql.clone();
    plan.step(&batch(5)).sql = format!("-- broken\n{good}");
    let folder = plan.write();
    assert_eq!(batchwright("run", &folder, &["--threads", "2"], &fails_at("broken")).code, 1);
    let done: Vec<String> = ended(&folder).into_iter().filter(|(_, outcome)| outcome == "success").map(|(id, _)| id).collect();
    assert!(done.contains(&batch(3)) && done.contains(&batch(6)) && !done.contains(&batch(7)), "{done:?}");
    let before = ended(&folder).len();
    assert_eq!(batchwright("retry", &folder, &[], &fails_at("nothing")).code, 0);
    let ids: Vec<String> = ended(&folder)[before..].iter().map(|(id, _)| id.clone()).collect();
    assert_eq!(ids, [batch(5), batch(7), batch(8), batch(9), "model.shop.report@build".to_string()]);
}

fn threads_run_side_by_side_and_keep_the_order_that_is_asked_for() {
    let mut plan = Days::of(8);
    // The first four in a row, the others free.
    for number in 2..=4 {
        plan.step(&batch(number)).depends_on.push(batch(number - 1));
    }
    let folder = plan.write();
    let slow = honest("sleep 0.3");
    assert_eq!(batchwright("run", &folder, &["--threads", "4"], &slow).code, 0);
    let entries = journal(&folder);
    let at = |event: &str, id: &str| entries.iter().position(|entry| entry["event"] == event && entry["step"] == id).unwrap();
    for number in 2..=4 {
        assert!(at("start", &batch(number)) > at("step", &batch(number - 1)));
    }
    assert!(at("start", &batch(6)) < at("step", &batch(5)), "free batches run side by side");
    assert!(at("start", "model.shop.report@build") > (1..=8).map(|number| at("step", &batch(number))).max().unwrap());
}

fn fail_fast_starts_nothing_more() {
    let mut plan = Days::of(9);
    plan.step(&batch(2)).sql.push_str("-- broken");
    let folder = plan.write();
    let said = batchwright("run", &folder, &["--fail-fast"], &fails_at("broken"));
    assert_eq!((said.code, ended(&folder).len()), (1, 3), "{}", said.err);
    assert!(said.err.contains("2 steps done, 1 failed, 8 not run"), "{}", said.err);
}

fn a_step_that_takes_too_long_fails_alone() {
    let mut plan = Days::of(4);
    plan.step(&batch(2)).sql.push_str("-- broken");
    let folder = plan.write();
    let sleeps = honest("if grep -q broken \"$0\"; then sleep 50; fi");
    let said = batchwright("run", &folder, &["--timeout", "1"], &sleeps);
    assert_eq!(said.code, 1);
    let failed: Vec<(String, String)> = ended(&folder).into_iter().filter(|(_, outcome)| outcome == "failed").collect();
    assert_eq!(failed, [(batch(2), "failed".to_string())]);
    assert!(said.err.contains("timed out after 1 seconds"), "{}", said.err);
    assert_eq!(ended(&folder).len(), 5, "{DAILY}: the create and four days");
}

fn a_single_writer_has_one_thread() {
    let plan = Days::of(2);
    let folder = plan.write();
    let client = plan.folder.path().join("sqlite3");
    fs::write(&client, "#!/bin/sh\n! grep -q batchwright_probe \"$2\"\n").unwrap();
    fs::set_permissions(&client, fs::Permissions::from_mode(0o755)).unwrap();
    let said = batchwright("run", &folder, &["--threads", "4"], &words(&[client.to_str().unwrap(), "-bail", "{file}"]));
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.err.contains("allows one writing process per database"), "{}", said.err);
    assert_eq!(journal(&folder)[0]["threads"], 1);
}
