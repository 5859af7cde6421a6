//! DuckDB: a file in a temporary folder, and the command-line client.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::engine::{Database, Engine, Outcome, argv, installed, lines, outcome};

pub struct DuckDb;

impl Engine for DuckDb {
    fn dialect(&self) -> &'static str {
        "duckdb"
    }

    fn database(&self) -> Box<dyn Database> {
        Box::new(Folder(TempDir::new().expect("the temporary folder is writable")))
    }
}

struct Folder(TempDir);

impl Folder {
    fn client(&self) -> Command {
        let mut client = Command::new(installed("duckdb"));
        // A zone other than UTC: windows must not depend on the client's zone.
        client
            .arg(self.0.path().join("shop.duckdb"))
            .args(["-bail", "-no-init"])
            .env("TZ", "America/New_York");
        client
    }
}

impl Database for Folder {
    fn run(&self, file: &Path) -> Outcome {
        outcome(self.client().arg("-f").arg(file))
    }

    fn session(&self) -> Vec<String> {
        argv(self.client().args(["-batch", "-list"]))
    }

    fn rows(&self, query: &str) -> Vec<String> {
        lines(self.client().args(["-list", "-noheader", "-nullvalue", "null", "-c", query]))
    }
}
