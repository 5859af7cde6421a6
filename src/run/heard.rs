//! What a client prints, heard by a thread for each stream, so that no full pipe stops it. Only the end is kept. A word that
//! is waited for is found wherever the pieces are cut.

use std::collections::VecDeque;
use std::io::Read;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// What was heard so far; shared by the threads that listen and the one that waits.
#[derive(Clone, Default)]
pub struct Heard(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
pub struct State {
    pub out: Tail,
    pub err: Tail,
    /// How many of the streams are open.
    pub open: usize,
    /// The client no longer reads what it is fed.
    pub deaf: bool,
    /// The words waited for in stdout, and whether they were found.
    words: Vec<(Mark, Vec<u8>, bool)>,
    /// The end of the last piece, where a word may have begun.
    rest: Vec<u8>,
}

/// What a word means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// All before it was run.
    Done,
    /// The same, within a transaction.
    Open,
    /// The client has read on, whatever happened before.
    Over,
    /// The step was run; more is to be looked at.
    Reached,
    /// No statement has failed.
    Clean,
}

impl Mark {
    /// Whether there is nothing more to wait for.
    fn decides(self) -> bool {
        matches!(self, Mark::Done | Mark::Open | Mark::Over)
    }
}

/// The end of a stream.
#[derive(Default)]
pub struct Tail(VecDeque<u8>);

const KEPT: usize = 8 << 10;

impl Heard {
    /// Listens to a stream on a thread of its own until it ends.
    pub fn listen(&self, stream: impl Read + Send + 'static, is_stdout: bool) {
        self.state().open += 1;
        let heard = self.clone();
        thread::spawn(move || heard.drain(stream, is_stdout));
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns when something of interest happened, or after `most`.
    pub fn wait(&self, most: Duration) {
        let state = self.state();
        if state.words.iter().any(|(mark, _, found)| *found && mark.decides()) {
            return;
        }
        drop(self.0.1.wait_timeout(state, most));
    }

    pub fn tell(&self, what: impl FnOnce(&mut State)) {
        what(&mut self.state());
        self.0.1.notify_all();
    }

    fn drain(&self, mut stream: impl Read, is_stdout: bool) {
        let mut piece = vec![0; 64 << 10];
        loop {
            let read = match stream.read(&mut piece) {
                Err(wrong) if wrong.kind() == std::io::ErrorKind::Interrupted => continue,
                Ok(0) | Err(_) => break,
                Ok(read) => read,
            };
            let mut state = self.state();
            if is_stdout {
                state.out.push(&piece[..read]);
                if state.search(&piece[..read]) {
                    self.0.1.notify_all();
                }
            } else {
                state.err.push(&piece[..read]);
            }
        }
        self.tell(|state| state.open -= 1);
    }
}

impl State {
    /// Forgets what was heard and waits for new words.
    pub fn begin(&mut self, words: Vec<(Mark, String)>) {
        self.out.0.clear();
        self.err.0.clear();
        self.rest.clear();
        self.words = words.into_iter().map(|(mark, word)| (mark, word.into_bytes(), false)).collect();
    }

    /// Whether the word with this meaning was heard.
    pub fn found(&self, mark: Mark) -> bool {
        self.words.iter().any(|(other, _, found)| *other == mark && *found)
    }

    fn search(&mut self, piece: &[u8]) -> bool {
        self.rest.extend_from_slice(piece);
        let mut news = false;
        for (mark, word, found) in self.words.iter_mut().filter(|(_, _, found)| !found) {
            *found = self.rest.windows(word.len()).any(|part| part == word);
            news |= *found && mark.decides();
        }
        let longest = self.words.iter().map(|(_, word, _)| word.len()).max().unwrap_or_default();
        let cut = self.rest.len().saturating_sub(longest.saturating_sub(1));
        self.rest.drain(..cut);
        news
    }
}

impl Tail {
    fn push(&mut self, piece: &[u8]) {
        self.0.extend(&piece[piece.len().saturating_sub(KEPT)..]);
        let surplus = self.0.len().saturating_sub(KEPT);
        self.0.drain(..surplus);
    }

    /// As text, from its first whole letter on.
    pub fn text(&self) -> String {
        let bytes: Vec<u8> = self.0.iter().copied().collect();
        let start = if bytes.len() < KEPT { 0 } else { bytes.iter().take(4).take_while(|byte| **byte & 0xc0 == 0x80).count() };
        String::from_utf8_lossy(&bytes[start..]).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_across_pieces_and_only_the_end_is_kept() {
        let heard = Heard::default();
        heard.state().begin(vec![(Mark::Done, "mark-1".to_string())]);
        heard.state().search(b"noise ma");
        assert!(!heard.state().found(Mark::Done));
        heard.state().search(b"rk-1 noise");
        assert!(heard.state().found(Mark::Done));
        let mut tail = Tail::default();
        (0..100).for_each(|_| tail.push("é".repeat(501).as_bytes()));
        assert!(tail.text().len() <= KEPT && tail.text().chars().all(|letter| letter == 'é'));
    }
}
