//! The lines of a journal: one JSON object each, told apart by `event`. A public contract with a version.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::diagnostics::printable;
use crate::plan::Kind;

/// The version of the lines' shape; a change that a reader could stumble over raises it.
pub const SCHEMA_VERSION: u32 = 1;

/// A line of the journal.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Entry {
    /// A run begins. A retry is a run that is `resumed`: what was done since the run before it stays done.
    Run(RunEntry),
    /// A step is about to be handed to the client.
    Start(StartEntry),
    /// A step has ended.
    Step(StepEntry),
    /// A run has ended. Absent where it was killed.
    End(EndEntry),
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RunEntry {
    pub schema_version: u32,
    /// A random id.
    pub run: String,
    /// UTC, RFC 3339.
    pub at: String,
    /// The process id of batchwright.
    pub pid: u32,
    pub resumed: bool,
    /// The fingerprint of the plan's steps. Absent in older journals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// The run that it continues.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continues: Option<String>,
    /// The client's argument vector, which a retry uses again. Absent where it holds a password.
    pub client: Option<Vec<String>>,
    pub threads: usize,
    /// Whether the models' audits run too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub audit: bool,
    /// How many steps are to run.
    pub steps: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct StartEntry {
    pub run: String,
    pub step: String,
    pub sha256: String,
    /// UTC, RFC 3339.
    pub at: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct StepEntry {
    pub run: String,
    pub step: String,
    pub sha256: String,
    pub model: String,
    pub kind: Kind,
    /// UTC, RFC 3339; of a batch only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_time_start: Option<String>,
    /// Excluded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_time_end: Option<String>,
    pub started: String,
    pub seconds: f64,
    pub outcome: Outcome,
    /// The client's; absent where a session goes on or a signal ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// What batchwright saw: `timed out after 60 seconds`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The end of what the client wrote to stderr.
    #[serde(default)]
    pub stderr: String,
    /// The end of what it wrote to stdout, where a failed step left stderr empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stdout: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Success,
    Failed,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct EndEntry {
    pub run: String,
    pub at: String,
    pub done: usize,
    pub failed: usize,
    /// Neither: what a failure, `--fail-fast` or Ctrl-C kept from running.
    pub open: usize,
}

impl StepEntry {
    /// The client's own words, or what was seen of it, without control characters.
    pub fn words(&self) -> String {
        printable(&words(self.reason.as_deref(), &self.stderr, &self.stdout)).into_owned()
    }
}

/// What batchwright saw, and what the client printed.
pub fn words(reason: Option<&str>, stderr: &str, stdout: &str) -> String {
    let printed = [stderr, stdout].into_iter().map(str::trim).find(|text| !text.is_empty());
    match (reason, printed) {
        (Some(reason), Some(printed)) => format!("{reason}\n{printed}"),
        (Some(reason), None) => reason.to_string(),
        (None, printed) => printed.unwrap_or_default().to_string(),
    }
}

impl RunEntry {
    /// The client as it may be written to disk: not at all where an argument holds a password.
    pub fn keepable(argv: &[String]) -> Option<Vec<String>> {
        let secret = regex::Regex::new(r"(?i)://[^/@\s]*:[^/@\s]+@|passw(or)?d\s*=|^--?(password|pwd|token|secret)\b|^-p.|token=|secret=")
            .expect("a constant pattern");
        (!argv.iter().any(|argument| argument == "-P" || secret.is_match(argument))).then(|| argv.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_written_down() {
        let argv = |words: &str| words.split(' ').map(str::to_string).collect::<Vec<_>>();
        for secret in
            ["psql postgresql://me:pw@host/shop", "mariadb -psecret", "mysql --password=x", "psql host=h;password=x", "sqlcmd -P x"]
        {
            assert_eq!(RunEntry::keepable(&argv(secret)), None, "{secret}");
        }
        for plain in ["psql -X -p 5432 postgresql://me@host/shop", "duckdb -bail data/token.duckdb"] {
            assert!(RunEntry::keepable(&argv(plain)).is_some(), "{plain}");
        }
    }
}
