//! A client's process: started without a shell in a group of its own, so that Ctrl-C is ours to hear, and ended for certain.
//! Takes an argument vector; refuses a program that is not there.

use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::heard::{Heard, Mark};
use crate::diagnostics::Diagnostic;

pub struct Process {
    child: Child,
    pub heard: Heard,
}

/// How a client's process ended.
#[derive(Clone, Copy, Debug)]
pub struct Exit {
    pub code: Option<i32>,
    pub signal: Option<i32>,
}

/// Starts a client; `fed` gives it a standard input to write to. The words are waited for in what it prints.
pub fn start(argv: &[String], fed: bool, words: Vec<(Mark, String)>) -> Result<(Process, Option<ChildStdin>), Diagnostic> {
    let Some((program, arguments)) = argv.split_first() else {
        return Err(Diagnostic::error("`--` is followed by no client").hint("name one, such as `-- psql -X -v ON_ERROR_STOP=1`"));
    };
    let mut command = Command::new(program);
    command.args(arguments).stdin(if fed { Stdio::piped() } else { Stdio::null() }).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.process_group(0).spawn().map_err(|wrong| not_started(program, &wrong))?;
    let heard = Heard::default();
    heard.state().begin(words);
    if let Some(stdout) = child.stdout.take() {
        heard.listen(stdout, true);
    }
    if let Some(stderr) = child.stderr.take() {
        heard.listen(stderr, false);
    }
    let stdin = child.stdin.take();
    Ok((Process { child, heard }, stdin))
}

/// What to say of a client that does not start.
pub fn not_started(program: &str, wrong: &io::Error) -> Diagnostic {
    match wrong.kind() {
        io::ErrorKind::NotFound => Diagnostic::error(format!("the client `{program}` is not found"))
            .hint("is it installed, and on the `PATH`? Name it with its path after `--`"),
        io::ErrorKind::PermissionDenied => {
            Diagnostic::error(format!("the client `{program}` is not executable")).hint(format!("`chmod +x {program}`, if it is a program"))
        }
        _ => Diagnostic::error(format!("the client `{program}` cannot be started: {wrong}")),
    }
}

impl Process {
    /// How it ended, if it has.
    pub fn exit(&mut self) -> Option<Exit> {
        match self.child.try_wait() {
            Ok(Some(status)) => Some(exit(status)),
            Ok(None) => None,
            // Nobody else waits for it, so this is the end of what can be known.
            Err(_) => Some(Exit { code: None, signal: None }),
        }
    }

    /// Waits until the last words of an ended process are heard; not for long, since a child of its own may hold the streams.
    pub fn hear_out(&self) {
        let patience = Instant::now() + Duration::from_secs(1);
        while self.heard.state().open > 0 && Instant::now() < patience {
            self.heard.wait(Duration::from_millis(5));
        }
    }

    /// Ends the process and all that it started: asked kindly, so that it can cancel its query, then not.
    pub fn stop(&mut self) -> Exit {
        for (signal, patience) in [(Signal::INT, 1500), (Signal::TERM, 1500), (Signal::KILL, 60_000)] {
            self.signal(signal);
            if let Some(exit) = self.exits_within(Duration::from_millis(patience)) {
                self.signal(Signal::KILL);
                return exit;
            }
        }
        Exit { code: None, signal: None }
    }

    pub fn exits_within(&mut self, patience: Duration) -> Option<Exit> {
        let end = Instant::now() + patience;
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

    /// To the whole group; whoever is left of it after the client's own end too.
    fn signal(&self, signal: Signal) {
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, signal);
        }
    }
}

fn exit(status: ExitStatus) -> Exit {
    Exit { code: status.code(), signal: status.signal() }
}
