//! Staged backfills: the batches are written to a second table, audited, published by one file, and
//! reverted by another. The expected rows are computed from the raw data by a query of the test, or
//! read from the table before the backfill.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

use crate::engine::{Case, Engine, Outcome};
use crate::shop::{Plan, Shop};

/// The dialects that stage backfills, but for those of slow engines.
const STAGING: &[&str] = &["duckdb", "postgres", "redshift", "clickhouse", "mariadb", "sqlite"];
/// With the slow engines.
const ALL_STAGING: &[&str] = &[
    "duckdb",
    "postgres",
    "redshift",
    "clickhouse",
    "mariadb",
    "sqlite",
    "snowflake",
    "databricks",
    "spark_iceberg",
];
/// With bqemulator, which does not know the `insert row` of `undo`.
const ALL_PUBLISHING: &[&str] = &[
    "duckdb",
    "postgres",
    "redshift",
    "clickhouse",
    "mariadb",
    "sqlite",
    "snowflake",
    "databricks",
    "spark_iceberg",
    "bigquery",
];

pub const OF_DIALECTS: &[(&[&str], Case)] = &[
    (ALL_STAGING, ("a_backfill_is_published_and_undone", a_backfill_is_published_and_undone)),
    (STAGING, ("a_first_load_is_published_and_undone", a_first_load_is_published_and_undone)),
    (STAGING, ("a_failed_staged_batch_is_repaired", a_failed_staged_batch_is_repaired)),
    (STAGING, ("a_crash_in_publish_or_undo_is_repaired", a_crash_in_publish_or_undo_is_repaired)),
    (STAGING, ("readers_see_old_or_new_rows", readers_see_old_or_new_rows)),
    (
        ALL_STAGING,
        ("a_foreign_write_stops_undo_and_publish", a_foreign_write_stops_undo_and_publish),
    ),
    (ALL_PUBLISHING, ("the_audit_stops_a_wrong_backfill", the_audit_stops_a_wrong_backfill)),
    (
        ALL_PUBLISHING,
        ("a_chain_is_staged_and_published_in_order", a_chain_is_staged_and_published_in_order),
    ),
    (STAGING, ("a_new_column_is_staged", a_new_column_is_staged)),
    (ALL_PUBLISHING, ("only_approved_batches_are_published", only_approved_batches_are_published)),
    (
        STAGING,
        (
            "a_backfill_does_not_use_the_tables_of_another",
            a_backfill_does_not_use_the_tables_of_another,
        ),
    ),
    (&["postgres"], ("a_column_of_json_is_staged", a_column_of_json_is_staged)),
];

const RANGE: &[&str] = &["--event-time-start", "2024-09-01", "--event-time-end", "2024-09-04"];
const TAKINGS: &str = "analytics.takings";

