//! Runs plans on real engines, and checks plans of other warehouses with their own parsers or
//! analyzers. Every case runs on every engine, except those that the engine's file excludes with a
//! reason. To add an engine, add a file with its driver and a line in [`engines`]. `tests/run`
//! installs the engines.

#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

mod altered;
mod analyzers;
mod audit;
mod bqemulator;
mod builds;
mod check;
mod clickhouse;
mod columns;
#[allow(dead_code, reason = "tests/check uses the rest")]
#[path = "../check/corpus.rs"]
mod corpus;
mod corrupted;
mod drivers;
mod duckdb;
mod durations;
mod engine;
mod fakesnow;
mod forms;
mod guard;
mod hidden;
mod ledger;
mod literals;
mod mariadb;
mod objects;
mod postgres;
mod promise;
#[allow(dead_code, reason = "tests/readme.rs uses the rest")]
mod proofs;
mod refresh;
mod replacement;
mod sail;
mod seeds;
mod served;
mod shapes;
mod shop;
mod spark;
mod sqlite;
mod staged;
mod staged_safety;
mod story;
mod strategies;
mod transactions;

use std::collections::BTreeMap;
use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};

use durations::{engine_of, print_durations, trial};
use engine::{Case, Engine};

const CORPUS: &str = "duckdb::the_corpus_states_the_truth";

fn main() {
    let spark = spark::process();
    let engines = engines(&spark);
    let mut trials = analyzers::trials();
    for engine in &engines {
        let excluded = engine.excluded_cases();
        let all_dialect_cases = altered::OF_DIALECTS
            .iter()
            .chain(builds::OF_DIALECTS)
            .chain(seeds::OF_DIALECTS)
            .chain(refresh::OF_DIALECTS)
            .chain(replacement::OF_DIALECTS)
            .chain(strategies::OF_DIALECTS)
            .chain(story::OF_DIALECTS)
            .chain(hidden::OF_DIALECTS)
            .chain(staged::OF_DIALECTS)
            .chain(ledger::OF_DIALECTS)
            .chain(columns::OF_DIALECTS)
            .chain(objects::OF_DIALECTS)
            .chain(transactions::OF_DIALECTS);
        let dialect_cases = all_dialect_cases
            .filter(|(names, _)| {
                names.contains(&engine.dialect()) || names.contains(&engine.name())
            })
            .map(|(_, case)| *case);
        let cases = cases().chain(dialect_cases);
        for (name, case) in
            cases.filter(|(name, _)| !excluded.iter().any(|(excluded, _)| excluded == name))
        {
            let engine = engine.clone();
            trials.push(trial(format!("{}::{name}", engine.name()), move || case(engine.as_ref())));
        }
    }
    for engine in engines.iter().filter(|engine| {
        ["duckdb", "postgres", "clickhouse", "mariadb", "sqlite"].contains(&engine.name())
    }) {
        for (name, case) in corrupted::CASES {
            let engine = engine.clone();
            trials.push(trial(format!("{}::{name}", engine.name()), move || case(engine.as_ref())));
        }
    }
    // A table of plain files is overwritten by whole partitions, and its window must be theirs.
    for engine in engines.iter().filter(|engine| engine.name() != "spark_parquet") {
        for (name, case) in literals::CASES {
            let engine = engine.clone();
            trials.push(trial(format!("{}::{name}", engine.name()), move || case(engine.as_ref())));
        }
    }
    for (name, case) in spark::CASES {
        let files = spark::Files(spark.clone());
        trials.push(trial(format!("spark_parquet::{name}"), move || case(&files)));
    }
    let mut names: Vec<String> = trials.iter().map(|trial| trial.name().to_string()).collect();
    names.push(CORPUS.to_string());
    trials.push(trial("proofs::the_table_lists_what_runs".to_string(), move || {
        proofs::assert_complete(&names)
    }));
    let mut arguments = Arguments::from_args();
    // One more than there are processors: Spark handles one request at a time, and two trials that
    // wait for it would leave a processor idle.
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    arguments.test_threads.get_or_insert(processors + 1);
    // The longest trial is first, so that it does not run alone at the end.
    let corpus = trial(CORPUS.to_string(), check::the_corpus_states_the_truth);
    let trials = std::iter::once(corpus).chain(spread(trials)).collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    print_durations();
    // `exit` does not drop the engines, which stop their servers when dropped.
    drop((engines, spark));
    conclusion.exit();
}

/// Interleaves the trials of the engines. An engine with one process handles one request at a time,
/// so its trials in a row would leave the other test threads idle.
fn spread(trials: Vec<Trial>) -> Vec<Trial> {
    let mut by_engine: BTreeMap<String, Vec<Trial>> = BTreeMap::new();
    for trial in trials {
        by_engine.entry(engine_of(trial.name())).or_default().push(trial);
    }
    let positioned = by_engine.into_values().flat_map(|trials| {
        let count = trials.len() as f64;
        trials.into_iter().enumerate().map(move |(nth, trial)| ((nth as f64 + 0.5) / count, trial))
    });
    let mut positioned: Vec<(f64, Trial)> = positioned.collect();
    positioned.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    positioned.into_iter().map(|(_, trial)| trial).collect()
}

fn engines(spark: &Arc<served::Shared>) -> Vec<Arc<dyn Engine>> {
    vec![
        Arc::new(duckdb::DuckDb),
        Arc::new(clickhouse::ClickHouse),
        Arc::new(sqlite::Sqlite),
        Arc::<mariadb::MariaDb>::default(),
        Arc::<postgres::Postgres>::default(),
        Arc::new(postgres::Postgres::newest()),
        Arc::new(postgres::Postgres::as_redshift()),
        Arc::new(spark::Iceberg(spark.clone())),
        Arc::new(spark::Files(spark.clone())),
        Arc::new(sail::Sail::new()),
        Arc::new(fakesnow::FakeSnow::new()),
        Arc::new(bqemulator::BqEmulator::new()),
    ]
}

fn cases() -> impl Iterator<Item = Case> {
    [
        drivers::CASES,
        promise::CASES,
        guard::CASES,
        refresh::CASES,
        shapes::CASES,
        audit::CASES,
        builds::CASES,
        seeds::CASES,
        ledger::CASES,
        objects::CASES,
        replacement::CASES,
    ]
    .into_iter()
    .flatten()
    .copied()
}
