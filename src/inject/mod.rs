//! The event-time filter. From a model's rendered query, the spans where Jinja wrote relations, and
//! the inputs, it computes the spans of the author's text that are replaced by filters, and the
//! columns of the result. The SQL is parsed only to find these spans, never printed from the tree.

use std::collections::BTreeSet;
use std::ops::Range;

use sqlparser::ast::Statement;
use sqlparser::dialect::{Dialect as Parser, GenericDialect};
use sqlparser::tokenizer::Token;

use crate::diagnostics::Diagnostic;
use crate::dialect::TimeType;
use crate::jinja::{Mark, MarkKind};

mod assemble;
mod columns;
mod compound_syntax;
mod ctes;
mod fragment;
mod hidden;
mod marker_fallback;
mod masks;
mod outside_tree;
mod parsers;
mod pass_through;
mod prefix_aliases;
mod preprocess;
mod prewhere;
mod query_view;
mod recover;
mod relations;
mod scope;
mod session_change;
mod splice_site;
mod syntax;
mod table_operands;
#[cfg(test)]
mod tests;
mod tokens;
mod unfinished;
mod verify;
mod walk;

pub use ctes::{column_expression, reject_final_order, with_clause};
pub use fragment::Fragment;
pub use parsers::parser;
pub use query_view::{QueryView, with_query_view};
pub use session_change::{SessionChange, SessionChangeKind, session_changes};
pub use tokens::{is_contained, is_in_comment_or_string};
pub use unfinished::{open_transaction, unfinished};
pub use verify::splice;
pub use walk::{Nodes, walk};

use masks::MaskedSpan;
use relations::located;
use tokens::{ParseError, TokenStream};

/// A relation that the query may read.
#[derive(Clone, Debug, Default)]
pub struct Input {
    pub unique_id: String,
    /// Whether its rows are filtered by event time. Other inputs are unchanged.
    pub filtered: bool,
    /// The event-time column, and the type that determines the literals it is compared with.
    pub time: Option<InputTime>,
    /// The plain table names that refer to it in the SQL, split into unquoted parts: database,
    /// schema, identifier. Only sources (the full name first) and the CTEs of ephemeral models have
    /// plain names.
    pub plain_names: Vec<Vec<String>>,
    /// Whether it is the CTE of an ephemeral model.
    pub is_cte: bool,
    /// The parts of its name, if the model refers to it. A table of this name without a mark lost
    /// its `ref()`.
    pub referred: Vec<String>,
    /// Its declared columns in lower case. `*` always includes them, even if their names match
    /// `hidden`.
    pub declared: Vec<String>,
}

/// The event time of an input. Two with the same literals filter a column in the same way.
#[derive(Clone, Debug, PartialEq)]
pub struct InputTime {
    pub column: ResultColumn,
    /// Its type, if known.
    pub literals: Option<TimeType>,
}

/// A query to be filtered.
#[derive(Clone, Copy)]
pub struct Injection<'a> {
    pub sql: &'a str,
    pub marks: &'a [Mark],
    pub inputs: &'a [Input],
    pub columns: &'a ColumnLookup<'a>,
    pub within: &'a Within<'a>,
    /// Names of columns that `*` omits, in lower case. A name that ends with `*` is a prefix.
    pub hidden: &'a [String],
    /// Whether to derive the types of the result's columns.
    pub types: bool,
}

/// A position where the query reads an input.
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
    /// It is read in an ephemeral model, and the ephemeral model of this name is filtered by its
    /// own event time.
    Covered(String),
    /// A filter cannot be inserted at this position.
    OutOfReach,
    /// The query contains its plain name, without `ref()`.
    ByName,
}

/// A query with its filters.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// The filters, sorted and disjoint. Each replaces its span by the dialect's `within`.
    pub filters: Vec<Filter>,
    /// All inputs that it reads, in the order of the text.
    pub reads: Vec<Occurrence>,
    /// The columns of the result in order, if they are known.
    pub columns: Option<Vec<ResultColumn>>,
    /// Warnings, for example that the SQL could not be parsed and filters are inserted at each
    /// `ref()`.
    pub warnings: Vec<Diagnostic>,
}

impl Query {
    /// The unique ids of the inputs with an access for which `is_so` is true.
    pub fn ids(&self, is_so: impl Fn(&Access) -> bool) -> BTreeSet<String> {
        self.reads
            .iter()
            .filter(|read| is_so(&read.access))
            .map(|read| read.unique_id.clone())
            .collect()
    }
}

