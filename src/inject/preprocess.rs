//! Words that sqlparser does not understand, or misunderstands without a word, are blanked out
//! before it parses, byte for byte, so that every place stays what it was. What belongs to a table
//! goes with the table into the filter.

use std::ops::Range;

use sqlparser::dialect::{Dialect as Parser, SQLiteDialect};
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::Token;

use super::parsers::parse_at;
use super::prefix::prefix_alias;
use super::prewhere;
use super::scope::Factor;
use super::syntax;
use super::tokens::{ParseError, TokenStream};
use super::wide_gaps;

/// A place that is blanked out.
#[derive(Clone, Debug, PartialEq)]
pub struct MaskedSpan {
    pub span: Range<usize>,
    pub what: What,
    /// What the parser reads instead.
    pub instead: &'static str,
}

impl MaskedSpan {
    pub fn new(span: Range<usize>, what: What) -> Self {
        MaskedSpan { span, what, instead: "" }
    }

    /// An expression of which nothing but its place is known.
    pub fn expression(span: Range<usize>) -> Self {
        MaskedSpan { span, what: What::Expression, instead: "0" }
    }
}

/// What a blanked out place says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Which rows of the table beside it are read: it goes into the filter.
    Table,
    /// Which columns the tables have together.
    Join,
    /// The alias of the table behind it.
    Alias,
    /// An expression that the parser does not understand.
    Expression,
    /// How a column of the result is called.
    Name,
    /// A query that is parsed by itself.
    Query,
    /// A table that stands in a query's place.
    Operand,
    /// How the rows of the result are made of those of the tables.
    Shape,
    Other,
}

/// The text with its blanks, as long as before. Line breaks stay where they are.
pub fn blank(sql: &str, blanks: &[MaskedSpan]) -> String {
    let mut text = sql.to_string();
    for MaskedSpan { span, instead, .. } in blanks {
        let keep_lines =
            |letter: char| if letter == '\n' { "\n".into() } else { " ".repeat(letter.len_utf8()) };
        let mut spaces: String = sql[span.clone()].chars().map(keep_lines).collect();
        if !instead.is_empty() && spaces.is_char_boundary(instead.len()) {
            spaces.replace_range(..instead.len(), instead);
        }
        text.replace_range(span.clone(), &spaces);
    }
    text
}

/// Comments that sqlparser takes for the end of an operator: `a ||/* … */ b`.
pub fn swallowed(text: &Result<TokenStream, ParseError>, parser: &dyn Parser) -> Vec<MaskedSpan> {
    let mut blanks = Vec::new();
    let Ok(text) = text else { return blanks };
    if swallows(text).is_none() {
        return blanks;
    }
    // What follows such a comment is read anew, for it was misread too. Nobody writes many.
    for _ in 0..50 {
        let sql = blank(text.sql, &blanks);
        let Some(start) = TokenStream::new(&sql, parser).ok().and_then(|text| swallows(&text))
        else {
            break;
        };
        let Ok(comment) = TokenStream::new(&sql[start..], parser) else { break };
        match comment.spans.first() {
            Some(span) if !comment.speaks(0) => {
                blanks.push(MaskedSpan::new(start..start + span.end, What::Other))
            }
            _ => break,
        }
    }
    blanks
}

/// Where the first such comment begins.
fn swallows(text: &TokenStream) -> Option<usize> {
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
    (0..text.tokens.len()).filter(|token| text.speaks(*token)).find_map(begins)
}

/// Words that stand between a table and `join`, and are taken for the table's alias.
const BEFORE_JOIN: &[&str] =
    &["all", "any", "anti", "asof", "directed", "global", "paste", "positional", "semi"];
/// Words that stand before a table's name, and are taken for the name.
const BEFORE_NAME: &[&str] = &["only", "stream"];
const VERSIONS: &[&str] = &["system_time", "system_version", "timestamp", "version"];

