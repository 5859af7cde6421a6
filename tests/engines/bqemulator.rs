//! bqemulator: GoogleSQL's words over DuckDB, one process for all tests. What BigQuery's own analyzer says of a plan, `analyzers` shows.

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

    fn left_out(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("keywords_are_names_of_columns", "its parser reserves words that the warehouse does not"),
            ("grants_are_given", "it has no grants"),
            ("a_contract_is_kept", "its tables take a null where none may be"),
            ("a_null_where_none_may_be_changes_nothing", "its tables take a null where none may be"),
            ("delete_and_insert_replaces_by_key", "the dialect refuses `delete+insert` when it compiles"),
            ("a_materialized_view_is_refreshed", "it has no materialized views, which the warehouse has"),
        ]
    }

    fn project_file(&self, _path: &Path, text: &str) -> String {
        replaced(r"data_type: varchar\(\d+\)", text, "data_type: string")
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
        // It can neither copy a table over another one nor assert: a query holds the same rows, and a text that is no number fails alike.
        let sql = replaced(r"(create or replace table \S+) copy (\S+);", &text(file), "$1 as select * from $2;");
        let guard = r"assert not exists \(select 1 from (\S+) where (.*)\) as ('.*');";
        let as_number = "select cast(concat($3, cast(count(*) as string)) as int64) from $1 where $2 having count(*) > 0;";
        self.0.run(&replaced(guard, &sql, as_number))
    }

    fn rows(&self, query: &str) -> Vec<String> {
        self.0.rows(query)
    }

    fn by_hand(&self, sql: &str) -> String {
        let sql = replaced(r"varchar\(\d+\)", sql, "string").replace("integer", "int64");
        replaced(r"delete from (\S+);", &sql, "delete from $1 where true;")
    }
}

fn replaced(pattern: &str, text: &str, instead: &str) -> String {
    Regex::new(pattern).unwrap().replace_all(text, instead).into_owned()
}
