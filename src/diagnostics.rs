//! Diagnostics: a message for the user, its location in the user's file, notes and hints. This
//! module creates and collects them; `terminal.rs` renders them.

use std::ops::Range;
use std::sync::Arc;

mod counted;
mod parallel;
mod printable;
mod terminal;

pub use counted::counted;
pub use parallel::{STACK_BYTES, par_map, try_par_map};
pub use printable::printable;
pub use terminal::print;

/// A file of the user: its path relative to the project's folder, with `/` separators, and its
/// text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SourceFile {
    pub path: Arc<str>,
    pub text: Arc<str>,
}

impl SourceFile {
    pub fn new(path: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Self {
        SourceFile { path: path.into(), text: text.into() }
    }

    /// The location of `span` (bytes) in this file. A span that ends within a character is widened
    /// to the character.
    pub fn at(&self, span: Range<usize>) -> Location {
        let end = self.text.ceil_char_boundary(span.end.min(self.text.len()));
        let start = self.text.floor_char_boundary(span.start).min(end);
        Location { file: self.clone(), span: start..end }
    }

    /// Line `line`, counted from 1, without indentation and line break; past the end, the last
    /// line.
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

    /// The first occurrence of `word` in this file, or the start of the file.
    pub fn find(&self, word: &str) -> Location {
        match self.text.find(word) {
            Some(start) => self.at(start..start + word.len()),
            None => self.at(0..0),
        }
    }
}

/// A location in a file; `span` is in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    pub file: SourceFile,
    pub span: Range<usize>,
}

impl Location {
    /// The line that the location begins on, counted from 1.
    pub fn line(&self) -> usize {
        self.begins().0
    }

    /// Line and column (in characters) of the first character, both counted from 1.
    pub fn begins(&self) -> (usize, usize) {
        self.counted(self.span.start)
    }

    /// Line and column of the first character after the location, both counted from 1.
    pub fn ends(&self) -> (usize, usize) {
        self.counted(self.span.end.max(self.span.start))
    }

    fn counted(&self, byte: usize) -> (usize, usize) {
        let text = &self.file.text[..self.file.text.floor_char_boundary(byte)];
        let line = text.rfind('\n').map_or(0, |at| at + 1);
        (text.bytes().filter(|byte| *byte == b'\n').count() + 1, text[line..].chars().count() + 1)
    }
}

/// The severity of a diagnostic, in ascending order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Note,
    Warning,
    Error,
}

/// One message to the user: lower case, without a full stop, names in backticks.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnostic {
    pub level: Level,
    /// The code of the check rule that reports it, if any: `BW004`.
    pub code: Option<&'static str>,
    pub message: String,
    pub at: Option<Location>,
    /// Further information, one line each, such as the stack of macros.
    pub notes: Vec<String>,
    /// Instructions, one line each.
    pub hints: Vec<String>,
}

impl Diagnostic {
    pub fn error(message: impl Into<String>) -> Self {
        Self::new(Level::Error, message)
    }

    pub fn warning(message: impl Into<String>) -> Self {
        Self::new(Level::Warning, message)
    }

    pub fn new(level: Level, message: impl Into<String>) -> Self {
        Diagnostic {
            level,
            code: None,
            message: message.into(),
            at: None,
            notes: Vec::new(),
            hints: Vec::new(),
        }
    }

    pub fn at(mut self, location: Location) -> Self {
        self.at = Some(location);
        self
    }

    /// The same as [`Diagnostic::at`], for a location that may be unknown.
    pub fn at_maybe(mut self, location: Option<Location>) -> Self {
        self.at = location;
        self
    }

    /// Adds an instruction.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds further information, such as the stack of macros.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }
}

/// All errors of one stage; at least one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl From<Diagnostic> for Diagnostics {
    fn from(one: Diagnostic) -> Self {
        Diagnostics(vec![one])
    }
}

/// Calls `each` for every item and returns all results, or all errors, so that one run reports
/// every broken model.
pub fn collect<I, T>(
    items: impl IntoIterator<Item = I>,
    mut each: impl FnMut(I) -> Result<T, Diagnostics>,
) -> Result<Vec<T>, Diagnostics> {
    let mut done = Vec::new();
    let mut errors = Diagnostics::default();
    for item in items {
        match each(item) {
            Ok(value) => done.push(value),
            Err(more) => errors.0.extend(more.0),
        }
    }
    if errors.0.is_empty() { Ok(done) } else { Err(errors) }
}

/// The name in `known` that is most similar to `name`, if one is similar enough.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    known
        .into_iter()
        .map(|other| (strsim::jaro_winkler(&name, &other.to_lowercase()), other))
        .filter(|(similarity, _)| *similarity > 0.8)
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
