//! `batchwright diff` with git revisions and with plans of many batches.

#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

#[test]
fn a_plan_is_compared_with_the_committed_plan() {
    let shop = repository();
    write(shop.path(), "amount * 2");
    compile(shop.path(), "plans/nightly", "2024-09-01", "2024-09-04");
    let diff = |arguments: &[&str]| {
        let done = batchwright(shop.path(), &[&["diff", "--exit-code"], arguments].concat());
        (done.status.code(), text(&done.stdout), text(&done.stderr))
    };
    let by_name = diff(&["main:plans/nightly", "plans/nightly"]);
    assert_eq!(by_name.0, Some(1), "{}", by_name.2);
    assert!(
        by_name.1.contains("same change in 3 batches: 2024-09-01 to 2024-09-03\n"),
        "{}",
        by_name.1
    );
    assert!(
        by_name.1.contains("-select placed_at, amount\n")
            && by_name.1.contains("+select placed_at, amount * 2 as amount\n"),
        "{}",
        by_name.1
    );
    assert_eq!(diff(&["main:", "plans/nightly"]), by_name);
    let absolute = shop.path().join("plans/nightly");
    assert_eq!(diff(&["main:", absolute.to_str().unwrap()]).1, by_name.1);
    let (code, output, errors) = diff(&["main:", "HEAD:plans/nightly"]);
    assert_eq!((code, output.as_str(), errors.as_str()), (Some(0), "", "the plans are the same\n"));
}

#[test]
fn unknown_revisions_and_plans_are_errors() {
    let shop = repository();
    for (argument, message, hint) in [
        ("mian:plans/nightly", "git revision `mian` not found", "fetch the revision first"),
        (
            "main:plans/weekly",
            "no plan found in `plans/weekly` at `main`",
            "commit the plan's folder",
        ),
        ("--help^:plans/nightly", "git revision `--help^` not found", "fetch the revision first"),
    ] {
        let done = batchwright(shop.path(), &["diff", "--", argument, "plans/nightly"]);
        let errors = text(&done.stderr);
        assert_eq!(done.status.code(), Some(2), "{errors}");
        assert!(errors.contains(message) && errors.contains(hint), "{errors}");
    }
    let outside = tempfile::tempdir().unwrap();
    let done = batchwright(outside.path(), &["diff", "main:a", "main:b"]);
    assert!(text(&done.stderr).contains("not a git repository"), "{}", text(&done.stderr));
}

#[test]
fn an_edited_file_is_not_compared() {
    let shop = repository();
    let file = shop.path().join("plans/nightly/orders/2024-09-01.sql");
    fs::write(&file, fs::read_to_string(&file).unwrap() + "-- by hand\n").unwrap();
    git(shop.path(), &["commit", "-qam", "edit a plan by hand"]);
    write(shop.path(), "amount * 2");
    compile(shop.path(), "plans/nightly", "2024-09-01", "2024-09-04");
    let done = batchwright(shop.path(), &["diff", "main:", "plans/nightly"]);
    assert_eq!(done.status.code(), Some(2));
    assert!(text(&done.stderr).contains(
        "`main:plans/nightly/orders/2024-09-01.sql` differs from \
        the file that its manifest describes"
    ));
}

#[test]
fn plans_of_different_days_are_compared_by_their_first_batches() {
    let shop = repository();
    compile(shop.path(), "same", "2024-09-05", "2024-09-08");
    let diff = |new: &str| text(&batchwright(shop.path(), &["diff", "plans/nightly", new]).stdout);
    assert!(
        diff("same").contains("windows added: 2024-09-05 to 2024-09-07 (3 batches)\n"),
        "{}",
        diff("same")
    );
    assert!(!diff("same").contains("placed_at, amount"), "{}", diff("same"));
    write(shop.path(), "amount * 2");
    compile(shop.path(), "changed", "2024-09-05", "2024-09-08");
    assert!(diff("changed").contains("the plans have no common window"), "{}", diff("changed"));
    assert!(
        diff("changed").contains("+select placed_at, amount * 2 as amount\n"),
        "{}",
        diff("changed")
    );
}

