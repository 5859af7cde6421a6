//! A query's tree, for whoever wants to judge it: parsed as for the filters, with the inputs where they were found in it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use sqlparser::ast::{Query, Statement};
use sqlparser::dialect::Dialect as Parser;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Location, Span};

use super::relations::{self, How};
use super::text::Text;
use super::{Ask, Input, Stop, no_query, parsed, parsers};
use crate::jinja::{Mark, MarkKind};

/// A query as it was parsed.
pub struct Seen<'a> {
    pub query: &'a Query,
    /// The inputs by where their name begins: the unique id, and whether it gets a filter.
    pub inputs: BTreeMap<Location, (String, bool)>,
    /// Where the model reads its own table.
    pub own: BTreeSet<Location>,
    text: &'a Text<'a>,
}

/// Does `see` with the tree of a query; `None` where no parser understands it.
pub fn look<T>(sql: &str, marks: &[Mark], inputs: &[Input], parser: &dyn Parser, mut see: impl FnMut(&Seen) -> T) -> Option<T> {
    let ask = Ask { sql, marks, inputs, columns: &|_| None, within: &|_, _, _| String::new() };
    let seen = || {
        parsed(&ask, parser, &mut |reading| {
            let text = reading.text;
            let Statement::Query(query) = &reading.tree else { return Err(Stop::Wrong(no_query(text, 0))) };
            let reads = relations::reads(text, reading.factors, marks, inputs, reading.parser).map_err(Stop::Wrong)?;
            let inputs = reads.into_iter().map(|read| (read.factor.at, (read.unique_id, read.how == How::Filtered))).collect();
            let own = marks.iter().filter(|mark| mark.kind == MarkKind::This).filter_map(|mark| text.starting_at_byte(mark.span.start));
            let own = own.map(|token| text.tokens[token].span.start).collect();
            Ok(see(&Seen { query, inputs, own, text }))
        })
        .ok()
    };
    parsers::on_a_large_stack(sql.len(), seen)
}

impl Seen<'_> {
    /// A place of the tree in bytes; `None` for a place that the tree does not know.
    pub fn bytes(&self, span: Span) -> Option<Range<usize>> {
        let first = self.text.starting_at(span.start)?;
        let last = self.text.tokens.partition_point(|token| token.span.start < span.end).checked_sub(1)?;
        let end = self.text.spans[last.max(first)].end;
        Some(self.text.spans[first].start..end)
    }

    /// The place from the nearest `word` before `at` up to the end of `at`.
    pub fn from_word(&self, word: Keyword, at: Range<usize>) -> Range<usize> {
        let token = self.text.spans.partition_point(|span| span.start < at.start);
        let found = (0..token).rev().find(|token| self.text.keyword(*token) == word);
        found.map_or(at.clone(), |token| self.text.spans[token].start..at.end)
    }

    /// The place up to the parenthesis that closes the first one in it: a call with its arguments, `over (…)` with what it holds.
    pub fn closed(&self, at: Range<usize>) -> Range<usize> {
        let first = self.text.spans.partition_point(|span| span.start < at.end);
        let open = self.text.next(first).filter(|open| self.text.is(*open, &sqlparser::tokenizer::Token::LParen));
        let close = open.and_then(|open| self.text.closing(open));
        close.map_or(at.clone(), |close| at.start..self.text.spans[close].end)
    }

    /// The text of a place, in one line.
    pub fn said(&self, at: &Range<usize>) -> String {
        self.text.slice(at).split_whitespace().collect::<Vec<_>>().join(" ")
    }
}
