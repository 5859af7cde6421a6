//! The audit: after a correct backfill every verdict is `ok`; a planted fault is reported with its
//! batch; so is a table that differs from its query although each batch is correct by itself.

use std::fs;

use crate::engine::{Case, Engine};
use crate::shop::{Plan, Shop};

pub const CASES: &[Case] = &[
    ("audit_of_a_correct_backfill_is_ok", audit_of_a_correct_backfill_is_ok),
    ("audit_reports_planted_faults", audit_reports_planted_faults),
    ("audit_sees_silent_wrong_results", audit_sees_silent_wrong_results),
    ("audit_of_keys_skips_ignored_columns", audit_of_keys_skips_ignored_columns),
    ("audit_fails_a_run_at_a_fault", audit_fails_a_run_at_a_fault),
];

const SESSIONS: &str = "int__sessions_aggregated";

fn audit_of_a_correct_backfill_is_ok(engine: &dyn Engine) {
    let (shop, plan) = Shop::built(engine);
    for (model, _) in shop.microbatch() {
        assert_eq!(faults(&shop, &plan, model), [""; 0], "`{model}`");
    }
    // Six days and two lines for rows outside of the days; counted by hand in the fixture's
    // `engine/setup.sql`.
    let rows = verdicts(&shop, &plan, SESSIONS);
    assert_eq!(rows.len(), 8);
    let september = &rows[2];
    assert_eq!(
        september[..5],
        ["2024-09-02", "ok", "4", "4", "5"],
        "batch, verdict, rows of target, query and inputs"
    );
}

fn audit_reports_planted_faults(engine: &dyn Engine) {
    let (shop, plan) = Shop::built(engine);
    let of_day = |day: &str| {
        format!(
            "session_start >= '2024-09-0{day} 00:00:00' and session_start < '2024-09-0{day} \
             23:59:59'"
        )
    };
    let table = format!("analytics.{SESSIONS}");
    // Delete one of two rows; empty a day; duplicate a day; add a row without a day and one before
    // the first day.
    shop.sql(&format!("delete from {table} where user_id = 2 and {};", of_day("1")));
    shop.sql(&format!("delete from {table} where {};", of_day("3")));
    shop.sql(&format!("insert into {table} select * from {table} where {};", of_day("4")));
    shop.sql(&format!("insert into {table} (user_id, event_count) values (7, 1);"));
    shop.sql(&format!(
        "insert into {table} (user_id, session_start, event_count) values (8, \
        '2020-01-01 00:00:00', 1);"
    ));
    shop.sql(&format!(
        "insert into {table} (user_id, session_start, event_count) values (9, \
        '2024-09-05 12:00:00', 1);"
    ));
    let expected = [
        "2024-09-01: missing rows",
        "2024-09-03: empty",
        "2024-09-04: doubled rows",
        "2024-09-05: extra rows",
        "before begin: outside",
        "no event time: no event time",
    ];
    assert_eq!(faults(&shop, &plan, SESSIONS), expected);

    // A changed source, after the days of the table were repaired.
    shop.build(plan.of(SESSIONS, "batch"));
    shop.sql("update raw.events set amount = '8' where event_id = 113 or event_id = 112;");
    let expected = ["2024-09-01: differs", "before begin: outside", "no event time: no event time"];
    assert_eq!(faults(&shop, &plan, SESSIONS), expected);
}

/// Known silent errors of dbt: each batch is correct by itself, but the table is not.
fn audit_sees_silent_wrong_results(engine: &dyn Engine) {
    let config = "materialized='incremental', incremental_strategy='microbatch', \
        batch_size='day', begin='2024-08-31'";
    let drop = "meta={'batchwright': {'outside_window': 'drop'}}";
    let later = "case when event_id = 111 then {{ as_time(\"'2024-09-02 14:00:00'\") }} else \
        occurred_at end";
    let shop = Shop::open(engine);
    let model = |name: &str, time: &str, column: &str| {
        shop.write(
            format!("models/{name}.sql"),
            &format!(
                "{{{{ config({config}, event_time='happened_at', {drop}) }}}} select \
                event_id, {time} as happened_at, {column} from {{{{ source('raw', 'events') }}}}"
            ),
        );
    };
    model("shifted", later, "user_id");
    model("lagged", "occurred_at", "count(*) over (order by event_id) as so_far");
    let has_finding = |model: &str, rule: &str| {
        crate::check::codes(&shop, &[model]).get(model).is_some_and(|codes| codes.contains(rule))
    };
    model("untimed", "case when event_id = 113 then null else occurred_at end", "user_id");
    let days = ["--event-time-start", "2024-09-01", "--event-time-end", "2024-09-04"];
    for (model, rule) in [("shifted", "BW002"), ("lagged", "BW005"), ("untimed", "BW003")] {
        assert!(has_finding(model, rule), "`check` must report {rule} in `{model}`");
    }
    let plan = shop.compile(&[&["--select", "shifted", "lagged", "untimed"], &days[..]].concat());
    shop.build(&plan);
    assert_eq!(faults(&shop, &plan, "shifted"), ["2024-09-01: outside", "2024-09-02: edge"]);
    assert_eq!(faults(&shop, &plan, "lagged"), ["2024-09-02: edge", "2024-09-03: edge"]);
    assert_eq!(
        faults(&shop, &plan, "untimed"),
        ["2024-09-01: outside", "no event time: no event time"]
    );
    // An input row without an event time, which no batch reads.
    shop.sql("insert into raw.events (event_id) values (150);");
    assert_eq!(faults(&shop, &plan, "shifted")[2], "no event time: no event time");
}

