//! Staged backfills: the batches are written to a second table, audited, published by one file, and
//! reverted by another. The expected rows are computed from the raw data by a query of the test, or
//! read from the table before the backfill.

use std::fs;
use std::path::{Path, PathBuf};

use crate::engine::{Case, Engine, Outcome};
use crate::shop::{Plan, Shop};
use crate::staged_safety::{
    a_backfill_does_not_use_the_tables_of_another, a_crash_in_publish_or_undo_is_repaired,
    a_foreign_write_stops_undo_and_publish, a_plan_compiled_again_undoes_the_backfill,
    a_staged_table_with_other_columns_stops_the_plan,
    a_table_with_generated_columns_is_restored_or_not_published, an_undo_does_not_mix_columns_up,
    only_approved_batches_are_published, published_rows_are_not_staged_again,
    readers_see_old_or_new_rows, two_audits_run_at_once,
};

/// The dialects of fast engines that stage backfills.
const STAGING: &[&str] = &["duckdb", "postgres", "redshift", "clickhouse", "mariadb", "sqlite"];
/// The slow engines that stage backfills.
const SLOW_STAGING: &[&str] = &["snowflake", "databricks", "spark_iceberg"];
/// bqemulator does not know the `insert row` of `undo`.
const PUBLISHING: &[&str] = &["bigquery"];

pub const OF_DIALECTS: &[(&[&str], Case)] = &[
    (STAGING, ("a_backfill_is_published_and_undone", a_backfill_is_published_and_undone)),
    (SLOW_STAGING, ("a_backfill_is_published_and_undone", a_backfill_is_published_and_undone)),
    (STAGING, ("a_first_load_is_published_and_undone", a_first_load_is_published_and_undone)),
    (STAGING, ("a_failed_staged_batch_is_repaired", a_failed_staged_batch_is_repaired)),
    (STAGING, ("a_crash_in_publish_or_undo_is_repaired", a_crash_in_publish_or_undo_is_repaired)),
    (STAGING, ("readers_see_old_or_new_rows", readers_see_old_or_new_rows)),
    (STAGING, ("a_foreign_write_stops_undo_and_publish", a_foreign_write_stops_undo_and_publish)),
    (
        SLOW_STAGING,
        ("a_foreign_write_stops_undo_and_publish", a_foreign_write_stops_undo_and_publish),
    ),
    (STAGING, ("the_audit_stops_a_wrong_backfill", the_audit_stops_a_wrong_backfill)),
    (SLOW_STAGING, ("the_audit_stops_a_wrong_backfill", the_audit_stops_a_wrong_backfill)),
    (PUBLISHING, ("the_audit_stops_a_wrong_backfill", the_audit_stops_a_wrong_backfill)),
    (
        STAGING,
        ("a_chain_is_staged_and_published_in_order", a_chain_is_staged_and_published_in_order),
    ),
    (
        SLOW_STAGING,
        ("a_chain_is_staged_and_published_in_order", a_chain_is_staged_and_published_in_order),
    ),
    (
        PUBLISHING,
        ("a_chain_is_staged_and_published_in_order", a_chain_is_staged_and_published_in_order),
    ),
    (STAGING, ("a_new_column_is_staged", a_new_column_is_staged)),
    (STAGING, ("only_approved_batches_are_published", only_approved_batches_are_published)),
    (SLOW_STAGING, ("only_approved_batches_are_published", only_approved_batches_are_published)),
    (PUBLISHING, ("only_approved_batches_are_published", only_approved_batches_are_published)),
    (
        STAGING,
        (
            "a_backfill_does_not_use_the_tables_of_another",
            a_backfill_does_not_use_the_tables_of_another,
        ),
    ),
    (
        STAGING,
        (
            "a_table_with_generated_columns_is_restored_or_not_published",
            a_table_with_generated_columns_is_restored_or_not_published,
        ),
    ),
    (STAGING, ("published_rows_are_not_staged_again", published_rows_are_not_staged_again)),
    (SLOW_STAGING, ("published_rows_are_not_staged_again", published_rows_are_not_staged_again)),
    (
        STAGING,
        ("a_plan_compiled_again_undoes_the_backfill", a_plan_compiled_again_undoes_the_backfill),
    ),
    (
        SLOW_STAGING,
        ("a_plan_compiled_again_undoes_the_backfill", a_plan_compiled_again_undoes_the_backfill),
    ),
    (
        STAGING,
        (
            "a_staged_table_with_other_columns_stops_the_plan",
            a_staged_table_with_other_columns_stops_the_plan,
        ),
    ),
    (STAGING, ("two_audits_run_at_once", two_audits_run_at_once)),
    (STAGING, ("an_undo_does_not_mix_columns_up", an_undo_does_not_mix_columns_up)),
    (&["postgres"], ("a_column_of_json_is_staged", a_column_of_json_is_staged)),
];

