//! spark-sql starts slowly, echoes its input and continues after errors: the most difficult client
//! for sessions.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::batchwright::{journal, start, step_outcomes, strings};
use crate::days::{Days, batch, day};
use crate::engine::installed;

pub const CASES: &[(&str, fn())] =
    &[("spark_sql_runs_30_batches_in_one_session", spark_sql_runs_30_batches_in_one_session)];

fn spark_sql_runs_30_batches_in_one_session() {
    let mut plan = Days::of(30);
    plan.step("model.shop.daily@create").sql =
        "create table daily (sold_on date, amount int) using parquet;".to_string();
    for number in 1..=30 {
        // A comment, a tab and a `;` in a string, which a session must handle.
        plan.step(&batch(number)).sql = format!(
            "-- day; {number}\nselect 'a;b' as a;\ninsert into daily\n\tselect date '{}', \
             {number};\n",
            day(number)
        );
    }
    plan.step(&batch(17)).sql =
        "select * from not_there;\ninsert into daily select date '2024-09-17', 17;\n".to_string();
    plan.step("model.shop.report@build").sql =
        "create table report using parquet as select count(*) as days from daily;".to_string();
    let folder = plan.write_for("spark");

    let client = spark_sql(plan.folder.path());
    let starts = plan.folder.path().join("starts");
    let first = start("run", &folder, &["--timeout", "300"], &client).wait_with_output().unwrap();
    assert_eq!(first.status.code(), Some(1), "{}", String::from_utf8_lossy(&first.stderr));
    let failed: Vec<_> =
        step_outcomes(&folder).into_iter().filter(|(_, outcome)| outcome == "failed").collect();
    assert_eq!(
        failed,
        [(batch(17), "failed".to_string())],
        "{}",
        String::from_utf8_lossy(&first.stderr)
    );

    // One start, including the client check, and one after the failure, which ends the session.
    let seconds: f64 = journal(&folder).iter().filter_map(|entry| entry["seconds"].as_f64()).sum();
    println!("spark-sql: 31 steps in {seconds:.1} s");
    assert_eq!(fs::read_to_string(&starts).unwrap().lines().count(), 2);

    plan.step(&batch(17)).sql = "insert into daily select date '2024-09-17', 17;\n".to_string();
    plan.write_for("spark");
    let again = start("retry", &folder, &[], &client).wait_with_output().unwrap();
    assert_eq!(again.status.code(), Some(0), "{}", String::from_utf8_lossy(&again.stderr));
    assert_eq!(step_outcomes(&folder).len(), 33);
}

/// The client, with what it writes in a folder; its starts are lines of the folder's file `starts`.
pub fn spark_sql(folder: &Path) -> Vec<String> {
    let home = fs::canonicalize(installed("spark/lib")).unwrap();
    let home =
        fs::read_dir(home).unwrap().flatten().next().unwrap().path().join("site-packages/pyspark");
    let warehouse = folder.join("warehouse");
    let at = |key: &str, name: &str| format!("{key}{}", folder.join(name).display());
    // A program of the same name that counts how often it is started.
    let (starts, program) = (folder.join("starts"), folder.join("spark-sql"));
    let real = home.join("bin/spark-sql");
    fs::write(
        &program,
        format!("#!/bin/sh\necho >>'{}'\nexec '{}' \"$@\"\n", starts.display(), real.display()),
    )
    .unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    strings(&[
        "env",
        &format!("SPARK_HOME={}", home.display()),
        "SPARK_LOCAL_IP=127.0.0.1",
        program.to_str().unwrap(),
        "--master",
        "local[1]",
        "--conf",
        "spark.ui.enabled=false",
        "--conf",
        &format!("spark.sql.warehouse.dir={}", warehouse.display()),
        "--conf",
        &at("spark.driver.extraJavaOptions=-Dderby.system.home=", "derby"),
    ])
}
