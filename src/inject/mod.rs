//! The event-time filter. Takes a model's rendered query, where Jinja wrote each relation, and what is known of the inputs;
//! gives the places where a filter goes in, cut into the author's own text, and the columns of the result. The SQL is parsed
//! to find the places and never printed from the tree.

use std::ops::Range;

use sqlparser::dialect::Dialect as Parser;

use crate::diagnostics::Diagnostic;
use crate::jinja::Mark;

/// A relation that the query may read.
#[derive(Clone, Debug)]
pub struct Input {
    pub unique_id: String,
    /// The parts of its name as values, without quotes: database, schema, identifier. Parts that the engine leaves out are left out.
    pub name: Vec<String>,
    /// Whether rows are filtered by its event time. An input that is not stays as it is.
    pub filtered: bool,
    /// Whether a plain table name in the SQL that equals its name counts as it (true for sources).
    pub by_name: bool,
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
    /// The relation's own text in the query, in bytes. An alias of the author's stays behind it.
    pub span: Range<usize>,
    pub unique_id: String,
    /// The alias to add, because the author gave none and may name the columns by the table.
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
    _sql: &str,
    _marks: &[Mark],
    _inputs: &[Input],
    _parser: &dyn Parser,
    _columns: &Columns,
    _within: &Within,
) -> Result<Query, Diagnostic> {
    todo!()
}
