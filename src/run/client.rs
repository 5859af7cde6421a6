//! One step handed to one client. Takes SQL; gives how it ended, in the client's own words. A client is a process for each step
//! (`{file}` in its arguments) or a session: one process, fed step after step, with a marker after each that only a finished
//! step reaches. What a client's exit code or its marker does not show to be done is not done.

use std::io::Write;
use std::path::Path;
use std::process::ChildStdin;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use minijinja::Value;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::known::{self, Input, TOKEN};
use super::lines;
use super::process::{self, Exit, Process};
use super::stop::Stop;
use super::token;
use crate::diagnostics::Diagnostic;
use crate::dialect::Dialect;

/// The user's client.
pub struct Client<'a> {
    pub argv: Vec<String>,
    pub dialect: &'a Dialect,
    /// The marker, with a stand-in for the word that each step gets anew.
    pub marker: String,
    pub timeout: Option<Duration>,
    pub stop: Stop,
}

/// How a step ended.
#[derive(Clone, Debug, Default)]
pub struct Ended {
    pub done: bool,
    pub exit_code: Option<i32>,
    pub signal: Option<i32>,
    pub reason: Option<String>,
    pub stderr: String,
    pub stdout: String,
}

/// A session at work, kept by a worker between two steps.
pub struct Session {
    process: Process,
    /// Its end is the end of the client's standard input.
    feed: Option<Sender<Vec<u8>>>,
}

/// A session whose client says nothing this long is shown the end of its input: a step that is still at work goes on, and one
/// that left a quote open, so that the client waits for more, ends. Where lines are fed, quotes were looked at before.
const QUIET: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(20);

impl Client<'_> {
    /// Whether each step has a process of its own.
    pub fn per_step(&self) -> bool {
        self.argv.iter().any(|argument| argument.contains("{file}"))
    }

    /// Hands over a file. A session that is still good afterwards stays in `session`.
    pub fn hand(&self, file: &Path, text: &[u8], session: &mut Option<Session>) -> Result<Ended, Diagnostic> {
        if self.per_step() {
            return self.by_file(file);
        }
        let mut kept = session.take();
        if kept.as_mut().is_some_and(|open| open.process.exit().is_some()) {
            kept = None;
        }
        let mut at_work = match kept {
            Some(open) => open,
            None => self.open()?,
        };
        let ended = self.feed(&mut at_work, file, text);
        if ended.done && at_work.feed.is_some() {
            *session = Some(at_work);
        } else {
            // What a failed step left behind, such as an open transaction, must not reach the next one.
            at_work.end();
        }
        Ok(ended)
    }

    fn by_file(&self, file: &Path) -> Result<Ended, Diagnostic> {
        let file = file.to_string_lossy();
        let argv: Vec<String> = self.argv.iter().map(|argument| argument.replace("{file}", &file)).collect();
        let (mut process, _) = process::start(&argv, false)?;
        let begun = Instant::now();
        loop {
            if let Some(exit) = process.exit() {
                process.hear_out();
                let done = exit.code == Some(0);
                return Ok(ended(&process, done, Some(exit), (!done).then(|| self.how(exit))));
            }
            if let Some(reason) = self.cut_short(begun) {
                let exit = process.stop();
                process.hear_out();
                return Ok(ended(&process, false, Some(exit), Some(reason)));
            }
            process.heard.wait(if process.heard.state().open == 0 { Duration::from_millis(1) } else { POLL });
            if process.heard.state().open == 0 {
                thread::sleep(Duration::from_micros(500));
            }
        }
    }

    fn open(&self) -> Result<Session, Diagnostic> {
        let (process, stdin) = process::start(&self.argv, true)?;
        let (feed, fed) = channel::<Vec<u8>>();
        let heard = process.heard.clone();
        // On a thread of its own, since a client that does not read must not keep us from seeing that it is late.
        thread::spawn(move || {
            let mut stdin: Option<ChildStdin> = stdin;
            loop {
                let heard_it = match fed.recv_timeout(LISTENING) {
                    Ok(piece) => stdin.as_mut().is_none_or(|stdin| stdin.write_all(&piece).and_then(|()| stdin.flush()).is_ok()),
                    // What was written may lie in the pipe of a client that has closed its end of it.
                    Err(RecvTimeoutError::Timeout) => !stdin.as_ref().is_some_and(nobody_reads),
                    Err(RecvTimeoutError::Disconnected) => break,
                };
                if !heard_it {
                    heard.tell(|state| state.deaf = true);
                    stdin = None;
                }
            }
        });
        Ok(Session { process, feed: Some(feed) })
    }

    fn feed(&self, session: &mut Session, file: &Path, text: &[u8]) -> Ended {
        let input = known::client(&self.argv).map_or(Input::Stream, |(known, _)| known.input);
        let (done, over) = (token::hex(), token::hex());
        session.process.heard.state().begin(vec![spelt(&done), spelt(&over)]);
        let (marker, after) = (self.marker.replace(TOKEN, &done), self.marker.replace(TOKEN, &over));
        let fed = match input {
            Input::Lines => match lines::as_one(&String::from_utf8_lossy(text)) {
                // The line ends at the first error; the next one is reached in any case.
                Ok(line) => format!("{line}{marker}\n{after}\n").into_bytes(),
                Err(what) => {
                    let reason =
                        format!("`{}` has {what}, which this client takes only from a file: run it with `-f {{file}}`", file.display());
                    return Ended { reason: Some(reason), ..Ended::default() };
                }
            },
            _ => [text, b"\n", marker.as_bytes(), b"\n"].concat(),
        };
        if let Some(feed) = &session.feed {
            let _ = feed.send(fed);
        }
        if input == Input::Whole {
            session.feed = None;
        }
        self.wait(session, input)
    }

    fn wait(&self, session: &mut Session, input: Input) -> Ended {
        let begun = Instant::now();
        let mut deaf_since: Option<Instant> = None;
        let process = &mut session.process;
        loop {
            let (found, over, deaf) = {
                let state = process.heard.state();
                (state.found(0), state.found(1), state.deaf)
            };
            if found {
                return ended(process, true, None, None);
            }
            if over {
                return ended(process, false, None, Some("the client went on after an error; the session was ended".to_string()));
            }
            if let Some(exit) = process.exit() {
                process.hear_out();
                // The marker may have been among the last words.
                let done = process.heard.state().found(0);
                session.feed = None;
                return ended(process, done, Some(exit), (!done).then(|| self.how(exit)));
            }
            if let Some(reason) = self.cut_short(begun) {
                let exit = process.stop();
                process.hear_out();
                return ended(process, false, Some(exit), Some(reason));
            }
            if deaf && begun.elapsed() > Duration::from_secs(1) {
                let since = *deaf_since.get_or_insert_with(Instant::now);
                if since.elapsed() > Duration::from_secs(2) {
                    let exit = process.stop();
                    process.hear_out();
                    let reason = "the client closed its standard input before the step was finished, and was ended";
                    return ended(process, false, Some(exit), Some(reason.to_string()));
                }
            }
            if begun.elapsed() > QUIET && input != Input::Lines {
                session.feed = None;
            }
            process.heard.wait(POLL);
        }
    }

    /// Why the step is not waited for any longer.
    fn cut_short(&self, begun: Instant) -> Option<String> {
        if self.stop.now() {
            return Some("ended by the second Ctrl-C".to_string());
        }
        let timeout = self.timeout.filter(|timeout| begun.elapsed() > *timeout)?;
        Some(format!("timed out after {} seconds", timeout.as_secs_f64()))
    }

    fn how(&self, exit: Exit) -> String {
        let unfinished = if self.per_step() { "" } else { " before the step was finished: its marker never ran" };
        match exit {
            Exit { signal: Some(signal), .. } => {
                format!("the client was ended by signal {signal}{}", if self.per_step() { "" } else { " during the step" })
            }
            Exit { code: Some(0), .. } => format!("the client ended with exit code 0{unfinished}"),
            Exit { code: Some(code), .. } => format!("exit code {code}"),
            _ => "the client ended, nobody knows how".to_string(),
        }
    }
}

