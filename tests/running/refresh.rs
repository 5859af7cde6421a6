//! A full refresh that fails and is retried, or is killed: no row of the other batches is lost, and no reader ever sees a part.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::batchwright::{ended, run_until, start};
use crate::days::{DAILY, Days, REPORT, assert_whole, batch, cured, retry, run, sales, spoilt, sql};
use crate::engine::{Case, Engine};

pub const CASES: &[Case] = &[
    ("a_full_refresh_is_retried_without_loss", a_full_refresh_is_retried_without_loss),
    ("a_full_refresh_is_killed_and_finished", a_full_refresh_is_killed_and_finished),
];

/// A plan that builds `daily` beside and swaps it in, over a table that holds one old row.
fn refresh(engine: &dyn Engine) -> Days {
    let mut plan = Days::of(30);
    plan.beside = Some("daily_beside".to_string());
    for step in plan.steps.iter_mut().filter(|step| step.id.starts_with(DAILY)) {
        step.sql = step.sql.replace("daily", "daily_beside");
        // Where one process alone may open the database, that one must be the reader too.
        if !engine.side_by_side() {
            step.sql.push_str(match step.kind {
                "create" => "\ncreate table if not exists seen (counted integer);",
                _ => "\ninsert into seen select count(*) from daily;",
            });
        }
    }
    let batches: Vec<String> = (1..=30).map(batch).collect();
    let batches: Vec<&str> = batches.iter().map(String::as_str).collect();
    // MariaDB commits at each such statement, but renames both tables in one.
    let swap = match engine.dialect() {
        "mariadb" => "rename table daily to daily_old, daily_beside to daily;\ndrop table daily_old;",
        _ => "begin;\ndrop table if exists daily;\nalter table daily_beside rename to daily;\ncommit;",
    };
    let report = plan.steps.pop().unwrap();
    plan.push(DAILY, "swap", "swap", swap, &batches);
    plan.steps.push(report);
    plan
}

fn a_full_refresh_is_retried_without_loss(engine: &dyn Engine) {
    let database = engine.database();
    sales(&*database);
    spoilt(&*database, &[17]);
    sql(&*database, "create table daily (sold_on date, amount integer not null); insert into daily values ('2020-01-01', 1);");
    let plan = refresh(engine);
    let folder = plan.write_for(engine.dialect());
    let over = AtomicBool::new(false);
    let seen = thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut seen = Vec::new();
            // Until one reading has begun after the end.
            let mut last = !engine.side_by_side();
            while !last {
                last = over.load(Ordering::SeqCst);
                seen.extend(database.rows("select count(*) from daily"));
                thread::sleep(Duration::from_millis(2));
            }
            seen
        });
        assert_eq!(run(&folder, &*database).code, 1);
        cured(&*database);
        let before = ended(&folder).len();
        let again = retry(&folder);
        assert_eq!(again.code, 0, "{}", again.err);
        let ids: Vec<String> = ended(&folder)[before..].iter().map(|(id, _)| id.clone()).collect();
        assert_eq!(ids, [batch(17), format!("{DAILY}@swap"), format!("{REPORT}@build")]);
        over.store(true, Ordering::SeqCst);
        reader.join().unwrap()
    });
    let seen = if engine.side_by_side() { seen } else { database.rows("select counted from seen") };
    assert!(seen.iter().all(|count| count == "1" || count == "60"), "a reader saw a part of the table: {seen:?}");
    assert!(seen.contains(&"1".to_string()), "the reader came too late: {seen:?}");
    assert!(!engine.side_by_side() || seen.last().is_some_and(|count| count == "60"), "{seen:?}");
    assert_whole(&*database);
    assert!(retry(&folder).err.contains("nothing left to run"));
}

fn a_full_refresh_is_killed_and_finished(engine: &dyn Engine) {
    // Killed right after the swap was begun: whether it happened or not, a retry finds out.
    for patience in [0, 1, 2, 4, 8] {
        let database = engine.database();
        sales(&*database);
        sql(&*database, "create table daily (sold_on date, amount integer not null); insert into daily values ('2020-01-01', 1);");
        let plan = refresh(engine);
        let folder = plan.write_for(engine.dialect());
        let mut run = start("run", &folder, &["--quiet"], &database.session());
        run_until(&folder, |entry| entry["event"] == "start" && entry["step"] == format!("{DAILY}@swap"));
        thread::sleep(Duration::from_millis(patience));
        run.kill().unwrap();
        run.wait().unwrap();
        let again = retry(&folder);
        assert_eq!(again.code, 0, "after {patience} ms: {}", again.err);
        assert_whole(&*database);
    }
    // The swap had happened, and only the journal did not hear of it.
    let database = engine.database();
    sales(&*database);
    sql(&*database, "create table daily (sold_on date, amount integer not null);");
    let mut plan = refresh(engine);
    let sound = plan.step(&format!("{DAILY}@swap")).sql.clone();
    plan.step(&format!("{DAILY}@swap")).sql = format!("{sound}\nselect * from not_there;");
    let folder = plan.write_for(engine.dialect());
    assert_eq!(run(&folder, &*database).code, 1);
    let again = retry(&folder);
    assert_eq!(again.code, 0, "{}", again.err);
    assert_whole(&*database);
}
