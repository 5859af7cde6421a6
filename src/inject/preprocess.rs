//! Masks syntax that sqlparser rejects or silently misparses, byte for byte, so that all spans stay
//! valid. Masked text that belongs to a table moves with the table into the filter.

use std::ops::Range;

use sqlparser::dialect::{Dialect as Parser, SQLiteDialect};
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::Token;

use super::compound_syntax;
use super::masks::{MaskKind, MaskedSpan, mask};
use super::parsers::parse_at;
use super::prefix_aliases::prefix_alias;
use super::prewhere;
use super::scope::Factor;
use super::syntax;
use super::tokens::{ParseError, TokenStream};

/// Comments that sqlparser parses as the end of an operator: `a ||/* … */ b`.
pub fn comments_in_operators(
    text: &Result<TokenStream, ParseError>,
    parser: &dyn Parser,
) -> Vec<MaskedSpan> {
    let mut masks = Vec::new();
    let Ok(text) = text else { return masks };
    if first_swallowed_comment(text).is_none() {
        return masks;
    }
    // Tokenize the rest again, since it was misparsed too. There are few such comments.
    for _ in 0..50 {
        let sql = mask(text.sql, &masks);
        let Some(start) =
            TokenStream::new(&sql, parser).ok().and_then(|text| first_swallowed_comment(&text))
        else {
            break;
        };
        let Ok(comment) = TokenStream::new(&sql[start..], parser) else { break };
        match comment.spans.first() {
            Some(span) if !comment.is_significant(0) => {
                masks.push(MaskedSpan::new(start..start + span.end, MaskKind::Other))
            }
            _ => break,
        }
    }
    masks
}

/// The start of the first such comment.
fn first_swallowed_comment(text: &TokenStream) -> Option<usize> {
    let begins = |token: usize| {
        let Range { start, end } = text.spans[token];
        let operator = text
            .sql
            .get(start..(end + 1).min(text.sql.len()))
            .filter(|operator| operator.is_ascii() && end - start > 1)?;
        let is_operator = operator.starts_with(|letter: char| {
            letter.is_ascii_punctuation() && !"'\"`[$@:#-".contains(letter)
        });
        let comment =
            operator.find("/*").into_iter().chain(operator[..end - start].find("--")).min();
        comment.filter(|at| is_operator && *at > 0).map(|at| start + at)
    };
    (0..text.tokens.len()).filter(|token| text.is_significant(*token)).find_map(begins)
}

/// Words between a table and `join` that are parsed as the table's alias.
const BEFORE_JOIN: &[&str] =
    &["all", "any", "anti", "asof", "directed", "global", "paste", "positional", "semi"];
/// Words before a table's name that are parsed as the name.
const BEFORE_NAME: &[&str] = &["only", "stream"];
const VERSIONS: &[&str] = &["system_time", "system_version", "timestamp", "version"];

/// Words that sqlparser parsed as an alias or a name, and conditions that move into the filter with
/// their table. `is_input` tests whether a span is the name of an input.
pub fn misparsed_aliases(
    text: &TokenStream,
    parser: &dyn Parser,
    factors: &[Factor],
    is_input: &dyn Fn(&Range<usize>) -> bool,
) -> Vec<MaskedSpan> {
    let mut masks: Vec<MaskedSpan> = (0..text.tokens.len())
        .filter_map(|token| prewhere::condition(text, token, parser, factors, is_input))
        .collect();
    for factor in factors {
        let Some(alias) =
            factor.alias.as_ref().filter(|alias| !alias.explicit && alias.columns.is_empty())
        else {
            continue;
        };
        let (Some(name), Some(token)) =
            (text.starting_at(factor.at), text.starting_at(alias.name.span.start))
        else {
            continue;
        };
        let is_qualifier = || {
            (token + 1..text.tokens.len())
                .chain(0..name)
                .any(|at| text.qualifies(at, &alias.name.value))
        };
        if text.is_word(token, BEFORE_JOIN) && leads_to_join(text, token) && !is_qualifier() {
            masks.push(MaskedSpan::new(text.spans[token].clone(), MaskKind::Join));
        } else if text.keyword(token) == Keyword::FINAL && !is_qualifier() {
            masks.push(MaskedSpan::new(text.spans[token].clone(), MaskKind::Table));
        } else if text.is_word(name, BEFORE_NAME)
            && factor.name.0.len() == 1
            && !factor.is_cte
            && is_input(&text.spans[token])
        {
            masks.push(MaskedSpan::new(text.spans[name].clone(), MaskKind::Table));
        }
    }
    masks.sort_by_key(|mask| mask.span.start);
    masks
}

