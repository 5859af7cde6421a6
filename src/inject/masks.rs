//! Masked spans of a text: what the parser reads instead of them, and whether they belong to a
//! table.

use std::ops::Range;

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::Token;

use super::tokens::TokenStream;

/// A masked span of the text.
#[derive(Clone, Debug, PartialEq)]
pub struct MaskedSpan {
    pub span: Range<usize>,
    pub kind: MaskKind,
    /// The text that the parser reads instead.
    pub replacement: &'static str,
}

impl MaskedSpan {
    pub fn new(span: Range<usize>, kind: MaskKind) -> Self {
        MaskedSpan { span, kind, replacement: "" }
    }

    /// A masked expression.
    pub fn expression(span: Range<usize>) -> Self {
        MaskedSpan { span, kind: MaskKind::Expression, replacement: "0" }
    }
}

/// The meaning of the masked text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaskKind {
    /// Determines which rows of the adjacent table are read: it moves into the filter.
    Table,
    /// Determines the columns of joined tables.
    Join,
    /// The alias of the following table.
    Alias,
    /// An unsupported expression.
    Expression,
    /// The name of a column of the result.
    Name,
    /// A query that is parsed separately.
    Query,
    /// A table in place of a subquery.
    Operand,
    /// Determines how the rows of the result are computed.
    Shape,
    Other,
}

/// Masks spans of the text, whose length does not change. Line breaks are kept.
pub fn mask(sql: &str, masks: &[MaskedSpan]) -> String {
    let mut text = sql.to_string();
    for MaskedSpan { span, replacement, .. } in masks {
        let keep_lines =
            |letter: char| if letter == '\n' { "\n".into() } else { " ".repeat(letter.len_utf8()) };
        let mut spaces: String = sql[span.clone()].chars().map(keep_lines).collect();
        if !replacement.is_empty() && spaces.is_char_boundary(replacement.len()) {
            spaces.replace_range(..replacement.len(), replacement);
        }
        text.replace_range(span.clone(), &spaces);
    }
    text
}

/// Extends the span of a table by its masks.
pub fn with_masks(
    text: &TokenStream,
    masks: &[MaskedSpan],
    mut span: Range<usize>,
) -> Range<usize> {
    for mask in masks.iter().filter(|mask| mask.kind == MaskKind::Table) {
        if mask.span.start >= span.end && text.is_trivia(span.end..mask.span.start) {
            span.end = mask.span.end;
        }
    }
    for mask in masks.iter().rev().filter(|mask| mask.kind == MaskKind::Table) {
        if mask.span.end <= span.start
            && text.is_trivia(mask.span.end..span.start)
            && is_before_name(text, mask)
        {
            span.start = mask.span.start;
        }
    }
    span
}

/// Whether a mask begins a table factor, rather than ending the previous one.
fn is_before_name(text: &TokenStream, mask: &MaskedSpan) -> bool {
    let first = text.spans.partition_point(|span| span.start < mask.span.start);
    text.previous(first).is_some_and(|before| {
        matches!(text.keyword(before), Keyword::FROM | Keyword::JOIN)
            || text.is(before, &Token::Comma)
    })
}
