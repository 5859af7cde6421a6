//! Inputs outside of a query's tree that a filter can replace: in a masked query, which is parsed
//! separately; after `in` or in `table(…)`, where a subquery may replace a table; and in the query
//! `table orders`.

use std::ops::{ControlFlow, Range};

use sqlparser::ast::{self, Ident, Statement};
use sqlparser::dialect::Dialect as Parser;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::Token;

use super::masks::{MaskKind, MaskedSpan};
use super::parsers::parse_at;
use super::relations::{covering_model, is_named};
use super::scope::{last, same};
use super::tokens::TokenStream;
use super::walk::{Nodes, walk};
use super::{Access, Filter, Injection, Input, Occurrence, Query, find_filters};
use crate::diagnostics::Diagnostic;
use crate::jinja::{Mark, MarkKind};

/// The result of each masked query, with spans relative to the whole text.
pub fn queries(
    injection: &Injection,
    masks: &[MaskedSpan],
    parser: &dyn Parser,
) -> Result<Vec<Query>, Diagnostic> {
    let queries = masks.iter().filter(|mask| mask.kind == MaskKind::Query);
    queries.map(|mask| query(injection, mask, parser)).collect()
}

fn query(
    injection: &Injection,
    mask: &MaskedSpan,
    parser: &dyn Parser,
) -> Result<Query, Diagnostic> {
    let start = mask.span.start;
    let is_within =
        |mark: &&Mark| mask.span.start <= mark.span.start && mark.span.end <= mask.span.end;
    let marks: Vec<Mark> = injection
        .marks
        .iter()
        .filter(is_within)
        .map(|mark| Mark {
            span: mark.span.start - start..mark.span.end - start,
            kind: mark.kind.clone(),
        })
        .collect();
    let mut query = find_filters(
        &Injection { sql: &injection.sql[mask.span.clone()], marks: &marks, ..*injection },
        parser,
    )?;
    for filter in &mut query.filters {
        filter.span = filter.span.start + start..filter.span.end + start;
    }
    Ok(query)
}

/// The filter of a mark that is an operand of `in`, the only argument of `table`, or the table of
/// the query `table orders`.
pub fn operand(
    injection: &Injection,
    mark: &Mark,
    parser: &dyn Parser,
) -> Option<(Filter, Occurrence)> {
    let MarkKind::Input(id) = &mark.kind else { return None };
    let text = TokenStream::new(injection.sql, parser).ok()?;
    let first = text.starting_at_byte(mark.span.start)?;
    let last = (first..text.tokens.len())
        .take_while(|token| text.spans[*token].end <= mark.span.end)
        .last()?;
    let before = text.previous(first)?;
    let opens_table = || {
        let names =
            text.previous(before).is_some_and(|table| text.keyword(table) == Keyword::TABLE);
        let closes = text.next(last + 1).is_some_and(|close| text.is(close, &Token::RParen));
        text.is(before, &Token::LParen) && names && closes
    };
    if covering_model(injection.marks, mark.span.start).is_some() {
        return None;
    }
    let start = if is_table_command(&text, before, last) {
        text.spans[before].start
    } else if text.keyword(before) == Keyword::IN || opens_table() {
        mark.span.start
    } else {
        return None;
    };
    let relation = injection.sql.get(mark.span.clone())?.to_string();
    Some(filtered_operand(start..mark.span.end, relation, id.clone()))
}

/// The filters of masked tables after `in` that are inputs by their plain names.
pub fn plain_operands(
    injection: &Injection,
    masks: &[MaskedSpan],
    statement: &Statement,
    parser: &dyn Parser,
) -> Vec<(Filter, Occurrence)> {
    let is_marked = |mask: &MaskedSpan| {
        injection.marks.iter().any(|mark| mark.span == mask.span)
            || covering_model(injection.marks, mask.span.start).is_some()
    };
    let operands: Vec<&MaskedSpan> =
        masks.iter().filter(|mask| mask.kind == MaskKind::Operand && !is_marked(mask)).collect();
    let mut ctes = Ctes(Vec::new());
    if !operands.is_empty() {
        let _ = walk(statement, &mut ctes);
    }
    operands.into_iter().filter_map(|mask| plain_operand(injection, mask, &ctes, parser)).collect()
}

fn plain_operand(
    injection: &Injection,
    mask: &MaskedSpan,
    ctes: &Ctes,
    parser: &dyn Parser,
) -> Option<(Filter, Occurrence)> {
    let text = TokenStream::new(&injection.sql[mask.span.clone()], parser).ok()?;
    let (name, _) = parse_at(&text, 0, parser, |parse| parse.parse_object_name(true))?;
    let is_cte = name.0.len() == 1 && last(&name).is_some_and(|name| ctes.contains(name));
    let is_named = |input: &&Input| {
        input.filtered && input.plain_names.iter().any(|parts| is_named(&name, parts))
    };
    let input = injection.inputs.iter().find(is_named).filter(|input| input.is_cte || !is_cte)?;
    Some(filtered_operand(mask.span.clone(), text.sql.to_string(), input.unique_id.clone()))
}

/// A table that its filter replaces without an alias.
fn filtered_operand(
    span: Range<usize>,
    relation: String,
    unique_id: String,
) -> (Filter, Occurrence) {
    let name = relation.clone();
    let read = Occurrence { unique_id: unique_id.clone(), name, access: Access::Filtered };
    (Filter { span, relation, unique_id, alias: None, hidden: Vec::new() }, read)
}

/// The names of all CTEs of a statement.
struct Ctes(Vec<Ident>);

impl Ctes {
    fn contains(&self, name: &Ident) -> bool {
        self.0.iter().any(|cte| same(cte, name))
    }
}

impl Nodes for Ctes {
    fn pre_visit_query(&mut self, query: &ast::Query) -> ControlFlow<()> {
        let ctes = query.with.iter().flat_map(|with| &with.cte_tables);
        self.0.extend(ctes.map(|cte| cte.alias.name.clone()));
        ControlFlow::Continue(())
    }
}

/// Whether the word at `token` and the name that ends at `last` are a query: `table orders`.
fn is_table_command(text: &TokenStream, token: usize, last: usize) -> bool {
    use Keyword::{ALL, DISTINCT, EXCEPT, FETCH, INTERSECT, LIMIT, OFFSET, ORDER, UNION};
    let begins = text.previous(token).is_none_or(|before| {
        matches!(text.tokens[before].token, Token::LParen | Token::RParen)
            || matches!(text.keyword(before), UNION | EXCEPT | INTERSECT | ALL | DISTINCT)
    });
    let ends = text.next(last + 1).is_none_or(|next| {
        matches!(text.tokens[next].token, Token::RParen | Token::SemiColon | Token::EOF)
            || matches!(
                text.keyword(next),
                UNION | EXCEPT | INTERSECT | ORDER | LIMIT | OFFSET | FETCH
            )
    });
    text.keyword(token) == Keyword::TABLE && begins && ends
}