pub const RANGE: &[&str] = &["--event-time-start", "2024-09-01", "--event-time-end", "2024-09-04"];
pub const TAKINGS: &str = "analytics.takings";

/// Writes the model `takings`: one row for each event, with its amount.
pub fn takings(shop: &Shop, amount: &str, from: &str) {
    let config = "materialized='incremental', incremental_strategy='microbatch', \
        batch_size='day', begin='2024-09-01', event_time='occurred_at', unique_key='event_id'";
    shop.write(
        "models/takings.sql",
        &format!(
            "{{{{ config({config}) }}}}\nselect e.event_id, e.occurred_at, {amount} as amount\n\
             from {{{{ source('raw', 'events') }}}} as e{from}\n"
        ),
    );
    shop.write(
        "models/takings.yml",
        "models:\n- name: takings\n  columns:\n  - {name: occurred_at, data_type: timestamp}\n  \
         - {name: amount, data_type: integer}\n",
    );
}

/// A shop with 20 more events on 2 September, none of them twice, and with the table `takings`.
pub fn built(engine: &dyn Engine) -> Shop<'_> {
    let shop = raw(engine);
    takings(&shop, &amount(engine, "e.event_id"), "");
    shop.build(&shop.compile(&[&["--select", "takings"], RANGE].concat()));
    shop
}

fn raw(engine: &dyn Engine) -> Shop<'_> {
    let shop = Shop::open(engine);
    shop.sql("delete from raw.events where event_id = 121;");
    let rows: Vec<String> = (0..20)
        .map(|nth| format!("({}, 1, 'view', '{nth}', '2024-09-02 14:{nth:02}:00')", 1000 + nth))
        .collect();
    shop.sql(&format!(
        "insert into raw.events (event_id, user_id, event_type, amount, occurred_at) values {};",
        rows.join(", ")
    ));
    shop
}

/// A number of the engine's integer type.
pub fn amount(engine: &dyn Engine, number: &str) -> String {
    match engine.dialect() {
        "mariadb" => format!("cast({number} as signed)"),
        _ => format!("cast({number} as {})", engine.integer()),
    }
}

/// The plan of a staged backfill in which each amount is multiplied by ten.
pub fn staged(shop: &Shop, engine: &dyn Engine) -> Plan {
    takings(shop, &amount(engine, "e.event_id * 10"), "");
    stage(shop)
}

pub fn stage(shop: &Shop) -> Plan {
    shop.compile(&[&["--select", "takings", "--staged"], RANGE].concat())
}

/// The current rows of the query, for events of the three days.
pub fn rows_of_query(shop: &Shop, expression: &str) -> Vec<String> {
    let events = if runs(shop, "select count(*) from raw.events") { "raw" } else { "analytics" };
    shop.rows(&format!(
        "select event_id, occurred_at, {expression} as amount from {events}.events where occurred_at \
         >= '2024-09-01 00:00:00' and occurred_at < '2024-09-04 00:00:00'"
    ))
}

pub fn publish(plan: &Plan) -> &crate::shop::Step {
    plan.of("takings", "publish")[0]
}

/// The steps before publishing.
pub fn before_publish(plan: &Plan) -> Vec<&crate::shop::Step> {
    plan.steps.iter().filter(|step| step.kind != "publish").collect()
}

pub fn extra(plan: &Plan, kind: &str) -> PathBuf {
    plan.folder().join(format!("{kind}/takings.sql"))
}

pub fn succeeds(shop: &Shop, file: &Path) {
    let outcome = shop.database.run(file);
    assert!(outcome.ok, "{}: {}", file.display(), outcome.stderr);
}

pub fn fails(shop: &Shop, file: &Path, words: &str) {
    let Outcome { ok, stderr } = shop.database.run(file);
    let is_expected = stderr.to_lowercase().contains(words);
    assert!(!ok && is_expected, "{} must fail with `{words}`: {stderr}", file.display());
}

/// Whether a query runs.
fn runs(shop: &Shop, query: &str) -> bool {
    let file = shop.project().join("query.sql");
    fs::write(&file, format!("{query};\n")).unwrap();
    shop.database.run(&file).ok
}

