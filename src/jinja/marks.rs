//! The spans of relations in a rendered text. While rendering, a relation is written between three
//! private characters; afterwards they are removed and the spans recorded. A relation whose marks
//! are incomplete is plain text.

use std::ops::Range;

/// The origin of a relation's name in a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MarkKind {
    /// `ref()` or `source()`: an input, by its unique id.
    Input(String),
    /// `ref(…).render()`: an input that opts out of the filter.
    OptOut(String),
    /// `{{ this }}`.
    This,
    /// The text of an ephemeral model whose inputs are read without a filter.
    Whole(Covered),
}

/// The reason why the inputs in the text of an ephemeral model are not filtered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Covered {
    /// The ephemeral model of this name, itself or one that reads it, is filtered by its own event
    /// time.
    Filtered(String),
    /// A reader opts out with `.render()`.
    OptedOut,
}

/// A relation that Jinja wrote to the rendered text. `span` is in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    pub span: Range<usize>,
    pub kind: MarkKind,
}

const OPEN: char = '\u{F0000}';
const NAMED: char = '\u{F0001}';
const CLOSE: char = '\u{F0002}';
/// Digits that `upper` does not change, and that are removed from incomplete marks.
const ZERO: u32 = 0xF0010;

/// Whether a character is a part of a mark.
pub(super) fn is_mark(c: char) -> bool {
    ('\u{F0000}'..='\u{F0019}').contains(&c)
}

/// `text`, marked with the index of its kind.
pub(super) fn marked(kind: usize, text: &str) -> String {
    let digits: String = kind
        .to_string()
        .bytes()
        .filter_map(|digit| char::from_u32(ZERO + u32::from(digit - b'0')))
        .collect();
    format!("{OPEN}{digits}{NAMED}{text}{CLOSE}")
}

/// Removes the marks from a text and returns them.
pub(super) fn take(text: &str, kinds: &[MarkKind]) -> (String, Vec<Mark>) {
    if !text.contains(is_mark) {
        return (text.to_string(), Vec::new());
    }
    let mut plain = String::with_capacity(text.len());
    let mut open: Vec<(usize, &MarkKind)> = Vec::new();
    let mut marks: Vec<Mark> = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(is_mark) {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some((kind, after)) = opening(rest) {
            if let Some(kind) = kinds.get(kind) {
                open.push((plain.len(), kind));
            }
            rest = after;
            continue;
        }
        if rest.starts_with(CLOSE)
            && let Some((start, kind)) = open.pop()
        {
            let span: Range<usize> = start..plain.len();
            marks.push(Mark { span, kind: kind.clone() });
        }
        rest = &rest[CLOSE.len_utf8()..]; // All of ours are equally long.
    }
    plain.push_str(rest);
    marks.sort_by_key(|mark| (mark.span.start, std::cmp::Reverse(mark.span.end)));
    (plain, marks)
}

/// The kind index of a mark at the start of the text, and the rest.
fn opening(text: &str) -> Option<(usize, &str)> {
    let inner = text.strip_prefix(OPEN)?;
    let mut kind = 0usize;
    for (at, c) in inner.char_indices() {
        if c == NAMED {
            return (at > 0).then(|| (kind, &inner[at + c.len_utf8()..]));
        }
        let digit = (c as u32).checked_sub(ZERO).filter(|digit| *digit < 10)?;
        kind = kind.checked_mul(10)?.checked_add(digit as usize)?;
    }
    None
}

/// The text without marks.
pub(super) fn strip(text: &str) -> String {
    take(text, &[]).0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_become_spans() {
        let kinds = [MarkKind::This, MarkKind::Input("source.a".to_string())];
        let text = format!("from {} join {}x", marked(1, "\"é\".t"), marked(0, "me"));
        let (plain, marks) = take(&text, &kinds);
        assert_eq!(plain, "from \"é\".t join mex");
        assert_eq!(
            marks.iter().map(|mark| &plain[mark.span.clone()]).collect::<Vec<_>>(),
            ["\"é\".t", "me"]
        );
        assert_eq!(marks[0].kind, MarkKind::Input("source.a".to_string()));
    }

    #[test]
    fn incomplete_marks_are_removed() {
        let text = marked(0, "a.b");
        for cut in text.char_indices().map(|(at, _)| at) {
            for torn in [&text[..cut], &text[cut..]] {
                assert!("a.b".contains(&strip(torn)), "{torn:?}");
            }
        }
        assert_eq!(strip(&format!("{CLOSE}a{NAMED}b")), "ab");
    }
}
