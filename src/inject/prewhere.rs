//! `prewhere`: a condition that is only valid after a table, so it is moved into the filter's
//! subquery.

use std::ops::Range;

use sqlparser::dialect::Dialect as Parser;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::Token;

use super::masks::{MaskKind, MaskedSpan};
use super::parsers::parse_at;
use super::scope::Factor;
use super::tokens::TokenStream;

/// The condition that begins at a token, if it has the same meaning in the subquery: its `from` has
/// only one table, and it reads no table and no alias of the `select` list.
pub fn condition(
    text: &TokenStream,
    token: usize,
    parser: &dyn Parser,
    factors: &[Factor],
    is_input: &dyn Fn(&Range<usize>) -> bool,
) -> Option<MaskedSpan> {
    if text.keyword(token) != Keyword::PREWHERE {
        return None;
    }
    let from = (0..token).rev().find(|before| text.keyword(*before) == Keyword::FROM)?;
    let name = text.next(from + 1)?;
    let mut tables = factors
        .iter()
        .filter(|factor| text.starting_at(factor.at).is_some_and(|at| (from..token).contains(&at)));
    let (Some(table), None) = (tables.next(), tables.next()) else { return None };
    let is_plain = text.starting_at(table.at) == Some(name)
        && (name..token).all(|at| !text.is(at, &Token::Comma) && !text.is_word(at, &["join"]));
    let (_, end) = parse_at(text, token + 1, parser, |parse| parse.parse_expr())?;
    let condition = token + 1..end;
    let is_alias = |at: usize| {
        let Token::Word(word) = &text.tokens[at].token else { return false };
        let is_column = text.previous(at).is_none_or(|before| !text.is(before, &Token::Period));
        let names = |as_: usize| {
            text.next(as_ + 1).is_some_and(|alias| text.is_word(alias, &[&word.value]))
        };
        is_column
            && (0..text.tokens.len()).any(|as_| {
                text.keyword(as_) == Keyword::AS && !condition.contains(&as_) && names(as_)
            })
    };
    let is_closed = condition
        .clone()
        .all(|at| !is_input(&text.spans[at]) && (is_exposed(text, at, table) || !is_alias(at)));
    let reads = factors
        .iter()
        .any(|factor| text.starting_at(factor.at).is_some_and(|at| condition.contains(&at)));
    (is_plain && is_closed && !reads)
        .then(|| {
            Some(MaskedSpan::new(
                text.spans[token].start..text.spans[text.previous(end)?].end,
                MaskKind::Table,
            ))
        })
        .flatten()
}

/// Whether a token is the name by which a table's columns are qualified.
fn is_exposed(text: &TokenStream, token: usize, table: &Factor) -> bool {
    table.exposed().is_some_and(|exposed| text.qualifies(token, &exposed.value))
}
