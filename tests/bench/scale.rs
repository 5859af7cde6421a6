//! The cost of the commands that read a plan as it grows: time and peak memory of `status`, `page`,
//! `diff`, `run` and `retry` at ten thousand, a hundred thousand and a million batches, of `status`
//! with the journals of 64 shards, and of two that grow with a project: names in `--select`, columns
//! in `select *`. Prints a table; asserts nothing, since machines differ.

#![allow(clippy::unwrap_used)]

#[path = "measure.rs"]
#[allow(dead_code)]
mod measure;
#[path = "projects.rs"]
#[allow(dead_code)]
mod projects;

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

const SIZES: [usize; 3] = [10_000, 100_000, 1_000_000];
/// A million files take gigabytes; for larger plans the page shows no SQL.
const MOST_FILES: usize = 100_000;

fn main() {
    println!("{:>9}  {:12}  {:>9}  {:>9}", "batches", "command", "seconds", "MiB");
    for size in SIZES {
        let folder = TempDir::new().unwrap();
        let plan = folder.path().join("plan");
        write_plan(&plan, size);
        let batchwright =
            |arguments: &[&str], command: &str| measured(size, command, folder.path(), arguments);
        let failing = "case \"$(cat \"$0\")\" in *batchwright_probe*) exit 1;; \
            *batchwright_marker*) exit 0;; esac; exit 1";
        batchwright(
            &["run", "--quiet", "--plan", "plan", "--", "sh", "-c", failing, "{file}"],
            "run",
        );
        write_journal(&folder.path().join(".batchwright/plan.journal.jsonl"), 0..size - 10);
        batchwright(&["status", "--plan", "plan"], "status");
        batchwright(&["status", "--missing", "--plan", "plan"], "missing");
        batchwright(&["page", "--plan", "plan", "--now", "2024-09-10"], "page");
        batchwright(
            &["retry", "--quiet", "--plan", "plan", "--", "sh", "-c", failing, "{file}"],
            "retry",
        );
        let shard = ["run", "--plan", "plan", "--dry-run", "--shard", "3/64"];
        let client = ["--", "psql", "-v", "ON_ERROR_STOP=1", "-f", "{file}"];
        batchwright(&[&shard[..], &client[..]].concat(), "shard 3/64");
        let machines = write_shards(folder.path(), size);
        let journals: Vec<&str> =
            machines.iter().flat_map(|folder| ["--journal", folder.as_str()]).collect();
        batchwright(&[&["status", "--plan", "plan"], &journals[..]].concat(), "64 journals");
        fs::create_dir(folder.path().join("other")).unwrap();
        fs::copy(plan.join("manifest.json"), folder.path().join("other/manifest.json")).unwrap();
        batchwright(&["diff", "plan", "other"], "diff");
    }
    for names in [1_000, 10_000] {
        let folder = TempDir::new().unwrap();
        write_project(
            folder.path(),
            (0..names).map(|number| (format!("m{number}"), "select 1 as a".to_string())),
        );
        let select: Vec<String> = (0..names).map(|number| format!("m{number}")).collect();
        let arguments: Vec<&str> = ["list", "--dialect", "duckdb", "-s"]
            .into_iter()
            .chain(select.iter().map(String::as_str))
            .collect();
        measured(names, "names in -s", folder.path(), &arguments);
    }
    for ctes in [30, 300] {
        let folder = TempDir::new().unwrap();
        let columns: Vec<String> =
            (0..3_000).map(|number| format!("{number} as c{number}")).collect();
        let mut sql = format!("with q0 as (select {})", columns.join(", "));
        (1..ctes).for_each(|number| {
            write!(sql, ", q{number} as (select * from q{})", number - 1).unwrap()
        });
        write_project(
            folder.path(),
            [("wide".to_string(), format!("{sql} select * from q{}", ctes - 1))].into_iter(),
        );
        measured(ctes, "select *", folder.path(), &["compile", "--dialect", "duckdb"]);
    }
}

fn measured(size: usize, name: &str, folder: &Path, arguments: &[&str]) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_batchwright"));
    command
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.env("XDG_STATE_HOME", folder);
    let begun = Instant::now();
    let mut child = command.spawn().unwrap();
    let mut memory = 0.0;
    while child.try_wait().unwrap().is_none() {
        memory = measure::peak_memory(&child).unwrap_or(memory);
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    println!("{size:>9}  {name:12}  {:>9.2}  {memory:>9.0}", begun.elapsed().as_secs_f64());
}

