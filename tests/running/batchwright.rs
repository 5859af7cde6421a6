//! Starts the program under test.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The result of a command.
#[derive(Debug)]
pub struct CommandResult {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// Runs `batchwright COMMAND --plan PLAN ARGUMENTS -- CLIENT`.
pub fn batchwright(
    command: &str,
    plan: &Path,
    arguments: &[&str],
    client: &[String],
) -> CommandResult {
    let output =
        start(command, plan, arguments, client).wait_with_output().expect("batchwright ends");
    let text = |bytes| String::from_utf8(bytes).expect("batchwright prints UTF-8");
    CommandResult {
        code: output.status.code().unwrap_or(-1),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

/// Starts the same command and does not wait for it.
pub fn start(command: &str, plan: &Path, arguments: &[&str], client: &[String]) -> Child {
    let mut program = Command::new(env!("CARGO_BIN_EXE_batchwright"));
    program.arg(command).arg("--plan").arg(plan).args(arguments);
    if !client.is_empty() {
        program.arg("--").args(client);
    }
    // Keeps what batchwright stores about clients apart from the user's.
    program.env("XDG_STATE_HOME", concat!(env!("CARGO_TARGET_TMPDIR"), "/state"));
    program
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("batchwright starts")
}

pub fn strings(text: &[&str]) -> Vec<String> {
    text.iter().map(ToString::to_string).collect()
}

/// A client for `{file}` that passes the client check and runs `script` for each step; `"$0"` is
/// the step's file.
pub fn script_client(script: &str) -> Vec<String> {
    let check = r#"case "$(cat "$0")" in *batchwright_probe*) exit 1;; *batchwright_marker*) exit 0;; esac"#;
    strings(&["sh", "-c", &format!("{check}\n{script}"), "{file}"])
}

/// The journal of a plan: in the folder of its project, or next to a plan outside of projects.
pub fn journal_path(plan: &Path) -> PathBuf {
    let project = plan.ancestors().find(|folder| folder.join("dbt_project.yml").exists());
    let root = project.unwrap_or(plan.parent().unwrap());
    let name = plan.strip_prefix(root).unwrap().to_string_lossy().replace('/', ".");
    root.join(".batchwright").join(format!("{name}.journal.jsonl"))
}

/// The entries of a plan's journal.
pub fn journal(plan: &Path) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(journal_path(plan)).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// The ids and outcomes of the finished steps, in the order of the journal.
pub fn step_outcomes(plan: &Path) -> Vec<(String, String)> {
    let text =
        |entry: &serde_json::Value, key: &str| entry[key].as_str().unwrap_or_default().to_string();
    journal(plan)
        .iter()
        .filter(|entry| entry["event"] == "step")
        .map(|entry| (text(entry, "step"), text(entry, "outcome")))
        .collect()
}

/// Waits until the journal has a matching entry.
pub fn wait_for_entry(plan: &Path, matches: impl Fn(&serde_json::Value) -> bool) {
    for _ in 0..20_000 {
        if journal(plan).iter().any(&matches) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    panic!("timed out waiting for an entry of the journal: {:?}", journal(plan));
}
