//! Where the text of a table begins and ends, with all that belongs to the table (version, sample,
//! hints) and without the author's alias.

use std::ops::Range;

use sqlparser::ast::{TableAlias, TableFactor};
use sqlparser::dialect::Dialect as Parser;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::Token;

use super::parsers::parse_at;
use super::prefix::is_named_before;
use super::preprocess::{MaskedSpan, with_blanks};
use super::relations::{Read, placed};
use super::tokens::TokenStream;
use crate::diagnostics::Diagnostic;

/// A place for a filter.
pub struct Place {
    /// The table's number in the tree.
    pub number: usize,
    pub unique_id: String,
    /// What is replaced.
    pub span: Range<usize>,
    /// What of it is the relation: all of it, or what stands before and after the alias.
    pub relation: Vec<Range<usize>>,
    /// The alias to write.
    pub alias: Option<String>,
    /// The author's alias, where it stays behind the place.
    pub behind: Option<TableAlias>,
    /// Parentheses around the table that end before its alias.
    pub parentheses: usize,
}

impl Place {
    pub fn relation(&self, sql: &str) -> String {
        self.relation.iter().map(|span| &sql[span.clone()]).collect()
    }
}

/// The place of a table. `alias_wrapped`: whether one that `pivot` and the like follow gets an
/// alias too.
pub fn place(
    original: &str,
    text: &TokenStream,
    blanks: &[MaskedSpan],
    read: &Read,
    parser: &dyn Parser,
    alias_wrapped: bool,
) -> Result<Place, Diagnostic> {
    let (first, name_last) = read.name;
    let factor = read.factor;
    let unclear = || {
        let message =
            format!("the place of `{}` is unclear, and no filter can go in there", factor.name);
        placed(Diagnostic::error(message), text.sql, &text.spans[first])
            .hint("move it into a `with` clause of its own, without anything behind its name")
    };
    let last = end(text, read, parser).ok_or_else(unclear)?;
    let bare = text.spans[first].start..text.spans[last].end;
    let whole = with_blanks(text, blanks, bare.clone());
    let mut place = Place {
        number: factor.number,
        unique_id: read.unique_id.clone(),
        relation: vec![whole.clone()],
        span: whole.clone(),
        alias: None,
        behind: factor.alias.clone(),
        parentheses: 0,
    };
    if is_named_before(text, blanks, whole.start) {
        place.behind = None;
        return Ok(place);
    }
    let Some(alias) = &factor.alias else {
        place.alias = (!factor.is_wrapped || alias_wrapped).then(|| spelled(text, name_last));
        return Ok(place);
    };
    let at = text.starting_at(alias.name.span.start).ok_or_else(unclear)?;
    if at > last {
        place.parentheses = parentheses(text, first, last, at);
        return Ok(place);
    }
    if at <= name_last {
        return Err(unclear());
    }
    let begins = if alias.explicit { text.previous(at).ok_or_else(unclear)? } else { at };
    let mut ends = at;
    if !alias.columns.is_empty() {
        ends = text
            .next(at + 1)
            .filter(|open| text.is(*open, &Token::LParen))
            .and_then(|open| text.closing(open))
            .ok_or_else(unclear)?;
    }
    let alias_text = text.spans[at].start..text.spans[ends].end;
    if whole.end == alias_text.end {
        let before = text.previous(begins).ok_or_else(unclear)?;
        let head = with_blanks(text, blanks, bare.start..text.spans[before].end);
        place.relation = vec![head.clone()];
        place.span = head;
    } else {
        // Something behind the alias belongs to the table: the alias moves out, to the end. Where
        // that uses it, it stays inside too.
        let uses_alias =
            blanks.iter().filter(|blank| whole.contains(&blank.span.start)).any(|blank| {
                let qualifier = format!("{}.", alias.name.value).to_lowercase();
                original[blank.span.clone()]
                    .to_lowercase()
                    .replace(['"', '`'], "")
                    .contains(&qualifier)
            });
        let without = vec![whole.start..text.spans[begins].start, alias_text.end..whole.end];
        place.relation = if uses_alias { vec![whole.clone()] } else { without };
        place.alias = Some(original[alias_text].to_string());
        place.behind = None;
    }
    Ok(place)
}

/// The last token of a table and its alias.
fn end(text: &TokenStream, read: &Read, parser: &dyn Parser) -> Option<usize> {
    let (first, name_last) = read.name;
    let (mut tree, end) = parse_at(text, first, parser, |parse| parse.parse_table_factor())?;
    let mut wrapped = false;
    // The text that is cut out must be the table that was found.
    loop {
        tree = match tree {
            TableFactor::Table { name, .. } if name == read.factor.name => break,
            TableFactor::Pivot { table, .. }
            | TableFactor::Unpivot { table, .. }
            | TableFactor::MatchRecognize { table, .. } => *table,
            _ => return None,
        };
        wrapped = true;
    }
    if !wrapped {
        return text.previous(end);
    }
    let mut depth = 0usize;
    for token in name_last + 1..end {
        match text.tokens[token].token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            _ if depth == 0
                && matches!(
                    text.keyword(token),
                    Keyword::PIVOT | Keyword::UNPIVOT | Keyword::MATCH_RECOGNIZE
                ) =>
            {
                return text.previous(token);
            }
            _ => {}
        }
    }
    None
}

/// How many parentheses around a table end before its alias, as in `((t)) x`.
fn parentheses(text: &TokenStream, mut first: usize, mut last: usize, alias: usize) -> usize {
    let mut count = 0;
    while let (Some(open), Some(close)) = (text.previous(first), text.next(last + 1))
        && text.is(open, &Token::LParen)
        && text.is(close, &Token::RParen)
        && close < alias
    {
        (first, last) = (open, close);
        count += 1;
    }
    count
}

/// The last part of a name as the author spelled it.
pub fn spelled(text: &TokenStream, name_last: usize) -> String {
    let token = text.slice(&text.spans[name_last]);
    let Token::Word(word) = &text.tokens[name_last].token else { return token.to_string() };
    // One pair of backticks may hold the whole name.
    match (word.quote_style, word.value.rsplit_once('.')) {
        (Some(quote @ '`'), Some((_, last))) => format!("{quote}{last}{quote}"),
        _ => token.to_string(),
    }
}
