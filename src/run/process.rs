//! A client's process: started without a shell in a new process group, so that it does not receive
//! Ctrl-C, and stopped reliably.

use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::output_capture::{Marker, OutputCapture};
use crate::diagnostics::Diagnostic;

/// A running client.
pub struct Process {
    child: Child,
    pub output: OutputCapture,
}

/// How a process ended.
#[derive(Clone, Copy, Debug)]
pub struct Exit {
    pub code: Option<i32>,
    pub signal: Option<i32>,
}

/// Starts a client, with a pipe as standard input if `fed`. `markers` are expected in its output.
pub fn start(
    argv: &[String],
    fed: bool,
    markers: Vec<(Marker, String)>,
) -> Result<(Process, Option<ChildStdin>), Diagnostic> {
    let Some((program, arguments)) = argv.split_first() else {
        return Err(Diagnostic::error("no client after `--`")
            .hint("name one, for example `-- psql -X -v ON_ERROR_STOP=1`"));
    };
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(if fed { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child =
        command.process_group(0).spawn().map_err(|error| not_started(program, &error))?;
    let output = OutputCapture::default();
    output.state().begin(markers);
    if let Some(stdout) = child.stdout.take() {
        output.capture(stdout, true);
    }
    if let Some(stderr) = child.stderr.take() {
        output.capture(stderr, false);
    }
    let stdin = child.stdin.take();
    Ok((Process { child, output }, stdin))
}

/// The error of a client that does not start.
pub fn not_started(program: &str, error: &io::Error) -> Diagnostic {
    match error.kind() {
        io::ErrorKind::NotFound => {
            Diagnostic::error(format!("the client `{program}` is not found"))
                .hint("is it installed and on the `PATH`? or give its path after `--`")
        }
        io::ErrorKind::PermissionDenied => {
            Diagnostic::error(format!("the client `{program}` is not executable"))
                .hint(format!("`chmod +x {program}`, if it is a program"))
        }
        _ => Diagnostic::error(format!("the client `{program}` cannot be started: {error}")),
    }
}

impl Process {
    /// How it ended; `None` if it is running.
    pub fn exit(&mut self) -> Option<Exit> {
        match self.child.try_wait() {
            Ok(Some(status)) => Some(exit(status)),
            Ok(None) => None,
            // Its exit status cannot be determined.
            Err(_) => Some(Exit { code: None, signal: None }),
        }
    }

    /// Waits for the last output of an ended process; at most one second, since a child process may
    /// keep the streams open.
    pub fn drain_output(&self) {
        let timeout = Instant::now() + Duration::from_secs(1);
        while self.output.state().open > 0 && Instant::now() < timeout {
            self.output.wait(Duration::from_millis(5));
        }
    }

    /// Stops the process group: first with SIGINT, so that the client can cancel its query, at last
    /// with SIGKILL.
    pub fn stop(&mut self) -> Exit {
        for (signal, timeout) in [(Signal::INT, 1500), (Signal::TERM, 1500), (Signal::KILL, 60_000)]
        {
            self.signal(signal);
            if let Some(exit) = self.exits_within(Duration::from_millis(timeout)) {
                self.signal(Signal::KILL);
                return exit;
            }
        }
        Exit { code: None, signal: None }
    }

    /// How it ended; `None` if it still runs after `timeout`.
    pub fn exits_within(&mut self, timeout: Duration) -> Option<Exit> {
        let end = Instant::now() + timeout;
        loop {
            if let Some(exit) = self.exit() {
                return Some(exit);
            }
            if Instant::now() >= end {
                return None;
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Sends a signal to the process group, also after the client itself has ended.
    fn signal(&self, signal: Signal) {
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, signal);
        }
    }
}

fn exit(status: ExitStatus) -> Exit {
    Exit { code: status.code(), signal: status.signal() }
}
