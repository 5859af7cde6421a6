//! The event-time filter. Takes a model's rendered query, where Jinja wrote each relation, and what is known of the inputs;
//! gives the places where a filter goes in, cut into the author's own text, and the columns of the result. The SQL is parsed
//! to find the places and never printed from the tree.

use std::collections::BTreeMap;
use std::ops::Range;

use sqlparser::ast::{SetExpr, Statement};
use sqlparser::dialect::{Dialect as Parser, GenericDialect};
use sqlparser::tokenizer::Token;

use crate::diagnostics::Diagnostic;
use crate::jinja::{Mark, MarkKind};

mod check;
mod columns;
mod ctes;
mod look;
mod marks;
mod mask;
mod parsers;
mod place;
mod relations;
mod scope;
#[cfg(test)]
mod tests;
mod text;

pub use check::splice;
pub use ctes::{computed, with_clause};
pub use look::{Seen, look};
pub use parsers::parser;
pub use text::is_contained;

use mask::{Blank, What};
use relations::{How, placed};
use text::{Text, Trouble};

/// A relation that the query may read.
#[derive(Clone, Debug)]
pub struct Input {
    pub unique_id: String,
    /// Whether rows are filtered by its event time. An input that is not stays as it is.
    pub filtered: bool,
    /// The plain table names that count as it in the SQL, the parts of each as values, without quotes: database, schema, identifier.
    /// Those of a source, the whole name first; none of anything else.
    pub plain_names: Vec<Vec<String>>,
}

/// A query and the places of its filters.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// Where filters go in, in order, not overlapping: the text there is replaced by the dialect's `within`.
    pub filters: Vec<Filter>,
    /// The unique ids of inputs found in a table position and left whole, because the author opted out (`.render()`).
    pub opted_out: Vec<String>,
    /// Unique ids of all inputs found in a table position, filtered or not.
    pub read: Vec<String>,
    /// The result's columns in order, if the query shows them.
    pub columns: Option<Vec<ResultColumn>>,
    /// Said to the user: how the SQL could not be parsed, and that the filter went in dbt's way.
    pub warnings: Vec<Diagnostic>,
}

/// A place where a filter goes in.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// What is replaced, in bytes: the relation with its version, sample and hints. An alias of the author's stays behind it.
    pub span: Range<usize>,
    /// The relation for the dialect's `within`: the text at `span`, without an alias of the author's that stands in its midst.
    pub relation: String,
    pub unique_id: String,
    /// The alias to write: the table's name if the author gave none, or the author's own if it stood in the midst of `span`.
    pub alias: Option<String>,
}

/// A column of the result.
#[derive(Clone, Debug, PartialEq)]
pub struct ResultColumn {
    /// The name as a value, without quotes.
    pub name: String,
    /// Whether the author quoted it, so that its case counts.
    pub quoted: bool,
}

/// What is known of tables that a query reads: the columns of an input by unique id, for `select *`.
pub type Columns<'a> = dyn Fn(&str) -> Option<Vec<ResultColumn>> + 'a;

/// How a filtered relation is written: its text, its unique id, its alias (without `as`), for the check that the spliced query parses to what
/// was meant.
pub type Within<'a> = dyn Fn(&str, &str, Option<&str>) -> String + 'a;

/// Finds where the filters go in. An error is a query in which no safe place exists.
pub fn filters(
    sql: &str,
    marks: &[Mark],
    inputs: &[Input],
    parser: &dyn Parser,
    columns: &Columns,
    within: &Within,
) -> Result<Query, Diagnostic> {
    parsers::on_a_large_stack(sql.len(), || find(&Ask { sql, marks, inputs, columns, within }, parser))
}

/// What `filters` was asked.
struct Ask<'a> {
    sql: &'a str,
    marks: &'a [Mark],
    inputs: &'a [Input],
    columns: &'a Columns<'a>,
    within: &'a Within<'a>,
}

/// Why an attempt found nothing.
enum Stop {
    /// The parser does not understand the query; another may.
    Unparsed(Trouble),
    /// The parser's tree is not to be trusted; another's may be.
    Doubtful(Diagnostic),
    /// The query is at fault.
    Wrong(Diagnostic),
}

