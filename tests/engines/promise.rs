//! The guarantees of a batch file, one case each: afterwards its window has exactly the rows of the
//! model's query, and nothing else has changed.

use std::fs;

use crate::engine::{Case, Engine};
use crate::shop::{Shop, Step};

pub const CASES: &[Case] = &[
    ("every_table_equals_its_query", every_table_equals_its_query),
    (
        "rerun_batches_in_reverse_order_change_nothing",
        rerun_batches_in_reverse_order_change_nothing,
    ),
    ("concurrent_batches_build_the_same_tables", concurrent_batches_build_the_same_tables),
    (
        "a_window_that_two_clients_write_at_once_is_written_once",
        a_window_that_two_clients_write_at_once_is_written_once,
    ),
    (
        "a_batch_waits_for_the_same_window_before_it_reads",
        a_batch_waits_for_the_same_window_before_it_reads,
    ),
    ("rows_deleted_in_the_source_are_deleted", rows_deleted_in_the_source_are_deleted),
    ("a_day_emptied_in_the_source_is_emptied", a_day_emptied_in_the_source_is_emptied),
    ("a_late_row_is_added", a_late_row_is_added),
    ("rows_outside_of_the_range_are_not_changed", rows_outside_of_the_range_are_not_changed),
    ("a_failing_query_changes_nothing", a_failing_query_changes_nothing),
    ("a_failing_insert_restores_the_deleted_rows", a_failing_insert_restores_the_deleted_rows),
    (
        "a_query_that_reads_its_own_table_sees_the_old_rows",
        a_query_that_reads_its_own_table_sees_the_old_rows,
    ),
    ("predicates_limit_the_delete_and_the_insert", predicates_limit_the_delete_and_the_insert),
];

fn every_table_equals_its_query(engine: &dyn Engine) {
    let shop = Shop::open(engine);
    shop.build(&shop.compile_all());
    for (model, _) in shop.microbatch() {
        shop.assert_equals_query(model);
    }
    shop.assert_equals_query("stg_events");
    shop.assert_equals_query("country_totals");

    // Counted by hand in the fixture's `engine/setup.sql`.
    let first_and_last = "select user_id, country, session_start, session_end, event_count, \
        cast(revenue as integer)";
    let sessions = shop.rows(&format!(
        "{first_and_last} from analytics.int__sessions_aggregated where user_id in (1, 3)"
    ));
    assert_eq!(
        sessions,
        [
            "1|DE|2024-08-31 10:00:00|2024-08-31 10:00:00|1|50",
            "1|DE|2024-09-01 00:00:00|2024-09-01 09:59:59.999999|2|20",
            "1|DE|2024-09-03 18:45:00|2024-09-03 18:45:00|1|11",
            "1|DE|2024-09-04 00:00:00|2024-09-04 00:00:00|1|13",
            "3|null|2024-09-02 12:00:00|2024-09-02 12:00:00|2|14",
        ]
    );
    let months =
        "select revenue_month, country, cast(revenue as integer) from analytics.monthly_revenue";
    let months = shop.rows(&format!("{months} where country is not null"));
    assert_eq!(
        months,
        [
            "2024-08-01 00:00:00|DE|50",
            "2024-08-01 00:00:00|FR|null",
            "2024-09-01 00:00:00|DE|44",
            "2024-09-01 00:00:00|FR|47"
        ]
    );
    if !engine.slow() {
        assert_eq!(shop.rows("select count(*) from analytics.hourly_events"), ["14"]);
    }
}

fn rerun_batches_in_reverse_order_change_nothing(engine: &dyn Engine) {
    let (shop, plan) = Shop::built(engine);
    let before = tables(&shop);
    shop.build(plan.steps.iter().rev().filter(|step| step.kind == "batch"));
    assert_eq!(tables(&shop), before);
}

fn concurrent_batches_build_the_same_tables(engine: &dyn Engine) {
    if !engine.allows_concurrent_clients() {
        return;
    }
    let (shop, plan) = Shop::built(engine);
    let before = tables(&shop);
    let all: Vec<_> = plan.steps.iter().filter(|step| step.kind == "batch").collect();
    shop.build_concurrently(&all);
    assert_eq!(tables(&shop), before);

    let fresh = Shop::open(engine);
    fresh.build(
        plan.steps.iter().filter(|step| step.kind == "create" || step.id.contains(".stg_events@")),
    );
    for (model, _) in fresh.microbatch() {
        fresh.build_concurrently(&plan.of(model, "batch"));
    }
    assert_eq!(tables(&fresh), before);
}

