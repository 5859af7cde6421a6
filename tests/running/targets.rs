//! A project with two targets whose databases are files of the same name: commands on a plan are of
//! its target, and runs of another one do not count.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::batchwright::CommandResult;
use crate::engine::{installed, lines};

pub const CASES: &[(&str, fn())] = &[
    ("another_target_is_refused", another_target_is_refused),
    ("another_folder_of_profiles_is_another_database", another_folder_of_profiles),
    ("the_status_is_of_the_target_of_the_plan", the_status_is_of_the_target_of_the_plan),
    ("columns_are_those_of_the_default_target", columns_are_those_of_the_default_target),
    ("batches_of_another_file_are_missing", batches_of_another_file_are_missing),
];

const DAYS: &[&str] = &["--event-time-start", "2024-09-01", "--event-time-end", "2024-09-05"];

struct Project(TempDir);

impl Project {
    fn new() -> Project {
        let project = Project(TempDir::new().unwrap());
        project.write("dbt_project.yml", "name: shop\nprofile: shop\nversion: '1.0'\n");
        project.write_profiles("profiles.yml", "target/dev/shop.duckdb");
        project.write(
            "models/schema.yml",
            "sources:\n- name: raw\n  tables:\n  - name: events\n    config: {event_time: ts}\n\
             \x20   columns:\n    - {name: ts, data_type: timestamp}\n\
             models:\n- name: orders\n  columns:\n  - {name: ts, data_type: timestamp}\n",
        );
        project.write(
            "models/orders.sql",
            "{{ config(materialized='incremental', incremental_strategy='microbatch', \
             event_time='ts', begin='2024-09-01', batch_size='day') }}\n\
             select id, ts, amount from {{ source('raw', 'events') }}\n",
        );
        for target in ["dev", "prod"] {
            fs::create_dir_all(project.path(&format!("target/{target}"))).unwrap();
            project.sql(
                target,
                "create schema raw; create table raw.events as select i as id, \
                 timestamp '2024-08-31 01:00' + i * interval 1 day as ts, i as amount \
                 from range(1, 5) as t(i)",
            );
        }
        project
    }

