//! Runs one step with a client. Takes SQL; returns the outcome with the client's output. A client
//! is one process per step (`{file}` in its arguments) or a session: one process that reads step
//! after step, each followed by a marker that only a finished step reaches. A step is done only if
//! the client's exit code or its marker proves it.

use std::io::Write;
use std::path::Path;
use std::process::ChildStdin;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::client_profiles::StdinMode;
use super::output_capture::Marker;
use super::process::{self, Exit, Process};
use super::protocol::{MarkerAnswer, Protocol, StepFrame};
use super::shutdown::Shutdown;
use super::single_line;
use crate::diagnostics::Diagnostic;
use crate::dialect::Dialect;

/// The user's client.
pub struct Client<'a> {
    pub argv: Vec<String>,
    pub dialect: &'a Dialect,
    pub protocol: Protocol,
    pub timeout: Option<Duration>,
    pub shutdown: Shutdown,
}

/// The result of running a step.
#[derive(Clone, Debug, Default)]
pub struct StepResult {
    pub done: bool,
    /// The answer of the marker, in a session.
    pub answer: Option<MarkerAnswer>,
    pub exit_code: Option<i32>,
    pub signal: Option<i32>,
    pub reason: Option<String>,
    pub stderr: String,
    pub stdout: String,
}

/// An open session, which a worker keeps between steps.
pub struct ClientSession {
    process: Process,
    /// Dropping it closes the client's standard input.
    feed: Option<Sender<Vec<u8>>>,
}

/// After this time the session's standard input is closed: a running step continues, and a client
/// that waits for more input because of an open quote ends. In line mode, quotes are checked
/// before.
const CLOSE_INPUT_AFTER: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(20);

