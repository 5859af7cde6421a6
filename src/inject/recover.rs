//! Masks expressions that a parser does not support, if they contain no table, so that the tables
//! around them are found.

use std::ops::Range;

use sqlparser::dialect::{Dialect as Parser, DuckDbDialect};
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::Token;

use super::masks::{MaskKind, MaskedSpan, mask};
use super::parsers::parse;
use super::tokens::TokenStream;

/// Maximum number of masked expressions of a query.
const MAX_MASKS: usize = 40;

/// The masks of `before` and masks of expressions with which the text can be parsed; `None` if
/// there are none. `is_input` tests whether a span is the name of an input.
pub fn recover(
    sql: &str,
    parser: &dyn Parser,
    before: &[MaskedSpan],
    is_input: &dyn Fn(&Range<usize>) -> bool,
) -> Option<Vec<MaskedSpan>> {
    let mut masks = before.to_vec();
    for _ in 0..MAX_MASKS {
        let masked_sql = mask(sql, &masks);
        let text = TokenStream::new(&masked_sql, parser).ok()?;
        let parse_error = match parse(&text, parser) {
            Ok(_) => return (masks.len() > before.len()).then_some(masks),
            Err(parse_error) => parse_error,
        };
        let at = parse_error.at?;
        let token = text.spans.partition_point(|span| span.start < at);
        let token = if token < text.tokens.len() && text.is_significant(token) {
            token
        } else {
            text.previous(token)?
        };
        let span =
            maskable_expression(&text, token, &masks, is_input, parser.is::<DuckDbDialect>())?;
        // A wider mask replaces those inside it.
        masks.retain(|known| known.span.start < span.start || known.span.end > span.end);
        masks.push(MaskedSpan::expression(span));
        masks.sort_by_key(|mask| mask.span.start);
    }
    None
}

/// The span extended by each mask that begins or ends in it. The text that the parser reads in
/// place of a mask is shorter than the mask.
fn with_overlapping(span: Range<usize>, masks: &[MaskedSpan]) -> Range<usize> {
    let overlapping =
        masks.iter().filter(|mask| mask.span.start < span.end && mask.span.end > span.start);
    overlapping
        .fold(span.clone(), |all, mask| all.start.min(mask.span.start)..all.end.max(mask.span.end))
}

/// The innermost expression around a token that may be masked and is not masked yet.
fn maskable_expression(
    text: &TokenStream,
    token: usize,
    masks: &[MaskedSpan],
    is_input: &dyn Fn(&Range<usize>) -> bool,
    has_list_operands: bool,
) -> Option<Range<usize>> {
    let mut token = token;
    loop {
        let (first, last, open) = bounds(text, token);
        let is_closed = || {
            (first..=last).all(|at| {
                !contains_table(text, at, has_list_operands) && !is_input(&text.spans[at])
            })
        };
        if first <= last && is_expression(text, first) && is_closed() {
            let span = with_overlapping(text.spans[first].start..text.spans[last].end, masks);
            let is_blank =
                masks.iter().any(|mask| mask.kind == MaskKind::Expression && mask.span == span);
            if !is_blank {
                return Some(span);
            }
        }
        token = open?;
    }
}

/// The first and the last token of the item that contains a token, without its alias, and the
/// enclosing parenthesis.
fn bounds(text: &TokenStream, token: usize) -> (usize, usize, Option<usize>) {
    let (mut depth, mut first, mut open) = (0usize, token, None);
    for at in (0..token).rev() {
        match text.tokens[at].token {
            Token::RParen | Token::RBracket | Token::RBrace => depth += 1,
            Token::LParen | Token::LBracket | Token::LBrace if depth == 0 => {
                open = Some(at);
                break;
            }
            Token::LParen | Token::LBracket | Token::LBrace => depth -= 1,
            Token::Comma if depth == 0 => break,
            _ if depth == 0 && begins_clause(text.keyword(at)) => break,
            _ => {}
        }
        if text.is_significant(at) {
            first = at;
        }
    }
    let (mut depth, mut last, mut alias) = (0usize, token, None);
    for at in first..text.tokens.len() {
        match text.tokens[at].token {
            Token::LParen | Token::LBracket | Token::LBrace => depth += 1,
            Token::RParen | Token::RBracket | Token::RBrace if depth == 0 => break,
            Token::RParen | Token::RBracket | Token::RBrace => depth -= 1,
            Token::Comma | Token::SemiColon | Token::EOF if depth == 0 => break,
            _ if depth == 0
                && at > token
                && (begins_clause(text.keyword(at)) || ends_clause(text.keyword(at))) =>
            {
                break;
            }
            _ if depth == 0 && text.keyword(at) == Keyword::AS => alias = Some(at),
            _ => {}
        }
        if text.is_significant(at) {
            last = at;
        }
    }
    // `… as name` at the end of an item.
    let named = alias
        .filter(|alias| text.next(alias + 1) == Some(last) && *alias > first && token < *alias);
    let last = named.and_then(|alias| text.previous(alias)).unwrap_or(last);
    (first, last, open)
}

