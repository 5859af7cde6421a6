//! The check that the filters went where they were meant to: the query with the filters in its text
//! must parse to the same tree as the query with the filters put in its tree.

use std::ops::{ControlFlow, Range};

use sqlparser::ast::{Statement, TableFactor, VisitMut, VisitorMut};
use sqlparser::dialect::Dialect as Parser;

use super::parsers::{parse, parse_at};
use super::splice_site::Place;
use super::tokens::TokenStream;

/// The text with each span replaced. Spans are in order and do not overlap.
pub fn splice(sql: &str, edits: impl IntoIterator<Item = (Range<usize>, String)>) -> String {
    let mut text = String::with_capacity(sql.len());
    let mut done = 0;
    for (span, instead) in edits {
        text.push_str(&sql[done..span.start]);
        text.push_str(&instead);
        done = span.end;
    }
    text + &sql[done..]
}

/// Whether the filters in the text are the filters in the tree. `sql` has its blanks, and its tree
/// is `tree`.
pub fn holds(
    sql: &str,
    mut tree: Statement,
    places: &[Place],
    parser: &dyn Parser,
    within: &dyn Fn(&Place) -> String,
) -> bool {
    let filters: Vec<String> = places.iter().map(within).collect();
    let expected = places
        .iter()
        .zip(&filters)
        .map(|(place, filter)| Some((place.number, factor(filter, place, parser)?)));
    let Some(expected) = expected.collect() else { return false };
    let spliced = splice(sql, places.iter().map(|place| place.span.clone()).zip(filters));
    let mut walk = Walk { number: 0, expected };
    let _ = tree.visit(&mut walk);
    let Ok(Ok(parsed)) = TokenStream::new(&spliced, parser).map(|text| parse(&text, parser)) else {
        return false;
    };
    // Printed, because comparing trees needs a stack as deep as they are.
    walk.expected.is_empty() && parsed.to_string() == tree.to_string()
}

/// The filter alone, as a tree, with the alias that stays behind it.
fn factor(filter: &str, place: &Place, parser: &dyn Parser) -> Option<TableFactor> {
    let filter =
        format!("{}{filter}{}", "(".repeat(place.parentheses), ")".repeat(place.parentheses));
    let text = TokenStream::new(&filter, parser).ok()?;
    let (mut factor, end) = parse_at(&text, 0, parser, |parse| parse.parse_table_factor())?;
    let TableFactor::Derived { alias, .. } = &mut factor else { return None };
    if let Some(behind) = &place.behind {
        *alias = Some(behind.clone());
    }
    text.next(end).is_none().then_some(factor)
}

struct Walk {
    number: usize,
    expected: Vec<(usize, TableFactor)>,
}

impl VisitorMut for Walk {
    type Break = ();

    fn post_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        if let Some(at) = self.expected.iter().position(|(number, _)| *number == self.number) {
            *factor = self.expected.swap_remove(at).1;
        }
        self.number += 1;
        ControlFlow::Continue(())
    }
}
