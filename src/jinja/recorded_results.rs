//! What a warehouse would answer, from a file of recorded answers. Takes queries; gives tables,
//! and, for a query that nobody has recorded, the error that names it and the lines to add.

use std::collections::BTreeMap;

use minijinja::Error;
use serde_json::Value;

use super::errors;
use super::session::Session;
use super::table::Table;
use crate::diagnostics::{Diagnostic, SourceFile};

/// The recorded answers.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    pub file: Option<SourceFile>,
    by_query: BTreeMap<String, Answer>,
}

/// The rows that a query gives.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// Empty if the file names none.
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Value>>,
}

impl Answers {
    /// Notes an answer. Blanks and line breaks between the words of a query do not count.
    pub fn is_empty(&self) -> bool {
        self.by_query.is_empty()
    }

    pub fn insert(&mut self, query: &str, answer: Answer) {
        self.by_query.insert(folded(query), answer);
    }
}

/// The query on one line, without the semicolon at its end.
fn folded(query: &str) -> String {
    let words: Vec<&str> = query.split_whitespace().collect();
    words.join(" ").trim_end_matches([';', ' ']).to_string()
}

/// The recorded answer of a query, or the error that says what is missing.
pub(super) fn answered(session: &Session, asks: &str, query: &str) -> Result<Table, Error> {
    let query = folded(query);
    let answers = &session.settings().answers;
    if let Some(answer) = answers.by_query.get(&query) {
        return Ok(Table::new(answer));
    }
    let error = Diagnostic::error(format!(
        "{asks} asks the warehouse, and batchwright compiles without one"
    ));
    let lines =
        format!("add the answer:\n- query: {}\n  rows:\n    - [first, row]", yaml_text(&query));
    let hint = match &answers.file {
        Some(file) => format!("`{}` does not hold this query; {lines}", file.path),
        None => format!("give recorded answers with `--answers FILE`, and {lines}"),
    };
    Err(errors::said(error.fact(format!("the query is: {query}")).hint(hint)))
}

/// The text as YAML writes it on one line.
fn yaml_text(text: &str) -> String {
    let risky = text.contains(": ")
        || text.contains(" #")
        || text.starts_with(['"', '\'', '{', '[', '&', '*', '`', '@', '%', '|', '>', '-']);
    if risky { format!("'{}'", text.replace('\'', "''")) } else { text.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_found_whatever_their_layout() {
        assert_eq!(folded("select 1,\n\t 2 ;\n"), "select 1, 2");
        assert_eq!(yaml_text("select 'a' as b"), "select 'a' as b");
        assert_eq!(yaml_text("select 'a: b'"), "'select ''a: b'''");
    }
}
