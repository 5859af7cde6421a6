//! Commands of a dialect's clients in SQL text: `\! touch x`, `.shell …`, `source …`. A client runs
//! them on the user's machine, where dbt's driver reports a syntax error. Takes the client's
//! lexical rules (`client_syntax` of the dialect's file) and a text; gives the first command
//! outside of quotes and comments. A text that two settings of the server read differently is read
//! in both ways.

use serde::Deserialize;

/// How the dialect's clients read a text, and which words are commands to them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClientSyntax {
    /// The program that runs the commands, as a message names it.
    pub program: String,
    /// Characters that quote; `[` is closed by `]`. A doubled quote is a quote.
    quotes: String,
    /// The quotes in which a backslash escapes.
    escaping: String,
    /// A letter before a single quote that makes a backslash escape.
    escape_prefix: String,
    /// Words of settings that switch the escapes by backslash: a text that holds one is read with
    /// and without them. `*` is any text.
    escape_switches: Vec<String>,
    dollar_quotes: bool,
    line_comments: Vec<String>,
    nested_comments: bool,
    /// Beginnings of comments that are code.
    executed_comments: Vec<String>,
    /// Marks that begin a command wherever they are.
    anywhere: Vec<String>,
    /// Words with such a mark that are no command.
    allowed: Vec<String>,
    /// Beginnings of a line, in its first column, where no statement has begun.
    at_line: Vec<String>,
    /// The same behind white space, in any line of a statement.
    at_any_line: Vec<String>,
    /// Beginnings of a statement: a word, or a mark.
    at_statement: Vec<String>,
    /// Words that end a statement if they are all of a line.
    terminators: Vec<String>,
    /// Functions that the client itself adds to the engine's, and that reach the user's machine.
    functions: Vec<String>,
}

/// A client's command in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCommand {
    /// Counted from 1.
    pub line: usize,
    /// The text from the command to the end of its line.
    pub text: String,
}

impl ClientSyntax {
    /// The first command of a text.
    pub fn command(&self, text: &str) -> Option<ClientCommand> {
        let lists =
            [&self.anywhere, &self.at_line, &self.at_any_line, &self.at_statement, &self.functions];
        if lists.iter().all(|list| list.is_empty()) {
            return None;
        }
        let at = self
            .scan(text, false)
            .or_else(|| self.reads_both_ways(text).then(|| self.scan(text, true)).flatten())?;
        let rest = text[at..].lines().next().unwrap_or_default();
        Some(ClientCommand {
            line: text[..at].matches('\n').count() + 1,
            text: rest.trim().to_string(),
        })
    }

    fn reads_both_ways(&self, text: &str) -> bool {
        let mut lower = None;
        self.escape_switches.iter().any(|switch| {
            switch == "*"
                || lower.get_or_insert_with(|| text.to_ascii_lowercase()).contains(switch.as_str())
        })
    }

    /// Where the first command begins. `switched`: single quotes escape where they otherwise do
    /// not, and the reverse.
    fn scan(&self, text: &str, switched: bool) -> Option<usize> {
        let mut at = 0;
        let mut in_statement = false;
        while let Some(char) = text[at..].chars().next() {
            let rest = &text[at..];
            if at == 0 || text[..at].ends_with('\n') {
                let line = rest.lines().next().unwrap_or_default().trim();
                if self.terminators.iter().any(|word| line.eq_ignore_ascii_case(word)) {
                    (at, in_statement) =
                        (at + rest.find('\n').unwrap_or(rest.len() - 1) + 1, false);
                    continue;
                }
                let begins = (!in_statement
                    && self.at_line.iter().any(|mark| rest.starts_with(mark.as_str())))
                    || self.at_any_line.iter().any(|word| begins_with(line, word));
                if begins {
                    return Some(at);
                }
            }
            if let Some(comment) = self.comment(rest) {
                at += comment;
            } else if let Some(executed) =
                self.executed_comments.iter().find(|begin| rest.starts_with(begin.as_str()))
            {
                at += executed.len();
            } else if char == ';' {
                (at, in_statement) = (at + 1, false);
            } else if char.is_whitespace() {
                at += char.len_utf8();
            } else if self.anywhere.iter().any(|mark| rest.starts_with(mark.as_str()))
                && !self.allowed.iter().any(|word| rest.starts_with(word.as_str()))
                || (!in_statement && self.at_statement.iter().any(|word| begins_with(rest, word)))
            {
                return Some(at);
            } else {
                in_statement = true;
                let token = self.token(text, at, char, switched);
                let name = text[at..at + token]
                    .trim_matches(|char| self.quotes.contains(char) || char == ']');
                let is_called = || text[at + token..].trim_start().starts_with('(');
                if self.functions.iter().any(|function| function.eq_ignore_ascii_case(name))
                    && is_called()
                {
                    return Some(at);
                }
                at += token;
            }
        }
        None
    }

