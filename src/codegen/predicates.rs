//! Conditions and lists of columns as SQL.

use std::sync::LazyLock;

use regex::Regex;

use super::raw_settings::reject_unsafe_event_time;
use super::terminator::terminate;
use crate::config::EventTime;
use crate::diagnostics::Diagnostic;
use crate::dialect::{Dialect, Sql};
use crate::inject::ResultColumn;

/// The window's predicate on the column of an event time.
pub fn window_predicate(dialect: &Dialect, event_time: &EventTime) -> Result<Sql, Diagnostic> {
    reject_unsafe_event_time(dialect, event_time)?;
    dialect
        .window(&dialect.event_time(&event_time.column, event_time.quote), event_time.time_type()?)
}

/// The names of columns as SQL, separated by commas.
pub(super) fn column_list(dialect: &Dialect, columns: &[ResultColumn]) -> Sql {
    let names = columns.iter().map(|column| dialect.column(&column.name, column.quoted).0);
    Sql(names.collect::<Vec<_>>().join(", "))
}

/// `incremental_predicates`, each in parentheses, without the prefixes for dbt's merge: they apply
/// to the target and to the stage.
pub(super) fn predicate_list(predicates: &[String]) -> Vec<Sql> {
    static PREFIX: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\bdbt_internal_(dest|target|source)\s*\.\s*")
            .expect("the pattern is well formed")
    });
    predicates
        .iter()
        .map(|predicate| {
            Sql(format!("({}", terminate(&PREFIX.replace_all(predicate.trim(), ""), ")")))
        })
        .collect()
}

/// The predicate and further ones, each on a line.
pub(super) fn all_of(predicate: &str, further: &[Sql]) -> String {
    let further: String = further.iter().map(|predicate| format!("\n  and {predicate}")).collect();
    format!("{predicate}{further}")
}

/// The conditions as a `where` clause on a line of its own; empty if there are none.
pub(super) fn where_clause(conditions: &[Sql]) -> String {
    match conditions {
        [] => String::new(),
        [first, further @ ..] => format!("\nwhere {}", all_of(&first.0, further)),
    }
}
