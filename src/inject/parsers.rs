//! The parsers of sqlparser by the names that dialect files use, and how they run: recursion limit,
//! stack size, start token.

use sqlparser::ast::Statement;
use sqlparser::dialect::*;
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser as Parse, ParserError};
use sqlparser::tokenizer::Token;

use super::tokens::{ParseError, TokenStream, located_error};

/// The parser with this name; the generic one if sqlparser has none.
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

/// Recursion limit of the parser. With the default of 50, sqlparser rejects more than 21 nested
/// subqueries.
pub const DEPTH: usize = 256;

/// Maximum number of tokens, without white space and comments. The depth of the tree of a chain of
/// operators is the length of the chain.
pub const MAX_TOKENS: usize = 100_000;

/// Runs `work` with a stack that is large enough to walk and drop the tree of a text of this
/// length.
pub fn on_a_large_stack<T>(bytes: usize, work: impl FnOnce() -> T) -> T {
    let size = (64 << 20) + bytes.min(4 * MAX_TOKENS) * 128;
    stacker::maybe_grow(size, size, work)
}

/// Parses the only statement of a text.
pub fn parse(text: &TokenStream, parser: &dyn Dialect) -> Result<Statement, ParseError> {
    let words = (0..text.tokens.len()).filter(|token| text.is_significant(*token)).count();
    if words > MAX_TOKENS {
        return Err(ParseError {
            message: format!("the query has {words} tokens, more than the maximum of {MAX_TOKENS}"),
            at: None,
        });
    }
    let mut parse = Parse::new(parser)
        .with_recursion_limit(DEPTH)
        .with_tokens_with_locations(text.tokens.clone());
    let to_error = |error: ParserError| match error {
        ParserError::RecursionLimitExceeded => ParseError {
            message: format!("the query is nested deeper than {DEPTH} levels"),
            at: None,
        },
        error => located_error(text.sql, &error.to_string()),
    };
    let statement = parse.parse_statement().map_err(to_error)?;
    while parse.consume_token(&Token::SemiColon) {}
    match parse.peek_token() {
        end if end.token == Token::EOF => Ok(statement),
        more => Err(located_error(
            text.sql,
            &format!("expected the end of the query, but got `{}`{}", more.token, more.span.start),
        )),
    }
}

/// Applies `rule` at a token; returns its result and the next token. Tries with few tokens first,
/// since copying all following tokens for every table would be slow for long queries.
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
        if let Ok(result) = rule(&mut parse)
            && (end == text.tokens.len() || parse.index() + 10 < window)
        {
            return Some((result, from + parse.index()));
        }
        if end == text.tokens.len() {
            break;
        }
    }
    None
}

/// Whether a statement with this first keyword is not a query.
pub fn is_not_a_query(first: Keyword) -> bool {
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
