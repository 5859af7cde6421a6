//! Captures the output of a client with a thread per stream, so that a full pipe never blocks it.
//! Only the end is stored. Finds markers also across chunk boundaries.

use std::collections::VecDeque;
use std::io::Read;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// The captured output, shared by the reader threads and the waiting thread.
#[derive(Clone, Default)]
pub struct OutputCapture(Arc<(Mutex<CaptureState>, Condvar)>);

/// The state of the capture.
#[derive(Default)]
pub struct CaptureState {
    pub out: Tail,
    pub err: Tail,
    /// The number of open streams.
    pub open: usize,
    /// Whether the client has closed its standard input.
    pub stdin_closed: bool,
    /// The markers expected in stdout, and whether they were found.
    markers: Vec<(Marker, Vec<u8>, bool)>,
    /// The end of the last chunk, where a marker may begin.
    rest: Vec<u8>,
}

/// The meaning of a marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marker {
    /// All statements before it were run.
    Done,
    /// The same, within a transaction.
    Open,
    /// The client has continued reading, with or without an error.
    Over,
    /// The step was run; the transaction is still to be checked.
    Reached,
    /// No statement has failed.
    Clean,
}

impl Marker {
    /// Whether it ends the wait.
    fn decides(self) -> bool {
        matches!(self, Marker::Done | Marker::Open | Marker::Over)
    }
}

/// The end of a stream.
#[derive(Default)]
pub struct Tail(VecDeque<u8>);

/// The number of bytes that are stored of each stream.
const MAX_TAIL_BYTES: usize = 8 << 10;

impl OutputCapture {
    /// Reads a stream in a new thread until it ends.
    pub fn capture(&self, stream: impl Read + Send + 'static, is_stdout: bool) {
        self.state().open += 1;
        let output = self.clone();
        thread::spawn(move || output.drain(stream, is_stdout));
    }

    /// Locks the state.
    pub fn state(&self) -> MutexGuard<'_, CaptureState> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a deciding marker or an update, at timeout for `timeout`.
    pub fn wait(&self, timeout: Duration) {
        let state = self.state();
        if state.markers.iter().any(|(mark, _, is_found)| *is_found && mark.decides()) {
            return;
        }
        drop(self.0.1.wait_timeout(state, timeout));
    }

    /// Changes the state, and wakes the waiting thread.
    pub fn update(&self, change: impl FnOnce(&mut CaptureState)) {
        change(&mut self.state());
        self.0.1.notify_all();
    }

    fn drain(&self, mut stream: impl Read, is_stdout: bool) {
        let mut chunk = vec![0; 64 << 10];
        loop {
            let read = match stream.read(&mut chunk) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Ok(0) | Err(_) => break,
                Ok(read) => read,
            };
            let mut state = self.state();
            if is_stdout {
                state.out.push(&chunk[..read]);
                if state.search(&chunk[..read]) {
                    self.0.1.notify_all();
                }
            } else {
                state.err.push(&chunk[..read]);
            }
        }
        self.update(|state| state.open -= 1);
    }
}

impl CaptureState {
    /// Clears the captured output, and sets the expected markers.
    pub fn begin(&mut self, markers: Vec<(Marker, String)>) {
        self.out.0.clear();
        self.err.0.clear();
        self.rest.clear();
        self.markers =
            markers.into_iter().map(|(mark, marker)| (mark, marker.into_bytes(), false)).collect();
    }

    /// Whether the marker with this meaning was found.
    pub fn has(&self, mark: Marker) -> bool {
        self.markers.iter().any(|(other, _, is_found)| *other == mark && *is_found)
    }

    fn search(&mut self, chunk: &[u8]) -> bool {
        self.rest.extend_from_slice(chunk);
        let mut decided = false;
        for (mark, marker, is_found) in self.markers.iter_mut().filter(|(_, _, is_found)| !is_found)
        {
            *is_found = self.rest.windows(marker.len()).any(|part| part == marker);
            decided |= *is_found && mark.decides();
        }
        let longest =
            self.markers.iter().map(|(_, marker, _)| marker.len()).max().unwrap_or_default();
        let cut = self.rest.len().saturating_sub(longest.saturating_sub(1));
        self.rest.drain(..cut);
        decided
    }
}

impl Tail {
    fn push(&mut self, chunk: &[u8]) {
        self.0.extend(&chunk[chunk.len().saturating_sub(MAX_TAIL_BYTES)..]);
        let surplus = self.0.len().saturating_sub(MAX_TAIL_BYTES);
        self.0.drain(..surplus);
    }

    /// The text from the first complete character.
    pub fn text(&self) -> String {
        let bytes: Vec<u8> = self.0.iter().copied().collect();
        let start = if bytes.len() < MAX_TAIL_BYTES {
            0
        } else {
            bytes.iter().take(4).take_while(|byte| **byte & 0xc0 == 0x80).count()
        };
        String::from_utf8_lossy(&bytes[start..]).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_are_found_across_chunks_and_only_the_end_is_stored() {
        let output = OutputCapture::default();
        output.state().begin(vec![(Marker::Done, "mark-1".to_string())]);
        output.state().search(b"noise ma");
        assert!(!output.state().has(Marker::Done));
        output.state().search(b"rk-1 noise");
        assert!(output.state().has(Marker::Done));
        let mut tail = Tail::default();
        (0..100).for_each(|_| tail.push("é".repeat(501).as_bytes()));
        assert!(tail.text().len() <= MAX_TAIL_BYTES && tail.text().chars().all(|char| char == 'é'));
    }
}
