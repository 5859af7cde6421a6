//! Retries of transient failures, limits, order, selection, dry runs, and clients of another
//! dialect. The client is a script that reads the step's file.

use std::fs;

use crate::batchwright::{batchwright, journal, script_client, step_outcomes, strings};
use crate::days::{DAILY, Days, REPORT, batch};

pub const CASES: &[(&str, fn())] = &[
    ("a_transient_failure_is_repeated", a_transient_failure_is_repeated),
    ("a_model_has_a_maximum_of_parallel_steps", a_model_has_a_maximum_of_parallel_steps),
    ("batches_run_from_the_newest", batches_run_from_the_newest),
    ("no_step_starts_after_a_time", no_step_starts_after_a_time),
    ("selected_models_are_run_and_retried", selected_models_are_run_and_retried),
    ("a_dry_run_prints_the_commands", a_dry_run_prints_the_commands),
    ("a_client_of_another_dialect_is_refused", a_client_of_another_dialect_is_refused),
];

fn successful(folder: &std::path::Path) -> Vec<String> {
    let outcomes = step_outcomes(folder).into_iter();
    outcomes.filter(|(_, outcome)| outcome == "success").map(|(step, _)| step).collect()
}

fn a_transient_failure_is_repeated() {
    let mut plan = Days::of(3);
    let good = plan.step(&batch(2)).sql.clone();
    plan.step(&batch(2)).sql = format!("-- deadlock\n{good}");
    let folder = plan.write();
    let counter = plan.folder.path().join("counter");
    let script = |message: &str| {
        script_client(&format!(
            "grep -q '^-- deadlock' \"$0\" || exit 0; echo x >> {0}; [ $(wc -l < {0}) -lt 3 ] || exit 0
             echo '{message}' >&2; exit 1",
            counter.display()
        ))
    };
    let result =
        batchwright("run", &folder, &["--retries", "3"], &script("ERROR:  deadlock detected"));
    assert_eq!(result.code, 0, "{}", result.err);
    assert!(result.err.contains("repeating model.shop.daily@2024-09-02 in"), "{}", result.err);
    let attempts: Vec<_> =
        journal(&folder).into_iter().filter(|entry| entry["event"] == "attempt").collect();
    assert_eq!(attempts.len(), 2);
    assert_eq!((&attempts[1]["attempt"], &attempts[1]["step"]), (&2.into(), &batch(2).into()));
    assert!(step_outcomes(&folder).iter().all(|(_, outcome)| outcome == "success"));

    // A failure that is not transient, and one without `--retries`, are not repeated.
    for (retries, message) in [("3", "ERROR:  division by zero"), ("0", "deadlock detected")] {
        fs::remove_file(&counter).unwrap();
        let arguments = ["--retries", retries];
        assert_eq!(batchwright("run", &folder, &arguments, &script(message)).code, 1);
        assert_eq!(fs::read_to_string(&counter).unwrap().lines().count(), 1, "{message}");
    }
}

fn a_model_has_a_maximum_of_parallel_steps() {
    let plan = Days::of(6);
    let folder = plan.write();
    let arguments = ["--threads", "4", "--max-per-model", "2"];
    assert_eq!(batchwright("run", &folder, &arguments, &script_client("sleep 0.2")).code, 0);
    let (mut running, mut most) = (0, 0);
    for entry in journal(&folder) {
        match entry["event"].as_str() {
            Some("start") => running += 1,
            Some("step") => running -= 1,
            _ => {}
        }
        most = most.max(running);
    }
    assert_eq!(most, 2);
}

fn batches_run_from_the_newest() {
    let plan = Days::of(4);
    let folder = plan.write();
    let result = batchwright("run", &folder, &["--order", "newest"], &script_client(""));
    assert_eq!(result.code, 0, "{}", result.err);
    let expected = [
        format!("{DAILY}@create"),
        batch(4),
        batch(3),
        batch(2),
        batch(1),
        format!("{REPORT}@build"),
    ];
    assert_eq!(successful(&folder), expected);
    let mut chunked = Days::of(4);
    chunked.step(&batch(1)).chunk = Some("2024-09".to_string());
    let refused = batchwright("run", &chunked.write(), &["--order", "newest"], &script_client(""));
    assert_eq!((refused.code, refused.err.contains("chronological")), (2, true), "{}", refused.err);
}

