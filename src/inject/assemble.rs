//! What a parsed query reads and where its filters go in.

use std::collections::BTreeMap;

use sqlparser::ast::{SetExpr, Statement};
use sqlparser::dialect::Dialect as Parser;
use sqlparser::tokenizer::{Token, Whitespace};

use super::preprocess::{MaskedSpan, What};
use super::relations::{self, Read, placed};
use super::scope::Factor;
use super::tokens::TokenStream;
use super::{
    Access, Filter, Injection, Input, Occurrence, Query, Reading, Stop, apart, columns, hidden,
    marker_fallback, no_query, parsers, pass_through, splice_site, verify,
};
use crate::diagnostics::Diagnostic;
use crate::jinja::{Mark, MarkKind};

/// The filters of a query, what it reads, and the columns of its result.
pub fn query(ask: &Injection, reading: Reading) -> Result<Query, Stop> {
    let Reading { parser, text, blanks, tree, factors } = reading;
    let Statement::Query(parsed) = &tree else {
        return Err(Stop::Wrong(no_query(text, text.next(0).unwrap_or(0))));
    };
    if matches!(
        *parsed.body,
        SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_)
    ) {
        return Err(Stop::Wrong(no_query(text, text.next(0).unwrap_or(0))));
    }
    let mut reads =
        relations::reads(text, factors, ask.marks, ask.inputs, parser).map_err(Stop::Wrong)?;
    pass_through::filter(parsed, ask.inputs, &mut reads);
    let known: BTreeMap<_, _> = reads
        .iter()
        .filter_map(|read| Some((read.factor.at, (ask.columns)(&read.unique_id)?)))
        .collect();
    let shown = columns::columns(
        parsed,
        &known,
        blanks.iter().all(|blank| blank.what != What::Join),
        ask.types,
    );
    let mut columns = shown
        .filter(|_| blanks.iter().all(|blank| !matches!(blank.what, What::Name | What::Shape)));
    for data_type in columns.iter_mut().flatten().filter_map(|column| column.data_type.as_mut()) {
        *data_type = columns::as_written(ask.sql, data_type);
    }
    let mut query = Query { columns, ..Query::default() };
    let queries = apart::queries(ask, blanks, parser).map_err(Stop::Wrong)?;
    occurrences(&mut query, ask, (text, blanks), factors, &reads, parser);

    let filtered: Vec<_> = reads.iter().filter(|read| read.access == Access::Filtered).collect();
    let unaliased: BTreeMap<_, _> = filtered
        .iter()
        .filter(|read| read.factor.alias.is_none())
        .map(|read| (read.factor.name.to_string(), read))
        .collect();
    for read in unaliased.values() {
        relations::qualified_at_length(text, read, &reads, factors).map_err(Stop::Wrong)?;
    }
    let carried = hidden::carried(ask, text, &tree, factors, &reads).map_err(Stop::Wrong)?;
    // The text does not parse to a tree with aliases from before the tables.
    query.warnings.extend(out_of_sight(ask, blanks));
    let mut tree = Some(tree).filter(|_| blanks.iter().all(|blank| blank.what != What::Alias));
    // An alias before `pivot` is needed by some engines and not understood by others.
    for alias_wrapped in [true, false] {
        let places = filtered
            .iter()
            .map(|read| splice_site::place(ask.sql, text, blanks, read, parser, alias_wrapped));
        let places = places.collect::<Result<Vec<_>, _>>().map_err(Stop::Doubtful)?;
        let Some(tree) = tree.take().or_else(|| parsers::parse(text, parser).ok()) else { break };
        let in_order = places.windows(2).all(|pair| pair[0].span.end <= pair[1].span.start);
        let filter = |place: &splice_site::Place, sql: &str| Filter {
            relation: place.relation(sql),
            span: place.span.clone(),
            unique_id: place.unique_id.clone(),
            alias: place.alias.clone(),
            hidden: carried.get(&place.number).cloned().unwrap_or_default(),
        };
        if in_order
            && verify::holds(text.sql, tree, &places, parser, &|place: &splice_site::Place| {
                (ask.within)(&filter(place, text.sql))
            })
        {
            query.filters.extend(places.iter().map(|place| filter(place, ask.sql)));
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
    Err(Stop::Doubtful(Diagnostic::error(message).hint(
        "read each input in a `with` clause of its own, as `select * from` and nothing else",
    )))
}

/// A warning for a column that `*` may leave out, in an expression that the parser does not
/// understand.
fn out_of_sight(ask: &Injection, blanks: &[MaskedSpan]) -> Option<Diagnostic> {
    let expressions = blanks.iter().filter(|blank| blank.what == What::Expression);
    let name = |span: std::ops::Range<usize>| {
        let words = ask
            .sql
            .get(span)?
            .split(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != '$');
        words.into_iter().find(|word| hidden::is_hidden(word, ask.hidden)).map(str::to_string)
    };
    let found = expressions.into_iter().find_map(|blank| Some((name(blank.span.clone())?, blank)));
    found.map(|(column, blank)| marker_fallback::left_out(ask.sql, &column, &blank.span))
}

/// Notes how each input is read, in the order of the text, and warns of those that are read whole
/// although they have an event time.
fn occurrences(
    query: &mut Query,
    ask: &Injection,
    (text, blanks): (&TokenStream, &[MaskedSpan]),
    factors: &[Factor],
    reads: &[Read],
    parser: &dyn Parser,
) {
    let occurrence = |unique_id: &str, span: &std::ops::Range<usize>, access: Access| {
        (
            span.start,
            Occurrence {
                unique_id: unique_id.to_string(),
                name: ask.sql.get(span.clone()).unwrap_or_default().to_string(),
                access,
            },
        )
    };
    let mut seen: Vec<(usize, Occurrence)> = Vec::new();
    for read in reads {
        let name = text.spans[read.name.0].start..text.spans[read.name.1].end;
        seen.push(occurrence(&read.unique_id, &name, read.access.clone()));
    }
    for mark in ask.marks {
        let MarkKind::Input(id) = &mark.kind else { continue };
        let reads_all = ask.inputs.iter().any(|input| input.filtered && input.unique_id == *id);
        let is_found = reads.iter().any(|read| text.spans[read.name.0].start == mark.span.start);
        if !reads_all || is_found || marker_fallback::covered(ask.marks, mark.span.start).is_some()
        {
            continue;
        }
        if let Some((filter, read)) = apart::operand(ask, mark, parser) {
            query.filters.push(filter);
            seen.push((mark.span.start, read));
            continue;
        }
        if blanks
            .iter()
            .any(|blank| blank.what == What::Query && blank.span.contains(&mark.span.start))
        {
            continue;
        }
        let first = text.starting_at_byte(mark.span.start);
        let table =
            factors.iter().find(|factor| first.is_some() && text.starting_at(factor.at) == first);
        // The name of a CTE of the author's is no input, and before a column it only says whose
        // column that is.
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
            query.warnings.push(marker_fallback::unfiltered(ask.sql, mark));
            seen.push(occurrence(id, &mark.span, Access::OutOfReach));
        }
    }
    for (factor, input) in unmarked(ask, text, factors, reads) {
        let Some((_, end)) = text.starting_at(factor.at).and_then(|first| {
            parsers::parse_at(text, first, parser, |parse| parse.parse_object_name(true))
        }) else {
            continue;
        };
        let (Some(first), Some(last)) = (text.starting_at(factor.at), text.previous(end)) else {
            continue;
        };
        let span = text.spans[first].start..text.spans[last].end;
        if marker_fallback::covered(ask.marks, span.start).is_some() {
            continue;
        }
        query.warnings.push(by_name(text, &span, input));
        seen.push(occurrence(&input.unique_id, &span, Access::ByName));
    }
    seen.sort_by_key(|(at, _)| *at);
    query.reads = seen.into_iter().map(|(_, occurrence)| occurrence).collect();
}

