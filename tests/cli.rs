//! The command line as a whole: what it promises of files, streams and exit codes, and its help.

#![allow(clippy::unwrap_used, reason = "what fails here fails its test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::thread;

use tempfile::TempDir;

const DAYS: [&str; 8] =
    ["--dialect", "duckdb", "--event-time-start", "2024-09-01", "--event-time-end", "2024-09-04", "--now", "2024-09-10"];

#[test]
fn the_same_request_gives_the_same_bytes_anywhere() {
    let (one, other) = (shop(), shop());
    compile(one.path(), &DAYS);
    compile(other.path(), &DAYS);
    let plan = plan(one.path());
    assert!(plan.len() > 10, "{:?}", plan.keys());
    assert_eq!(plan, self::plan(other.path()));
}

#[test]
fn an_unchanged_plan_is_left_alone() {
    let shop = shop();
    compile(shop.path(), &DAYS);
    let file = shop.path().join("target/batchwright/int__sessions_aggregated/2024-09-01.sql");
    let written = fs::metadata(&file).unwrap().modified().unwrap();
    let said = compile(shop.path(), &DAYS);
    assert!(said.contains("all unchanged"), "{said}");
    assert_eq!(fs::metadata(&file).unwrap().modified().unwrap(), written);
}

#[test]
fn a_changed_plan_keeps_what_is_the_same_and_drops_what_is_gone() {
    let shop = shop();
    compile(shop.path(), &DAYS);
    let file = |day: &str| shop.path().join(format!("target/batchwright/int__sessions_aggregated/{day}.sql"));
    let written = fs::metadata(file("2024-09-02")).unwrap().modified().unwrap();
    let fewer = DAYS.map(|argument| if argument == "2024-09-01" { "2024-09-02" } else { argument });
    compile(shop.path(), &fewer);
    assert!(!file("2024-09-01").exists());
    assert_eq!(fs::metadata(file("2024-09-02")).unwrap().modified().unwrap(), written);
}

#[test]
fn compiles_at_once_leave_the_plan_of_one_of_them() {
    let (shop, alone) = (shop(), self::shop());
    let until = |end| DAYS.map(|argument| if argument == "2024-09-04" { end } else { argument });
    let requests = ["2024-09-03", "2024-09-04", "2024-09-05"].map(until);
    let plans = requests.map(|request| {
        compile(alone.path(), &request);
        plan(alone.path())
    });
    for _ in 0..8 {
        thread::scope(|scope| requests.iter().for_each(|request| _ = scope.spawn(|| compile(shop.path(), request))));
        assert!(plans.contains(&plan(shop.path())));
    }
}

#[test]
fn a_check_tells_what_differs_and_writes_nothing() {
    let shop = shop();
    compile(shop.path(), &DAYS);
    let check = |arguments: &[&str]| {
        let done = batchwright(shop.path(), &[&["compile", "--check"], arguments].concat());
        (done.status.code(), String::from_utf8(done.stdout).unwrap())
    };
    assert_eq!(check(&DAYS), (Some(0), String::new()));
    let before = plan(shop.path());
    let fewer = DAYS.map(|argument| if argument == "2024-09-01" { "2024-09-02" } else { argument });
    let (code, said) = check(&fewer);
    assert_eq!(code, Some(1));
    assert!(said.contains("removed  int__sessions_aggregated/2024-09-01.sql\n"), "{said}");
    assert!(said.contains("changed  audit/int__sessions_aggregated.sql\n"), "{said}");
    assert!(!said.contains("int__sessions_aggregated/2024-09-02.sql"), "{said}");
    assert_eq!(plan(shop.path()), before);
}

#[test]
fn a_plan_with_a_file_of_somebody_else_is_not_replaced() {
    let shop = shop();
    compile(shop.path(), &DAYS);
    let note = shop.path().join("target/batchwright/int__sessions_aggregated/note.txt");
    fs::write(&note, "ask Ann before running this").unwrap();
    let before = plan(shop.path());
    let done = batchwright(shop.path(), &["compile", "--dialect", "postgres", "--now", "2024-09-10"]);
    assert_eq!(done.status.code(), Some(2));
    assert!(stderr(&done).contains("`int__sessions_aggregated/note.txt` is not part of its plan"), "{}", stderr(&done));
    assert_eq!(plan(shop.path()), before);
}

