//! A full refresh that fails or is killed, and is retried: no rows are lost, and no reader sees a
//! partial table.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::batchwright::{start, step_outcomes, wait_for_entry};
use crate::days::{
    DAILY, Days, REPORT, assert_equals_sales, batch, delete_null_sales, insert_null_sales, retry,
    run, sales, sql,
};
use crate::engine::{Case, Engine};

pub const CASES: &[Case] = &[
    ("a_failed_full_refresh_is_retried", a_failed_full_refresh_is_retried),
    ("a_killed_full_refresh_is_finished", a_killed_full_refresh_is_finished),
];

/// A plan that builds `daily_next` and swaps it for `daily`, which has one old row.
fn refresh(engine: &dyn Engine) -> Days {
    let mut plan = Days::of(30);
    plan.refresh_table = Some("daily_next".to_string());
    for step in plan.steps.iter_mut().filter(|step| step.id.starts_with(DAILY)) {
        step.sql = step.sql.replace("daily", "daily_next");
        // If only one process can open the database, the client reads too.
        if !engine.allows_concurrent_clients() {
            step.sql.push_str(match step.kind {
                "create" => "\ncreate table if not exists seen (counted integer);",
                _ => "\ninsert into seen select count(*) from daily;",
            });
        }
    }
    let batches: Vec<String> = (1..=30).map(batch).collect();
    let batches: Vec<&str> = batches.iter().map(String::as_str).collect();
    // MariaDB commits after each DDL statement, but renames both tables in one.
    let swap = match engine.dialect() {
        "mariadb" => "rename table daily to daily_old, daily_next to daily;\ndrop table daily_old;",
        _ => {
            "begin;\ndrop table if exists daily;\nalter table daily_next rename to daily;\ncommit;"
        }
    };
    let report = plan.steps.pop().unwrap();
    plan.push(DAILY, "swap", "swap", swap, &batches);
    plan.steps.push(report);
    plan
}

fn a_failed_full_refresh_is_retried(engine: &dyn Engine) {
    let database = engine.database();
    sales(&*database);
    insert_null_sales(&*database, &[17]);
    sql(
        &*database,
        "create table daily (sold_on date, amount integer not null); insert into daily values \
         ('2020-01-01', 1);",
    );
    let plan = refresh(engine);
    let folder = plan.write_for(engine.dialect());
    let finished = AtomicBool::new(false);
    let counts = thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut counts = Vec::new();
            // The last read starts after the retry.
            let mut last = !engine.allows_concurrent_clients();
            while !last {
                last = finished.load(Ordering::SeqCst);
                counts.extend(database.rows("select count(*) from daily"));
                thread::sleep(Duration::from_millis(2));
            }
            counts
        });
        assert_eq!(run(&folder, &*database).code, 1);
        delete_null_sales(&*database);
        let before = step_outcomes(&folder).len();
        let again = retry(&folder);
        assert_eq!(again.code, 0, "{}", again.err);
        let ids: Vec<String> =
            step_outcomes(&folder)[before..].iter().map(|(id, _)| id.clone()).collect();
        assert_eq!(ids, [batch(17), format!("{DAILY}@swap"), format!("{REPORT}@build")]);
        finished.store(true, Ordering::SeqCst);
        reader.join().unwrap()
    });
    let counts = if engine.allows_concurrent_clients() {
        counts
    } else {
        database.rows("select counted from seen")
    };
    assert!(
        counts.iter().all(|count| count == "1" || count == "60"),
        "a reader saw a partial table: {counts:?}"
    );
    assert!(counts.contains(&"1".to_string()), "the reader started too late: {counts:?}");
    assert!(
        !engine.allows_concurrent_clients() || counts.last().is_some_and(|count| count == "60"),
        "{counts:?}"
    );
    assert_equals_sales(&*database);
    assert!(retry(&folder).err.contains("nothing left to run"));
}

fn a_killed_full_refresh_is_finished(engine: &dyn Engine) {
    // Killed right after the swap was started: a retry finds out whether it was done.
    for milliseconds in [0, 1, 2, 4, 8] {
        let database = engine.database();
        sales(&*database);
        sql(
            &*database,
            "create table daily (sold_on date, amount integer not null); insert into daily values \
             ('2020-01-01', 1);",
        );
        let plan = refresh(engine);
        let folder = plan.write_for(engine.dialect());
        let mut run = start("run", &folder, &["--quiet"], &database.session());
        wait_for_entry(&folder, |entry| {
            entry["event"] == "start" && entry["step"] == format!("{DAILY}@swap")
        });
        thread::sleep(Duration::from_millis(milliseconds));
        run.kill().unwrap();
        run.wait().unwrap();
        let again = retry(&folder);
        assert_eq!(again.code, 0, "after {milliseconds} ms: {}", again.err);
        assert_equals_sales(&*database);
    }
    // The swap was done, but the journal has it as failed.
    let database = engine.database();
    sales(&*database);
    sql(&*database, "create table daily (sold_on date, amount integer not null);");
    let mut plan = refresh(engine);
    let swap = plan.step(&format!("{DAILY}@swap")).sql.clone();
    plan.step(&format!("{DAILY}@swap")).sql = format!("{swap}\nselect * from not_there;");
    let folder = plan.write_for(engine.dialect());
    assert_eq!(run(&folder, &*database).code, 1);
    let again = retry(&folder);
    assert_eq!(again.code, 0, "{}", again.err);
    assert_equals_sales(&*database);
}
