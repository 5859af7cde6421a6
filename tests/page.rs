//! A plan's page in headless Chromium. `look_at_page.py` drives the browser with WebDriver;
//! `tests/run` installs both.

#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use batchwright::plan::manifest::{Manifest, PlannedStep, read};
use batchwright::plan::planned::StepFile;
use batchwright::plan_dir::instant;
use batchwright::run::history::History;
use batchwright::run::status::Coverage;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tempfile::TempDir;

const SESSIONS: &str = "model.shop.int__sessions_aggregated";
const HOURLY: &str = "model.shop.hourly_events";
/// Upper bounds of the time of a click and of a load in a page of many batches, relative to a page
/// of few.
const CLICK: f64 = 10.0;
const LOAD: f64 = 40.0;

#[test]
fn a_click_shows_the_batch_with_its_window_highlighted() {
    let shop = shop();
    let page = page(shop.path());
    let visit = |model: &str, batch: &str, more: &Value| {
        let mut visit = json!({"page": page, "model": model, "batch": batch, "clicks": 1});
        visit.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        visit
    };
    let views = look(&json!([
        visit(SESSIONS, "2024-09-02", &json!({})),
        visit(HOURLY, "2024-09-03T05", &json!({"theme": "dark"})),
        visit(SESSIONS, "2024-09-01", &json!({"width": 340})),
    ]));
    for view in &views {
        assert_eq!(view["console"], json!([]), "the console is empty");
        let requests: Vec<&str> =
            view["requests"].as_array().unwrap().iter().map(|url| url.as_str().unwrap()).collect();
        assert!(requests.len() == 1 && requests[0].starts_with("file:///"), "{requests:?}");
        assert!(
            view["wider"].as_i64().unwrap() <= 0,
            "the page is wider than the window: {}",
            view["wider"]
        );
        let edges: Vec<f64> = view["heads"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|head| head.as_array().unwrap())
            .map(|x| x.as_f64().unwrap())
            .collect();
        assert!(edges.len() >= 14 && edges.is_sorted(), "column numbers overlap: {edges:?}");
    }
    let [failed, audited, phone] = &views[..] else { panic!("{views:?}") };

    let file =
        |name: &str| fs::read_to_string(shop.path().join("target/batchwright").join(name)).unwrap();
    assert_eq!(failed["title"], "2024-09-02");
    assert_eq!(failed["sql"], json!(file("int__sessions_aggregated/2024-09-02.sql")));
    let window = |column: &str| {
        format!(
            "{column} >= timestamp '2024-09-02 00:00:00' and {column} < timestamp '2024-09-03 \
             00:00:00'"
        )
    };
    let input =
        format!("(select * from \"analytics\".\"stg_events\" where {})", window("occurred_at"));
    let target = window("session_start");
    assert_eq!(failed["marks"], json!([["filter", input], ["window", target], ["window", target]]));
    assert_eq!(
        (&failed["facts"]["State"], &failed["words"]),
        (&json!("failed"), &json!("exit code 3\nno room <b>left</b>"))
    );

    assert_eq!(audited["facts"]["State"], "done, and audited since");
    assert_eq!(audited["sql"], json!(file("hourly_events/2024-09-03T05.sql")));
    assert_eq!((&phone["title"], &phone["facts"]["State"]), (&json!("2024-09-01"), &json!("done")));
}

/// The README's picture is taken by `cargo bless`; a changed page template requires a new one.
#[test]
fn the_picture_is_up_to_date() {
    let (picture, record) = ("snapshots/pictures/page.png", "snapshots/pictures/page.source");
    let mut parts: Vec<_> = walkdir::WalkDir::new("src/page")
        .into_iter()
        .flatten()
        .map(walkdir::DirEntry::into_path)
        .collect();
    parts.retain(|path| {
        path.extension()
            .is_some_and(|extension| ["html", "css", "js"].contains(&extension.to_str().unwrap()))
    });
    parts.sort();
    assert!(!parts.is_empty(), "src/page has no templates");
    let hash = |path: &PathBuf| {
        format!(
            "{:016x} {}\n",
            xxhash_rust::xxh3::xxh3_64(&fs::read(path).unwrap()),
            path.display()
        )
    };
    let source: String = parts.iter().map(hash).collect();
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        let shop = shop();
        look(
            &json!([{"page": page(shop.path()), "model": SESSIONS, "batch": "2024-09-02", "clicks": 1, "shot": picture}]),
        );
        fs::write(record, &source).unwrap();
    }
    assert_eq!(
        fs::read_to_string(record).unwrap(),
        source,
        "the page has changed since {picture} was taken: run `cargo bless`"
    );
    assert!(fs::read(picture).unwrap().starts_with(b"\x89PNG"), "{picture} is not a PNG file");
}

