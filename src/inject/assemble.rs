//! Computes the filters of a parsed query, the inputs that it reads, and its columns.

use std::collections::BTreeMap;

use sqlparser::ast::{SetExpr, Statement};
use sqlparser::dialect::Dialect as Parser;
use sqlparser::tokenizer::{Token, Whitespace};

use super::masks::{MaskKind, MaskedSpan};
use super::relations::{self, Read, located};
use super::scope::Factor;
use super::tokens::TokenStream;
use super::{
    Access, Failure, Filter, Injection, Input, Occurrence, ParsedQuery, Query, columns, hidden,
    marker_fallback, not_a_query_error, outside_tree, parsers, pass_through, splice_site, verify,
};
use crate::diagnostics::Diagnostic;
use crate::jinja::{Mark, MarkKind};

/// The filters, inputs and columns of a parsed query.
pub fn query(injection: &Injection, reading: ParsedQuery) -> Result<Query, Failure> {
    let ParsedQuery { parser, text, masks, tree, factors } = reading;
    let Statement::Query(parsed) = &tree else {
        return Err(Failure::Invalid(not_a_query_error(text, text.next(0).unwrap_or(0))));
    };
    if matches!(
        *parsed.body,
        SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_)
    ) {
        return Err(Failure::Invalid(not_a_query_error(text, text.next(0).unwrap_or(0))));
    }
    let mut reads = relations::reads(text, factors, injection.marks, injection.inputs, parser)
        .map_err(Failure::Invalid)?;
    pass_through::filter(parsed, injection.inputs, &mut reads);
    let input_columns: BTreeMap<_, _> = reads
        .iter()
        .filter_map(|read| Some((read.factor.at, (injection.columns)(&read.unique_id)?)))
        .collect();
    let derived = columns::columns(
        parsed,
        &input_columns,
        masks.iter().all(|mask| mask.kind != MaskKind::Join),
        injection.types,
    );
    let mut columns = derived.filter(|_| {
        masks.iter().all(|mask| !matches!(mask.kind, MaskKind::Name | MaskKind::Shape))
    });
    for data_type in columns.iter_mut().flatten().filter_map(|column| column.data_type.as_mut()) {
        *data_type = columns::as_written(injection.sql, data_type);
    }
    let mut query = Query { columns, ..Query::default() };
    let queries = outside_tree::queries(injection, masks, parser).map_err(Failure::Invalid)?;
    occurrences(&mut query, injection, (text, masks, &tree), factors, &reads, parser);

    let filtered: Vec<_> = reads.iter().filter(|read| read.access == Access::Filtered).collect();
    let unaliased: BTreeMap<_, _> = filtered
        .iter()
        .filter(|read| read.factor.alias.is_none())
        .map(|read| (read.factor.name.to_string(), read))
        .collect();
    for read in unaliased.values() {
        relations::reject_long_qualifier(text, read, &reads, factors).map_err(Failure::Invalid)?;
    }
    let carried = hidden::carried_columns(injection, text, &tree, factors, &reads)
        .map_err(Failure::Invalid)?;
    // The text does not parse to the tree with prefix aliases, so parse it again.
    query.warnings.extend(masked_hidden_column_warning(injection, masks));
    let mut tree = Some(tree).filter(|_| masks.iter().all(|mask| mask.kind != MaskKind::Alias));
    // Some engines need an alias before `pivot`, others reject it.
    for alias_wrapped in [true, false] {
        let sites = filtered.iter().map(|read| {
            splice_site::splice_site(injection.sql, text, masks, read, parser, alias_wrapped)
        });
        let sites = sites.collect::<Result<Vec<_>, _>>().map_err(Failure::Unreliable)?;
        let Some(tree) = tree.take().or_else(|| parsers::parse(text, parser).ok()) else { break };
        let in_order = sites.windows(2).all(|pair| pair[0].span.end <= pair[1].span.start);
        let filter = |site: &splice_site::SpliceSite, sql: &str| Filter {
            relation: site.relation(sql),
            span: site.span.clone(),
            unique_id: site.unique_id.clone(),
            alias: site.alias.clone(),
            hidden: carried.get(&site.number).cloned().unwrap_or_default(),
        };
        if in_order
            && verify::is_equivalent(
                text.sql,
                tree,
                &sites,
                parser,
                &|site: &splice_site::SpliceSite| (injection.within)(&filter(site, text.sql)),
            )
        {
            query.filters.extend(sites.iter().map(|site| filter(site, injection.sql)));
            for more in queries {
                query.filters.extend(more.filters);
                query.reads.extend(more.reads);
                query.warnings.extend(more.warnings);
            }
            query.filters.sort_by_key(|filter| filter.span.start);
            return Ok(query);
        }
    }
    let message = "adding the event-time filters would change the meaning of this query";
    Err(Failure::Unreliable(
        Diagnostic::error(message)
            .hint("read each input in a separate `with` clause, as only `select * from`"),
    ))
}

