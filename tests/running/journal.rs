//! The journal and its lock: torn lines, full disks, two runs at once, Ctrl-C.

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use crate::batchwright::{batchwright, ended, honest, journal, run_until, start};
use crate::days::{Days, batch};

pub const CASES: &[(&str, fn())] = &[
    ("a_torn_line_is_forgiven", a_torn_line_is_forgiven),
    ("a_full_disk_stops_the_run", a_full_disk_stops_the_run),
    ("a_second_run_is_refused_by_the_first_ones_id", a_second_run_is_refused_by_the_first_ones_id),
    ("after_a_kill_an_orphaned_client_is_waited_for", after_a_kill_an_orphaned_client_is_waited_for),
    ("ctrl_c_once_lets_the_step_end", ctrl_c_once_lets_the_step_end),
    ("ctrl_c_twice_ends_the_step", ctrl_c_twice_ends_the_step),
    ("every_line_is_what_the_schema_says", every_line_is_what_the_schema_says),
    ("a_file_that_was_changed_by_hand_is_not_run", a_file_that_was_changed_by_hand_is_not_run),
];

fn a_torn_line_is_forgiven() {
    let plan = Days::of(3);
    let folder = plan.write();
    assert_eq!(batchwright("run", &folder, &[], &honest("exit 1")).code, 1);
    let path = folder.with_extension("journal.jsonl");
    fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"event\":\"step\",\"run\":\"a").unwrap();
    let again = batchwright("retry", &folder, &[], &honest(""));
    assert_eq!(again.code, 0, "{}", again.err);
    assert_eq!(batchwright("status", &folder, &["--json"], &[]).code, 0);
    assert!(batchwright("retry", &folder, &[], &[]).err.contains("nothing left to run"));
}

fn a_full_disk_stops_the_run() {
    let plan = Days::of(3);
    let folder = plan.write();
    symlink("/dev/full", folder.with_extension("journal.jsonl")).unwrap();
    let said = batchwright("run", &folder, &[], &honest(""));
    assert_eq!(said.code, 1);
    assert!(said.err.contains("No space left on device") && said.err.contains("make room"), "{}", said.err);
}

fn slow(seconds: &str) -> Vec<String> {
    honest(&format!("sleep {seconds}"))
}

fn a_second_run_is_refused_by_the_first_ones_id() {
    let plan = Days::of(3);
    let folder = plan.write();
    let mut first = start("run", &folder, &[], &slow("0.5"));
    run_until(&folder, |entry| entry["event"] == "start");
    let second = batchwright("run", &folder, &[], &slow("0"));
    assert_eq!(second.code, 2);
    assert!(second.err.contains(&format!("another run is at work on this plan: process {}", first.id())), "{}", second.err);
    assert!(first.wait().unwrap().success());
    assert_eq!(batchwright("run", &folder, &[], &slow("0")).code, 0);
}

fn after_a_kill_an_orphaned_client_is_waited_for() {
    let plan = Days::of(3);
    let folder = plan.write();
    let mut first = start("run", &folder, &[], &slow("5"));
    run_until(&folder, |entry| entry["event"] == "start");
    std::thread::sleep(Duration::from_secs(1));
    first.kill().unwrap();
    first.wait().unwrap();
    let begun = Instant::now();
    let again = batchwright("retry", &folder, &[], &slow("0"));
    assert_eq!(again.code, 0, "{}", again.err);
    assert!(again.err.contains("is gone, but a client that it started is still at work"), "{}", again.err);
    assert!(begun.elapsed() > Duration::from_millis(500));
}

fn interrupt(run: &Child) {
    assert!(Command::new("kill").args(["-INT", &run.id().to_string()]).status().unwrap().success());
}

fn ctrl_c_once_lets_the_step_end() {
    let plan = Days::of(5);
    let folder = plan.write();
    let mut run = start("run", &folder, &[], &slow("1"));
    run_until(&folder, |entry| entry["event"] == "start");
    interrupt(&run);
    assert_eq!(run.wait().unwrap().code(), Some(1));
    assert_eq!(ended(&folder), [("model.shop.daily@create".to_string(), "success".to_string())]);
    let last = journal(&folder).pop().unwrap();
    assert_eq!((&last["event"], &last["done"], &last["open"]), (&"end".into(), &1.into(), &6.into()));
    assert_eq!(batchwright("retry", &folder, &[], &slow("0")).code, 0);
    assert_eq!(ended(&folder).len(), 7);
}

fn ctrl_c_twice_ends_the_step() {
    let plan = Days::of(5);
    let folder = plan.write();
    let mut run = start("run", &folder, &[], &slow("60"));
    run_until(&folder, |entry| entry["event"] == "start");
    let begun = Instant::now();
    std::thread::sleep(Duration::from_millis(300));
    interrupt(&run);
    std::thread::sleep(Duration::from_millis(300));
    interrupt(&run);
    assert_eq!(run.wait().unwrap().code(), Some(1));
    assert!(begun.elapsed() < Duration::from_secs(20));
    let entry = journal(&folder).into_iter().find(|entry| entry["event"] == "step").unwrap();
    assert_eq!((&entry["outcome"], &entry["reason"]), (&"failed".into(), &"ended by the second Ctrl-C".into()));
}

fn every_line_is_what_the_schema_says() {
    let plan = Days::of(2);
    let folder = plan.write();
    batchwright("run", &folder, &[], &slow("0"));
    let output = Command::new(env!("CARGO_BIN_EXE_batchwright")).args(["schema", "journal"]).output().unwrap();
    let schema: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let kinds = schema["oneOf"].as_array().unwrap();
    for entry in journal(&folder) {
        let kind = kinds.iter().find(|kind| kind["properties"]["event"]["const"] == entry["event"]).unwrap();
        // What is required may stand beside the kind, or in the definition that it names.
        let named = kind["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/")).map(|name| &schema["$defs"][name]);
        let required = [Some(kind), named].into_iter().flatten().filter_map(|part| part["required"].as_array()).flatten();
        for key in required {
            assert!(!entry[key.as_str().unwrap()].is_null() || key == "client", "{key} in {entry}");
        }
    }
}

fn a_file_that_was_changed_by_hand_is_not_run() {
    let plan = Days::of(2);
    let folder = plan.write();
    fs::write(folder.join("daily/2024-09-02.sql"), "delete from daily;").unwrap();
    let said = batchwright("run", &folder, &[], &slow("0"));
    assert_eq!(said.code, 1);
    assert!(said.err.contains("is not the file that the manifest was written with"), "{}", said.err);
    assert!(ended(&folder).contains(&(batch(2), "failed".to_string())));
}
