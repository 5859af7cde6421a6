//! SQL text that is known to be SQL, and the ways in which other text becomes it: as a string, as a
//! comment.

use minijinja::Value;

use super::Dialect;
use crate::diagnostics::Diagnostic;

/// A piece of SQL. Only such pieces may be written by a dialect's template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sql(pub String);

impl Sql {
    /// The piece as an argument of a template.
    pub fn value(&self) -> Value {
        Value::from_safe_string(self.0.clone())
    }
}

impl std::fmt::Display for Sql {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}

impl Dialect {
    /// The text as a string literal on one line, in quotes.
    pub fn string(&self, text: &str) -> Result<Sql, Diagnostic> {
        self.lines(&one_line(text))
    }

    /// The text as a string literal that keeps its line breaks: a statement for an engine that
    /// takes it as text.
    pub fn lines(&self, text: &str) -> Result<Sql, Diagnostic> {
        let backslash: bool = self.property("backslash_escapes")?;
        let text = if backslash {
            text.replace('\\', r"\\").replace('\'', r"\'")
        } else {
            text.replace('\'', "''")
        };
        Ok(Sql(format!("'{text}'")))
    }

    /// The text as a string literal that keeps its line breaks: a value, and no message.
    pub fn text(&self, text: &str) -> Result<Sql, Diagnostic> {
        let backslash: bool = self.property("backslash_escapes")?;
        let text = if backslash {
            text.replace('\\', r"\\")
                .replace('\'', r"\'")
                .replace('\n', r"\n")
                .replace('\r', r"\r")
                .replace('\t', r"\t")
        } else {
            text.replace('\'', "''")
        };
        Ok(Sql(format!("'{text}'")))
    }
}

/// The text as one line of a comment: no line break of a name's can end the comment early.
pub fn one_line(text: &str) -> String {
    text.chars()
        .map(|char| {
            if char.is_control() || matches!(char, '\u{85}' | '\u{2028}' | '\u{2029}') {
                ' '
            } else {
                char
            }
        })
        .collect()
}
