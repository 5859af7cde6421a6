//! Rows that a query yields outside of its window, or without an event time: an error, left out, or kept, as the model says. And
//! rows that the table's contract refuses.

use crate::engine::{Case, Engine, Outcome};
use crate::shop::Shop;

pub const CASES: &[Case] = &[
    ("rows_outside_of_the_window_stop_the_batch", rows_outside_of_the_window_stop_the_batch),
    ("rows_outside_of_the_window_are_dropped", rows_outside_of_the_window_are_dropped),
    ("rows_outside_of_the_window_are_kept", rows_outside_of_the_window_are_kept),
    ("a_null_where_none_may_be_changes_nothing", a_null_where_none_may_be_changes_nothing),
];

/// Event times that the query may give to event 113, each outside of the window of 1 September, the first two by the least possible.
const STRAYS: &[&str] = &["'2024-09-02 00:00:00'", "'2024-08-31 23:59:59.999999'", "'2030-01-01 00:00:00'", "null"];

/// Those that a case tries: where a batch takes a second, the first one and none at all.
fn strays(engine: &dyn Engine) -> impl Iterator<Item = &'static str> {
    STRAYS.iter().copied().step_by(if engine.slow() { STRAYS.len() - 1 } else { 1 })
}

fn rows_outside_of_the_window_stop_the_batch(engine: &dyn Engine) {
    for stray in strays(engine) {
        // The default, and the same said aloud.
        for meta in ["{}", "{'batchwright': {'outside_window': 'error'}}"].into_iter().skip(usize::from(engine.slow())) {
            let (shop, outcome) = run(engine, stray, meta);
            assert!(!outcome.ok, "{stray}: a stray row went in");
            assert!(outcome.said.contains("strays") && outcome.said.contains("2024-09-01"), "{stray}: {}", outcome.said);
            assert_eq!(shop.rows(EVENTS), ["1"], "{stray}: what was there stays");
        }
    }
}

fn rows_outside_of_the_window_are_dropped(engine: &dyn Engine) {
    for stray in strays(engine) {
        let (shop, outcome) = run(engine, stray, "{'batchwright': {'outside_window': 'drop'}}");
        assert!(outcome.ok, "{stray}: {}", outcome.said);
        assert_eq!(shop.rows(EVENTS), ["110", "111", "112"], "{stray}");
    }
}

fn rows_outside_of_the_window_are_kept(engine: &dyn Engine) {
    for stray in strays(engine) {
        let (shop, outcome) = run(engine, stray, "{'batchwright': {'outside_window': 'keep'}}");
        assert!(outcome.ok, "{stray}: {}", outcome.said);
        assert_eq!(shop.rows(EVENTS), ["110", "111", "112", "113"], "{stray}");
    }
}

const EVENTS: &str = "select event_id from analytics.strays";

/// Runs the batch of 1 September, whose query gives `stray` to one of four rows, on a table that holds one old row of that day.
fn run<'a>(engine: &'a dyn Engine, stray: &str, meta: &str) -> (Shop<'a>, Outcome) {
    let shop = Shop::open(engine);
    let config =
        "materialized='incremental', incremental_strategy='microbatch', event_time='happened_at', batch_size='day', begin='2024-08-31'";
    shop.write(
        "models/strays.sql",
        &format!(
            "{{{{ config({config}, meta={meta}) }}}}
            select event_id, case when event_id = 113 then {{{{ as_time(\"{stray}\") }}}} else occurred_at end as happened_at
            from {{{{ source('raw', 'events') }}}}",
        ),
    );
    let plan = shop.compile(&["--select", "strays", "--event-time-start", "2024-09-01", "--event-time-end", "2024-09-02"]);
    shop.build(plan.of("strays", "create"));
    shop.sql("insert into analytics.strays (event_id, happened_at) values (1, '2024-09-01 12:00:00');");
    let outcome = shop.run(plan.batch("strays", "2024-09-01"));
    (shop, outcome)
}

/// User 3 has no country, and the contract says that everybody has one.
fn a_null_where_none_may_be_changes_nothing(engine: &dyn Engine) {
    let shop = Shop::open(engine);
    let config = "materialized='incremental', incremental_strategy='microbatch', event_time='occurred_at', batch_size='day', begin='2024-08-31', contract={'enforced': true}";
    let query = "select e.event_id, e.occurred_at, u.country from {{ source('raw', 'events') }} as e left join {{ source('raw', 'users') }} as u on u.user_id = e.user_id where e.user_id is not null and e.event_id < 123";
    shop.write("models/countries.sql", &format!("{{{{ config({config}) }}}}\n{query}\n"));
    let country = "{name: country, data_type: varchar(2), constraints: [{type: not_null}]}";
    shop.write(
        "models/countries.yml",
        &format!(
            "models: [{{name: countries, columns: [{{name: event_id, data_type: {}}}, {{name: occurred_at, data_type: timestamp}}, {country}]}}]\n",
            engine.integer(),
        ),
    );
    let plan = shop.compile(&["--select", "countries", "--event-time-start", "2024-09-01", "--event-time-end", "2024-09-03"]);
    shop.build(plan.of("countries", "create"));
    shop.build([plan.batch("countries", "2024-09-01")]);
    assert!(!shop.run(plan.batch("countries", "2024-09-02")).ok);
    let first_day = ["110|DE", "111|DE", "112|FR", "113|FR"];
    assert_eq!(shop.rows("select event_id, country from analytics.countries"), first_day);
    // In a day that has rows already.
    shop.sql("update raw.users set country = null where user_id = 2;");
    assert!(!shop.run(plan.batch("countries", "2024-09-01")).ok);
    assert_eq!(shop.rows("select event_id, country from analytics.countries"), first_day);
}
