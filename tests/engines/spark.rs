//! Spark in one process for all tests: with Iceberg's runtime, and with parquet files, where only
//! whole partitions can be overwritten.

use std::path::Path;
use std::sync::Arc;

use regex::{Captures, Regex};

use crate::engine::{Database, Engine, Outcome};
use crate::sail::typed_times;
use crate::served::{Session, Shared, text};
use crate::shop::Shop;

/// A case for parquet files only.
type Case = (&'static str, fn(&Files));

pub const CASES: &[Case] =
    &[("whole_partitions_are_overwritten", whole_partitions_are_overwritten)];

pub fn process() -> Arc<Shared> {
    Arc::new(Shared::new("spark3", "serve_spark.py"))
}

pub struct Iceberg(pub Arc<Shared>);

impl Engine for Iceberg {
    fn dialect(&self) -> &'static str {
        "spark"
    }

    fn name(&self) -> &'static str {
        "spark_iceberg"
    }

    fn transactions(&self) -> bool {
        false
    }

    fn slow(&self) -> bool {
        true
    }

    fn quoted(&self, name: &str) -> String {
        format!("`{name}`")
    }

    fn excluded_cases(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("rows_outside_of_the_window_are_kept", "the dialect rejects `keep` at compile time"),
            (
                "a_failing_insert_restores_the_deleted_rows",
                "constraints cannot be added to a table",
            ),
            (
                "delete_and_insert_replaces_by_key",
                "the dialect rejects `delete+insert` at compile time",
            ),
            ("grants_are_applied", "Spark has no grants"),
            ("a_contract_is_enforced", "Spark has no constraints"),
            ("a_null_in_a_not_null_column_changes_nothing", "Spark has no constraints"),
        ]
    }

    fn database(&self) -> Box<dyn Database + '_> {
        Box::new(Lake(self.0.session("iceberg")))
    }
}

struct Lake<'a>(Session<'a>);

impl Database for Lake<'_> {
    fn run(&self, file: &Path) -> Outcome {
        self.0.run(&text(file))
    }

    fn rows(&self, query: &str) -> Vec<String> {
        self.0.rows(query)
    }

    fn adapt_sql(&self, sql: &str) -> String {
        typed_times(sql)
    }
}

/// Parquet files. The raw tables, which the tests change, are Iceberg tables behind views.
pub struct Files(pub Arc<Shared>);

impl Engine for Files {
    fn dialect(&self) -> &'static str {
        "spark"
    }

    fn name(&self) -> &'static str {
        "spark_parquet"
    }

    fn atomic(&self) -> bool {
        false
    }

    fn slow(&self) -> bool {
        true
    }

    fn quoted(&self, name: &str) -> String {
        format!("`{name}`")
    }

    fn vars(&self) -> &'static str {
        "{file_format: parquet}"
    }

    fn excluded_cases(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("a_new_column_is_added", "a table of plain files is not altered"),
            ("columns_are_those_of_the_query", "a table of plain files is not altered"),
            ("a_renamed_column_is_a_new_one", "a table of plain files is not altered"),
            ("a_name_in_capitals_is_the_same_column", "a table of plain files is not altered"),
            (
                "columns_that_a_star_leaves_out",
                "its raw tables are views, which have no such columns",
            ),
            ("rows_outside_of_the_window_are_kept", "the dialect rejects `keep` at compile time"),
            (
                "predicates_limit_the_delete_and_the_insert",
                "the dialect rejects partial partitions at compile time",
            ),
            ("epoch_seconds_have_epoch_windows", "partitions by numbers are not supported"),
            ("an_hour_is_a_window", "partitions by hours are not supported"),
            ("keywords_are_names_of_columns", "the contract would need the partition column"),
            ("a_failing_insert_restores_the_deleted_rows", "parquet files have no constraints"),
            ("merge_updates_and_inserts_by_key", "the dialect rejects merge at compile time"),
            (
                "delete_and_insert_replaces_by_key",
                "the dialect rejects `delete+insert` at compile time",
            ),
            ("grants_are_applied", "Spark has no grants"),
            ("a_contract_is_enforced", "Spark has no constraints"),
            ("a_null_in_a_not_null_column_changes_nothing", "Spark has no constraints"),
            (
                "hooks_run_around_the_statement",
                "a hook cannot write to the raw tables, which are views",
            ),
            ("audit_of_keys_skips_ignored_columns", "parquet files cannot be updated"),
        ]
    }

    /// Adds a partition column to a microbatch model, as the dialect's error message advises.
    fn project_file(&self, path: &Path, text: &str) -> String {
        let event_time = Regex::new(r"event_time='([^']+)'").unwrap().captures(text);
        // A model with a file format already has partitions.
        let applies =
            path.extension().is_some_and(|end| end == "sql") && !text.contains("file_format=");
        let (true, Some(event_time)) = (applies, event_time) else { return text.to_string() };
        let column = self.quoted(&event_time[1]);
        let part = if text.contains("batch_size='month'") {
            format!("trunc({column}, 'MM')")
        } else {
            format!("cast({column} as date)")
        };
        let text = Regex::new(r" *partition_by=.*\n").unwrap().replace(text, "").replacen(
            "config(",
            "config(partition_by='batch_part', ",
            1,
        );
        let (config, query) = text.split_at(
            Regex::new(r"\)\s*\}\}").unwrap().find(&text).expect("the model has a config").end(),
        );
        format!("{config}\nselect *, {part} as batch_part from (\n{query}\n) as model")
    }

    fn database(&self) -> Box<dyn Database + '_> {
        Box::new(Folder(self.0.session("parquet")))
    }
}

