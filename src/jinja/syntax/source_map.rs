//! Edits of a text with a source map: applies insertions and replacements, and maps spans of the
//! new text to the original.

use std::borrow::Cow;
use std::ops::Range;

/// The edits of one text.
#[derive(Default)]
pub struct SourceEdits(Vec<Edit>);

struct Edit {
    at: Range<usize>,
    /// The order of edits at the same byte.
    rank: (u8, isize),
    text: Cow<'static, str>,
}

/// An edited text with its source map.
#[derive(Default)]
pub struct MappedText {
    pub text: String,
    /// Copied parts: start in the new text, start in the original, length.
    copied: Vec<(usize, usize, usize)>,
}

impl SourceEdits {
    /// Inserts `text` before the byte `at`. Of two such edits, the later one is outermost.
    pub fn open(&mut self, at: usize, text: impl Into<Cow<'static, str>>) {
        let rank = (1, -(self.0.len() as isize));
        self.0.push(Edit { at: at..at, rank, text: text.into() });
    }

    /// Inserts `text` after the byte before `at`. Of two such edits, the later one is outermost.
    pub fn close(&mut self, at: usize, text: impl Into<Cow<'static, str>>) {
        let rank = (0, self.0.len() as isize);
        self.0.push(Edit { at: at..at, rank, text: text.into() });
    }

    pub fn replace(&mut self, at: Range<usize>, text: impl Into<Cow<'static, str>>) {
        self.0.push(Edit { at, rank: (2, 0), text: text.into() });
    }

    /// Number of edits, for [`SourceEdits::forget`].
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn forget(&mut self, len: usize) {
        self.0.truncate(len);
    }

    /// Applies all edits, and inserts `prefix` before the text.
    pub fn apply(mut self, source: &str, prefix: &str) -> MappedText {
        self.0.sort_by_key(|edit| (edit.at.start, edit.rank));
        let mut edited = MappedText {
            text: String::with_capacity(prefix.len() + source.len() + source.len() / 8),
            copied: Vec::new(),
        };
        edited.text.push_str(prefix);
        let mut done = 0;
        for edit in self.0 {
            if edit.at.start < done {
                continue; // Inside of a replaced part.
            }
            edited.copy(source, done..edit.at.start);
            edited.text.push_str(&edit.text);
            done = edit.at.end;
        }
        edited.copy(source, done..source.len());
        edited
    }
}

impl MappedText {
    fn copy(&mut self, source: &str, part: Range<usize>) {
        if !part.is_empty() {
            self.copied.push((self.text.len(), part.start, part.len()));
            self.text.push_str(&source[part]);
        }
    }

    /// The original span of a span of the new text. Inserted text maps to the text after it.
    pub fn original(&self, part: Range<usize>) -> Range<usize> {
        let start = self.byte(part.start);
        let end = match part.end.checked_sub(1) {
            Some(last) if last >= part.start => self.last_byte(last) + 1,
            _ => start,
        };
        start..end.max(start)
    }

    fn byte(&self, at: usize) -> usize {
        let after = self.copied.partition_point(|(new, _, len)| new + len <= at);
        match self.copied.get(after) {
            Some((new, old, _)) => old + at.saturating_sub(*new),
            None => self.copied.last().map_or(0, |(_, old, len)| old + len),
        }
    }

    fn last_byte(&self, at: usize) -> usize {
        let after = self.copied.partition_point(|(new, _, _)| *new <= at);
        match after.checked_sub(1).map(|index| self.copied[index]) {
            Some((new, old, len)) => old + (at - new).min(len - 1),
            None => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_map_to_the_original() {
        let source = "{{ [a] % b }}";
        let mut edits = SourceEdits::default();
        edits.open(3, "__l(");
        edits.close(6, ")");
        edits.open(3, "__mod(");
        edits.replace(7..8, ",");
        edits.close(10, ")");
        let edited = edits.apply(source, "##");
        assert_eq!(edited.text, "##{{ __mod(__l([a]) , b) }}");
        let b = edited.text.find("b)").unwrap();
        assert_eq!(&source[edited.original(b..b + 1)], "b");
        let whole = edited.text.find("__mod").unwrap()..edited.text.rfind(')').unwrap() + 1;
        assert_eq!(&source[edited.original(whole)], "[a] % b");
    }
}
