//! Staged backfills beside crashes, readers, other writers and other backfills of the table.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

use crate::engine::Engine;
use crate::shop::{Plan, Shop};
use crate::staged::{
    TAKINGS, amount, before_publish, built, extra, fails, publish, rows_of_query, stage, staged,
    succeeds, takings,
};

/// The audit that approves the batches of one plan approves no others, and a new backfill withdraws
/// it.
pub fn only_approved_batches_are_published(engine: &dyn Engine) {
    let shop = built(engine);
    let old = shop.table("takings");
    let plan = staged(&shop, engine);
    let two_days = ["--event-time-start", "2024-09-01", "--event-time-end", "2024-09-03"];
    let other = shop.compile(&[&["--select", "takings", "--staged"][..], &two_days].concat());
    shop.build(before_publish(&other));
    fails(&shop, &publish(&plan).file, "other batches or another statement");
    assert_eq!(shop.table("takings"), old);
    shop.build(plan.of("takings", "create"));
    fails(&shop, &publish(&other).file, "approved");
    assert_eq!(shop.table("takings"), old);
    // The same days and query, but not all of their rows.
    shop.write(
        "models/takings.yml",
        "models:\n- name: takings\n  config: {incremental_predicates: ['event_id < 112']}\n  \
         columns:\n  - {name: occurred_at, data_type: timestamp}\n",
    );
    let narrower = stage(&shop);
    shop.build(before_publish(&narrower));
    fails(&shop, &publish(&plan).file, "other batches or another statement");
    assert_eq!(shop.table("takings"), old);
    takings(&shop, &amount(engine, "e.event_id * 10"), "");
    shop.build(before_publish(&plan));
    shop.build([publish(&plan)]);
    assert_eq!(shop.table("takings"), rows_of_query(&shop, "event_id * 10"));
    succeeds(&shop, &extra(&plan, "cleanup"));
    fails(&shop, &publish(&plan).file, "approved");
}

/// Staged rows that were written after their audit are not published, and the old rows of one
/// backfill are not taken for those of the next one.
pub fn a_backfill_does_not_use_the_tables_of_another(engine: &dyn Engine) {
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
    fails(&shop, &publish(&first).file, "other batches or another statement");
    assert_eq!(shop.table("takings"), old);
    shop.build(before_publish(&first));
    shop.build([publish(&first)]);
    let published = shop.table("takings");
    assert_ne!(published, old);

    // The rows of the second backfill are those of the table, so that no row differs.
    takings(&shop, &amount(engine, "case when e.event_id < 130 then e.event_id * 10 end"), "");
    let second = stage(&shop);
    fails(&shop, &second.of("takings", "create")[0].file, "a published backfill needs");
    shop.sql(&format!("delete from {TAKINGS}__staged where 1 = 1;"));
    shop.sql(&format!("insert into {TAKINGS}__staged select * from {TAKINGS};"));
    shop.sql(&format!("drop table if exists {TAKINGS}__approved;"));
    let audit = fs::read_to_string(&second.of("takings", "staged_audit")[0].file).unwrap();
    let approval = audit.split("\n\n").find(|part| part.contains("as approved_batches")).unwrap();
    let file = shop.project().join("approval.sql");
    fs::write(&file, approval).unwrap();
    succeeds(&shop, &file);
    fails(&shop, &publish(&second).file, "earlier backfill");
    fails(&shop, &extra(&second, "undo"), "another backfill");
    fails(&shop, &extra(&second, "cleanup"), "another backfill");
    assert_eq!(shop.table("takings"), published);
    succeeds(&shop, &extra(&first, "undo"));
    assert_eq!(shop.table("takings"), old);
    succeeds(&shop, &extra(&first, "cleanup"));
}

/// A machine that does not know of the publication runs the plan again: the undo still has the
/// staged rows that it compares.
pub fn published_rows_are_not_staged_again(engine: &dyn Engine) {
    let shop = built(engine);
    let old = shop.table("takings");
    let plan = staged(&shop, engine);
    shop.build(before_publish(&plan));
    shop.build([publish(&plan)]);
    let new = shop.table("takings");
    shop.sql("delete from raw.events where event_id = 1001;");
    let again = [plan.of("takings", "create")[0], plan.batch("takings", "2024-09-02")];
    for _ in 0..2 {
        for step in again {
            fails(&shop, &step.file, "a published backfill needs");
        }
        assert_eq!(shop.table("takings"), new);
        succeeds(&shop, &extra(&plan, "undo"));
        assert_eq!(shop.table("takings"), old);
        shop.build([publish(&plan)]);
    }
    succeeds(&shop, &extra(&plan, "undo"));
    succeeds(&shop, &extra(&plan, "cleanup"));
    shop.build(again);
    let staged = shop.table("takings__staged");
    assert!(!staged.is_empty() && !staged.iter().any(|row| row.starts_with("1001|")), "{staged:?}");
}

/// A plan with the same windows, columns and settings has the same undo, whatever its query.
pub fn a_plan_compiled_again_undoes_the_backfill(engine: &dyn Engine) {
    let shop = built(engine);
    let old = shop.table("takings");
    let plan = staged(&shop, engine);
    shop.build(before_publish(&plan));
    shop.build([publish(&plan)]);
    let number = amount(engine, "e.event_id * 10");
    takings(&shop, &number, "\nwhere '{{ run_started_at }}' <> ''");
    let again = stage(&shop);
    fails(&shop, &publish(&again).file, "another statement");
    succeeds(&shop, &extra(&again, "undo"));
    assert_eq!(shop.table("takings"), old);
    shop.build([publish(&plan)]);
    takings(&shop, &format!("{number} as tax, {number}"), "");
    let wider = stage(&shop);
    fails(&shop, &extra(&wider, "undo"), "other columns");
    assert_eq!(shop.table("takings"), rows_of_query(&shop, "event_id * 10"));
    succeeds(&shop, &extra(&plan, "undo"));
    assert_eq!(shop.table("takings"), old);
    for _ in 0..2 {
        succeeds(&shop, &extra(&wider, "cleanup"));
    }
}

