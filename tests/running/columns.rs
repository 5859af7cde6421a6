//! `columns --run`: the client's output is the file that `compile --columns` takes.

use std::fs;
use std::process::Command;

use crate::engine::{Case, Engine};
use crate::shop::Shop;

pub const CASES: &[Case] =
    &[("the_client_reads_the_columns_of_tables", the_client_reads_the_columns_of_tables)];

const SESSIONS: &str = "int__sessions_aggregated";

fn the_client_reads_the_columns_of_tables(engine: &dyn Engine) {
    let shop = Shop::open(engine);
    let day = ["--event-time-start", "2024-09-01", "--event-time-end", "2024-09-02"];
    shop.build(&shop.compile(&[&["--select", "stg_events", SESSIONS][..], &day].concat()));
    let mut batchwright = Command::new(env!("CARGO_BIN_EXE_batchwright"));
    batchwright.args(["columns", "--dialect", engine.dialect(), "--schema", "analytics"]);
    batchwright.args(["--select", SESSIONS, "daily_report", "--project-dir"]);
    batchwright.arg(shop.project()).args(["--run", "--"]).args(shop.database.session());
    let output = batchwright.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    assert!(stderr.contains("1 table; 1 missing table: analytics.daily_report"), "{stderr}");

    let csv = String::from_utf8(output.stdout).unwrap();
    let rows: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    let query = "select * from analytics.int__sessions_aggregated";
    let columns = shop.rows(query)[0].split('|').count();
    let of_table = rows.iter().filter(|row| row[2] == SESSIONS && row[3] != "0").count();
    assert_eq!(of_table, columns, "{csv}");
    assert!(rows.iter().any(|row| row[2] == SESSIONS && row[4] == "session_start"), "{csv}");

    let file = shop.project().join("columns.csv");
    fs::write(&file, csv).unwrap();
    let file = file.display().to_string();
    shop.compile(&[&["--select", SESSIONS, "--columns", &file][..], &day].concat());
}
