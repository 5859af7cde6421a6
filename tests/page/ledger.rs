//! The ledger and the shards of a plan that another machine runs, the names of controls, and the
//! printed page.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{batchwright, look};

#[test]
fn the_ledger_and_the_shards_of_other_machines_are_shown() {
    let tour = tour();
    let two = tour.path().join("two");
    let read = ["page", "--ledger-file", "done.csv", "--now", "2024-09-06", "--out", "page.html"];
    assert_eq!(batchwright(&two, &read), 0);
    assert_eq!(batchwright(&two, &["page", "--now", "2024-09-06", "--out", "unread.html"]), 0);
    let visit = |page: &str, hash: &str, actions: Value| {
        let page = two.join(page).to_string_lossy().into_owned();
        json!({"page": page, "clicks": 0, "hash": hash, "model": "", "batch": "", "do": actions})
    };
    let text = |selector: &str| {
        json!(["value", format!("document.querySelector({selector:?}).textContent")])
    };
    let ledger = json!([
        "value",
        "[...document.querySelectorAll('.plan dt')].find((name) => name.textContent === 'Ledger').nextSibling.textContent"
    ]);
    let models =
        json!(["value", "document.querySelectorAll('#models tbody tr:not([hidden])').length"]);
    let matches = json!([
        "value",
        "[...document.querySelectorAll('.cell.matches')].map((cell) => cell.ariaLabel)"
    ]);
    let daily = "#model.shop.daily_sales";
    let views = look(&json!([
        visit("page.html", &format!("{daily}@2024-09-01"), json!([ledger])),
        visit(
            "page.html",
            &format!("{daily}@2024-09-02"),
            json!([
                text("#shards tbody tr:nth-child(2) .badges"),
                text("#shards tbody tr:last-child td:last-child")
            ])
        ),
        visit(
            "page.html",
            "#&shard=3",
            json!([
                models,
                text("#shard-shown"),
                matches,
                ["value", "location.hash"],
                ["key", "Escape"],
                models,
                ["value", "location.hash"]
            ])
        ),
        visit(
            "page.html",
            "",
            json!([
                ["click", "#shards tbody tr:nth-child(4) a"],
                text("#models tbody tr:not([hidden]) a"),
                text("#model-title"),
                ["value", "location.hash"]
            ])
        ),
        visit("unread.html", &format!("{daily}@2024-09-01"), json!([ledger])),
    ]));
    for view in &views {
        assert_eq!(view["console"], json!([]));
    }
    let facts = |index: usize, name: &str| views[index]["facts"][name].as_str().unwrap_or_default();
    assert_eq!([facts(0, "State"), facts(0, "Shard"), facts(0, "Ran")], ["done", "2/4", ""]);
    assert!(facts(0, "Ledger").starts_with("written 2"), "{}", views[0]);
    let summary = views[0]["values"][0].as_str().unwrap();
    assert!(summary.contains("ledger\": 1 step of this plan, the last one 2"), "{summary}");
    assert_eq!([facts(1, "State"), facts(1, "Ledger")], ["planned, not run yet", "no row"]);
    assert_eq!(views[1]["values"][0].as_str().unwrap().trim(), "1 done");
    assert_eq!(views[1]["values"][1], "1, 2, 3");
    assert_eq!(
        views[2]["values"],
        json!([
            1,
            "Only shard 3 is shown. Show all shards",
            ["2024-09-02, planned, not run yet", "2024-09-03, planned, not run yet"],
            format!("{daily}%402024-09-02&shard=3"),
            3,
            format!("{daily}%402024-09-02"),
        ])
    );
    assert_eq!(
        views[3]["values"],
        json!(["best_sellers", "best_sellers", "#model.shop.best_sellers%40build&shard=4"])
    );
    assert_eq!([facts(4, "State"), facts(4, "Ledger")], ["planned, not run yet", ""]);
    assert!(views[4]["values"][0].as_str().unwrap().contains("not read"));
}