/// What sqlparser took for an alias or a name in a tree it was content with, and conditions that go
/// into the filter with their table. `is_input` knows the text of inputs.
pub fn misread(
    text: &TokenStream,
    parser: &dyn Parser,
    factors: &[Factor],
    is_input: &dyn Fn(&Range<usize>) -> bool,
) -> Vec<MaskedSpan> {
    let mut blanks: Vec<MaskedSpan> = (0..text.tokens.len())
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
                .any(|at| qualifies(text, at, &alias.name.value))
        };
        if text.is_word(token, BEFORE_JOIN) && leads_to_join(text, token) && !is_qualifier() {
            blanks.push(MaskedSpan::new(text.spans[token].clone(), What::Join));
        } else if text.keyword(token) == Keyword::FINAL && !is_qualifier() {
            blanks.push(MaskedSpan::new(text.spans[token].clone(), What::Table));
        } else if text.is_word(name, BEFORE_NAME)
            && factor.name.0.len() == 1
            && !factor.is_cte
            && is_input(&text.spans[token])
        {
            blanks.push(MaskedSpan::new(text.spans[name].clone(), What::Table));
        }
    }
    blanks.sort_by_key(|blank| blank.span.start);
    blanks
}

pub fn qualifies(text: &TokenStream, token: usize, word: &str) -> bool {
    text.is(token + 1, &Token::Period) && text.is_word(token, &[word])
}

/// What may be blanked out of a text that cannot be parsed as it is.
/// Blanks that it has already, `before`, stay.
pub fn gaps(text: &TokenStream, parser: &dyn Parser, before: &[MaskedSpan]) -> Vec<MaskedSpan> {
    let mut blanks: Vec<MaskedSpan> = Vec::new();
    let mut wide: Vec<MaskedSpan> = Vec::new();
    for token in 0..text.tokens.len() {
        let Token::Word(_) = &text.tokens[token].token else { continue };
        wide.extend(wide_gaps::gaps(text, token, parser));
        let found = version(text, token, parser)
            .or_else(|| sample(text, token))
            .or_else(|| syntax::gap(text, token))
            .or_else(|| word(text, token))
            .or_else(|| at_version(text, token))
            .or_else(|| at_clause(text, token))
            .or_else(|| prefix_alias(text, token))
            .or_else(|| table_operand(text, token, parser))
            .or_else(|| type_with_parts(text, token));
        if let Some(found) = found
            && blanks.last().is_none_or(|last| last.span.end <= found.span.start)
        {
            blanks.push(found);
        }
    }
    blanks.extend_from_slice(before);
    // A wide one takes the place of those in it.
    for blank in wide {
        blanks.retain(|known| {
            known.span.end <= blank.span.start || known.span.start >= blank.span.end
        });
        blanks.push(blank);
    }
    blanks.sort_by_key(|blank| blank.span.start);
    blanks
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
        what: What::Operand,
        instead: "(0)",
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
    Some(MaskedSpan::new(text.spans[token].start..text.spans[text.previous(end)?].end, What::Table))
}

