//! Reports of a run: `status`, `--missing`, `run_results.json`, JUnit, `--quiet`.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::batchwright::{batchwright, journal_path, script_client};
use crate::days::{Days, batch};
use crate::engine::{installed, lines};

pub const CASES: &[(&str, fn())] = &[
    ("run_results_has_dbts_fields", run_results_has_dbts_fields),
    ("run_results_matches_dbts_schema", run_results_matches_dbts_schema),
    ("junit_report_has_a_case_for_each_step", junit_report_has_a_case_for_each_step),
    ("status_lists_missing_windows", status_lists_missing_windows),
    ("status_json_has_the_clients_messages", status_json_has_the_clients_messages),
    ("quiet_prints_only_the_table", quiet_prints_only_the_table),
];

/// A plan of four days; the second fails with a message.
fn failed() -> Days {
    let mut plan = Days::of(4);
    plan.step(&batch(2)).sql.push_str("-- broken");
    plan.write();
    plan
}

fn client() -> Vec<String> {
    script_client("if grep -q broken \"$0\"; then echo 'no <such> \"row\"' >&2; exit 3; fi")
}

fn results(plan: &Days) -> Value {
    serde_json::from_str(
        &fs::read_to_string(plan.plan().with_extension("run_results.json")).unwrap(),
    )
    .unwrap()
}

fn run_results_has_dbts_fields() {
    let plan = failed();
    batchwright("run", &plan.plan(), &[], &client());
    let value = results(&plan);
    assert_eq!(
        value["metadata"]["dbt_schema_version"],
        "https://schemas.getdbt.com/dbt/run-results/v6.json"
    );
    let daily = &value["results"][0];
    assert_eq!(
        (&daily["unique_id"], &daily["status"]),
        (&json!("model.shop.daily"), &json!("partial success"))
    );
    assert_eq!(
        daily["batch_results"]["failed"],
        json!([["2024-09-02T00:00:00+00:00", "2024-09-03T00:00:00+00:00"]])
    );
    assert_eq!(daily["batch_results"]["successful"].as_array().unwrap().len(), 3);
    assert!(daily["message"].as_str().unwrap().contains("no <such>"));
    assert_eq!(
        (&value["results"][1]["status"], &value["results"][1]["batch_results"]),
        (&json!("skipped"), &Value::Null)
    );
    // After the retry, it includes the steps of the first run.
    batchwright("retry", &plan.plan(), &[], &script_client(""));
    let value = results(&plan);
    assert_eq!(value["results"][0]["status"], "success");
    assert_eq!(value["results"][0]["batch_results"]["successful"].as_array().unwrap().len(), 4);
}

fn run_results_matches_dbts_schema() {
    let plan = failed();
    let read = || {
        let mut reader = Command::new(installed("artifacts/bin/python"));
        lines(
            reader
                .arg("tests/running/read_results.py")
                .arg(plan.plan().with_extension("run_results.json")),
        )
    };
    batchwright("run", &plan.plan(), &[], &client());
    assert_eq!(
        read(),
        ["model.shop.daily: partial success, 3 1", "model.shop.report: skipped, no batches"]
    );
    batchwright("retry", &plan.plan(), &[], &script_client(""));
    assert_eq!(
        read(),
        ["model.shop.daily: success, 4 0", "model.shop.report: success, no batches"]
    );
    batchwright("run", &plan.plan(), &[], &script_client("exit 1"));
    assert_eq!(read(), ["model.shop.daily: error, 0 4", "model.shop.report: skipped, no batches"]);
}

fn junit_report_has_a_case_for_each_step() {
    let plan = failed();
    let no_folder = plan.folder.path().join("reports/junit.xml");
    for (path, message) in [(&no_folder, "not found"), (&plan.plan(), "is a folder")] {
        let refused =
            batchwright("run", &plan.plan(), &["--junit", path.to_str().unwrap()], &client());
        assert_eq!((refused.code, refused.err.contains(message)), (2, true), "{}", refused.err);
        assert!(!journal_path(&plan.plan()).exists(), "no step was started");
    }
    let report = plan.folder.path().join("junit.xml");
    batchwright("run", &plan.plan(), &["--junit", report.to_str().unwrap()], &client());
    let text = fs::read_to_string(report).unwrap();
    assert_eq!(text.matches("<testcase").count(), 6);
    assert!(text.contains("tests=\"5\" failures=\"1\" errors=\"0\" skipped=\"0\""), "{text}");
    assert!(
        text.contains("no &lt;such&gt; &quot;row&quot;") && text.contains("<skipped/>"),
        "{text}"
    );
}

fn status_lists_missing_windows() {
    let plan = failed();
    batchwright("run", &plan.plan(), &[], &client());
    let missing =
        batchwright("status", &plan.plan(), &["--missing", "--now", "2024-09-06T12:00:00Z"], &[])
            .out;
    let gaps: Vec<&str> = missing.lines().filter(|line| line.starts_with("daily")).collect();
    assert_eq!(
        gaps,
        [
            "daily  2024-08-30T00:00:00Z to 2024-09-01T00:00:00Z  2 batches",
            "daily  2024-09-02T00:00:00Z to 2024-09-03T00:00:00Z  1 batch",
            "daily  2024-09-05T00:00:00Z to 2024-09-07T00:00:00Z  2 batches"
        ]
    );
}

fn status_json_has_the_clients_messages() {
    let plan = failed();
    batchwright("run", &plan.plan(), &[], &client());
    let status: Value =
        serde_json::from_str(&batchwright("status", &plan.plan(), &["--json"], &[]).out).unwrap();
    let daily = &status["models"][0];
    assert_eq!(
        (&daily["done"], &daily["failed"], &daily["open"]),
        (&json!(4), &json!(1), &json!(0))
    );
    assert_eq!(daily["failures"][0]["words"], "exit code 3\nno <such> \"row\"");
    assert_eq!(status["models"][1]["open_steps"], json!(["model.shop.report@build"]));
}

fn quiet_prints_only_the_table() {
    let plan = Days::of(3);
    let result = batchwright("run", &plan.write(), &["--quiet"], &script_client(""));
    let first: Vec<&str> = result.err.split_whitespace().take(5).collect();
    assert_eq!(first, ["model", "done", "failed", "open", "time"]);
    assert_eq!(result.err.trim().lines().count(), 4, "{}", result.err);
}