    /// The length of a comment that the text begins with.
    fn comment(&self, rest: &str) -> Option<usize> {
        if self.line_comments.iter().any(|mark| rest.starts_with(mark.as_str())) {
            return Some(rest.find('\n').unwrap_or(rest.len()));
        }
        if !rest.starts_with("/*")
            || self.executed_comments.iter().any(|begin| rest.starts_with(begin.as_str()))
        {
            return None;
        }
        let (mut at, mut depth) = (2, 1);
        while depth > 0 {
            let end = rest[at..].find("*/");
            let begin = rest[at..]
                .find("/*")
                .filter(|begin| self.nested_comments && end.is_none_or(|end| *begin < end));
            match (begin, end) {
                (Some(begin), _) => (at, depth) = (at + begin + 2, depth + 1),
                (None, Some(end)) => (at, depth) = (at + end + 2, depth - 1),
                (None, None) => return Some(rest.len()),
            }
        }
        Some(at)
    }

    /// The length of the quoted text, the word or the character at a place.
    fn token(&self, text: &str, at: usize, char: char, switched: bool) -> usize {
        let rest = &text[at..];
        if self.quotes.contains(char) {
            let prefix = text[..at].chars().next_back().filter(char::is_ascii_alphabetic);
            let is_prefixed = char == '\''
                && prefix
                    .is_some_and(|prefix| self.escape_prefix.contains(prefix.to_ascii_lowercase()));
            let escapes = is_prefixed
                || self.escaping.contains(char) != (switched && matches!(char, '\'' | '"'));
            return quoted(rest, char, escapes);
        }
        if char == '$' && self.dollar_quotes && !text[..at].ends_with(is_word) {
            let tag = rest[1..].find('$').map_or("", |end| &rest[..end + 2]);
            let name = tag.trim_matches('$');
            if !tag.is_empty()
                && name.chars().all(is_word)
                && !name.starts_with(|first: char| first.is_ascii_digit())
            {
                return rest[tag.len()..].find(tag).map_or(rest.len(), |end| end + 2 * tag.len());
            }
        }
        let word = rest.find(|char| !is_word(char)).unwrap_or(rest.len());
        if word > 0 { word } else { char.len_utf8() }
    }
}

/// The length of a quoted text; of all that follows, where it does not end.
fn quoted(rest: &str, open: char, escapes: bool) -> usize {
    let close = if open == '[' { ']' } else { open };
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, char)) = chars.next() {
        if escapes && char == '\\' {
            chars.next();
        } else if char == close {
            // A doubled quote.
            if chars.next_if(|(_, next)| *next == close).is_none() {
                return at + close.len_utf8();
            }
        }
    }
    rest.len()
}

/// Whether a text begins with a mark, or with a word that ends there.
fn begins_with(text: &str, word: &str) -> bool {
    let Some(begin) = text.get(..word.len()) else { return false };
    let ends = |rest: &str| !word.ends_with(is_word) || !rest.starts_with(is_word);
    begin.eq_ignore_ascii_case(word) && ends(&text[word.len()..])
}

