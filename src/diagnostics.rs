//! What is said to the user: a message, the place in the user's own file, and what to do about it.
//! Rendering to a terminal is in `terminal.rs`'s hands; here are the values and the ways to make and collect them.

use std::num::NonZero;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

mod printable;
mod terminal;

pub use printable::printable;
pub use terminal::print;

/// A file of the user's, as the user would name it (relative to the project's folder, `/` between its parts), and its text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SourceFile {
    pub path: Arc<str>,
    pub text: Arc<str>,
}

impl SourceFile {
    pub fn new(path: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Self {
        SourceFile { path: path.into(), text: text.into() }
    }

    /// The place of `span` (bytes) in this file. A span that ends within a letter is widened to the letter, so that a place can be cut out.
    pub fn at(&self, span: Range<usize>) -> Location {
        let end = self.text.ceil_char_boundary(span.end.min(self.text.len()));
        let start = self.text.floor_char_boundary(span.start).min(end);
        Location { file: self.clone(), span: start..end }
    }

    /// The whole of a line, counted from 1, without its line break and indentation. A line past the end gives the last one.
    pub fn line(&self, line: usize) -> Location {
        let mut start = 0;
        let mut lines = self.text.split_inclusive('\n');
        for _ in 1..line.max(1) {
            match lines.next() {
                Some(text) if start + text.len() < self.text.len() => start += text.len(),
                _ => break,
            }
        }
        let text = self.text[start..].split('\n').next().unwrap_or_default();
        let indent = text.len() - text.trim_start().len();
        self.at(start + indent..start + indent + text.trim().len())
    }

    /// The first place of `word` in this file, or the start of the file.
    pub fn find(&self, word: &str) -> Location {
        match self.text.find(word) {
            Some(start) => self.at(start..start + word.len()),
            None => self.at(0..0),
        }
    }
}

/// A place in a file: `span` counts bytes of its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    pub file: SourceFile,
    pub span: Range<usize>,
}

impl Location {
    /// The line the place begins on, counted from 1.
    pub fn line(&self) -> usize {
        self.begins().0
    }

    /// Line and column, in characters, of the first character; both counted from 1.
    pub fn begins(&self) -> (usize, usize) {
        self.counted(self.span.start)
    }

    /// Line and column of the first character behind the place.
    pub fn ends(&self) -> (usize, usize) {
        self.counted(self.span.end.max(self.span.start))
    }

    fn counted(&self, byte: usize) -> (usize, usize) {
        let text = &self.file.text[..self.file.text.floor_char_boundary(byte)];
        let line = text.rfind('\n').map_or(0, |at| at + 1);
        (text.bytes().filter(|byte| *byte == b'\n').count() + 1, text[line..].chars().count() + 1)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Note,
    Warning,
    Error,
}

/// One thing said to the user. The message is lower case, without a full stop, names in backticks.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnostic {
    pub level: Level,
    /// Of the rule that says it, if a rule of `check` does: `BW004`.
    pub code: Option<&'static str>,
    pub message: String,
    pub at: Option<Location>,
    /// Further facts, each a line, such as the stack of macros that led here.
    pub notes: Vec<String>,
    /// What to do, each a line.
    pub hints: Vec<String>,
}

impl Diagnostic {
    pub fn error(message: impl Into<String>) -> Self {
        Self::of(Level::Error, message)
    }

    pub fn warning(message: impl Into<String>) -> Self {
        Self::of(Level::Warning, message)
    }

    pub fn note(message: impl Into<String>) -> Self {
        Self::of(Level::Note, message)
    }

    fn of(level: Level, message: impl Into<String>) -> Self {
        Diagnostic { level, code: None, message: message.into(), at: None, notes: Vec::new(), hints: Vec::new() }
    }

    pub fn at(mut self, place: Location) -> Self {
        self.at = Some(place);
        self
    }

    /// The same as [`Diagnostic::at`] for a place that is not always known.
    pub fn at_maybe(mut self, place: Option<Location>) -> Self {
        self.at = place;
        self
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    pub fn fact(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }
}

/// All that went wrong in one stage: at least one error.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl From<Diagnostic> for Diagnostics {
    fn from(one: Diagnostic) -> Self {
        Diagnostics(vec![one])
    }
}

/// Does `each` for every item and gives all results, or all errors: one run shows every broken model.
pub fn collect<I, T>(items: impl IntoIterator<Item = I>, mut each: impl FnMut(I) -> Result<T, Diagnostics>) -> Result<Vec<T>, Diagnostics> {
    let mut done = Vec::new();
    let mut wrong = Diagnostics::default();
    for item in items {
        match each(item) {
            Ok(value) => done.push(value),
            Err(more) => wrong.0.extend(more.0),
        }
    }
    if wrong.0.is_empty() { Ok(done) } else { Err(wrong) }
}

/// The same on as many threads as the machine has; the results are in the order of the items, and so is what is wrong.
pub fn collect_wide<I: Sync, T: Send>(items: &[I], each: impl Fn(&I) -> Result<T, Diagnostics> + Sync) -> Result<Vec<T>, Diagnostics> {
    collect(wide(items, each), |result| result)
}

/// Of the threads that parse, in bytes; as much of it is memory as is used.
pub const STACK: usize = 256 << 20;

/// `each` of every item, on as many threads as the machine has, in the order of the items.
pub fn wide<I: Sync, T: Send>(items: &[I], each: impl Fn(&I) -> T + Sync) -> Vec<T> {
    const FEW: usize = 8;
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get).min(items.len());
    if threads < 2 || items.len() < FEW {
        return items.iter().map(each).collect();
    }
    let next = AtomicUsize::new(0);
    let work = || {
        let taken = std::iter::from_fn(|| {
            let nth = next.fetch_add(1, Relaxed);
            Some((nth, items.get(nth)?))
        });
        taken.map(|(nth, item)| (nth, each(item))).collect::<Vec<_>>()
    };
    let mut done: Vec<(usize, T)> = std::thread::scope(|scope| {
        // A query may be nested deep, and stacks that are made for each one cost more than its parsing. A thread that cannot
        // be had does no harm.
        let spawn = |_| std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work).ok();
        let others: Vec<_> = (1..threads).filter_map(spawn).collect();
        let mut done = work();
        for other in others {
            done.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        done
    });
    done.sort_unstable_by_key(|(nth, _)| *nth);
    done.into_iter().map(|(_, result)| result).collect()
}

/// The name of `known` that `asked` was probably meant to be, if one is near enough.
pub fn nearest<'a>(asked: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&asked.to_lowercase(), &name.to_lowercase()), name))
        .filter(|(near, _)| *near > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_by_its_number() {
        let file = SourceFile::new("a.sql", "one\n  two\nthree");
        let text = |line| {
            let at = file.line(line);
            (file.text[at.span.clone()].to_string(), at.line())
        };
        assert_eq!(text(1), ("one".to_string(), 1));
        assert_eq!(text(2), ("two".to_string(), 2));
        assert_eq!(text(9), ("three".to_string(), 3));
    }

    #[test]
    fn the_nearest_name_is_near() {
        assert_eq!(nearest("seesions", ["sessions", "users"]), Some("sessions"));
        assert_eq!(nearest("invoices", ["sessions", "users"]), None);
    }
}
