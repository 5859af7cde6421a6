//! Failed steps, the steps that they block, and retries, on every engine.

use crate::batchwright::{batchwright, step_outcomes};
use crate::days::{
    DAILY, Days, REPORT, assert_equals_sales, batch, delete_null_sales, insert_null_sales, retry,
    run, sales, sql,
};
use crate::engine::{Case, Engine};

pub const CASES: &[Case] = &[
    ("day_17_fails_and_is_retried", day_17_fails_and_is_retried),
    ("failed_days_are_retried", failed_days_are_retried),
    ("a_failed_create_blocks_its_model", a_failed_create_blocks_its_model),
    ("failed_hooks_block_later_steps", failed_hooks_block_later_steps),
    ("a_failed_batch_blocks_only_its_readers", a_failed_batch_blocks_only_its_readers),
    (
        "an_open_transaction_does_not_affect_the_next_step",
        an_open_transaction_does_not_affect_the_next_step,
    ),
    (
        "unchanged_steps_of_a_recompiled_plan_stay_done",
        unchanged_steps_of_a_recompiled_plan_stay_done,
    ),
];

fn day_17_fails_and_is_retried(engine: &dyn Engine) {
    let database = engine.database();
    sales(&*database);
    insert_null_sales(&*database, &[17]);
    let plan = Days::of(30);
    let folder = plan.write_for(engine.dialect());

    let first = run(&folder, &*database);
    assert_eq!(first.code, 1, "{}", first.err);
    let batches = |outcome: &str| {
        step_outcomes(&folder)
            .iter()
            .filter(|(id, actual)| id.starts_with(DAILY) && actual == outcome)
            .count()
    };
    assert_eq!((batches("success"), batches("failed")), (30, 1), "the create and 29 days");
    assert!(!step_outcomes(&folder).iter().any(|(id, _)| id.starts_with(REPORT)));
    assert_eq!(database.rows("select count(*) from daily"), ["58"]);

    let status = batchwright("status", &folder, &[], &[]).out;
    assert!(
        status.contains(
            "failed model.shop.daily@2024-09-17, window 2024-09-17T00:00:00Z to \
        2024-09-18T00:00:00Z"
        ),
        "{status}"
    );
    let reason = status.to_lowercase();
    assert!(reason.contains("null") && reason.contains("amount"), "the client's message: {status}");

    let before = step_outcomes(&folder).len();
    assert_eq!(retry(&folder).code, 1, "nothing has changed");
    delete_null_sales(&*database);
    let second = retry(&folder);
    assert_eq!(second.code, 0, "{}", second.err);
    let ids: Vec<String> =
        step_outcomes(&folder)[before..].iter().map(|(id, _)| id.clone()).collect();
    assert_eq!(ids, [batch(17), batch(17), format!("{REPORT}@build")]);
    assert_equals_sales(&*database);
    assert_eq!(database.rows("select days from report"), ["60"]);

    let third = retry(&folder);
    assert_eq!(third.code, 0);
    assert!(third.err.contains("nothing left to run"), "{}", third.err);
}

fn failed_days_are_retried(engine: &dyn Engine) {
    for days in [vec![1], vec![30], vec![5, 6], (1..=30).collect()] {
        let database = engine.database();
        sales(&*database);
        insert_null_sales(&*database, &days);
        let plan = Days::of(30);
        let folder = plan.write_for(engine.dialect());
        let threads = if engine.allows_concurrent_clients() { "2" } else { "1" };
        // Concurrent batches of an empty table may deadlock in MariaDB: each holds a gap lock that
        // the insert of the other waits for.
        let arguments = ["--threads", threads, "--retries", "5"];
        let first = batchwright("run", &folder, &arguments, &database.session());
        assert_eq!(first.code, 1, "{}", first.err);
        let mut failed: Vec<String> = step_outcomes(&folder)
            .into_iter()
            .filter(|(_, outcome)| outcome == "failed")
            .map(|(id, _)| id)
            .collect();
        failed.sort();
        assert_eq!(failed, days.iter().map(|day| batch(*day)).collect::<Vec<_>>());
        delete_null_sales(&*database);
        let before = step_outcomes(&folder).len();
        let again = batchwright("retry", &folder, &["--retries", "5"], &[]);
        assert_eq!(again.code, 0, "{}", again.err);
        assert_eq!(
            step_outcomes(&folder).len() - before,
            days.len() + 1,
            "the failed days and the report"
        );
        assert_equals_sales(&*database);
    }
}

