//! The query of `batchwright columns` on each engine: the columns of a table with their types, with
//! names that need quotes and in the case of the engine, and a table that does not exist. The file
//! with its result is what a plan needs to know the columns of a table.

use std::fs;

use batchwright::codegen::present_columns::{read_columns, read_columns_lines};
use batchwright::dialect;
use batchwright::jinja::Relation;
use batchwright::run::column_lines;

use crate::altered;
use crate::engine::{Case, Engine};
use crate::shop::Shop;

/// The dialects whose engines have a table of columns.
const READABLE: &[&str] =
    &["duckdb", "postgres", "redshift", "sqlite", "mariadb", "clickhouse", "snowflake", "bigquery"];

pub const OF_DIALECTS: &[(&[&str], Case)] = &[
    (READABLE, ("columns_of_tables_are_read", columns_of_tables_are_read)),
    (altered::ALTERING, ("a_plan_knows_the_columns_of_a_file", a_plan_knows_the_columns_of_a_file)),
    (&["spark"], ("columns_are_refused_without_a_catalog", columns_are_refused_without_a_catalog)),
];

const DAY: &[&str] =
    &["--select", "takings", "--event-time-start", "2024-09-01", "--event-time-end", "2024-09-02"];

/// A name that must be quoted.
fn odd_name(engine: &dyn Engine) -> &'static str {
    match engine.dialect() {
        "snowflake" | "bigquery" => "Odd_Name",
        _ => "Odd; Name",
    }
}

/// Writes the model `takings` with these columns after its key and its time.
fn write_model(shop: &Shop, columns: &str) {
    let config = "materialized='incremental', incremental_strategy='microbatch', \
        batch_size='day', begin='2024-09-01', event_time='occurred_at', \
        on_schema_change='sync_all_columns'";
    let query = format!("select event_id, occurred_at{columns}");
    shop.write(
        "models/takings.sql",
        &format!("{{{{ config({config}) }}}}\n{query}\nfrom {{{{ source('raw', 'events') }}}}\n"),
    );
    shop.write(
        "models/takings.yml",
        "models:\n- name: takings\n  columns:\n  - {name: occurred_at, data_type: timestamp}\n",
    );
}

/// Runs the query, and returns its result as CSV.
fn read(shop: &Shop, engine: &dyn Engine, tables: &[&str]) -> String {
    let dialect = dialect::named(engine.dialect()).unwrap();
    let relation = |name: &&str| Relation {
        database: None,
        schema: Some("analytics".to_string()),
        identifier: (*name).to_string(),
        style: dialect.relation_style(),
    };
    let relations: Vec<Relation> = tables.iter().map(relation).collect();
    let relations: Vec<&Relation> = relations.iter().collect();
    let query = |query: &str| shop.rows(query.trim().trim_end_matches(';'));
    let lines = query(&read_columns_lines(&dialect, &relations).unwrap().0);
    let (csv, ..) = column_lines::columns_csv(&lines.join("\n")).unwrap();
    let printed = query(&read_columns(&dialect, &relations).unwrap().0);
    assert_eq!(printed.len(), csv.lines().count() - 1, "{printed:?}");
    csv
}

fn columns_of_tables_are_read(engine: &dyn Engine) {
    let shop = Shop::open(engine);
    let odd = odd_name(engine);
    write_model(&shop, &format!(", amount as {}", engine.quoted(odd)));
    shop.build(&shop.compile(DAY));
    let csv = read(&shop, engine, &["takings", "absent"]);
    let rows: Vec<Vec<&str>> = csv.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let folded = |name: &str| match engine.dialect() {
        "snowflake" => name.to_uppercase(),
        _ => name.to_string(),
    };
    let names: Vec<&str> = rows.iter().map(|row| row[4]).collect();
    assert_eq!(names, ["", "", &folded("event_id"), &folded("occurred_at"), odd, ""], "{csv}");
    let positions: Vec<&str> = rows.iter().map(|row| row[3]).collect();
    assert_eq!(positions, ["0", "0", "1", "2", "3", "5"], "{csv}");
    for row in &rows[2..5] {
        assert_eq!(row[2].to_lowercase(), "takings");
        assert!(row[5].len() > 1, "each has a type: {csv}");
    }
}

fn a_plan_knows_the_columns_of_a_file(engine: &dyn Engine) {
    let shop = Shop::open(engine);
    let (integer, text) = altered::types(engine);
    let odd = engine.quoted(odd_name(engine));
    write_model(
        &shop,
        &format!(", cast(event_type as {text}) as sort, cast(event_type as {text}) as {odd}"),
    );
    let columns = |shop: &Shop| {
        let file = shop.project().join("columns.csv");
        fs::write(&file, read(shop, engine, &["takings"])).unwrap();
        file.display().to_string()
    };
    // The table does not exist, so its columns are those of the query.
    let file = columns(&shop);
    shop.build(&shop.compile(&[DAY, &["--columns", &file]].concat()));

    write_model(&shop, &format!(", cast(user_id as {integer}) as buyer"));
    if engine.dialect() == "mariadb" {
        shop.write(
            "models/takings.yml",
            "models:\n- name: takings\n  columns:\n  - {name: occurred_at, data_type: timestamp}\n  \
             - {name: buyer, data_type: integer}\n",
        );
    }
    let file = columns(&shop);
    let plan = shop.compile(&[DAY, &["--columns", &file]].concat());
    let alter = fs::read_to_string(&plan.of("takings", "alter")[0].file).unwrap();
    altered::survive(&shop, &alter);
    shop.build(&plan);
    let rows = shop.rows("select event_id, coalesce(buyer, -1) from analytics.takings");
    assert_eq!(rows, ["110|1", "111|1", "112|2", "113|2"]);
    assert!(
        shop.table("takings").iter().all(|row| row.split('|').count() == 3),
        "the old columns are gone: {:?}",
        shop.table("takings")
    );
}

fn columns_are_refused_without_a_catalog(engine: &dyn Engine) {
    let dialect = dialect::named(engine.dialect()).unwrap();
    let relation = Relation {
        database: None,
        schema: Some("analytics".to_string()),
        identifier: "takings".to_string(),
        style: dialect.relation_style(),
    };
    let error = read_columns(&dialect, &[&relation]).unwrap_err();
    assert!(error.message.contains("no query reads the columns"), "{}", error.message);
}
