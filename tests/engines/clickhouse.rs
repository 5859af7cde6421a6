//! ClickHouse: its own engine inside of a Python process, one for each test, with its data in a folder of its own.

use std::path::Path;

use regex::Regex;
use tempfile::TempDir;

use crate::engine::{Database, Engine, Outcome};
use crate::served::{Served, text};

pub struct ClickHouse;

impl Engine for ClickHouse {
    fn dialect(&self) -> &'static str {
        "clickhouse"
    }

    fn left_out(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("grants_are_given", "an engine within a process lets nobody make a role"),
            ("merge_changes_and_adds_by_key", "the dialect refuses to merge when it compiles"),
            ("delete_and_insert_replaces_by_key", "the dialect refuses `delete+insert` when it compiles"),
            ("a_seed_holds_what_its_file_says", "a plan loads no seeds here"),
            ("a_seed_is_loaded_beneath_its_readers", "a plan loads no seeds here"),
        ]
    }

    fn integer(&self) -> &'static str {
        "Int32"
    }

    fn atomic(&self) -> bool {
        false
    }

    fn quoted(&self, name: &str) -> String {
        format!("`{name}`")
    }

    fn database(&self) -> Box<dyn Database> {
        let folder = TempDir::new().expect("the system's folder for temporary files is writable");
        let served = Served::start("clickhouse", "serve_clickhouse.py", &[&folder.path().display().to_string()]);
        Box::new(Folder { served, _folder: folder })
    }
}

struct Folder {
    served: Served,
    _folder: TempDir,
}

impl Database for Folder {
    fn run(&self, file: &Path) -> Outcome {
        self.served.run("", &text(file))
    }

    fn rows(&self, query: &str) -> Vec<String> {
        self.served.rows("", query)
    }

    fn by_hand(&self, sql: &str) -> String {
        let replaced = |pattern: &str, text: &str, instead: &str| Regex::new(pattern).unwrap().replace_all(text, instead).into_owned();
        let sql = replaced(r"(?m)^--.*\n", sql, "");
        let sql = replaced(r"create schema", &sql, "create database");
        let sql = replaced(r"\btimestamp\b", &sql, "DateTime64(6, 'UTC')");
        let sql = replaced(r"update (\S+) set ", &sql, "alter table $1 update ");
        replaced(r"delete from (\S+);", &sql, "delete from $1 where true;")
    }

    fn refuse_nulls(&self, table: &str, column: &str) -> String {
        format!("alter table {table} add constraint refuse_nulls check {column} is not null;")
    }

    fn allow_nulls(&self, table: &str, _column: &str) -> String {
        format!("alter table {table} drop constraint refuse_nulls;")
    }
}
