//! A hand-written plan in SQL for every engine: each batch copies a day from `sales` to `daily`,
//! then `report` reads it. A day whose sales have a null fails, because `daily` does not allow
//! nulls. `tests/engines` tests the dialects' files.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::batchwright::{CommandResult, batchwright};
use crate::engine::Database;

/// The steps of a plan. Tests change them before writing.
pub struct Days {
    pub folder: TempDir,
    pub steps: Vec<Step>,
    /// The table that a full refresh builds.
    pub refresh_table: Option<String>,
}

#[derive(Clone)]
pub struct Step {
    pub id: String,
    pub kind: &'static str,
    pub sql: String,
    pub depends_on: Vec<String>,
    pub chunk: Option<String>,
    pub window: Option<(String, String)>,
}

pub const DAILY: &str = "model.shop.daily";
pub const REPORT: &str = "model.shop.report";

pub fn day(number: usize) -> String {
    format!("2024-09-{number:02}")
}

pub fn batch(number: usize) -> String {
    format!("{DAILY}@{}", day(number))
}

impl Days {
    /// A create, `days` batches, and a report that reads all batches.
    pub fn of(days: usize) -> Days {
        let mut plan =
            Days { folder: TempDir::new().unwrap(), steps: Vec::new(), refresh_table: None };
        plan.push(
            DAILY,
            "create",
            "create",
            "create table if not exists daily (sold_on date, amount integer not null);",
            &[],
        );
        for number in 1..=days {
            let (start, end) = (
                day(number),
                if number == 30 { "2024-10-01".to_string() } else { day(number + 1) },
            );
            let window = format!("sold_on >= '{start}' and sold_on < '{end}'");
            let sql = format!(
                "begin;\ndelete from daily where {window};\ninsert into daily (sold_on, amount) \
                 select sold_on, amount from sales where {window};\ncommit;"
            );
            plan.push(DAILY, &start, "batch", &sql, &[&format!("{DAILY}@create")]);
            plan.steps.last_mut().unwrap().window =
                Some((format!("{start}T00:00:00Z"), format!("{end}T00:00:00Z")));
        }
        let report = "drop table if exists report;\ncreate table report as select count(*) as \
            days from daily;";
        plan.push(REPORT, "build", "build", report, &[DAILY]);
        plan
    }

    pub fn push(
        &mut self,
        model: &str,
        id: &str,
        kind: &'static str,
        sql: &str,
        depends_on: &[&str],
    ) {
        self.steps.push(Step {
            id: format!("{model}@{id}"),
            kind,
            sql: sql.to_string(),
            depends_on: depends_on.iter().map(ToString::to_string).collect(),
            chunk: None,
            window: None,
        });
    }

    pub fn step(&mut self, id: &str) -> &mut Step {
        self.steps.iter_mut().find(|step| step.id == id).unwrap_or_else(|| panic!("no `{id}`"))
    }

    pub fn plan(&self) -> PathBuf {
        self.folder.path().join("plan")
    }

    /// Writes the plan as `batchwright compile` would; returns its folder.
    pub fn write(&self) -> PathBuf {
        self.write_for("postgres")
    }

    pub fn write_for(&self, dialect: &str) -> PathBuf {
        let plan = self.plan();
        let mut steps = Vec::new();
        for step in &self.steps {
            let (model, label) = step.id.split_once('@').unwrap();
            let file = format!("{}/{label}.sql", model.rsplit('.').next().unwrap());
            fs::create_dir_all(plan.join(&file).parent().unwrap()).unwrap();
            fs::write(plan.join(&file), &step.sql).unwrap();
            let sha256: String =
                Sha256::digest(&step.sql).iter().map(|byte| format!("{byte:02x}")).collect();
            let mut entry = json!({
                "id": step.id, "model": model, "kind": step.kind, "file": file, "sha256": sha256, "depends_on": step.depends_on,
            });
            if let Some((start, end)) = &step.window {
                entry["event_time_start"] = json!(start);
                entry["event_time_end"] = json!(end);
            }
            entry["chunk"] = json!(step.chunk);
            steps.push(entry);
        }
        let mut models: Vec<&str> =
            self.steps.iter().map(|step| step.id.split('@').next().unwrap()).collect();
        models.dedup();
        let manifest = json!({
            "schema_version": 1, "generator": "batchwright", "project": "shop", "target": "dev", "dialect": dialect,
            "request": {"now": null, "event_time_start": "2024-09-01", "event_time_end": "2024-10-01", "full_refresh": false,
                "batch_size": null, "chunk": null, "complete_only": false, "select": [], "exclude": [], "selector": null},
            "models": models.into_iter().map(|id| model(id, self.refresh_table.as_deref())).collect::<Vec<_>>(),
            "steps": steps,
        });
        fs::write(plan.join("manifest.json"), manifest.to_string()).unwrap();
        plan
    }
}

fn model(unique_id: &str, refresh_table: Option<&str>) -> Value {
    let name = unique_id.rsplit('.').next().unwrap();
    let microbatch = json!({"event_time": "sold_on", "batch_size": "day", "begin": "2024-08-30T00:00:00Z", "lookback": 1, "timezone": "UTC",
        "outside_window": "error", "unique_key": [], "in_order": false, "beside": refresh_table, "batches": 30});
    json!({"unique_id": unique_id, "path": format!("models/{name}.sql"), "folder": name, "relation": name,
        "materialized": if name == "daily" { "microbatch" } else { "table" }, "strategy": "delete \
            + insert", "atomic": true,
        "microbatch": if name == "daily" { microbatch } else { Value::Null }, "inputs": [], "columns": null, "columns_from": null, "warnings": []})
}

/// Creates a table with two sales on each of 30 days.
pub fn sales(database: &dyn Database) {
    let rows: Vec<String> = (1..=30)
        .flat_map(|number| {
            [format!("('{}', {number})", day(number)), format!("('{}', 1)", day(number))]
        })
        .collect();
    sql(
        database,
        &format!(
            "create table sales (sold_on date, amount integer); insert into sales (sold_on, \
             amount) values {};",
            rows.join(", ")
        ),
    );
}

/// Inserts sales that make their days' batches fail until [`delete_null_sales`].
pub fn insert_null_sales(database: &dyn Database, days: &[usize]) {
    for number in days {
        sql(
            database,
            &format!("insert into sales (sold_on, amount) values ('{}', null);", day(*number)),
        );
    }
}

/// Deletes the sales that make batches fail.
pub fn delete_null_sales(database: &dyn Database) {
    sql(database, "delete from sales where amount is null;");
}

pub fn sql(database: &dyn Database, text: &str) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("by-hand.sql");
    fs::write(&file, text).unwrap();
    let outcome = database.run(&file);
    assert!(outcome.ok, "{text}\n{}", outcome.stderr);
}

/// Asserts that `daily` equals its query.
pub fn assert_equals_sales(database: &dyn Database) {
    let sorted = |query| {
        let mut rows = database.rows(query);
        rows.sort();
        rows
    };
    let rows = sorted("select sold_on, amount from daily");
    assert_eq!(rows.len(), 60);
    assert_eq!(rows, sorted("select sold_on, amount from sales"));
}

pub fn run(plan: &Path, database: &dyn Database) -> CommandResult {
    batchwright("run", plan, &[], &database.session())
}

/// Retries with the client of the last run.
pub fn retry(plan: &Path) -> CommandResult {
    batchwright("retry", plan, &[], &[])
}
