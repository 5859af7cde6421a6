//! The author's query as an argument of a template: trimmed, or split into CTEs and the rest.

use minijinja::Value;

use crate::dialect::Dialect;
use crate::inject;

/// The author's text without surrounding blank lines.
pub(super) fn author_query(query: &str) -> Value {
    let blank = query.len() - query.trim_start().len();
    // Keep the indentation of the first line.
    let start = query[..blank].rfind('\n').map_or(0, |line| line + 1);
    Value::from_safe_string(query[start..].trim_end().to_string())
}

/// Splits a query into its CTEs and the rest, for an engine that does not allow `with` in a
/// subquery. For all other engines the rest is the whole query.
pub(super) fn split_ctes(dialect: &Dialect, query: &str) -> (String, Value) {
    if dialect.syntax.nested_with {
        return (String::new(), author_query(query));
    }
    let parser = inject::parser(&dialect.syntax.parser);
    match inject::with_clause(query, &*parser) {
        Some((ctes, body)) if !ctes.is_empty() => (format!("{ctes},\n"), author_query(&body)),
        Some((_, body)) => (String::new(), author_query(&body)),
        None => (String::new(), author_query(query)),
    }
}
