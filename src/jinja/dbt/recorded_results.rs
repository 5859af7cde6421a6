//! Recorded query results, from a file. The error for a missing query contains the lines to add.

use std::collections::BTreeMap;

use minijinja::Error;
use serde_json::Value;

use super::session::Session;
use crate::diagnostics::{Diagnostic, SourceFile};
use crate::jinja::errors;

/// Recorded results by query.
#[derive(Clone, Debug, Default)]
pub struct RecordedResults {
    pub file: Option<SourceFile>,
    by_query: BTreeMap<String, RecordedResult>,
}

/// The result of a query.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecordedResult {
    /// Empty if the file has none.
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Value>>,
}

impl RecordedResults {
    pub fn is_empty(&self) -> bool {
        self.by_query.is_empty()
    }

    /// Adds a result. White space in the query does not matter.
    pub fn insert(&mut self, query: &str, answer: RecordedResult) {
        self.by_query.insert(normalized(query), answer);
    }
}

/// The query on one line, without a final semicolon.
fn normalized(query: &str) -> String {
    let words: Vec<&str> = query.split_whitespace().collect();
    words.join(" ").trim_end_matches([';', ' ']).to_string()
}

/// The recorded result of a query, or an error with the missing entry.
pub fn answered<'s>(
    session: &'s Session,
    asks: &str,
    query: &str,
) -> Result<&'s RecordedResult, Error> {
    let query = normalized(query);
    let answers = &session.settings().answers;
    if let Some(answer) = answers.by_query.get(&query) {
        return Ok(answer);
    }
    let error = Diagnostic::error(format!(
        "{asks} queries the warehouse, but batchwright compiles without one"
    ));
    let lines =
        format!("add its result:\n- query: {}\n  rows:\n    - [first, row]", yaml_text(&query));
    let hint = match &answers.file {
        Some(file) => format!("`{}` does not contain this query; {lines}", file.path),
        None => format!("pass recorded results with `--answers FILE`, and {lines}"),
    };
    Err(errors::to_error(error.note(format!("the query is: {query}")).hint(hint)))
}

/// The text as a YAML scalar on one line.
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
    fn layout_of_queries_does_not_matter() {
        assert_eq!(normalized("select 1,\n\t 2 ;\n"), "select 1, 2");
        assert_eq!(yaml_text("select 'a' as b"), "select 'a' as b");
        assert_eq!(yaml_text("select 'a: b'"), "'select ''a: b'''");
    }
}
