//! The span of a table in the text, with everything that belongs to the table (version, sample,
//! hints) and without the author's alias.

use std::ops::Range;

use sqlparser::ast::{TableAlias, TableFactor, TableInheritance};
use sqlparser::dialect::Dialect as Parser;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::Token;

use super::masks::{MaskedSpan, with_masks};
use super::parsers::parse_at;
use super::prefix_aliases::has_prefix_alias;
use super::relations::{Read, located};
use super::tokens::TokenStream;
use crate::diagnostics::Diagnostic;

/// The span of a table that a filter replaces.
pub struct SpliceSite {
    /// The index of the table in the tree.
    pub number: usize,
    pub unique_id: String,
    /// The replaced bytes.
    pub span: Range<usize>,
    /// The parts of the span that are the relation: all of it, or the text before and after the
    /// alias.
    pub relation: Vec<Range<usize>>,
    /// The alias to write.
    pub alias: Option<String>,
    /// The author's alias, if it stays after the span.
    pub kept_alias: Option<TableAlias>,
    /// Number of parentheses around the table that close before its alias.
    pub parentheses: usize,
}

impl SpliceSite {
    pub fn relation(&self, sql: &str) -> String {
        self.relation.iter().map(|span| &sql[span.clone()]).collect()
    }
}

/// Finds the splice site of a table. `alias_wrapped`: whether a table before `pivot` and similar
/// operators gets an alias too.
pub fn splice_site(
    original: &str,
    text: &TokenStream,
    masks: &[MaskedSpan],
    read: &Read,
    parser: &dyn Parser,
    alias_wrapped: bool,
) -> Result<SpliceSite, Diagnostic> {
    let (name_first, name_last) = read.name;
    let factor = read.factor;
    let first = start(text, read);
    let unclear = || {
        let message =
            format!("a filter cannot be inserted at `{}`: its syntax is ambiguous", factor.name);
        located(Diagnostic::error(message), text.sql, &text.spans[name_first])
            .hint("move it into a separate `with` clause, with nothing after its name")
    };
    let last = end(text, first, read, parser).ok_or_else(unclear)?;
    let bare = text.spans[first].start..text.spans[last].end;
    let whole = with_masks(text, masks, bare.clone());
    let mut site = SpliceSite {
        number: factor.number,
        unique_id: read.unique_id.clone(),
        relation: vec![whole.clone()],
        span: whole.clone(),
        alias: None,
        kept_alias: factor.alias.clone(),
        parentheses: 0,
    };
    if has_prefix_alias(text, masks, whole.start) {
        site.kept_alias = None;
        return Ok(site);
    }
    let Some(alias) = &factor.alias else {
        site.alias = (!factor.is_wrapped || alias_wrapped).then(|| last_part(text, name_last));
        return Ok(site);
    };
    let at = text.starting_at(alias.name.span.start).ok_or_else(unclear)?;
    if at > last {
        site.parentheses = parentheses(text, first, last, at);
        return Ok(site);
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
        let head = with_masks(text, masks, bare.start..text.spans[before].end);
        site.relation = vec![head.clone()];
        site.span = head;
    } else {
        // Something after the alias belongs to the table: the alias moves to the end. If that text
        // uses the alias, it also stays inside.
        let uses_alias = masks.iter().filter(|mask| whole.contains(&mask.span.start)).any(|mask| {
            let qualifier = format!("{}.", alias.name.value).to_lowercase();
            original[mask.span.clone()].to_lowercase().replace(['"', '`'], "").contains(&qualifier)
        });
        let without = vec![whole.start..text.spans[begins].start, alias_text.end..whole.end];
        site.relation = if uses_alias { vec![whole.clone()] } else { without };
        site.alias = Some(original[alias_text].to_string());
        site.kept_alias = None;
    }
    Ok(site)
}

/// The first token of a table: its name, or the `only` of `only t` and `only (t)`.
fn start(text: &TokenStream, read: &Read) -> usize {
    let (name_first, _) = read.name;
    let Some(TableInheritance::Only { parenthesized }) = read.factor.inheritance else {
        return name_first;
    };
    let before = text.previous(name_first);
    let only = if parenthesized { before.and_then(|open| text.previous(open)) } else { before };
    only.unwrap_or(name_first)
}

/// The last token of a table that begins at `first`, including its alias.
fn end(text: &TokenStream, first: usize, read: &Read, parser: &dyn Parser) -> Option<usize> {
    let (_, name_last) = read.name;
    let (mut tree, end) = parse_at(text, first, parser, |parse| parse.parse_table_factor())?;
    let mut wrapped = false;
    // The text must parse to the same table as in the tree.
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

/// Number of parentheses around a table that close before its alias, as in `((t)) x`.
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

/// The last part of a name in the author's spelling.
pub fn last_part(text: &TokenStream, name_last: usize) -> String {
    let token = text.slice(&text.spans[name_last]);
    let Token::Word(word) = &text.tokens[name_last].token else { return token.to_string() };
    // One pair of backticks may quote the whole name.
    match (word.quote_style, word.value.rsplit_once('.')) {
        (Some(quote @ '`'), Some((_, last))) => format!("{quote}{last}{quote}"),
        _ => token.to_string(),
    }
}
