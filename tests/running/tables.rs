//! A plan belongs to a target, and a finished batch to a table: the database that a run of another
//! target writes, batches of another schema or alias, runs of selected models, and readers of
//! rewritten batches. With DuckDB's client and small projects.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::engine::installed;

pub const CASES: &[(&str, fn())] = &[
    (
        "a_run_writes_the_database_of_the_plans_target",
        a_run_writes_the_database_of_the_plans_target,
    ),
    ("batches_of_another_table_are_not_finished", batches_of_another_table_are_not_finished),
    ("readers_of_rewritten_batches_are_planned", readers_of_rewritten_batches_are_planned),
    (
        "a_run_of_other_models_leaves_a_failure_to_retry",
        a_run_of_other_models_leaves_a_failure_to_retry,
    ),
    ("a_retry_after_shards_runs_the_others", a_retry_after_shards_runs_the_others),
    ("make_keeps_the_shards_of_clients_apart", make_keeps_the_shards_of_clients_apart),
];

const DAYS: [&str; 4] = ["--event-time-start", "2024-09-01", "--event-time-end", "2024-09-04"];
const NOW: [&str; 2] = ["--now", "2024-09-04T12:00:00Z"];

/// A project of an `orders` model of three days, a `totals` model that reads it, and a table
/// `other`, with targets of two databases and two schemas.
struct Project(TempDir);

struct Output {
    code: i32,
    out: String,
    err: String,
}

impl Project {
    fn new() -> Project {
        let folder = TempDir::new().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write(
            "dbt_project.yml",
            "name: shop\nprofile: shop\nvars: {batchwright: {ledger: main.ledger}}\n",
        );
        write(
            "profiles.yml",
            "shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb, schema: main}\n    \
             prod: {type: duckdb, path: prod/shop.duckdb, schema: main}\n    \
             test: {type: duckdb, path: shop.duckdb, schema: test}\n    \
             pg: {type: postgres, host: h, user: u, password: p, dbname: shop, schema: main}\n",
        );
        write(
            "models/models.yml",
            "sources:\n  - name: raw\n    schema: main\n    tables:\n      - name: events\n        \
             config: {event_time: ts}\nmodels:\n  - name: orders\n    columns: [{name: ts, data_type: \
             timestamp}]\n  - name: totals\n    columns: [{name: day, data_type: date}]\n",
        );
        let config = |event_time: &str| {
            format!(
                "{{{{ config(materialized='incremental', incremental_strategy='microbatch', \
                 event_time='{event_time}', batch_size='day', begin='2024-09-01', lookback=0) }}}}\n"
            )
        };
        let orders = "select id, ts, amount from {{ source('raw', 'events') }}\n";
        write("models/orders.sql", &format!("{}{orders}", config("ts")));
        let totals = "select cast(ts as date) as day, sum(amount) as amount from {{ ref('orders') }} \
                      group by 1\n";
        write("models/totals.sql", &format!("{}{totals}", config("day")));
        write("models/other.sql", "{{ config(materialized='table') }}\nselect 1 as x\n");
        fs::create_dir(folder.path().join("prod")).unwrap();
        let project = Project(folder);
        for database in ["shop.duckdb", "prod/shop.duckdb"] {
            project.sql_in(
                database,
                "create table events as select range as id, \
                 timestamp '2024-09-01' + interval (range * 12) hour as ts, range as amount \
                 from range(0, 6)",
            );
        }
        project
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn replace(&self, path: &str, old: &str, new: &str) {
        let text = fs::read_to_string(self.path(path)).unwrap();
        assert!(text.contains(old), "{text}");
        fs::write(self.path(path), text.replace(old, new)).unwrap();
    }

    fn sql_in(&self, database: &str, query: &str) -> String {
        let output = Command::new(installed("duckdb"))
            .arg(self.path(database))
            .args(["-bail", "-no-init", "-list", "-noheader", "-c", query])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).trim().to_string();
        if output.status.success() { text } else { "no table".to_string() }
    }

