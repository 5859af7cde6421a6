//! The filters of a query that no parser understands: they go in where Jinja wrote the inputs, as
//! dbt does it.

use std::ops::Range;

use sqlparser::dialect::Dialect as Parser;
use sqlparser::keywords::{Keyword, RESERVED_FOR_TABLE_ALIAS};
use sqlparser::tokenizer::Token;

use super::prefix::is_named_before;
use super::preprocess::{blank, gaps, swallowed, with_blanks};
use super::relations::placed;
use super::splice_site::spelled;
use super::tokens::{ParseError, TokenStream, line_of};
use super::{Access, Filter, Injection, Occurrence, Query, hidden};
use crate::diagnostics::Diagnostic;
use crate::jinja::{Covered, Mark, MarkKind};

/// The filters by marks alone, and a warning that says so.
pub fn filters(ask: &Injection, parser: &dyn Parser, trouble: &ParseError) -> Query {
    let sql = ask.sql;
    let mut query = Query { warnings: vec![warning(sql, trouble)], ..Query::default() };
    let swallowed = swallowed(&TokenStream::new(sql, parser), parser);
    let blanked = blank(sql, &swallowed);
    let blanks = TokenStream::new(&blanked, parser)
        .map_or_else(|_| swallowed.clone(), |text| gaps(&text, parser, &swallowed));
    let blanked = blank(sql, &blanks);
    let text = TokenStream::new(&blanked, parser);
    let mut marks: Vec<&Mark> = ask
        .marks
        .iter()
        .filter(|mark| sql.get(mark.span.clone()).is_some_and(|name| !name.is_empty()))
        .collect();
    marks.sort_by_key(|mark| mark.span.start);
    let mut done = 0;
    for mark in marks {
        let hidden = text
            .as_ref()
            .map_or_else(|_| is_hidden(sql, mark.span.start), |text| text.is_hidden(&mark.span));
        let (MarkKind::Input(id) | MarkKind::OptOut(id)) = &mark.kind else { continue };
        if hidden || mark.span.start < done {
            continue;
        }
        let input = ask.inputs.iter().find(|input| input.unique_id == *id);
        let mut is_filtered = false;
        let mut read = |access: Access| {
            query.reads.push(Occurrence {
                unique_id: id.clone(),
                name: sql[mark.span.clone()].to_string(),
                access,
            });
        };
        match (covered(ask.marks, mark.span.start), input.is_some_and(|input| input.filtered)) {
            (_, false) if input.is_some_and(|input| input.is_cte) => continue,
            _ if matches!(mark.kind, MarkKind::OptOut(_)) => read(Access::OptedOut),
            (Some(Covered::OptedOut), _) => read(Access::OptedOut),
            (Some(Covered::Filtered(by)), _) => read(Access::Covered(by.clone())),
            (None, false) => read(Access::NoEventTime),
            (None, true) => is_filtered = true,
        }
        if !is_filtered {
            continue;
        }
        let found = match &text {
            Ok(text) => in_tokens(text, mark).map(|alias| {
                let span = with_blanks(text, &blanks, mark.span.clone());
                let alias = alias.filter(|_| !is_named_before(text, &blanks, span.start));
                (span, alias)
            }),
            Err(_) => in_letters(sql, mark).map(|alias| (mark.span.clone(), alias)),
        };
        let Some((span, alias)) = found else {
            read(Access::OutOfReach);
            query.warnings.push(unfiltered(sql, mark));
            continue;
        };
        read(Access::Filtered);
        done = span.end;
        query.filters.push(Filter {
            relation: sql[span.clone()].to_string(),
            span,
            unique_id: id.clone(),
            alias,
            hidden: Vec::new(),
        });
    }
    if let Ok(text) = &text
        && !query.filters.is_empty()
        && let Some(token) = hidden::tokens(text, ask.hidden).next()
    {
        query.warnings.push(left_out(sql, text.slice(&text.spans[token]), &text.spans[token]));
    }
    query
}

/// A column that a filtered input may have to carry, in a text that is not understood.
pub fn left_out(sql: &str, column: &str, span: &Range<usize>) -> Diagnostic {
    let message = format!(
        "`{column}` may be a column that `*` leaves out, and a filtered input does not carry it \
         here"
    );
    placed(Diagnostic::warning(message), sql, span)
        .hint("select the column under another name in a `with` clause first")
}

/// Why the inputs at a byte are read whole: the ephemeral model that they stand in.
pub fn covered(marks: &[Mark], byte: usize) -> Option<&Covered> {
    marks.iter().find_map(|mark| match &mark.kind {
        MarkKind::Whole(why) if mark.span.contains(&byte) => Some(why),
        _ => None,
    })
}

/// An input that is written where no filter can go in.
pub fn unfiltered(sql: &str, mark: &Mark) -> Diagnostic {
    let name = sql.get(mark.span.clone()).unwrap_or_default();
    placed(
        Diagnostic::warning(format!(
            "`{name}` stands where no filter can go in, so each batch \
        reads all of it"
        )),
        sql,
        &mark.span,
    )
    .hint(
        "read it in a `from` or a `join` of its own, or call `.render()` on it if that is \
            what you want",
    )
}