/// `tablesample bernoulli (10) repeatable (1)`.
fn sample(text: &TokenStream, token: usize) -> Option<MaskedSpan> {
    let sampled = match text.keyword(token) {
        Keyword::TABLESAMPLE => true,
        Keyword::SAMPLE => follows_table(text, token),
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
    Some(MaskedSpan::new(text.spans[token].start..text.spans[last].end, What::Table))
}

/// Single words: `final`, `only`, `any … join`, `using id`, `omit quotes`.
fn word(text: &TokenStream, token: usize) -> Option<MaskedSpan> {
    let span = text.spans[token].clone();
    if text.keyword(token) == Keyword::FINAL && follows_table(text, token) {
        return Some(MaskedSpan::new(span, What::Table));
    }
    if text.is_word(token, BEFORE_NAME) {
        let before = text.keyword(text.previous(token)?);
        let names_table = matches!(text.tokens[text.next(token + 1)?].token, Token::Word(_));
        return (matches!(before, Keyword::FROM | Keyword::JOIN) && names_table)
            .then(|| MaskedSpan::new(span, What::Table));
    }
    if text.is_word(token, BEFORE_JOIN) && leads_to_join(text, token) {
        return Some(MaskedSpan::new(span, What::Join));
    }
    if text.keyword(token) == Keyword::USING {
        let column = text
            .next(token + 1)
            .filter(|next| matches!(text.tokens[*next].token, Token::Word(_)))?;
        return Some(MaskedSpan::new(span.start..text.spans[column].end, What::Join));
    }
    // A table can have it behind, a filtered one cannot; and a hint at the end is not understood at
    // all.
    let clause = match text.keyword(token) {
        Keyword::MATCH_RECOGNIZE => Some(What::Join),
        Keyword::OPTION => Some(What::Other),
        _ => None,
    };
    if let Some(what) = clause {
        let open = text.next(token + 1).filter(|open| text.is(*open, &Token::LParen))?;
        return Some(MaskedSpan::new(span.start..text.spans[text.closing(open)?].end, what));
    }
    if text.is_word(token, &["omit", "keep"]) {
        let quotes = text.next(token + 1).filter(|next| text.is_word(*next, &["quotes"]))?;
        return Some(MaskedSpan::new(span.start..text.spans[quotes].end, What::Other));
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
    (text.slice(&span).starts_with('@') && follows_table(text, first))
        .then(|| MaskedSpan::new(span, What::Table))
}

/// `t at (version => 3)`, where the parser does not know it.
fn at_clause(text: &TokenStream, token: usize) -> Option<MaskedSpan> {
    let open = text.next(token + 1).filter(|open| text.is(*open, &Token::LParen))?;
    let unit = text.next(open + 1)?;
    let is_at = text.is_word(token, &["at"]) && text.is_word(unit, &["version", "timestamp"]);
    let arrow = text.next(unit + 1).is_some_and(|arrow| text.is(arrow, &Token::RArrow));
    let close = text.closing(open)?;
    (is_at && arrow && follows_table(text, token))
        .then(|| MaskedSpan::new(text.spans[token].start..text.spans[close].end, What::Table))
}

/// `cast(x as row(a int))`: the type is not looked at, any will do.
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
        what: What::Other,
        instead: "int",
    })
}

/// Whether what stands before a token is a table's name and perhaps its alias.
pub fn follows_table(text: &TokenStream, token: usize) -> bool {
    let mut at = token;
    for _ in 0..12 {
        let Some(before) = text.previous(at) else { return false };
        match (&text.tokens[before].token, text.keyword(before)) {
            (_, Keyword::FROM | Keyword::JOIN) => return at != token,
            (Token::Word(_) | Token::Period | Token::Colon, _) => at = before,
            _ => return false,
        }
    }
    false
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

/// Where the text of a table with its blanks begins and ends, given where it begins and ends
/// without them.
pub fn with_blanks(
    text: &TokenStream,
    blanks: &[MaskedSpan],
    mut span: Range<usize>,
) -> Range<usize> {
    for blank in blanks.iter().filter(|blank| blank.what == What::Table) {
        if blank.span.start >= span.end && text.silent(span.end..blank.span.start) {
            span.end = blank.span.end;
        }
    }
    for blank in blanks.iter().rev().filter(|blank| blank.what == What::Table) {
        if blank.span.end <= span.start
            && text.silent(blank.span.end..span.start)
            && is_before_name(text, blank)
        {
            span.start = blank.span.start;
        }
    }
    span
}

/// Whether a blank begins a table factor, and is not the end of the one before.
fn is_before_name(text: &TokenStream, blank: &MaskedSpan) -> bool {
    let first = text.spans.partition_point(|span| span.start < blank.span.start);
    text.previous(first).is_some_and(|before| {
        matches!(text.keyword(before), Keyword::FROM | Keyword::JOIN)
            || text.is(before, &Token::Comma)
    })
}
