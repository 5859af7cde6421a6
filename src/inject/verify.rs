//! Verifies the inserted filters: the query with the filters in its text must parse to the same
//! tree as the query with the filters inserted in its tree.

use std::ops::{ControlFlow, Range};

use sqlparser::ast::{Statement, TableFactor, VisitMut, VisitorMut};
use sqlparser::dialect::Dialect as Parser;

use super::parsers::{parse, parse_at};
use super::splice_site::SpliceSite;
use super::tokens::TokenStream;

/// Replaces each span of the text. Spans are sorted and disjoint.
pub fn splice(sql: &str, edits: impl IntoIterator<Item = (Range<usize>, String)>) -> String {
    let mut text = String::with_capacity(sql.len());
    let mut done = 0;
    for (span, replacement) in edits {
        text.push_str(&sql[done..span.start]);
        text.push_str(&replacement);
        done = span.end;
    }
    text + &sql[done..]
}

/// Whether inserting the filters in the text and in the tree has the same result. `sql` is masked,
/// and `tree` is its tree.
pub fn is_equivalent(
    sql: &str,
    mut tree: Statement,
    sites: &[SpliceSite],
    parser: &dyn Parser,
    within: &dyn Fn(&SpliceSite) -> String,
) -> bool {
    let filters: Vec<String> = sites.iter().map(within).collect();
    let expected = sites
        .iter()
        .zip(&filters)
        .map(|(site, filter)| Some((site.number, factor(filter, site, parser)?)));
    let Some(expected) = expected.collect() else { return false };
    let spliced = splice(sql, sites.iter().map(|site| site.span.clone()).zip(filters));
    let mut walk = Walk { number: 0, expected };
    let _ = tree.visit(&mut walk);
    let Ok(Ok(parsed)) = TokenStream::new(&spliced, parser).map(|text| parse(&text, parser)) else {
        return false;
    };
    // Compare printed trees, since comparing deep trees needs a deep stack.
    walk.expected.is_empty() && parsed.to_string() == tree.to_string()
}

/// The filter alone as a tree, with the alias that stays after it.
fn factor(filter: &str, site: &SpliceSite, parser: &dyn Parser) -> Option<TableFactor> {
    let filter =
        format!("{}{filter}{}", "(".repeat(site.parentheses), ")".repeat(site.parentheses));
    let text = TokenStream::new(&filter, parser).ok()?;
    let (mut factor, end) = parse_at(&text, 0, parser, |parse| parse.parse_table_factor())?;
    let TableFactor::Derived { alias, .. } = &mut factor else { return None };
    if let Some(kept_alias) = &site.kept_alias {
        *alias = Some(kept_alias.clone());
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