#[test]
fn a_broken_project_leaves_the_old_plan() {
    let shop = shop();
    compile(shop.path(), &DAYS);
    let before = plan(shop.path());
    fs::write(shop.path().join("models/broken.sql"), "select {{ nothing.at_all }} as n").unwrap();
    let done = batchwright(shop.path(), &[&["compile"], &DAYS[..]].concat());
    assert_eq!(done.status.code(), Some(2), "{}", stderr(&done));
    assert_eq!(plan(shop.path()), before);
    let left: Vec<_> = fs::read_dir(shop.path().join("target")).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left, ["batchwright"]);
}

#[test]
fn stdout_is_the_files_in_order() {
    let shop = shop();
    compile(shop.path(), &DAYS);
    let manifest: serde_json::Value = serde_json::from_slice(&plan(shop.path())["manifest.json"]).unwrap();
    let files = manifest["steps"].as_array().unwrap().iter().map(|step| step["file"].as_str().unwrap().to_string());
    let texts = plan(shop.path());
    let expected: String = files.map(|file| format!("{}\n", String::from_utf8_lossy(&texts[&file]))).collect();
    let done = batchwright(shop.path(), &[&["compile", "--stdout"], &DAYS[..]].concat());
    assert_eq!(String::from_utf8_lossy(&done.stdout), expected);
}