/// The masks of a text that cannot be parsed. Existing masks, `before`, are kept.
pub fn unsupported_syntax(
    text: &TokenStream,
    parser: &dyn Parser,
    before: &[MaskedSpan],
) -> Vec<MaskedSpan> {
    let mut masks: Vec<MaskedSpan> = Vec::new();
    let mut wide_masks: Vec<MaskedSpan> = Vec::new();
    for token in 0..text.tokens.len() {
        let Token::Word(_) = &text.tokens[token].token else { continue };
        wide_masks.extend(compound_syntax::unsupported_syntax(text, token, parser));
        let mask_here = version(text, token, parser)
            .or_else(|| sample(text, token))
            .or_else(|| syntax::unsupported_at(text, token))
            .or_else(|| word(text, token))
            .or_else(|| at_version(text, token))
            .or_else(|| at_clause(text, token))
            .or_else(|| prefix_alias(text, token))
            .or_else(|| table_operand(text, token, parser))
            .or_else(|| type_with_parts(text, token));
        if let Some(mask_here) = mask_here
            && masks.last().is_none_or(|last| last.span.end <= mask_here.span.start)
        {
            masks.push(mask_here);
        }
    }
    masks.extend_from_slice(before);
    // A wide mask replaces those inside it.
    for mask in wide_masks {
        masks
            .retain(|known| known.span.end <= mask.span.start || known.span.start >= mask.span.end);
        masks.push(mask);
    }
    masks.sort_by_key(|mask| mask.span.start);
    masks
}

/// SQLite's `x in t`, which reads all of the table.
fn table_operand(text: &TokenStream, token: usize, parser: &dyn Parser) -> Option<MaskedSpan> {
    let in_ = text
        .previous(token)
        .filter(|before| text.keyword(*before) == Keyword::IN && parser.is::<SQLiteDialect>())?;
    let (_, end) = parse_at(text, token, parser, |parse| parse.parse_object_name(true))?;
    let last = text.previous(end).filter(|last| *last > in_)?;
    Some(MaskedSpan {
        span: text.spans[token].start..text.spans[last].end,
        kind: MaskKind::Operand,
        replacement: "(0)",
    })
}

/// `for system_time as of …`, `version as of …`.
fn version(text: &TokenStream, token: usize, parser: &dyn Parser) -> Option<MaskedSpan> {
    let mut at = token;
    if text.keyword(at) == Keyword::FOR {
        at = text.next(at + 1)?;
    }
    if !text.is_word(at, VERSIONS) {
        return None;
    }
    let of = text.next(text.next(at + 1).filter(|next| text.keyword(*next) == Keyword::AS)? + 1)?;
    if text.keyword(of) != Keyword::OF {
        return None;
    }
    let from = of + 1;
    let (_, end) = parse_at(text, from, parser, |parse| parse.parse_expr())?;
    Some(MaskedSpan::new(
        text.spans[token].start..text.spans[text.previous(end)?].end,
        MaskKind::Table,
    ))
}

/// `tablesample bernoulli (10) repeatable (1)`.
fn sample(text: &TokenStream, token: usize) -> Option<MaskedSpan> {
    let sampled = match text.keyword(token) {
        Keyword::TABLESAMPLE => true,
        Keyword::SAMPLE => text.follows_table(token),
        _ => false,
    };
    if !sampled {
        return None;
    }
    let mut open = text.next(token + 1)?;
    if !text.is(open, &Token::LParen) {
        open = text.next(open + 1)?;
    }
    let mut last = text.is(open, &Token::LParen).then(|| text.closing(open)).flatten()?;
    if let Some(seed) = text.next(last + 1)
        && matches!(text.keyword(seed), Keyword::REPEATABLE | Keyword::SEED)
        && let Some(open) = text.next(seed + 1).filter(|open| text.is(*open, &Token::LParen))
    {
        last = text.closing(open)?;
    }
    Some(MaskedSpan::new(text.spans[token].start..text.spans[last].end, MaskKind::Table))
}

