//! A staged backfill: `run` stops before it is published; `publish`, `undo` and `cleanup` run the
//! last files with the client of the run, and write the journal.

use std::thread::sleep;
use std::time::Duration;

use crate::batchwright::{CommandResult, batchwright, start, step_outcomes};
use crate::engine::{Case, Engine};
use crate::ledger::kill;
use crate::shop::{Plan, Shop};

pub const CASES: &[Case] = &[
    ("a_staged_plan_is_published_and_undone", a_staged_plan_is_published_and_undone),
    (
        "a_second_machine_does_not_stage_published_rows",
        a_second_machine_does_not_stage_published_rows,
    ),
    ("a_plan_with_another_comment_undoes", a_plan_with_another_comment_undoes),
    ("run_publishes_if_asked_to", run_publishes_if_asked_to),
    ("a_wrong_backfill_is_not_published", a_wrong_backfill_is_not_published),
    ("a_cleaned_backfill_is_run_again", a_cleaned_backfill_is_run_again),
    ("a_backfill_file_leaves_excluded_days_alone", a_backfill_file_leaves_excluded_days_alone),
    ("a_killed_publication_is_complete_or_absent", a_killed_publication_is_complete_or_absent),
];

const SESSIONS: &str = "int__sessions_aggregated";
const RANGE: &[&str] = &["--event-time-start", "2024-09-01", "--event-time-end", "2024-09-04"];

/// A built shop in which an amount has changed, and the plan of a staged backfill.
fn staged(engine: &dyn Engine) -> (Shop<'_>, Plan) {
    let (shop, _) = Shop::built(engine);
    shop.sql("update raw.events set amount = '21' where event_id = 111;");
    let plan = shop.compile(&[&["--select", SESSIONS, "--staged"], RANGE].concat());
    (shop, plan)
}

fn succeeds(result: &CommandResult) {
    assert_eq!(result.code, 0, "{result:?}");
}

fn a_staged_plan_is_published_and_undone(engine: &dyn Engine) {
    let (shop, plan) = staged(engine);
    let old = shop.table(SESSIONS);
    let client = shop.database.session();
    let command = |name: &str| batchwright(name, plan.folder(), &[], &[]);

    let early = batchwright("publish", plan.folder(), &[], &client);
    assert_eq!(early.code, 2, "{early:?}");
    assert!(
        early.err.contains("nothing is published: 5 steps of the plan are not done"),
        "{early:?}"
    );

    let audit = batchwright("audit", plan.folder(), &[], &[]);
    assert_eq!(audit.code, 2, "{audit:?}");
    assert!(audit.err.contains("the plan has no audit"), "{audit:?}");
    let run = batchwright("run", plan.folder(), &[], &client);
    succeeds(&run);
    assert!(run.err.contains("to publish them: `batchwright publish --plan "), "{run:?}");
    assert_eq!(shop.table(SESSIONS), old);
    let again = command("retry");
    assert!(again.err.contains("nothing left to run: 5 steps done"), "{again:?}");
    assert_eq!(shop.table(SESSIONS), old);

    succeeds(&command("publish"));
    let new = shop.table(SESSIONS);
    assert_ne!(new, old);
    shop.assert_equals_query(SESSIONS);
    assert!(command("publish").err.contains("nothing left to run"));
    succeeds(&command("undo"));
    assert_eq!(shop.table(SESSIONS), old);
    succeeds(&command("publish"));
    assert_eq!(shop.table(SESSIONS), new);

    // A foreign write.
    let day = "session_start >= '2024-09-01 00:00:00' and session_start < '2024-09-02 00:00:00'";
    shop.sql(&format!("update analytics.{SESSIONS} set event_count = 77 where {day};"));
    let written = shop.table(SESSIONS);
    let undo = command("undo");
    assert_eq!(undo.code, 1, "{undo:?}");
    assert!(undo.err.contains("neither"), "{undo:?}");
    assert_eq!(shop.table(SESSIONS), written);

    // A plan of other days in the same folder cannot undo the backfill, and says so.
    let replaced = "this plan replaces a published backfill";
    let range = ["--event-time-start", "2024-09-01", "--event-time-end"];
    let compile = |end| {
        let mut arguments = vec!["--select", SESSIONS, "--staged"];
        arguments.extend(range.iter().chain(&[end]));
        shop.recompile(&plan, &arguments)
    };
    let other = compile("2024-09-03");
    assert!(other.contains(replaced), "{other}");
    let same = compile("2024-09-04");
    assert!(!same.contains(replaced), "{same}");

    succeeds(&command("cleanup"));
    let undo = command("undo");
    assert_eq!(undo.code, 2, "{undo:?}");
    assert!(undo.err.contains("is published and cannot be undone"), "{undo:?}");
    let after_cleanup = compile("2024-09-03");
    assert!(!after_cleanup.contains(replaced), "{after_cleanup}");

    let ids: Vec<String> = step_outcomes(plan.folder())
        .iter()
        .skip(5)
        .map(|(id, outcome)| format!("{} {outcome}", id.split_once('@').unwrap().1))
        .collect();
    assert_eq!(
        ids,
        ["publish success", "undo success", "publish success", "undo failed", "cleanup success"]
    );
}