/// A day runs twice, on PostgreSQL beside the batch of its month. A lock of the table makes all of
/// them wait before their delete, at a time when the window has no rows that could be locked.
fn a_window_that_two_clients_write_at_once_is_written_once(engine: &dyn Engine) {
    let lock = match engine.dialect() {
        "postgres" => "begin; lock table TABLE in share mode; select pg_sleep(3); commit;",
        "mariadb" => "lock tables TABLE read; do sleep(3); unlock tables;",
        _ => return,
    };
    const SESSIONS: &str = "int__sessions_aggregated";
    let (shop, plan) = Shop::built(engine);
    let before = shop.table(SESSIONS);
    let september = ["--event-time-start", "2024-09-01", "--event-time-end", "2024-10-01"];
    let by_month = ["--select", SESSIONS, "--batch-size", "month"];
    let month = shop.compile(&[&by_month[..], &september].concat());
    shop.sql(&format!("delete from analytics.{SESSIONS} where session_start >= '2024-09-01';"));
    let file = shop.project().join("hold.sql");
    fs::write(&file, lock.replace("TABLE", &format!("analytics.{SESSIONS}"))).unwrap();
    let hold = Step { id: "hold".to_string(), kind: "test".to_string(), file };
    let day = plan.batch(SESSIONS, "2024-09-02");
    let month = month.of(SESSIONS, "batch")[0];
    if engine.dialect() == "postgres" {
        shop.build_concurrently(&[&hold, day, day, month]);
    } else {
        shop.build_concurrently(&[&hold, day, day]);
        shop.build([month]);
    }
    assert_eq!(shop.table(SESSIONS), before);
}

/// The lock of a window is the same for each way to write the table's name, and holds in each
/// isolation level. The second client reads its inputs after the first has committed.
fn a_batch_waits_for_the_same_window_before_it_reads(engine: &dyn Engine) {
    if engine.dialect() != "postgres" {
        return;
    }
    const SESSIONS: &str = "int__sessions_aggregated";
    let (shop, plan) = Shop::built(engine);
    let expected = shop.table(SESSIONS);
    let day = plan.batch(SESSIONS, "2024-09-02");
    let text = fs::read_to_string(&day.file).unwrap();
    // A slow client: it reads old inputs and commits three seconds later.
    let slow = shop.project().join("slow.sql");
    fs::write(&slow, text.replacen("delete from", "select pg_sleep(3);\n\ndelete from", 1))
        .unwrap();
    let slow = Step { id: "slow".to_string(), kind: "test".to_string(), file: slow };
    // A later client, of a project that neither quotes names nor writes the database.
    let quick = shop.project().join("quick.sql");
    let unquoted = text.replace('"', "").replace("shop.analytics.", "analytics.");
    assert_ne!(unquoted, text);
    let repeatable = "set default_transaction_isolation = 'repeatable read';\n";
    let change = "update raw.events set user_id = 9 where event_id = 121;";
    fs::write(&quick, format!("{repeatable}select pg_sleep(1);\n{change}\n{unquoted}")).unwrap();
    let quick = Step { id: "quick".to_string(), kind: "test".to_string(), file: quick };
    shop.build_concurrently(&[&slow, &quick]);
    let written = shop.table(SESSIONS);
    assert_ne!(written, expected, "the change of the input changes the table");
    shop.assert_equals_query(SESSIONS);
}

fn rows_deleted_in_the_source_are_deleted(engine: &dyn Engine) {
    let (shop, plan) = Shop::built(engine);
    let others =
        "select * from analytics.int__sessions_aggregated where user_id <> 3 or user_id is null";
    let before = shop.rows(others);
    shop.sql("delete from raw.events where event_id = 121;");
    shop.build([plan.batch("int__sessions_aggregated", "2024-09-02")]);
    assert_eq!(
        shop.rows("select * from analytics.int__sessions_aggregated where user_id = 3"),
        [""; 0]
    );
    assert_eq!(shop.rows(others), before);
    shop.assert_equals_query("int__sessions_aggregated");
    if engine.slow() {
        return;
    }
    shop.build([plan.batch("hourly_events", "2024-09-02T12")]);
    // The other event of that hour remains.
    let hour =
        "select event_id from analytics.hourly_events where occurred_in = '2024-09-02 12:00:00'";
    assert_eq!(shop.rows(hour), ["122"]);
    shop.assert_equals_query("hourly_events");
}

