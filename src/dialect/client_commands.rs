//! Commands of a dialect's clients in SQL text: `\! touch x`, `.shell …`, `source …`. A client runs
//! them on the user's machine, whereas dbt's driver reports a syntax error. Finds the first command
//! outside of quotes and comments, by the client's lexical rules (`client_syntax` of the dialect
//! file). A text that depends on a setting of the server is scanned with both values.

use serde::Deserialize;

/// The lexical rules of the dialect's clients, and the words that they execute as commands.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClientSyntax {
    /// The program that executes the commands, for messages.
    pub program: String,
    /// Quote characters; `]` closes `[`. A doubled quote character is a literal one.
    quotes: String,
    /// Quote characters inside of which a backslash escapes the next character.
    escaping: String,
    /// Letters that enable backslash escapes when they precede a single quote: `e'…'`.
    escape_prefix: String,
    /// Words of settings that switch backslash escapes on or off: a text that contains one is
    /// scanned with and without escapes. `*` matches every text.
    escape_switches: Vec<String>,
    dollar_quotes: bool,
    line_comments: Vec<String>,
    nested_comments: bool,
    /// Prefixes of comments whose content is executed.
    executed_comments: Vec<String>,
    /// Prefixes of commands that are recognized at any position.
    anywhere: Vec<String>,
    /// Words with such a prefix that are not commands.
    allowed: Vec<String>,
    /// Prefixes of commands at the start of a line, outside of a statement.
    at_line: Vec<String>,
    /// Commands at the start of any line, after optional white space.
    at_any_line: Vec<String>,
    /// Words or prefixes that are commands at the start of a statement.
    at_statement: Vec<String>,
    /// Words that end a statement when they are alone on a line.
    terminators: Vec<String>,
    /// Functions that the client adds to the engine and that access the user's machine.
    functions: Vec<String>,
}

/// A command of a client in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCommand {
    /// One-based.
    pub line: usize,
    /// The text from the command to the end of its line.
    pub text: String,
}

impl ClientSyntax {
    /// The first command of a text.
    pub fn first_command(&self, text: &str) -> Option<ClientCommand> {
        let lists =
            [&self.anywhere, &self.at_line, &self.at_any_line, &self.at_statement, &self.functions];
        if lists.iter().all(|list| list.is_empty()) {
            return None;
        }
        let at = self
            .scan(text, false)
            .or_else(|| self.may_switch_escapes(text).then(|| self.scan(text, true)).flatten())?;
        let rest = text[at..].lines().next().unwrap_or_default();
        Some(ClientCommand {
            line: text[..at].matches('\n').count() + 1,
            text: rest.trim().to_string(),
        })
    }

    fn may_switch_escapes(&self, text: &str) -> bool {
        let mut lower = None;
        self.escape_switches.iter().any(|switch| {
            switch == "*"
                || lower.get_or_insert_with(|| text.to_ascii_lowercase()).contains(switch.as_str())
        })
    }

    /// The offset of the first command. `switched` inverts whether a backslash escapes inside of
    /// quotes.
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

    /// The length of the comment at the start of the text.
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

    /// The length of the quoted text, the word or the character at an offset.
    fn token(&self, text: &str, at: usize, char: char, switched: bool) -> usize {
        let rest = &text[at..];
        if self.quotes.contains(char) {
            let prefix = text[..at].chars().next_back().filter(char::is_ascii_alphabetic);
            let is_prefixed = char == '\''
                && prefix
                    .is_some_and(|prefix| self.escape_prefix.contains(prefix.to_ascii_lowercase()));
            let escapes = is_prefixed
                || self.escaping.contains(char) != (switched && matches!(char, '\'' | '"'));
            return quoted_length(rest, char, escapes);
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

/// The length of a quoted text; without a closing quote, it extends to the end.
fn quoted_length(rest: &str, open: char, escapes: bool) -> usize {
    let close = if open == '[' { ']' } else { open };
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, char)) = chars.next() {
        if escapes && char == '\\' {
            chars.next();
        } else if char == close {
            // A doubled quote is a literal one.
            if chars.next_if(|(_, next)| *next == close).is_none() {
                return at + close.len_utf8();
            }
        }
    }
    rest.len()
}

/// Whether a text begins with a prefix, or with a complete word, in any case.
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
            .client
            .client_syntax
            .first_command(text)
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
            let command = command(dialect, text);
            assert!(
                command.as_ref().is_some_and(|(at, _)| *at <= line),
                "{dialect}: {text}: {command:?}"
            );
        }
        assert_eq!(
            command("postgres", "select 1,\n 2 \\! touch x\n;"),
            Some((2, "\\! touch x".to_string()))
        );
    }

    #[test]
    fn quoted_text_and_comments_are_not_commands() {
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
    fn unclosed_quotes_and_comments_are_scanned() {
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
