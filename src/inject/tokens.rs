//! The tokens of a query with their spans in bytes. sqlparser counts lines and characters; all
//! other modules count bytes.

use std::ops::Range;

use sqlparser::dialect::{DatabricksDialect, Dialect as Parser, SparkSqlDialect};
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer, Whitespace};

/// A text and its tokens, white space and comments included.
pub struct TokenStream<'a> {
    pub sql: &'a str,
    pub tokens: Vec<TokenWithSpan>,
    /// The span of each token.
    pub spans: Vec<Range<usize>>,
}

/// Whether a text is self-contained: its quotes and parentheses are closed, and it contains no `;`
/// and no comment.
pub fn is_contained(sql: &str, parser: &dyn Parser) -> bool {
    let Ok(text) = TokenStream::new(sql, parser) else { return false };
    let mut open = 0usize;
    let stays = text.tokens.iter().all(|token| match &token.token {
        Token::SemiColon
        | Token::Whitespace(
            Whitespace::SingleLineComment { .. } | Whitespace::MultiLineComment(_),
        ) => false,
        Token::RParen => open.checked_sub(1).map(|less| open = less).is_some(),
        Token::LParen => {
            open += 1;
            true
        }
        _ => true,
    });
    stays && open == 0
}

/// Whether a span is within a comment or a string, so that a relation there reads no table.
pub fn is_in_comment_or_string(sql: &str, span: &Range<usize>, parser: &dyn Parser) -> bool {
    TokenStream::new(sql, parser).is_ok_and(|text| text.is_hidden(span))
}

/// The reason why a text cannot be tokenized or parsed, and the byte, if the parser reports it.
#[derive(Clone, Debug)]
pub struct ParseError {
    pub message: String,
    pub at: Option<usize>,
}

impl<'a> TokenStream<'a> {
    pub fn new(sql: &'a str, parser: &dyn Parser) -> Result<Self, ParseError> {
        let tokens =
            Tokenizer::new(lexer(parser), sql).tokenize_with_location().map_err(|error| {
                ParseError { message: lower(&error.message), at: Some(byte(sql, error.location)) }
            })?;
        let mut walk = Walk { sql, byte: 0, at: Location::new(1, 1) };
        let spans: Vec<Range<usize>> =
            tokens.iter().map(|token| walk.to(token.span.start)..walk.to(token.span.end)).collect();
        // The end of the text closes a comment in SQLite, but the query is not the end of its file.
        if let (Some(token), Some(span)) = (tokens.last(), spans.last())
            && matches!(token.token, Token::Whitespace(Whitespace::MultiLineComment(_)))
            && (span.len() < "/**/".len() || !sql[span.clone()].ends_with("*/"))
        {
            let message = "unexpected EOF while in a multi-line comment".to_string();
            return Err(ParseError { message, at: Some(span.end) });
        }
        Ok(TokenStream { sql, tokens, spans })
    }