fn warning(sql: &str, trouble: &ParseError) -> Diagnostic {
    let said = "this query cannot be parsed, so its filters go in wherever a `ref()` or \
        `source()` is written"
        .to_string();
    let warning = Diagnostic::warning(said).fact(trouble.message.clone());
    let warning = match trouble.at {
        Some(at) => {
            let at = at..at;
            let (.., line) = line_of(sql, at.start);
            if line.is_empty() { warning } else { placed(warning, sql, &at) }
        }
        None => warning,
    };
    warning.hint(
        "compare a batch's file with the model before you run it; an alias of your own \
        behind each table makes it safe",
    )
}

/// What alias a table needs, if the place of a mark is that of a table.
fn in_tokens(text: &TokenStream, mark: &Mark) -> Option<Option<String>> {
    let first = text.starting_at_byte(mark.span.start)?;
    let last = (first..text.tokens.len())
        .take_while(|token| text.spans[*token].end <= mark.span.end)
        .last()?;
    if text.spans[last].end != mark.span.end || !is_table_position(text, first) {
        return None;
    }
    match text.next(last + 1) {
        Some(next) if is_alias(text, next) => Some(None),
        Some(next) if matches!(text.tokens[next].token, Token::Period | Token::LParen) => None,
        _ => Some(Some(spelled(text, last))),
    }
}

fn is_alias(text: &TokenStream, token: usize) -> bool {
    match &text.tokens[token].token {
        Token::Word(word) => {
            word.quote_style.is_some()
                || word.keyword == Keyword::AS
                || !RESERVED_FOR_TABLE_ALIAS.contains(&word.keyword)
        }
        _ => false,
    }
}

/// Whether a table stands here: behind `from` or `join`, or in the list that one of them begins.
fn is_table_position(text: &TokenStream, token: usize) -> bool {
    let in_list = text.previous(token).is_some_and(|before| text.is(before, &Token::Comma));
    let mut depth = 0usize;
    for before in (0..token).rev() {
        match (&text.tokens[before].token, text.keyword(before)) {
            (Token::RParen, _) => depth += 1,
            (Token::LParen, _) if depth > 0 => depth -= 1,
            (Token::LParen, _) => {
                // The parenthesis of a call, or one around tables.
                let opens_call = text.previous(before).is_none_or(|name| {
                    !matches!(text.keyword(name), Keyword::FROM | Keyword::JOIN)
                        && !text.is(name, &Token::Comma)
                        && !text.is(name, &Token::LParen)
                });
                if opens_call {
                    return false;
                }
            }
            (_, Keyword::ON) if depth == 0 => return in_list,
            (_, Keyword::FROM | Keyword::JOIN | Keyword::APPLY | Keyword::STRAIGHT_JOIN)
                if depth == 0 =>
            {
                return true;
            }
            (
                _,
                Keyword::SELECT
                | Keyword::WHERE
                | Keyword::ON
                | Keyword::BY
                | Keyword::HAVING
                | Keyword::QUALIFY
                | Keyword::IN
                | Keyword::TABLE,
            ) if depth == 0 => {
                return false;
            }
            _ => {}
        }
    }
    false
}

/// The same for a text that has no tokens: only a mark right behind `from` or `join` is trusted.
fn in_letters(sql: &str, mark: &Mark) -> Option<Option<String>> {
    let word = |text: &str| {
        text.rsplit(|letter: char| !letter.is_alphanumeric())
            .next()
            .unwrap_or_default()
            .to_lowercase()
    };
    let before = word(sql[..mark.span.start].trim_end());
    if !["from", "join"].contains(&before.as_str()) {
        return None;
    }
    let after = sql[mark.span.end..].trim_start();
    let next: String =
        after.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
    let quoted = after.starts_with(['"', '`', '[']);
    let reserved = RESERVED_FOR_TABLE_ALIAS
        .iter()
        .any(|keyword| format!("{keyword:?}").eq_ignore_ascii_case(&next));
    if quoted || next.eq_ignore_ascii_case("as") || (!next.is_empty() && !reserved) {
        return Some(None);
    }
    let name = &sql[mark.span.clone()];
    Some(Some(name.rsplit('.').next().unwrap_or(name).to_string()))
}

/// Whether a byte lies in a string or a comment, as far as that can be told of a text that has no
/// tokens.
fn is_hidden(sql: &str, byte: usize) -> bool {
    let mut rest: &str = &sql[..byte];
    let kinds = [("--", "\n"), ("/*", "*/"), ("'", "'")];
    loop {
        let next = kinds
            .iter()
            .filter_map(|kind| Some((rest.find(kind.0)?, kind)))
            .min_by_key(|(at, _)| *at);
        let Some((at, (open, close))) = next else { return false };
        rest = &rest[at + open.len()..];
        match rest.find(close) {
            Some(end) => rest = &rest[end + close.len()..],
            None => return true,
        }
    }
}

/// Whether nothing but a column's name can follow a place: it qualifies a column.
pub fn is_qualifier(text: &TokenStream, span: &Range<usize>) -> bool {
    let after = text.spans.partition_point(|token| token.start < span.end);
    text.next(after).is_some_and(|next| text.is(next, &Token::Period))
}