/// A staged table that is left from an earlier plan lacks a column.
pub fn a_staged_table_with_other_columns_stops_the_plan(engine: &dyn Engine) {
    let shop = built(engine);
    let clauses = match engine.dialect() {
        "clickhouse" => " engine = MergeTree order by tuple()",
        _ => "",
    };
    shop.sql(&format!(
        "create table {TAKINGS}__staged{clauses} as select event_id, occurred_at from {TAKINGS};"
    ));
    let plan = staged(&shop, engine);
    fails(&shop, &plan.of("takings", "create")[0].file, "other columns than the query");
    succeeds(&shop, &extra(&plan, "cleanup"));
    shop.build(&plan);
    assert_eq!(shop.table("takings"), rows_of_query(&shop, "event_id * 10"));
}

/// After the publication a full refresh writes the same rows in another order of columns. `undo`
/// inserts the old rows by name, or stops.
pub fn an_undo_does_not_mix_columns_up(engine: &dyn Engine) {
    let shop = built(engine);
    let by_name = "select event_id, occurred_at, amount from analytics.takings";
    let old = shop.rows(by_name);
    let plan = staged(&shop, engine);
    shop.build(before_publish(&plan));
    shop.build([publish(&plan)]);
    let new = shop.rows(by_name);
    let model = fs::read_to_string(shop.project().join("models/takings.sql")).unwrap();
    let amount = amount(engine, "e.event_id * 10");
    let (select, reordered) = (
        format!("e.event_id, e.occurred_at, {amount} as amount"),
        format!("{amount} as amount, e.occurred_at, e.event_id"),
    );
    assert!(model.contains(&select), "{model}");
    shop.write("models/takings.sql", &model.replace(&select, &reordered));
    let now = ["--full-refresh", "--now", "2024-09-03T12:00:00Z"];
    shop.build(&shop.compile(&[&["--select", "takings"][..], &now].concat()));
    assert_eq!(shop.rows(by_name), new);

    let undo = shop.database.run(&extra(&plan, "undo"));
    if undo.ok {
        assert_eq!(shop.rows(by_name), old);
    } else {
        assert!(undo.stderr.contains("another order of them"), "{}", undo.stderr);
        assert_eq!(shop.rows(by_name), new);
    }
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

pub fn a_crash_in_publish_or_undo_is_repaired(engine: &dyn Engine) {
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

pub fn readers_see_old_or_new_rows(engine: &dyn Engine) {
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

/// The table has columns whose values cannot be inserted. Undo restores it, or nothing is published.
pub fn a_table_with_generated_columns_is_restored_or_not_published(engine: &dyn Engine) {
    let shop = built(engine);
    let doubled = "doubled integer generated always as (amount * 2)";
    let alter = format!("alter table {TAKINGS} add column");
    match engine.dialect() {
        "postgres" | "redshift" => shop.sql(&format!(
            "{alter} {doubled} stored; {alter} nth integer generated always as identity;"
        )),
        "mariadb" => shop.sql(&format!(
            "{alter} {doubled} stored, add column nth integer auto_increment unique;"
        )),
        "clickhouse" => shop.sql(&format!("{alter} doubled Int64 materialized amount * 2;")),
        "duckdb" => shop.sql(&format!(
            "create table {TAKINGS}_2 (event_id integer, occurred_at timestamp, amount integer, \
             {doubled}); insert into {TAKINGS}_2 select * from {TAKINGS}; drop table {TAKINGS}; \
             alter table {TAKINGS}_2 rename to takings;"
        )),
        "sqlite" => shop.sql(&format!("{alter} {doubled};")),
        dialect => unreachable!("{dialect}"),
    }
    let old = shop.table("takings");
    let plan = staged(&shop, engine);
    let create = plan.of("takings", "create")[0];
    match engine.dialect() {
        "redshift" => {
            shop.build(before_publish(&plan));
            fails(&shop, &publish(&plan).file, "cannot insert a non-default value");
        }
        "duckdb" | "sqlite" => {
            fails(&shop, &create.file, "generated");
            fails(&shop, &publish(&plan).file, "generated");
        }
        _ => {
            shop.build(before_publish(&plan));
            shop.build([publish(&plan)]);
            assert_ne!(shop.table("takings"), old);
            for _ in 0..2 {
                succeeds(&shop, &extra(&plan, "undo"));
                assert_eq!(shop.table("takings"), old);
            }
        }
    }
    if engine.dialect() == "mariadb" {
        succeeds(&shop, &extra(&plan, "cleanup"));
        shop.sql(&format!("{alter} secret integer invisible default 5;"));
        fails(&shop, &create.file, "hidden");
    }
    assert_eq!(shop.table("takings"), old);
}

/// Audits of two machines run at the same time: each of them approves the rows.
pub fn two_audits_run_at_once(engine: &dyn Engine) {
    if !engine.allows_concurrent_clients() {
        return;
    }
    let shop = built(engine);
    let plan = staged(&shop, engine);
    shop.build(before_publish(&plan));
    let audit = plan.of("takings", "staged_audit")[0];
    for _ in 0..4 {
        shop.build_concurrently(&[audit; 6]);
    }
    shop.build([publish(&plan)]);
    assert_eq!(shop.table("takings"), rows_of_query(&shop, "event_id * 10"));
}

pub fn a_foreign_write_stops_undo_and_publish(engine: &dyn Engine) {
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
