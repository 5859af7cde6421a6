//! Verifies, before the first step, that a client runs its input and stops at an error. It tests
//! the client itself, since arguments, wrappers and option files may have any effect. Sets the
//! protocol; returns the open session, if it can be used. Refuses a client that continues after an
//! error.

use std::time::Instant;

use super::client::{Client, ClientSession, StepResult};
use super::client_profiles::{self, ClientProfile, StdinMode};
use super::journal;
use super::protocol::{MarkerAnswer, Protocol};
use crate::diagnostics::Diagnostic;
use crate::dialect::Dialect;

/// Why a client cannot run steps.
pub enum Unverified {
    /// It continues after an error, or does not commit: the request is invalid.
    Unsafe(Diagnostic),
    /// It did not run a valid query, so no step would succeed.
    NoAnswer(Diagnostic),
}

impl From<Diagnostic> for Unverified {
    fn from(diagnostic: Diagnostic) -> Unverified {
        Unverified::Unsafe(diagnostic)
    }
}

/// Tests the client, and sets its protocol.
pub fn verify(client: &mut Client) -> Result<Option<ClientSession>, Unverified> {
    if client.per_step() { by_file(client).map(|()| None) } else { in_session(client) }
}

/// The possible profiles of a client: that of its program, or of the dialect's default client,
/// which a script may start.
fn profiles(client: &Client) -> Vec<Option<&'static ClientProfile>> {
    if let Some((known, _)) = client_profiles::profile(&client.argv) {
        return vec![Some(known)];
    }
    let default_client = &client.dialect.client.command;
    let default_client = client_profiles::profile(default_client)
        .map(|(known, _)| known)
        .filter(|known| !known.safe_mode.is_empty() || known.input == StdinMode::Lines);
    default_client.map(Some).into_iter().chain([None]).collect()
}

fn in_session(client: &mut Client) -> Result<Option<ClientSession>, Unverified> {
    let failing = failing(client.dialect)?;
    let mut unanswered_result = None;
    for profile in profiles(client) {
        client.protocol = Protocol::new(client.dialect, profile)?;
        let mut session = client.open()?;
        let first = client.feed(&mut session, "the first query".as_ref(), b"");
        if first.answer == Some(MarkerAnswer::Open) {
            session.end();
            return Err(within_transaction(client));
        }
        if !first.done {
            session.end();
            let interrupted = client.shutdown.is_requested();
            unanswered_result = Some(first);
            if interrupted {
                break;
            }
            continue;
        }
        if client.protocol.input == StdinMode::ToEnd {
            session.end();
            session = client.open()?;
        }
        let started = Instant::now();
        let second = client.feed(&mut session, "the failing query".as_ref(), failing.as_bytes());
        return match second.answer {
            _ if second.done => Err(unsafe_client(
                client,
                "it got a failing statement and another one, and ran both",
            )),
            Some(MarkerAnswer::Continued) => Err(unsafe_client(
                client,
                "it got a failing statement and another one, and ran both",
            )),
            // Such a client can be used again, and its start takes long.
            Some(MarkerAnswer::Failed) => Ok(Some(session)),
            None if ended_by_itself(client, &second, started) => {
                session.end();
                Ok(None)
            }
            _ => Err(unanswered(client, &second)),
        };
    }
    Err(unanswered(client, &unanswered_result.unwrap_or_default()))
}

fn by_file(client: &mut Client) -> Result<(), Unverified> {
    let profile = client_profiles::profile(&client.argv).map(|(known, _)| known);
    client.protocol = Protocol::new(client.dialect, profile)?;
    let check = client.protocol.file_check();
    let file = journal::scratch(&check.after)?;
    let (first, answer) = client.checked_file(file.path(), check.words)?;
    if answer == Some(MarkerAnswer::Open) {
        return Err(within_transaction(client));
    }
    if !first.done {
        return Err(unanswered(client, &first));
    }
    let check = client.protocol.file_check();
    let file = journal::scratch(&format!("{}\n{}", failing(client.dialect)?, check.after))?;
    let started = Instant::now();
    let (second, answer) = client.checked_file(file.path(), check.words)?;
    if answer.is_some() {
        return Err(unsafe_client(
            client,
            "it got a file with a failing statement and another one, and ran both",
        ));
    }
    if second.done {
        return Err(unsafe_client(
            client,
            "it got a file with a failing statement, and ended with exit code 0",
        ));
    }
    if ended_by_itself(client, &second, started) {
        Ok(())
    } else {
        Err(unanswered(client, &second))
    }
}

/// Whether the client ended because of an error, and not by a signal, the time limit or the user.
fn ended_by_itself(client: &Client, ended: &StepResult, started: Instant) -> bool {
    let in_time = client.timeout.is_none_or(|timeout| started.elapsed() < timeout);
    ended.exit_code.is_some() && in_time && !client.shutdown.is_requested()
}

fn failing(dialect: &Dialect) -> Result<String, Diagnostic> {
    Ok(dialect.sql("failing", &[])?.0)
}

fn unsafe_client(client: &Client, what: &str) -> Unverified {
    let error = Diagnostic::error(format!("`{}` does not stop at an error", client.argv[0]))
        .note(what)
        .note("a failed batch would lose the rows that it has deleted, and would count as done");
    let error = match client_profiles::profile(&client.argv)
        .map(|(known, _)| known.cure)
        .filter(|cure| !cure.is_empty())
    {
        Some(cure) => error.hint(cure),
        None => error
            .hint("the client must end with a non-zero exit code at the first failing statement"),
    };
    Unverified::Unsafe(error)
}

fn within_transaction(client: &Client) -> Unverified {
    let error = Diagnostic::error(format!(
        "`{}` runs all input within a \
        transaction",
        client.argv[0]
    ))
    .note(
        "`begin` and `commit` in a file would have no effect, and a client that does not \
            commit at its end loses the rows",
    )
    .hint(
        "remove options such as `--single-transaction`, and look for `begin` or autocommit \
            in the client's options and files",
    );
    Unverified::Unsafe(error)
}

fn unanswered(client: &Client, ended: &StepResult) -> Unverified {
    let mut failed = Diagnostic::error(format!(
        "`{}` did not run the test query, so no step was run",
        client.argv[0]
    ));
    for line in
        super::entry::words(ended.reason.as_deref(), &ended.stderr, &ended.stdout).lines().take(12)
    {
        failed = failed.note(line);
    }
    Unverified::NoAnswer(failed.hint("does it connect? try it yourself with the same arguments"))
}
