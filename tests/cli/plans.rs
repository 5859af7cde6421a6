//! Plans: their files, their pages and their audits.

use std::fs;
use std::path::Path;
use std::thread;

use super::{DAYS, batchwright, compile, plan, shop, stderr};

#[test]
fn output_does_not_depend_on_the_folder() {
    let (one, other) = (shop(), shop());
    compile(one.path(), &DAYS);
    compile(other.path(), &DAYS);
    let plan = plan(one.path());
    assert!(plan.len() > 10, "{:?}", plan.keys());
    assert_eq!(plan, self::plan(other.path()));
}

#[test]
fn compile_does_not_rewrite_an_unchanged_plan() {
    let shop = shop();
    compile(shop.path(), &DAYS);
    let file = shop.path().join("target/batchwright/int__sessions_aggregated/2024-09-01.sql");
    let written = fs::metadata(&file).unwrap().modified().unwrap();
    let report = compile(shop.path(), &DAYS);
    assert!(report.contains("all unchanged"), "{report}");
    assert_eq!(fs::metadata(&file).unwrap().modified().unwrap(), written);
}

#[test]
fn compile_keeps_unchanged_files_and_removes_old_ones() {
    let shop = shop();
    compile(shop.path(), &DAYS);
    let file = |day: &str| {
        shop.path().join(format!("target/batchwright/int__sessions_aggregated/{day}.sql"))
    };
    let written = fs::metadata(file("2024-09-02")).unwrap().modified().unwrap();
    let fewer = DAYS.map(|argument| if argument == "2024-09-01" { "2024-09-02" } else { argument });
    compile(shop.path(), &fewer);
    assert!(!file("2024-09-01").exists());
    assert_eq!(fs::metadata(file("2024-09-02")).unwrap().modified().unwrap(), written);
}

#[test]
fn concurrent_compiles_leave_a_complete_plan() {
    let (shop, reference) = (shop(), self::shop());
    let until = |end| DAYS.map(|argument| if argument == "2024-09-04" { end } else { argument });
    let requests = ["2024-09-03", "2024-09-04", "2024-09-05"].map(until);
    let plans = requests.map(|request| {
        compile(reference.path(), &request);
        plan(reference.path())
    });
    for _ in 0..8 {
        thread::scope(|scope| {
            requests.iter().for_each(|request| _ = scope.spawn(|| compile(shop.path(), request)))
        });
        assert!(plans.contains(&plan(shop.path())));
    }
}

#[test]
fn check_lists_differences_and_writes_nothing() {
    let shop = shop();
    compile(shop.path(), &DAYS);
    let check = |arguments: &[&str]| {
        let done = batchwright(shop.path(), &[&["compile", "--check"], arguments].concat());
        (done.status.code(), String::from_utf8(done.stdout).unwrap())
    };
    assert_eq!(check(&DAYS), (Some(0), String::new()));
    let before = plan(shop.path());
    let fewer = DAYS.map(|argument| if argument == "2024-09-01" { "2024-09-02" } else { argument });
    let (code, output) = check(&fewer);
    assert_eq!(code, Some(1));
    assert!(output.contains("removed  int__sessions_aggregated/2024-09-01.sql\n"), "{output}");
    assert!(output.contains("changed  audit/int__sessions_aggregated.sql\n"), "{output}");
    assert!(!output.contains("int__sessions_aggregated/2024-09-02.sql"), "{output}");
    assert_eq!(plan(shop.path()), before);
}

#[test]
fn a_plan_folder_with_an_unknown_file_is_not_replaced() {
    let shop = shop();
    compile(shop.path(), &DAYS);
    let note = shop.path().join("target/batchwright/int__sessions_aggregated/note.txt");
    fs::write(&note, "ask Ann before running this").unwrap();
    let before = plan(shop.path());
    let done =
        batchwright(shop.path(), &["compile", "--dialect", "postgres", "--now", "2024-09-10"]);
    assert_eq!(done.status.code(), Some(2));
    assert!(
        stderr(&done).contains("`int__sessions_aggregated/note.txt` is not part of its plan"),
        "{}",
        stderr(&done)
    );
    assert_eq!(plan(shop.path()), before);
}