fn find(ask: &Ask, parser: &dyn Parser) -> Result<Query, Diagnostic> {
    let whole = Text::new(ask.sql, parser);
    if let Ok(whole) = &whole {
        one_query(whole)?;
    }
    match parsed(ask, parser, &whole, &mut |reading| places(ask, reading)) {
        Ok(query) => Ok(query),
        Err(Stop::Wrong(error) | Stop::Doubtful(error)) => Err(error),
        Err(Stop::Unparsed(trouble)) => Ok(marks::filters(ask.sql, ask.marks, ask.inputs, parser, &trouble)),
    }
}

/// A query as one parser reads it.
struct Reading<'a> {
    parser: &'a dyn Parser,
    text: &'a Text<'a>,
    blanks: &'a [Blank],
    tree: Statement,
    factors: &'a [scope::Factor],
}

type Then<'a, T> = dyn FnMut(Reading) -> Result<T, Stop> + 'a;

/// A query's tokens, nothing blanked out, or why it has none.
type Whole<'a> = Result<Text<'a>, Trouble>;

/// Does `then` with the query as the first parser reads it that understands it and whose reading `then` trusts. `whole` is
/// what `parser` cuts it into.
fn parsed<T>(ask: &Ask, parser: &dyn Parser, whole: &Whole, then: &mut Then<T>) -> Result<T, Stop> {
    let mut trouble: Option<Trouble> = None;
    let mut doubt = None;
    for (parser, known) in [(parser, Some(whole)), (&GenericDialect {}, None)] {
        let cut = known.is_none().then(|| Text::new(ask.sql, parser));
        let Some(whole) = known.or(cut.as_ref()) else { continue };
        let swallowed = mask::swallowed(whole, parser);
        let more = || {
            let sql = mask::blank(ask.sql, &swallowed);
            let gaps = Text::new(&sql, parser).map_or_else(|_| Vec::new(), |text| mask::gaps(&text, parser, &swallowed));
            (gaps.len() > swallowed.len()).then_some(gaps)
        };
        for further in [false, true] {
            let blanks = if further { more() } else { Some(swallowed.clone()) };
            let Some(blanks) = blanks else { continue };
            match attempt(ask, parser, whole, blanks, then) {
                Ok(done) => return Ok(done),
                Err(Stop::Wrong(error)) => return Err(Stop::Wrong(error)),
                Err(Stop::Doubtful(error)) => doubt = doubt.or(Some(error)),
                Err(Stop::Unparsed(said)) => trouble = trouble.or(Some(said)),
            }
        }
    }
    Err(match (doubt, trouble) {
        (Some(doubt), _) => Stop::Doubtful(doubt),
        (None, trouble) => Stop::Unparsed(trouble.unwrap_or(Trouble { message: String::new(), at: None })),
    })
}

/// Refuses a text that is not one query, as far as its words show it.
fn one_query(text: &Text) -> Result<(), Diagnostic> {
    let Some(first) = text.next(0) else {
        return Err(Diagnostic::error("the model's query is empty").hint("write a query, or see why its Jinja renders to nothing"));
    };
    if parsers::is_no_query(text.keyword(first)) {
        return Err(no_query(text, first));
    }
    let end = (0..text.tokens.len()).find(|token| text.is(*token, &Token::SemiColon));
    let more = end.and_then(|end| (end..text.tokens.len()).find(|token| text.speaks(*token) && !text.is(*token, &Token::SemiColon)));
    match more {
        Some(more) => Err(placed(Diagnostic::error("the model holds more than one statement"), text.sql, &text.spans[more])
            .hint("keep the one query whose rows are the model's; what runs before or after it is a `pre_hook` or a `post_hook`")),
        None => Ok(()),
    }
}

fn no_query(text: &Text, first: usize) -> Diagnostic {
    let message = format!("the model begins with `{}` and is no query", text.slice(&text.spans[first]));
    placed(Diagnostic::error(message), text.sql, &text.spans[first]).hint("a microbatch model is one query; the plan writes its rows")
}

