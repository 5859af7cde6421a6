//! How long compiling takes, as ratios to a plain program that does the same writing in the same run: `cargo bench`.
//! These machines are noisy, so nothing is asserted; each figure is the best of three.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

fn main() {
    let place = tempfile::tempdir().expect("a folder for the bench");
    hours(&place.path().join("hours"));
    models(&place.path().join("thousand"), 1_000, 1_000, 30);
    models(&place.path().join("five_thousand"), 5_000, 10, 3);
}

/// Ten years of hourly batches of one model, then the same again with nothing changed.
fn hours(project: &Path) {
    sources(project);
    write(&project.join("models/hourly.sql"), &microbatch("hour", "2024-09-01", 0));
    let arguments =
        ["--event-time-start", "2024-09-01", "--event-time-end", "2034-08-30", "--now", "2034-09-10", "--max-batches", "100000"];
    let first = best(|| {
        remove(&project.join("target"));
        compile(project, &arguments)
    });
    let again = best(|| compile(project, &arguments));
    let plan = project.join("target/batchwright/hourly");
    let files: Vec<(PathBuf, Vec<u8>)> = fs::read_dir(&plan)
        .expect("the plan is there")
        .flatten()
        .map(|entry| (project.join("plain").join(entry.file_name()), fs::read(entry.path()).expect("a file of the plan")))
        .collect();
    let plain = best(|| {
        remove(&project.join("plain"));
        fs::create_dir(project.join("plain")).expect("a folder");
        time(|| files.iter().for_each(|(path, bytes)| fs::write(path, bytes).expect("a file")))
    });
    println!(
        "{} batches of one model: {first:.2?}, {:.2} times a plain program that writes the same files",
        files.len() - 1,
        ratio(first, plain)
    );
    println!("the same again, nothing changed: {again:.2?}, {:.2} times the first", ratio(again, first));
}

/// Many models, some of them with batches.
fn models(project: &Path, all: usize, with_batches: usize, days: usize) {
    sources(project);
    for index in 0..all {
        let text = if index < with_batches {
            microbatch("day", "2024-09-01", index)
        } else {
            format!("select order_id, amount, {index} as n from {{{{ source('raw', 'orders') }}}}\n")
        };
        write(&project.join(format!("models/m{}/model_{index}.sql", index % 50)), &text);
    }
    let end = format!("2024-09-{:02}", 1 + days.min(29));
    let arguments = [
        "-s",
        "config.incremental_strategy:microbatch",
        "--event-time-start",
        "2024-09-01",
        "--event-time-end",
        &end,
        "--now",
        "2024-10-10",
    ];
    let took = best(|| {
        remove(&project.join("target"));
        compile(project, &arguments)
    });
    println!("{all} models, {with_batches} of them with {} batches: {took:.2?}", days.min(29));
}

fn sources(project: &Path) {
    write(&project.join("dbt_project.yml"), "name: shop\n");
    let yaml = "sources:\n  - name: raw\n    tables:\n      - name: orders\n        config: {event_time: ordered_at}\n";
    write(&project.join("models/sources.yml"), yaml);
}

fn microbatch(size: &str, begin: &str, index: usize) -> String {
    format!(
        "{{{{ config(materialized='incremental', incremental_strategy='microbatch', event_time='ordered_at', batch_size='{size}', begin='{begin}') }}}}\n\
         with orders as (\n    select * from {{{{ source('raw', 'orders') }}}}\n)\n\n\
         select ordered_at, order_id, amount, {index} as n\nfrom orders\nwhere amount > 0\n"
    )
}

fn compile(project: &Path, arguments: &[&str]) -> Duration {
    time(|| {
        let done = Command::new(env!("CARGO_BIN_EXE_batchwright"))
            .args(["compile", "--dialect", "duckdb"])
            .args(arguments)
            .current_dir(project)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        assert!(done.expect("batchwright runs").success());
    })
}

fn time(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn best(mut work: impl FnMut() -> Duration) -> Duration {
    (0..3).map(|_| work()).min().expect("three runs")
}

fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a file has a folder")).expect("a folder");
    fs::write(path, text).expect("a file");
}

fn remove(folder: &Path) {
    if folder.exists() {
        fs::remove_dir_all(folder).expect("a folder that was made here");
    }
}