fn a_backfill_is_published_and_undone(engine: &dyn Engine) {
    let shop = built(engine);
    let old = shop.table("takings");
    assert_eq!(old, rows_of_query(&shop, "event_id"));
    let plan = staged(&shop, engine);
    for step in before_publish(&plan) {
        shop.build([step]);
        assert_eq!(shop.table("takings"), old, "after `{}`", step.id);
    }
    // Twice, in another order.
    shop.build(before_publish(&plan).into_iter().rev().filter(|step| step.kind == "batch"));
    shop.build(plan.of("takings", "staged_audit"));
    let new = rows_of_query(&shop, "event_id * 10");
    for _ in 0..2 {
        shop.build([publish(&plan)]);
        assert_eq!(shop.table("takings"), new);
        // An audit after publishing finds nothing.
        shop.build(plan.of("takings", "staged_audit"));
    }
    for _ in 0..2 {
        succeeds(&shop, &extra(&plan, "undo"));
        assert_eq!(shop.table("takings"), old);
    }
    shop.build([publish(&plan)]);
    assert_eq!(shop.table("takings"), new);
    for table in ["takings__staged", "takings__before"] {
        assert!(runs(&shop, &format!("select * from analytics.{table}")), "{table}");
    }
    for _ in 0..2 {
        succeeds(&shop, &extra(&plan, "cleanup"));
    }
    for table in ["takings__staged", "takings__before", "takings__approved", "takings__published"] {
        assert!(!runs(&shop, &format!("select * from analytics.{table}")), "{table} is left");
    }
    assert_eq!(shop.table("takings"), new);

    // Another backfill of the same table.
    takings(&shop, &amount(engine, "e.event_id * 3"), "");
    let plan = stage(&shop);
    shop.build(&plan);
    assert_eq!(shop.table("takings"), rows_of_query(&shop, "event_id * 3"));
    succeeds(&shop, &extra(&plan, "undo"));
    assert_eq!(shop.table("takings"), new);
}

fn a_first_load_is_published_and_undone(engine: &dyn Engine) {
    let shop = raw(engine);
    let plan = staged(&shop, engine);
    shop.build(before_publish(&plan));
    assert!(shop.table("takings").is_empty());
    shop.build([publish(&plan), publish(&plan)]);
    assert_eq!(shop.table("takings"), rows_of_query(&shop, "event_id * 10"));
    succeeds(&shop, &extra(&plan, "undo"));
    assert!(shop.table("takings").is_empty());
}

fn a_failed_staged_batch_is_repaired(engine: &dyn Engine) {
    let shop = built(engine);
    let old = shop.table("takings");
    let number = amount(engine, "e.amount");
    takings(&shop, &format!("case when e.event_id = 111 then {number} else 0 end"), "");
    let plan = stage(&shop);
    shop.build(plan.of("takings", "create"));
    shop.build([plan.batch("takings", "2024-09-02"), plan.batch("takings", "2024-09-03")]);
    // The first day is missing.
    let audit = plan.of("takings", "staged_audit")[0];
    fails(&shop, &publish(&plan).file, "approved");
    fails(&shop, &audit.file, "fewer rows");
    fails(&shop, &publish(&plan).file, "approved");
    assert_eq!(shop.table("takings"), old);
    shop.build(plan.of("takings", "batch"));
    shop.build([audit, publish(&plan)]);
    assert_eq!(shop.table("takings").len(), old.len());
}

/// The type has no equality: its rows are compared as one value.
fn a_column_of_json_is_staged(engine: &dyn Engine) {
    let shop = built(engine);
    shop.sql("alter table analytics.takings add column note json;");
    let note = "cast(jsonb_build_object('id', e.event_id) as json) as note";
    takings(&shop, "cast(e.event_id * 10 as integer)", "");
    let model = shop.project().join("models/takings.sql");
    let text = fs::read_to_string(&model).unwrap();
    fs::write(&model, text.replace(" as amount", &format!(" as amount, {note}"))).unwrap();
    let properties = shop.project().join("models/takings.yml");
    let text = fs::read_to_string(&properties).unwrap();
    fs::write(&properties, format!("{text}  - {{name: note, data_type: json}}\n")).unwrap();
    let old = shop.table("takings");
    let plan = stage(&shop);
    shop.build(before_publish(&plan));
    shop.build([publish(&plan), publish(&plan)]);
    let notes = shop.rows("select note from analytics.takings where event_id = 110");
    assert_eq!(notes, ["{\"id\": 110}"]);
    succeeds(&shop, &extra(&plan, "undo"));
    assert_eq!(shop.table("takings"), old);
    shop.build([publish(&plan)]);
    shop.sql("update analytics.takings set note = '[1]' where event_id = 110;");
    fails(&shop, &extra(&plan, "undo"), "neither");
}