fn a_failed_create_blocks_its_model(engine: &dyn Engine) {
    let database = engine.database();
    sales(&*database);
    let mut plan = Days::of(30);
    plan.push("model.shop.other", "build", "build", "create table other as select 1 as one;", &[]);
    let good = plan.step("model.shop.daily@create").sql.clone();
    plan.step("model.shop.daily@create").sql = format!("select * from not_there;\n{good}");
    let folder = plan.write_for(engine.dialect());
    assert_eq!(run(&folder, &*database).code, 1);
    assert_eq!(
        step_outcomes(&folder),
        [
            ("model.shop.daily@create".into(), "failed".into()),
            ("model.shop.other@build".into(), "success".into())
        ]
    );
    sql(&*database, "create table not_there (a integer);");
    assert_eq!(retry(&folder).code, 0);
    assert_equals_sales(&*database);
}

fn failed_hooks_block_later_steps(engine: &dyn Engine) {
    for (hook, expected) in [("before", 1), ("after", 32)] {
        let database = engine.database();
        sales(&*database);
        let mut plan = Days::of(30);
        let report = plan.steps.pop().unwrap();
        let all: Vec<String> = plan.steps.iter().map(|step| step.id.clone()).collect();
        plan.push(
            DAILY,
            hook,
            if hook == "before" { "before" } else { "after" },
            "insert into log values (1);",
            &[],
        );
        if hook == "before" {
            let step = plan.steps.pop().unwrap();
            plan.steps.insert(0, step);
            plan.step("model.shop.daily@create").depends_on = vec![format!("{DAILY}@before")];
        } else {
            plan.steps.last_mut().unwrap().depends_on = all;
        }
        plan.steps.push(report);
        let folder = plan.write_for(engine.dialect());
        let first = run(&folder, &*database);
        assert_eq!(
            (first.code, step_outcomes(&folder).len()),
            (1, expected),
            "{hook}: {}",
            first.err
        );
        sql(&*database, "create table log (a integer);");
        assert_eq!(retry(&folder).code, 0);
        assert_eq!(database.rows("select count(*) from log"), ["1"], "a hook runs once");
        assert_equals_sales(&*database);
    }
}

fn a_failed_batch_blocks_only_its_readers(engine: &dyn Engine) {
    let database = engine.database();
    sales(&*database);
    insert_null_sales(&*database, &[3]);
    let mut plan = Days::of(30);
    // A reader of single days: only its day 3 is blocked.
    plan.push(
        "model.shop.next_day",
        "create",
        "create",
        "create table if not exists next_day (sold_on date, amount integer);",
        &[],
    );
    for number in 1..=5 {
        let sql = format!(
            "insert into next_day select sold_on, amount from daily where sold_on = '{}';",
            crate::days::day(number)
        );
        plan.push(
            "model.shop.next_day",
            &crate::days::day(number),
            "batch",
            &sql,
            &["model.shop.next_day@create", &batch(number)],
        );
    }
    let folder = plan.write_for(engine.dialect());
    assert_eq!(run(&folder, &*database).code, 1);
    let done = |id: &str| {
        step_outcomes(&folder).iter().any(|(step, outcome)| step == id && outcome == "success")
    };
    assert!(
        done("model.shop.next_day@2024-09-02")
            && done("model.shop.next_day@2024-09-04")
            && done(&batch(30))
    );
    assert!(!done("model.shop.next_day@2024-09-03") && !done("model.shop.report@build"));
    delete_null_sales(&*database);
    let before = step_outcomes(&folder).len();
    assert_eq!(retry(&folder).code, 0);
    assert_eq!(step_outcomes(&folder).len() - before, 3);
    assert_eq!(database.rows("select count(*) from next_day"), ["10"]);
}

fn an_open_transaction_does_not_affect_the_next_step(engine: &dyn Engine) {
    let database = engine.database();
    sales(&*database);
    let mut plan = Days::of(30);
    plan.step(&batch(4)).sql =
        "begin;\ndelete from daily;\nselect * from not_there;\ncommit;".to_string();
    let folder = plan.write_for(engine.dialect());
    assert_eq!(run(&folder, &*database).code, 1);
    assert_eq!(
        database.rows("select count(*) from daily"),
        ["58"],
        "the delete of day 4 is rolled back"
    );
}

fn unchanged_steps_of_a_recompiled_plan_stay_done(engine: &dyn Engine) {
    let database = engine.database();
    sales(&*database);
    insert_null_sales(&*database, &[9]);
    let mut plan = Days::of(30);
    let folder = plan.write_for(engine.dialect());
    assert_eq!(run(&folder, &*database).code, 1);
    delete_null_sales(&*database);
    let step = plan.step(&batch(12));
    step.sql = format!("-- another text\n{}", step.sql);
    plan.write_for(engine.dialect());
    let before = step_outcomes(&folder).len();
    assert_eq!(retry(&folder).code, 0);
    let ids: Vec<String> =
        step_outcomes(&folder)[before..].iter().map(|(id, _)| id.clone()).collect();
    assert_eq!(ids, [batch(9), batch(12), format!("{REPORT}@build")]);
    assert_equals_sales(&*database);
}
