//! Order and concurrency: chunks, threads, `--fail-fast`, `--timeout`. The client is a script that
//! reads the step's file.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::batchwright::{batchwright, journal, script_client, step_outcomes, strings};
use crate::days::{DAILY, Days, batch};

pub const CASES: &[(&str, fn())] = &[
    ("a_failed_chunk_blocks_later_chunks", a_failed_chunk_blocks_later_chunks),
    ("threads_respect_dependencies", threads_respect_dependencies),
    ("fail_fast_starts_no_more_steps", fail_fast_starts_no_more_steps),
    ("a_timeout_fails_one_step", a_timeout_fails_one_step),
    ("a_single_writer_database_has_one_thread", a_single_writer_database_has_one_thread),
];

/// A client that fails steps whose SQL contains `word`.
fn fails_at(word: &str) -> Vec<String> {
    script_client(&format!("! grep -q {word} \"$0\""))
}

fn a_failed_chunk_blocks_later_chunks() {
    let mut plan = Days::of(9);
    for number in 1..=9 {
        plan.step(&batch(number)).chunk =
            Some(["2024-11", "2024-12", "2025-01"][(number - 1) / 3].to_string());
    }
    let good = plan.step(&batch(5)).sql.clone();
    plan.step(&batch(5)).sql = format!("-- broken\n{good}");
    let folder = plan.write();
    assert_eq!(batchwright("run", &folder, &["--threads", "2"], &fails_at("broken")).code, 1);
    let done: Vec<String> = step_outcomes(&folder)
        .into_iter()
        .filter(|(_, outcome)| outcome == "success")
        .map(|(id, _)| id)
        .collect();
    assert!(
        done.contains(&batch(3)) && done.contains(&batch(6)) && !done.contains(&batch(7)),
        "{done:?}"
    );
    let before = step_outcomes(&folder).len();
    assert_eq!(batchwright("retry", &folder, &[], &fails_at("nothing")).code, 0);
    let ids: Vec<String> =
        step_outcomes(&folder)[before..].iter().map(|(id, _)| id.clone()).collect();
    assert_eq!(
        ids,
        [batch(5), batch(7), batch(8), batch(9), "model.shop.report@build".to_string()]
    );
}

fn threads_respect_dependencies() {
    let mut plan = Days::of(8);
    // The first four in sequence, the others independent.
    for number in 2..=4 {
        plan.step(&batch(number)).depends_on.push(batch(number - 1));
    }
    let folder = plan.write();
    let slow = script_client("sleep 0.3");
    assert_eq!(batchwright("run", &folder, &["--threads", "4"], &slow).code, 0);
    let entries = journal(&folder);
    let index = |event: &str, id: &str| {
        entries.iter().position(|entry| entry["event"] == event && entry["step"] == id).unwrap()
    };
    for number in 2..=4 {
        assert!(index("start", &batch(number)) > index("step", &batch(number - 1)));
    }
    assert!(
        index("start", &batch(6)) < index("step", &batch(5)),
        "independent batches run concurrently"
    );
    assert!(
        index("start", "model.shop.report@build")
            > (1..=8).map(|number| index("step", &batch(number))).max().unwrap()
    );
}

fn fail_fast_starts_no_more_steps() {
    let mut plan = Days::of(9);
    plan.step(&batch(2)).sql.push_str("-- broken");
    let folder = plan.write();
    let result = batchwright("run", &folder, &["--fail-fast"], &fails_at("broken"));
    assert_eq!((result.code, step_outcomes(&folder).len()), (1, 3), "{}", result.err);
    assert!(result.err.contains("2 steps done, 1 failed, 8 not run"), "{}", result.err);
}

fn a_timeout_fails_one_step() {
    let mut plan = Days::of(4);
    plan.step(&batch(2)).sql.push_str("-- broken");
    let folder = plan.write();
    let sleeps = script_client("if grep -q broken \"$0\"; then sleep 50; fi");
    let result = batchwright("run", &folder, &["--timeout", "1"], &sleeps);
    assert_eq!(result.code, 1);
    let failed: Vec<(String, String)> =
        step_outcomes(&folder).into_iter().filter(|(_, outcome)| outcome == "failed").collect();
    assert_eq!(failed, [(batch(2), "failed".to_string())]);
    assert!(result.err.contains("timed out after 1 seconds"), "{}", result.err);
    assert_eq!(step_outcomes(&folder).len(), 5, "{DAILY}: the create and four days");
}

fn a_single_writer_database_has_one_thread() {
    let plan = Days::of(2);
    let folder = plan.write_for("sqlite");
    let client = plan.folder.path().join("sqlite3");
    fs::write(&client, "#!/bin/sh\n! grep -q batchwright_probe \"$2\"\n").unwrap();
    fs::set_permissions(&client, fs::Permissions::from_mode(0o755)).unwrap();
    let result = batchwright(
        "run",
        &folder,
        &["--threads", "4"],
        &strings(&[client.to_str().unwrap(), "-bail", "{file}"]),
    );
    assert_eq!(result.code, 0, "{}", result.err);
    assert!(result.err.contains("allows one writing process per database"), "{}", result.err);
    assert_eq!(journal(&folder)[0]["threads"], 1);
}
