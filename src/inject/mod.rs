//! The event-time filter. Takes a model's rendered query, where Jinja wrote each relation, and what
//! is known of the inputs; gives the places where a filter goes in, cut into the author's own text,
//! and the columns of the result. The SQL is parsed to find the places and never printed from the
//! tree.

use std::collections::BTreeSet;
use std::ops::Range;

use sqlparser::ast::Statement;
use sqlparser::dialect::{Dialect as Parser, GenericDialect};
use sqlparser::tokenizer::Token;

use crate::diagnostics::Diagnostic;
use crate::dialect::TimeType;
use crate::jinja::{Mark, MarkKind};

mod apart;
mod assemble;
mod columns;
mod ctes;
mod fragment;
mod hidden;
mod look;
mod marker_fallback;
mod parsers;
mod pass_through;
mod prefix;
mod preprocess;
mod prewhere;
mod recover;
mod relations;
mod scope;
mod splice_site;
mod syntax;
#[cfg(test)]
mod tests;
mod tokens;
mod unfinished;
mod verify;
mod walk;
mod wide_gaps;

pub use ctes::{computed, with_clause};
pub use fragment::Fragment;
pub use look::{Seen, look};
pub use parsers::parser;
pub use tokens::{is_contained, is_in_comment_or_string};
pub use unfinished::{open_transaction, unfinished};
pub use verify::splice;
pub use walk::{Nodes, walk};

use preprocess::MaskedSpan;
use relations::placed;
use tokens::{ParseError, TokenStream};

/// A relation that the query may read.
#[derive(Clone, Debug, Default)]
pub struct Input {
    pub unique_id: String,
    /// Whether rows are filtered by its event time. An input that is not stays as it is.
    pub filtered: bool,
    /// By which column, and what decides on the literals that it is compared with.
    pub time: Option<Time>,
    /// The plain table names that count as it in the SQL, the parts of each as values, without
    /// quotes: database, schema, identifier. Those of a source, the whole name first, and the CTE
    /// of an ephemeral model; none of anything else.
    pub plain_names: Vec<Vec<String>>,
    /// Whether it is the CTE of an ephemeral model.
    pub is_cte: bool,
    /// The parts of its name, where the model refers to it: a table of this name that is no mark
    /// has lost its `ref()`.
    pub referred: Vec<String>,
    /// Columns that it is declared to have, in lower case: `*` carries them whatever their names
    /// are.
    pub declared: Vec<String>,
}

/// An input's event time. Two with the same literals filter a column alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Time {
    pub column: ResultColumn,
    /// What its type holds, where that is known.
    pub literals: Option<TimeType>,
}

/// A query to be filtered.
#[derive(Clone, Copy)]
pub struct Injection<'a> {
    pub sql: &'a str,
    pub marks: &'a [Mark],
    pub inputs: &'a [Input],
    pub columns: &'a Columns<'a>,
    pub within: &'a Within<'a>,
    /// Names of columns that `*` leaves out, in lower case; one that ends with `*` is the beginning
    /// of names.
    pub hidden: &'a [String],
    /// Whether the types of the result's columns are looked for.
    pub types: bool,
}

/// An input where the query reads it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Occurrence {
    pub unique_id: String,
    /// The name as the query writes it.
    pub name: String,
    pub access: Access,
}

/// How the query reads an input.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    Filtered,
    NoEventTime,
    /// The author opted out with `.render()`.
    OptedOut,
    /// It stands in an ephemeral model, and the ephemeral model of this name is filtered by its own
    /// event time.
    Covered(String),
    /// No filter can go in where it stands.
    OutOfReach,
    /// It is written by its plain name, without `ref()`.
    ByName,
}

/// A query and the places of its filters.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// Where filters go in, in order, not overlapping: the text there is replaced by the dialect's
    /// `within`.
    pub filters: Vec<Filter>,
    /// All inputs that it reads, filtered or not, in the order of the text.
    pub reads: Vec<Occurrence>,
    /// The result's columns in order, if the query shows them.
    pub columns: Option<Vec<ResultColumn>>,
    /// Said to the user: how the SQL could not be parsed, and that the filter went in dbt's way.
    pub warnings: Vec<Diagnostic>,
}

impl Query {
    /// The unique ids of inputs that are read in this way, each once.
    pub fn ids(&self, is_so: impl Fn(&Access) -> bool) -> BTreeSet<String> {
        self.reads
            .iter()
            .filter(|read| is_so(&read.access))
            .map(|read| read.unique_id.clone())
            .collect()
    }
}