fn a_day_emptied_in_the_source_is_emptied(engine: &dyn Engine) {
    let (shop, plan) = Shop::built(engine);
    shop.sql(
        "delete from raw.events where occurred_at >= '2024-09-03 00:00:00' and occurred_at < \
        '2024-09-04 00:00:00';",
    );
    shop.build([
        plan.batch("int__sessions_aggregated", "2024-09-03"),
        plan.batch("daily_report", "2024-09-03"),
    ]);
    assert_eq!(
        shop.rows("select * from analytics.daily_report where report_day = '2024-09-03 00:00:00'"),
        [""; 0]
    );
    shop.assert_equals_query("int__sessions_aggregated");
    shop.assert_equals_query("daily_report");
}

fn a_late_row_is_added(engine: &dyn Engine) {
    let (shop, plan) = Shop::built(engine);
    shop.sql(
        "insert into raw.events (event_id, user_id, event_type, amount, occurred_at) values \
        (125, 3, 'purchase', '5', '2024-09-02 23:59:59.999999');",
    );
    shop.build([plan.batch("int__sessions_aggregated", "2024-09-02")]);
    let session = "select event_count, cast(revenue as integer), session_end from \
        analytics.int__sessions_aggregated where user_id = 3";
    assert_eq!(shop.rows(session), ["3|19|2024-09-02 23:59:59.999999"]);
    shop.assert_equals_query("int__sessions_aggregated");
    if !engine.slow() {
        shop.build([plan.batch("hourly_events", "2024-09-02T23")]);
        shop.assert_equals_query("hourly_events");
    }
}

fn rows_outside_of_the_range_are_not_changed(engine: &dyn Engine) {
    let (shop, _) = Shop::built(engine);
    let daily: Vec<_> =
        shop.microbatch().iter().filter(|(model, _)| *model != "monthly_revenue").collect();
    // Rows that no query yields: at the last instant before the range and the first one after it.
    for (model, event_time) in &daily {
        let edges = "('2024-08-31 23:59:59.999999'), ('2024-09-04 00:00:00')";
        shop.sql(&format!("insert into analytics.{model} ({event_time}) values {edges};"));
    }
    let outside = |model: &str, event_time: &str| {
        let condition = format!(
            "{event_time} < '2024-09-01 00:00:00' or {event_time} >= '2024-09-04 00:00:00'"
        );
        shop.rows(&format!("select * from analytics.{model} where {condition}"))
    };
    let before: Vec<_> =
        daily.iter().map(|(model, event_time)| outside(model, event_time)).collect();

    shop.sql("delete from raw.events;");
    let range = [
        "--event-time-start",
        "2024-09-01",
        "--event-time-end",
        "2024-09-04",
        "--exclude",
        "monthly_revenue",
    ];
    let hours = if engine.slow() { &["hourly_events"][..] } else { &[] };
    for refresh in [&[][..], &["--full-refresh"]] {
        shop.build(&shop.compile(&[&range[..], hours, refresh].concat()));
        for ((model, event_time), before) in daily.iter().zip(&before) {
            assert_eq!(
                &outside(model, event_time),
                before,
                "`{model}` outside of the range {refresh:?}"
            );
            assert_eq!(&shop.table(model), before, "`{model}` within the range {refresh:?}");
        }
    }
}

fn a_failing_query_changes_nothing(engine: &dyn Engine) {
    let (shop, plan) = Shop::built(engine);
    let before = shop.table("int__sessions_aggregated");
    // One row among others makes the query fail when it is evaluated.
    shop.sql("update raw.events set amount = 'much' where event_id = 113;");
    let outcome = shop.run(plan.batch("int__sessions_aggregated", "2024-09-01"));
    assert!(!outcome.ok && outcome.stderr.contains("much"), "{outcome:?}");
    assert_eq!(shop.table("int__sessions_aggregated"), before);

    // A query that fails before it reads rows.
    shop.sql("update raw.events set amount = null where event_id = 113; drop table raw.users;");
    let outcome = shop.run(plan.batch("int__sessions_aggregated", "2024-09-01"));
    assert!(!outcome.ok && outcome.stderr.to_lowercase().contains("users"), "{outcome:?}");
    assert_eq!(shop.table("int__sessions_aggregated"), before);
}

