//! The protocol of a session: the text before a step (safe mode), the text after it, and the
//! markers that the client must print for the step to count as done. Depends on the dialect and the
//! client's profile.

use minijinja::Value;

use super::client_profiles::{ClientProfile, NO_ERROR, StdinMode, TOKEN};
use super::output_capture::{CaptureState, Marker};
use super::token;
use crate::diagnostics::Diagnostic;
use crate::dialect::Dialect;

/// The protocol with one client.
#[derive(Clone, Debug)]
pub struct Protocol {
    pub input: StdinMode,
    /// Makes the client stop at an error and commit each statement, whatever its options, files or
    /// a hook set.
    safe_mode: String,
    /// Prints a marker without a query, before the check for an open transaction.
    reached: Option<&'static str>,
    pub error_check: Option<&'static str>,
    /// A statement that fails within a transaction.
    outside: String,
    /// The marker, with [`TOKEN`] and [`OPEN`] as placeholders.
    marker: String,
}

/// The placeholder of the marker for an open transaction.
const OPEN: &str = "{open}";

/// The texts around one step.
pub struct StepFrame {
    pub before: String,
    pub after: String,
    pub words: Vec<(Marker, String)>,
}

/// The outcome of a step, from its markers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkerAnswer {
    Done,
    /// A statement failed, and the client ran the following ones.
    Continued,
    /// A statement failed, and the client skipped the rest of the step.
    Failed,
    /// The step ended within a transaction.
    Open,
}

impl Protocol {
    /// The protocol for a client with this profile; without one, it consists of SQL only.
    pub fn new(dialect: &Dialect, profile: Option<&ClientProfile>) -> Result<Protocol, Diagnostic> {
        let sql = |name: &str| dialect.sql(name, &[]).map(|sql| sql.0.trim().to_string());
        let quoted =
            |marker_word: &str| Value::from_safe_string(format!("'{marker_word}x{marker_word}'"));
        let marker = dialect.sql("marker", &[("token", quoted(TOKEN)), ("open", quoted(OPEN))])?.0;
        let command = profile.and_then(|profile| profile.marker);
        let autocommit = sql("autocommit")?;
        let mut safe_mode =
            profile.map(|profile| profile.safe_mode.to_string()).unwrap_or_default();
        if !autocommit.is_empty() {
            safe_mode.push_str(&format!("{autocommit}\n"));
        }
        Ok(Protocol {
            input: profile.map_or(StdinMode::Stream, |profile| profile.input),
            safe_mode,
            reached: command,
            error_check: profile.and_then(|profile| profile.error_check),
            outside: sql("outside_transaction")?,
            marker: command.map_or(marker, str::to_string),
        })
    }

    /// The texts around the next step, with new markers.
    pub fn check(&self) -> StepFrame {
        let mut words = Vec::new();
        let mut marker_word = |mark: Marker, ending: Option<&str>| {
            let token = token::hex();
            words.push((
                mark,
                ending.map_or_else(
                    || format!("{token}-{token}"),
                    |ending| format!("{token}{ending}"),
                ),
            ));
            token
        };
        let mut after = self.safe_mode.clone();
        if let Some(command) = self.error_check {
            after.push_str(&format!(
                "{}\n",
                command.replace(TOKEN, &marker_word(Marker::Clean, Some(NO_ERROR)))
            ));
        }
        if let Some(command) = self.reached.filter(|_| !self.outside.is_empty()) {
            after.push_str(&format!(
                "{}\n",
                command.replace(TOKEN, &marker_word(Marker::Reached, None))
            ));
        }
        if !self.outside.is_empty() {
            after.push_str(&format!("{}\n", self.outside));
        }
        after.push_str(&self.marker.replace(TOKEN, &marker_word(Marker::Done, None)));
        if self.marker.contains(OPEN) {
            after = after.replace(OPEN, &marker_word(Marker::Open, None));
        }
        after.push('\n');
        if self.input == StdinMode::Lines {
            // A line ends at its first error; the client always runs the next line.
            after.push_str(&format!(
                "{}\n",
                self.marker.replace(TOKEN, &marker_word(Marker::Over, None))
            ));
        }
        StepFrame { before: self.safe_mode.clone(), after, words }
    }

    /// The text at the end of a file that proves that the client ran all of it, outside of a
    /// transaction.
    pub fn file_check(&self) -> StepFrame {
        let bare = Protocol {
            safe_mode: String::new(),
            error_check: None,
            reached: None,
            input: StdinMode::Stream,
            ..self.clone()
        };
        bare.check()
    }

    /// The answer of the markers of a file, if the client prints them.
    pub fn file_answer(output: &CaptureState) -> Option<MarkerAnswer> {
        let answers = [(Marker::Open, MarkerAnswer::Open), (Marker::Done, MarkerAnswer::Done)];
        answers.into_iter().find(|(mark, _)| output.has(*mark)).map(|(_, answer)| answer)
    }

    /// The answer of the markers so far, if it is final.
    pub fn answer(&self, output: &CaptureState) -> Option<MarkerAnswer> {
        let failed = self.error_check.is_some() && !output.has(Marker::Clean);
        if output.has(Marker::Open) {
            Some(MarkerAnswer::Open)
        } else if output.has(Marker::Done) {
            Some(if failed { MarkerAnswer::Continued } else { MarkerAnswer::Done })
        } else {
            output.has(Marker::Over).then_some(MarkerAnswer::Failed)
        }
    }

    /// The answer of a client that has ended. If it printed the first marker but not the last, the
    /// transaction check failed.
    pub fn last_answer(&self, output: &CaptureState) -> Option<MarkerAnswer> {
        self.answer(output).or_else(|| output.has(Marker::Reached).then_some(MarkerAnswer::Open))
    }
}

impl MarkerAnswer {
    /// Why the step is not done, if it is not.
    pub fn reason(self) -> Option<String> {
        let reason = match self {
            MarkerAnswer::Done => return None,
            MarkerAnswer::Continued => {
                "a statement failed, and the client continued; the session was ended"
            }
            MarkerAnswer::Failed => {
                "a statement failed, and the client skipped the rest of the step; the session was \
                 ended"
            }
            MarkerAnswer::Open => {
                "the step left a transaction open, so its changes were rolled back: a `begin` \
                 without `commit`, or autocommit is off"
            }
        };
        Some(reason.to_string())
    }
}
