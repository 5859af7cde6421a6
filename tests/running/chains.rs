//! A chain of two models, on every engine: a part of a staged plan is run, published plans are not
//! written again, an undo is of both models or of none, and full refreshes and shards of other
//! plans count.

use crate::batchwright::{CommandResult, batchwright, step_outcomes};
use crate::engine::{Case, Engine};
use crate::shop::{Plan, Shop};

pub const CASES: &[Case] = &[
    ("a_part_of_a_staged_chain_is_run", a_part_of_a_staged_chain_is_run),
    ("a_chain_is_undone_as_a_whole", a_chain_is_undone_as_a_whole),
    ("retry_publishes_if_asked_to", retry_publishes_if_asked_to),
    ("a_published_plan_is_not_written_again", a_published_plan_is_not_written_again),
    ("an_undo_on_another_machine_counts", an_undo_on_another_machine_counts),
    ("retry_runs_what_no_shard_has_finished", retry_runs_what_no_shard_has_finished),
    ("a_swap_by_another_plan_removes_batches", a_swap_by_another_plan_removes_batches),
];

/// Engines whose readers can lock a table.
pub const LOCKED: &[Case] = &[("a_locked_table_is_not_missing", a_locked_table_is_not_missing)];

const SESSIONS: &str = "int__sessions_aggregated";
const DAILY: &str = "daily_report";
const RANGE: &[&str] = &["--event-time-start", "2024-09-01", "--event-time-end", "2024-09-04"];

/// A built shop in which an amount has changed, and the plan of a staged backfill of both models.
fn staged<'a>(engine: &'a dyn Engine, flags: &[&str]) -> (Shop<'a>, Plan) {
    let (shop, _) = Shop::built(engine);
    shop.sql("update raw.events set amount = '21' where event_id = 111;");
    let select = ["--select", SESSIONS, DAILY, "--staged"];
    let plan = shop.compile(&[&select, RANGE, flags].concat());
    (shop, plan)
}

fn succeeds(result: &CommandResult) {
    assert_eq!(result.code, 0, "{result:?}");
}

fn refuses(result: &CommandResult, message: &str) {
    assert_eq!(result.code, 2, "{result:?}");
    assert!(result.err.contains(message), "{result:?}");
}

fn both(shop: &Shop) -> [Vec<String>; 2] {
    [SESSIONS, DAILY].map(|model| shop.table(model))
}

fn a_part_of_a_staged_chain_is_run(engine: &dyn Engine) {
    let (shop, plan) = staged(engine, &[]);
    let client = shop.database.session();
    succeeds(&batchwright("run", plan.folder(), &["-s", SESSIONS], &client));
    assert!(step_outcomes(plan.folder()).iter().all(|(step, _)| step.contains(SESSIONS)));
    succeeds(&batchwright("run", plan.folder(), &["--exclude", SESSIONS], &client));
    succeeds(&batchwright("publish", plan.folder(), &[], &[]));
    shop.assert_equals_query(SESSIONS);
    shop.assert_equals_query(DAILY);
}

fn a_chain_is_undone_as_a_whole(engine: &dyn Engine) {
    let (shop, plan) = staged(engine, &[]);
    let old = both(&shop);
    succeeds(&batchwright("run", plan.folder(), &["--publish"], &shop.database.session()));
    let new = both(&shop);
    succeeds(&batchwright("undo", plan.folder(), &[], &[]));
    assert_eq!(both(&shop), old);
    succeeds(&batchwright("publish", plan.folder(), &[], &[]));
    assert_eq!(both(&shop), new);

    // Another writer changes the table that is undone last.
    let add = |count: &str| {
        shop.sql(&format!("update analytics.{SESSIONS} set event_count = event_count {count};"));
    };
    add("+ 70");
    let undo = batchwright("undo", plan.folder(), &[], &[]);
    assert_eq!(undo.code, 1, "{undo:?}");
    assert!(undo.err.contains("neither"), "{undo:?}");
    assert_eq!(shop.table(DAILY), new[1], "nothing is undone");
    add("- 70");

    // What a cleanup does that fails after its first model.
    shop.sql(&format!("drop table analytics.{DAILY}__before;"));
    let undo = batchwright("undo", plan.folder(), &[], &[]);
    refuses(&undo, &format!("`{DAILY}` is published and cannot be undone"));
    assert_eq!(both(&shop), new);
    let elsewhere = plan.folder().with_file_name("elsewhere");
    let elsewhere = ["--state-dir", elsewhere.to_str().unwrap()];
    let undo = batchwright("undo", plan.folder(), &elsewhere, &shop.database.session());
    refuses(&undo, "the journal has no run of this plan");
    assert_eq!(both(&shop), new);
    succeeds(&batchwright("cleanup", plan.folder(), &[], &[]));
    refuses(&batchwright("undo", plan.folder(), &[], &[]), "is published and cannot be undone");
}

