//! The journal and its lock: incomplete lines, full disks, concurrent runs, Ctrl-C.

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use crate::batchwright::{
    batchwright, journal, journal_path, script_client, start, step_outcomes, wait_for_entry,
};
use crate::days::{Days, batch};

pub const CASES: &[(&str, fn())] = &[
    ("an_incomplete_last_line_is_ignored", an_incomplete_last_line_is_ignored),
    ("a_full_disk_stops_the_run", a_full_disk_stops_the_run),
    ("a_concurrent_run_is_refused", a_concurrent_run_is_refused),
    ("a_retry_waits_for_an_orphaned_client", a_retry_waits_for_an_orphaned_client),
    ("the_first_ctrl_c_finishes_the_running_step", the_first_ctrl_c_finishes_the_running_step),
    ("the_second_ctrl_c_kills_the_running_step", the_second_ctrl_c_kills_the_running_step),
    ("journal_entries_match_the_schema", journal_entries_match_the_schema),
    ("an_edited_file_is_not_run", an_edited_file_is_not_run),
    ("a_newer_journal_is_refused", a_newer_journal_is_refused),
    ("the_client_of_a_journal_is_not_started", the_client_of_a_journal_is_not_started),
];

fn an_incomplete_last_line_is_ignored() {
    let plan = Days::of(3);
    let folder = plan.write();
    assert_eq!(batchwright("run", &folder, &[], &script_client("exit 1")).code, 1);
    let path = journal_path(&folder);
    fs::OpenOptions::new()
        .append(true)
        .open(&path)
        .unwrap()
        .write_all(b"{\"event\":\"step\",\"run\":\"a")
        .unwrap();
    let again = batchwright("retry", &folder, &[], &script_client(""));
    assert_eq!(again.code, 0, "{}", again.err);
    assert_eq!(batchwright("status", &folder, &["--json"], &[]).code, 0);
    assert!(batchwright("retry", &folder, &[], &[]).err.contains("nothing left to run"));
}

fn a_full_disk_stops_the_run() {
    let plan = Days::of(3);
    let folder = plan.write();
    let path = journal_path(&folder);
    fs::create_dir(path.parent().unwrap()).unwrap();
    symlink("/dev/full", path).unwrap();
    let result = batchwright("run", &folder, &[], &script_client(""));
    assert_eq!(result.code, 1);
    assert!(
        result.err.contains("No space left on device")
            && result.err.contains("free some disk space"),
        "{}",
        result.err
    );
}

fn slow(seconds: &str) -> Vec<String> {
    script_client(&format!("sleep {seconds}"))
}

fn a_concurrent_run_is_refused() {
    let plan = Days::of(3);
    let folder = plan.write();
    let mut first = start("run", &folder, &[], &slow("0.5"));
    wait_for_entry(&folder, |entry| entry["event"] == "start");
    let second = batchwright("run", &folder, &[], &slow("0"));
    assert_eq!(second.code, 2);
    assert!(
        second
            .err
            .contains(&format!("another run of this plan is working: process {}", first.id())),
        "{}",
        second.err
    );
    assert!(first.wait().unwrap().success());
    assert_eq!(batchwright("run", &folder, &[], &slow("0")).code, 0);
}

fn a_retry_waits_for_an_orphaned_client() {
    let plan = Days::of(3);
    let folder = plan.write();
    let mut first = start("run", &folder, &[], &slow("5"));
    wait_for_entry(&folder, |entry| entry["event"] == "start");
    std::thread::sleep(Duration::from_secs(1));
    first.kill().unwrap();
    first.wait().unwrap();
    let start_time = Instant::now();
    let again = batchwright("retry", &folder, &[], &slow("0"));
    assert_eq!(again.code, 0, "{}", again.err);
    assert!(
        again.err.contains("has ended, but a client that it started is still working"),
        "{}",
        again.err
    );
    assert!(start_time.elapsed() > Duration::from_millis(500));
}

fn interrupt(run: &Child) {
    assert!(Command::new("kill").args(["-INT", &run.id().to_string()]).status().unwrap().success());
}

fn the_first_ctrl_c_finishes_the_running_step() {
    let plan = Days::of(5);
    let folder = plan.write();
    let mut run = start("run", &folder, &[], &slow("1"));
    wait_for_entry(&folder, |entry| entry["event"] == "start");
    interrupt(&run);
    assert_eq!(run.wait().unwrap().code(), Some(1));
    assert_eq!(
        step_outcomes(&folder),
        [("model.shop.daily@create".to_string(), "success".to_string())]
    );
    let last = journal(&folder).pop().unwrap();
    assert_eq!(
        (&last["event"], &last["done"], &last["open"]),
        (&"end".into(), &1.into(), &6.into())
    );
    assert_eq!(batchwright("retry", &folder, &[], &slow("0")).code, 0);
    assert_eq!(step_outcomes(&folder).len(), 7);
}

