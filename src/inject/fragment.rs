//! Fragments of SQL in settings: a column, an expression, a clause. Validates text that is written
//! into a statement verbatim, and returns the reason if it is invalid. A valid fragment is
//! self-contained: it closes what it opens, and contains no statement, comment or query that the
//! surrounding statement does not expect.

use serde::Deserialize;
use sqlparser::ast::{BinaryOperator, Expr, UnaryOperator, Value};
use sqlparser::dialect::{Dialect as Parser, GenericDialect};
use sqlparser::parser::{Parser as Parse, ParserError};
use sqlparser::tokenizer::{Token, Whitespace};

use super::tokens::TokenStream;

/// The expected kind of a fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fragment {
    /// A column, or an expression that can be compared without parentheses.
    Column,
    /// An expression. It may contain comments, since a line break follows it.
    Expression,
    /// Expressions separated by commas, each as in an `order by`.
    Expressions,
    /// A name, optionally qualified by schema and database.
    Name,
    /// A data type.
    Type,
    /// The text of a clause, which may contain expressions.
    Clause,
    /// Text in parentheses: anything that closes what it opens.
    Enclosed,
}

/// Words that, outside of parentheses, begin another part of a statement.
const QUERY_WORDS: [&str; 12] = [
    "as",
    "select",
    "from",
    "union",
    "except",
    "intersect",
    "into",
    "insert",
    "update",
    "drop",
    "create",
    "alter",
];

impl Fragment {
    /// The reason why a text is not such a fragment.
    pub fn error(self, text: &str, parser: &dyn Parser) -> Option<String> {
        if self != Fragment::Expression && is_plain_name(text) {
            return None;
        }
        let Ok(tokens) = TokenStream::new(text, parser) else {
            return Some("a quote is not closed".to_string());
        };
        if let Some(reason) = structure(&tokens, self) {
            return Some(reason);
        }
        let parses = |rule: fn(&mut Parse) -> Result<bool, ParserError>| {
            [parser, &GenericDialect {}].into_iter().any(|parser| parse_all(&tokens, parser, rule))
        };
        match self {
            Fragment::Column if !parses(|parse| Ok(is_comparable(&parse.parse_expr()?))) => {
                Some(match parses(|parse| parse.parse_expr().map(|_| true)) {
                    true => "a condition cannot be compared with a time".to_string(),
                    false => "it is neither a column nor an expression".to_string(),
                })
            }
            Fragment::Expression if !parses(|parse| parse.parse_expr().map(|_| true)) => {
                Some("it is not an expression".to_string())
            }
            Fragment::Expressions
                if !parses(|parse| {
                    parse.parse_comma_separated(Parse::parse_order_by_expr).map(|_| true)
                }) =>
            {
                Some("it is not a column, an expression or a list of them".to_string())
            }
            Fragment::Name if !parses(|parse| parse.parse_object_name(true).map(|_| true)) => {
                Some("it is not a name".to_string())
            }
            _ => None,
        }
    }
}

/// Whether a text consists of letters, digits and `_`, like most names.
fn is_plain_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_alphabetic() || first == '_')
        && text.chars().all(|char| char.is_alphanumeric() || char == '_')
}

/// The reason why a text is not self-contained.
fn structure(text: &TokenStream, fragment: Fragment) -> Option<String> {
    let mut open = Vec::new();
    let mut is_empty = true;
    for (number, token) in text.tokens.iter().enumerate() {
        is_empty &= !text.is_significant(number);
        match &token.token {
            Token::SemiColon => {
                return Some("it contains `;`, which ends the statement".to_string());
            }
            Token::Whitespace(
                Whitespace::SingleLineComment { .. } | Whitespace::MultiLineComment(_),
            ) if fragment != Fragment::Expression => {
                return Some("it contains a comment".to_string());
            }
            Token::LParen => open.push(Token::RParen),
            Token::LBracket => open.push(Token::RBracket),
            Token::LBrace => open.push(Token::RBrace),
            Token::Lt if fragment == Fragment::Type => open.push(Token::Gt),
            closing @ (Token::RParen | Token::RBracket | Token::RBrace)
                if open.pop().as_ref() != Some(closing) =>
            {
                return Some(format!("it contains an unmatched `{closing}`"));
            }
            Token::Gt | Token::ShiftRight if fragment == Fragment::Type => {
                let count = if token.token == Token::Gt { 1 } else { 2 };
                if (0..count).any(|_| open.pop() != Some(Token::Gt)) {
                    return Some("it contains an unmatched `>`".to_string());
                }
            }
            Token::Comma if fragment == Fragment::Type && open.is_empty() => {
                return Some("it contains `,`, which ends the type".to_string());
            }
            Token::Word(word)
                if open.is_empty()
                    && fragment != Fragment::Enclosed
                    && text.is_word(number, &QUERY_WORDS) =>
            {
                return Some(format!(
                    "it contains `{}`, which begins another part of the statement",
                    word.value
                ));
            }
            _ => {}
        }
    }
    if is_empty {
        return Some("it is empty".to_string());
    }
    open.pop().map(|closing| format!("`{closing}` is missing"))
}

