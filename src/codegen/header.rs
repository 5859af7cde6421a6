//! The comment at the head of a file, for reviewers.

use super::inputs::{InputEntry, NOT_READ, READ_BY_HOOK};
use crate::dialect::{Dialect, one_line};

/// The lines of the comment, `-- name: value`, each on one line, and the statements with which
/// every file begins.
pub fn header(dialect: &Dialect, lines: &[(&str, String)]) -> String {
    let comment: String =
        lines.iter().map(|(name, value)| format!("-- {name}: {}\n", one_line(value))).collect();
    comment + &dialect.session
}

/// Describes an input: the column by which it is filtered, or why it is not filtered.
pub fn describe_input(entry: &InputEntry) -> String {
    match (&entry.event_time, &entry.whole_because) {
        (Some(column), None) if entry.filtered => {
            format!("{}, where {column} is in the window", entry.relation)
        }
        (_, Some(reason)) if reason == NOT_READ => {
            format!("{}, not read: {reason}", entry.relation)
        }
        (_, Some(reason)) if reason == READ_BY_HOOK => format!("{}, {reason}", entry.relation),
        (_, Some(reason)) => format!("{}, whole: {reason}", entry.relation),
        _ => entry.relation.clone(),
    }
}
