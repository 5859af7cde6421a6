//! Detects unterminated text: an open quote, comment or parenthesis would include what is written
//! after it, such as another hook, a batch or the marker query of a step.

use sqlparser::dialect::{Dialect as Parser, GenericDialect};
use sqlparser::tokenizer::Token;

use super::tokens::{ParseError, TokenStream, line_of};

/// The first unterminated item of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    pub what: String,
    /// The byte at which it begins.
    pub at: usize,
    /// Counted from 1.
    pub line: usize,
    /// The text of that line.
    pub text: String,
}

/// The first unterminated item, if both the dialect's parser and the generic one report any: a
/// quote that only one of them recognizes is not an error.
pub fn unfinished(sql: &str, parser: &dyn Parser) -> Option<Unfinished> {
    let first = open(sql, parser)?;
    open(sql, &GenericDialect {}).map(|_| first)
}

fn open(sql: &str, parser: &dyn Parser) -> Option<Unfinished> {
    let at = |what: &str, byte: usize| {
        let (line, _, text) = line_of(sql, byte);
        Some(Unfinished { what: what.to_string(), at: byte, line, text: text.trim().to_string() })
    };
    let text = match TokenStream::new(sql, parser) {
        Ok(text) => text,
        Err(ParseError { message, at: byte }) => {
            let ends = ["unterminated", "before eof", "unexpected eof"];
            let is_open = ends.iter().any(|end| message.to_lowercase().contains(end));
            let what = if message.contains("comment") { "a comment" } else { "a quote" };
            return is_open.then(|| at(what, byte.unwrap_or_default())).flatten();
        }
    };
    let mut parentheses = Vec::new();
    let mut copies = false;
    for (number, token) in text.tokens.iter().enumerate() {
        match token.token {
            Token::LParen => parentheses.push(number),
            Token::RParen => drop(parentheses.pop()),
            Token::SemiColon if parentheses.is_empty() => copies = false,
            _ if text.is_word(number, &["copy"]) => copies = is_first(&text, number),
            _ if copies && text.is_word(number, &["stdin"]) => {
                return at("the input of `copy … from stdin`", text.spans[number].start);
            }
            _ => {}
        }
    }
    parentheses.first().and_then(|number| at("a parenthesis", text.spans[*number].start))
}

/// The line of a statement that begins a transaction which is not ended in the text.
pub fn open_transaction(sql: &str, parser: &dyn Parser) -> Option<usize> {
    let text = TokenStream::new(sql, parser).ok()?;
    let mut begun = None;
    let mut next = text.next(0);
    while let Some(number) = next {
        next = text.next(number + 1);
        let first = is_first(&text, number);
        let follows = |words: &[&str]| next.is_some_and(|next| text.is_word(next, words));
        let alone = next
            .is_none_or(|next| matches!(text.tokens[next].token, Token::SemiColon | Token::EOF));
        let transaction = follows(&[
            "transaction",
            "tran",
            "work",
            "immediate",
            "deferred",
            "exclusive",
            "isolation",
            "read",
        ]);
        if first
            && ((text.is_word(number, &["begin"]) && (alone || transaction))
                || (text.is_word(number, &["start"]) && transaction))
        {
            begun = Some(number);
        } else if text.is_word(number, &["commit", "rollback"])
            || (first && text.is_word(number, &["end"]) && (alone || transaction))
        {
            begun = None;
        }
    }
    begun.map(|number| line_of(sql, text.spans[number].start).0)
}