fn audit_of_keys_skips_ignored_columns(engine: &dyn Engine) {
    let config = "materialized='incremental', incremental_strategy='microbatch', \
        event_time='occurred_at', batch_size='day', begin='2024-08-31'";
    let shop = Shop::open(engine);
    let meta = "meta={'batchwright': {'audit': {'ignore': ['type_now'], 'allow': ['edge']}}}";
    shop.write(
        "models/keyed.sql",
        &format!(
            "{{{{ config({config}, unique_key='event_id', {meta}) }}}} select event_id, \
            occurred_at, event_type as type_now, user_id as visitor from \
            {{{{ source('raw', 'events') }}}}"
        ),
    );
    shop.write(
        "models/keyed.yml",
        "models: \
         [{name: keyed, columns: [{name: visitor, data_type: integer}, {name: occurred_at, data_type: timestamp}]}]\n",
    );
    let plan = shop.compile(&[
        "--select",
        "keyed",
        "--event-time-start",
        "2024-09-01",
        "--event-time-end",
        "2024-09-04",
    ]);
    shop.build(&plan);
    shop.sql("update analytics.keyed set type_now = 'other' where event_id = 110;");
    // The source has event 121 twice.
    assert_eq!(faults(&shop, &plan, "keyed"), ["2024-09-02: duplicate keys"]);
    let second = &verdicts(&shop, &plan, "keyed")[1];
    assert_eq!(second[8..10], ["2", "0"], "rows with a duplicate key, and without a key");
    assert_eq!(second[12..14], ["17", "17"], "the visitors' sum in the target and in the query");
}

fn audit_fails_a_run_at_a_fault(engine: &dyn Engine) {
    let (shop, plan) = Shop::built(engine);
    let stop = plan.stopping_audit(SESSIONS);
    let outcome = shop.database.run(&stop);
    assert!(outcome.ok, "{outcome:?}");
    shop.sql(&format!(
        "delete from analytics.{SESSIONS} where session_start >= '2024-09-03 00:00:00' and \
         session_start < '2024-09-03 23:59:59';"
    ));
    let outcome = shop.database.run(&stop);
    assert!(!outcome.ok && outcome.stderr.contains("empty: 2024-09-03"), "{outcome:?}");
}

/// Batch and verdict of each line that is not `ok`.
pub fn faults(shop: &Shop, plan: &Plan, model: &str) -> Vec<String> {
    let faults = verdicts(shop, plan, model).into_iter().filter(|row| row[1] != "ok");
    faults.map(|row| format!("{}: {}", row[0], row[1])).collect()
}

/// The lines of a model's audit in order, without the model's name.
fn verdicts(shop: &Shop, plan: &Plan, model: &str) -> Vec<Vec<String>> {
    lines_of(shop, plan, model).into_iter().map(|line| line[1..].to_vec()).collect()
}

/// The lines of a model's audit in order.
pub fn lines_of(shop: &Shop, plan: &Plan, model: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(plan.audit(model)).unwrap();
    let statement: String = text
        .lines()
        .filter(|line| !line.starts_with("-- "))
        .map(|line| format!("{line}\n"))
        .collect();
    let rows = shop.rows(statement.trim().trim_end_matches(';'));
    let lines: Vec<Vec<String>> =
        rows.iter().map(|row| row.split('|').map(str::to_string).collect()).collect();
    assert!(lines.iter().all(|line| line[0] == model), "{lines:?}");
    lines
}