/// What makes a client print a token: a command of its own, or a query. Its text does not hold what it prints, so that a client
/// that echoes proves nothing.
pub fn marker(dialect: &Dialect, argv: &[String]) -> Result<String, Diagnostic> {
    if let Some(command) = known::client(argv).and_then(|(known, _)| known.marker) {
        return Ok(command.to_string());
    }
    Ok(dialect.sql("marker", &[("token", Value::from_safe_string(format!("'{TOKEN}x{TOKEN}'")))])?.0)
}

impl Session {
    /// Lets the client go: its input ends, and it has some time for its farewell.
    pub fn end(mut self) {
        self.feed = None;
        if self.process.exits_within(Duration::from_secs(5)).is_none() {
            self.process.stop();
        }
    }
}

/// What the marker prints for a token.
fn spelt(token: &str) -> String {
    format!("{token}-{token}")
}

fn ended(process: &Process, done: bool, exit: Option<Exit>, reason: Option<String>) -> Ended {
    let state = process.heard.state();
    let stderr = state.err.text();
    let stdout = if done || !stderr.trim().is_empty() { String::new() } else { state.out.text() };
    Ended { done, exit_code: exit.and_then(|exit| exit.code), signal: exit.and_then(|exit| exit.signal), reason, stderr, stdout }
}

/// How often a client that is fed nothing is asked whether it still reads.
const LISTENING: Duration = Duration::from_millis(250);

/// Whether no process has the other end of the pipe open any more.
fn nobody_reads(stdin: &ChildStdin) -> bool {
    let mut pipe = [PollFd::new(stdin, PollFlags::OUT)];
    let asked = poll(&mut pipe, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }));
    asked.is_ok() && pipe[0].revents().contains(PollFlags::ERR)
}
