//! A parsed query for `check`: the same tree as for the filters, with its inputs.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use sqlparser::ast::{Query, Statement};
use sqlparser::dialect::Dialect as Parser;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Location, Span, Token};

use super::masks::MaskKind;
use super::relations;
use super::tokens::TokenStream;
use super::{
    Access, Failure, Injection, Input, not_a_query_error, parsers, pass_through, with_parse,
};
use crate::jinja::{Mark, MarkKind};

/// A parsed query.
pub struct QueryView<'a> {
    pub query: &'a Query,
    /// The inputs by the start of their name: the unique id, and whether it is filtered.
    pub inputs: BTreeMap<Location, (String, bool)>,
    /// The locations where the model reads its own table.
    pub self_reads: BTreeSet<Location>,
    /// Samples of tables: `tablesample`, `using sample`, `sample (10 rows)`.
    pub samples: Vec<Range<usize>>,
    /// Masked expressions, which the parser does not support. The tree contains a placeholder.
    pub masked: Vec<Range<usize>>,
    sql: &'a str,
    text: &'a TokenStream<'a>,
}

/// Calls `visit` with the parsed query. `None` if no parser accepts it.
pub fn with_query_view<T>(
    sql: &str,
    marks: &[Mark],
    inputs: &[Input],
    parser: &dyn Parser,
    mut visit: impl FnMut(&QueryView) -> T,
) -> Option<T> {
    let injection = Injection {
        sql,
        marks,
        inputs,
        columns: &|_| None,
        within: &|_| String::new(),
        hidden: &[],
        types: false,
    };
    let with_view = || {
        let whole = TokenStream::new(sql, parser);
        // Some of them are masked before the query is parsed.
        let samples = whole.as_ref().map(samples).unwrap_or_default();
        with_parse(&injection, parser, &whole, &mut |reading| {
            let text = reading.text;
            let Statement::Query(query) = &reading.tree else {
                return Err(Failure::Invalid(not_a_query_error(text, 0)));
            };
            let mut reads = relations::reads(text, reading.factors, marks, inputs, reading.parser)
                .map_err(Failure::Invalid)?;
            pass_through::filter(query, inputs, &mut reads);
            let inputs = reads
                .into_iter()
                .map(|read| (read.factor.at, (read.unique_id, read.access == Access::Filtered)))
                .collect();
            let own_marks = marks
                .iter()
                .filter(|mark| mark.kind == MarkKind::This)
                .filter_map(|mark| text.starting_at_byte(mark.span.start));
            let self_reads = own_marks.map(|token| text.tokens[token].span.start).collect();
            if reading.masks.iter().any(|mask| mask.kind == MaskKind::Shape) {
                return Err(Failure::Invalid(not_a_query_error(text, 0)));
            }
            let expressions = reading.masks.iter().filter(|mask| {
                matches!(mask.kind, MaskKind::Expression | MaskKind::Query | MaskKind::Operand)
            });
            let masked = expressions.map(|mask| mask.span.clone()).collect();
            Ok(visit(&QueryView {
                query,
                inputs,
                self_reads,
                samples: samples.clone(),
                masked,
                sql,
                text,
            }))
        })
        .ok()
    };
    parsers::on_a_large_stack(sql.len(), with_view)
}