#[test]
fn controls_have_names_and_the_print_is_complete() {
    let tour = tour();
    let two = tour.path().join("two");
    let read = ["page", "--ledger-file", "done.csv", "--now", "2024-09-06", "--out", "page.html"];
    assert_eq!(batchwright(&two, &read), 0);
    let page = two.join("page.html").to_string_lossy().into_owned();
    let visit = |more: Value| {
        let mut visit = json!({"page": page, "clicks": 0, "hash": "#model.shop.daily_sales@2024-09-02", "model": "", "batch": ""});
        visit.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        visit
    };
    let shown = |selector: &str| {
        json!([
            "value",
            format!(
                "[...document.querySelectorAll({selector:?})].filter((e) => e.checkVisibility()).length"
            )
        ])
    };
    let cut = "[...document.querySelectorAll('#list, #list *, #batch, #batch *')].filter((e) => /auto|scroll|hidden/.test(getComputedStyle(e).overflowY) && e.scrollHeight > e.clientHeight + 1 && !e.closest('.unseen, #columns')).map((e) => e.id || e.className)";
    let views = look(&json!([
        visit(json!({"controls": true})),
        visit(json!({"controls": true, "width": 420})),
        visit(
            json!({"media": "print", "width": 720, "do": [shown("article"), shown("#theme, #search, #batch button"), shown("#models thead"), ["value", cut]]})
        ),
    ]));
    for view in &views[..2] {
        let controls = view["controls"].as_array().unwrap();
        let of_role = |role: &str| controls.iter().filter(|control| control[0] == role).count();
        assert!(of_role("button") > 8 && of_role("link") > 8 && of_role("gridcell") > 30, "{view}");
        assert!(of_role("image") >= 1, "the timelines");
        for control in controls {
            let [role, name] = [&control[0], &control[1]].map(|text| text.as_str().unwrap());
            let has_letters = name.chars().any(char::is_alphanumeric);
            assert!(has_letters || ["status", "scroller"].contains(&role), "{control}");
            assert!(!name.contains(['↕', '▲', '▼']), "{control}");
        }
        let pane =
            controls.iter().find(|control| control[0] == "scroller" && control[1] == "batch");
        assert!(pane.is_none_or(|pane| pane[2] == 0), "the keyboard scrolls the pane");
    }
    assert_eq!(views[2]["values"], json!([3, 0, 1, []]), "articles, controls, heads, cut parts");
}

/// The folder of the tour, of which one machine has run two of four shards with DuckDB. The project
/// in `two` has the plan and the rows of the ledger, and no journal.
fn tour() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let duckdb = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/engines/duckdb");
    assert!(duckdb.exists(), "`tests/run` installs DuckDB");
    let duckdb = duckdb.to_str().unwrap();
    let compile = ["compile", "--event-time-start", "2024-09-01", "--event-time-end", "2024-09-04"];
    let compile = [&compile[..], &["--ledger", "main.ledger", "--shards", "4"]].concat();
    let [one, two] = ["one", "two"].map(|name| folder.path().join(name));
    for machine in [&one, &two] {
        let copied =
            Command::new("cp").arg("-r").arg("fixtures/projects/tour").arg(machine).status();
        assert!(copied.unwrap().success());
        assert_eq!(batchwright(machine, &compile), 0);
    }
    let raw = fs::File::open(one.join("raw.sql")).unwrap();
    let loaded =
        Command::new(duckdb).arg("target/shop.duckdb").current_dir(&one).stdin(raw).status();
    assert!(loaded.unwrap().success());
    for shard in ["1/4", "2/4"] {
        let run = ["run", "--quiet", "--shard", shard, "--", duckdb, "-bail", "target/shop.duckdb"];
        assert_eq!(batchwright(&one, &run), 0);
    }
    let ledger = Command::new(env!("CARGO_BIN_EXE_batchwright"))
        .args(["ledger", "--run", "--", duckdb, "-bail", "target/shop.duckdb"])
        .current_dir(&one)
        .output()
        .unwrap();
    fs::write(two.join("done.csv"), ledger.stdout).unwrap();
    folder
}
