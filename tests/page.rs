//! The page of a plan, opened in headless Chromium and clicked with a real pointer: `look_at_page.py` drives it. `tests/run` installs
//! both the browser and its driver.

#![allow(clippy::unwrap_used, reason = "what fails here fails its test")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use batchwright::plan::manifest::{Manifest, StepEntry, read};
use batchwright::plan::write::instant;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tempfile::TempDir;

const SESSIONS: &str = "model.shop.int__sessions_aggregated";
const HOURLY: &str = "model.shop.hourly_events";
/// What a batch may cost in a page of many, as a multiple of what it costs in a page of few. Both are measured, neither is in seconds.
const CLICK: f64 = 10.0;
const LOAD: f64 = 40.0;

#[test]
fn a_click_on_a_batch_shows_its_sql_with_the_window_marked() {
    let shop = shop();
    let page = page(shop.path());
    let visit = |model: &str, batch: &str, more: &Value| {
        let mut visit = json!({"page": page, "model": model, "batch": batch, "clicks": 1});
        visit.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        visit
    };
    let seen = look(&json!([
        visit(SESSIONS, "2024-09-02", &json!({})),
        visit(HOURLY, "2024-09-03T05", &json!({"theme": "dark"})),
        visit(SESSIONS, "2024-09-01", &json!({"width": 340})),
    ]));
    for seen in &seen {
        assert_eq!(seen["console"], json!([]), "nothing is said on the console");
        let requests: Vec<&str> = seen["requests"].as_array().unwrap().iter().map(|url| url.as_str().unwrap()).collect();
        assert!(requests.len() == 1 && requests[0].starts_with("file:///"), "{requests:?}");
        assert!(seen["wider"].as_i64().unwrap() <= 0, "the page is as wide as the window: {}", seen["wider"]);
        let edges: Vec<f64> =
            seen["heads"].as_array().unwrap().iter().flat_map(|head| head.as_array().unwrap()).map(|x| x.as_f64().unwrap()).collect();
        assert!(edges.len() >= 14 && edges.is_sorted(), "no number of a column is over another: {edges:?}");
    }
    let [failed, checked, phone] = &seen[..] else { panic!("{seen:?}") };

    let file = |name: &str| fs::read_to_string(shop.path().join("target/batchwright").join(name)).unwrap();
    assert_eq!(failed["title"], "2024-09-02");
    assert_eq!(failed["sql"], json!(file("int__sessions_aggregated/2024-09-02.sql")));
    let window = |column: &str| format!("{column} >= timestamp '2024-09-02 00:00:00' and {column} < timestamp '2024-09-03 00:00:00'");
    let input = format!("(select * from \"analytics\".\"stg_events\" where {})", window("occurred_at"));
    let own = window("session_start");
    assert_eq!(failed["marks"], json!([["filter", input], ["window", own], ["window", own]]));
    assert_eq!((&failed["facts"]["State"], &failed["words"]), (&json!("failed"), &json!("exit code 3\nno room <b>left</b>")));

    assert_eq!(checked["facts"]["State"], "done, and audited since");
    assert_eq!(checked["sql"], json!(file("hourly_events/2024-09-03T05.sql")));
    assert_eq!((&phone["title"], &phone["facts"]["State"]), (&json!("2024-09-01"), &json!("done")));
}

/// The README's picture: `cargo bless` takes it, and a change of the page's template asks for a new one.
#[test]
fn picture_shows_the_page_as_it_is() {
    let (picture, record) = ("snapshots/pictures/page.png", "snapshots/pictures/page.source");
    let mut parts: Vec<_> = walkdir::WalkDir::new("src/page").into_iter().flatten().map(walkdir::DirEntry::into_path).collect();
    parts.retain(|path| path.extension().is_some_and(|extension| ["html", "css", "js"].contains(&extension.to_str().unwrap())));
    parts.sort();
    assert!(!parts.is_empty(), "src/page has the page's template");
    let hash = |path: &PathBuf| format!("{:016x} {}\n", xxhash_rust::xxh3::xxh3_64(&fs::read(path).unwrap()), path.display());
    let source: String = parts.iter().map(hash).collect();
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        let shop = shop();
        look(&json!([{"page": page(shop.path()), "model": SESSIONS, "batch": "2024-09-02", "clicks": 1, "shot": picture}]));
        fs::write(record, &source).unwrap();
    }
    assert_eq!(fs::read_to_string(record).unwrap(), source, "the page has changed since {picture} was taken: run `cargo bless`");
    assert!(fs::read(picture).unwrap().starts_with(b"\x89PNG"), "{picture} is a picture");
}

