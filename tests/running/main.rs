//! Runs plans with `batchwright run`: with real clients on real engines, and with scripts as
//! clients for failures that real clients cannot produce on demand. The drivers are those of
//! `tests/engines`; `tests/run` installs the engines.

#![allow(clippy::unwrap_used)]

mod batchwright;
mod chains;
mod client_commands;
mod client_lines;
mod columns;
mod compiled;
mod continued;
mod days;
#[path = "../engines/duckdb.rs"]
mod duckdb;
#[path = "../engines/durations.rs"]
mod durations;
#[path = "../engines/engine.rs"]
#[allow(dead_code)]
mod engine;
mod exported;
mod failures;
mod journal;
mod killed;
mod ledger;
mod ledger_clients;
#[path = "../engines/mariadb.rs"]
mod mariadb;
mod odd_clients;
mod orchestrators;
mod order;
#[path = "../engines/postgres.rs"]
mod postgres;
mod proof;
mod refresh;
mod reports;
mod sessions;
#[path = "../engines/shop.rs"]
#[allow(dead_code)]
mod shop;
mod snowflake;
mod spark;
#[path = "../engines/sqlite.rs"]
mod sqlite;
mod staged;
mod state;
mod tables;
mod targets;
mod warehouse_manners;

use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};

use durations::{print_durations, trial};
use engine::{Case, Engine};

fn main() {
    let engines: Vec<Arc<dyn Engine>> = vec![
        Arc::new(duckdb::DuckDb),
        Arc::new(sqlite::Sqlite),
        Arc::<postgres::Postgres>::default(),
        Arc::<mariadb::MariaDb>::default(),
    ];
    let without_engine = [
        client_commands::ALONE,
        client_lines::CASES,
        exported::ALONE,
        odd_clients::CASES,
        orchestrators::CASES,
        journal::CASES,
        ledger_clients::CASES,
        order::CASES,
        reports::CASES,
        snowflake::CASES,
        spark::CASES,
        state::ALONE,
        sessions::CASES,
        tables::CASES,
        targets::CASES,
        warehouse_manners::CASES,
    ]
    .into_iter()
    .flatten();
    let mut trials: Vec<Trial> =
        without_engine.map(|(name, case)| trial((*name).to_string(), *case)).collect();
    for engine in &engines {
        let compiled =
            compiled::CASES.iter().copied().filter(|_| compiled::has_dialect(engine.as_ref()));
        let files =
            state::FILES.iter().filter(|_| ["duckdb", "sqlite"].contains(&engine.dialect()));
        let served =
            ledger::SERVED.iter().filter(|_| ["postgres", "mariadb"].contains(&engine.dialect()));
        let locked = chains::LOCKED.iter().filter(|_| engine.dialect() == "postgres");
        let of_some = files.chain(served).chain(locked).copied();
        for (name, case) in compiled.chain(on_engines()).chain(of_some) {
            let engine = engine.clone();
            trials.push(trial(format!("{}::{name}", engine.dialect()), move || {
                case(engine.as_ref())
            }));
        }
    }
    let conclusion = libtest_mimic::run(&Arguments::from_args(), trials);
    print_durations();
    // `exit` does not drop the engines, which stop their servers when dropped.
    drop(engines);
    conclusion.exit();
}

fn on_engines() -> impl Iterator<Item = Case> {
    [
        chains::CASES,
        client_commands::CASES,
        columns::CASES,
        continued::CASES,
        exported::CASES,
        failures::CASES,
        killed::CASES,
        ledger::CASES,
        proof::CASES,
        refresh::CASES,
        staged::CASES,
        state::CASES,
    ]
    .into_iter()
    .flatten()
    .copied()
}
