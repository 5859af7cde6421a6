//! The client lines of src/run/README.md, run as written: only the host, the database and the files
//! are filled in. Each runs a plan, and the audit of its table with the client of that run.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use regex::Regex;
use tempfile::TempDir;

use crate::engine::{Engine, installed};
use crate::mariadb::MariaDb;
use crate::postgres::Postgres;

pub const CASES: &[(&str, fn())] = &[
    ("readme::the_line_of_psql_runs", psql),
    ("readme::the_line_of_duckdb_runs", duckdb),
    ("readme::the_line_of_sqlite3_runs", sqlite3),
    ("readme::the_line_of_mariadb_runs", mariadb),
    ("readme::the_line_of_spark_sql_runs", spark_sql),
];

fn psql() {
    let engine = Postgres::default();
    let database = engine.database();
    let session = database.session();
    let line = line("psql")
        .replace("HOST", &behind(&session, "-h"))
        .replace("DATABASE", &behind(&session, "-d"));
    runs(&Setting {
        line,
        dialect: "postgres",
        schema: "public",
        time: "timestamp",
        user: "postgres",
        config: "",
    });
}

fn duckdb() {
    runs(&Setting {
        line: line("duckdb"),
        dialect: "duckdb",
        schema: "main",
        time: "timestamp",
        user: "",
        config: "",
    });
}

fn sqlite3() {
    runs(&Setting {
        line: line("sqlite3"),
        dialect: "sqlite",
        schema: "main",
        time: "timestamp",
        user: "",
        config: "",
    });
}

fn mariadb() {
    let engine = MariaDb::default();
    let database = engine.database();
    let config = format!("[client]\nuser=root\nsocket={}\n", behind(&database.session(), "-S"));
    runs(&Setting {
        line: line("mariadb"),
        dialect: "mariadb",
        schema: "shop",
        time: "datetime",
        user: "",
        config: &config,
    });
}

/// Its warehouse and its metastore are created in the project's folder, in which it starts.
fn spark_sql() {
    let folder = TempDir::new().unwrap();
    let write = |path: &str, text: &str| write(folder.path(), path, text);
    write("dbt_project.yml", "name: shop\n");
    write(
        "models/days.sql",
        "{{ config(materialized='incremental', incremental_strategy='microbatch', event_time='sold_at', batch_size='day', begin='2024-09-01',
            file_format='parquet', partition_by=['sold_on']) }}
        select id, sold_at, cast(sold_at as date) as sold_on from {{ source('raw', 'sales') }}\n",
    );
    let columns = "columns: [{name: sold_at, data_type: timestamp_ntz}]";
    write(
        "models/days.yml",
        &format!(
            "sources:\n  - name: raw\n    schema: default\n    tables:\n      - name: \
             sales\n        config: {{event_time: sold_at}}\n        {columns}\n\
             models:\n  - name: days\n    {columns}\n"
        ),
    );
    let line = shlex::split(&line("spark-sql")).unwrap();
    let home = fs::read_dir(fs::canonicalize(installed("spark/lib")).unwrap())
        .unwrap()
        .flatten()
        .next()
        .unwrap()
        .path();
    let home = home.join("site-packages/pyspark");
    let path = format!("{}:{}", home.join("bin").display(), std::env::var("PATH").unwrap());
    let run = |program: &str, arguments: &[&str], sql: &str| {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(folder.path())
            .env("PATH", &path)
            .env("SPARK_HOME", &home)
            .env("SPARK_LOCAL_IP", "127.0.0.1");
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(sql.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    let words: Vec<&str> = line.iter().map(String::as_str).collect();
    let rows = "(1, timestamp_ntz '2024-09-01 08:00:00'), (2, timestamp_ntz '2024-09-02 09:00:00')";
    let sales = format!(
        "create table sales (id integer, sold_at timestamp_ntz) using parquet;\ninsert into sales \
         values {rows};\n"
    );
    succeeded(run(words[0], &words[1..], &sales));
    let batchwright = env!("CARGO_BIN_EXE_batchwright");
    let compile = [
        "compile",
        "--dialect",
        "spark",
        "--schema",
        "default",
        "--event-time-start",
        "2024-09-01",
        "--event-time-end",
        "2024-09-03",
    ];
    succeeded(run(batchwright, &compile, ""));
    succeeded(run(batchwright, &[&["run", "--"], &*words].concat(), ""));
    let audit = succeeded(run(batchwright, &["audit", "--run"], ""));
    assert!(audit.contains("2024-09-02") && audit.contains("ok"), "{audit}");
}

/// A client, and its database.
struct Setting<'a> {
    line: String,
    dialect: &'a str,
    schema: &'a str,
    /// The engine's type of timestamps.
    time: &'a str,
    user: &'a str,
    /// The content of `my.cnf`.
    config: &'a str,
}