    /// The text of a span; empty if the span is not in the text.
    pub fn slice(&self, span: &Range<usize>) -> &'a str {
        self.sql.get(span.clone()).unwrap_or_default()
    }

    /// The token that begins at a location of the tree.
    pub fn starting_at(&self, at: Location) -> Option<usize> {
        self.tokens.binary_search_by(|token| token.span.start.cmp(&at)).ok()
    }

    /// The token that begins at a byte.
    pub fn starting_at_byte(&self, byte: usize) -> Option<usize> {
        let index = self.spans.partition_point(|span| span.start < byte);
        (self.spans.get(index)?.start == byte).then_some(index)
    }

    /// Whether a token is neither white space nor a comment.
    pub fn is_significant(&self, token: usize) -> bool {
        !matches!(self.tokens[token].token, Token::Whitespace(_) | Token::EOF)
    }

    /// The next significant token, at or after `from`.
    pub fn next(&self, from: usize) -> Option<usize> {
        (from..self.tokens.len()).find(|token| self.is_significant(*token))
    }

    /// The previous significant token, before `before`.
    pub fn previous(&self, before: usize) -> Option<usize> {
        (0..before.min(self.tokens.len())).rev().find(|token| self.is_significant(*token))
    }

    /// Whether a span contains only white space and comments.
    pub fn is_trivia(&self, span: Range<usize>) -> bool {
        let first = self.spans.partition_point(|token| token.end <= span.start);
        !(first..self.tokens.len())
            .take_while(|token| self.spans[*token].start < span.end)
            .any(|token| self.is_significant(token))
    }

    /// The keyword of an unquoted token, else `NoKeyword`.
    pub fn keyword(&self, token: usize) -> Keyword {
        match &self.tokens[token].token {
            Token::Word(word) if word.quote_style.is_none() => word.keyword,
            _ => Keyword::NoKeyword,
        }
    }

    /// Whether a token is one of these words, unquoted and in any case.
    pub fn is_word(&self, token: usize, any_of: &[&str]) -> bool {
        match &self.tokens[token].token {
            Token::Word(word) if word.quote_style.is_none() => {
                any_of.iter().any(|known| word.value.eq_ignore_ascii_case(known))
            }
            _ => false,
        }
    }

    pub fn is(&self, token: usize, what: &Token) -> bool {
        self.tokens.get(token).is_some_and(|token| token.token == *what)
    }

    /// The parenthesis that closes the one at `open`.
    pub fn closing(&self, open: usize) -> Option<usize> {
        let mut depth = 0usize;
        for token in open..self.tokens.len() {
            match self.tokens[token].token {
                Token::LParen => depth += 1,
                Token::RParen => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return Some(token);
                    }
                }
                _ => {}
            }
        }
        None
    }

    /// The keyword of the clause that contains a token, in the same parentheses: `from`, `select`,
    /// `where` …; `None` inside of a call or a literal.
    pub fn clause(&self, token: usize) -> Option<Keyword> {
        use Keyword::{BY, FROM, HAVING, JOIN, ON, QUALIFY, SELECT, WHERE};
        let mut depth = 0usize;
        for before in (0..token).rev() {
            match self.tokens[before].token {
                Token::RParen | Token::RBrace | Token::RBracket => depth += 1,
                Token::LParen | Token::LBrace | Token::LBracket => depth = depth.checked_sub(1)?,
                _ if depth == 0
                    && matches!(
                        self.keyword(before),
                        BY | FROM | HAVING | JOIN | ON | QUALIFY | SELECT | WHERE
                    ) =>
                {
                    return Some(self.keyword(before));
                }
                _ => {}
            }
        }
        None
    }

    /// Whether a span is a part of a string or a comment, or is masked.
    pub fn is_hidden(&self, span: &Range<usize>) -> bool {
        if self.is_trivia(span.clone()) {
            return true;
        }
        let first = self.spans.partition_point(|token| token.end <= span.start);
        (first..self.tokens.len()).take_while(|token| self.spans[*token].start < span.end).any(
            |token| {
                let wider =
                    self.spans[token].start < span.start || self.spans[token].end > span.end;
                wider && !matches!(self.tokens[token].token, Token::Word(_))
            },
        )
    }

    /// Whether a token follows a table's name and optional alias.
    pub fn follows_table(&self, token: usize) -> bool {
        let mut at = token;
        for _ in 0..12 {
            let Some(before) = self.previous(at) else { return false };
            match (&self.tokens[before].token, self.keyword(before)) {
                (_, Keyword::FROM | Keyword::JOIN) => return at != token,
                (Token::Word(_) | Token::Period | Token::Colon, _) => at = before,
                _ => return false,
            }
        }
        false
    }

    /// Whether a token is `word`, as the qualifier of a column.
    pub fn qualifies(&self, token: usize, word: &str) -> bool {
        self.is(token + 1, &Token::Period) && self.is_word(token, &[word])
    }
}

