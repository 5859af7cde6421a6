//! A query's tree, for whoever wants to judge it: parsed as for the filters, with the inputs where
//! they were found in it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use sqlparser::ast::{Query, Statement};
use sqlparser::dialect::Dialect as Parser;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Location, Span, Token};

use super::preprocess::What;
use super::relations;
use super::tokens::TokenStream;
use super::{Access, Injection, Input, Stop, no_query, parsed, parsers, pass_through};
use crate::jinja::{Mark, MarkKind};

/// A query as it was parsed.
pub struct Seen<'a> {
    pub query: &'a Query,
    /// The inputs by where their name begins: the unique id, and whether it gets a filter.
    pub inputs: BTreeMap<Location, (String, bool)>,
    /// Where the model reads its own table.
    pub own: BTreeSet<Location>,
    /// Where a table is read in part, by chance: `tablesample`, `using sample`.
    pub samples: Vec<Range<usize>>,
    /// Expressions that the parser does not understand: the tree has another in their place.
    pub blank: Vec<Range<usize>>,
    sql: &'a str,
    text: &'a TokenStream<'a>,
}

/// Does `see` with the tree of a query; `None` where no parser understands it.
pub fn look<T>(
    sql: &str,
    marks: &[Mark],
    inputs: &[Input],
    parser: &dyn Parser,
    mut see: impl FnMut(&Seen) -> T,
) -> Option<T> {
    let ask = Injection {
        sql,
        marks,
        inputs,
        columns: &|_| None,
        within: &|_| String::new(),
        hidden: &[],
        types: false,
    };
    let seen = || {
        let whole = TokenStream::new(sql, parser);
        // Some of them are blanked out before the query is parsed.
        let samples = whole.as_ref().map(samples).unwrap_or_default();
        parsed(&ask, parser, &whole, &mut |reading| {
            let text = reading.text;
            let Statement::Query(query) = &reading.tree else {
                return Err(Stop::Wrong(no_query(text, 0)));
            };
            let mut reads = relations::reads(text, reading.factors, marks, inputs, reading.parser)
                .map_err(Stop::Wrong)?;
            pass_through::filter(query, inputs, &mut reads);
            let inputs = reads
                .into_iter()
                .map(|read| (read.factor.at, (read.unique_id, read.access == Access::Filtered)))
                .collect();
            let own = marks
                .iter()
                .filter(|mark| mark.kind == MarkKind::This)
                .filter_map(|mark| text.starting_at_byte(mark.span.start));
            let own = own.map(|token| text.tokens[token].span.start).collect();
            if reading.blanks.iter().any(|blank| blank.what == What::Shape) {
                return Err(Stop::Wrong(no_query(text, 0)));
            }
            let expressions = reading.blanks.iter().filter(|blank| {
                matches!(blank.what, What::Expression | What::Query | What::Operand)
            });
            let blank = expressions.map(|blank| blank.span.clone()).collect();
            Ok(see(&Seen { query, inputs, own, samples: samples.clone(), blank, sql, text }))
        })
        .ok()
    };
    parsers::on_a_large_stack(sql.len(), seen)
}

fn samples(text: &TokenStream) -> Vec<Range<usize>> {
    let behind = |token: usize| {
        text.next(token + 1)
            .filter(|next| text.slice(&text.spans[*next]).eq_ignore_ascii_case("sample"))
    };
    let place = |token: usize| match text.keyword(token) {
        Keyword::TABLESAMPLE => Some(text.spans[token].clone()),
        Keyword::USING => behind(token).map(|next| text.spans[token].start..text.spans[next].end),
        _ => None,
    };
    (0..text.tokens.len()).filter_map(place).collect()
}

impl Seen<'_> {
    /// A place of the tree in bytes, with the parentheses that close what it opens; `None` for a
    /// place that the tree does not know.
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

    /// The author's text of the expression that the parser does not understand, where the tree has
    /// another in its place.
    pub fn blank_at(&self, place: &Range<usize>) -> Option<String> {
        let blank =
            self.blank.iter().find(|blank| blank.start == place.start && place.end <= blank.end)?;
        Some(one_line(&self.sql[blank.clone()]))
    }

    /// The place from the nearest `word` before `at` up to the end of `at`.
    pub fn from_word(&self, word: Keyword, at: Range<usize>) -> Range<usize> {
        self.word(word, at.clone()).start..at.end
    }

    /// The place of the nearest `word` before `at`, or `at` where there is none.
    pub fn word(&self, word: Keyword, at: Range<usize>) -> Range<usize> {
        let token = self.text.spans.partition_point(|span| span.start < at.start);
        (0..token)
            .rev()
            .find(|token| self.text.keyword(*token) == word)
            .map_or(at, |token| self.text.spans[token].clone())
    }

    /// The place of a function's name with its arguments and its `over (…)`.
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

    /// The text of a place, in one line.
    pub fn said(&self, at: &Range<usize>) -> String {
        one_line(self.text.slice(at))
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
