//! fakesnow: Snowflake's words over DuckDB, one process for all tests. What `snow` itself makes of a plan, `analyzers` shows.

use std::path::Path;

use regex::Regex;

use crate::engine::{Database, Engine, Outcome};
use crate::served::{Session, Shared, text};

pub struct FakeSnow(Shared);

impl FakeSnow {
    pub fn new() -> Self {
        FakeSnow(Shared::new("fakesnow", "serve_snowflake.py"))
    }
}

impl Engine for FakeSnow {
    fn left_out(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("keywords_are_names_of_columns", "its parser reserves words that the warehouse does not"),
            ("grants_are_given", "it has no grants"),
            ("a_contract_is_kept", "its tables take a null where none may be"),
            ("a_null_where_none_may_be_changes_nothing", "its tables take a null where none may be"),
            ("a_named_constraint_is_named_again", "its parser refuses a named constraint of a table"),
            ("descriptions_are_kept", "it cannot quote a quote in a comment"),
        ]
    }

    fn dialect(&self) -> &'static str {
        "snowflake"
    }

    fn slow(&self) -> bool {
        true
    }

    fn database(&self) -> Box<dyn Database + '_> {
        Box::new(Account(self.0.session("shop")))
    }
}

struct Account<'a>(Session<'a>);

impl Database for Account<'_> {
    fn run(&self, file: &Path) -> Outcome {
        // It has no temporary tables in a schema that the statement names; a session has only one of each name anyway.
        let stage = Regex::new(r"\banalytics\.(\w+__(?:batch_|build\b))").unwrap();
        // It does not replace a table by a clone, so the clone is a copy.
        let clone = Regex::new(r"create or replace (transient )?table (\S+) clone (\S+?)( copy grants)?;").unwrap();
        let sql = text(file);
        self.0.run(&clone.replace_all(&stage.replace_all(&sql, "$1"), "create or replace table $2 as select * from $3;"))
    }

    fn rows(&self, query: &str) -> Vec<String> {
        self.0.rows(query)
    }
}