impl Client<'_> {
    /// Whether each step runs in a new process.
    pub fn per_step(&self) -> bool {
        self.argv.iter().any(|argument| argument.contains("{file}"))
    }

    /// Whether a failed statement is detected after the step.
    pub fn errors_show(&self) -> bool {
        !self.per_step()
            && (self.protocol.error_check.is_some() || self.protocol.input == StdinMode::Lines)
    }

    /// Runs a step. A session that can be used again stays in `session`.
    pub fn run_step(
        &self,
        file: &Path,
        text: &[u8],
        session: &mut Option<ClientSession>,
    ) -> Result<StepResult, Diagnostic> {
        if self.per_step() {
            return self.by_file(file);
        }
        let mut existing = session.take();
        if existing.as_mut().is_some_and(|open| open.process.exit().is_some()) {
            existing = None;
        }
        let mut open = match existing {
            Some(open) => open,
            None => self.open()?,
        };
        let step_result = self.feed(&mut open, file, text);
        if step_result.done && open.feed.is_some() {
            *session = Some(open);
        } else {
            // The state after a failed step, such as an open transaction, must not affect the next
            // one.
            open.end();
        }
        Ok(step_result)
    }

    /// Runs the client for a file.
    fn by_file(&self, file: &Path) -> Result<StepResult, Diagnostic> {
        self.checked_file(file, Vec::new()).map(|(step_result, _)| step_result)
    }

    /// Runs the client for a file; also returns the answer of the markers at its end.
    pub(super) fn checked_file(
        &self,
        file: &Path,
        words: Vec<(Marker, String)>,
    ) -> Result<(StepResult, Option<MarkerAnswer>), Diagnostic> {
        let file = file.to_string_lossy();
        let argv: Vec<String> =
            self.argv.iter().map(|argument| argument.replace("{file}", &file)).collect();
        let (mut process, _) = process::start(&argv, false, words)?;
        let answer = |process: &Process| Protocol::file_answer(&process.output.state());
        let started = Instant::now();
        loop {
            if let Some(exit) = process.exit() {
                process.drain_output();
                let done = exit.code == Some(0);
                return Ok((
                    step_result(
                        &process,
                        done,
                        Some(exit),
                        (!done).then(|| self.exit_reason(exit)),
                    ),
                    answer(&process),
                ));
            }
            if let Some(reason) = self.abort_reason(started) {
                let exit = process.stop();
                process.drain_output();
                return Ok((
                    step_result(&process, false, Some(exit), Some(reason)),
                    answer(&process),
                ));
            }
            process.output.wait(if process.output.state().open == 0 {
                Duration::from_millis(1)
            } else {
                POLL
            });
            if process.output.state().open == 0 {
                thread::sleep(Duration::from_micros(500));
            }
        }
    }

    pub(super) fn open(&self) -> Result<ClientSession, Diagnostic> {
        let (process, stdin) = process::start(&self.argv, true, Vec::new())?;
        let (feed, fed) = channel::<Vec<u8>>();
        let output = process.output.clone();
        // In a separate thread, so that a client that does not read cannot block the time limit.
        thread::spawn(move || {
            let mut stdin: Option<ChildStdin> = stdin;
            loop {
                let is_open = match fed.recv_timeout(READER_CHECK_INTERVAL) {
                    Ok(piece) => stdin.as_mut().is_none_or(|stdin| {
                        stdin.write_all(&piece).and_then(|()| stdin.flush()).is_ok()
                    }),
                    // Written data may still be in the pipe although the client has closed its end.
                    Err(RecvTimeoutError::Timeout) => {
                        !stdin.as_ref().is_some_and(is_closed_by_reader)
                    }
                    Err(RecvTimeoutError::Disconnected) => break,
                };
                if !is_open {
                    output.update(|state| state.stdin_closed = true);
                    stdin = None;
                }
            }
        });
        Ok(ClientSession { process, feed: Some(feed) })
    }

    /// Sends a step to a session, and waits for its end.
    pub(super) fn feed(&self, session: &mut ClientSession, file: &Path, text: &[u8]) -> StepResult {
        let input = self.protocol.input;
        let StepFrame { before, after, words } = self.protocol.check();
        let fed = match input {
            StdinMode::Lines => match single_line::to_single_line(&String::from_utf8_lossy(text)) {
                Ok(line) => format!("{before}{line}{after}").into_bytes(),
                Err(what) => {
                    let reason = format!(
                        "`{}` has {what}, which this client accepts only from a file: run it with \
                         `-f {{file}}`",
                        file.display()
                    );
                    return StepResult { reason: Some(reason), ..StepResult::default() };
                }
            },
            _ => [before.as_bytes(), text, b"\n", after.as_bytes()].concat(),
        };
        session.process.output.state().begin(words);
        if let Some(feed) = &session.feed {
            let _ = feed.send(fed);
        }
        if input == StdinMode::ToEnd {
            session.feed = None;
        }
        self.wait(session, input)
    }

    fn wait(&self, session: &mut ClientSession, input: StdinMode) -> StepResult {
        let started = Instant::now();
        let mut stdin_closed_since: Option<Instant> = None;
        let process = &mut session.process;
        loop {
            let (answer, stdin_closed) = {
                let state = process.output.state();
                (self.protocol.answer(&state), state.stdin_closed)
            };
            // A process that ends with its step must also exit with 0.
            if let Some(answer) =
                answer.filter(|answer| input != StdinMode::ToEnd || *answer != MarkerAnswer::Done)
            {
                return StepResult {
                    answer: Some(answer),
                    ..step_result(process, answer == MarkerAnswer::Done, None, answer.reason())
                };
            }
            if let Some(exit) = process.exit() {
                process.drain_output();
                // The marker may be in the last output.
                let answer = self.protocol.last_answer(&process.output.state());
                let done = answer == Some(MarkerAnswer::Done)
                    && (input != StdinMode::ToEnd || exit.code == Some(0));
                session.feed = None;
                let reason = (!done).then(|| {
                    answer.and_then(MarkerAnswer::reason).unwrap_or_else(|| self.exit_reason(exit))
                });
                return StepResult { answer, ..step_result(process, done, Some(exit), reason) };
            }
            if let Some(reason) = self.abort_reason(started) {
                let exit = process.stop();
                process.drain_output();
                return step_result(process, false, Some(exit), Some(reason));
            }
            if stdin_closed && started.elapsed() > Duration::from_secs(1) {
                let since = *stdin_closed_since.get_or_insert_with(Instant::now);
                if since.elapsed() > Duration::from_secs(2) {
                    let exit = process.stop();
                    process.drain_output();
                    let reason = "the client closed its standard input before the step was \
                        finished, and was killed";
                    return step_result(process, false, Some(exit), Some(reason.to_string()));
                }
            }
            if started.elapsed() > CLOSE_INPUT_AFTER && input != StdinMode::Lines {
                session.feed = None;
            }
            process.output.wait(POLL);
        }
    }

    /// Why the step must be aborted, if it must.
    fn abort_reason(&self, started: Instant) -> Option<String> {
        if self.shutdown.is_immediate() {
            return Some("killed by the second Ctrl-C".to_string());
        }
        let timeout = self.timeout.filter(|timeout| started.elapsed() > *timeout)?;
        Some(format!("timed out after {} seconds", timeout.as_secs_f64()))
    }

    fn exit_reason(&self, exit: Exit) -> String {
        let unfinished = if self.per_step() {
            ""
        } else {
            " before the step was finished: its marker never ran"
        };
        match exit {
            Exit { signal: Some(signal), .. } => {
                format!(
                    "the client was ended by signal {signal}{}",
                    if self.per_step() { "" } else { " during the step" }
                )
            }
            Exit { code: Some(0), .. } => format!("the client ended with exit code 0{unfinished}"),
            Exit { code: Some(code), .. } => format!("exit code {code}"),
            _ => "the client ended in an unknown way".to_string(),
        }
    }
}

impl ClientSession {
    /// Closes the client's input, and kills it if it does not end within five seconds.
    pub fn end(mut self) {
        self.feed = None;
        if self.process.exits_within(Duration::from_secs(5)).is_none() {
            self.process.stop();
        }
    }
}

fn step_result(
    process: &Process,
    done: bool,
    exit: Option<Exit>,
    reason: Option<String>,
) -> StepResult {
    let state = process.output.state();
    let stderr = state.err.text();
    let stdout = if done || !stderr.trim().is_empty() { String::new() } else { state.out.text() };
    StepResult {
        done,
        answer: None,
        exit_code: exit.and_then(|exit| exit.code),
        signal: exit.and_then(|exit| exit.signal),
        reason,
        stderr,
        stdout,
    }
}

/// The interval of checks whether an idle client still reads.
const READER_CHECK_INTERVAL: Duration = Duration::from_millis(250);

/// Whether no process has the read end of the pipe open.
fn is_closed_by_reader(stdin: &ChildStdin) -> bool {
    let mut pipe = [PollFd::new(stdin, PollFlags::OUT)];
    let result = poll(&mut pipe, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }));
    result.is_ok() && pipe[0].revents().contains(PollFlags::ERR)
}