fn no_step_starts_after_a_time() {
    let plan = Days::of(4);
    let folder = plan.write();
    let past = batchwright("run", &folder, &["--until", "2024-09-01T05:00"], &script_client(""));
    assert_eq!((past.code, step_outcomes(&folder).len()), (1, 0), "{}", past.err);
    assert!(past.err.contains("6 not run"), "{}", past.err);
    let future = batchwright("retry", &folder, &["--until", "2999-01-01"], &script_client(""));
    assert_eq!((future.code, step_outcomes(&folder).len()), (0, 6), "{}", future.err);
    let invalid = batchwright("run", &folder, &["--until", "tomorrow"], &script_client(""));
    assert_eq!(invalid.code, 2, "{}", invalid.err);
}

fn selected_models_are_run_and_retried() {
    let plan = Days::of(3);
    let folder = plan.write();
    // The model of the selection and nothing else, in the retry too.
    let first = batchwright("run", &folder, &["--select", "daily"], &script_client("exit 1"));
    assert_eq!(first.code, 1, "{}", first.err);
    assert_eq!(batchwright("retry", &folder, &[], &script_client("")).code, 0);
    let mut expected = vec![format!("{DAILY}@create"), batch(1), batch(2), batch(3)];
    assert_eq!(successful(&folder), expected);
    // Descendants, by dbt's grammar over the plan.
    let all =
        batchwright("run", &folder, &["-s", "daily+", "--exclude", "daily"], &script_client(""));
    assert_eq!(all.code, 0, "{}", all.err);
    expected.push(format!("{REPORT}@build"));
    assert_eq!(successful(&folder), expected);
    for (argument, part) in
        [("tag:daily", "does not have what `tag:`"), ("no_such_model", "no_such_model")]
    {
        let refused = batchwright("run", &folder, &["-s", argument], &script_client(""));
        assert_eq!((refused.code, refused.err.contains(part)), (2, true), "{}", refused.err);
    }

    // A retry of a part leaves the rest of the run open.
    assert_eq!(batchwright("run", &folder, &[], &script_client("exit 1")).code, 1);
    let part = batchwright("retry", &folder, &["-s", "daily"], &script_client(""));
    assert_eq!(part.code, 1, "{}", part.err);
    assert!(part.err.contains("4 steps done, 0 failed, 1 not run"), "{}", part.err);
    let rest = batchwright("retry", &folder, &[], &script_client(""));
    assert_eq!(rest.code, 0, "{}", rest.err);
    assert_eq!(successful(&folder).last(), Some(&format!("{REPORT}@build")));
}

fn a_dry_run_prints_the_commands() {
    let plan = Days::of(2);
    let folder = plan.write();
    let path = folder.display();
    let client = strings(&["psql", "-v", "ON_ERROR_STOP=1", "-d", "my shop"]);
    let result = batchwright("run", &folder, &["--dry-run"], &client);
    assert_eq!(result.code, 0, "{}", result.err);
    let command = "psql -v 'ON_ERROR_STOP=1' -d 'my shop'";
    let files = ["daily/create", "daily/2024-09-01", "daily/2024-09-02", "report/build"];
    let lines: Vec<String> =
        files.iter().map(|file| format!("{command} < {path}/{file}.sql\n")).collect();
    assert_eq!(result.out, lines.concat());
    let client = strings(&["psql", "-v", "ON_ERROR_STOP=1", "-f", "{file}"]);
    let result = batchwright("run", &folder, &["--dry-run", "-s", "report"], &client);
    assert_eq!(result.out, format!("psql -v 'ON_ERROR_STOP=1' -f {path}/report/build.sql\n"));
    assert!(journal(&folder).is_empty() && !folder.with_file_name(".batchwright").exists());
}

fn a_client_of_another_dialect_is_refused() {
    let plan = Days::of(2);
    let folder = plan.write_for("duckdb");
    let client = strings(&["psql", "-v", "ON_ERROR_STOP=1"]);
    let refused = batchwright("run", &folder, &[], &client);
    assert_eq!((refused.code, step_outcomes(&folder).len()), (2, 0), "{}", refused.err);
    assert!(refused.err.contains("the dialect of the plan is `duckdb`"), "{}", refused.err);
    let cure = format!("`batchwright run --plan {} -- duckdb", folder.display());
    assert!(refused.err.contains(&cure), "{}", refused.err);
}