    fn write_profiles(&self, path: &str, dev: &str) {
        self.write(
            path,
            &format!(
                "shop:\n  target: dev\n  outputs:\n\
                 \x20   dev: {{type: duckdb, schema: analytics, path: \"{dev}\"}}\n\
                 \x20   prod: {{type: duckdb, schema: analytics, path: target/prod/shop.duckdb}}\n"
            ),
        );
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn sql(&self, target: &str, query: &str) -> Vec<String> {
        let file = self.path(&format!("target/{target}/shop.duckdb"));
        let mut client = Command::new(installed("duckdb"));
        lines(client.arg(file).args(["-bail", "-no-init", "-list", "-noheader", "-c", query]))
    }

    fn sum(&self, target: &str) -> String {
        self.sql(target, "select sum(amount) from analytics.orders").concat()
    }

    fn run_with(&self, variables: &[(&str, &str)], arguments: &[&str]) -> CommandResult {
        let duckdb = installed("duckdb");
        let path = std::env::var("PATH").unwrap();
        let path = format!("{}:{path}", duckdb.parent().unwrap().display());
        let output = Command::new(env!("CARGO_BIN_EXE_batchwright"))
            .args(arguments)
            .current_dir(self.0.path())
            .env("PATH", path)
            .env("XDG_STATE_HOME", self.path("state"))
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        CommandResult {
            code: output.status.code().unwrap_or(-1),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }

    fn run(&self, arguments: &[&str]) -> CommandResult {
        self.run_with(&[], arguments)
    }

    fn succeeds(&self, arguments: &[&str]) -> CommandResult {
        let result = self.run(arguments);
        assert_eq!(result.code, 0, "{arguments:?}: {result:?}");
        result
    }

    /// Runs a staged plan in `prod`.
    fn stage(&self) {
        self.succeeds(&[&["compile", "-t", "prod"], DAYS].concat());
        self.succeeds(&["run"]);
        self.sql("prod", "update raw.events set amount = amount + 1");
        self.succeeds(&[&["compile", "-t", "prod", "--staged"], DAYS].concat());
        self.succeeds(&["run"]);
    }
}

fn another_target_is_refused() {
    let project = Project::new();
    project.stage();
    let commands: [&[&str]; 6] =
        [&["run"], &["retry"], &["publish"], &["undo"], &["cleanup"], &["audit", "--run"]];
    let refuses = |variables: &[(&str, &str)], flags: &[&str], what: &str| {
        for command in commands.iter().filter(|command| command[0] != "audit") {
            let result = project.run_with(variables, &[command, flags].concat());
            assert_eq!(result.code, 2, "{command:?}: {result:?}");
            assert!(result.err.contains(what), "{command:?}: {result:?}");
        }
        assert_eq!(project.sum("prod"), "10");
    };
    let target = "the plan was compiled for the target `prod`, but `--target` is `dev`";
    refuses(&[], &["-t", "dev"], target);
    refuses(&[("DBT_TARGET", "dev")], &[], target);
    refuses(&[("DBT_PROFILE", "other")], &[], "no profile names the database file");
    // The target of the plan.
    project.succeeds(&["publish", "-t", "prod"]);
    assert_eq!(project.sum("prod"), "14");
    project.succeeds(&["undo"]);
    project.succeeds(&["cleanup", "-t", "prod"]);
    assert_eq!(project.sum("prod"), "10");

    project.succeeds(&[&["compile", "-t", "prod"], DAYS].concat());
    project.succeeds(&["run"]);
    let audit = project.run(&["audit", "--run", "-t", "dev"]);
    assert_eq!(audit.code, 2, "{audit:?}");
    assert!(audit.err.contains(target), "{audit:?}");
    project.succeeds(&["audit", "--run"]);
}

fn another_folder_of_profiles() {
    let project = Project::new();
    project.write_profiles("elsewhere/profiles.yml", "target/other/shop.duckdb");
    project.succeeds(&[&["compile"], DAYS].concat());
    project.succeeds(&["run"]);
    project.sql("dev", "update raw.events set amount = amount + 1");
    project.succeeds(&[&["compile", "--staged"], DAYS].concat());
    project.succeeds(&["run"]);
    for command in ["publish", "undo", "cleanup", "retry"] {
        let result = project.run(&[command, "--profiles-dir", "elsewhere"]);
        assert_eq!(result.code, 2, "{command}: {result:?}");
        assert!(result.err.contains("of another database"), "{command}: {result:?}");
    }
    assert_eq!(project.sum("dev"), "10");
    project.succeeds(&["publish", "--profiles-dir", "."]);
    assert_eq!(project.sum("dev"), "14");
}

fn the_status_is_of_the_target_of_the_plan() {
    let project = Project::new();
    project.succeeds(&[&["compile"], DAYS].concat());
    project.succeeds(&["run"]);
    project.succeeds(&[&["compile", "-t", "prod"], DAYS].concat());
    let status = project.succeeds(&["status"]);
    assert!(status.err.contains("was of the target `dev`"), "{status:?}");
    let counts: Vec<&str> = status.out.lines().nth(1).unwrap().split_whitespace().take(4).collect();
    assert_eq!(counts, ["orders", "0", "0", "5"]);
    project.succeeds(&["run"]);
    let status = project.succeeds(&["status"]);
    assert!(status.err.is_empty() && status.out.contains("5       0       0"), "{status:?}");
}

fn columns_are_those_of_the_default_target() {
    let project = Project::new();
    project.succeeds(&[&["compile", "-t", "prod"], DAYS].concat());
    project.succeeds(&["run"]);
    let columns = project.succeeds(&["columns", "--run"]);
    assert!(columns.err.contains("1 missing table"), "`dev` has no table: {columns:?}");
    let columns = project.succeeds(&["columns", "--run", "-t", "prod"]);
    assert!(columns.err.contains("columns of 1 table"), "{columns:?}");
}

fn batches_of_another_file_are_missing() {
    let project = Project::new();
    project.write_profiles("profiles.yml", "{{ env_var('SHOP') }}");
    let dev = [("SHOP", "target/dev/shop.duckdb")];
    let copy = [("SHOP", "target/copy/shop.duckdb")];
    let now = ["--now", "2024-09-04T12:00"];
    let succeeds = |variables: &[(&str, &str)], arguments: &[&str]| {
        let result = project.run_with(variables, &[arguments, &now].concat());
        assert_eq!(result.code, 0, "{arguments:?}: {result:?}");
        result
    };
    succeeds(&dev, &["compile", "--from-begin"]);
    assert_eq!(project.run_with(&dev, &["run"]).code, 0);
    fs::create_dir_all(project.path("target/copy")).unwrap();
    project.sql(
        "copy",
        "create schema raw; create table raw.events as select 1 as id, \
        timestamp '2024-09-01 01:00' as ts, 1 as amount",
    );

    assert_eq!(succeeds(&dev, &["status", "--missing"]).out, "nothing is missing\n");
    let missing = succeeds(&copy, &["status", "--missing"]);
    assert!(missing.out.contains("4 batches"), "{missing:?}");
    assert!(missing.err.contains("the run was of another database"), "{missing:?}");
    let copied = project.path("target/copy/shop.duckdb");
    assert!(missing.err.contains(copied.file_name().unwrap().to_str().unwrap()), "{missing:?}");
    let planned = |flag: &str| {
        let plan = succeeds(&copy, &["compile", flag]);
        plan.err.contains("4 days") || plan.out.contains("4 days")
    };
    assert!(planned("--missing") && planned("--from-begin"));
    assert_eq!(project.run_with(&copy, &["run"]).code, 0);
    assert_eq!(project.sum("copy"), "1");
    assert_eq!(succeeds(&copy, &["status", "--missing"]).out, "nothing is missing\n");
    // A file that was moved is the same database.
    let moved = [("SHOP", "target/moved.duckdb")];
    fs::rename(Path::new(&copied), project.path("target/moved.duckdb")).unwrap();
    assert_eq!(succeeds(&moved, &["status", "--missing"]).out, "nothing is missing\n");
}
