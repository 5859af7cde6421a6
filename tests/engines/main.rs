//! Runs plans on real engines, and shows what cannot run to the engine's own parser or analyzer. Every case runs on every engine,
//! but for those that the engine's own file leaves out, with the reason: a new engine is one file with its driver and one line in
//! [`engines`]. `tests/run` installs what the drivers look for.

#![allow(clippy::unwrap_used, reason = "what fails here fails its test")]

mod analyzers;
mod audit;
mod bqemulator;
mod builds;
mod check;
mod clickhouse;
#[allow(dead_code, reason = "tests/check reads the rest of it")]
#[path = "../check/corpus.rs"]
mod corpus;
mod corrupted;
mod drivers;
mod duckdb;
mod engine;
mod fakesnow;
mod forms;
mod guard;
mod hidden;
mod literals;
mod mariadb;
mod postgres;
mod promise;
#[allow(dead_code, reason = "the README's table is written from the rest of it")]
mod proofs;
mod refresh;
mod replacement;
mod sail;
mod served;
mod shapes;
mod shop;
mod spark;
mod sqlite;
mod story;

use std::collections::BTreeMap;
use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};

use engine::{Case, Engine};

fn main() {
    let spark = spark::process();
    let engines = engines(&spark);
    let mut trials = analyzers::trials();
    for engine in &engines {
        let left_out = engine.left_out();
        let of_dialects = builds::OF_DIALECTS.iter().chain(replacement::OF_DIALECTS).chain(story::OF_DIALECTS).chain(hidden::OF_DIALECTS);
        let of_dialect = of_dialects.filter(|(dialects, _)| dialects.contains(&engine.dialect())).map(|(_, case)| *case);
        let cases = cases().chain(of_dialect);
        let shown = cases.filter(|(name, _)| !left_out.iter().any(|(left_out, _)| left_out == name));
        for (name, case) in shown {
            let engine = engine.clone();
            trials.push(trial(format!("{}::{name}", engine.name()), move || case(engine.as_ref())));
        }
    }
    for engine in engines.iter().filter(|engine| ["duckdb", "postgres", "clickhouse", "mariadb", "sqlite"].contains(&engine.name())) {
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
    trials.push(trial("duckdb::what_the_corpus_says_is_true".to_string(), check::what_the_corpus_says_is_true));
    let names: Vec<String> = trials.iter().map(|trial| trial.name().to_string()).collect();
    trials.push(trial("proofs::what_is_said_to_run_is_run".to_string(), move || proofs::assert_run(&names)));
    let conclusion = libtest_mimic::run(&Arguments::from_args(), spread(trials));
    // Before the process ends: a server that was started stops when its engine is dropped.
    drop((engines, spark));
    conclusion.exit();
}

/// The trials of every engine spread over the whole: one after the other, those of an engine that answers one question at a time
/// would keep all but one processor waiting.
fn spread(trials: Vec<Trial>) -> Vec<Trial> {
    let engine = |trial: &Trial| trial.name().split(['_', ':']).next().unwrap_or_default().to_string();
    let mut of_engines: BTreeMap<String, Vec<Trial>> = BTreeMap::new();
    for trial in trials {
        of_engines.entry(engine(&trial)).or_default().push(trial);
    }
    let placed = of_engines.into_values().flat_map(|trials| {
        let count = trials.len() as f64;
        trials.into_iter().enumerate().map(move |(nth, trial)| ((nth as f64 + 0.5) / count, trial))
    });
    let mut placed: Vec<(f64, Trial)> = placed.collect();
    placed.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    placed.into_iter().map(|(_, trial)| trial).collect()
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
    [drivers::CASES, promise::CASES, guard::CASES, refresh::CASES, shapes::CASES, audit::CASES, builds::CASES, replacement::CASES]
        .into_iter()
        .flatten()
        .copied()
}

fn trial(name: String, case: impl FnOnce() + Send + 'static) -> Trial {
    Trial::test(name, move || {
        case();
        Ok(())
    })
}