fn retry_publishes_if_asked_to(engine: &dyn Engine) {
    let (shop, plan) = staged(engine, &[]);
    let old = both(&shop);
    succeeds(&batchwright("run", plan.folder(), &[], &shop.database.session()));
    let retry = batchwright("retry", plan.folder(), &[], &[]);
    assert!(retry.err.contains("nothing left to run"), "{retry:?}");
    assert_eq!(both(&shop), old);
    let retry = batchwright("retry", plan.folder(), &["--publish"], &[]);
    succeeds(&retry);
    assert!(retry.err.contains("2 steps done"), "{retry:?}");
    shop.assert_equals_query(SESSIONS);
    shop.assert_equals_query(DAILY);
}

fn a_published_plan_is_not_written_again(engine: &dyn Engine) {
    let (shop, plan) = staged(engine, &[]);
    let client = shop.database.session();
    let old = both(&shop);
    succeeds(&batchwright("run", plan.folder(), &["--publish"], &client));
    shop.sql("update raw.events set amount = '31' where event_id = 111;");
    let steps = step_outcomes(plan.folder()).len();
    let refused = "is published, so its staged rows are not written again";
    refuses(&batchwright("run", plan.folder(), &[], &client), refused);
    let from = format!("{SESSIONS}@2024-09-02");
    refuses(&batchwright("retry", plan.folder(), &["--from", &from], &[]), refused);
    assert_eq!(step_outcomes(plan.folder()).len(), steps);
    succeeds(&batchwright("undo", plan.folder(), &[], &[]));
    assert_eq!(both(&shop), old);
    // The old rows are there until the cleanup, so the create step stops.
    let stopped = batchwright("run", plan.folder(), &["--publish"], &client);
    assert_eq!(stopped.code, 1, "{}", stopped.err);
    assert!(
        stopped.err.contains("a published backfill needs these staged rows"),
        "{}",
        stopped.err
    );
    succeeds(&batchwright("cleanup", plan.folder(), &[], &[]));
    succeeds(&batchwright("run", plan.folder(), &["--publish"], &client));
    shop.assert_equals_query(DAILY);
    succeeds(&batchwright("cleanup", plan.folder(), &[], &[]));
    succeeds(&batchwright("run", plan.folder(), &["--publish"], &client));
    shop.assert_equals_query(DAILY);
}

fn an_undo_on_another_machine_counts(engine: &dyn Engine) {
    let (shop, plan) = staged(engine, &["--ledger", "analytics.ledger"]);
    let client = shop.database.session();
    let old = both(&shop);
    let states = ["one", "two"].map(|name| plan.folder().with_file_name(name));
    let [one, two] = states.each_ref().map(|state| ["--state-dir", state.to_str().unwrap()]);
    let publish = [&["--publish"], &one[..]].concat();
    succeeds(&batchwright("run", plan.folder(), &publish, &client));
    let new = both(&shop);
    succeeds(&batchwright("undo", plan.folder(), &two, &client));
    assert_eq!(both(&shop), old);

    // By the ledger, and by the journals of both machines.
    let open = |arguments: &[&str], client: &[String]| {
        let status = batchwright("status", plan.folder(), arguments, client);
        let status: serde_json::Value = serde_json::from_str(&status.out).unwrap();
        let models = status["models"].as_array().unwrap().iter();
        models.map(|model| model["open"].as_u64().unwrap()).sum::<u64>()
    };
    let journals = ["--json", "--journal", one[1], "--journal", two[1]];
    assert_eq!(open(&journals, &[]), 2, "the publications");
    let read = [&["--json", "--read-ledger"], &one[..]].concat();
    assert_eq!(open(&read, &client), 2, "the publications");
    let published = batchwright("publish", plan.folder(), &one, &[]);
    assert!(published.err.contains("2 steps done"), "{published:?}");
    assert_eq!(both(&shop), new);
    let again = batchwright("publish", plan.folder(), &one, &[]);
    assert!(again.err.contains("nothing left to run"), "{again:?}");
}

