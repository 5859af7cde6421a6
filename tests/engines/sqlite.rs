//! SQLite: a folder with a file for the schema, which the client attaches, and the command-line client.

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

    fn left_out(&self) -> &'static [(&'static str, &'static str)] {
        &[("merge_changes_and_adds_by_key", "the dialect refuses to merge when it compiles")]
    }

    fn side_by_side(&self) -> bool {
        true
    }

    fn database(&self) -> Box<dyn Database> {
        Box::new(Folder(TempDir::new().expect("the system's folder for temporary files is writable")))
    }
}

struct Folder(TempDir);

impl Folder {
    fn client(&self) -> Command {
        let mut client = Command::new("sqlite3");
        client.args(["-bail", "-batch", "-init", "/dev/null", "-cmd", ".timeout 60000"]);
        client.args(["-cmd", &format!("attach '{}' as analytics", self.0.path().join("analytics").display())]);
        client.arg(self.0.path().join("main"));
        client
    }
}

impl Database for Folder {
    fn run(&self, file: &Path) -> Outcome {
        outcome(self.client().stdin(File::open(file).expect("the test wrote it")))
    }

    fn session(&self) -> Vec<String> {
        argv(&self.client())
    }

    fn rows(&self, query: &str) -> Vec<String> {
        lines(self.client().args(["-list", "-nullvalue", "null"]).arg(query))
    }

    fn by_hand(&self, sql: &str) -> String {
        // A view reads only tables of its own schema, so the raw tables stand there too, as the project says.
        sql.replace("create schema raw;", "").replace("raw.", "analytics.")
    }

    fn refuse_nulls(&self, table: &str, column: &str) -> String {
        let (schema, name) = table.split_once('.').expect("the tests name the schema");
        format!(
            "create trigger {schema}.refuse_nulls before insert on {name} when new.{column} is null \
             begin select raise(abort, '{column} is null'); end;"
        )
    }
}
