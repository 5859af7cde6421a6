//! The program under test, started as a user would.

use std::path::Path;
use std::process::{Child, Command, Stdio};

/// What a command did.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// `batchwright COMMAND --plan PLAN ARGUMENTS -- CLIENT`, to its end.
pub fn batchwright(command: &str, plan: &Path, arguments: &[&str], client: &[String]) -> Said {
    let output = start(command, plan, arguments, client).wait_with_output().expect("batchwright ends");
    let text = |bytes| String::from_utf8(bytes).expect("batchwright prints UTF-8");
    Said { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

/// The same, not waited for.
pub fn start(command: &str, plan: &Path, arguments: &[&str], client: &[String]) -> Child {
    let mut program = Command::new(env!("CARGO_BIN_EXE_batchwright"));
    program.arg(command).arg("--plan").arg(plan).args(arguments);
    if !client.is_empty() {
        program.arg("--").args(client);
    }
    // What is remembered of clients is the tests' own.
    program.env("XDG_STATE_HOME", concat!(env!("CARGO_TARGET_TMPDIR"), "/state"));
    program.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("batchwright starts")
}

pub fn words(text: &[&str]) -> Vec<String> {
    text.iter().map(ToString::to_string).collect()
}

/// A client for `{file}` that passes the proof, and does `script` for each step, whose file is `"$0"`.
pub fn honest(script: &str) -> Vec<String> {
    let proof = r#"case "$(cat "$0")" in *batchwright_probe*) exit 1;; *batchwright_marker*) exit 0;; esac"#;
    words(&["sh", "-c", &format!("{proof}\n{script}"), "{file}"])
}

/// The lines of a plan's journal.
pub fn journal(plan: &Path) -> Vec<serde_json::Value> {
    let path = plan.with_extension("journal.jsonl");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// The ids of the steps that ended, in the order of the journal, each with its outcome.
pub fn ended(plan: &Path) -> Vec<(String, String)> {
    let text = |entry: &serde_json::Value, key: &str| entry[key].as_str().unwrap_or_default().to_string();
    journal(plan).iter().filter(|entry| entry["event"] == "step").map(|entry| (text(entry, "step"), text(entry, "outcome"))).collect()
}

/// Waits until the journal has such a line.
pub fn run_until(plan: &Path, found: impl Fn(&serde_json::Value) -> bool) {
    for _ in 0..20_000 {
        if journal(plan).iter().any(&found) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    panic!("the journal never has that line: {:?}", journal(plan));
}
