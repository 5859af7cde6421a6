//! fakesnow: Snowflake's dialect on DuckDB, one process for all tests. `analyzers` runs a plan with
//! `snow`.

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
    fn excluded_cases(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("keywords_are_names_of_columns", "its parser reserves more words than Snowflake"),
            ("grants_are_applied", "fakesnow has no grants"),
            ("a_contract_is_enforced", "fakesnow does not enforce not null"),
            ("a_null_in_a_not_null_column_changes_nothing", "fakesnow does not enforce not null"),
            ("a_named_constraint_is_named_again", "its parser rejects named table constraints"),
            ("descriptions_are_stored", "fakesnow cannot parse a quote in a comment"),
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
        // fakesnow has no schema-qualified temporary tables. Their names are unique in a session.
        let stage = Regex::new(r"\banalytics\.(\w+__(?:batch_|build\b|first\b))").unwrap();
        // fakesnow cannot replace a table by a clone, so the clone becomes a copy.
        let clone =
            Regex::new(r"create or replace (transient )?table (\S+) clone (\S+?)( copy grants)?;")
                .unwrap();
        let sql = text(file);
        self.0.run(&clone.replace_all(
            &stage.replace_all(&sql, "$1"),
            "create or replace table $2 as select * from $3;",
        ))
    }

    fn rows(&self, query: &str) -> Vec<String> {
        self.0.rows(query)
    }
}