fn a_failing_insert_restores_the_deleted_rows(engine: &dyn Engine) {
    let (shop, plan) = Shop::built(engine);
    shop.sql("delete from analytics.int__sessions_aggregated where country is null;");
    shop.sql(&shop.database.refuse_nulls("analytics.int__sessions_aggregated", "country"));
    let before = shop.table("int__sessions_aggregated");
    // User 3 has no country: the query succeeds, the table rejects the row.
    shop.sql(
        "insert into raw.events (event_id, user_id, occurred_at) values (115, 3, '2024-09-01 \
        12:00:00');",
    );
    let outcome = shop.run(plan.batch("int__sessions_aggregated", "2024-09-01"));
    assert!(!outcome.ok && outcome.stderr.to_lowercase().contains("country"), "{outcome:?}");
    if engine.atomic() {
        assert_eq!(shop.table("int__sessions_aggregated"), before);
        return;
    }
    // Running the same file again repairs the table.
    shop.sql(&shop.database.allow_nulls("analytics.int__sessions_aggregated", "country"));
    shop.build(plan.of("int__sessions_aggregated", "batch"));
    shop.assert_equals_query("int__sessions_aggregated");
}

fn a_query_that_reads_its_own_table_sees_the_old_rows(engine: &dyn Engine) {
    let shop = Shop::open(engine);
    shop.write(
        "models/visits.sql",
        "{{ config(materialized='incremental', incremental_strategy='microbatch', event_time='occurred_at', batch_size='day', begin='2024-08-31') }}
        select e.event_id, e.occurred_at,
            {% if is_incremental() %}cast((select max(old.times_seen) from {{ this }} as old \
            where old.event_id = e.event_id) as integer)
            {% else %}cast(null as integer){% endif %} as before_that,
            {% if is_incremental() %}cast(coalesce((select count(*) from {{ this }} as old where \
            old.event_id = e.event_id), 0) as integer)
            {% else %}cast(0 as integer){% endif %} as times_seen
        from {{ source('raw', 'events') }} as e",
    );
    let plan = shop.compile(&[
        "--select",
        "visits",
        "--event-time-start",
        "2024-09-01",
        "--event-time-end",
        "2024-09-02",
    ]);
    let seen = "select before_that, times_seen from analytics.visits where event_id = 110";
    shop.build(&plan);
    assert_eq!(shop.rows(seen), ["null|0"]);
    shop.build(plan.of("visits", "batch"));
    assert_eq!(shop.rows(seen), ["0|1"]);
    shop.build(plan.of("visits", "batch"));
    assert_eq!(shop.rows(seen), ["1|1"]);
}

fn predicates_limit_the_delete_and_the_insert(engine: &dyn Engine) {
    let shop = Shop::open(engine);
    shop.write(
        "models/purchases.sql",
        "{{ config(materialized='incremental', incremental_strategy='microbatch', event_time='occurred_at', batch_size='day', begin='2024-08-31',
                   incremental_predicates=[\"event_type = 'purchase'\"]) }}
        select event_id, event_type, occurred_at from {{ source('raw', 'events') }}",
    );
    let plan = shop.compile(&[
        "--select",
        "purchases",
        "--event-time-start",
        "2024-09-01",
        "--event-time-end",
        "2024-09-02",
    ]);
    shop.build(&plan);
    shop.sql(
        "insert into analytics.purchases (event_id, event_type, occurred_at) values (1, \
        'view', '2024-09-01 12:00:00'), (2, 'purchase', '2024-09-01 12:00:00');",
    );
    shop.build(plan.of("purchases", "batch"));
    shop.build(plan.of("purchases", "batch"));
    assert_eq!(
        shop.rows("select event_id, event_type from analytics.purchases"),
        ["111|purchase", "112|purchase", "1|view"]
    );
}

fn tables(shop: &Shop) -> Vec<Vec<String>> {
    shop.microbatch().iter().map(|(model, _)| shop.table(model)).collect()
}