fn is_word(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

#[cfg(test)]
mod tests {
    use super::super::{named, names};

    fn command(dialect: &str, text: &str) -> Option<(usize, String)> {
        named(dialect)
            .unwrap()
            .client_syntax
            .command(text)
            .map(|command| (command.line, command.text))
    }

    #[test]
    fn commands_are_found_outside_of_quotes_and_comments() {
        for (dialect, text) in [
            ("postgres", "select 1\n  \\! touch x\n;"),
            ("postgres", "select '\\' \\g |sh"),
            ("postgres", "select $1$ \\! touch x"),
            ("postgres", "select a$$ \\! touch x $$"),
            ("postgres", "set standard_conforming_strings = off;\nselect '\\' '\\! touch x"),
            ("redshift", "select '\\' '\\! touch x"),
            ("duckdb", "select 1;\n-- a\n.shell touch x"),
            ("duckdb", "/* a\n*/\n.shell touch x"),
            ("sqlite", "select 1\nGO\n.shell touch x"),
            ("sqlite", "select $$;\n.shell touch x\n$$"),
            ("sqlite", "select \"Edit\" (1, 'touch x;')"),
            ("sqlite", "select load_extension ('x.so')"),
            ("mysql", "select 1 \\! touch x"),
            ("mariadb", "/*M! \\! touch x */"),
            ("mariadb", "/* /* */ \\! touch x\n*/"),
            ("mysql", "select $$ \\! touch x $$"),
            ("mysql", "set sql_mode = 'NO_BACKSLASH_ESCAPES';\nselect '\\'\n\\! touch x"),
            ("mysql", "-- a\n  SYSTEM touch x"),
            ("spark", "/* a */ ! touch x"),
            ("spark", "select 1; source x.sql"),
            ("databricks", "\\e"),
            ("snowflake", "select 1; !source x.sql"),
            ("sqlserver", "select 1\n  :r x.sql"),
            ("fabric", "select 1\n!!touch x"),
        ] {
            let line = text.matches('\n').count() + 1;
            let found = command(dialect, text);
            assert!(
                found.as_ref().is_some_and(|(at, _)| *at <= line),
                "{dialect}: {text}: {found:?}"
            );
        }
        assert_eq!(
            command("postgres", "select 1,\n 2 \\! touch x\n;"),
            Some((2, "\\! touch x".to_string()))
        );
    }

    #[test]
    fn text_is_no_command() {
        for (dialect, text) in [
            (
                "postgres",
                "select '\\! a', \"\\! b\", $$\\! c$$, $x$ $$ \\! $x$, e'\\'\\! d' -- \\!\n/* /* \
                 */ \\! */;",
            ),
            ("postgres", "select regexp_replace(a, '\\d+', '\\1'), '\\', 'C:\\'"),
            ("redshift", "select regexp_replace(a, '\\\\d+', '\\\\1')"),
            ("duckdb", "select a\n.b, '\n.shell' from t;\n/*\n.shell x\n*/"),
            ("sqlite", "select [\n.a], `.b`, edit from edit"),
            (
                "mysql",
                "select \\N, '\\'\\! a', \"\\\"\\! b\", `\\! c` # \\! d\n-- \\! e\n/* \\! f \
                 */;\nsystems",
            ),
            ("spark", "select 1 != 2, '!a' from source where ! a; -- !b"),
            ("snowflake", "select 1 != 2 where a = '\n!source'"),
            ("sqlserver", "select '\n:r x', [\n!!a] -- :r\n"),
        ] {
            assert_eq!(command(dialect, text), None, "{dialect}: {text}");
        }
    }

    #[test]
    fn any_text_is_read_to_its_end() {
        for dialect in names() {
            for text in [
                "",
                "'",
                "é",
                "$é$",
                "/*",
                "$",
                "[",
                "select 'é\\",
                "go",
                "/\n/",
                "\\",
                "e'",
                "-- é",
                "/*!",
            ] {
                let _ = command(dialect, text);
            }
        }
    }
}
