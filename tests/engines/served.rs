//! An engine without a client of its own, or with one that takes ten seconds to start: a script that stays, is given a line of
//! JSON for each file or query, and answers with one.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;

use serde_json::{Value, json};

use crate::engine::{Outcome, installed, plain_times};

pub struct Served(Mutex<Process>);

struct Process {
    child: Child,
    asks: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Served {
    /// Starts a script beside this file in one of the environments that `tests/run` installs.
    pub fn start(environment: &str, script: &str, arguments: &[&str]) -> Self {
        let mut python = Command::new(installed(environment).join("bin/python"));
        python.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/engines").join(script)).args(arguments);
        python.env("TZ", "America/New_York").env("SPARK_LOCAL_IP", "127.0.0.1");
        let mut child = python.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("python starts");
        let answers = BufReader::new(child.stdout.take().expect("it is piped"));
        Served(Mutex::new(Process { asks: child.stdin.take(), answers, child }))
    }

    pub fn run(&self, database: &str, file: &Path) -> Outcome {
        let answer = self.ask(&json!({"database": database, "file": file}));
        Outcome { ok: answer["said"].is_null(), said: answer["said"].as_str().unwrap_or_default().to_string() }
    }

    pub fn rows(&self, database: &str, query: &str) -> Vec<String> {
        let answer = self.ask(&json!({"database": database, "query": query}));
        assert!(answer["said"].is_null(), "{query}\n{}", answer["said"]);
        let rows = answer["rows"].as_array().expect("an answer has rows").iter();
        rows.map(|row| plain_times(row.as_str().expect("a row is text"))).collect()
    }

    fn ask(&self, question: &Value) -> Value {
        let mut process = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut answer = String::new();
        let asks = process.asks.as_mut().expect("it was started");
        writeln!(asks, "{question}").and_then(|()| asks.flush()).expect("the script listens");
        process.answers.read_line(&mut answer).expect("the script answers");
        serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{error}: {answer}\nto {question}"))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let process = self.0.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        drop(process.asks.take());
        process.child.wait().expect("it was started");
    }
}