/// Writes the model `takings`: one row for each event, with its amount.
fn takings(shop: &Shop, amount: &str, from: &str) {
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
fn built(engine: &dyn Engine) -> Shop<'_> {
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
fn amount(engine: &dyn Engine, number: &str) -> String {
    match engine.dialect() {
        "mariadb" => format!("cast({number} as signed)"),
        _ => format!("cast({number} as {})", engine.integer()),
    }
}

/// The plan of a staged backfill in which each amount is multiplied by ten.
fn staged(shop: &Shop, engine: &dyn Engine) -> Plan {
    takings(shop, &amount(engine, "e.event_id * 10"), "");
    stage(shop)
}

fn stage(shop: &Shop) -> Plan {
    shop.compile(&[&["--select", "takings", "--staged"], RANGE].concat())
}

/// The current rows of the query, for events of the three days.
fn rows_of_query(shop: &Shop, expression: &str) -> Vec<String> {
    let events = if runs(shop, "select count(*) from raw.events") { "raw" } else { "analytics" };
    shop.rows(&format!(
        "select event_id, occurred_at, {expression} as amount from {events}.events where occurred_at \
         >= '2024-09-01 00:00:00' and occurred_at < '2024-09-04 00:00:00'"
    ))
}

fn publish(plan: &Plan) -> &crate::shop::Step {
    plan.of("takings", "publish")[0]
}

/// The steps before publishing.
fn before_publish(plan: &Plan) -> Vec<&crate::shop::Step> {
    plan.steps.iter().filter(|step| step.kind != "publish").collect()
}

fn extra(plan: &Plan, kind: &str) -> PathBuf {
    plan.folder().join(format!("{kind}/takings.sql"))
}

fn succeeds(shop: &Shop, file: &Path) {
    let outcome = shop.database.run(file);
    assert!(outcome.ok, "{}: {}", file.display(), outcome.stderr);
}

fn fails(shop: &Shop, file: &Path, words: &str) {
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

/// The audit that approves the batches of one plan approves no others, and a new backfill withdraws
/// it.
fn only_approved_batches_are_published(engine: &dyn Engine) {
    let shop = built(engine);
    let old = shop.table("takings");
    let plan = staged(&shop, engine);
    let two_days = ["--event-time-start", "2024-09-01", "--event-time-end", "2024-09-03"];
    let other = shop.compile(&[&["--select", "takings", "--staged"][..], &two_days].concat());
    shop.build(before_publish(&other));
    fails(&shop, &publish(&plan).file, "other batches or another query");
    assert_eq!(shop.table("takings"), old);
    shop.build(plan.of("takings", "create"));
    fails(&shop, &publish(&other).file, "approved");
    assert_eq!(shop.table("takings"), old);
    shop.build(before_publish(&plan));
    shop.build([publish(&plan)]);
    assert_eq!(shop.table("takings"), rows_of_query(&shop, "event_id * 10"));
    succeeds(&shop, &extra(&plan, "cleanup"));
    fails(&shop, &publish(&plan).file, "approved");
}

/// Staged rows that were written after their audit are not published, and the old rows of one
/// backfill are not taken for those of the next one.
fn a_backfill_does_not_use_the_tables_of_another(engine: &dyn Engine) {
    let shop = built(engine);
    let old = shop.table("takings");
    let two_days = ["--event-time-start", "2024-09-01", "--event-time-end", "2024-09-03"];
    takings(&shop, &amount(engine, "e.event_id * 10"), "");
    let first = shop.compile(&[&["--select", "takings", "--staged"][..], &two_days].concat());
    shop.build(before_publish(&first));
    // A batch of a plan with the same bounds and another query.
    takings(&shop, &amount(engine, "e.event_id * 3"), "");
    let same_days = shop.compile(&[&["--select", "takings", "--staged"][..], &two_days].concat());
    shop.build([same_days.batch("takings", "2024-09-02")]);
    fails(&shop, &publish(&first).file, "approved");
    shop.build(before_publish(&same_days));
    fails(&shop, &publish(&first).file, "other batches or another query");
    assert_eq!(shop.table("takings"), old);
    shop.build(before_publish(&first));
    shop.build([publish(&first)]);
    let published = shop.table("takings");
    assert_ne!(published, old);

    // The rows of the second backfill are those of the table, so that no row differs.
    takings(&shop, &amount(engine, "case when e.event_id < 130 then e.event_id * 10 end"), "");
    let second = stage(&shop);
    shop.build(second.of("takings", "create"));
    shop.sql(&format!("delete from {TAKINGS}__staged where 1 = 1;"));
    shop.sql(&format!("insert into {TAKINGS}__staged select * from {TAKINGS};"));
    shop.sql(&format!("drop table if exists {TAKINGS}__approved;"));
    let audit = fs::read_to_string(&second.of("takings", "staged_audit")[0].file).unwrap();
    let approval = &audit[audit.rfind("\n\n").unwrap()..];
    let file = shop.project().join("approval.sql");
    fs::write(&file, approval).unwrap();
    succeeds(&shop, &file);
    fails(&shop, &publish(&second).file, "earlier backfill");
    fails(&shop, &extra(&second, "undo"), "earlier backfill");
    assert_eq!(shop.table("takings"), published);
    succeeds(&shop, &extra(&first, "cleanup"));
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

/// The statements of a file.
fn statements(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap();
    text.trim_end().split("\n\n").map(str::to_string).collect()
}

/// Runs the first statements of a file, as if the client had crashed there.
fn run_cut(shop: &Shop, file: &Path, many: usize) {
    let cut = shop.project().join("cut.sql");
    fs::write(&cut, format!("{}\n", statements(file)[..many].join("\n\n"))).unwrap();
    shop.database.run(&cut);
}

fn a_crash_in_publish_or_undo_is_repaired(engine: &dyn Engine) {
    let shop = built(engine);
    let old = shop.table("takings");
    let plan = staged(&shop, engine);
    shop.build(before_publish(&plan));
    let new = rows_of_query(&shop, "event_id * 10");
    let (file, undo) = (publish(&plan).file.clone(), extra(&plan, "undo"));
    let is_atomic = is_atomic(&plan);
    for many in 1..statements(&file).len() {
        run_cut(&shop, &file, many);
        assert!(!is_atomic || shop.table("takings") == old, "after statement {many} of publish");
        succeeds(&shop, &file);
        assert_eq!(shop.table("takings"), new, "after a crash in publish, at {many}");
        succeeds(&shop, &undo);
        assert_eq!(shop.table("takings"), old, "undone after a crash in publish, at {many}");
        // From the start: without the copy of the old rows.
        succeeds(&shop, &extra(&plan, "cleanup"));
        shop.build(before_publish(&plan));
    }
    succeeds(&shop, &file);
    for many in 1..statements(&undo).len() {
        run_cut(&shop, &undo, many);
        assert!(!is_atomic || shop.table("takings") == new, "after statement {many} of undo");
        succeeds(&shop, &undo);
        assert_eq!(shop.table("takings"), old, "after a crash in undo, at {many}");
        succeeds(&shop, &file);
    }
    // A crash in publish, then undo.
    succeeds(&shop, &undo);
    run_cut(&shop, &file, statements(&file).len() - 1);
    succeeds(&shop, &undo);
    assert_eq!(shop.table("takings"), old);
}

/// Whether readers see either all old or all new rows, according to the manifest.
fn is_atomic(plan: &Plan) -> bool {
    let text = fs::read_to_string(plan.folder().join("manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&text).unwrap();
    manifest["models"][0]["staged"]["atomic"].as_bool().unwrap()
}

fn readers_see_old_or_new_rows(engine: &dyn Engine) {
    if !engine.allows_concurrent_clients() {
        return;
    }
    let shop = built(engine);
    let old = shop.table("takings");
    let plan = staged(&shop, engine);
    assert!(is_atomic(&plan));
    shop.build(before_publish(&plan));
    let new = rows_of_query(&shop, "event_id * 10");
    let (is_over, reads) = (AtomicBool::new(false), AtomicU32::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::SeqCst) {
                let mut rows = shop.database.rows(&format!("select * from {TAKINGS}"));
                rows.sort();
                assert!(rows == old || rows == new, "a reader sees {rows:?}");
                reads.fetch_add(1, Ordering::SeqCst);
            }
        });
        for round in 0..100 {
            succeeds(&shop, &publish(&plan).file);
            succeeds(&shop, &extra(&plan, "undo"));
            if round >= 4 && reads.load(Ordering::SeqCst) > 5 {
                break;
            }
        }
        is_over.store(true, Ordering::SeqCst);
    });
    let reads = reads.into_inner();
    assert!(reads > 5, "only {reads} reads");
}

fn a_foreign_write_stops_undo_and_publish(engine: &dyn Engine) {
    let shop = built(engine);
    let old = shop.table("takings");
    let plan = staged(&shop, engine);
    shop.build(&plan);
    let foreign = |shop: &Shop, day: u32, number: u32| {
        shop.sql(&format!(
            "insert into {TAKINGS} (event_id, occurred_at, amount) values ({number}, '2024-09-{day:02} \
             03:00:00', 1);"
        ));
    };
    foreign(&shop, 2, 9000);
    let written = shop.table("takings");
    fails(&shop, &extra(&plan, "undo"), "neither");
    fails(&shop, &publish(&plan).file, "neither");
    assert_eq!(shop.table("takings"), written);
    shop.sql(&format!("delete from {TAKINGS} where event_id = 9000;"));

    // Outside of the windows it does not matter, and is unchanged.
    foreign(&shop, 5, 9001);
    succeeds(&shop, &extra(&plan, "undo"));
    let mut expected = old;
    expected.push("9001|2024-09-05 03:00:00|1".to_string());
    expected.sort();
    assert_eq!(shop.table("takings"), expected);

    // The copy of the old rows differs from the current rows.
    foreign(&shop, 3, 9002);
    fails(&shop, &publish(&plan).file, "neither");
    succeeds(&shop, &extra(&plan, "cleanup"));
    let properties = shop.project().join("models/takings.yml");
    let text = fs::read_to_string(&properties).unwrap();
    let lenient = "- name: takings\n  config: {meta: {batchwright: {audit: {max_change: 1}}}}\n";
    fs::write(&properties, text.replace("- name: takings\n", lenient)).unwrap();
    let plan = stage(&shop);
    shop.build(before_publish(&plan));
    shop.build([publish(&plan)]);
    assert_eq!(shop.table("takings").len(), expected.len());
    succeeds(&shop, &extra(&plan, "undo"));
    assert_eq!(shop.table("takings").len(), expected.len() + 1);
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
