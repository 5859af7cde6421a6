//! The type of SQL text, and the conversion of other text to SQL: to a string literal, to a
//! comment.

use minijinja::Value;

use super::Dialect;

/// A fragment of SQL. A macro of a dialect writes only arguments of this type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sql(pub String);

impl Sql {
    /// The fragment as an argument of a macro.
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
    /// The text as a string literal on one line.
    pub fn string(&self, text: &str) -> Sql {
        self.lines(&one_line(text))
    }

    /// The text as a string literal with unescaped line breaks: a statement that the engine
    /// executes from a string.
    pub fn lines(&self, text: &str) -> Sql {
        let text = if self.syntax.backslash_escapes {
            text.replace('\\', r"\\").replace('\'', r"\'")
        } else {
            text.replace('\'', "''")
        };
        Sql(format!("'{text}'"))
    }

    /// The text as a string literal with its exact value.
    pub fn text(&self, text: &str) -> Sql {
        let text = if self.syntax.backslash_escapes {
            text.replace('\\', r"\\")
                .replace('\'', r"\'")
                .replace('\n', r"\n")
                .replace('\r', r"\r")
                .replace('\t', r"\t")
        } else {
            text.replace('\'', "''")
        };
        Sql(format!("'{text}'"))
    }
}

/// The text with control characters and line breaks replaced by spaces, so that it cannot end a
/// line comment.
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