#[test]
fn a_project_error_leaves_the_old_plan() {
    let shop = shop();
    compile(shop.path(), &DAYS);
    let before = plan(shop.path());
    fs::write(shop.path().join("models/broken.sql"), "select {{ nothing.at_all }} as n").unwrap();
    let done = batchwright(shop.path(), &[&["compile"], &DAYS[..]].concat());
    assert_eq!(done.status.code(), Some(2), "{}", stderr(&done));
    assert_eq!(plan(shop.path()), before);
    let entries: Vec<_> = fs::read_dir(shop.path().join("target"))
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name())
        .collect();
    assert_eq!(entries, ["batchwright"]);
}

#[test]
fn stdout_has_the_files_in_step_order() {
    let shop = shop();
    compile(shop.path(), &DAYS);
    let manifest: serde_json::Value =
        serde_json::from_slice(&plan(shop.path())["manifest.json"]).unwrap();
    let files = manifest["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["file"].as_str().unwrap().to_string());
    let texts = plan(shop.path());
    let expected: String =
        files.map(|file| format!("{}\n", String::from_utf8_lossy(&texts[&file]))).collect();
    let done = batchwright(shop.path(), &[&["compile", "--stdout"], &DAYS[..]].concat());
    assert_eq!(String::from_utf8_lossy(&done.stdout), expected);
}

#[test]
fn steps_follow_their_dependencies_and_carry_the_files_hashes() {
    let shop = shop();
    compile(shop.path(), &DAYS);
    let files = plan(shop.path());
    let manifest: serde_json::Value = serde_json::from_slice(&files["manifest.json"]).unwrap();
    let mut done: Vec<&str> = Vec::new();
    let steps = manifest["steps"].as_array().unwrap();
    for step in steps {
        for dependency in
            step["depends_on"].as_array().unwrap().iter().map(|id| id.as_str().unwrap())
        {
            let model_steps: Vec<&str> = steps
                .iter()
                .filter(|other| other["model"] == dependency)
                .map(|other| other["id"].as_str().unwrap())
                .collect();
            assert!(
                done.contains(&dependency)
                    || (!model_steps.is_empty() && model_steps.iter().all(|id| done.contains(id))),
                "{step}"
            );
        }
        done.push(step["id"].as_str().unwrap());
        let bytes = &files[step["file"].as_str().unwrap()];
        assert_eq!(step["sha256"], batchwright::plan_dir::sha256(bytes).as_str(), "{step}");
    }
    assert!(done.len() > 10);
}

#[test]
fn the_schema_lists_every_manifest_field() {
    let shop = shop();
    compile(shop.path(), &DAYS);
    let manifest: serde_json::Value =
        serde_json::from_slice(&plan(shop.path())["manifest.json"]).unwrap();
    let schema: serde_json::Value =
        serde_json::from_slice(&batchwright(shop.path(), &["schema"]).stdout).unwrap();
    let properties = |schema: &serde_json::Value| {
        schema["properties"].as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    let definition = |name: &str| properties(&schema["$defs"][name]);
    for key in manifest.as_object().unwrap().keys() {
        assert!(properties(&schema).contains(key), "{key}");
    }
    for (part, name) in [("models", "ModelEntry"), ("steps", "StepEntry")] {
        for entry in manifest[part].as_array().unwrap() {
            for key in entry.as_object().unwrap().keys() {
                assert!(definition(name).contains(key), "{name} {key}");
            }
        }
    }
}

#[test]
fn audit_selects_by_dbts_grammar() {
    let shop = shop();
    compile(shop.path(), &DAYS);
    let files = |arguments: &[&str]| {
        let done = batchwright(shop.path(), &[&["audit", "--files"], arguments].concat());
        assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
        let files = String::from_utf8(done.stdout).unwrap();
        let name = |line: &str| Path::new(line).file_stem().unwrap().to_str().unwrap().to_string();
        files.lines().map(name).collect::<Vec<_>>()
    };
    let sessions = "int__sessions_aggregated";
    assert_eq!(files(&["-s", sessions]), [sessions]);
    assert_eq!(files(&["-s", "+daily_report"]), [sessions, "daily_report"]);
    assert_eq!(files(&["-s", "+daily_report", "--exclude", "daily_report"]), [sessions]);
    let typo = batchwright(shop.path(), &["audit", "-s", "daily_reprt"]);
    assert_eq!(typo.status.code(), Some(2));
    assert!(stderr(&typo).contains("daily_report"), "{}", stderr(&typo));
    // The plan does not have the settings of models.
    let selector = "+daily_report,config.incremental_strategy:microbatch";
    let refused = batchwright(shop.path(), &["audit", "-s", selector]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        stderr(&refused).contains(&format!("$(batchwright list --select {selector})")),
        "{}",
        stderr(&refused)
    );
    let list = batchwright(shop.path(), &["list", "-s", selector, "--dialect", "duckdb"]);
    let list = String::from_utf8(list.stdout).unwrap();
    let names: Vec<&str> = list.split_whitespace().collect();
    assert_eq!(files(&[&["-s"], &names[..]].concat()), [sessions, "daily_report"]);
}

#[test]
fn a_model_that_cannot_be_audited_fails_before_the_client_starts() {
    let shop = shop();
    let hours = ["-s", "hourly_events", "--dialect", "duckdb", "--now", "2026-01-01"];
    let range = [
        "--max-batches",
        "20000",
        "--event-time-start",
        "2024-09-01",
        "--event-time-end",
        "2025-12-01",
    ];
    compile(shop.path(), &[&hours[..], &range[..]].concat());
    let started = shop.path().join("started");
    let script = format!("touch '{}'; cat >/dev/null", started.display());
    let client = ["--", "sh", "-c", &script];
    for command in [&["audit", "--run"], &["run", "--audit"]] {
        let done = batchwright(shop.path(), &[&command[..], &client].concat());
        assert_eq!(done.status.code(), Some(2), "{}", stderr(&done));
        assert!(
            stderr(&done).contains("`hourly_events` has too many batches"),
            "{}",
            stderr(&done)
        );
    }
    assert!(!started.exists());
}

#[test]
fn warnings_of_the_plan_on_disk_are_counted() {
    let shop = shop();
    let note = "each batch of `hourly_events` reads all rows of `raw.users`";
    assert!(compile(shop.path(), &DAYS).contains(note));
    let again = compile(shop.path(), &DAYS);
    assert!(!again.contains(note) && again.contains("1 known warning not repeated"), "{again}");
    assert!(compile(shop.path(), &[&DAYS[..], &["--all-warnings"]].concat()).contains(note));
}

#[test]
fn a_page_is_one_file_and_escapes_values() {
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
    assert!(
        text.starts_with("<!doctype html>") && text.contains("default-src 'none'"),
        "{}",
        &text[..400]
    );
    assert!(
        text.contains("onerror=alert(1)>") && !text.contains("<img"),
        "the value is in the page as text only"
    );
    assert_eq!(text.matches("<script").count(), text.matches("</script>").count());
    page("page.html");
    assert_eq!(
        fs::read_to_string(shop.path().join("page.html")).unwrap(),
        text,
        "the same plan gives the same page"
    );
}

#[test]
fn a_seed_is_planned_if_the_engine_can_run_its_statements() {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| fs::write(folder.path().join(path), text).unwrap();
    fs::create_dir(folder.path().join("seeds")).unwrap();
    write("dbt_project.yml", "name: shop\n");
    write("seeds/codes.csv", &format!("id,remark\n{}", "1,a code of many\n".repeat(60_000)));
    write("seeds/texts.csv", &format!("id,body\n1,{}\n", "long ".repeat(210_000)));
    let report = |dialect: &str| {
        let arguments = ["compile", "--dialect", dialect, "--select", "codes", "texts"];
        stderr(&batchwright(folder.path(), &arguments))
    };
    assert!(report("duckdb").contains("2 files in target/batchwright"));
    let bigquery = report("bigquery");
    assert!(bigquery.contains("`codes` is not planned: its statements have "), "{bigquery}");
    assert!(bigquery.contains("but a script of bigquery has at most 1048576"), "{bigquery}");
    let trino = report("trino");
    assert!(
        trino.contains("`texts` is not planned: the insert of its longest row has "),
        "{trino}"
    );
    assert!(trino.contains("but a statement of trino has at most 1000000"), "{trino}");
    assert!(trino.contains("1 file in target/batchwright"), "{trino}");
}