    fn sql(&self, query: &str) -> String {
        self.sql_in("shop.duckdb", query)
    }

    fn command(&self, program: &Path, arguments: &[&str]) -> Output {
        let folder = Path::new(&installed("duckdb")).parent().unwrap().display().to_string();
        let path = format!("{folder}:{}", std::env::var("PATH").unwrap());
        let output = Command::new(program)
            .args(arguments)
            .current_dir(self.0.path())
            .env("PATH", path)
            .env("XDG_STATE_HOME", self.path("home"))
            .output()
            .unwrap();
        Output {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    fn batchwright(&self, arguments: &[&str]) -> Output {
        self.command(Path::new(env!("CARGO_BIN_EXE_batchwright")), arguments)
    }

    /// A command that must succeed; returns stdout and stderr.
    fn done(&self, arguments: &[&str]) -> String {
        let output = self.batchwright(arguments);
        assert_eq!(output.code, 0, "{arguments:?}: {}", output.err);
        output.out + &output.err
    }

    fn batches(&self, model: &str) -> usize {
        let files = fs::read_dir(self.path("target/batchwright").join(model));
        let names = files.into_iter().flatten().map(|file| file.unwrap().file_name());
        names.filter(|name| name.to_string_lossy().starts_with("2024")).count()
    }
}

fn a_run_writes_the_database_of_the_plans_target() {
    let project = Project::new();
    project.done(&[&["compile", "-t", "prod"], &DAYS[..]].concat());
    let other = project.batchwright(&["run", "-t", "dev"]);
    assert_eq!(other.code, 2, "{}", other.err);
    let refused = "the plan was compiled for the target `prod`, but `--target` is `dev`";
    assert!(other.err.contains(refused), "{}", other.err);
    let makefile = project.done(&["export", "make", "--client-only"]);
    assert!(makefile.contains("prod/shop.duckdb"), "{makefile}");

    project.done(&["run", "-q"]);
    let count = "select count(*) from orders";
    assert_eq!(
        (project.sql(count), project.sql_in("prod/shop.duckdb", count)),
        ("no table".into(), "6".into())
    );
    let audit = project.done(&["audit", "--run"]);
    assert!(audit.contains("ok"), "{audit}");
    let ledger = project.done(&["ledger", "--run"]);
    assert!(ledger.contains("model.shop.orders@2024-09-01"), "{ledger}");
    let columns = project.done(&["columns", "--run", "-t", "prod"]);
    assert!(columns.contains("amount"), "{columns}");
    let dry_run = project.done(&["run", "--dry-run"]);
    assert!(dry_run.contains("prod/shop.duckdb"), "{dry_run}");

    // Without a plan of that target, the target of the flag and its own client count.
    let columns = project.batchwright(&["columns", "--run", "-t", "pg"]);
    assert!(!columns.err.contains("is a client of"), "{}", columns.err);

    // The profile of the flag is that of the plan too.
    let profiles = fs::read_to_string(project.path("profiles.yml")).unwrap();
    fs::create_dir(project.path("conf")).unwrap();
    fs::write(project.path("conf/profiles.yml"), profiles.replace("prod/shop", "prod/second"))
        .unwrap();
    project.sql_in(
        "prod/second.duckdb",
        "create table events as select 1 as id, timestamp '2024-09-01' as ts, 1 as amount",
    );
    project.done(&[&["compile", "-t", "prod", "--profiles-dir", "conf"], &DAYS[..]].concat());
    project.done(&["run", "-q"]);
    assert_eq!(project.sql_in("prod/second.duckdb", count), "1");

    // A plan of `--dialect` names no target of a profile.
    project.done(&[&["compile", "--dialect", "duckdb"], &DAYS[..]].concat());
    let unknown = project.batchwright(&["run", "-q"]);
    assert_eq!(unknown.code, 2, "{}", unknown.err);
    assert!(unknown.err.contains("profile `shop` has no target `default`"), "{}", unknown.err);
}

fn batches_of_another_table_are_not_finished() {
    let project = Project::new();
    let missing = |arguments: &[&str]| {
        project.done(&[&["compile"], &NOW[..], arguments].concat());
        project.batches("orders")
    };
    assert_eq!(missing(&["--from-begin"]), 4);
    project.done(&["run", "-q"]);
    let rows = project.batchwright(&["ledger", "--run"]).out;
    fs::write(project.path("done.csv"), &rows).unwrap();
    assert_eq!(missing(&["--missing", "done.csv"]), 1);
    assert_eq!(missing(&["--missing"]), 1);
    for target in ["test", "prod"] {
        assert_eq!(missing(&["-t", target, "--missing"]), 4, "{target}");
        assert_eq!(missing(&["-t", target, "--from-begin"]), 4, "{target}");
    }
    assert_eq!(missing(&["-t", "test", "--missing", "done.csv"]), 4);
    let gaps = project.done(&[&["status", "--missing", "done.csv"], &NOW[..]].concat());
    assert!(
        gaps.contains("orders  2024-09-01T00:00:00Z to 2024-09-05T00:00:00Z  4 batches"),
        "{gaps}"
    );
    project.done(&["run", "-q"]);
    assert_eq!(project.sql("select count(*) from test.orders"), "6");
    let table =
        project.sql("select count(distinct step) from ledger where model = 'model.shop.orders'");
    assert_eq!(table, "8", "the rows of both tables");
    // The second table does not hide the first one.
    fs::write(project.path("done.csv"), project.batchwright(&["ledger", "--run"]).out).unwrap();
    assert_eq!(missing(&["--missing", "done.csv"]), 1);

    project.replace("models/orders.sql", "lookback=0", "lookback=0, alias='orders_2'");
    assert_eq!(missing(&["--missing", "done.csv"]), 4);
    assert_eq!(missing(&["--missing"]), 4);
    let warning = project.done(&[&["compile"], &NOW[..]].concat());
    assert!(warning.contains("has no finished batch in the journal"), "{warning}");

    // Rows of an earlier version name no table.
    project.replace("models/orders.sql", ", alias='orders_2'", "");
    let former = rows.replace(r#" ""shop"".""main"".""#, "\u{1}");
    let former = without_tables(&former);
    fs::write(project.path("done.csv"), former).unwrap();
    let output = project.done(&[&["compile", "--missing", "done.csv"], &NOW[..]].concat());
    assert!(output.contains("of finished steps have no table"), "{output}");
    assert_eq!(project.batches("orders"), 4);
}

/// The rows without the tables that follow the marks.
fn without_tables(rows: &str) -> String {
    let mut parts = rows.split('\u{1}');
    let first = parts.next().unwrap().to_string();
    parts.fold(first, |text, part| text + part.split_once("\"\"").unwrap().1)
}

fn readers_of_rewritten_batches_are_planned() {
    let project = Project::new();
    let compile = |arguments: &[&str]| project.done(&[&["compile"], &NOW[..], arguments].concat());
    compile(&["--from-begin"]);
    project.done(&["run", "-q"]);
    project.replace("models/orders.sql", "amount from", "amount + 1 as amount from");
    compile(&["--missing", "--changed"]);
    assert_eq!((project.batches("orders"), project.batches("totals")), (4, 4));
    let sums = "select (select sum(amount) from orders) || ' ' || (select sum(amount) from totals)";
    let output = compile(&["--missing", "--changed", "-s", "orders"]);
    assert!(
        output.contains("`totals` reads batches that this plan rewrites, and is not selected"),
        "{output}"
    );
    project.done(&["run", "-q"]);
    assert_eq!(project.sql(sums), "21 15", "the reader was not selected");
    // The reader is older than what it reads.
    compile(&["--missing", "--changed"]);
    assert_eq!((project.batches("orders"), project.batches("totals")), (1, 4));
    project.done(&["run", "-q"]);
    assert_eq!(project.sql(sums), "21 21");
    compile(&["--missing", "--changed"]);
    assert_eq!((project.batches("orders"), project.batches("totals")), (1, 1));
}

fn a_run_of_other_models_leaves_a_failure_to_retry() {
    let project = Project::new();
    project.done(&[&["compile"], &DAYS[..]].concat());
    project.sql("alter table events rename column amount to sum");
    assert_eq!(project.batchwright(&["run", "-q", "--select", "orders"]).code, 1);
    project.done(&["run", "-q", "--select", "other"]);
    project.sql("alter table events rename column sum to amount");
    let status = project.done(&["status"]);
    assert!(status.contains("failed model.shop.orders@create"), "{status}");
    let retry = project.done(&["retry"]);
    assert!(retry.contains("4 steps done"), "{retry}");
    assert_eq!(project.sql("select count(*) from orders"), "6");
    let nothing = project.done(&["retry"]);
    let expected =
        "nothing left to run: 6 steps done; of models that no run has selected: 4 steps not run";
    assert!(nothing.contains(expected), "{nothing}");

    // A run of the same models starts them again.
    project.sql("insert into events values (9, timestamp '2024-09-02 01:00:00', 9)");
    project.done(&["run", "-q", "--select", "orders"]);
    assert_eq!(project.sql("select count(*) from orders"), "7");
    // A run of all models starts all again.
    project.done(&["run", "-q"]);
    let nothing = project.done(&["retry"]);
    assert!(nothing.contains("nothing left to run: 10 steps done\n"), "{nothing}");
}

fn a_retry_after_shards_runs_the_others() {
    let project = Project::new();
    project.done(&[&["compile", "--shards", "3"], &DAYS[..]].concat());
    project.done(&["run", "-q", "--shard", "1/3"]);
    let retry = project.done(&["retry"]);
    assert!(retry.contains("6 steps done"), "{retry}");
    let nothing = project.done(&["retry"]);
    assert!(nothing.contains("nothing left to run: 10 steps done"), "{nothing}");
    for shard in ["1/3", "2/3", "3/3"] {
        project.done(&["run", "-q", "--shard", shard]);
    }
    project.done(&["retry", "-q", "--from", "orders@2024-09-02"]);
    let nothing = project.done(&["retry"]);
    assert!(nothing.contains("nothing left to run: 10 steps done"), "{nothing}");
}

fn make_keeps_the_shards_of_clients_apart() {
    let project = Project::new();
    project.done(&[&["compile", "-s", "orders"], &DAYS[..]].concat());
    let export = |file: &str, database: &str| {
        let command = ["export", "make", "--client-only", "--shards", "3", "--out", file, "--"];
        project.done(&[&command[..], &["duckdb", "-bail", database]].concat());
    };
    export("dev.mk", "shop.duckdb");
    export("prod.mk", "prod/shop.duckdb");
    let make = |file: &str| project.command(Path::new("make"), &["-f", file]);
    project.sql("alter table events rename column amount to sum");
    assert_eq!(make("dev.mk").code, 2);
    let prod = make("prod.mk");
    assert_eq!(prod.code, 0, "{}", prod.err);
    assert_eq!(project.sql_in("prod/shop.duckdb", "select count(*) from orders"), "6");
    project.sql("alter table events rename column sum to amount");
    project.replace("models/orders.sql", "amount from", "amount + 1 as amount from");
    project.done(&[&["compile", "-s", "orders"], &DAYS[..]].concat());
    let old = make("dev.mk");
    assert_eq!(old.code, 2, "{}", old.out);
    assert!(
        old.err.contains("manifest.json is of another plan: export the plan again"),
        "{}",
        old.err
    );
    assert_eq!(project.sql("select count(*) from orders"), "no table");
}
