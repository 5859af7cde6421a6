//! The ledger: it has a row for each file that ran, with the hash of the manifest; a file that
//! fails writes no row.

use std::collections::BTreeMap;
use std::fs;

use batchwright::codegen::ledger::{read_ledger, read_ledger_lines};
use batchwright::dialect::{self, Sql};
use batchwright::run::ledger_file;
use serde_json::Value;

use crate::engine::{Case, Engine};
use crate::shop::{Plan, Shop};

pub const CASES: &[Case] = &[
    ("the_ledger_has_what_ran", the_ledger_has_what_ran),
    ("concurrent_batches_are_in_the_ledger", concurrent_batches_are_in_the_ledger),
];

pub const OF_DIALECTS: &[(&[&str], Case)] = &[(
    &["duckdb", "postgres", "sqlite", "mariadb", "clickhouse"],
    ("a_refresh_counts_from_its_swap_on", a_refresh_counts_from_its_swap_on),
)];

const SESSIONS: &str = "int__sessions_aggregated";
const DAYS: &[&str] = &["--event-time-start", "2024-09-01", "--event-time-end", "2024-09-04"];
const LEDGER: &[&str] = &["--ledger", "analytics.ledger"];

fn the_ledger_has_what_ran(engine: &dyn Engine) {
    let shop = open(engine);
    let select = [&["--select", "stg_events", SESSIONS][..], DAYS].concat();
    let without = hashes(&shop.compile(&select), "sha256");
    if engine.name() == "spark_parquet" {
        let error = shop.compile_error(&[&select[..], LEDGER].concat());
        assert!(error.contains("needs a table format"), "{error}");
        return;
    }
    let plan = shop.compile(&[&select[..], LEDGER].concat());
    shop.build(&plan);
    shop.build([ledger_step(&plan)]);
    let batch = plan.batch(SESSIONS, "2024-09-02");
    shop.build([batch, batch]);
    let mut expected: BTreeMap<String, usize> = writes(&plan).map(|id| (id, 1)).collect();
    expected.insert(batch.id.clone(), 3);
    assert_eq!(counts(&shop), expected);

    // A batch that fails.
    shop.sql("update raw.events set amount = 'much' where event_id = 130;");
    let failing = plan.batch(SESSIONS, "2024-09-03");
    assert!(!shop.run(failing).ok);
    assert_eq!(counts(&shop), expected);
    shop.sql("update raw.events set amount = '11' where event_id = 130;");
    shop.build([failing]);
    expected.insert(failing.id.clone(), 2);
    assert_eq!(counts(&shop), expected);
    shop.assert_equals_query("stg_events");

    // The newest row of each step, as `batchwright ledger --run` reads it.
    let rows = read(&shop, engine);
    let with = hashes(&plan, "statement_sha256");
    let manifest = manifest(&plan);
    for [model, step, kind, batch_id, start, end, hash, _, fingerprint, at] in &rows {
        let step = step_id(step);
        assert_eq!(hash, &with[step]);
        assert_eq!(hash, &without[step], "the file of a plan without ledger");
        assert_eq!(manifest["ledger"]["plan_fingerprint"], fingerprint.as_str());
        assert!(step.starts_with(&format!("{model}@")) && at.starts_with("20"), "{step} {at}");
        match kind.as_str() {
            "build" => assert_eq!([start, end, batch_id], [""; 3]),
            _ => {
                let day = step.rsplit('@').next().unwrap();
                assert!(
                    kind == "batch"
                        && batch_id == day
                        && start.starts_with(&format!("{day}T00:00:00")),
                    "{kind} {batch_id} {start}"
                );
            }
        }
    }
    let steps: Vec<&str> = rows.iter().map(|row| step_id(&row[1])).collect();
    assert_eq!(steps, writes(&plan).collect::<Vec<_>>());
    // The query that `batchwright ledger` prints.
    let dialect = dialect::named(engine.dialect()).unwrap();
    let query = read_ledger(&dialect, &Sql("analytics.ledger".to_string())).unwrap().0;
    let printed = shop.rows(query.trim().trim_end_matches(';'));
    assert_eq!(printed.len(), rows.len() + 1);
}

fn concurrent_batches_are_in_the_ledger(engine: &dyn Engine) {
    if !engine.allows_concurrent_clients() {
        return;
    }
    let shop = open(engine);
    let select = ["--select", "stg_events", SESSIONS];
    let plan = shop.compile(&[&select[..], crate::shop::ALL_EVENTS, LEDGER].concat());
    shop.build(
        plan.steps.iter().filter(|step| step.kind == "create" || step.id.contains(".stg_events@")),
    );
    shop.build_concurrently(&plan.of(SESSIONS, "batch"));
    let counts = counts(&shop);
    for step in plan.steps.iter().filter(|step| step.kind == "batch") {
        assert_eq!(counts.get(&step.id), Some(&1), "{}", step.id);
    }
}