fn a_second_machine_does_not_stage_published_rows(engine: &dyn Engine) {
    let (shop, plan) = staged(engine);
    let old = shop.table(SESSIONS);
    let client = shop.database.session();
    succeeds(&batchwright("run", plan.folder(), &["--publish"], &client));
    shop.sql("update raw.events set amount = '22' where event_id = 111;");
    let state = shop.project().join("other_machine");
    let elsewhere = ["--state-dir", state.to_str().unwrap()];
    let again = batchwright("run", plan.folder(), &elsewhere, &client);
    assert_eq!(again.code, 1, "{again:?}");
    assert!(again.err.contains("a published backfill needs these staged rows"), "{again:?}");
    succeeds(&batchwright("undo", plan.folder(), &[], &[]));
    assert_eq!(shop.table(SESSIONS), old);
    succeeds(&batchwright("cleanup", plan.folder(), &[], &[]));
    succeeds(&batchwright("run", plan.folder(), &["--publish"], &client));
    shop.assert_equals_query(SESSIONS);
}

/// The undo does not depend on the text of the query; the cleanup drops no rows of another backfill.
fn a_plan_with_another_comment_undoes(engine: &dyn Engine) {
    let (shop, plan) = staged(engine);
    let old = shop.table(SESSIONS);
    let client = shop.database.session();
    let replaced = "this plan replaces a published backfill";
    let compile = |end| {
        let range = ["--event-time-start", "2024-09-01", "--event-time-end", end];
        shop.recompile(&plan, &[&["--select", SESSIONS, "--staged"][..], &range].concat())
    };
    compile("2024-09-04");
    succeeds(&batchwright("run", plan.folder(), &["--publish"], &client));
    let new = shop.table(SESSIONS);
    let model = format!("models/{SESSIONS}.sql");
    let text = std::fs::read_to_string(shop.project().join(&model)).unwrap();
    shop.write(&model, &format!("-- another comment\n{text}"));
    let commented = compile("2024-09-04");
    assert!(!commented.contains(replaced), "{commented}");
    succeeds(&batchwright("undo", plan.folder(), &[], &client));
    assert_eq!(shop.table(SESSIONS), old);

    // The plan that was published, and one of other days.
    shop.write(&model, &text);
    compile("2024-09-04");
    succeeds(&batchwright("publish", plan.folder(), &[], &client));
    assert_eq!(shop.table(SESSIONS), new);
    let other = compile("2024-09-03");
    assert!(other.contains(replaced), "{other}");
    let cleanup = batchwright("cleanup", plan.folder(), &[], &client);
    assert_eq!(cleanup.code, 1, "{cleanup:?}");
    assert!(cleanup.err.contains("another backfill"), "{cleanup:?}");
    let same = compile("2024-09-04");
    assert!(!same.contains(replaced), "{same}");
    succeeds(&batchwright("undo", plan.folder(), &[], &client));
    assert_eq!(shop.table(SESSIONS), old);
    succeeds(&batchwright("cleanup", plan.folder(), &[], &client));
}

fn run_publishes_if_asked_to(engine: &dyn Engine) {
    let (shop, plan) = staged(engine);
    let client = shop.database.session();
    succeeds(&batchwright("run", plan.folder(), &["--publish"], &client));
    shop.assert_equals_query(SESSIONS);
}

fn a_wrong_backfill_is_not_published(engine: &dyn Engine) {
    let (shop, plan) = staged(engine);
    shop.sql("delete from raw.events where event_id in (110, 111);");
    let old = shop.table(SESSIONS);
    let run = batchwright("run", plan.folder(), &["--publish"], &shop.database.session());
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.err.contains("fewer rows: 2024-09-01"), "{run:?}");
    assert_eq!(shop.table(SESSIONS), old);
    let publish = batchwright("publish", plan.folder(), &[], &[]);
    assert_eq!(publish.code, 2, "{publish:?}");
}