#[test]
fn a_page_of_fifty_thousand_batches_is_fast() {
    let shop = shop();
    let small = page(shop.path());
    let large = shop.path().join("large.html");
    let manifest = with_many_batches(shop.path());
    let template =
        fs::read_to_string(shop.path().join("target/batchwright/hourly_events/2024-09-03T05.sql"))
            .unwrap();
    let sql = |step: &PlannedStep| {
        let text = |time: &Option<DateTime<Utc>>| {
            time.unwrap_or_default().format("%Y-%m-%d %H:%M:%S").to_string()
        };
        template
            .replace("2024-09-03 05:00:00", &text(&step.event_time_start))
            .replace("2024-09-03 06:00:00", &text(&step.event_time_end))
    };
    let written = batchwright::page::page(
        &manifest,
        &History::default(),
        &Coverage::default(),
        "2024-09-14T00:00:00Z".parse().unwrap(),
        &mut |step| Some(sql(step)),
    );
    assert!(written.len() < 10_000_000, "{} bytes are too many for an e-mail", written.len());
    fs::write(&large, written).unwrap();
    let visit = |page: &str, batch: &str| json!({"page": page, "model": HOURLY, "batch": batch, "clicks": 3});
    let views = look(&json!([
        visit(&small, "2024-09-01T05"),
        visit(large.to_str().unwrap(), "2019-01-02T05")
    ]));
    let [few, many] = &views[..] else { panic!("{views:?}") };
    assert!(many["batches"].as_u64().unwrap() >= 50_000, "{}", many["batches"]);
    assert!(
        many["cells"].as_u64().unwrap() < 1_000,
        "cells outside the viewport are in the document: {}",
        many["cells"]
    );
    assert_eq!(many["title"], "2019-01-02T05");
    assert!(
        many["sql"].as_str().unwrap().contains("occurred_at >= timestamp '2019-01-02 05:00:00'"),
        "{}",
        many["sql"]
    );
    assert_eq!(many["console"], json!([]));
    let times = |key: &str| many[key].as_f64().unwrap() / few[key].as_f64().unwrap();
    assert!(
        times("click") < CLICK && times("load") < LOAD,
        "a click takes {} times as long, loading {}",
        times("click"),
        times("load")
    );
}

/// The fixture `sessions` with its plan of three days, run with audits by a client that fails one
/// batch.
fn shop() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in walkdir::WalkDir::new("fixtures/projects/sessions")
        .into_iter()
        .flatten()
        .filter(|entry| entry.file_type().is_file())
    {
        let to =
            folder.path().join(entry.path().strip_prefix("fixtures/projects/sessions").unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(entry.path(), to).unwrap();
    }
    let days = ["--event-time-start", "2024-09-01", "--event-time-end", "2024-09-04"];
    let plan = [&["compile", "--dialect", "duckdb", "--schema", "analytics"], &days[..]].concat();
    assert_eq!(batchwright(folder.path(), &plan), 0);
    let client = "case \"$(cat $0)\" in *batchwright_probe*) exit 1;; esac; case $0 in \
        *int__sessions_aggregated/2024-09-02.sql) echo 'no room <b>left</b>' >&2; exit 3;; esac";
    assert_eq!(
        batchwright(
            folder.path(),
            &["run", "--quiet", "--audit", "--", "sh", "-c", client, "{file}"]
        ),
        1
    );
    folder
}

/// Writes the shop's page; returns its path.
fn page(shop: &Path) -> String {
    assert_eq!(batchwright(shop, &["page", "--now", "2024-09-10", "--out", "page.html"]), 0);
    shop.join("page.html").to_string_lossy().into_owned()
}

/// The shop's manifest with fifty thousand batches of one model.
fn with_many_batches(shop: &Path) -> Manifest {
    let mut manifest = read(
        fs::File::open(shop.join("target/batchwright/manifest.json")).unwrap(),
        "manifest.json",
    )
    .unwrap();
    let mut batch = manifest
        .steps
        .iter()
        .find(|step| *step.model == *HOURLY && step.event_time_start.is_some())
        .unwrap()
        .clone();
    manifest.steps.retain(|step| *step.model != *HOURLY || step.event_time_start.is_none());
    let first: DateTime<Utc> = "2019-01-01T00:00:00Z".parse().unwrap();
    for hour in 0..50_000 {
        let (start, end) = (first + TimeDelta::hours(hour), first + TimeDelta::hours(hour + 1));
        let label = start.format("%Y-%m-%dT%H");
        batch.id = format!("{HOURLY}@{label}").into();
        batch.file = StepFile::Path(format!("hourly_events/{label}.sql").into());
        batch.event_time_start = Some(start);
        batch.event_time_end = Some(end);
        manifest.steps.push(batch.clone());
    }
    for model in manifest.models.iter_mut().filter(|model| model.unique_id == HOURLY) {
        model.microbatch.as_mut().unwrap().begin = instant(first);
    }
    manifest
}

fn batchwright(folder: &Path, arguments: &[&str]) -> i32 {
    let done = Command::new(env!("CARGO_BIN_EXE_batchwright"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    done.status.code().unwrap()
}

/// Visits pages; returns what the page shows at each visit.
fn look(visits: &Value) -> Vec<Value> {
    let mut python = Command::new("python3")
        .arg("tests/look_at_page.py")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python is not installed");
    python.stdin.take().unwrap().write_all(visits.to_string().as_bytes()).unwrap();
    let done = python.wait_with_output().unwrap();
    assert!(
        done.status.success(),
        "look_at_page.py failed; `tests/run` installs chromium and chromium-driver"
    );
    serde_json::from_slice(&done.stdout).unwrap()
}