/// A filter and the span that it replaces.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// The replaced bytes: the relation with its version, sample and hints. The author's alias
    /// stays after it.
    pub span: Range<usize>,
    /// The relation for the dialect's `within`: the text of `span`, without the author's alias if
    /// that is inside.
    pub relation: String,
    pub unique_id: String,
    /// The alias to write: the table's name if the author set none, or the author's alias if it was
    /// inside `span`.
    pub alias: Option<String>,
    /// Columns that `*` omits and the query reads from it, in the author's spelling.
    pub hidden: Vec<String>,
}

/// A column of the result.
#[derive(Clone, Debug, PartialEq)]
pub struct ResultColumn {
    /// The name without quotes.
    pub name: String,
    /// Whether the author quoted it, which makes it case-sensitive.
    pub quoted: bool,
    /// The type of its cast in the query, if `Injection::types` is set.
    pub data_type: Option<String>,
}

impl ResultColumn {
    /// A column of unknown type.
    pub fn named(name: impl Into<String>, quoted: bool) -> ResultColumn {
        ResultColumn { name: name.into(), quoted, data_type: None }
    }
}

/// Looks up the columns of an input by unique id, for `select *`.
pub type ColumnLookup<'a> = dyn Fn(&str) -> Option<Vec<ResultColumn>> + 'a;

/// Formats a filtered relation, with its alias without `as`, to verify that the spliced query
/// parses to the intended tree.
pub type Within<'a> = dyn Fn(&Filter) -> String + 'a;

/// Finds the filters of a query. An error means that they cannot be inserted safely.
pub fn filters(injection: &Injection, parser: &dyn Parser) -> Result<Query, Diagnostic> {
    parsers::on_a_large_stack(injection.sql.len(), || find_filters(injection, parser))
}

/// The reason why an attempt to parse failed.
enum Failure {
    /// The parser rejects the query; another parser may accept it.
    Unparsed(ParseError),
    /// The parser's tree is unreliable; that of another parser may be correct.
    Unreliable(Diagnostic),
    /// The query is invalid.
    Invalid(Diagnostic),
}

fn find_filters(injection: &Injection, parser: &dyn Parser) -> Result<Query, Diagnostic> {
    let whole = TokenStream::new(injection.sql, parser);
    if let Ok(whole) = &whole {
        require_one_query(whole)?;
    }
    match with_parse(injection, parser, &whole, &mut |reading| assemble::query(injection, reading))
    {
        Ok(query) => Ok(query),
        Err(Failure::Invalid(error) | Failure::Unreliable(error)) => Err(error),
        Err(Failure::Unparsed(parse_error)) => match unfinished(injection.sql, parser) {
            // Not a gap of the parser: the query is unterminated.
            Some(open) => {
                let error = Diagnostic::error(format!(
                    "the query is unterminated: {} is not closed",
                    open.what
                ));
                Err(located(error, injection.sql, &(open.at..open.at))
                    .hint("close it; otherwise it includes the statements after it"))
            }
            None => Ok(marker_fallback::filters(injection, parser, &parse_error)),
        },
    }
}

/// A query as parsed by one parser.
struct ParsedQuery<'a> {
    parser: &'a dyn Parser,
    text: &'a TokenStream<'a>,
    masks: &'a [MaskedSpan],
    tree: Statement,
    factors: &'a [scope::Factor],
}

type ParseVisitor<'a, T> = dyn FnMut(ParsedQuery) -> Result<T, Failure> + 'a;

/// The tokens of the unmasked query, or the reason why it cannot be tokenized.
type TokenResult<'a> = Result<TokenStream<'a>, ParseError>;

/// Calls `then` with the first parse that it accepts: that of the dialect's parser, then that of
/// the generic one. `whole` has the tokens of `parser`.
fn with_parse<T>(
    injection: &Injection,
    parser: &dyn Parser,
    whole: &TokenResult,
    then: &mut ParseVisitor<T>,
) -> Result<T, Failure> {
    let mut parse_error: Option<ParseError> = None;
    let mut unreliable = None;
    // Mask expressions only if no parser accepts the query without that.
    for hides_expressions in [false, true] {
        for (parser, known) in [(parser, Some(whole)), (&GenericDialect {}, None)] {
            let retokenized = known.is_none().then(|| TokenStream::new(injection.sql, parser));
            let Some(whole) = known.or(retokenized.as_ref()) else { continue };
            let comments = preprocess::comments_in_operators(whole, parser);
            let more_masks = || {
                let sql = masks::mask(injection.sql, &comments);
                TokenStream::new(&sql, parser).map_or_else(
                    |_| comments.clone(),
                    |text| preprocess::unsupported_syntax(&text, parser, &comments),
                )
            };
            let tries = if hides_expressions {
                [
                    recover::recover(injection.sql, parser, &more_masks(), &|span| {
                        is_input(injection, span)
                    }),
                    None,
                ]
            } else {
                [
                    Some(comments.clone()),
                    Some(more_masks()).filter(|masks| masks.len() > comments.len()),
                ]
            };
            for masks in tries.into_iter().flatten() {
                match attempt(injection, parser, whole, masks, then) {
                    Ok(done) => return Ok(done),
                    Err(Failure::Invalid(error)) => return Err(Failure::Invalid(error)),
                    Err(Failure::Unreliable(error)) => unreliable = unreliable.or(Some(error)),
                    Err(Failure::Unparsed(error)) => parse_error = parse_error.or(Some(error)),
                }
            }
        }
    }
    Err(match (unreliable, parse_error) {
        (Some(unreliable), _) => Failure::Unreliable(unreliable),
        (None, parse_error) => Failure::Unparsed(
            parse_error.unwrap_or(ParseError { message: String::new(), at: None }),
        ),
    })
}

