//! Rows outside of the window or without an event time: an error, dropped, or kept, by the model's
//! setting. And rows that violate the table's contract.

use crate::engine::{Case, Engine, Outcome};
use crate::shop::Shop;

pub const CASES: &[Case] = &[
    ("rows_outside_of_the_window_stop_the_batch", rows_outside_of_the_window_stop_the_batch),
    ("rows_outside_of_the_window_are_dropped", rows_outside_of_the_window_are_dropped),
    ("rows_outside_of_the_window_are_kept", rows_outside_of_the_window_are_kept),
    ("a_null_in_a_not_null_column_changes_nothing", a_null_in_a_not_null_column_changes_nothing),
];

/// Event times outside of the window of 1 September; the first two are at its edges.
const OUTSIDE_TIMES: &[&str] =
    &["'2024-09-02 00:00:00'", "'2024-08-31 23:59:59.999999'", "'2030-01-01 00:00:00'", "null"];

/// The event times that a case tries: on slow engines the first one and null.
fn outside_times(engine: &dyn Engine) -> impl Iterator<Item = &'static str> {
    OUTSIDE_TIMES.iter().copied().step_by(if engine.slow() { OUTSIDE_TIMES.len() - 1 } else { 1 })
}

fn rows_outside_of_the_window_stop_the_batch(engine: &dyn Engine) {
    for time in outside_times(engine) {
        // By default, and with the explicit setting.
        for meta in ["{}", "{'batchwright': {'outside_window': 'error'}}"]
            .into_iter()
            .skip(usize::from(engine.slow()))
        {
            let (shop, outcome) = run(engine, time, meta);
            assert!(!outcome.ok, "{time}: the batch succeeded");
            assert!(
                outcome.stderr.contains("misdated") && outcome.stderr.contains("2024-09-01"),
                "{time}: {}",
                outcome.stderr
            );
            assert_eq!(shop.rows(EVENTS), ["1"], "{time}: the old row stays");
        }
    }
}

fn rows_outside_of_the_window_are_dropped(engine: &dyn Engine) {
    for time in outside_times(engine) {
        let (shop, outcome) = run(engine, time, "{'batchwright': {'outside_window': 'drop'}}");
        assert!(outcome.ok, "{time}: {}", outcome.stderr);
        assert_eq!(shop.rows(EVENTS), ["110", "111", "112"], "{time}");
    }
}

fn rows_outside_of_the_window_are_kept(engine: &dyn Engine) {
    for time in outside_times(engine) {
        let (shop, outcome) = run(engine, time, "{'batchwright': {'outside_window': 'keep'}}");
        assert!(outcome.ok, "{time}: {}", outcome.stderr);
        assert_eq!(shop.rows(EVENTS), ["110", "111", "112", "113"], "{time}");
    }
}

const EVENTS: &str = "select event_id from analytics.misdated";

/// Runs the batch of 1 September with the event time `time` in one of four rows, on a table with
/// one old row of that day.
fn run<'a>(engine: &'a dyn Engine, time: &str, meta: &str) -> (Shop<'a>, Outcome) {
    let shop = Shop::open(engine);
    let config = "materialized='incremental', incremental_strategy='microbatch', \
        event_time='happened_at', batch_size='day', begin='2024-08-31'";
    shop.write(
        "models/misdated.sql",
        &format!(
            "{{{{ config({config}, meta={meta}) }}}}
            select event_id, case when event_id = 113 then {{{{ as_time(\"{time}\") }}}} else \
            occurred_at end as happened_at
            from {{{{ source('raw', 'events') }}}}",
        ),
    );
    let plan = shop.compile(&[
        "--select",
        "misdated",
        "--event-time-start",
        "2024-09-01",
        "--event-time-end",
        "2024-09-02",
    ]);
    shop.build(plan.of("misdated", "create"));
    shop.sql(
        "insert into analytics.misdated (event_id, happened_at) values (1, '2024-09-01 12:00:00');",
    );
    let outcome = shop.run(plan.batch("misdated", "2024-09-01"));
    (shop, outcome)
}

/// User 3 has no country, but the contract requires one.
fn a_null_in_a_not_null_column_changes_nothing(engine: &dyn Engine) {
    let shop = Shop::open(engine);
    let config = "materialized='incremental', incremental_strategy='microbatch', \
        event_time='occurred_at', batch_size='day', begin='2024-08-31', \
        contract={'enforced': true}, on_schema_change='append_new_columns'";
    let query = "select e.event_id, e.occurred_at, u.country from {{ source('raw', 'events') }} \
        as e left join {{ source('raw', 'users') }} as u on u.user_id = e.user_id where e.user_id \
        is not null and e.event_id < 123";
    shop.write("models/countries.sql", &format!("{{{{ config({config}) }}}}\n{query}\n"));
    let country = "{name: country, data_type: varchar(2), constraints: [{type: not_null}]}";
    shop.write(
        "models/countries.yml",
        &format!(
            "models: \
             [{{name: countries, columns: [{{name: event_id, data_type: {}}}, {{name: occurred_at, data_type: timestamp}}, {country}]}}]\n",
            engine.integer(),
        ),
    );
    let plan = shop.compile(&[
        "--select",
        "countries",
        "--event-time-start",
        "2024-09-01",
        "--event-time-end",
        "2024-09-03",
    ]);
    shop.build(plan.of("countries", "create"));
    shop.build([plan.batch("countries", "2024-09-01")]);
    assert!(!shop.run(plan.batch("countries", "2024-09-02")).ok);
    let first_day = ["110|DE", "111|DE", "112|FR", "113|FR"];
    assert_eq!(shop.rows("select event_id, country from analytics.countries"), first_day);
    // A day that already has rows.
    shop.sql("update raw.users set country = null where user_id = 2;");
    assert!(!shop.run(plan.batch("countries", "2024-09-01")).ok);
    assert_eq!(shop.rows("select event_id, country from analytics.countries"), first_day);
}