/// A comment on GitHub can have 65,536 characters.
#[test]
fn a_comment_of_a_large_diff_is_cut() {
    let shop = repository();
    let models = |shop: &Path, by: u32| {
        for nth in 0..40 {
            let columns: String =
                (0..60).map(|column| format!(",\n    amount * {by} as column_{column}")).collect();
            fs::write(
                shop.join(format!("models/sales_of_region_number_{nth}.sql")),
                format!("{CONFIG}select placed_at{columns}\n{FROM}"),
            )
            .unwrap();
        }
    };
    models(shop.path(), 1);
    compile(shop.path(), "old", "2024-09-01", "2024-12-10");
    models(shop.path(), 2);
    compile(shop.path(), "new", "2024-09-01", "2024-12-10");
    let diff = |format: &str| {
        text(&batchwright(shop.path(), &["diff", "--format", format, "old", "new"]).stdout)
    };
    let comment = diff("markdown");
    assert!(comment.len() < 60_000 && comment.len() > 40_000, "{} bytes", comment.len());
    assert!(
        comment.contains("| `shop.sales_of_region_number_39` | changed |  |  | 100 | 1 |"),
        "{}",
        &comment[..4000]
    );
    let closing = comment.lines().last().unwrap();
    assert!(closing.contains(" parts are left out: a comment cannot be longer"), "{closing}");
    assert_eq!(comment.matches("<details>").count(), comment.matches("</details>").count());
    assert_eq!(comment.lines().filter(|line| line.starts_with("```")).count() % 2, 0);
    let all: Value = serde_json::from_str(&diff("json")).unwrap();
    let models = all["models"].as_array().unwrap();
    let batches = models.iter().map(|model| model["batches_changed"].as_u64().unwrap());
    assert_eq!((models.len(), batches.sum::<u64>()), (40, 4000));
}

#[test]
fn the_schema_lists_every_field() {
    let shop = repository();
    write(shop.path(), "amount * 2");
    compile(shop.path(), "new", "2024-09-01", "2024-09-05");
    let diff: Value = serde_json::from_slice(
        &batchwright(shop.path(), &["diff", "--format", "json", "plans/nightly", "new"]).stdout,
    )
    .unwrap();
    let schema: Value =
        serde_json::from_slice(&batchwright(shop.path(), &["schema", "diff"]).stdout).unwrap();
    let assert_listed = |fields: &Value, schema: &Value| {
        let missing: Vec<&String> = fields
            .as_object()
            .unwrap()
            .keys()
            .filter(|key| schema["properties"].get(key).is_none())
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    };
    assert_listed(&diff, &schema);
    let model = &diff["models"][0];
    assert_listed(model, &schema["$defs"]["ModelChange"]);
    assert_listed(&model["changes"][0], &schema["$defs"]["BatchChange"]);
    assert_listed(&model["windows_added"][0], &schema["$defs"]["WindowRange"]);
    assert_listed(&model["files"][0], &schema["$defs"]["FileChange"]);
}

const CONFIG: &str = "{{ config(materialized='incremental', incremental_strategy='microbatch', event_time='placed_at', batch_size='day', begin='2024-01-01') }}\n";
const FROM: &str = "from {{ source('raw', 'orders') }}\n";

/// A project with a committed plan of three days.
fn repository() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let shop = folder.path();
    fs::create_dir(shop.join("models")).unwrap();
    fs::write(shop.join("dbt_project.yml"), "name: shop\nversion: '1.0'\n").unwrap();
    fs::write(
        shop.join("models/shop.yml"),
        "sources:\n  - name: raw\n    tables:\n      - name: orders\n        config: \
         {event_time: placed_at}\n",
    )
    .unwrap();
    write(shop, "amount");
    compile(shop, "plans/nightly", "2024-09-01", "2024-09-04");
    git(shop, &["init", "-q", "-b", "main"]);
    git(shop, &["add", "."]);
    git(shop, &["commit", "-qm", "plan three days"]);
    folder
}

fn write(shop: &Path, amount: &str) {
    let alias = if amount == "amount" { "" } else { " as amount" };
    fs::write(
        shop.join("models/orders.sql"),
        format!("{CONFIG}select placed_at, {amount}{alias}\n{FROM}"),
    )
    .unwrap();
}

/// Plans the days from `start` to `end` (exclusive).
fn compile(shop: &Path, plan: &str, start: &str, end: &str) {
    let bounds = [
        "--event-time-start",
        start,
        "--event-time-end",
        end,
        "--dialect",
        "duckdb",
        "--plan",
        plan,
    ];
    let done = batchwright(shop, &[&["compile"], &bounds[..]].concat());
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
}

fn git(folder: &Path, arguments: &[&str]) {
    let done = Command::new("git")
        .args([
            "-c",
            "user.name=Ann",
            "-c",
            "user.email=ann@example.com",
            "-c",
            "core.autocrlf=false",
        ])
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", text(&done.stderr));
}

fn batchwright(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_batchwright"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("NO_COLOR")
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
