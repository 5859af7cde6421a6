//! The lines of a journal: JSON objects, tagged by `event`. A versioned public contract.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::target::TargetIdentity;
use crate::diagnostics::printable;
use crate::plan::StepKind;

/// The version of the schema; an incompatible change increments it.
pub const SCHEMA_VERSION: u32 = 1;

/// A line of the journal.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Entry {
    /// A run starts. A retry is a `resumed` run: steps that the previous run finished stay done.
    Run(RunEntry),
    /// A step starts.
    Start(StartEntry),
    /// An attempt of a step failed, and the step is repeated.
    Attempt(AttemptEntry),
    /// A step has ended.
    Step(StepEndEntry),
    /// The first step has created the database file of the run.
    Target(TargetEntry),
    /// A run has ended. Absent if it was killed.
    End(EndEntry),
}

/// The start of a run.
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
    /// The client's argument vector, which a retry uses again. Absent if it has a password.
    pub client: Option<Vec<String>>,
    pub threads: usize,
    /// `undo` or `cleanup`, if the run is of these files and not of the plan's steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extra: Option<StepKind>,
    /// Whether audits run too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub audit: bool,
    /// The number of steps to run.
    pub steps: usize,
    /// The models of the run, in dbt's selection grammar; absent for all models.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub select: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
    /// The unique ids of the models, if a run is of selected ones: the results of the others stay.
    /// Absent in a retry, and in older journals.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<String>,
    /// The shard of the plan: `3/8`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<String>,
    /// The database. Absent in older journals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<TargetIdentity>,
}

/// The database of a run, if it did not exist when the run started.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct TargetEntry {
    pub run: String,
    pub target: TargetIdentity,
}

/// A failed attempt of a step. The step is repeated, since the failure is transient.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct AttemptEntry {
    pub run: String,
    pub step: String,
    /// UTC, RFC 3339.
    pub at: String,
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// The time until the next attempt.
    pub wait_seconds: f64,
    /// The error message of the client.
    pub message: String,
}

/// The start of a step.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct StartEntry {
    pub run: String,
    pub step: String,
    pub sha256: String,
    /// UTC, RFC 3339.
    pub at: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct StepEndEntry {
    pub run: String,
    pub step: String,
    pub sha256: String,
    pub model: String,
    pub kind: StepKind,
    /// UTC, RFC 3339; for batches only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_time_start: Option<String>,
    /// Exclusive; UTC, RFC 3339; for batches only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_time_end: Option<String>,
    /// The hash of the file without its row of the ledger; only in a plan with a ledger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement_sha256: Option<String>,
    /// The table that a batch writes, if it is not that of the model: the `shadow` table of a full
    /// refresh, or the `staged` one of a backfill.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// The table of the model. Absent in older journals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relation: Option<String>,
    pub started: String,
    pub seconds: f64,
    pub outcome: Outcome,
    /// The client's exit code; absent if a session continues or a signal ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// The reason of a failure that batchwright detected: `timed out after 60 seconds`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The end of the client's stderr.
    #[serde(default)]
    pub stderr: String,
    /// The end of the client's stdout, if a step failed with empty stderr.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stdout: String,
}

/// The outcome of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Success,
    Failed,
}

/// The end of a run.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct EndEntry {
    pub run: String,
    pub at: String,
    pub done: usize,
    pub failed: usize,
    /// Steps that did not run, because of a failure, `--fail-fast` or Ctrl-C.
    pub open: usize,
}

impl StepEndEntry {
    /// The reason of a failure and the client's output, without control characters.
    pub fn words(&self) -> String {
        printable(&words(self.reason.as_deref(), &self.stderr, &self.stdout)).into_owned()
    }
}

/// Joins the reason of a failure and the client's output.
pub fn words(reason: Option<&str>, stderr: &str, stdout: &str) -> String {
    let printed = [stderr, stdout].into_iter().map(str::trim).find(|text| !text.is_empty());
    match (reason, printed) {
        (Some(reason), Some(printed)) => format!("{reason}\n{printed}"),
        (Some(reason), None) => reason.to_string(),
        (None, printed) => printed.unwrap_or_default().to_string(),
    }
}

impl RunEntry {
    /// The client's arguments for the journal; `None` if one of them has a password.
    pub fn without_secrets(argv: &[String]) -> Option<Vec<String>> {
        let secret = regex::Regex::new(concat!(
            r"(?i)://[^/@\s]*:[^/@\s]+@|passw(or)?d\s*=",
            r"|^--?(password|pwd|token|secret)\b|^-p.|token=|secret=",
        ))
        .expect("a constant pattern");
        (!argv.iter().any(|argument| argument == "-P" || secret.is_match(argument)))
            .then(|| argv.to_vec())
    }
}

#[cfg(test)]
impl StepEndEntry {
    /// A successful batch without a window, for tests.
    pub fn success(step: &str) -> StepEndEntry {
        StepEndEntry {
            run: String::new(),
            step: step.to_string(),
            sha256: crate::plan::Sha256::of(b"1").to_string(),
            model: String::new(),
            kind: StepKind::Batch,
            event_time_start: None,
            event_time_end: None,
            statement_sha256: None,
            table: None,
            relation: Some("t".to_string()),
            started: String::new(),
            seconds: 0.0,
            outcome: Outcome::Success,
            exit_code: None,
            signal: None,
            reason: None,
            stderr: String::new(),
            stdout: String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_written() {
        let argv = |words: &str| words.split(' ').map(str::to_string).collect::<Vec<_>>();
        for secret in [
            "psql postgresql://me:pw@host/shop",
            "mariadb -psecret",
            "mysql --password=x",
            "psql host=h;password=x",
            "sqlcmd -P x",
        ] {
            assert_eq!(RunEntry::without_secrets(&argv(secret)), None, "{secret}");
        }
        for plain in ["psql -X -p 5432 postgresql://me@host/shop", "duckdb -bail data/token.duckdb"]
        {
            assert!(RunEntry::without_secrets(&argv(plain)).is_some(), "{plain}");
        }
    }
}
