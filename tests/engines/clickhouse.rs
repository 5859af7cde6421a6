//! ClickHouse in a Python process (chdb), one for each test, with its data in a temporary folder.

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

    fn excluded_cases(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("grants_are_applied", "chdb cannot create roles"),
            ("merge_updates_and_inserts_by_key", "the dialect rejects merge at compile time"),
            (
                "delete_and_insert_replaces_by_key",
                "the dialect rejects `delete+insert` at compile time",
            ),
            ("a_seed_has_the_values_of_its_file", "the dialect has no seeds"),
            ("a_seed_is_reloaded_under_a_view", "the dialect has no seeds"),
            ("a_seed_of_many_rows_is_loaded_whole", "the dialect has no seeds"),
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
        let folder = TempDir::new().expect("the temporary folder is writable");
        let served = Served::start(
            "clickhouse",
            "serve_clickhouse.py",
            &[&folder.path().display().to_string()],
        );
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

    fn adapt_sql(&self, sql: &str) -> String {
        let replace = |pattern: &str, text: &str, replacement: &str| {
            Regex::new(pattern).unwrap().replace_all(text, replacement).into_owned()
        };
        let sql = replace(r"(?m)^--.*\n", sql, "");
        let sql = replace(r"create schema", &sql, "create database");
        let sql = replace(r"\btimestamp\b", &sql, "DateTime64(6, 'UTC')");
        let sql = replace(r"update (\S+) set ", &sql, "alter table $1 update ");
        replace(r"delete from (\S+);", &sql, "delete from $1 where true;")
    }

    fn refuse_nulls(&self, table: &str, column: &str) -> String {
        format!("alter table {table} add constraint refuse_nulls check {column} is not null;")
    }

    fn allow_nulls(&self, table: &str, _column: &str) -> String {
        format!("alter table {table} drop constraint refuse_nulls;")
    }
}
