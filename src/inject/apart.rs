//! Inputs that the tree of a query does not hold, and that a filter can replace all the same: in a
//! query within the text that is parsed by itself, behind `in` or in `table(…)`, where a query
//! in parentheses may stand in a table's place, and the query `table orders`.

use sqlparser::dialect::Dialect as Parser;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::Token;

use super::preprocess::{MaskedSpan, What};
use super::tokens::TokenStream;
use super::{Access, Filter, Injection, Occurrence, Query, find, marker_fallback};
use crate::diagnostics::Diagnostic;
use crate::jinja::{Mark, MarkKind};

/// What is found in each query that is blanked out, at its place in the whole text.
pub fn queries(
    ask: &Injection,
    blanks: &[MaskedSpan],
    parser: &dyn Parser,
) -> Result<Vec<Query>, Diagnostic> {
    let queries = blanks.iter().filter(|blank| blank.what == What::Query);
    queries.map(|blank| query(ask, blank, parser)).collect()
}

fn query(ask: &Injection, blank: &MaskedSpan, parser: &dyn Parser) -> Result<Query, Diagnostic> {
    let start = blank.span.start;
    let is_within =
        |mark: &&Mark| blank.span.start <= mark.span.start && mark.span.end <= blank.span.end;
    let marks: Vec<Mark> = ask
        .marks
        .iter()
        .filter(is_within)
        .map(|mark| Mark {
            span: mark.span.start - start..mark.span.end - start,
            kind: mark.kind.clone(),
        })
        .collect();
    let mut query =
        find(&Injection { sql: &ask.sql[blank.span.clone()], marks: &marks, ..*ask }, parser)?;
    for filter in &mut query.filters {
        filter.span = filter.span.start + start..filter.span.end + start;
    }
    Ok(query)
}

/// The filter of a mark that is an operand of `in`, the one argument of `table`, or all that a
/// query `table orders` reads.
pub fn operand(ask: &Injection, mark: &Mark, parser: &dyn Parser) -> Option<(Filter, Occurrence)> {
    let MarkKind::Input(id) = &mark.kind else { return None };
    let text = TokenStream::new(ask.sql, parser).ok()?;
    let first = text.starting_at_byte(mark.span.start)?;
    let last = (first..text.tokens.len())
        .take_while(|token| text.spans[*token].end <= mark.span.end)
        .last()?;
    let before = text.previous(first)?;
    let opens_table = || {
        let names =
            text.previous(before).is_some_and(|table| text.keyword(table) == Keyword::TABLE);
        let closes = text.next(last + 1).is_some_and(|close| text.is(close, &Token::RParen));
        text.is(before, &Token::LParen) && names && closes
    };
    if marker_fallback::covered(ask.marks, mark.span.start).is_some() {
        return None;
    }
    let start = if is_table_command(&text, before, last) {
        text.spans[before].start
    } else if text.keyword(before) == Keyword::IN || opens_table() {
        mark.span.start
    } else {
        return None;
    };
    let relation = ask.sql.get(mark.span.clone())?.to_string();
    let filter = Filter {
        span: start..mark.span.end,
        relation: relation.clone(),
        unique_id: id.clone(),
        alias: None,
        hidden: Vec::new(),
    };
    Some((filter, Occurrence { unique_id: id.clone(), name: relation, access: Access::Filtered }))
}

/// Whether the word at `token` and the name that ends at `last` are a query: `table orders`.
fn is_table_command(text: &TokenStream, token: usize, last: usize) -> bool {
    use Keyword::{ALL, DISTINCT, EXCEPT, FETCH, INTERSECT, LIMIT, OFFSET, ORDER, UNION};
    let begins = text.previous(token).is_none_or(|before| {
        matches!(text.tokens[before].token, Token::LParen | Token::RParen)
            || matches!(text.keyword(before), UNION | EXCEPT | INTERSECT | ALL | DISTINCT)
    });
    let ends = text.next(last + 1).is_none_or(|next| {
        matches!(text.tokens[next].token, Token::RParen | Token::SemiColon | Token::EOF)
            || matches!(
                text.keyword(next),
                UNION | EXCEPT | INTERSECT | ORDER | LIMIT | OFFSET | FETCH
            )
    });
    text.keyword(token) == Keyword::TABLE && begins && ends
}