/// Rejects a text that is not exactly one query, as far as its tokens show.
fn require_one_query(text: &TokenStream) -> Result<(), Diagnostic> {
    let Some(first) = text.next(0) else {
        return Err(Diagnostic::error("the model's query is empty")
            .hint("write a query, or check why its Jinja renders to nothing"));
    };
    if parsers::is_not_a_query(text.keyword(first)) {
        return Err(not_a_query_error(text, first));
    }
    let begin = syntax::after_functions(text, first).unwrap_or(first);
    let end = (begin..text.tokens.len()).find(|token| text.is(*token, &Token::SemiColon));
    let second = end.and_then(|end| {
        (end..text.tokens.len())
            .find(|token| text.is_significant(*token) && !text.is(*token, &Token::SemiColon))
    });
    match second {
        Some(second) => Err(located(
            Diagnostic::error("the model contains more than one statement"),
            text.sql,
            &text.spans[second],
        )
        .hint(
            "keep only the query with the model's rows; move other statements to a `pre_hook` or a \
            `post_hook`",
        )),
        None => Ok(()),
    }
}

fn not_a_query_error(text: &TokenStream, first: usize) -> Diagnostic {
    let message =
        format!("the model begins with `{}` and is not a query", text.slice(&text.spans[first]));
    located(Diagnostic::error(message), text.sql, &text.spans[first])
        .hint("a microbatch model is one query, whose rows the plan writes")
}

/// Whether a token may be the name of an input.
fn is_input(injection: &Injection, span: &Range<usize>) -> bool {
    let mut plain_names = injection.inputs.iter().flat_map(|input| &input.plain_names);
    let text = injection.sql.get(span.clone()).unwrap_or_default();
    let is_plain =
        |name: &Vec<String>| matches!(name.as_slice(), [name] if text.eq_ignore_ascii_case(name));
    let is_name = |mark: &Mark| {
        !matches!(mark.kind, MarkKind::Whole(_))
            && mark.span.start <= span.start
            && span.end <= mark.span.end
    };
    injection.marks.iter().any(is_name) || plain_names.any(is_plain)
}

/// Parses the query with one parser.
fn attempt<T>(
    injection: &Injection,
    parser: &dyn Parser,
    whole: &TokenResult,
    mut masks: Vec<MaskedSpan>,
    then: &mut ParseVisitor<T>,
) -> Result<T, Failure> {
    let is_input = |span: &Range<usize>| is_input(injection, span);
    // Each round masks what the previous one misparsed. A few rounds are enough.
    for _ in 0..4 {
        let masked_sql = (!masks.is_empty()).then(|| masks::mask(injection.sql, &masks));
        let retokenized = masked_sql.as_ref().map(|sql| TokenStream::new(sql, parser));
        let text = retokenized
            .as_ref()
            .unwrap_or(whole)
            .as_ref()
            .map_err(|parse_error| Failure::Unparsed(parse_error.clone()))?;
        let mut tree = parsers::parse(text, parser).map_err(Failure::Unparsed)?;
        table_operands::reject(&tree, text, parser).map_err(Failure::Unparsed)?;
        prefix_aliases::name_tables(&mut tree, injection.sql, text, &masks);
        let factors = scope::factors(&tree);
        let more_masks = preprocess::misparsed_aliases(text, parser, &factors, &is_input);
        if more_masks.is_empty() {
            return then(ParsedQuery { parser, text, masks: &masks, tree, factors: &factors });
        }
        masks.extend(more_masks);
        masks.sort_by_key(|mask| mask.span.start);
    }
    Err(Failure::Unparsed(ParseError {
        message: "unexpected word after a table name".to_string(),
        at: None,
    }))
}