/// The page's line for a client, after `--`.
pub fn line(program: &str) -> String {
    let readme =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/run/README.md"))
            .unwrap();
    let line = Regex::new(&format!("`(?:--threads [0-9]+ )?-- ({program} [^`]*)`")).unwrap();
    let found = line
        .captures(&readme)
        .unwrap_or_else(|| panic!("the page has no client line of `{program}`"));
    found[1].to_string()
}

/// The value of an option.
fn behind(argv: &[String], option: &str) -> String {
    let at = argv
        .iter()
        .position(|word| word == option)
        .unwrap_or_else(|| panic!("{argv:?} has no `{option}`"));
    argv[at + 1].clone()
}

fn runs(setting: &Setting) {
    let folder = TempDir::new().unwrap();
    let write = |path: &str, text: &str| write(folder.path(), path, text);
    let Setting { line, dialect, schema, time, config, .. } = setting;
    write("my.cnf", config);
    write("dbt_project.yml", "name: shop\n");
    write(
        "models/days.sql",
        "{{ config(materialized='incremental', incremental_strategy='microbatch', event_time='sold_at', batch_size='day', begin='2024-09-01') }}\n\
         select id, sold_at from {{ source('raw', 'sales') }}\n",
    );
    let columns = format!("columns: [{{name: sold_at, data_type: {time}}}]");
    write(
        "models/days.yml",
        &format!(
            "sources:\n  - name: raw\n    schema: {schema}\n    tables:\n      - name: \
             sales\n        config: {{event_time: sold_at}}\n        {columns}\n\
             models:\n  - name: days\n    {columns}\n"
        ),
    );
    let words = shlex::split(line).unwrap();
    let client = |sql: &str| {
        let mut client = start(Command::new(&words[0]).args(&words[1..]), folder.path(), setting);
        client.stdin.take().unwrap().write_all(sql.as_bytes()).unwrap();
        succeeded(client.wait_with_output().unwrap());
    };
    let batchwright = |arguments: &[&str]| {
        start(
            Command::new(env!("CARGO_BIN_EXE_batchwright")).args(arguments),
            folder.path(),
            setting,
        )
        .wait_with_output()
        .unwrap()
    };
    client(&format!(
        "create table sales (id integer, sold_at {time});\ninsert into sales values (1, \
         '2024-09-01 08:00:00'), (2, '2024-09-02 09:00:00');\n"
    ));
    let compile = [
        "compile",
        "--dialect",
        dialect,
        "--schema",
        schema,
        "--event-time-start",
        "2024-09-01",
        "--event-time-end",
        "2024-09-03",
    ];
    succeeded(batchwright(&compile));
    succeeded(batchwright(
        &[&["run", "--"], &*words.iter().map(String::as_str).collect::<Vec<_>>()].concat(),
    ));
    // With the client of the run.
    let audit = succeeded(batchwright(&["audit", "--run"]));
    assert!(audit.contains("2024-09-02") && audit.contains("ok"), "{audit}");
    client("delete from days where id = 2;\n");
    let audit = batchwright(&["audit", "--run"]);
    let words = String::from_utf8(audit.stderr).unwrap();
    assert!(
        audit.status.code() == Some(1) && words.contains("first 2024-09-02 of days (empty)"),
        "{words}"
    );
}

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn start(command: &mut Command, folder: &Path, setting: &Setting) -> std::process::Child {
    let path = format!("{}:{}", installed("").display(), std::env::var("PATH").unwrap());
    command
        .current_dir(folder)
        .env("PATH", path)
        .env("PGUSER", setting.user)
        .env("MYSQL_HOME", folder);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Its output.
fn succeeded(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
