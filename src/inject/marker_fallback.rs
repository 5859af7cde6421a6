//! The filters of a query that no parser accepts: they are inserted where Jinja wrote the inputs,
//! as in dbt.

use std::ops::Range;

use sqlparser::dialect::Dialect as Parser;
use sqlparser::keywords::{Keyword, RESERVED_FOR_TABLE_ALIAS};
use sqlparser::tokenizer::Token;

use super::masks::{mask, with_masks};
use super::prefix_aliases::has_prefix_alias;
use super::preprocess::{comments_in_operators, unsupported_syntax};
use super::relations::{covering_model, located};
use super::splice_site::last_part;
use super::tokens::{ParseError, TokenStream, line_of};
use super::{Access, Filter, Injection, Occurrence, Query, hidden};
use crate::diagnostics::Diagnostic;
use crate::jinja::{Covered, Mark, MarkKind};

/// The filters at the marks, with a warning that the query cannot be parsed.
pub fn filters(injection: &Injection, parser: &dyn Parser, parse_error: &ParseError) -> Query {
    let sql = injection.sql;
    let mut query =
        Query { warnings: vec![fallback_warning(sql, parse_error)], ..Query::default() };
    let comments = comments_in_operators(&TokenStream::new(sql, parser), parser);
    let masked_sql = mask(sql, &comments);
    let masks = TokenStream::new(&masked_sql, parser)
        .map_or_else(|_| comments.clone(), |text| unsupported_syntax(&text, parser, &comments));
    let masked_sql = mask(sql, &masks);
    let text = TokenStream::new(&masked_sql, parser);
    let mut marks: Vec<&Mark> = injection
        .marks
        .iter()
        .filter(|mark| sql.get(mark.span.clone()).is_some_and(|name| !name.is_empty()))
        .collect();
    marks.sort_by_key(|mark| mark.span.start);
    let mut done = 0;
    for mark in marks {
        let hidden = text.as_ref().map_or_else(
            |_| is_in_literal(sql, mark.span.start),
            |text| text.is_hidden(&mark.span),
        );
        let (MarkKind::Input(id) | MarkKind::OptOut(id)) = &mark.kind else { continue };
        if hidden || mark.span.start < done {
            continue;
        }
        let input = injection.inputs.iter().find(|input| input.unique_id == *id);
        let mut is_filtered = false;
        let mut read = |access: Access| {
            query.reads.push(Occurrence {
                unique_id: id.clone(),
                name: sql[mark.span.clone()].to_string(),
                access,
            });
        };
        match (
            covering_model(injection.marks, mark.span.start),
            input.is_some_and(|input| input.filtered),
        ) {
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
        let site = match &text {
            Ok(text) => alias_in_tokens(text, mark).map(|alias| {
                let span = with_masks(text, &masks, mark.span.clone());
                let alias = alias.filter(|_| !has_prefix_alias(text, &masks, span.start));
                (span, alias)
            }),
            Err(_) => alias_in_text(sql, mark).map(|alias| (mark.span.clone(), alias)),
        };
        let Some((span, alias)) = site else {
            read(Access::OutOfReach);
            query.warnings.push(out_of_reach_warning(sql, mark));
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
        && let Some(token) = hidden::tokens(text, injection.hidden).next()
    {
        query.warnings.push(omitted_column_warning(
            sql,
            text.slice(&text.spans[token]),
            &text.spans[token],
        ));
    }
    query
}

/// A warning about a column that a filtered input may have to include, in text that cannot be
/// parsed.
pub fn omitted_column_warning(sql: &str, column: &str, span: &Range<usize>) -> Diagnostic {
    let message = format!(
        "`{column}` may be a column that `*` omits; the filtered input does not include it here"
    );
    located(Diagnostic::warning(message), sql, span)
        .hint("select the column under another name in a `with` clause first")
}

/// A warning about an input at a position where a filter cannot be inserted.
pub fn out_of_reach_warning(sql: &str, mark: &Mark) -> Diagnostic {
    let name = sql.get(mark.span.clone()).unwrap_or_default();
    located(
        Diagnostic::warning(format!(
            "a filter cannot be inserted at `{name}`, so each batch reads all of it"
        )),
        sql,
        &mark.span,
    )
    .hint("read it in a separate `from` or `join`, or call `.render()` on it if that is intended")
}

fn fallback_warning(sql: &str, parse_error: &ParseError) -> Diagnostic {
    let message = "this query cannot be parsed, so its filters are inserted at each `ref()` and \
        `source()`"
        .to_string();
    let warning = Diagnostic::warning(message).note(parse_error.message.clone());
    let warning = match parse_error.at {
        Some(at) => {
            let at = at..at;
            let (.., line) = line_of(sql, at.start);
            if line.is_empty() { warning } else { located(warning, sql, &at) }
        }
        None => warning,
    };
    warning.hint(
        "compare a batch's file with the model before you run it; an explicit alias after each \
        table makes it safe",
    )
}

/// The alias that a table needs, if a mark is in a table position.
fn alias_in_tokens(text: &TokenStream, mark: &Mark) -> Option<Option<String>> {
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
        _ => Some(Some(last_part(text, last))),
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

/// Whether a token is in a table position: after `from` or `join`, or in a list after one of them.
fn is_table_position(text: &TokenStream, token: usize) -> bool {
    let in_list = text.previous(token).is_some_and(|before| text.is(before, &Token::Comma));
    let mut depth = 0usize;
    for before in (0..token).rev() {
        match (&text.tokens[before].token, text.keyword(before)) {
            (Token::RParen, _) => depth += 1,
            (Token::LParen, _) if depth > 0 => depth -= 1,
            (Token::LParen, _) => {
                // A parenthesis of a call, or one around tables.
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

/// The same for text that cannot be tokenized: only a mark directly after `from` or `join` is in a
/// table position.
fn alias_in_text(sql: &str, mark: &Mark) -> Option<Option<String>> {
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

/// Whether a byte is in a string or a comment, approximately, for text that cannot be tokenized.
fn is_in_literal(sql: &str, byte: usize) -> bool {
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

/// Whether a span qualifies a column: a period follows it.
pub fn is_qualifier(text: &TokenStream, span: &Range<usize>) -> bool {
    let after = text.spans.partition_point(|token| token.start < span.end);
    text.next(after).is_some_and(|next| text.is(next, &Token::Period))
}