/// `publish` is killed with its client at random times: the table has the old rows or the new ones,
/// and publishing again completes it. The number of kills is `BATCHWRIGHT_KILLS` or 4.
fn a_killed_publication_is_complete_or_absent(engine: &dyn Engine) {
    let kills: u64 =
        std::env::var("BATCHWRIGHT_KILLS").ok().and_then(|number| number.parse().ok()).unwrap_or(4);
    let shop = Shop::open(engine);
    let model = |factor: &str| {
        let config = "materialized='incremental', incremental_strategy='microbatch', \
            batch_size='day', begin='2024-09-01', event_time='occurred_at'";
        let events = "{{ source('raw', 'events') }}";
        shop.write(
            "models/takings.sql",
            &format!(
                "{{{{ config({config}) }}}}\nselect e.occurred_at, e.event_id * {factor} as amount\n\
                 from {events} as e\ncross join {events}.render() as a\n\
                 cross join {events}.render() as b\n"
            )
            .replace(" }}.render()", ".render() }}"),
        );
        shop.write(
            "models/takings.yml",
            "models:\n- name: takings\n  columns:\n  - {name: occurred_at, data_type: timestamp}\n",
        );
    };
    let select =
        |staged: &[&str]| shop.compile(&[&["--select", "takings"], RANGE, staged].concat());
    model("1");
    shop.build(&select(&[]));
    model("10");
    let plan = select(&["--staged"]);
    let client = shop.database.session();
    succeeds(&batchwright("run", plan.folder(), &[], &client));
    let sum = || shop.rows("select count(*), sum(amount) from analytics.takings");
    let old = sum();
    succeeds(&batchwright("publish", plan.folder(), &[], &[]));
    let new = sum();
    assert_ne!(old, new);
    let (mut killed, mut published) = (0, 0);
    for nth in 0.. {
        if killed >= kills || nth > 4 * kills {
            break;
        }
        succeeds(&batchwright("undo", plan.folder(), &[], &[]));
        assert_eq!(sum(), old);
        let mut run = start("publish", plan.folder(), &[], &[]);
        sleep(Duration::from_millis(20 + nth * 37 % 230));
        let is_done = run.try_wait().unwrap().is_some();
        kill(run.id());
        run.wait().unwrap();
        killed += u64::from(!is_done);
        // A server ends the transaction of a lost client.
        sleep(Duration::from_millis(300));
        let rows = sum();
        assert!(rows == old || rows == new, "after kill {killed}: {rows:?}");
        published += u64::from(rows == new);
        succeeds(&batchwright("publish", plan.folder(), &[], &[]));
        assert_eq!(sum(), new);
    }
    assert!(killed > 0, "no publication was killed in time");
    println!("{}: {killed} kills, published after {published}", engine.dialect());
}

/// After `cleanup` the finished steps are open again, since their rows are lost.
fn a_cleaned_backfill_is_run_again(engine: &dyn Engine) {
    let (shop, plan) = staged(engine);
    let old = shop.table(SESSIONS);
    succeeds(&batchwright("run", plan.folder(), &[], &shop.database.session()));
    let undo = batchwright("undo", plan.folder(), &[], &[]);
    assert_eq!(undo.code, 2, "{undo:?}");
    assert!(undo.err.contains("nothing to undo of `"), "{undo:?}");
    let again = batchwright("retry", plan.folder(), &[], &[]);
    assert!(again.err.contains("nothing left to run: 5 steps done"), "{again:?}");

    succeeds(&batchwright("cleanup", plan.folder(), &[], &[]));
    let early = batchwright("publish", plan.folder(), &[], &[]);
    assert_eq!(early.code, 2, "{early:?}");
    assert!(early.err.contains("5 steps of the plan are not done"), "{early:?}");
    assert_eq!(shop.table(SESSIONS), old);

    succeeds(&batchwright("retry", plan.folder(), &["--publish"], &[]));
    shop.assert_equals_query(SESSIONS);
    succeeds(&batchwright("cleanup", plan.folder(), &[], &[]));
    let done = batchwright("retry", plan.folder(), &[], &[]);
    assert!(done.err.contains("nothing left to run: 5 steps done"), "{done:?}");
    shop.assert_equals_query(SESSIONS);
}

/// The amounts of three days change in the source. The table follows on the days of the backfill,
/// and is unchanged on the excluded day.
fn a_backfill_file_leaves_excluded_days_alone(engine: &dyn Engine) {
    let (shop, _) = Shop::built(engine);
    let old = shop.table(SESSIONS);
    for (event, amount) in [(111, 21), (121, 8), (130, 12)] {
        shop.sql(&format!("update raw.events set amount = '{amount}' where event_id = {event};"));
    }
    let revenue = |day: u32| {
        shop.rows(&format!(
            "select cast(sum(revenue) as integer) from analytics.{SESSIONS} where session_start >= \
             '2024-09-0{day} 00:00:00' and session_start < '2024-09-0{} 00:00:00'",
            day + 1
        ))
    };
    let excluded = revenue(2);
    shop.write(
        "backfills/refunds.yml",
        &format!(
            "reason: Refunds were counted twice\nselect: [{SESSIONS}]\n\
             event_time_start: 2024-09-01\nevent_time_end: 2024-09-04\nstaged: true\n\
             exclude_windows:\n  \
             - {{event_time_start: 2024-09-02, event_time_end: 2024-09-03}}\n"
        ),
    );
    let file = shop.project().join("backfills/refunds.yml");
    let plan = shop.compile(&["--backfill", file.to_str().unwrap()]);
    succeeds(&batchwright("run", plan.folder(), &["--publish"], &shop.database.session()));
    // The purchases of the first day are 21 and 30, that of the third day 12.
    assert_eq!(
        [revenue(1), revenue(2), revenue(3)],
        [vec!["51".to_string()], excluded, vec!["12".to_string()]]
    );
    succeeds(&batchwright("undo", plan.folder(), &[], &[]));
    assert_eq!(shop.table(SESSIONS), old);
}
