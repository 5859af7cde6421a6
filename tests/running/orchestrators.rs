//! Exported plans in orchestrators: Dagster and Airflow run them on DuckDB, with a day that fails
//! and is repaired; Argo's file is read with the classes of its API. `tests/run` installs them.

use std::path::{Path, PathBuf};

use crate::batchwright::{CommandResult, strings};
use crate::days::{
    DAILY, Days, assert_equals_sales, batch, delete_null_sales, insert_null_sales, sales,
};
use crate::duckdb::DuckDb;
use crate::engine::{Database, Engine, installed};
use crate::exported::{export, hostile_plan, in_folder_of};

pub const CASES: &[(&str, fn())] = &[
    ("argo_reads_its_template", argo_reads_its_template),
    ("dagster_materializes_partitions", dagster_materializes_partitions),
    ("dagster_maps_partitions", dagster_maps_partitions),
    ("airflow_runs_the_dag", airflow_runs_the_dag),
];

/// Runs a script of this folder in a Python environment; returns the lines that start with `= `.
fn script(plan: &Path, environment: &str, arguments: &[&str]) -> (Vec<String>, CommandResult) {
    let script = PathBuf::from(format!(
        "{}/tests/running/exported_{environment}.py",
        env!("CARGO_MANIFEST_DIR")
    ));
    let python = installed(&format!("{environment}/bin/python"));
    let result = in_folder_of(plan, &python, &[&[script.to_str().unwrap()], arguments].concat());
    let lines = result.out.lines().filter_map(|line| line.strip_prefix("= "));
    (lines.map(str::to_string).collect(), result)
}

fn has_report(database: &dyn Database) -> bool {
    let query = "select count(*) from information_schema.tables where table_name = 'report'";
    database.rows(query) == ["1"]
}

/// A plan of thirty days; with flags, whose names are in the exported file, one with special names.
fn plan_for(flags: &[&str]) -> (Days, PathBuf) {
    if !flags.is_empty() {
        return hostile_plan("duckdb");
    }
    let plan = Days::of(30);
    let folder = plan.write_for("duckdb");
    (plan, folder)
}

fn argo_reads_its_template() {
    let client = strings(&["psql", "-v", "ON_ERROR_STOP=1"]);
    let (_plan, folder) = hostile_plan("postgres");
    for flags in [&[][..], &["--client-only"], &["--workdir", "/dbt/shop"]] {
        let file = export(&folder, "argo", flags, &client);
        let (tasks, result) = script(&folder, "argo", &[file.to_str().unwrap()]);
        assert_eq!(
            tasks,
            [
                "shard-1:",
                "shard-2: shard-1",
                "shard-3: shard-1",
                "shard-4: shard-1",
                "shard-5: shard-1",
                "shard-6: shard-2 shard-3 shard-4 shard-5",
            ],
            "{}",
            result.err
        );
    }
}

fn dagster_materializes_partitions() {
    for flags in [&[][..], &["--client-only"]] {
        let database = DuckDb.database();
        sales(&*database);
        insert_null_sales(&*database, &[20]);
        let (_plan, folder) = plan_for(flags);
        let file = export(&folder, "dagster", flags, &database.session());
        let file = file.to_str().unwrap();
        let (first, result) = script(&folder, "dagster", &[file]);
        let expected = [
            "before: done",
            "batches 2024-09-01/2024-09-08: done",
            "batches 2024-09-08/2024-09-16: done",
            "batches 2024-09-16/2024-09-23: failed",
            "batches 2024-09-23/2024-10-01: done",
            "after: skipped",
        ];
        assert_eq!(first, expected, "{}", result.err);
        assert!(!has_report(&*database));
        delete_null_sales(&*database);
        let (second, result) =
            script(&folder, "dagster", &[file, "batches 2024-09-16/2024-09-23", "after"]);
        let expected = ["batches 2024-09-16/2024-09-23: done", "after: done"];
        assert_eq!(second, expected, "{}", result.err);
        assert_equals_sales(&*database);
        assert_eq!(database.rows("select days from report"), ["60"]);
        assert!(!folder.with_file_name("hacked").exists());
    }
}

/// A second layer of batches whose partitions wait for partitions of the first one.
fn dagster_maps_partitions() {
    let database = DuckDb.database();
    sales(&*database);
    let mut plan = Days::of(6);
    plan.steps.pop();
    for number in 1..=4 {
        let copied = batch(number).replace(DAILY, "model.shop.copy");
        let label = copied.split_once('@').unwrap().1.to_string();
        plan.push("model.shop.copy", &label, "batch", "select 1;", &[DAILY]);
        plan.steps.last_mut().unwrap().window = plan.step(&batch(number)).window.clone();
    }
    let folder = plan.write_for("duckdb");
    let file = export(&folder, "dagster", &[], &database.session());
    let (materialized, result) = script(&folder, "dagster", &[file.to_str().unwrap()]);
    assert_eq!(materialized.len(), 6, "{}", result.err);
    assert_eq!(materialized.last().unwrap(), "batches_2 2024-09-03/2024-09-05: done");
    let text = std::fs::read_to_string(file).unwrap();
    assert!(text.contains("dg.StaticPartitionMapping("), "{text}");
}

fn airflow_runs_the_dag() {
    // The metadata database takes some seconds to create.
    let home = concat!(env!("CARGO_TARGET_TMPDIR"), "/airflow");
    for (flags, is_repaired) in [(&[][..], false), (&["--client-only"], true)] {
        let database = DuckDb.database();
        sales(&*database);
        if !is_repaired {
            insert_null_sales(&*database, &[20]);
        }
        let (_plan, folder) = plan_for(flags);
        let file = export(&folder, "airflow", flags, &database.session());
        let (states, result) = script(&folder, "airflow", &[file.to_str().unwrap(), home]);
        let (failed, skipped) =
            if is_repaired { ("success", "success") } else { ("failed", "upstream_failed") };
        let expected = [
            format!("after.shard_6 {skipped}"),
            "batches.shard_2 success".to_string(),
            "batches.shard_3 success".to_string(),
            format!("batches.shard_4 {failed}"),
            "batches.shard_5 success".to_string(),
            "before.shard_1 success".to_string(),
            format!("dag {failed}"),
        ];
        assert_eq!(states, expected, "{}\n{}", result.out, result.err);
        if is_repaired {
            assert_equals_sales(&*database);
            assert_eq!(database.rows("select days from report"), ["60"]);
        } else {
            assert!(!has_report(&*database));
        }
        assert!(!folder.with_file_name("hacked").exists());
    }
}