fn begins_clause(word: Keyword) -> bool {
    use Keyword::{ALL, AND, BY, DISTINCT, HAVING, LIMIT, ON, OR, QUALIFY, SELECT, WHERE};
    matches!(word, SELECT | DISTINCT | WHERE | HAVING | ON | BY | QUALIFY | LIMIT | AND | OR | ALL)
}

fn ends_clause(word: Keyword) -> bool {
    use Keyword::{
        CROSS, EXCEPT, FROM, FULL, GROUP, INNER, INTERSECT, JOIN, LEFT, LIMIT, OFFSET, ORDER,
        RIGHT, UNION, WINDOW,
    };
    matches!(
        word,
        FROM | GROUP
            | ORDER
            | LIMIT
            | OFFSET
            | UNION
            | EXCEPT
            | INTERSECT
            | WINDOW
            | JOIN
            | LEFT
            | RIGHT
            | FULL
            | INNER
            | CROSS
    )
}

/// Whether an item that begins here is an expression: of a clause of expressions, or an argument.
fn is_expression(text: &TokenStream, first: usize) -> bool {
    let mut depth = 0usize;
    for at in (0..first).rev() {
        match text.tokens[at].token {
            Token::RParen | Token::RBracket | Token::RBrace => depth += 1,
            Token::LBracket | Token::LBrace if depth == 0 => return true,
            Token::LParen if depth == 0 => {
                let Some(before) = text.previous(at) else { return false };
                // The parentheses of `from`, of a CTE, of `over` and of `using` have a different
                // grammar.
                let is_call = matches!(text.tokens[before].token, Token::Word(_))
                    && matches!(
                        text.keyword(before),
                        Keyword::NoKeyword
                            | Keyword::IN
                            | Keyword::IF
                            | Keyword::ANY
                            | Keyword::ALL
                            | Keyword::REPLACE
                            | Keyword::LEFT
                            | Keyword::RIGHT
                            | Keyword::ARRAY
                            | Keyword::STRUCT
                    );
                return (is_call || is_operator(text, before)) && is_expression(text, before);
            }
            Token::LParen | Token::LBracket | Token::LBrace => depth -= 1,
            _ if depth == 0 && begins_clause(text.keyword(at)) => {
                return text.keyword(at) != Keyword::ALL || is_expression(text, at);
            }
            _ if depth == 0
                && matches!(
                    text.keyword(at),
                    Keyword::FROM | Keyword::JOIN | Keyword::WITH | Keyword::WINDOW
                ) =>
            {
                return false;
            }
            _ => {}
        }
    }
    false
}

fn is_operator(text: &TokenStream, token: usize) -> bool {
    !matches!(text.tokens[token].token, Token::Word(_) | Token::RParen | Token::SemiColon)
        || matches!(
            text.keyword(token),
            Keyword::SELECT
                | Keyword::WHERE
                | Keyword::AND
                | Keyword::OR
                | Keyword::NOT
                | Keyword::ON
                | Keyword::BY
        )
}

/// Whether a token begins a query or names a table. `has_list_operands`: whether `x in y` can test
/// a list column.
fn contains_table(text: &TokenStream, token: usize, has_list_operands: bool) -> bool {
    use Keyword::{FROM, IN, JOIN, SELECT, TABLE};
    let begins = matches!(text.keyword(token), SELECT | JOIN | TABLE);
    let is_from = text.keyword(token) == FROM && text.clause(token).is_some();
    // `x in t` reads a table.
    let reads = text.keyword(token) == IN
        && text
            .next(token + 1)
            .is_some_and(|next| matches!(text.tokens[next].token, Token::Word(_)));
    // `[y for y in x]` does not.
    let before = |at: usize| text.previous(at);
    let is_comprehension =
        before(token).and_then(before).is_some_and(|word| text.keyword(word) == Keyword::FOR);
    begins || is_from || (reads && !is_comprehension && !has_list_operands)
}