fn a_refresh_counts_from_its_swap_on(engine: &dyn Engine) {
    let shop = open(engine);
    let all = [&["--select", "stg_events", SESSIONS][..], DAYS, LEDGER].concat();
    shop.build(&shop.compile(&all));
    let missing = |changed: &[&str]| -> Vec<String> {
        let file = shop.project().join("done.csv");
        fs::write(&file, ledger_file::ledger_csv(&all_rows(&shop, engine)).unwrap()).unwrap();
        let file = file.display().to_string();
        let select = ["--select", SESSIONS, "--missing", &file];
        let plan = shop.compile(&[&select[..], changed, DAYS, LEDGER].concat());
        let batches = plan.of(SESSIONS, "batch");
        batches.iter().map(|step| step.id.rsplit('@').next().unwrap().to_string()).collect()
    };
    let nothing: Vec<String> = Vec::new();
    assert_eq!(missing(&[]), nothing);
    assert_eq!(missing(&["--changed"]), nothing);

    // The refresh is of fewer days than the table had.
    let refresh = ["--select", SESSIONS, "--full-refresh", "--now", "2024-09-03T00:00:00Z"];
    let refresh = shop.compile(&[&refresh[..], LEDGER].concat());
    let (swap, before) = refresh.steps.split_last().unwrap();
    assert_eq!(swap.kind, "swap");
    shop.build(before);
    assert_eq!(missing(&[]), nothing, "the old table is complete");
    shop.build([swap]);
    assert_eq!(missing(&[]), ["2024-09-03"]);
    assert_eq!(missing(&["--changed"]), ["2024-09-03"]);

    let path = shop.project().join(format!("models/{SESSIONS}.sql"));
    let query = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{query}\n-- changed\n")).unwrap();
    assert_eq!(missing(&[]), ["2024-09-03"]);
    assert_eq!(missing(&["--changed"]), ["2024-09-01", "2024-09-02", "2024-09-03"]);
}

/// A shop with the functions that its dialect's ledger needs.
fn open(engine: &dyn Engine) -> Shop<'_> {
    let shop = Shop::open(engine);
    if engine.name() == "redshift" {
        let body = "select current_timestamp::timestamp";
        shop.sql(&format!("create function getdate() returns timestamp language sql as '{body}';"));
    }
    shop
}

fn ledger_step(plan: &Plan) -> &crate::shop::Step {
    let step = &plan.steps[0];
    assert_eq!(step.id, "ledger.shop.ledger@create");
    step
}

/// The ids of the steps that write a row, sorted.
fn writes(plan: &Plan) -> impl Iterator<Item = String> {
    let steps = plan.steps.iter().filter(|step| ["batch", "build"].contains(&step.kind.as_str()));
    let mut ids: Vec<String> = steps.map(|step| step.id.clone()).collect();
    ids.sort();
    ids.into_iter()
}

/// The number of rows of each step.
fn counts(shop: &Shop) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for step in shop.rows("select step from analytics.ledger") {
        *counts.entry(step_id(&step).to_string()).or_default() += 1;
    }
    counts
}

/// The id of the step of a row; the name of the table follows it.
fn step_id(step: &str) -> &str {
    let (id, table) = step.split_once(' ').expect("a row names the table of its step");
    let (model, _) = id.split_once('@').unwrap();
    let name = table.rsplit('.').next().unwrap();
    assert!(
        name.trim_matches(['"', '`']).eq_ignore_ascii_case(model.rsplit('.').next().unwrap()),
        "{step}"
    );
    id
}

fn manifest(plan: &Plan) -> Value {
    serde_json::from_str(&fs::read_to_string(plan.folder().join("manifest.json")).unwrap()).unwrap()
}

/// A hash of each step, by its id.
fn hashes(plan: &Plan, key: &str) -> BTreeMap<String, String> {
    let manifest = manifest(plan);
    let steps = manifest["steps"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_string();
    steps.map(|step| (text(&step["id"]), text(&step[key]))).collect()
}

/// The rows of the ledger without the last one, sorted.
fn read(shop: &Shop, engine: &dyn Engine) -> Vec<ledger_file::LedgerValues> {
    let mut rows = all_rows(shop, engine);
    rows.retain(|row| row[2] != "end");
    rows.sort();
    rows
}

/// The rows that the query returns.
fn all_rows(shop: &Shop, engine: &dyn Engine) -> Vec<ledger_file::LedgerValues> {
    let dialect = dialect::named(engine.dialect()).unwrap();
    let query = read_ledger_lines(&dialect, &Sql("analytics.ledger".to_string())).unwrap().0;
    let lines = shop.rows(query.trim().trim_end_matches(';'));
    ledger_file::read_ledger_lines(&lines.join("\n")).unwrap().0
}
