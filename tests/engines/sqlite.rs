//! SQLite: a folder with a file per schema, which the command-line client attaches.

use std::fs::File;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::engine::{Database, Engine, Outcome, argv, lines, outcome};

pub struct Sqlite;

impl Engine for Sqlite {
    fn dialect(&self) -> &'static str {
        "sqlite"
    }

    fn excluded_cases(&self) -> &'static [(&'static str, &'static str)] {
        &[("merge_updates_and_inserts_by_key", "the dialect rejects merge at compile time")]
    }

    fn allows_concurrent_clients(&self) -> bool {
        true
    }

    fn database(&self) -> Box<dyn Database> {
        Box::new(Folder(TempDir::new().expect("the temporary folder is writable")))
    }
}

struct Folder(TempDir);

impl Folder {
    fn client(&self) -> Command {
        let mut client = Command::new("sqlite3");
        client.args(["-bail", "-batch", "-init", "/dev/null", "-cmd", ".timeout 60000"]);
        client.args([
            "-cmd",
            &format!("attach '{}' as analytics", self.0.path().join("analytics").display()),
        ]);
        client.arg(self.0.path().join("main"));
        client
    }
}

impl Database for Folder {
    fn run(&self, file: &Path) -> Outcome {
        outcome(self.client().stdin(File::open(file).expect("the file exists")))
    }

    fn session(&self) -> Vec<String> {
        argv(&self.client())
    }

    fn rows(&self, query: &str) -> Vec<String> {
        lines(self.client().args(["-list", "-nullvalue", "null"]).arg(query))
    }

    fn adapt_sql(&self, sql: &str) -> String {
        // A view reads only tables of its own schema, so the project's raw tables are in
        // `analytics` too.
        sql.replace("create schema raw;", "").replace("raw.", "analytics.")
    }

    fn refuse_nulls(&self, table: &str, column: &str) -> String {
        let (schema, name) = table.split_once('.').expect("the table has a schema");
        format!(
            "create trigger {schema}.refuse_nulls before insert on {name} when new.{column} is \
             null \
             begin select raise(abort, '{column} is null'); end;"
        )
    }
}
