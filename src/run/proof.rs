//! Makes a client prove, before the first step, that it runs what it is sent and stops at an error. The client itself is tested:
//! its arguments, its wrapper and its option files may say anything. Takes a client; gives how to speak to it, and the session that
//! was opened, if it is still good. Refuses a client that goes on after an error.

use std::time::Instant;

use super::client::{Client, Ended, Session};
use super::journal;
use super::known::{self, Input, Known};
use super::protocol::{Answer, Protocol};
use crate::diagnostics::Diagnostic;
use crate::dialect::Dialect;

/// Why no step may be handed to this client.
pub enum Unproven {
    /// It goes on after an error, or commits nothing: the request is wrong.
    Careless(Diagnostic),
    /// It did not run a query that must succeed: no step would succeed either.
    Silent(Diagnostic),
}

impl From<Diagnostic> for Unproven {
    fn from(diagnostic: Diagnostic) -> Unproven {
        Unproven::Careless(diagnostic)
    }
}

/// Tests the client, and sets its protocol.
pub fn prove(client: &mut Client) -> Result<Option<Session>, Unproven> {
    if client.per_step() { by_file(client).map(|()| None) } else { in_session(client) }
}

/// The profiles that a client may have: that of its program, or that of the dialect's own client, which a script may start.
fn profiles(client: &Client) -> Result<Vec<Option<&'static Known>>, Diagnostic> {
    if let Some((known, _)) = known::client(&client.argv) {
        return Ok(vec![Some(known)]);
    }
    let usual: Vec<String> = client.dialect.fact("client")?;
    let usual = known::client(&usual).map(|(known, _)| known).filter(|known| !known.safe_mode.is_empty() || known.input == Input::Lines);
    Ok(usual.map(Some).into_iter().chain([None]).collect())
}

fn in_session(client: &mut Client) -> Result<Option<Session>, Unproven> {
    let failing = failing(client.dialect)?;
    let mut silent = None;
    for profile in profiles(client)? {
        client.protocol = Protocol::new(client.dialect, profile)?;
        let mut session = client.open()?;
        let first = client.feed(&mut session, "the first query".as_ref(), b"");
        if first.answer == Some(Answer::Open) {
            session.end();
            return Err(within_transaction(client));
        }
        if !first.done {
            session.end();
            let interrupted = client.stop.soon();
            silent = Some(first);
            if interrupted {
                break;
            }
            continue;
        }
        if client.protocol.input == Input::Whole {
            session.end();
            session = client.open()?;
        }
        let begun = Instant::now();
        let second = client.feed(&mut session, "the failing query".as_ref(), failing.as_bytes());
        return match second.answer {
            _ if second.done => Err(careless(client, "it was sent a statement that fails and one behind it, and ran both")),
            Some(Answer::WentOn) => Err(careless(client, "it was sent a statement that fails and one behind it, and ran both")),
            // Such a client reads on, and a start of it takes long.
            Some(Answer::Failed) => Ok(Some(session)),
            None if ended_by_itself(client, &second, begun) => {
                session.end();
                Ok(None)
            }
            _ => Err(unanswered(client, &second)),
        };
    }
    Err(unanswered(client, &silent.unwrap_or_default()))
}

fn by_file(client: &mut Client) -> Result<(), Unproven> {
    let profile = known::client(&client.argv).map(|(known, _)| known);
    client.protocol = Protocol::new(client.dialect, profile)?;
    let check = client.protocol.file_check();
    let file = journal::scratch(&check.after)?;
    let (first, answer) = client.checked_file(file.path(), check.words)?;
    if answer == Some(Answer::Open) {
        return Err(within_transaction(client));
    }
    if !first.done {
        return Err(unanswered(client, &first));
    }
    let check = client.protocol.file_check();
    let file = journal::scratch(&format!("{}\n{}", failing(client.dialect)?, check.after))?;
    let begun = Instant::now();
    let (second, answer) = client.checked_file(file.path(), check.words)?;
    if answer.is_some() {
        return Err(careless(client, "it was handed a file with a statement that fails and one behind it, and ran both"));
    }
    if second.done {
        return Err(careless(client, "it was handed a file with a statement that fails, and ended with exit code 0"));
    }
    if ended_by_itself(client, &second, begun) { Ok(()) } else { Err(unanswered(client, &second)) }
}

/// Whether an error ended the client, and not a signal, the time limit or the user.
fn ended_by_itself(client: &Client, ended: &Ended, begun: Instant) -> bool {
    let in_time = client.timeout.is_none_or(|timeout| begun.elapsed() < timeout);
    ended.exit_code.is_some() && in_time && !client.stop.soon()
}

fn failing(dialect: &Dialect) -> Result<String, Diagnostic> {
    Ok(dialect.sql("failing", &[])?.0)
}

fn careless(client: &Client, what: &str) -> Unproven {
    let refused = Diagnostic::error(format!("`{}` does not stop at an error", client.argv[0]))
        .fact(what)
        .fact("a failed batch would lose the rows that it deleted before, and would count as done");
    let refused = match known::client(&client.argv).map(|(known, _)| known.cure).filter(|cure| !cure.is_empty()) {
        Some(cure) => refused.hint(cure),
        None => refused.hint("the client must end with another exit code than 0 at the first statement that fails"),
    };
    Unproven::Careless(refused)
}

fn within_transaction(client: &Client) -> Unproven {
    let refused = Diagnostic::error(format!("`{}` runs all that it is sent within a transaction", client.argv[0]))
        .fact("a file's own `begin` and `commit` would not be what they say, and a client that does not commit at its end loses the rows")
        .hint("leave out `--single-transaction` and the like, and look for `begin` or autocommit in the client's options and files");
    Unproven::Careless(refused)
}

fn unanswered(client: &Client, ended: &Ended) -> Unproven {
    let mut failed = Diagnostic::error(format!("`{}` did not run the first query, so no step was handed to it", client.argv[0]));
    for line in super::entry::words(ended.reason.as_deref(), &ended.stderr, &ended.stdout).lines().take(12) {
        failed = failed.fact(line);
    }
    Unproven::Silent(failed.hint("does it connect? try it by hand with the same arguments"))
}