/// Whether a rule of a parser accepts the whole text and returns true.
fn parse_all(
    text: &TokenStream,
    parser: &dyn Parser,
    rule: fn(&mut Parse) -> Result<bool, ParserError>,
) -> bool {
    let mut parse = Parse::new(parser)
        .with_recursion_limit(super::parsers::DEPTH)
        .with_tokens_with_locations(text.tokens.clone());
    super::parsers::on_a_large_stack(text.sql.len(), || {
        matches!(rule(&mut parse), Ok(true)) && parse.peek_token().token == Token::EOF
    })
}

/// Whether `>=` after the expression compares all of it.
fn is_comparable(expr: &Expr) -> bool {
    match expr {
        Expr::BinaryOp { op, .. } => matches!(
            op,
            BinaryOperator::Plus
                | BinaryOperator::Minus
                | BinaryOperator::Multiply
                | BinaryOperator::Divide
                | BinaryOperator::StringConcat
                | BinaryOperator::Arrow
                | BinaryOperator::LongArrow
                | BinaryOperator::HashArrow
                | BinaryOperator::HashLongArrow
        ),
        Expr::UnaryOp { op, .. } => *op != UnaryOperator::Not,
        // A column of a staged file, by its position.
        Expr::Value(value) => matches!(value.value, Value::Placeholder(_)),
        Expr::IsNull(_)
        | Expr::IsNotNull(_)
        | Expr::IsTrue(_)
        | Expr::IsNotTrue(_)
        | Expr::IsFalse(_)
        | Expr::IsNotFalse(_)
        | Expr::IsUnknown(_)
        | Expr::IsNotUnknown(_)
        | Expr::IsDistinctFrom(..)
        | Expr::IsNotDistinctFrom(..)
        | Expr::Between { .. }
        | Expr::In { .. }
        | Expr::Like { .. }
        | Expr::ILike { .. }
        | Expr::SimilarTo { .. }
        | Expr::RLike { .. }
        | Expr::Exists { .. }
        | Expr::Lambda(_) => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inject::parser;

    fn error(fragment: Fragment, text: &str, name: &str) -> Option<String> {
        fragment.error(text, &*parser(name))
    }

    #[test]
    fn valid_fragments() {
        use Fragment::*;
        for (fragment, text, name) in [
            (Column, "started_at", "postgres"),
            (Column, "\"Started At\"", "postgres"),
            (Column, "meta.sent_at", "bigquery"),
            (Column, "cast(sent_at as timestamp)", "duckdb"),
            (Column, "payload:sent_at::timestamp", "snowflake"),
            (Column, "payload ->> 'at'", "postgres"),
            (Column, "_metadata.file_modification_time", "databricks"),
            (Column, "größe", "bigquery"),
            (Column, "sent_at at time zone 'UTC'", "postgres"),
            (Column, "timestamp", "postgres"),
            (Column, "$1", "snowflake"),
            (Expression, "a > 0 -- only those\n and b", "postgres"),
            (
                Expression,
                "DBT_INTERNAL_DEST.day >= date_sub(current_date, interval 3 day)",
                "bigquery",
            ),
            (Expressions, "id, day desc nulls last, lower(name)", "postgres"),
            (Expressions, "toYYYYMM(at), id", "clickhouse"),
            (Expressions, "(a, b)", "clickhouse"),
            (Name, "analytics.\"Geo Policy\"", "snowflake"),
            (Type, "struct<a int, b array<struct<c string>>>", "databricks"),
            (Type, "numeric(10, 2)", "postgres"),
            (Type, "timestamp with time zone", "postgres"),
            (Type, "LowCardinality(Nullable(String))", "clickhouse"),
            (Clause, "at + interval 1 month delete where kind = 'a'", "clickhouse"),
            (Enclosed, "select id, count() group by id", "clickhouse"),
        ] {
            assert_eq!(error(fragment, text, name), None, "{text}");
        }
    }

    #[test]
    fn invalid_fragments() {
        use Fragment::*;
        let all = [Column, Expression, Expressions, Name, Type, Clause, Enclosed];
        for text in [
            "day; drop table y; --",
            "day) as select 1 from (x",
            "'day",
            "(day",
            "day]",
            "/* day",
            "",
            " ",
            "-- day",
        ] {
            for name in
                ["postgres", "bigquery", "clickhouse", "mysql", "mssql", "snowflake", "spark"]
            {
                for fragment in all {
                    assert!(error(fragment, text, name).is_some(), "{fragment:?}: {text}");
                }
            }
        }
        for (fragment, text) in [
            (Column, "day or true or day"),
            (Column, "day is null and day"),
            (Column, "not day"),
            (Column, "a, b"),
            (Column, "1"),
            (Column, "day -- "),
            (Expression, "a, b"),
            (Expression, "a union select 1"),
            (Expressions, "a as b"),
            (Expressions, "a comment 'x' as select 1"),
            (Name, "a b"),
            (Name, "lower(a)"),
            (Type, "integer, b integer"),
            (Type, "array<int>>"),
            (Type, "int default 1 as b"),
            (Clause, "a as select 1"),
            (Clause, "a /* b */"),
        ] {
            assert!(error(fragment, text, "postgres").is_some(), "{fragment:?}: {text}");
        }
    }
}