/// Whether a mark lies in a string that a table function gets: it may read the table.
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

/// Tables whose plain name is that of an input with an event time which the model refers to: string
/// work lost the `ref()`.
fn unmarked<'a>(
    ask: &Injection<'a>,
    text: &TokenStream,
    factors: &'a [Factor],
    reads: &[Read],
) -> Vec<(&'a Factor, &'a Input)> {
    let starts: Vec<usize> = ask
        .marks
        .iter()
        .filter(|mark| !matches!(mark.kind, MarkKind::Whole(_)))
        .map(|mark| mark.span.start)
        .collect();
    let is_read = |id: &str| reads.iter().any(|read| read.unique_id == id);
    let mut found = Vec::new();
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
        found.extend(ask.inputs.iter().find(is_it).map(|input| (factor, input)));
    }
    found
}

fn by_name(text: &TokenStream, span: &std::ops::Range<usize>, input: &Input) -> Diagnostic {
    let message = format!(
        "`{}` is written by its plain name, so it gets no filter and each batch reads all of it: \
         it can be the input `{}`",
        text.slice(span),
        input.unique_id
    );
    placed(Diagnostic::warning(message), text.sql, span).hint(
        "let the template write the table as `ref()` or `source()` gives it, or call \
            `.render()` on it to read all of it",
    )
}