/// Single words: `final`, `only`, `any … join`, `using id`, `omit quotes`.
fn word(text: &TokenStream, token: usize) -> Option<MaskedSpan> {
    let span = text.spans[token].clone();
    if text.keyword(token) == Keyword::FINAL && text.follows_table(token) {
        return Some(MaskedSpan::new(span, MaskKind::Table));
    }
    if text.is_word(token, BEFORE_NAME) {
        let before = text.keyword(text.previous(token)?);
        let names_table = matches!(text.tokens[text.next(token + 1)?].token, Token::Word(_));
        return (matches!(before, Keyword::FROM | Keyword::JOIN) && names_table)
            .then(|| MaskedSpan::new(span, MaskKind::Table));
    }
    if text.is_word(token, BEFORE_JOIN) && leads_to_join(text, token) {
        return Some(MaskedSpan::new(span, MaskKind::Join));
    }
    if text.keyword(token) == Keyword::USING {
        let column = text
            .next(token + 1)
            .filter(|next| matches!(text.tokens[*next].token, Token::Word(_)))?;
        return Some(MaskedSpan::new(span.start..text.spans[column].end, MaskKind::Join));
    }
    // A filtered table cannot be followed by it; a hint at the end is not supported at all.
    let clause = match text.keyword(token) {
        Keyword::MATCH_RECOGNIZE => Some(MaskKind::Join),
        Keyword::OPTION => Some(MaskKind::Other),
        _ => None,
    };
    if let Some(kind) = clause {
        let open = text.next(token + 1).filter(|open| text.is(*open, &Token::LParen))?;
        return Some(MaskedSpan::new(span.start..text.spans[text.closing(open)?].end, kind));
    }
    if text.is_word(token, &["omit", "keep"]) {
        let quotes = text.next(token + 1).filter(|next| text.is_word(*next, &["quotes"]))?;
        return Some(MaskedSpan::new(span.start..text.spans[quotes].end, MaskKind::Other));
    }
    None
}

/// `t@v3`.
fn at_version(text: &TokenStream, token: usize) -> Option<MaskedSpan> {
    let glued =
        |at: usize| text.spans.get(at).is_some_and(|span| span.start == text.spans[at - 1].end);
    let (first, last) = match text.tokens.get(token + 1)?.token {
        Token::AtSign if glued(token + 1) && glued(token + 2) => (token + 1, token + 2),
        Token::Placeholder(_) if glued(token + 1) => (token + 1, token + 1),
        _ => return None,
    };
    let span = text.spans[first].start..text.spans[last].end;
    (text.slice(&span).starts_with('@') && text.follows_table(first))
        .then(|| MaskedSpan::new(span, MaskKind::Table))
}

/// `t at (version => 3)`, if the parser does not support it.
fn at_clause(text: &TokenStream, token: usize) -> Option<MaskedSpan> {
    let open = text.next(token + 1).filter(|open| text.is(*open, &Token::LParen))?;
    let unit = text.next(open + 1)?;
    let is_at = text.is_word(token, &["at"]) && text.is_word(unit, &["version", "timestamp"]);
    let arrow = text.next(unit + 1).is_some_and(|arrow| text.is(arrow, &Token::RArrow));
    let close = text.closing(open)?;
    (is_at && arrow && text.follows_table(token))
        .then(|| MaskedSpan::new(text.spans[token].start..text.spans[close].end, MaskKind::Table))
}

/// `cast(x as row(a int))`: the type is irrelevant, so any type is a valid replacement.
fn type_with_parts(text: &TokenStream, token: usize) -> Option<MaskedSpan> {
    let before = text.previous(token).filter(|before| text.keyword(*before) == Keyword::AS)?;
    let open = text.next(token + 1).filter(|open| text.is(*open, &Token::LParen))?;
    if !matches!(text.keyword(token), Keyword::ARRAY | Keyword::ROW | Keyword::MAP) || before == 0 {
        return None;
    }
    let close = text.closing(open)?;
    let ends_cast = text.next(close + 1).is_some_and(|next| text.is(next, &Token::RParen));
    ends_cast.then(|| MaskedSpan {
        span: text.spans[token].start..text.spans[close].end,
        kind: MaskKind::Other,
        replacement: "int",
    })
}

fn leads_to_join(text: &TokenStream, token: usize) -> bool {
    let mut at = token;
    while let Some(next) = text.next(at + 1) {
        match text.keyword(next) {
            Keyword::JOIN => return true,
            Keyword::LEFT
            | Keyword::RIGHT
            | Keyword::INNER
            | Keyword::FULL
            | Keyword::OUTER
            | Keyword::CROSS => at = next,
            _ if text.is_word(next, BEFORE_JOIN) => at = next,
            _ => return false,
        }
    }
    false
}