/// The query as one parser reads it.
fn attempt<T>(ask: &Ask, parser: &dyn Parser, whole: &Whole, mut blanks: Vec<Blank>, then: &mut Then<T>) -> Result<T, Stop> {
    let is_input = |span: &Range<usize>| {
        let mut plain_names = ask.inputs.iter().flat_map(|input| &input.plain_names);
        let is_plain = |name: &Vec<String>| matches!(name.as_slice(), [name] if ask.sql[span.clone()].eq_ignore_ascii_case(name));
        ask.marks.iter().any(|mark| mark.span == *span) || plain_names.any(is_plain)
    };
    // Each round blanks out what the one before misread; there is little to misread behind it.
    for _ in 0..4 {
        let blanked = (!blanks.is_empty()).then(|| mask::blank(ask.sql, &blanks));
        let cut = blanked.as_ref().map(|sql| Text::new(sql, parser));
        let text = cut.as_ref().unwrap_or(whole).as_ref().map_err(|trouble| Stop::Unparsed(trouble.clone()))?;
        let tree = parsers::parse(text, parser).map_err(Stop::Unparsed)?;
        let factors = scope::factors(&tree);
        let more = mask::misread(text, &factors, &is_input);
        if more.is_empty() {
            return then(Reading { parser, text, blanks: &blanks, tree, factors: &factors });
        }
        blanks.extend(more);
        blanks.sort_by_key(|blank| blank.span.start);
    }
    Err(Stop::Unparsed(Trouble { message: "a word behind a table is neither its alias nor understood".to_string(), at: None }))
}

/// Where the filters go in.
fn places(ask: &Ask, reading: Reading) -> Result<Query, Stop> {
    let Reading { parser, text, blanks, tree, factors } = reading;
    let Statement::Query(parsed) = &tree else { return Err(Stop::Wrong(no_query(text, text.next(0).unwrap_or(0)))) };
    if matches!(*parsed.body, SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_)) {
        return Err(Stop::Wrong(no_query(text, text.next(0).unwrap_or(0))));
    }
    let reads = relations::reads(text, factors, ask.marks, ask.inputs, parser).map_err(Stop::Wrong)?;
    let mut query = Query { filters: Vec::new(), opted_out: Vec::new(), read: Vec::new(), columns: None, warnings: Vec::new() };
    for read in &reads {
        once(&mut query.read, &read.unique_id);
        if read.how == How::OptedOut {
            once(&mut query.opted_out, &read.unique_id);
        }
    }
    let known: BTreeMap<_, _> = reads.iter().filter_map(|read| Some((read.factor.at, (ask.columns)(&read.unique_id)?))).collect();
    query.columns = columns::columns(parsed, &known, blanks.iter().all(|blank| blank.what != What::Join));

    let filtered: Vec<_> = reads.iter().filter(|read| read.how == How::Filtered).collect();
    let unaliased: BTreeMap<_, _> =
        filtered.iter().filter(|read| read.factor.alias.is_none()).map(|read| (read.factor.name.to_string(), read)).collect();
    for read in unaliased.values() {
        relations::qualified_at_length(text, read, &reads, factors).map_err(Stop::Wrong)?;
    }
    for mark in ask.marks {
        let reads_all =
            matches!(&mark.kind, MarkKind::Input(id) if ask.inputs.iter().any(|input| input.filtered && input.unique_id == *id));
        let is_found = reads.iter().any(|read| text.spans[read.name.0].start == mark.span.start);
        let first = text.starting_at_byte(mark.span.start);
        let table = factors.iter().find(|factor| first.is_some() && text.starting_at(factor.at) == first);
        // The name of a CTE of the author's is no input, and before a column it only says whose column that is.
        let is_other = table.map_or_else(|| marks::is_qualifier(text, &mark.span), |factor| factor.is_cte);
        if reads_all && !is_found && !is_other && !text.is_hidden(&mark.span) {
            query.warnings.push(marks::unfiltered(ask.sql, mark));
        }
    }
    let mut tree = Some(tree);
    // An alias before `pivot` is needed by some engines and not understood by others.
    for alias_wrapped in [true, false] {
        let places = filtered.iter().map(|read| place::place(ask.sql, text, blanks, read, parser, alias_wrapped));
        let places = places.collect::<Result<Vec<_>, _>>().map_err(Stop::Doubtful)?;
        let Some(tree) = tree.take().or_else(|| parsers::parse(text, parser).ok()) else { break };
        let in_order = places.windows(2).all(|pair| pair[0].span.end <= pair[1].span.start);
        if in_order && check::holds(text.sql, tree, &places, parser, ask.within) {
            query.filters = places
                .into_iter()
                .map(|place| Filter { relation: place.relation(ask.sql), span: place.span, unique_id: place.unique_id, alias: place.alias })
                .collect();
            return Ok(query);
        }
    }
    let message = "the query with its filters would not say what was meant";
    Err(Stop::Doubtful(
        Diagnostic::error(message).hint("read each input in a `with` clause of its own, as `select * from` and nothing else"),
    ))
}

/// Adds an id that is not there yet.
fn once(ids: &mut Vec<String>, id: &str) {
    if !ids.iter().any(|known| known == id) {
        ids.push(id.to_string());
    }
}