/// A place where a filter goes in.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// What is replaced, in bytes: the relation with its version, sample and hints. An alias of the
    /// author's stays behind it.
    pub span: Range<usize>,
    /// The relation for the dialect's `within`: the text at `span`, without an alias of the
    /// author's that stands in its midst.
    pub relation: String,
    pub unique_id: String,
    /// The alias to write: the table's name if the author gave none, or the author's own if it
    /// stood in the midst of `span`.
    pub alias: Option<String>,
    /// Columns that `*` leaves out and the query reads from it, as the author wrote them.
    pub hidden: Vec<String>,
}

/// A column of the result.
#[derive(Clone, Debug, PartialEq)]
pub struct ResultColumn {
    /// The name as a value, without quotes.
    pub name: String,
    /// Whether the author quoted it, so that its case counts.
    pub quoted: bool,
    /// The type that a cast in the query gives it, if that was asked for.
    pub data_type: Option<String>,
}

impl ResultColumn {
    /// A column whose type is not known.
    pub fn named(name: impl Into<String>, quoted: bool) -> ResultColumn {
        ResultColumn { name: name.into(), quoted, data_type: None }
    }
}

/// What is known of tables that a query reads: the columns of an input by unique id, for `select
/// *`.
pub type Columns<'a> = dyn Fn(&str) -> Option<Vec<ResultColumn>> + 'a;

/// How a filtered relation is written, its alias without `as`, for the check that the spliced query
/// parses to what was meant.
pub type Within<'a> = dyn Fn(&Filter) -> String + 'a;

/// Finds where the filters go in. An error is a query in which no safe place exists.
pub fn filters(injection: &Injection, parser: &dyn Parser) -> Result<Query, Diagnostic> {
    parsers::on_a_large_stack(injection.sql.len(), || find(injection, parser))
}

/// Why an attempt found nothing.
enum Stop {
    /// The parser does not understand the query; another may.
    Unparsed(ParseError),
    /// The parser's tree is not to be trusted; another's may be.
    Doubtful(Diagnostic),
    /// The query is at fault.
    Wrong(Diagnostic),
}

fn find(ask: &Injection, parser: &dyn Parser) -> Result<Query, Diagnostic> {
    let whole = TokenStream::new(ask.sql, parser);
    if let Ok(whole) = &whole {
        one_query(whole)?;
    }
    match parsed(ask, parser, &whole, &mut |reading| assemble::query(ask, reading)) {
        Ok(query) => Ok(query),
        Err(Stop::Wrong(error) | Stop::Doubtful(error)) => Err(error),
        Err(Stop::Unparsed(trouble)) => match unfinished(ask.sql, parser) {
            // No parser gap: nothing reads a query whose quote is open.
            Some(open) => {
                let error = Diagnostic::error(format!(
                    "the query does not end: {} is left open",
                    open.what
                ));
                Err(placed(error, ask.sql, &(open.at..open.at))
                    .hint("close it: what follows in the file would become a part of it"))
            }
            None => Ok(marker_fallback::filters(ask, parser, &trouble)),
        },
    }
}

/// A query as one parser reads it.
struct Reading<'a> {
    parser: &'a dyn Parser,
    text: &'a TokenStream<'a>,
    blanks: &'a [MaskedSpan],
    tree: Statement,
    factors: &'a [scope::Factor],
}

type Then<'a, T> = dyn FnMut(Reading) -> Result<T, Stop> + 'a;

/// A query's tokens, nothing blanked out, or why it has none.
type Whole<'a> = Result<TokenStream<'a>, ParseError>;

/// Does `then` with the query as the first parser reads it that understands it and whose reading
/// `then` trusts. `whole` is what `parser` cuts it into.
fn parsed<T>(
    ask: &Injection,
    parser: &dyn Parser,
    whole: &Whole,
    then: &mut Then<T>,
) -> Result<T, Stop> {
    let mut trouble: Option<ParseError> = None;
    let mut doubt = None;
    // Expressions are blanked out only where no parser understands the query otherwise.
    for hides_expressions in [false, true] {
        for (parser, known) in [(parser, Some(whole)), (&GenericDialect {}, None)] {
            let cut = known.is_none().then(|| TokenStream::new(ask.sql, parser));
            let Some(whole) = known.or(cut.as_ref()) else { continue };
            let swallowed = preprocess::swallowed(whole, parser);
            let more = || {
                let sql = preprocess::blank(ask.sql, &swallowed);
                TokenStream::new(&sql, parser).map_or_else(
                    |_| swallowed.clone(),
                    |text| preprocess::gaps(&text, parser, &swallowed),
                )
            };
            let tries = if hides_expressions {
                [recover::recover(ask.sql, parser, &more(), &|span| is_input(ask, span)), None]
            } else {
                [Some(swallowed.clone()), Some(more()).filter(|gaps| gaps.len() > swallowed.len())]
            };
            for blanks in tries.into_iter().flatten() {
                match attempt(ask, parser, whole, blanks, then) {
                    Ok(done) => return Ok(done),
                    Err(Stop::Wrong(error)) => return Err(Stop::Wrong(error)),
                    Err(Stop::Doubtful(error)) => doubt = doubt.or(Some(error)),
                    Err(Stop::Unparsed(said)) => trouble = trouble.or(Some(said)),
                }
            }
        }
    }
    Err(match (doubt, trouble) {
        (Some(doubt), _) => Stop::Doubtful(doubt),
        (None, trouble) => {
            Stop::Unparsed(trouble.unwrap_or(ParseError { message: String::new(), at: None }))
        }
    })
}

