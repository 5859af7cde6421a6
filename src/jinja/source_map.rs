//! Changes to a text that remember where each byte came from. Takes insertions and replacements in
//! any order; gives the changed text, and for a place in it the place in the original.

use std::borrow::Cow;
use std::ops::Range;

/// The changes to one text.
#[derive(Default)]
pub(super) struct Edits(Vec<Edit>);

struct Edit {
    at: Range<usize>,
    /// What comes first where several edits begin at one byte.
    rank: (u8, isize),
    text: Cow<'static, str>,
}

/// A changed text and where its parts came from.
#[derive(Default)]
pub(super) struct Edited {
    pub text: String,
    /// Parts taken over unchanged: start in the new text, start in the original, length.
    kept: Vec<(usize, usize, usize)>,
}

impl Edits {
    /// Puts `text` before the byte `at`; of two such, the later one stands outside.
    pub fn open(&mut self, at: usize, text: impl Into<Cow<'static, str>>) {
        let rank = (1, -(self.0.len() as isize));
        self.0.push(Edit { at: at..at, rank, text: text.into() });
    }

    /// Puts `text` behind the byte before `at`; of two such, the later one stands outside.
    pub fn close(&mut self, at: usize, text: impl Into<Cow<'static, str>>) {
        let rank = (0, self.0.len() as isize);
        self.0.push(Edit { at: at..at, rank, text: text.into() });
    }

    pub fn replace(&mut self, at: Range<usize>, text: impl Into<Cow<'static, str>>) {
        self.0.push(Edit { at, rank: (2, 0), text: text.into() });
    }

    /// How many edits there are; [`Edits::forget`] goes back to it.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn forget(&mut self, len: usize) {
        self.0.truncate(len);
    }

    /// The text with all edits made, behind `prefix`.
    pub fn apply(mut self, source: &str, prefix: &str) -> Edited {
        self.0.sort_by_key(|edit| (edit.at.start, edit.rank));
        let mut edited = Edited {
            text: String::with_capacity(prefix.len() + source.len() + source.len() / 8),
            kept: Vec::new(),
        };
        edited.text.push_str(prefix);
        let mut done = 0;
        for edit in self.0 {
            if edit.at.start < done {
                continue; // Inside of a part that was replaced as a whole.
            }
            edited.keep(source, done..edit.at.start);
            edited.text.push_str(&edit.text);
            done = edit.at.end;
        }
        edited.keep(source, done..source.len());
        edited
    }
}

impl Edited {
    fn keep(&mut self, source: &str, part: Range<usize>) {
        if !part.is_empty() {
            self.kept.push((self.text.len(), part.start, part.len()));
            self.text.push_str(&source[part]);
        }
    }

    /// Where a part of the new text stands in the original. What was put in counts as standing at
    /// what follows it.
    pub fn original(&self, part: Range<usize>) -> Range<usize> {
        let start = self.byte(part.start);
        let end = match part.end.checked_sub(1) {
            Some(last) if last >= part.start => self.last_byte(last) + 1,
            _ => start,
        };
        start..end.max(start)
    }

    fn byte(&self, at: usize) -> usize {
        let after = self.kept.partition_point(|(new, _, len)| new + len <= at);
        match self.kept.get(after) {
            Some((new, old, _)) => old + at.saturating_sub(*new),
            None => self.kept.last().map_or(0, |(_, old, len)| old + len),
        }
    }

    fn last_byte(&self, at: usize) -> usize {
        let after = self.kept.partition_point(|(new, _, _)| *new <= at);
        match after.checked_sub(1).map(|index| self.kept[index]) {
            Some((new, old, len)) => old + (at - new).min(len - 1),
            None => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_again() {
        let source = "{{ [a] % b }}";
        let mut edits = Edits::default();
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