/// A warning for a column that `*` may omit, in a masked expression.
fn masked_hidden_column_warning(injection: &Injection, masks: &[MaskedSpan]) -> Option<Diagnostic> {
    let expressions = masks.iter().filter(|mask| mask.kind == MaskKind::Expression);
    let name = |span: std::ops::Range<usize>| {
        let words = injection
            .sql
            .get(span)?
            .split(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != '$');
        words.into_iter().find(|word| hidden::is_hidden(word, injection.hidden)).map(str::to_string)
    };
    let first = expressions.into_iter().find_map(|mask| Some((name(mask.span.clone())?, mask)));
    first.map(|(column, mask)| {
        marker_fallback::omitted_column_warning(injection.sql, &column, &mask.span)
    })
}

/// Records how each input is read, in the order of the text, and warns about inputs that have an
/// event time but are read without a filter.
fn occurrences(
    query: &mut Query,
    injection: &Injection,
    (text, masks, tree): (&TokenStream, &[MaskedSpan], &Statement),
    factors: &[Factor],
    reads: &[Read],
    parser: &dyn Parser,
) {
    let occurrence = |unique_id: &str, span: &std::ops::Range<usize>, access: Access| {
        (
            span.start,
            Occurrence {
                unique_id: unique_id.to_string(),
                name: injection.sql.get(span.clone()).unwrap_or_default().to_string(),
                access,
            },
        )
    };
    let mut occurrences: Vec<(usize, Occurrence)> = Vec::new();
    for read in reads {
        let name = text.spans[read.name.0].start..text.spans[read.name.1].end;
        occurrences.push(occurrence(&read.unique_id, &name, read.access.clone()));
    }
    for mark in injection.marks {
        let MarkKind::Input(id) = &mark.kind else { continue };
        let reads_all =
            injection.inputs.iter().any(|input| input.filtered && input.unique_id == *id);
        let is_read = reads.iter().any(|read| text.spans[read.name.0].start == mark.span.start);
        if !reads_all
            || is_read
            || relations::covering_model(injection.marks, mark.span.start).is_some()
        {
            continue;
        }
        if let Some((filter, read)) = outside_tree::operand(injection, mark, parser) {
            query.filters.push(filter);
            occurrences.push((mark.span.start, read));
            continue;
        }
        if masks
            .iter()
            .any(|mask| mask.kind == MaskKind::Query && mask.span.contains(&mark.span.start))
        {
            continue;
        }
        let first = text.starting_at_byte(mark.span.start);
        let table =
            factors.iter().find(|factor| first.is_some() && text.starting_at(factor.at) == first);
        // A CTE of the author is not an input, and before a column the name only qualifies it.
        let is_other = table.map_or_else(
            || marker_fallback::is_qualifier(text, &mark.span),
            |factor| factor.is_cte,
        );
        let out_of_reach = if text.is_hidden(&mark.span) {
            in_table_function(text, factors, mark)
        } else {
            !is_other
        };
        if out_of_reach {
            query.warnings.push(marker_fallback::out_of_reach_warning(injection.sql, mark));
            occurrences.push(occurrence(id, &mark.span, Access::OutOfReach));
        }
    }
    for (filter, read) in outside_tree::plain_operands(injection, masks, tree, parser) {
        occurrences.push((filter.span.start, read));
        query.filters.push(filter);
    }
    for (factor, input) in unmarked_inputs(injection, text, factors, reads) {
        let Some((_, end)) = text.starting_at(factor.at).and_then(|first| {
            parsers::parse_at(text, first, parser, |parse| parse.parse_object_name(true))
        }) else {
            continue;
        };
        let (Some(first), Some(last)) = (text.starting_at(factor.at), text.previous(end)) else {
            continue;
        };
        let span = text.spans[first].start..text.spans[last].end;
        if relations::covering_model(injection.marks, span.start).is_some() {
            continue;
        }
        query.warnings.push(plain_name_warning(text, &span, input));
        occurrences.push(occurrence(&input.unique_id, &span, Access::ByName));
    }
    occurrences.sort_by_key(|(at, _)| *at);
    query.reads = occurrences.into_iter().map(|(_, occurrence)| occurrence).collect();
}

