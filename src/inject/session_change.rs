//! Detects statements that change the session of a client, such as a setting or a temporary table:
//! the statements of another file in the same session would see the change. A statement that is not
//! plainly a query or a change of permanent data and objects counts as one.

use sqlparser::dialect::Dialect as Parser;
use sqlparser::tokenizer::Token;

use super::tokens::{TokenStream, line_of};

/// A statement that may change the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionChange {
    pub kind: SessionChangeKind,
    /// The first line of the statement.
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionChangeKind {
    Setting,
    TemporaryTable,
    /// It is not known whether the statement changes the session.
    Unknown,
}

/// First words of statements that change a setting of the session.
const SETTINGS: &[&str] = &["pragma", "reset", "set", "use"];

/// First words of statements without an effect on the session.
const PERMANENT: &[&str] = &[
    "alter", "analyze", "begin", "cluster", "comment", "commit", "copy", "create", "delete",
    "describe", "drop", "explain", "export", "from", "grant", "insert", "lock", "merge", "msck",
    "notify", "optimize", "refresh", "reindex", "rename", "replace", "revoke", "rollback",
    "select", "show", "start", "table", "truncate", "update", "vacuum", "values", "with",
];

/// Functions that change the session.
const FUNCTIONS: &[&str] = &["set_config", "setseed"];

/// The statements of a text that may change the session. A text without tokens is one such
/// statement.
pub fn session_changes(sql: &str, parser: &dyn Parser) -> Vec<SessionChange> {
    let Ok(text) = TokenStream::new(sql, parser) else {
        let line = sql.lines().next().unwrap_or_default().trim().to_string();
        return vec![SessionChange { kind: SessionChangeKind::Unknown, text: line }];
    };
    let significant: Vec<usize> =
        (0..text.tokens.len()).filter(|token| text.is_significant(*token)).collect();
    let statements = significant.split(|token| text.is(*token, &Token::SemiColon));
    let change = |tokens: &[usize]| {
        let kind = kind(&text, tokens)?;
        let (_, _, line) = line_of(sql, text.spans[*tokens.first()?].start);
        Some(SessionChange { kind, text: line.trim().to_string() })
    };
    statements.filter_map(change).collect()
}

/// How a statement changes the session.
fn kind(text: &TokenStream, tokens: &[usize]) -> Option<SessionChangeKind> {
    let first = *tokens.first()?;
    let has = |words: &[&str]| tokens.iter().any(|token| text.is_word(*token, words));
    let second_is = |words: &[&str]| tokens.get(1).is_some_and(|token| text.is_word(*token, words));
    if text.is_word(first, &["set"]) && second_is(&["global", "persist"]) {
        return None;
    }
    if text.is_word(first, SETTINGS)
        || (text.is_word(first, &["alter"]) && second_is(&["session"]))
        || has(FUNCTIONS)
    {
        return Some(SessionChangeKind::Setting);
    }
    if has(&["temp", "temporary"]) || tokens.iter().any(|token| is_hash_name(text, *token)) {
        return Some(SessionChangeKind::TemporaryTable);
    }
    let is_plain = text.is_word(first, PERMANENT) || text.is(first, &Token::LParen);
    // A secret of DuckDB is lost with the session; a variable has an at sign.
    let is_unknown = has(&["secret"]) || tokens.iter().any(|token| is_variable(text, *token));
    (!is_plain || is_unknown).then_some(SessionChangeKind::Unknown)
}

/// Whether a token is the name of a temporary table of SQL Server.
fn is_hash_name(text: &TokenStream, token: usize) -> bool {
    match &text.tokens[token].token {
        Token::Word(word) => word.value.starts_with('#'),
        Token::Sharp => true,
        _ => false,
    }
}

fn is_variable(text: &TokenStream, token: usize) -> bool {
    match &text.tokens[token].token {
        Token::Word(word) => word.quote_style.is_none() && word.value.starts_with('@'),
        Token::AtSign => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inject::parser;
    use SessionChangeKind::{Setting, TemporaryTable, Unknown};

    #[test]
    fn statements_are_classified_by_their_words() {
        let of = |sql: &str, dialect: &str| {
            session_changes(sql, &*parser(dialect)).iter().map(|change| change.kind).collect()
        };
        let changes = |sql: &str| -> Vec<SessionChangeKind> { of(sql, "postgres") };
        for sql in [
            "insert into log select 'set x', 1; delete from t;",
            "create or replace view v as select 1",
            "-- set\nselect 1",
            "(select 1)",
            "grant select on t to r; analyze t",
            "update t set temporary_id = 1",
            "",
        ] {
            assert_eq!(changes(sql), [], "{sql}");
        }
        assert_eq!(changes("select 1; set local timezone = 'UTC'"), [Setting]);
        assert_eq!(changes("select set_config('timezone', 'UTC', false)"), [Setting]);
        assert_eq!(changes("alter session set timezone = 'UTC'; use s"), [Setting, Setting]);
        assert_eq!(changes("create temp table a as select 1"), [TemporaryTable]);
        assert_eq!(changes("select 1 as id into temporary a"), [TemporaryTable]);
        assert_eq!(of("select 1 as id into #a", "mssql"), [TemporaryTable]);
        assert_eq!(of("attach 'a.db' as a; load httpfs", "duckdb"), [Unknown, Unknown]);
        assert_eq!(changes("do $$ begin perform 1; end $$"), [Unknown]);
        assert_eq!(of("select @a := 1", "mysql"), [Unknown]);
        assert_eq!(changes("select 'open"), [Unknown]);
    }
}
