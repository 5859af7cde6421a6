//! Engines without a client, or with a client that starts slowly: a script runs a server process
//! that reads a line of JSON for each file or query and answers with a line of JSON.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::engine::{Outcome, installed, plain_times};

pub struct Served(Mutex<Process>);

/// One process for all tests; it starts with the first test.
pub struct Shared {
    environment: &'static str,
    script: &'static str,
    served: OnceLock<(Served, TempDir)>,
    databases: AtomicUsize,
}

/// A database in a shared process.
pub struct Session<'a> {
    served: &'a Served,
    name: String,
}

struct Process {
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Served {
    /// Starts a script of this folder in a Python environment that `tests/run` installs.
    pub fn start(environment: &str, script: &str, arguments: &[&str]) -> Self {
        let mut python = Command::new(installed(environment).join("bin/python"));
        python
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/engines").join(script))
            .args(arguments);
        python.env("TZ", "America/New_York").env("SPARK_LOCAL_IP", "127.0.0.1");
        let mut child = python
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("python starts");
        let answers = BufReader::new(child.stdout.take().expect("stdout is piped"));
        Served(Mutex::new(Process { requests: child.stdin.take(), answers, child }))
    }

    pub fn run(&self, database: &str, sql: &str) -> Outcome {
        let answer = self.request(&json!({"database": database, "sql": sql}));
        Outcome {
            ok: answer["error"].is_null(),
            stderr: answer["error"].as_str().unwrap_or_default().to_string(),
        }
    }

    pub fn rows(&self, database: &str, query: &str) -> Vec<String> {
        let answer = self.request(&json!({"database": database, "query": query}));
        assert!(answer["error"].is_null(), "{query}\n{}", answer["error"]);
        let rows = answer["rows"].as_array().expect("an answer has rows").iter();
        rows.map(|row| plain_times(row.as_str().expect("a row is text"))).collect()
    }

    fn request(&self, request: &Value) -> Value {
        let mut process = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut answer = String::new();
        let requests = process.requests.as_mut().expect("the process was started");
        writeln!(requests, "{request}")
            .and_then(|()| requests.flush())
            .expect("the script reads requests");
        process.answers.read_line(&mut answer).expect("the script answers");
        serde_json::from_str(&answer)
            .unwrap_or_else(|error| panic!("{error}: {answer}\nto {request}"))
    }
}

impl Shared {
    pub fn new(environment: &'static str, script: &'static str) -> Self {
        Shared { environment, script, served: OnceLock::new(), databases: AtomicUsize::new(0) }
    }

    pub fn session(&self, kind: &str) -> Session<'_> {
        let (served, _) = self.served.get_or_init(|| {
            let folder = TempDir::new().expect("the temporary folder is writable");
            (
                Served::start(
                    self.environment,
                    self.script,
                    &[&folder.path().display().to_string()],
                ),
                folder,
            )
        });
        Session {
            served,
            name: format!("{kind}{}", self.databases.fetch_add(1, Ordering::Relaxed)),
        }
    }
}

impl Session<'_> {
    pub fn run(&self, sql: &str) -> Outcome {
        self.served.run(&self.name, sql)
    }

    pub fn rows(&self, query: &str) -> Vec<String> {
        self.served.rows(&self.name, query)
    }
}

/// The text of a plan's file.
pub fn text(file: &Path) -> String {
    fs::read_to_string(file).expect("the file exists")
}

impl Drop for Served {
    fn drop(&mut self) {
        let process = self.0.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        drop(process.requests.take());
        process.child.wait().expect("the process was started");
    }
}
