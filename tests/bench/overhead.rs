//! The overhead of `batchwright run`: 1,000 batches through it, compared with the same SQL in one
//! client process. Prints the median of each engine's ratios, each of two consecutive runs; asserts
//! none, since machines differ. `tests/run` installs the engines.

#![allow(clippy::unwrap_used)]

#[path = "../running/batchwright.rs"]
#[allow(dead_code)]
mod batchwright;
#[path = "../running/days.rs"]
#[allow(dead_code)]
mod days;
#[path = "../engines/duckdb.rs"]
mod duckdb;
#[path = "../engines/engine.rs"]
#[allow(dead_code)]
mod engine;
#[path = "../engines/postgres.rs"]
mod postgres;

use std::fs;
use std::process::{Command, Stdio};
use std::time::Instant;

use days::{DAILY, Days};
use engine::Engine;

const BATCHES: usize = 1000;
const ROUNDS: usize = 7;

fn main() {
    let postgres = postgres::Postgres::default();
    for engine in [&duckdb::DuckDb as &dyn Engine, &postgres] {
        let database = engine.database();
        days::sql(
            &*database,
            &format!(
                "create table sales as select date '2024-01-01' + cast(number % {BATCHES} as \
                 integer) as sold_on, cast(number as integer) as amount \
             from generate_series(1, {}) as numbers(number);",
                BATCHES * 20
            ),
        );
        let plan = plan();
        let folder = plan.write();
        let all: String = plan.steps.iter().map(|step| format!("{}\n", step.sql)).collect();
        let file = plan.folder.path().join("all.sql");
        fs::write(&file, all).unwrap();
        let client = database.session();
        let mut rounds: Vec<(f64, f64)> = Vec::new();
        for _ in 0..ROUNDS {
            let begun = Instant::now();
            let stdin = fs::File::open(&file).unwrap();
            let status = Command::new(&client[0])
                .args(&client[1..])
                .stdin(stdin)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            assert!(status.unwrap().success());
            let alone = begun.elapsed().as_secs_f64();
            let begun = Instant::now();
            let said = batchwright::batchwright("run", &folder, &["--quiet"], &client);
            assert_eq!(said.code, 0, "{}", said.err);
            rounds.push((begun.elapsed().as_secs_f64(), alone));
        }
        rounds.sort_by(|one, other| (one.0 / one.1).total_cmp(&(other.0 / other.1)));
        let ratios: Vec<String> =
            rounds.iter().map(|(through, alone)| format!("{:.2}", through / alone)).collect();
        let (through, alone) = rounds[ROUNDS / 2];
        println!(
            "{}: {BATCHES} batches in {through:.2} s through batchwright, in {alone:.2} s in one \
             client process: {:.2} times (of {})",
            engine.dialect(),
            through / alone,
            ratios.join(", ")
        );
    }
}

/// Similar to the files of the dialects: a staged query, a delete and an insert in a transaction.
fn plan() -> Days {
    let mut plan = Days::of(0);
    plan.steps.truncate(1);
    for number in 0..BATCHES {
        let window = format!(
            "sold_on >= date '2024-01-01' + {number} and sold_on < date '2024-01-01' + {}",
            number + 1
        );
        let sql = format!(
            "begin;\ncreate temporary table stage as select sold_on, amount from sales where \
             {window};\n\
             delete from daily where {window};\ninsert into daily (sold_on, amount) select \
             sold_on, amount from stage;\n\
             drop table stage;\ncommit;"
        );
        plan.push(DAILY, &format!("{number:04}"), "batch", &sql, &["model.shop.daily@create"]);
    }
    plan
}
