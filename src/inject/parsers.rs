//! The parsers of sqlparser by the names that dialect files use, and how they are run: how deep, on
//! how much stack, from where.

use sqlparser::ast::Statement;
use sqlparser::dialect::*;
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser as Parse, ParserError};
use sqlparser::tokenizer::Token;

use super::tokens::{ParseError, TokenStream, trouble};

/// The parser of a name; the generic one for a name that sqlparser has no parser for.
pub fn parser(name: &str) -> Box<dyn Dialect + Send + Sync> {
    match name {
        "ansi" => Box::new(AnsiDialect {}),
        "bigquery" => Box::new(BigQueryDialect),
        "clickhouse" => Box::new(ClickHouseDialect {}),
        "databricks" => Box::new(DatabricksDialect {}),
        "duckdb" => Box::new(DuckDbDialect {}),
        "hive" => Box::new(HiveDialect {}),
        "mssql" => Box::new(MsSqlDialect {}),
        "mysql" => Box::new(MySqlDialect {}),
        "postgres" => Box::new(PostgreSqlDialect {}),
        "redshift" => Box::new(RedshiftSqlDialect {}),
        "snowflake" => Box::new(SnowflakeDialect),
        "spark" => Box::new(SparkSqlDialect {}),
        "sqlite" => Box::new(SQLiteDialect {}),
        _ => Box::new(GenericDialect {}),
    }
}

/// The dialect by which a text is cut into the tokens of a parser. Spark reads a backslash in a
/// string as an escape, as Databricks does (`spark.sql.parser.escapedStringLiterals` is false);
/// sqlparser's dialect of Spark does not.
pub fn lexer(parser: &dyn Dialect) -> &dyn Dialect {
    if parser.is::<SparkSqlDialect>() { &DatabricksDialect {} } else { parser }
}

/// How deep a query may nest. sqlparser's own 50 ends at 21 sub-queries.
pub const DEPTH: usize = 256;

/// More tokens than this, without white space and comments, are not parsed: a chain of operators is
/// a tree as deep as the chain is long.
pub const MOST_TOKENS: usize = 100_000;

/// Does `work` with a stack on which a tree of a text this long can be walked and dropped: the
/// thread's own, if it is that large.
pub fn on_a_large_stack<T>(bytes: usize, work: impl FnOnce() -> T) -> T {
    let size = (64 << 20) + bytes.min(4 * MOST_TOKENS) * 128;
    stacker::maybe_grow(size, size, work)
}

/// The one statement of a text.
pub fn parse(text: &TokenStream, parser: &dyn Dialect) -> Result<Statement, ParseError> {
    let words = (0..text.tokens.len()).filter(|token| text.speaks(*token)).count();
    if words > MOST_TOKENS {
        return Err(ParseError {
            message: format!("{words} words are more than the {MOST_TOKENS} that are parsed"),
            at: None,
        });
    }
    let mut parse = Parse::new(parser)
        .with_recursion_limit(DEPTH)
        .with_tokens_with_locations(text.tokens.clone());
    let said = |error: ParserError| match error {
        ParserError::RecursionLimitExceeded => {
            ParseError { message: format!("it nests deeper than {DEPTH} levels"), at: None }
        }
        error => trouble(text.sql, &error.to_string()),
    };
    let statement = parse.parse_statement().map_err(said)?;
    while parse.consume_token(&Token::SemiColon) {}
    match parse.peek_token() {
        end if end.token == Token::EOF => Ok(statement),
        more => Err(trouble(
            text.sql,
            &format!("nothing can follow here, but `{}` does{}", more.token, more.span.start),
        )),
    }
}

/// What `rule` reads from a token on, and the token after it. Tries with few tokens first: a copy
/// of all that follow, for every table, would make long queries slow.
pub fn parse_at<T>(
    text: &TokenStream,
    from: usize,
    parser: &dyn Dialect,
    rule: impl Fn(&mut Parse) -> Result<T, ParserError>,
) -> Option<(T, usize)> {
    for window in [100, 1000, usize::MAX - from] {
        let end = (from + window).min(text.tokens.len());
        let tokens = text.tokens.get(from..end)?.to_vec();
        let mut parse =
            Parse::new(parser).with_recursion_limit(DEPTH).with_tokens_with_locations(tokens);
        if let Ok(found) = rule(&mut parse)
            && (end == text.tokens.len() || parse.index() + 10 < window)
        {
            return Some((found, from + parse.index()));
        }
        if end == text.tokens.len() {
            break;
        }
    }
    None
}

/// Whether a statement that begins so is none that yields rows.
pub fn is_no_query(first: Keyword) -> bool {
    use Keyword::*;
    matches!(
        first,
        INSERT
            | UPDATE
            | DELETE
            | MERGE
            | CREATE
            | DROP
            | ALTER
            | TRUNCATE
            | GRANT
            | REVOKE
            | SET
            | USE
            | BEGIN
            | COMMIT
            | COPY
            | CALL
            | EXECUTE
    )
}