fn samples(text: &TokenStream) -> Vec<Range<usize>> {
    let behind = |token: usize| {
        text.next(token + 1)
            .filter(|next| text.slice(&text.spans[*next]).eq_ignore_ascii_case("sample"))
    };
    // An alias may have the same name; a clause has a size.
    let is_clause = |token: usize| {
        let sized = |next: usize| match &text.tokens[next].token {
            Token::Number(..) => true,
            Token::LParen => text
                .next(next + 1)
                .is_some_and(|inner| matches!(text.tokens[inner].token, Token::Number(..))),
            _ => false,
        };
        let is_method = |next: &usize| {
            let word = text.slice(&text.spans[*next]).to_lowercase();
            ["row", "rows", "block", "system", "bernoulli"].contains(&word.as_str())
        };
        let next = text.next(token + 1);
        let size = next.filter(is_method).and_then(|method| text.next(method + 1)).or(next);
        let before = text.previous(token);
        let is_behind_table = text.follows_table(token)
            || before.is_some_and(|before| text.is(before, &Token::RParen));
        let is_using = before.is_some_and(|before| text.keyword(before) == Keyword::USING);
        is_behind_table && !is_using && size.is_some_and(sized)
    };
    let span = |token: usize| match text.keyword(token) {
        Keyword::TABLESAMPLE => Some(text.spans[token].clone()),
        Keyword::SAMPLE if is_clause(token) => Some(text.spans[token].clone()),
        Keyword::USING => behind(token).map(|next| text.spans[token].start..text.spans[next].end),
        _ => None,
    };
    (0..text.tokens.len()).filter_map(span).collect()
}

impl QueryView<'_> {
    /// A span of the tree in bytes, including the parentheses that close those it opens. `None` for
    /// a span without location.
    pub fn bytes(&self, span: Span) -> Option<Range<usize>> {
        let text = self.text;
        let first = text.starting_at(span.start)?;
        let mut last = text
            .tokens
            .partition_point(|token| token.span.start < span.end)
            .checked_sub(1)?
            .max(first);
        let mut open = first;
        while open <= last {
            if text.is(open, &Token::LParen) {
                let close = text.closing(open)?;
                last = last.max(close);
                open = close;
            }
            open += 1;
        }
        Some(text.spans[first].start..text.spans[last].end)
    }

    /// The author's text of a masked expression, for which the tree contains a placeholder.
    pub fn masked_text(&self, span: &Range<usize>) -> Option<String> {
        let mask =
            self.masked.iter().find(|mask| mask.start == span.start && span.end <= mask.end)?;
        Some(one_line(&self.sql[mask.clone()]))
    }

    /// The span from the nearest `word` before `at` to the end of `at`.
    pub fn from_word(&self, word: Keyword, at: Range<usize>) -> Range<usize> {
        self.word(word, at.clone()).start..at.end
    }

    /// The span of the nearest `word` before `at`, or `at` if there is none.
    pub fn word(&self, word: Keyword, at: Range<usize>) -> Range<usize> {
        let token = self.text.spans.partition_point(|span| span.start < at.start);
        (0..token)
            .rev()
            .find(|token| self.text.keyword(*token) == word)
            .map_or(at, |token| self.text.spans[token].clone())
    }

    /// The span of a function's name with its arguments and its `over (…)`.
    pub fn over(&self, name: Range<usize>) -> Range<usize> {
        let text = self.text;
        let end = |token: usize| match text.next(token + 1) {
            Some(next) if text.is(next, &Token::LParen) => {
                text.closing(next).map(|close| text.spans[close].end)
            }
            Some(next) => Some(text.spans[next].end),
            None => None,
        };
        let mut token = text.spans.partition_point(|span| span.start < name.start);
        while let Some(next) = text.next(token) {
            match &text.tokens[next].token {
                Token::LParen => match text.closing(next) {
                    Some(close) => token = close + 1,
                    None => break,
                },
                Token::Comma | Token::RParen => break,
                _ if text.keyword(next) == Keyword::OVER => {
                    return name.start..end(next).unwrap_or(name.end);
                }
                _ => token = next + 1,
            }
        }
        name
    }

    /// The author's text of a span on one line, also of a masked one.
    pub fn unmasked_text(&self, at: &Range<usize>) -> String {
        one_line(self.sql.get(at.clone()).unwrap_or_default())
    }

    /// The text of a span on one line.
    pub fn text_at(&self, at: &Range<usize>) -> String {
        one_line(self.text.slice(at))
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
