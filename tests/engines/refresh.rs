//! A full refresh without bounds: the old table stays complete until the last file swaps the new
//! table in.

use crate::engine::{Case, Engine};
use crate::shop::{Plan, Shop};

pub const CASES: &[Case] = &[
    ("a_stopped_full_refresh_leaves_the_old_table", a_stopped_full_refresh_leaves_the_old_table),
    (
        "a_full_refresh_that_fails_can_be_finished_later",
        a_full_refresh_that_fails_can_be_finished_later,
    ),
];

/// Cases for some dialects.
pub const OF_DIALECTS: &[(&[&str], Case)] = &[(
    &["duckdb", "postgres"],
    ("a_full_refresh_keeps_the_indexes", a_full_refresh_keeps_the_indexes),
)];

const SESSIONS: &str = "int__sessions_aggregated";

fn a_stopped_full_refresh_leaves_the_old_table(engine: &dyn Engine) {
    let (shop, old, plan) = before_refresh(engine);
    let (swap, before) = steps(&plan);
    for step in before {
        shop.build([step]);
        assert_eq!(shop.table(SESSIONS), old, "after `{}`", step.id);
    }
    shop.build([swap]);
    shop.assert_equals_query(SESSIONS);

    // Run again from the start, over the leftovers of the first refresh.
    shop.sql("delete from raw.events where event_id = 130;");
    shop.build(&plan);
    shop.assert_equals_query(SESSIONS);
}

fn a_full_refresh_that_fails_can_be_finished_later(engine: &dyn Engine) {
    let (shop, old, plan) = before_refresh(engine);
    shop.sql("update raw.events set amount = 'much' where event_id = 130;");
    let (swap, before) = steps(&plan);
    let failed: Vec<_> = before.iter().filter(|step| !shop.run(step).ok).collect();
    assert_eq!(
        failed.iter().map(|step| &step.id).collect::<Vec<_>>(),
        [&plan.batch(SESSIONS, "2024-09-03").id]
    );
    assert_eq!(shop.table(SESSIONS), old);

    shop.sql("update raw.events set amount = '11' where event_id = 130;");
    shop.build(failed.into_iter().copied().chain([swap]));
    shop.assert_equals_query(SESSIONS);
}

/// The table of a refresh gets its indexes with its name: they are not those of the old table, and
/// not missing after the next refresh.
fn a_full_refresh_keeps_the_indexes(engine: &dyn Engine) {
    let shop = Shop::open(engine);
    shop.write(
        "models/visits.sql",
        "{{ config(materialized='incremental', incremental_strategy='microbatch', \
         event_time='occurred_at', batch_size='day', begin='2024-09-01', \
         indexes=[{'columns': ['event_id']}]) }}\n\
         select event_id, occurred_at from {{ ref('stg_events') }}\n",
    );
    let known = match engine.dialect() {
        "duckdb" => "select index_name from duckdb_indexes() where table_name = 'visits'",
        _ => {
            "select indexrelid::regclass from pg_index where indrelid = 'analytics.visits'::regclass"
        }
    };
    let names: Vec<Vec<String>> = [false, true, true, false]
        .map(|is_refresh| {
            let arguments: &[&str] =
                if is_refresh { &["-s", "+visits", "--full-refresh"] } else { &["-s", "+visits"] };
            shop.build(&shop.compile(arguments));
            shop.rows(known)
        })
        .into();
    assert_eq!(names[0].len(), 1);
    assert!(names.iter().all(|refreshed| *refreshed == names[0]), "{names:?}");
    assert!(!shop.table("visits").is_empty());
}

/// A built shop whose source has changed, the rows of the table before the refresh, and the
/// refresh's plan.
fn before_refresh(engine: &dyn Engine) -> (Shop<'_>, Vec<String>, Plan) {
    let (shop, _) = Shop::built(engine);
    shop.sql(
        "delete from raw.events where event_id in (100, 121); update raw.events set amount = \
        '21' where event_id = 111;",
    );
    let old = shop.table(SESSIONS);
    let plan = shop.compile(&["--select", SESSIONS, "--full-refresh"]);
    (shop, old, plan)
}

/// The swap and the steps before it.
fn steps(plan: &Plan) -> (&crate::shop::Step, Vec<&crate::shop::Step>) {
    let swap = plan.of(SESSIONS, "swap");
    let [swap] = swap[..] else { panic!("a full refresh has one swap, not {}", swap.len()) };
    (swap, plan.steps.iter().take_while(|step| step.id != swap.id).collect())
}