/// Whether a mark is in a string argument of a table function, which may read the table.
fn in_table_function(text: &TokenStream, factors: &[Factor], mark: &Mark) -> bool {
    let Some(token) = text
        .spans
        .iter()
        .position(|span| span.start <= mark.span.start && mark.span.end <= span.end)
    else {
        return false;
    };
    let is_comment = matches!(
        text.tokens[token].token,
        Token::Whitespace(Whitespace::SingleLineComment { .. } | Whitespace::MultiLineComment(_))
    );
    let calls = factors.iter().filter(|factor| factor.is_call).filter_map(|factor| {
        let first = text.starting_at(factor.at)?;
        let open = (first..text.tokens.len()).find(|token| text.is(*token, &Token::LParen))?;
        Some(open..text.closing(open)?)
    });
    !is_comment && calls.into_iter().any(|call| call.contains(&token))
}

/// Tables whose plain name is that of an input with an event time to which the model refers: string
/// manipulation lost the `ref()`.
fn unmarked_inputs<'a>(
    injection: &Injection<'a>,
    text: &TokenStream,
    factors: &'a [Factor],
    reads: &[Read],
) -> Vec<(&'a Factor, &'a Input)> {
    let starts: Vec<usize> = injection
        .marks
        .iter()
        .filter(|mark| !matches!(mark.kind, MarkKind::Whole(_)))
        .map(|mark| mark.span.start)
        .collect();
    let is_read = |id: &str| reads.iter().any(|read| read.unique_id == id);
    let mut matches = Vec::new();
    for factor in
        factors.iter().filter(|factor| !factor.is_cte && !factor.is_array && !factor.is_call)
    {
        let start = text.starting_at(factor.at).map(|first| text.spans[first].start);
        if start.is_none_or(|start| starts.contains(&start))
            || reads.iter().any(|read| read.factor.number == factor.number)
        {
            continue;
        }
        let is_it = |input: &&Input| {
            let parts = &input.referred;
            let written = factor.name.0.len();
            let is_tail = written <= parts.len()
                && relations::is_named(&factor.name, &parts[parts.len() - written..]);
            let is_table = || {
                parts.last().is_some_and(|table| relations::ends_with(&factor.name, table))
                    && !is_read(&input.unique_id)
            };
            input.filtered && !parts.is_empty() && (is_tail || is_table())
        };
        matches.extend(injection.inputs.iter().find(is_it).map(|input| (factor, input)));
    }
    matches
}

fn plain_name_warning(
    text: &TokenStream,
    span: &std::ops::Range<usize>,
    input: &Input,
) -> Diagnostic {
    let message = format!(
        "`{}` is a plain name, so it has no filter and each batch reads all of it: it may be the \
        input `{}`",
        text.slice(span),
        input.unique_id
    );
    located(Diagnostic::warning(message), text.sql, span).hint(
        "use the result of `ref()` or `source()` unchanged, or call `.render()` on it to read all \
        of it",
    )
}