/// Refuses a text that is not one query, as far as its words show it.
fn one_query(text: &TokenStream) -> Result<(), Diagnostic> {
    let Some(first) = text.next(0) else {
        return Err(Diagnostic::error("the model's query is empty")
            .hint("write a query, or see why its Jinja renders to nothing"));
    };
    if parsers::is_no_query(text.keyword(first)) {
        return Err(no_query(text, first));
    }
    let begin = syntax::after_functions(text, first).unwrap_or(first);
    let end = (begin..text.tokens.len()).find(|token| text.is(*token, &Token::SemiColon));
    let more = end.and_then(|end| {
        (end..text.tokens.len())
            .find(|token| text.speaks(*token) && !text.is(*token, &Token::SemiColon))
    });
    match more {
        Some(more) => Err(placed(
            Diagnostic::error(
                "the model holds more than one \
            statement",
            ),
            text.sql,
            &text.spans[more],
        )
        .hint(
            "keep the one query whose rows are the model's; what runs before or after it is \
                a `pre_hook` or a `post_hook`",
        )),
        None => Ok(()),
    }
}

fn no_query(text: &TokenStream, first: usize) -> Diagnostic {
    let message =
        format!("the model begins with `{}` and is no query", text.slice(&text.spans[first]));
    placed(Diagnostic::error(message), text.sql, &text.spans[first])
        .hint("a microbatch model is one query; the plan writes its rows")
}

/// Whether a place is the name of an input, as far as one token shows it.
fn is_input(ask: &Injection, span: &Range<usize>) -> bool {
    let mut plain_names = ask.inputs.iter().flat_map(|input| &input.plain_names);
    let text = ask.sql.get(span.clone()).unwrap_or_default();
    let is_plain =
        |name: &Vec<String>| matches!(name.as_slice(), [name] if text.eq_ignore_ascii_case(name));
    let is_name = |mark: &Mark| {
        !matches!(mark.kind, MarkKind::Whole(_))
            && mark.span.start <= span.start
            && span.end <= mark.span.end
    };
    ask.marks.iter().any(is_name) || plain_names.any(is_plain)
}

/// The query as one parser reads it.
fn attempt<T>(
    ask: &Injection,
    parser: &dyn Parser,
    whole: &Whole,
    mut blanks: Vec<MaskedSpan>,
    then: &mut Then<T>,
) -> Result<T, Stop> {
    let is_input = |span: &Range<usize>| is_input(ask, span);
    // Each round blanks out what the one before misread; there is little to misread behind it.
    for _ in 0..4 {
        let blanked = (!blanks.is_empty()).then(|| preprocess::blank(ask.sql, &blanks));
        let cut = blanked.as_ref().map(|sql| TokenStream::new(sql, parser));
        let text = cut
            .as_ref()
            .unwrap_or(whole)
            .as_ref()
            .map_err(|trouble| Stop::Unparsed(trouble.clone()))?;
        let mut tree = parsers::parse(text, parser).map_err(Stop::Unparsed)?;
        prefix::name_tables(&mut tree, ask.sql, text, &blanks);
        let factors = scope::factors(&tree);
        let more = preprocess::misread(text, parser, &factors, &is_input);
        if more.is_empty() {
            return then(Reading { parser, text, blanks: &blanks, tree, factors: &factors });
        }
        blanks.extend(more);
        blanks.sort_by_key(|blank| blank.span.start);
    }
    Err(Stop::Unparsed(ParseError {
        message: "a word behind a table is neither its alias nor understood".to_string(),
        at: None,
    }))
}
