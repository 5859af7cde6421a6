//! One step handed to one client. Takes SQL; gives how it ended, in the client's own words. A client is a process for each step
//! (`{file}` in its arguments) or a session: one process, fed step after step, with a marker after each that only a finished
//! step reaches. What a client's exit code or its marker does not show to be done is not done.

use std::io::Write;
use std::path::Path;
use std::process::ChildStdin;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::heard::Mark;
use super::known::Input;
use super::lines;
use super::process::{self, Exit, Process};
use super::protocol::{Answer, Check, Protocol};
use super::stop::Stop;
use crate::diagnostics::Diagnostic;
use crate::dialect::Dialect;

/// The user's client.
pub struct Client<'a> {
    pub argv: Vec<String>,
    pub dialect: &'a Dialect,
    pub protocol: Protocol,
    pub timeout: Option<Duration>,
    pub stop: Stop,
}

/// How a step ended.
#[derive(Clone, Debug, Default)]
pub struct Ended {
    pub done: bool,
    /// What its words say, where a session was fed.
    pub answer: Option<Answer>,
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

    /// Whether it tells after a step that one of the step's statements has failed.
    pub fn errors_show(&self) -> bool {
        !self.per_step() && (self.protocol.error_check.is_some() || self.protocol.input == Input::Lines)
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

    /// Runs the client once, for a file.
    fn by_file(&self, file: &Path) -> Result<Ended, Diagnostic> {
        self.checked_file(file, Vec::new()).map(|(ended, _)| ended)
    }

    /// The same, and what the words say that its last statements print.
    pub(super) fn checked_file(&self, file: &Path, words: Vec<(Mark, String)>) -> Result<(Ended, Option<Answer>), Diagnostic> {
        let file = file.to_string_lossy();
        let argv: Vec<String> = self.argv.iter().map(|argument| argument.replace("{file}", &file)).collect();
        let (mut process, _) = process::start(&argv, false, words)?;
        let answer = |process: &Process| Protocol::file_answer(&process.heard.state());
        let begun = Instant::now();
        loop {
            if let Some(exit) = process.exit() {
                process.hear_out();
                let done = exit.code == Some(0);
                return Ok((ended(&process, done, Some(exit), (!done).then(|| self.how(exit))), answer(&process)));
            }
            if let Some(reason) = self.cut_short(begun) {
                let exit = process.stop();
                process.hear_out();
                return Ok((ended(&process, false, Some(exit), Some(reason)), answer(&process)));
            }
            process.heard.wait(if process.heard.state().open == 0 { Duration::from_millis(1) } else { POLL });
            if process.heard.state().open == 0 {
                thread::sleep(Duration::from_micros(500));
            }
        }
    }

    pub(super) fn open(&self) -> Result<Session, Diagnostic> {
        let (process, stdin) = process::start(&self.argv, true, Vec::new())?;
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

    /// Feeds a session, and waits for the end of the step.
    pub(super) fn feed(&self, session: &mut Session, file: &Path, text: &[u8]) -> Ended {
        let input = self.protocol.input;
        let Check { before, after, words } = self.protocol.check();
        let fed = match input {
            Input::Lines => match lines::as_one(&String::from_utf8_lossy(text)) {
                Ok(line) => format!("{before}{line}{after}").into_bytes(),
                Err(what) => {
                    let reason =
                        format!("`{}` has {what}, which this client takes only from a file: run it with `-f {{file}}`", file.display());
                    return Ended { reason: Some(reason), ..Ended::default() };
                }
            },
            _ => [before.as_bytes(), text, b"\n", after.as_bytes()].concat(),
        };
        session.process.heard.state().begin(words);
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
            let (answer, deaf) = {
                let state = process.heard.state();
                (self.protocol.answer(&state), state.deaf)
            };
            // A process that ends with its step must end well too.
            if let Some(answer) = answer.filter(|answer| input != Input::Whole || *answer != Answer::Done) {
                return Ended { answer: Some(answer), ..ended(process, answer == Answer::Done, None, answer.reason()) };
            }
            if let Some(exit) = process.exit() {
                process.hear_out();
                // The marker may have been among the last words.
                let answer = self.protocol.last_answer(&process.heard.state());
                let done = answer == Some(Answer::Done) && (input != Input::Whole || exit.code == Some(0));
                session.feed = None;
                let reason = (!done).then(|| answer.and_then(Answer::reason).unwrap_or_else(|| self.how(exit)));
                return Ended { answer, ..ended(process, done, Some(exit), reason) };
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

impl Session {
    /// Lets the client go: its input ends, and it has some time for its farewell.
    pub fn end(mut self) {
        self.feed = None;
        if self.process.exits_within(Duration::from_secs(5)).is_none() {
            self.process.stop();
        }
    }
}

fn ended(process: &Process, done: bool, exit: Option<Exit>, reason: Option<String>) -> Ended {
    let state = process.heard.state();
    let stderr = state.err.text();
    let stdout = if done || !stderr.trim().is_empty() { String::new() } else { state.out.text() };
    Ended {
        done,
        answer: None,
        exit_code: exit.and_then(|exit| exit.code),
        signal: exit.and_then(|exit| exit.signal),
        reason,
        stderr,
        stdout,
    }
}

/// How often a client that is fed nothing is asked whether it still reads.
const LISTENING: Duration = Duration::from_millis(250);

/// Whether no process has the other end of the pipe open any more.
fn nobody_reads(stdin: &ChildStdin) -> bool {
    let mut pipe = [PollFd::new(stdin, PollFlags::OUT)];
    let asked = poll(&mut pipe, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }));
    asked.is_ok() && pipe[0].revents().contains(PollFlags::ERR)
}