fn retry_runs_what_no_shard_has_finished(engine: &dyn Engine) {
    let shop = Shop::open(engine);
    shop.build(&shop.compile(&["--select", "stg_events"]));
    let plan = shop.compile(&[&["--select", SESSIONS, DAILY], RANGE].concat());
    let client = shop.database.session();
    for shard in ["1/4", "2/4"] {
        succeeds(&batchwright("run", plan.folder(), &["--shard", shard], &client));
    }
    let done = batchwright("retry", plan.folder(), &["--shard", "2/4"], &[]);
    assert!(done.err.contains("nothing left to run"), "{done:?}");
    succeeds(&batchwright("retry", plan.folder(), &[], &[]));
    let built = shop.compile(&[&["--select", SESSIONS, DAILY], RANGE].concat());
    let written = both(&shop);
    shop.build(&built);
    assert_eq!(both(&shop), written);
    let done = batchwright("retry", plan.folder(), &[], &[]);
    assert!(done.err.contains("nothing left to run"), "{done:?}");
}

fn a_swap_by_another_plan_removes_batches(engine: &dyn Engine) {
    let shop = Shop::open(engine);
    shop.build(&shop.compile(&["--select", "stg_events"]));
    let client = shop.database.session();
    let select = ["--select", SESSIONS];
    let at = |flags: &[&str], day: &str| {
        let now = format!("{day}T12:00:00Z");
        shop.compile(&[&select, flags, &["--now", &now]].concat())
    };
    let refresh = at(&["--full-refresh"], "2024-09-02");
    for shard in ["1/3", "2/3"] {
        succeeds(&batchwright("run", refresh.folder(), &["--shard", shard], &client));
    }
    // The daily plan writes to the old table.
    for day in ["2024-09-02", "2024-09-03", "2024-09-04"] {
        succeeds(&batchwright("run", at(&["--missing"], day).folder(), &[], &client));
    }
    succeeds(&batchwright("run", refresh.folder(), &["--shard", "3/3"], &client));
    let missing = at(&["--missing"], "2024-09-05");
    let batches: Vec<&str> = missing
        .of(SESSIONS, "batch")
        .iter()
        .map(|step| step.id.split_once('@').unwrap().1)
        .collect();
    assert!(batches.contains(&"2024-09-03"), "{batches:?}");
    succeeds(&batchwright("run", missing.folder(), &[], &client));
    shop.assert_equals_query(SESSIONS);
}

/// The query on a table fails by the lock of another session.
fn a_locked_table_is_not_missing(engine: &dyn Engine) {
    let (shop, plan) = staged(engine, &[]);
    let mut client = shop.database.session();
    client.splice(0..0, ["env", "PGOPTIONS=-c lock_timeout=200ms"].map(str::to_string));
    succeeds(&batchwright("run", plan.folder(), &["--publish"], &client));
    let new = both(&shop);
    let lock = format!(
        "lock table analytics.{DAILY}__before in access exclusive mode; select pg_sleep(4)"
    );
    let database = &shop.database;
    std::thread::scope(|scope| {
        let locked = scope.spawn(|| database.rows(&lock));
        std::thread::sleep(std::time::Duration::from_secs(1));
        let undo = batchwright("undo", plan.folder(), &[], &client);
        assert_eq!(undo.code, 1, "{undo:?}");
        assert!(undo.err.contains("did not answer whether table"), "{undo:?}");
        assert!(undo.err.contains("lock timeout"), "{undo:?}");
        locked.join().unwrap();
    });
    assert_eq!(both(&shop), new);
    succeeds(&batchwright("undo", plan.folder(), &[], &client));
    assert_ne!(both(&shop), new);
}