/// Whether a token begins a statement.
fn is_first(text: &TokenStream, number: usize) -> bool {
    text.previous(number).is_none_or(|before| text.is(before, &Token::SemiColon))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inject::parser;

    #[test]
    fn a_transaction_is_open_until_its_end() {
        let open = |sql: &str| open_transaction(sql, &*parser("postgres"));
        for (sql, line) in [
            ("begin;", 1),
            ("select 1;\nbegin transaction;\nselect 2;", 2),
            ("start transaction", 1),
            ("commit;\nBEGIN", 2),
            ("begin; commit;\nbegin work;", 2),
        ] {
            assert_eq!(open(sql), Some(line), "{sql}");
        }
        for sql in [
            "begin;\nselect 1;\ncommit;",
            "begin; rollback;",
            "begin; end;",
            "select 'begin;'; -- begin;",
            "do $$ begin null; end $$;",
            "select start from t;",
            "",
        ] {
            assert_eq!(open(sql), None, "{sql}");
        }
        let block = "begin\n  let x := 1;\n  select 1;\nend;";
        assert_eq!(open_transaction(block, &*parser("snowflake")), None);
    }

    fn what(sql: &str, name: &str) -> Option<(String, usize)> {
        unfinished(sql, &*parser(name)).map(|open| (open.what, open.line))
    }

    #[test]
    fn unterminated_items_with_their_line() {
        for (sql, expected) in [
            ("select 1;\nselect 'a", "a quote"),
            ("select 1;\nselect \"a", "a quote"),
            ("select 1;\nselect 1 /* one", "a comment"),
            ("select 1;\nselect (1 + (2)", "a parenthesis"),
            ("select 1;\ndo $$ begin null; end", "a quote"),
        ] {
            assert_eq!(what(sql, "postgres"), Some((expected.to_string(), 2)), "{sql}");
        }
        assert!(what("copy t from stdin;", "postgres").unwrap().0.ends_with("`copy … from stdin`"));
    }

    #[test]
    fn an_escaped_quote_does_not_end_a_string() {
        for name in
            ["spark", "databricks", "bigquery", "mysql", "clickhouse", "snowflake", "redshift"]
        {
            assert_eq!(what(r"comment on table t is 'What\'s there';", name), None, "{name}");
            assert_eq!(what(r"select 'C:\\', 'a';", name), None, "{name}");
        }
        for name in ["postgres", "duckdb", "sqlite"] {
            assert_eq!(what(r"select 'C:\';", name), None, "{name}");
        }
    }

    #[test]
    fn files_in_snapshots_are_terminated() {
        let mut files = 0;
        let entries = walkdir::WalkDir::new("snapshots").max_depth(2).into_iter().flatten();
        for entry in entries.filter(|entry| entry.path().extension().is_some_and(|it| it == "snap"))
        {
            let text = std::fs::read_to_string(entry.path()).unwrap();
            let dialect = text
                .split("\"dialect\": \"")
                .nth(1)
                .and_then(|rest| rest.split('"').next())
                .unwrap_or("ansi")
                .to_string();
            // The files of the case come before its command.
            let output = text.split_once("\n$ batchwright ").map_or("", |(_, output)| output);
            for part in output.split("\n//// ").skip(1) {
                let (name, sql) = part.split_once('\n').unwrap_or_default();
                if name.trim().ends_with(".sql") {
                    files += 1;
                    assert_eq!(
                        open_transaction(sql, &*parser(&dialect)),
                        None,
                        "{} {name}",
                        entry.path().display()
                    );
                    assert_eq!(what(sql, &dialect), None, "{} {name}", entry.path().display());
                }
            }
        }
        assert!(files > 100, "{files}");
    }

    #[test]
    fn terminated_text_in_all_dialects() {
        for (sql, name) in [
            ("select 'it''s', ')', \"(\" -- don't (\n;", "postgres"),
            ("do $x$ begin raise notice 'a'; end $x$;", "postgres"),
            ("select 'it\\'s';", "mysql"),
            ("select '\\';", "duckdb"),
            ("select \"\"\"it's (\"\"\";", "bigquery"),
            ("select 1; # don't (", "mysql"),
            ("select 1 // don't (\n;", "snowflake"),
            ("copy t from 's3://stdin/x'; copy t to stdout;", "redshift"),
            ("select copy, stdin from t;", "postgres"),
            ("", "duckdb"),
        ] {
            assert_eq!(what(sql, name), None, "{sql}");
        }
    }
}
