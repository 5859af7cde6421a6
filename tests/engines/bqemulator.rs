//! bqemulator: GoogleSQL on DuckDB, one process for all tests. `analyzers` checks plans with
//! BigQuery's analyzer.

use std::path::Path;

use regex::Regex;

use crate::engine::{Database, Engine, Outcome};
use crate::served::{Session, Shared, text};

pub struct BqEmulator(Shared);

impl BqEmulator {
    pub fn new() -> Self {
        BqEmulator(Shared::new("bqemulator", "serve_bigquery.py"))
    }
}

impl Engine for BqEmulator {
    fn dialect(&self) -> &'static str {
        "bigquery"
    }

    fn transactions(&self) -> bool {
        false
    }

    fn quoted(&self, name: &str) -> String {
        format!("`{name}`")
    }

    fn integer(&self) -> &'static str {
        "int64"
    }

    fn excluded_cases(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("keywords_are_names_of_columns", "its parser reserves more words than BigQuery"),
            ("grants_are_applied", "bqemulator has no grants"),
            ("a_contract_is_enforced", "bqemulator does not enforce not null"),
            ("a_null_in_a_not_null_column_changes_nothing", "bqemulator does not enforce not null"),
            (
                "delete_and_insert_replaces_by_key",
                "the dialect rejects `delete+insert` at compile time",
            ),
            ("a_materialized_view_is_refreshed", "bqemulator has no materialized views"),
        ]
    }

    fn project_file(&self, _path: &Path, text: &str) -> String {
        replace(r"data_type: varchar\(\d+\)", text, "data_type: string")
    }

    fn slow(&self) -> bool {
        true
    }

    fn database(&self) -> Box<dyn Database + '_> {
        Box::new(Project(self.0.session("shop")))
    }
}

struct Project<'a>(Session<'a>);

impl Database for Project<'_> {
    fn run(&self, file: &Path) -> Outcome {
        // bqemulator cannot copy over a table, nor assert: a query copies the rows, and an invalid
        // cast to a number fails instead.
        let sql = replace(
            r"(create or replace table \S+) copy (\S+);",
            &text(file),
            "$1 as select * from $2;",
        );
        let guard = r"assert not exists \(select 1 from (\S+) where (.*)\) as ('.*');";
        let as_number = "select cast(concat($3, cast(count(*) as string)) as int64) from $1 where \
            $2 having count(*) > 0;";
        self.0.run(&replace(guard, &sql, as_number))
    }

    fn rows(&self, query: &str) -> Vec<String> {
        self.0.rows(query)
    }

    fn adapt_sql(&self, sql: &str) -> String {
        let sql = replace(r"varchar\(\d+\)", sql, "string").replace("integer", "int64");
        replace(r"delete from (\S+);", &sql, "delete from $1 where true;")
    }
}

fn replace(pattern: &str, text: &str, replacement: &str) -> String {
    Regex::new(pattern).unwrap().replace_all(text, replacement).into_owned()
}