#[test]
fn fifty_thousand_batches_are_as_quick_to_click_as_few() {
    let shop = shop();
    let small = page(shop.path());
    let large = shop.path().join("large.html");
    let manifest = long(shop.path());
    let text = fs::read_to_string(shop.path().join("target/batchwright/hourly_events/2024-09-03T05.sql")).unwrap();
    let sql = |step: &StepEntry| {
        let at = |time: &Option<String>| time.as_deref().unwrap_or_default().trim_end_matches('Z').replace('T', " ");
        text.replace("2024-09-03 05:00:00", &at(&step.event_time_start)).replace("2024-09-03 06:00:00", &at(&step.event_time_end))
    };
    let written = batchwright::page::page(&manifest, &[], "2024-09-14T00:00:00Z".parse().unwrap(), &mut |step| Some(sql(step)));
    assert!(written.len() < 10_000_000, "{} bytes can be sent as a mail", written.len());
    fs::write(&large, written).unwrap();
    let visit = |page: &str, batch: &str| json!({"page": page, "model": HOURLY, "batch": batch, "clicks": 3});
    let seen = look(&json!([visit(&small, "2024-09-01T05"), visit(large.to_str().unwrap(), "2019-01-02T05")]));
    let [few, many] = &seen[..] else { panic!("{seen:?}") };
    assert!(many["batches"].as_u64().unwrap() >= 50_000, "{}", many["batches"]);
    assert!(many["cells"].as_u64().unwrap() < 1_000, "only what is in sight is in the document: {}", many["cells"]);
    assert_eq!(many["title"], "2019-01-02T05");
    assert!(many["sql"].as_str().unwrap().contains("occurred_at >= timestamp '2019-01-02 05:00:00'"), "{}", many["sql"]);
    assert_eq!(many["console"], json!([]));
    let times = |key: &str| many[key].as_f64().unwrap() / few[key].as_f64().unwrap();
    assert!(times("click") < CLICK && times("load") < LOAD, "a click takes {} times as long, loading {}", times("click"), times("load"));
}

/// The fixture `sessions` with its plan of three days, run with audits by a client that fails at one batch.
fn shop() -> TempDir {
    let place = tempfile::tempdir().unwrap();
    for entry in walkdir::WalkDir::new("fixtures/sessions").into_iter().flatten().filter(|entry| entry.file_type().is_file()) {
        let to = place.path().join(entry.path().strip_prefix("fixtures/sessions").unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(entry.path(), to).unwrap();
    }
    let days = ["--event-time-start", "2024-09-01", "--event-time-end", "2024-09-04"];
    let plan = [&["compile", "--dialect", "duckdb", "--schema", "analytics"], &days[..]].concat();
    assert_eq!(batchwright(place.path(), &plan), 0);
    let client = "case \"$(cat $0)\" in *batchwright_probe*) exit 1;; esac; case $0 in *int__sessions_aggregated/2024-09-02.sql) echo 'no room <b>left</b>' >&2; exit 3;; esac";
    assert_eq!(batchwright(place.path(), &["run", "--quiet", "--audit", "--", "sh", "-c", client, "{file}"]), 1);
    place
}

/// The path of the shop's page.
fn page(shop: &Path) -> String {
    assert_eq!(batchwright(shop, &["page", "--now", "2024-09-10", "--out", "page.html"]), 0);
    shop.join("page.html").to_string_lossy().into_owned()
}

/// The shop's manifest with fifty thousand batches of one model.
fn long(shop: &Path) -> Manifest {
    let mut manifest = read(&fs::read(shop.join("target/batchwright/manifest.json")).unwrap(), "manifest.json").unwrap();
    let mut batch = manifest.steps.iter().find(|step| step.model == HOURLY && step.event_time_start.is_some()).unwrap().clone();
    manifest.steps.retain(|step| step.model != HOURLY || step.event_time_start.is_none());
    let first: DateTime<Utc> = "2019-01-01T00:00:00Z".parse().unwrap();
    for hour in 0..50_000 {
        let (start, end) = (first + TimeDelta::hours(hour), first + TimeDelta::hours(hour + 1));
        let label = start.format("%Y-%m-%dT%H");
        batch.id = format!("{HOURLY}@{label}");
        batch.file = format!("hourly_events/{label}.sql");
        batch.event_time_start = Some(instant(start));
        batch.event_time_end = Some(instant(end));
        manifest.steps.push(batch.clone());
    }
    for model in manifest.models.iter_mut().filter(|model| model.unique_id == HOURLY) {
        model.microbatch.as_mut().unwrap().begin = instant(first);
    }
    manifest
}

fn batchwright(folder: &Path, arguments: &[&str]) -> i32 {
    let done = Command::new(env!("CARGO_BIN_EXE_batchwright")).args(arguments).current_dir(folder).output().unwrap();
    done.status.code().unwrap()
}

/// What is seen at each visit.
fn look(visits: &Value) -> Vec<Value> {
    let mut python = Command::new("python3")
        .arg("tests/look_at_page.py")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("`tests/run` wants Python");
    python.stdin.take().unwrap().write_all(visits.to_string().as_bytes()).unwrap();
    let done = python.wait_with_output().unwrap();
    assert!(done.status.success(), "`tests/run` installs chromium and chromium-driver");
    serde_json::from_slice(&done.stdout).unwrap()
}
