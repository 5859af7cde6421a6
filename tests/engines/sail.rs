//! Sail: not Databricks, but an engine for its dialect with real Delta Lake tables; one process for
//! all tests.

use std::path::Path;

use regex::Regex;

use crate::engine::{Database, Engine, Outcome};
use crate::served::{Session, Shared, text};

pub struct Sail(Shared);

impl Sail {
    pub fn new() -> Self {
        Sail(Shared::new("sail", "serve_sail.py"))
    }
}

impl Engine for Sail {
    fn dialect(&self) -> &'static str {
        "databricks"
    }

    fn transactions(&self) -> bool {
        false
    }

    fn quoted(&self, name: &str) -> String {
        format!("`{name}`")
    }

    fn excluded_cases(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("rows_outside_of_the_window_are_kept", "the dialect rejects `keep` at compile time"),
            (
                "delete_and_insert_replaces_by_key",
                "the dialect rejects `delete+insert` at compile time",
            ),
            ("columns_are_those_of_the_query", "Sail cannot drop a column"),
            ("a_renamed_column_is_a_new_one", "Sail's inserts by name need every column"),
            ("grants_are_applied", "Sail has no grants"),
            ("a_materialized_view_is_refreshed", "Sail has no materialized views"),
            ("descriptions_are_stored", "Sail has no comments"),
            (
                "readers_of_a_rebuilt_table_stay",
                "Sail's `create or replace table` keeps the columns of the old table",
            ),
            (
                "a_view_becomes_a_table_and_a_view_again",
                "Sail allows a table and a view of the same name",
            ),
        ]
    }

    fn slow(&self) -> bool {
        true
    }

    fn database(&self) -> Box<dyn Database + '_> {
        Box::new(Delta(self.0.session("delta")))
    }
}

struct Delta<'a>(Session<'a>);

impl Database for Delta<'_> {
    fn run(&self, file: &Path) -> Outcome {
        // Sail's grammar has either `by name` or `replace where`. Without `by name`, columns match
        // by position; the order is the same.
        let sql = text(file).replace(" by name\nreplace where", "\nreplace where");
        // Sail deletes rows for which the condition is null; Delta Lake keeps them.
        self.0.run(
            &Regex::new(r"(?m)^replace where (.*)$")
                .unwrap()
                .replace_all(&sql, "replace where ($1) is true"),
        )
    }

    fn rows(&self, query: &str) -> Vec<String> {
        self.0.rows(query)
    }

    fn adapt_sql(&self, sql: &str) -> String {
        typed_times(sql)
    }

    fn refuse_nulls(&self, table: &str, column: &str) -> String {
        format!("alter table {table} add constraint refuse_nulls check ({column} is not null);")
    }

    fn allow_nulls(&self, table: &str, _column: &str) -> String {
        format!("alter table {table} drop constraint refuse_nulls;")
    }
}

/// Adds `timestamp` to literals: strings are not converted implicitly.
pub fn typed_times(sql: &str) -> String {
    Regex::new(r"(timestamp )?('20\d\d-\d\d-\d\d \d\d:[\d:.]+')")
        .unwrap()
        .replace_all(sql, "timestamp $2")
        .into_owned()
}
