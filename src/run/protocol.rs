//! What a session is sent around a step, and what must come back before the step counts as done. Takes a dialect and a client's
//! profile; gives the text before a step (safe mode), the text after it, and the words that this text makes the client print.

use minijinja::Value;

use super::heard::{Mark, State};
use super::known::{Input, Known, NO_ERROR, TOKEN};
use super::token;
use crate::diagnostics::Diagnostic;
use crate::dialect::Dialect;

/// How one client is spoken to.
#[derive(Clone, Debug)]
pub struct Protocol {
    pub input: Input,
    /// Makes the client stop at an error and commit each statement, whatever its options, its files or a hook say.
    safe_mode: String,
    /// Prints a word without a query, before a transaction is looked for.
    reached: Option<&'static str>,
    pub error_check: Option<&'static str>,
    /// Fails within a transaction.
    outside: String,
    /// With [`TOKEN`] and [`OPEN`] in it.
    marker: String,
}

/// What stands for the word that means an open transaction.
const OPEN: &str = "{open}";

/// The texts around one step.
pub struct Check {
    pub before: String,
    pub after: String,
    pub words: Vec<(Mark, String)>,
}

/// What the words say of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Done,
    /// A statement failed, and the client ran what follows.
    WentOn,
    /// A statement failed, and the client left out the rest of the step.
    Failed,
    /// The step ended within a transaction.
    Open,
}

impl Protocol {
    /// For a client with this profile; without one it is sent nothing but SQL.
    pub fn new(dialect: &Dialect, profile: Option<&Known>) -> Result<Protocol, Diagnostic> {
        let sql = |name: &str| dialect.sql(name, &[]).map(|sql| sql.0.trim().to_string());
        let quoted = |word: &str| Value::from_safe_string(format!("'{word}x{word}'"));
        let marker = dialect.sql("marker", &[("token", quoted(TOKEN)), ("open", quoted(OPEN))])?.0;
        let command = profile.and_then(|profile| profile.marker);
        let autocommit = sql("autocommit")?;
        let mut safe_mode = profile.map(|profile| profile.safe_mode.to_string()).unwrap_or_default();
        if !autocommit.is_empty() {
            safe_mode.push_str(&format!("{autocommit}\n"));
        }
        Ok(Protocol {
            input: profile.map_or(Input::Stream, |profile| profile.input),
            safe_mode,
            reached: command,
            error_check: profile.and_then(|profile| profile.error_check),
            outside: sql("outside_transaction")?,
            marker: command.map_or(marker, str::to_string),
        })
    }

    /// The texts for the next step, with new words.
    pub fn check(&self) -> Check {
        let mut words = Vec::new();
        let mut word = |mark: Mark, ending: Option<&str>| {
            let token = token::hex();
            words.push((mark, ending.map_or_else(|| format!("{token}-{token}"), |ending| format!("{token}{ending}"))));
            token
        };
        let mut after = self.safe_mode.clone();
        if let Some(command) = self.error_check {
            after.push_str(&format!("{}\n", command.replace(TOKEN, &word(Mark::Clean, Some(NO_ERROR)))));
        }
        if let Some(command) = self.reached.filter(|_| !self.outside.is_empty()) {
            after.push_str(&format!("{}\n", command.replace(TOKEN, &word(Mark::Reached, None))));
        }
        if !self.outside.is_empty() {
            after.push_str(&format!("{}\n", self.outside));
        }
        after.push_str(&self.marker.replace(TOKEN, &word(Mark::Done, None)));
        if self.marker.contains(OPEN) {
            after = after.replace(OPEN, &word(Mark::Open, None));
        }
        after.push('\n');
        if self.input == Input::Lines {
            // A line ends at its first error; the next line is run in any case.
            after.push_str(&format!("{}\n", self.marker.replace(TOKEN, &word(Mark::Over, None))));
        }
        Check { before: self.safe_mode.clone(), after, words }
    }

    /// The text that a file must end with to show that it was run to its end, outside of a transaction.
    pub fn file_check(&self) -> Check {
        let bare = Protocol { safe_mode: String::new(), error_check: None, reached: None, input: Input::Stream, ..self.clone() };
        bare.check()
    }

    /// What the words of a file say, as far as the client prints them.
    pub fn file_answer(heard: &State) -> Option<Answer> {
        let answers = [(Mark::Open, Answer::Open), (Mark::Done, Answer::Done)];
        answers.into_iter().find(|(mark, _)| heard.found(*mark)).map(|(_, answer)| answer)
    }

    /// What was heard so far, if it decides.
    pub fn answer(&self, heard: &State) -> Option<Answer> {
        let failed = self.error_check.is_some() && !heard.found(Mark::Clean);
        if heard.found(Mark::Open) {
            Some(Answer::Open)
        } else if heard.found(Mark::Done) {
            Some(if failed { Answer::WentOn } else { Answer::Done })
        } else {
            heard.found(Mark::Over).then_some(Answer::Failed)
        }
    }

    /// What an ended client's words say: one that printed the first word and not the last failed at looking for a transaction.
    pub fn last_answer(&self, heard: &State) -> Option<Answer> {
        self.answer(heard).or_else(|| heard.found(Mark::Reached).then_some(Answer::Open))
    }
}

impl Answer {
    /// Why the step is not done.
    pub fn reason(self) -> Option<String> {
        let reason = match self {
            Answer::Done => return None,
            Answer::WentOn => "a statement failed, and the client went on after it; the session was ended",
            Answer::Failed => "a statement failed, and the client left out the rest of the step; the session was ended",
            Answer::Open => {
                "the step left a transaction open, so that what it did was rolled back: a `begin` without `commit`, or autocommit switched off"
            }
        };
        Some(reason.to_string())
    }
}