#[test]
fn steps_come_after_what_they_depend_on_and_say_what_the_files_hold() {
    let shop = shop();
    compile(shop.path(), &DAYS);
    let files = plan(shop.path());
    let manifest: serde_json::Value = serde_json::from_slice(&files["manifest.json"]).unwrap();
    let mut done: Vec<&str> = Vec::new();
    let steps = manifest["steps"].as_array().unwrap();
    for step in steps {
        for needed in step["depends_on"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()) {
            let all_of_a_model: Vec<&str> =
                steps.iter().filter(|other| other["model"] == needed).map(|other| other["id"].as_str().unwrap()).collect();
            assert!(done.contains(&needed) || (!all_of_a_model.is_empty() && all_of_a_model.iter().all(|id| done.contains(id))), "{step}");
        }
        done.push(step["id"].as_str().unwrap());
        let bytes = &files[step["file"].as_str().unwrap()];
        assert_eq!(step["sha256"], batchwright::plan::write::sha256(bytes).as_str(), "{step}");
    }
    assert!(done.len() > 10);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let shop = shop();
    let mut child = Command::new(env!("CARGO_BIN_EXE_batchwright"))
        .args(["compile", "--stdout"])
        .args(DAYS)
        .current_dir(shop.path())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn the_schema_knows_every_field_of_a_manifest() {
    let shop = shop();
    compile(shop.path(), &DAYS);
    let manifest: serde_json::Value = serde_json::from_slice(&plan(shop.path())["manifest.json"]).unwrap();
    let schema: serde_json::Value = serde_json::from_slice(&batchwright(shop.path(), &["schema"]).stdout).unwrap();
    let known = |of: &serde_json::Value| of["properties"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let all = |name: &str| known(&schema["$defs"][name]);
    for key in manifest.as_object().unwrap().keys() {
        assert!(known(&schema).contains(key), "{key}");
    }
    for (part, name) in [("models", "ModelEntry"), ("steps", "StepEntry")] {
        for entry in manifest[part].as_array().unwrap() {
            for key in entry.as_object().unwrap().keys() {
                assert!(all(name).contains(key), "{name} {key}");
            }
        }
    }
}

#[test]
fn audits_are_selected_by_the_names_that_list_prints() {
    let shop = shop();
    compile(shop.path(), &DAYS);
    let wrong = batchwright(shop.path(), &["audit", "-s", "+daily_report"]);
    assert_eq!(wrong.status.code(), Some(2));
    let asked = "+daily_report,config.incremental_strategy:microbatch";
    assert!(stderr(&wrong).contains(&format!("$(batchwright list -s {asked})")), "{}", stderr(&wrong));
    let listed = batchwright(shop.path(), &["list", "-s", asked, "--dialect", "duckdb"]);
    let listed = String::from_utf8(listed.stdout).unwrap();
    let names: Vec<&str> = listed.split_whitespace().collect();
    let files = batchwright(shop.path(), &[&["audit", "--files", "-s"], &names[..]].concat());
    let files = String::from_utf8(files.stdout).unwrap();
    let expected = ["int__sessions_aggregated", "daily_report"].map(|name| format!("./target/batchwright/audit/{name}.sql\n"));
    assert_eq!(files, expected.concat());
}

#[test]
fn help_is_what_a_dbt_user_expects() {
    let help = |command: &str| {
        let done = Command::new(env!("CARGO_BIN_EXE_batchwright")).args([command, "--help"]).env_clear().output().unwrap();
        assert_eq!(done.status.code(), Some(0));
        String::from_utf8(done.stdout).unwrap()
    };
    let compile = help("compile");
    for flag in ["--select", "--exclude", "--selector", "--event-time-start", "--full-refresh", "--vars", "--target", "--profiles-dir"] {
        assert!(compile.contains(flag), "{flag} is not in\n{compile}");
    }
    assert!(help("schema").starts_with("Print the JSON Schema of manifest.json"), "{}", help("schema"));
}

#[test]
fn every_command_has_a_manual_page() {
    let page = |arguments: &[&str]| {
        let done = batchwright(Path::new("."), &[&["man"], arguments].concat());
        assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
        String::from_utf8(done.stdout).unwrap()
    };
    let commands = ["compile", "render", "list", "run", "retry", "status", "audit", "page", "schema", "completions"];
    for command in commands {
        assert!(page(&[]).contains(&format!("batchwright\\-{command}(1)")), "{command} is not in\n{}", page(&[]));
        assert!(page(&[command]).contains(&format!(".TH batchwright-{command} 1")), "{}", page(&[command]));
    }
    let unknown = batchwright(Path::new("."), &["man", "complie"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(stderr(&unknown).contains("did you mean `compile`?"), "{}", stderr(&unknown));
}

#[test]
fn a_page_is_one_file_that_values_do_not_break_out_of() {
    const EVIL: &str = "</script><img src=https://example.com/x onerror=alert(1)>";
    let shop = shop();
    fs::write(
        shop.path().join("models/evil.sql"),
        format!("{{{{ config(materialized='incremental', incremental_strategy='microbatch', event_time='at', batch_size='day', begin='2024-08-31') }}}}\nselect occurred_at as at, '{EVIL}' as evil from {{{{ source('raw', 'events') }}}}"),
    )
    .unwrap();
    compile(shop.path(), &DAYS);
    let page = |out: &str| {
        let done = batchwright(shop.path(), &["page", "--now", "2024-09-10", "--out", out]);
        assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
        String::from_utf8(done.stdout).unwrap()
    };
    let text = page("-");
    assert!(text.starts_with("<!doctype html>") && text.contains("default-src 'none'"), "{}", &text[..400]);
    assert!(text.contains("onerror=alert(1)>") && !text.contains("<img"), "the value is in the page as text, and only as text");
    assert_eq!(text.matches("<script").count(), text.matches("</script>").count());
    page("page.html");
    assert_eq!(fs::read_to_string(shop.path().join("page.html")).unwrap(), text, "the same plan gives the same page");
}

#[test]
fn an_unknown_flag_is_a_wrong_request() {
    let done = batchwright(Path::new("."), &["compile", "--full-refesh"]);
    assert_eq!(done.status.code(), Some(2));
    assert!(stderr(&done).contains("--full-refresh"), "{}", stderr(&done));
}

/// A copy of the fixture `sessions`.
fn shop() -> TempDir {
    let place = tempfile::tempdir().unwrap();
    for entry in walkdir::WalkDir::new("fixtures/sessions").into_iter().flatten().filter(|entry| entry.file_type().is_file()) {
        let to = place.path().join(entry.path().strip_prefix("fixtures/sessions").unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(entry.path(), to).unwrap();
    }
    place
}

fn batchwright(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_batchwright")).args(arguments).current_dir(folder).env_clear().output().unwrap()
}

/// Compiles, and gives what was said.
fn compile(folder: &Path, arguments: &[&str]) -> String {
    let done = batchwright(folder, &[&["compile"], arguments].concat());
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    stderr(&done)
}

fn stderr(done: &Output) -> String {
    String::from_utf8_lossy(&done.stderr).into_owned()
}

/// The plan's files by their path in it.
fn plan(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let root = folder.join("target/batchwright");
    let files = walkdir::WalkDir::new(&root).into_iter().flatten().filter(|entry| entry.file_type().is_file());
    files.map(|entry| (entry.path().strip_prefix(&root).unwrap().to_string_lossy().into_owned(), fs::read(entry.path()).unwrap())).collect()
}