fn the_second_ctrl_c_kills_the_running_step() {
    let plan = Days::of(5);
    let folder = plan.write();
    let mut run = start("run", &folder, &[], &slow("60"));
    wait_for_entry(&folder, |entry| entry["event"] == "start");
    let start_time = Instant::now();
    std::thread::sleep(Duration::from_millis(300));
    interrupt(&run);
    std::thread::sleep(Duration::from_millis(300));
    interrupt(&run);
    assert_eq!(run.wait().unwrap().code(), Some(1));
    assert!(start_time.elapsed() < Duration::from_secs(20));
    let entry = journal(&folder).into_iter().find(|entry| entry["event"] == "step").unwrap();
    assert_eq!(
        (&entry["outcome"], &entry["reason"]),
        (&"failed".into(), &"killed by the second Ctrl-C".into())
    );
}

fn journal_entries_match_the_schema() {
    let plan = Days::of(2);
    let folder = plan.write();
    batchwright("run", &folder, &[], &slow("0"));
    let output = Command::new(env!("CARGO_BIN_EXE_batchwright"))
        .args(["schema", "journal"])
        .output()
        .unwrap();
    let schema: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let kinds = schema["oneOf"].as_array().unwrap();
    for entry in journal(&folder) {
        let kind = kinds
            .iter()
            .find(|kind| kind["properties"]["event"]["const"] == entry["event"])
            .unwrap();
        // Required keys are listed with the kind or in the definition that it references.
        let definition = kind["$ref"]
            .as_str()
            .and_then(|path| path.strip_prefix("#/$defs/"))
            .map(|name| &schema["$defs"][name]);
        let required = [Some(kind), definition]
            .into_iter()
            .flatten()
            .filter_map(|part| part["required"].as_array())
            .flatten();
        for key in required {
            assert!(!entry[key.as_str().unwrap()].is_null() || key == "client", "{key} in {entry}");
        }
    }
}

fn an_edited_file_is_not_run() {
    let plan = Days::of(2);
    let folder = plan.write();
    fs::write(folder.join("daily/2024-09-02.sql"), "delete from daily;").unwrap();
    let result = batchwright("run", &folder, &[], &slow("0"));
    assert_eq!(result.code, 1);
    assert!(result.err.contains("was changed after the plan was written"), "{}", result.err);
    assert!(step_outcomes(&folder).contains(&(batch(2), "failed".to_string())));
}

/// Entries of a later version are not treated as incomplete lines: nothing is run or reported from
/// such a journal.
fn a_newer_journal_is_refused() {
    let plan = Days::of(3);
    let folder = plan.write();
    assert_eq!(batchwright("run", &folder, &[], &script_client("exit 1")).code, 1);
    let path = journal_path(&folder);
    let mut lines = fs::read_to_string(&path).unwrap();
    lines.push_str("{\"event\":\"run\",\"schema_version\":99,\"run\":\"ab\",\"steps\":{\"of\":\"another shape\"}}\n");
    fs::write(&path, &lines).unwrap();
    for (command, arguments, client) in [
        ("run", &[][..], script_client("")),
        ("retry", &[], script_client("")),
        ("status", &["--json"], Vec::new()),
    ] {
        let said = batchwright(command, &folder, arguments, &client);
        assert_eq!(said.code, 2, "{command}: {}", said.err);
        assert!(
            said.err.contains("has version 99, but this batchwright reads"),
            "{command}: {}",
            said.err
        );
        assert!(said.err.contains("move the journal away"), "{command}: {}", said.err);
        assert_eq!(fs::read_to_string(&path).unwrap(), lines, "{command} writes nothing");
    }
    fs::rename(&path, folder.with_extension("journal.old")).unwrap();
    assert_eq!(batchwright("run", &folder, &[], &script_client("")).code, 0);
}

/// A journal that is part of a repository: the user has never run its command here.
fn the_client_of_a_journal_is_not_started() {
    let plan = Days::of(3);
    let folder = plan.write();
    let made = plan.folder.path().join("made");
    assert_eq!(batchwright("run", &folder, &[], &script_client("exit 1")).code, 1);
    let path = journal_path(&folder);
    let mut run = journal(&folder)[0].clone();
    run["client"] =
        serde_json::json!(["sh", "-c", format!("touch '{}'", made.display()), "{file}"]);
    fs::write(&path, format!("{run}\n")).unwrap();
    for (command, arguments) in [("retry", &[][..]), ("run", &["--continue"])] {
        let said = batchwright(command, &folder, arguments, &[]);
        assert_eq!((said.code, made.exists()), (2, false), "{command}: {}", said.err);
        assert!(
            said.err.contains("was never run for this plan on this machine"),
            "{command}: {}",
            said.err
        );
        assert!(
            said.err.contains("touch") && said.err.contains("-- CLIENT"),
            "{command}: {}",
            said.err
        );
    }
    // A client that the user names is recorded for this plan.
    assert_eq!(batchwright("retry", &folder, &[], &script_client("exit 1")).code, 1);
    assert_eq!(batchwright("retry", &folder, &[], &[]).code, 1);
    assert!(!made.exists());
}
