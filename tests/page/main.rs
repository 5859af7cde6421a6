//! A plan's page in headless Chromium. `look_at_page.py` drives the browser with WebDriver;
//! `tests/run` installs both.

#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

mod ledger;
mod speed;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

const SESSIONS: &str = "model.shop.int__sessions_aggregated";
const HOURLY: &str = "model.shop.hourly_events";

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

    assert_eq!(audited["facts"]["State"], "audited");
    assert_eq!(audited["sql"], json!(file("hourly_events/2024-09-03T05.sql")));
    assert_eq!((&phone["title"], &phone["facts"]["State"]), (&json!("2024-09-01"), &json!("done")));
}

#[test]
fn a_batch_is_staged_until_it_is_published() {
    let shop = shop();
    let staged = "compile --dialect duckdb --schema analytics -s int__sessions_aggregated --staged \
        --event-time-start 2024-09-01 --event-time-end 2024-09-04";
    assert_eq!(batchwright(shop.path(), &staged.split(' ').collect::<Vec<_>>()), 0);
    let client = "case \"$(cat $0)\" in *batchwright_probe*) exit 1;; esac";
    let run = |command| {
        let arguments = [command, "--quiet", "--", "sh", "-c", client, "{file}"];
        assert_eq!(batchwright(shop.path(), &arguments), 0);
        let visit = json!({"page": page(shop.path()), "model": SESSIONS, "batch": "2024-09-02", "clicks": 1});
        look(&json!([visit])).remove(0)
    };
    let view = run("run");
    assert_eq!(view["facts"]["State"], "staged, not published yet");
    assert_eq!(run("publish")["facts"]["State"], "done");
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
fn states_filters_ranges_and_addresses() {
    let shop = shop();
    let page = page(shop.path());
    let text = |selector: &str| {
        json!(["value", format!("document.querySelector({selector:?})?.textContent ?? null")])
    };
    let hash = json!(["value", "decodeURIComponent(location.hash)"]);
    let failed = "document.querySelectorAll('#models tbody tr:not([hidden])').length";
    let visit = |hash: &str, actions: Value| json!({"page": page, "clicks": 0, "hash": hash, "model": "", "batch": "", "do": actions});
    let cell = |day: &str| format!(".cell[aria-label^='{day},']");
    let views = look(&json!([
        // A filter by state leaves the models that have it; Escape clears it.
        visit(
            "",
            json!([
                ["click", "#states [data-state=blocked]"],
                ["value", failed],
                text("#matches"),
                hash,
                ["key", "Escape"],
                ["value", failed],
            ])
        ),
        // A search without a result says so, and offers the way back.
        visit(
            "",
            json!([
                ["key", "/"],
                ["type", "nothing like this"],
                ["value", failed],
                text("#no-match"),
                ["click", "#no-match button"],
                ["value", failed],
            ])
        ),
        // A drag and Shift+click choose a range of batches and print its command.
        visit(
            &format!("#{SESSIONS}"),
            json!([
                ["drag", cell("2024-09-01"), cell("2024-09-03")],
                text("#batch h3"),
                text("#batch .command"),
                hash,
                ["click", cell("2024-09-04")],
                text("#batch .command"),
                ["shift-click", cell("2024-09-06")],
                text("#batch .command"),
            ])
        ),
        // Each state has an address: a blocked step, a batch that is in no plan, a range, a filter.
        visit("#model.shop.daily_report@2024-09-02", json!([])),
        visit(&format!("#{SESSIONS}@2024-09-05"), json!([text("#batch .command:last-of-type")])),
        visit(
            &format!("#{SESSIONS}@2024-09-01..2024-09-02&state=failed"),
            json!([
                text("#batch h3"),
                ["value", "document.querySelector('#states [aria-pressed=true]').dataset.state"],
            ])
        ),
        // The order of the models.
        visit(
            "",
            json!([
                ["click", "th[data-sort=state] button"],
                ["value", "document.querySelector('#models tbody tr a').textContent"],
                ["value", "document.querySelector('th[aria-sort]').getAttribute('aria-sort')"],
            ])
        ),
        // The difference to the batch before has the lines of the window only.
        visit(
            &format!("#{SESSIONS}@2024-09-02"),
            json!([
                ["click", "#batch .key button"],
                [
                    "value",
                    "[...document.querySelectorAll('#batch .difference ins')].every((line) => line.textContent.includes('2024-09-02') || line.textContent.includes('2024_09_02'))"
                ],
                ["value", "document.querySelectorAll('#batch .difference ins').length > 3"],
            ])
        ),
        // The keyboard alone: the next failed batch, a range, the next model.
        visit(
            &format!("#{SESSIONS}@2024-09-01"),
            json!([
                ["value", "document.querySelector('.cell[tabindex=\"0\"]').focus()"],
                ["key", "n"],
                text("#batch h3"),
                ["key", "Shift-ArrowRight"],
                text("#batch h3"),
                ["key", "j"],
                text("#model-title"),
            ])
        ),
    ]));
    for view in &views {
        assert_eq!(view["console"], json!([]));
    }
    let values: Vec<&Vec<Value>> =
        views.iter().map(|view| view["values"].as_array().unwrap()).collect();
    assert_eq!(values[0][1], "4 of 6");
    assert_eq!([&values[0][0], &values[0][3]], [4, 6]);
    assert!(values[0][2].as_str().unwrap().ends_with("&state=blocked"), "{}", values[0][2]);
    assert_eq!([&values[1][0], &values[1][2]], [0, 6]);
    assert_eq!(values[1][1], "No model matches “nothing like this”. Show all models");
    let command = |start: &str, end: &str| {
        format!(
            "batchwright compile --select int__sessions_aggregated --event-time-start {start} \
             --event-time-end {end}"
        )
    };
    assert_eq!(
        *values[2],
        [
            json!("2024-09-01 … 2024-09-03: 3 batches"),
            json!(command("2024-09-01", "2024-09-04")),
            json!(format!("#{SESSIONS}@2024-09-01..2024-09-03")),
            json!(command("2024-09-04", "2024-09-05")),
            json!(command("2024-09-04", "2024-09-07")),
        ]
    );
    assert_eq!(views[3]["facts"]["State"], "blocked");
    assert_eq!(views[3]["facts"]["Blocked by"], "int__sessions_aggregated@2024-09-02");
    assert_eq!(views[4]["facts"]["State"], "not in this plan, and not finished by any run");
    assert_eq!(values[4][0], command("2024-09-04", "2024-09-11"), "a gap is one range");
    assert_eq!(values[5], &vec![json!("2024-09-01 … 2024-09-02: 2 batches"), json!("failed")]);
    assert_eq!(values[6], &vec![json!("int__sessions_aggregated"), json!("ascending")]);
    assert_eq!(values[7], &vec![json!(true), json!(true)]);
    let keyboard = ["2024-09-02", "2024-09-02 … 2024-09-03: 2 batches", "daily_report"];
    assert_eq!(values[8][1..], keyboard.map(|value| json!(value)));
}

#[test]
fn a_view_is_restored_from_its_address() {
    let shop = shop();
    let page = page(shop.path());
    let visit = |hash: &str, actions: Value| json!({"page": page, "clicks": 0, "hash": hash, "model": "", "batch": "", "do": actions});
    let view = [
        json!(["value", "decodeURIComponent(location.hash)"]),
        json!(["value", "document.querySelector('#search').value"]),
        json!([
            "value",
            "document.querySelector('th[aria-sort]').textContent + document.querySelector('th[aria-sort]').ariaSort"
        ]),
        json!(["value", "document.querySelector('#states [aria-pressed=true]').dataset.state"]),
        json!(["value", "document.querySelector('#batch h3').textContent"]),
        json!(["value", "document.querySelectorAll('#batch .difference').length"]),
        json!([
            "value",
            "[...document.querySelectorAll('#models tbody tr:not([hidden]) a')].map((link) => link.textContent)"
        ]),
    ];
    let clicks = json!([
        ["key", "/"],
        ["type", "s e"],
        ["click", "th[data-sort=batches] button"],
        ["click", "#states [data-state=done]"],
        ["click", ".cell[aria-label^='2024-09-03,']"],
        ["click", "#batch .key button"],
    ]);
    let clicks = [clicks.as_array().unwrap().as_slice(), &view].concat();
    let first = look(&json!([visit(&format!("#{SESSIONS}"), json!(clicks))])).remove(0);
    let expected = first["values"].as_array().unwrap();
    let hash = format!("#{SESSIONS}@2024-09-03&state=done&find=s e&sort=-batches&difference");
    assert_eq!(
        expected[..5],
        [&hash, "s e", "Plandescending", "done", "2024-09-03"].map(|v| json!(v))
    );
    assert_eq!(expected[5], 1);
    let again = look(&json!([visit(&hash.replace(' ', "%20"), json!(view))])).remove(0);
    assert_eq!(again["values"], first["values"]);
    assert_eq!(again["console"], json!([]));
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
        .arg("tests/page/look_at_page.py")
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