/// Writes a plan: a create and batches of a minute.
fn write_plan(plan: &Path, size: usize) {
    fs::create_dir_all(plan.join("daily")).unwrap();
    let sql = "select 1;\n";
    let sha256: String =
        Sha256::digest(sql).iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    let mut out = BufWriter::new(File::create(plan.join("manifest.json")).unwrap());
    let head = serde_json::json!({
        "schema_version": 1, "generator": "batchwright", "project": "shop", "target": "dev", "dialect": "postgres",
        "request": {"now": null, "event_time_start": null, "event_time_end": null, "full_refresh": false, "batch_size": null, "chunk": null,
            "complete_only": false, "select": [], "exclude": [], "selector": null},
        "models": [{"unique_id": "model.shop.daily", "path": "models/daily.sql", "folder": "daily", "relation": "daily",
            "materialized": "microbatch", "strategy": "delete + \
                insert", "atomic": true, "inputs": [], "columns": null, "columns_from": null,
            "warnings": [], "microbatch": {"event_time": "at", "batch_size": "minute", "begin": "2022-08-30T00:00:00Z", "lookback": 1,
                "timezone": "UTC", "outside_window": "error", "unique_key": [], "in_order": false, "beside": null, "batches": size}}],
    });
    let head = head.to_string();
    write!(
        out,
        "{},\"steps\":[",
        head.trim_end_matches('}').to_string() + &"}".repeat(trailing(&head) - 1)
    )
    .unwrap();
    fs::write(plan.join("daily/01_create.sql"), sql).unwrap();
    write!(out, r#"{{"id":"model.shop.daily@create","model":"model.shop.daily","kind":"create","file":"daily/01_create.sql","sha256":"{sha256}","depends_on":[]}}"#).unwrap();
    for number in 0..size {
        let (start, end) = window(number);
        let label = label(start);
        let (start, end) = (text(start), text(end));
        write!(out, ",\n{{\"id\":\"model.shop.daily@{label}\",\"model\":\"model.shop.daily\",\"kind\":\"batch\",\"file\":\"daily/{label}.sql\",\"sha256\":\"{sha256}\",\"event_time_start\":\"{start}\",\"event_time_end\":\"{end}\",\"depends_on\":[\"model.shop.daily@create\"]}}").unwrap();
        if size <= MOST_FILES {
            fs::write(plan.join(format!("daily/{label}.sql")), sql).unwrap();
        }
    }
    out.write_all(b"]}\n").unwrap();
}

fn trailing(text: &str) -> usize {
    text.len() - text.trim_end_matches('}').len()
}

/// The folders of the journals of 64 machines, each of which has run one shard.
fn write_shards(folder: &Path, size: usize) -> Vec<String> {
    const SHARDS: usize = 64;
    let machine = |number: usize| {
        let machine = folder.join(format!("machine{number}"));
        fs::create_dir(&machine).unwrap();
        let steps = (number - 1) * size / SHARDS..number * size / SHARDS;
        let journal = format!("plan.shard-{number}-of-{SHARDS}.journal.jsonl");
        write_journal(&machine.join(journal), steps);
        machine.display().to_string()
    };
    (1..=SHARDS).map(machine).collect()
}

/// A run in which the create and the batches of a range are done.
fn write_journal(path: &Path, batches: Range<usize>) {
    let sha256: String = Sha256::digest("select 1;\n")
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    let mut out = BufWriter::new(File::create(path).unwrap());
    let at = "2024-09-10T00:00:00.000Z";
    writeln!(
        out,
        r#"{{"event":"run","schema_version":1,"run":"r","at":"{at}","pid":1,"resumed":false,"client":null,"threads":1,"steps":{}}}"#,
        batches.len()
    )
    .unwrap();
    let mut step = |label: &str, rest: &str| {
        let id = format!("model.shop.daily@{label}");
        writeln!(
            out,
            r#"{{"event":"start","run":"r","step":"{id}","sha256":"{sha256}","at":"{at}"}}"#
        )
        .unwrap();
        writeln!(out, r#"{{"event":"step","run":"r","step":"{id}","sha256":"{sha256}","model":"model.shop.daily",{rest}"started":"{at}","seconds":0.01,"outcome":"success","stderr":""}}"#).unwrap();
    };
    step("create", "\"kind\":\"create\",");
    for number in batches {
        let (start, end) = window(number);
        let rest = format!(
            "\"kind\":\"batch\",\"event_time_start\":\"{}\",\"event_time_end\":\"{}\",",
            text(start),
            text(end)
        );
        step(&label(start), &rest);
    }
}

fn window(number: usize) -> (DateTime<Utc>, DateTime<Utc>) {
    let first: DateTime<Utc> = "2022-09-01T00:00:00Z".parse().unwrap();
    let start = first + TimeDelta::minutes(i64::try_from(number).unwrap());
    (start, start + TimeDelta::minutes(1))
}

fn label(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H-%M").to_string()
}

fn text(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn write_project(folder: &Path, models: impl Iterator<Item = (String, String)>) {
    fs::create_dir(folder.join("models")).unwrap();
    fs::write(folder.join("dbt_project.yml"), "name: shop\nversion: '1.0'\n").unwrap();
    for (name, sql) in models {
        fs::write(folder.join(format!("models/{name}.sql")), sql).unwrap();
    }
}