struct Folder<'a>(Session<'a>);

impl Database for Folder<'_> {
    fn run(&self, file: &Path) -> Outcome {
        self.0.run(&text(file))
    }

    fn rows(&self, query: &str) -> Vec<String> {
        self.0.rows(query)
    }

    fn adapt_sql(&self, sql: &str) -> String {
        let replace = |pattern: &str, text: &str, replacement: &str| {
            Regex::new(pattern).unwrap().replace_all(text, replacement).into_owned()
        };
        let sql = replace(r"(?m)^ *--.*\n", &typed_times(sql), "");
        let sql =
            replace(r"create schema raw;", &sql, "create schema lake.raw; create schema raw;");
        let sql = replace(
            r"create table raw\.(\w+) (\([^;]*\));",
            &sql,
            "create table lake.raw.$1 $2; create view raw.$1 as select * from lake.raw.$1;",
        );
        let sql =
            replace(r"(insert into|update|delete from|drop table) raw\.", &sql, "$1 lake.raw.");
        // Inserted rows need their partition; rows are deleted by rewriting the files.
        let insert =
            Regex::new(r"insert into (analytics\.\w+) \(([^()]*)\)\s+values ([^;]*);").unwrap();
        let sql = insert.replace_all(&sql, |insert: &Captures| {
            let (table, names, rows) = (&insert[1], &insert[2], &insert[3]);
            let time = names.split(", ").find(|name| {
                ["session_start", "report_day", "happened_at", "occurred_at"].contains(name)
            });
            let part = time.map_or(
                "cast(null as \
                date)"
                    .to_string(),
                |time| format!("cast({time} as date)"),
            );
            format!(
                "insert into {table} ({names}, batch_part) select {names}, {part} from values \
                {rows} as inserted ({names});"
            )
        });
        replace(
            r"delete from (analytics\.\w+) where ([^;]*);",
            &sql,
            "create table analytics.remaining using parquet as select * from $1 where not \
             coalesce($2, false);
             set spark.sql.sources.partitionOverwriteMode = static;
             insert overwrite table $1 select * from analytics.remaining;
             set spark.sql.sources.partitionOverwriteMode = dynamic;
             drop table analytics.remaining;",
        )
    }
}

/// SQL that makes `raw.events` a view of rows.
fn events(rows: &str) -> String {
    format!(
        "create or replace view raw.events as select * from values {rows} as events (event_id, \
         country, occurred_at);"
    )
}

fn whole_partitions_are_overwritten(files: &Files) {
    let shop = Shop::empty(files);
    let row =
        |id: u32, country: &str, at: &str| format!("({id}, '{country}', timestamp '2024-09-{at}')");
    let all = [
        row(1, "DE", "01 00:00:00"),
        row(2, "FR", "01 23:59:59.999999"),
        row(3, "DE", "02 12:00:00"),
        row(4, "FR", "03 08:00:00"),
    ];
    shop.sql(&format!("create schema raw; {}", events(&all.join(", "))));
    let model = |config: &str| {
        format!(
            "{{{{ config(materialized='incremental', incremental_strategy='microbatch', event_time='occurred_at', batch_size='day',
                begin='2024-09-01', file_format='parquet', {config}) }}}}
            select event_id, cast(occurred_at as date) as day, country, occurred_at from \
            {{{{ source('raw', 'events') }}}}"
        )
    };
    shop.write("models/visits.sql", &model("partition_by=['day', 'country']"));
    shop.write("models/unproven.sql", &model("partition_by='country'"));
    let bounds = ["--event-time-start", "2024-09-01", "--event-time-end", "2024-09-04"];

    // Partitions that may be partial are rejected at compile time, with a hint.
    let error = shop.compile_error(&[&["--select", "unproven"], &bounds[..]].concat());
    assert!(error.contains("whole partitions") && error.contains("occurred_at_day"), "{error}");

    let plan = shop.compile(&[&["--select", "visits"], &bounds[..]].concat());
    shop.build(&plan);
    let ids = "select event_id, day, country from analytics.visits";
    assert_eq!(
        shop.rows(ids),
        ["1|2024-09-01|DE", "2|2024-09-01|FR", "3|2024-09-02|DE", "4|2024-09-03|FR"]
    );

    // One row is deleted with its country, one day becomes empty: dbt's dynamic overwrite would
    // keep both.
    shop.sql(&events(&[all[0].clone(), all[3].clone()].join(", ")));
    shop.build([plan.batch("visits", "2024-09-02"), plan.batch("visits", "2024-09-01")]);
    assert_eq!(shop.rows(ids), ["1|2024-09-01|DE", "4|2024-09-03|FR"]);

    // A month in one batch overwrites each of its days; the remains of a crash have no effect.
    shop.sql(&events(&all.join(", ")));
    shop.sql("create table analytics.visits__batch_2024_09 using parquet as select 1 as half;");
    let month =
        shop.compile(&[&["--select", "visits", "--batch-size", "month"], &bounds[..]].concat());
    shop.build(month.of("visits", "batch"));
    assert_eq!(
        shop.rows(ids),
        ["1|2024-09-01|DE", "2|2024-09-01|FR", "3|2024-09-02|DE", "4|2024-09-03|FR"]
    );

    // A full refresh, whose swap can be stopped before its last statement and run again.
    shop.sql(&events(&all[..3].join(", ")));
    let refresh =
        shop.compile(&["--select", "visits", "--full-refresh", "--now", "2024-09-04T00:00:00"]);
    shop.build(&refresh);
    assert_eq!(shop.rows(ids), ["1|2024-09-01|DE", "2|2024-09-01|FR", "3|2024-09-02|DE"]);
}