/// Takes the location from a parser's message, which ends with a line and a column.
pub fn located_error(sql: &str, message: &str) -> ParseError {
    let message = message.trim_start_matches("sql parser error: ");
    let Some((text, position)) = message.rsplit_once(" at Line: ") else {
        return ParseError { message: lower(message), at: None };
    };
    let at = position
        .split_once(", Column: ")
        .and_then(|(line, column)| Some(Location::new(line.parse().ok()?, column.parse().ok()?)));
    ParseError { message: lower(text), at: at.map(|at| byte(sql, at)) }
}

/// Line and column of a byte, counted from 1, and the text of that line.
pub fn line_of(sql: &str, byte: usize) -> (usize, usize, &str) {
    let byte = sql.floor_char_boundary(byte);
    let start = sql[..byte].rfind('\n').map_or(0, |at| at + 1);
    let line = sql[..start].bytes().filter(|byte| *byte == b'\n').count() + 1;
    (line, sql[start..byte].chars().count() + 1, sql[start..].lines().next().unwrap_or_default())
}

fn lower(message: &str) -> String {
    let mut letters = message.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

fn byte(sql: &str, at: Location) -> usize {
    Walk { sql, byte: 0, at: Location::new(1, 1) }.to(at)
}

/// Converts locations to bytes in one pass through the text.
struct Walk<'a> {
    sql: &'a str,
    byte: usize,
    at: Location,
}

impl Walk<'_> {
    /// The byte of a location. An earlier location restarts the pass, which happens only for
    /// invalid ones.
    fn to(&mut self, position: Location) -> usize {
        if position < self.at {
            (self.byte, self.at) = (0, Location::new(1, 1));
        }
        for letter in self.sql[self.byte..].chars() {
            if self.at >= position {
                break;
            }
            self.byte += letter.len_utf8();
            self.at = match letter {
                '\n' => Location::new(self.at.line + 1, 1),
                _ => Location::new(self.at.line, self.at.column + 1),
            };
        }
        self.byte
    }
}

/// The dialect for the tokenizer of a parser. Spark reads a backslash in a string as an escape, as
/// Databricks does (`spark.sql.parser.escapedStringLiterals` is false); sqlparser's dialect of
/// Spark does not.
fn lexer(parser: &dyn Parser) -> &dyn Parser {
    if parser.is::<SparkSqlDialect>() { &DatabricksDialect {} } else { parser }
}

#[cfg(test)]
mod tests {
    use sqlparser::dialect::GenericDialect;

    use super::*;

    #[test]
    fn a_file_or_a_call_is_contained() {
        let parser = sqlparser::dialect::DuckDbDialect {};
        for text in ["'data/orders.csv'", "read_csv('a;b--c', header = (1 = 1))", "'it''s'"] {
            assert!(is_contained(text, &parser), "{text}");
        }
        for text in
            ["'data/it's.csv'", "f(1)); drop table t", "f(1", "f) + (1", "'a' -- b", "f(/* a */)"]
        {
            assert!(!is_contained(text, &parser), "{text}");
        }
    }

    #[test]
    fn tokens_tile_the_text() {
        let sql = "select 'é漢'\t-- 🎉 x\r\n from \"ü\" /* a /* b */ c */ , $$x$$ 🎉";
        let text = TokenStream::new("select 'é漢'\t-- 🎉 x\r\n from \"ü\"", &GenericDialect {})
            .expect("it has tokens");
        let joined: String = text.spans.iter().map(|span| text.slice(span)).collect();
        assert_eq!(joined, text.sql);
        assert_eq!(
            line_of(sql, sql.find("from").expect("it is there")),
            (2, 2, " from \"ü\" /* a /* b */ c */ , $$x$$ 🎉")
        );
    }

    #[test]
    fn a_message_has_a_location() {
        let error =
            located_error("a\nbc", "sql parser error: Expected: x, found: y at Line: 2, Column: 2");
        assert_eq!((error.message.as_str(), error.at), ("expected: x, found: y", Some(3)));
    }
}
