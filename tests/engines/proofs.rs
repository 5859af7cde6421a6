//! How each dialect's SQL is tested: the engines that run its plans, and the checkers that parse or
//! analyze them, each with a fault that it must find in a batch. `tests/engines` runs all of them;
//! the README's table of dialects is generated from this list.

/// An engine that runs a dialect's plans. The names of its cases begin with `cases`.
pub struct Executed {
    pub dialect: &'static str,
    /// The overwrite strategy that this engine runs, if the dialect has several.
    pub variant: Option<&'static str>,
    pub cases: &'static str,
    pub words: &'static str,
}

/// A checker of a dialect's plans.
pub struct Judged {
    pub dialect: &'static str,
    pub judge: Judge,
    /// Text in the batch, and the faulty text that replaces it.
    pub fault: [&'static str; 2],
}

#[derive(Clone, Copy, PartialEq)]
pub enum Judge {
    GoogleSql,
    SparkParser,
    /// With the options of check_trino.py.
    TrinoGrammar(&'static [&'static str]),
    ScriptDom,
    /// With sqlfluff's name of the dialect.
    Sqlfluff(&'static str),
}

pub const EXECUTED: &[Executed] = &[
    executed("duckdb", "duckdb::", "DuckDB 1.5 (`duckdb -bail`), whole matrix"),
    executed("postgres", "postgres::", "PostgreSQL 15 (`psql`), whole matrix"),
    executed("postgres", "postgres18::", "PostgreSQL 18, whole matrix"),
    executed("redshift", "redshift::", "what it has in common with PostgreSQL: whole matrix"),
    executed(
        "snowflake",
        "snowflake::",
        "fakesnow, whole matrix; through `snow` one backfill, a refresh's batches, a failing file",
    ),
    executed("bigquery", "bigquery::", "bqemulator, whole matrix"),
    executed("databricks", "databricks::", "Sail's Delta Lake, whole matrix"),
    Executed {
        dialect: "spark",
        variant: Some("merge"),
        cases: "spark_iceberg::",
        words: "Spark 3.5 with Iceberg 1.10, whole matrix",
    },
    Executed {
        dialect: "spark",
        variant: Some("static_partitions"),
        cases: "spark_parquet::",
        words: "Spark 3.5 on parquet, whole matrix; vanished foreign partition, month over days, \
            leftover stage",
    },
    executed("clickhouse", "clickhouse::", "ClickHouse 26.9 (chdb), whole matrix"),
    executed("mysql", "mariadb::", "what it has in common with MariaDB"),
    executed("mariadb", "mariadb::", "MariaDB 10.11, whole matrix"),
    executed("sqlite", "sqlite::", "SQLite 3.40 (`sqlite3 -bail`), whole matrix"),
];

pub const JUDGED: &[Judged] = &[
    judged("postgres", Judge::Sqlfluff("postgres"), ["delete from", "delete form"]),
    judged("redshift", Judge::Sqlfluff("redshift"), ["having count(*) > 0", "having > 0"]),
    judged("snowflake", Judge::Sqlfluff("snowflake"), ["insert into", "insert replace into"]),
    judged(
        "bigquery",
        Judge::GoogleSql,
        ["by source and session_start", "by source and session_strat"],
    ),
    judged(
        "bigquery",
        Judge::Sqlfluff("bigquery"),
        ["when not matched by source", "when unmatched by source"],
    ),
    judged("databricks", Judge::SparkParser, ["by name\nreplace where", "by name\nreplace when"]),
    judged("spark", Judge::SparkParser, ["then\n  delete", "then\n  drop"]),
    judged("spark", Judge::Sqlfluff("sparksql"), ["merge into", "merge onto"]),
    judged("trino", Judge::TrinoGrammar(&[]), ["drop table if exists", "drop table if existing"]),
    judged("trino", Judge::Sqlfluff("trino"), ["delete from", "delete form"]),
    judged(
        "athena",
        Judge::TrinoGrammar(&["--ddl-in-backticks"]),
        ["is_external = false", "is_external: false"],
    ),
    judged("mysql", Judge::Sqlfluff("mysql"), ["start transaction", "start transaktion"]),
    judged("mariadb", Judge::Sqlfluff("mariadb"), ["read committed", "read comitted"]),
    judged("sqlserver", Judge::ScriptDom, ["throw 50000,", "throw 50000"]),
    judged("sqlserver", Judge::Sqlfluff("tsql"), ["delete from", "delete form"]),
    judged("fabric", Judge::ScriptDom, ["xact_abort on", "xact_abort yes"]),
    judged("fabric", Judge::Sqlfluff("tsql"), ["drop table if exists", "drop table where exists"]),
];

const fn executed(dialect: &'static str, cases: &'static str, words: &'static str) -> Executed {
    Executed { dialect, variant: None, cases, words }
}

const fn judged(dialect: &'static str, judge: Judge, fault: [&'static str; 2]) -> Judged {
    Judged { dialect, judge, fault }
}

impl Judge {
    /// Part of its cases' names.
    pub fn name(self) -> &'static str {
        match self {
            Judge::GoogleSql => "the_analyzer",
            Judge::SparkParser | Judge::ScriptDom => "the_parser",
            Judge::TrinoGrammar(_) => "the_grammar",
            Judge::Sqlfluff(_) => "sqlfluff",
        }
    }
}

/// Asserts that every engine of the list has cases and every case has an engine of the list.
/// `cases`: the names of all cases.
pub fn assert_complete(cases: &[String]) {
    let is_checked = |case: &String| {
        ["accepts_the_plan", "the_planted_fault", "broken_files"]
            .iter()
            .any(|end| case.ends_with(end))
    };
    let run: Vec<&String> = cases.iter().filter(|case| !is_checked(case)).collect();
    for engine in EXECUTED {
        assert!(
            run.iter().any(|case| case.starts_with(engine.cases)),
            "no case is named `{}…`",
            engine.cases
        );
    }
    for case in run {
        assert!(
            EXECUTED.iter().any(|engine| case.starts_with(engine.cases)),
            "`{case}` runs on an engine that is not listed in tests/engines/proofs.rs"
        );
    }
}