fn the_audit_stops_a_wrong_backfill(engine: &dyn Engine) {
    let shop = built(engine);
    let old = shop.table("takings");
    let number = amount(engine, "e.event_id * 10");
    let doubled = "\ncross join (select 1 as one union all select 2 as one) as twice";
    let without_a_tenth = "\nwhere e.event_id not in (1003, 1013)";
    for (from, verdict) in
        [(doubled, "more rows: 3 batches"), (without_a_tenth, "fewer rows: 2024-09-02")]
    {
        takings(&shop, &number, from);
        let plan = stage(&shop);
        let audit = plan.of("takings", "staged_audit")[0];
        shop.build(before_publish(&plan).into_iter().filter(|step| step.id != audit.id));
        fails(&shop, &audit.file, verdict);
        assert_eq!(shop.table("takings"), old);
        succeeds(&shop, &extra(&plan, "cleanup"));
    }
    // Rows of other keys.
    shop.sql("update raw.events set event_id = event_id + 5000 where event_id in (1001, 1002);");
    takings(&shop, &number, "");
    let plan = stage(&shop);
    let audit = plan.of("takings", "staged_audit")[0];
    shop.build(before_publish(&plan).into_iter().filter(|step| step.id != audit.id));
    fails(&shop, &audit.file, "vanished keys: 2024-09-02");
}

fn a_chain_is_staged_and_published_in_order(engine: &dyn Engine) {
    let shop = built(engine);
    let config = "materialized='incremental', incremental_strategy='microbatch', \
        batch_size='day', begin='2024-09-01', event_time='occurred_at'";
    shop.write(
        "models/copies.sql",
        &format!(
            "{{{{ config({config}) }}}}\nselect takings.event_id, takings.occurred_at, \
             takings.amount from {{{{ ref('takings') }}}}\n"
        ),
    );
    shop.write(
        "models/copies.yml",
        "models:\n- name: copies\n  columns:\n  - {name: occurred_at, data_type: timestamp}\n",
    );
    shop.build(&shop.compile(&[&["--select", "copies"], RANGE].concat()));
    let old = shop.table("copies");
    takings(&shop, &amount(engine, "e.event_id * 10"), "");
    let plan = shop.compile(&[&["--select", "takings", "copies", "--staged"], RANGE].concat());
    let published: Vec<&str> = plan
        .steps
        .iter()
        .filter(|step| step.kind == "publish")
        .map(|step| step.id.as_str())
        .collect();
    assert_eq!(published, ["model.shop.takings@publish", "model.shop.copies@publish"]);
    shop.build(before_publish(&plan));
    assert_eq!(shop.table("copies"), old);
    assert_eq!(shop.table("takings"), old);
    shop.build(plan.steps.iter().filter(|step| step.kind == "publish"));
    let new = rows_of_query(&shop, "event_id * 10");
    assert_eq!(shop.table("copies"), new);
    assert_eq!(shop.table("takings"), new);
}

fn a_new_column_is_staged(engine: &dyn Engine) {
    let shop = built(engine);
    let old = shop.table("takings");
    let config = "materialized='incremental', incremental_strategy='microbatch', \
        batch_size='day', begin='2024-09-01', event_time='occurred_at', unique_key='event_id', \
        on_schema_change='append_new_columns'";
    let number = amount(engine, "e.event_id");
    if engine.dialect() == "sqlite" {
        // The dialect does not alter tables.
        return;
    }
    shop.write(
        "models/takings.sql",
        &format!(
            "{{{{ config({config}) }}}}\nselect e.event_id, e.occurred_at, {number} as amount, \
             {number} as tax\nfrom {{{{ source('raw', 'events') }}}} as e\n"
        ),
    );
    let data_type =
        if engine.dialect() == "clickhouse" { "Nullable(Int32)" } else { engine.integer() };
    shop.write(
        "models/takings.yml",
        &format!(
            "models:\n- name: takings\n  columns:\n  - {{name: occurred_at, data_type: timestamp}}\n  \
             - {{name: tax, data_type: {data_type}}}\n"
        ),
    );
    let plan = stage(&shop);
    shop.build(&plan);
    let rows =
        shop.rows(&format!("select event_id, amount, tax from {TAKINGS} where event_id = 110"));
    assert_eq!(rows, ["110|110|110"]);
    succeeds(&shop, &extra(&plan, "undo"));
    let columns = "select event_id, occurred_at, amount from";
    assert_eq!(shop.rows(&format!("{columns} {TAKINGS}")), old);
    assert_eq!(shop.rows(&format!("select count(*) from {TAKINGS} where tax is not null")), ["0"]);
}
