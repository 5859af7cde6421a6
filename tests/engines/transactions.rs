//! A model without batches and its hooks are one transaction: a failure leaves the rows of the last
//! run, and the next run writes each row once. The order of hooks is that of dbt's adapters.

use crate::builds::{SHELVES, build};
use crate::engine::{Case, Engine};
use crate::shop::Shop;

pub const OF_DIALECTS: &[(&[&str], Case)] = &[
    (
        &["duckdb", "postgres", "redshift", "sqlite"],
        ("a_failing_post_hook_changes_nothing", a_failing_post_hook_changes_nothing),
    ),
    (
        &["duckdb", "postgres", "redshift", "sqlite", "mariadb"],
        ("hooks_run_in_dbts_order", hooks_run_in_dbts_order),
    ),
    (&["postgres"], ("a_hook_sets_a_value_of_its_transaction", set_of_a_transaction)),
    (&["duckdb", "postgres"], ("a_failing_index_changes_nothing", a_failing_index_changes_nothing)),
    (&["duckdb", "postgres"], ("a_failing_merge_drops_no_column", a_failing_merge_drops_no_column)),
];

const QUERY: &str = "select id, n from {{ source('shelves', 'shelf') }}";
const LOG: &str = "insert into {{ source('shelves', 'log') }}";

/// A shop with a table `shelf` of one row, and models over it by name and configuration.
fn shelved<'a>(engine: &'a dyn Engine, models: &[(&str, &str)]) -> Shop<'a> {
    let shop = Shop::open(engine);
    shop.sql(
        "create table raw.shelf (id integer, n integer); insert into raw.shelf values (1, 1);",
    );
    shop.write("models/shelves.yml", SHELVES);
    for (name, config) in models {
        shop.write(format!("models/{name}.sql"), &format!("{{{{ config({config}) }}}}\n{QUERY}\n"));
    }
    shop
}

/// The name of a table of the schema `raw` in statements.
fn raw(engine: &dyn Engine, table: &str) -> String {
    format!("{}.{table}", if engine.dialect() == "sqlite" { "analytics" } else { "raw" })
}

fn a_failing_post_hook_changes_nothing(engine: &dyn Engine) {
    let hook = format!("post_hook=\"{LOG} values (1)\"");
    let models = [
        ("whole", format!("materialized='table', {hook}")),
        ("seen", format!("materialized='view', {hook}")),
        ("added", format!("materialized='incremental', incremental_strategy='append', {hook}")),
        (
            "keyed",
            format!(
                "materialized='incremental', incremental_strategy='delete+insert', \
                 unique_key='id', {hook}"
            ),
        ),
    ];
    let models: Vec<(&str, &str)> = models.iter().map(|(name, text)| (*name, &**text)).collect();
    let shop = shelved(engine, &models);
    // PostgreSQL stands in for Redshift, whose type of a seed's text it lacks.
    shop.write("seeds/listed.csv", "id,n\n1,1\n");
    shop.write(
        "seeds/listed.yml",
        &format!(
            "seeds: [{{name: listed, config: {{post_hook: \"insert into {} values (1)\"}}}}]\n",
            raw(engine, "log")
        ),
    );
    shop.sql("create table raw.log (n integer);");
    let names = ["whole", "added", "keyed", "listed"];
    let selected: Vec<&str> = ["--select", "whole", "seen", "added", "keyed", "listed"].to_vec();
    build(&shop, &selected);
    let before = names.map(|name| shop.table(name));
    shop.sql(&format!(
        "drop table {0}; update {1} set n = 2;",
        raw(engine, "log"),
        raw(engine, "shelf")
    ));
    shop.write("seeds/listed.csv", "id,n\n1,1\n2,2\n");
    let plan = shop.compile(&selected);
    for step in &plan {
        assert!(!shop.run(step).ok, "`{}` fails with its hook", step.id);
    }
    assert_eq!(names.map(|name| shop.table(name)), before);
    shop.sql("create table raw.log (n integer);");
    shop.build(&plan);
    assert_eq!(shop.table("added"), ["1|1", "1|2"]);
    assert_eq!(shop.table("keyed"), ["1|2"]);
    assert_eq!(shop.rows(&format!("select n from {}", raw(engine, "log"))).len(), 5);
}

fn hooks_run_in_dbts_order(engine: &dyn Engine) {
    let log = |what: &str| {
        format!("\"{LOG} select '{what}', count(*) from {{{{ source('shelves', 'log') }}}}\"")
    };
    let config = format!(
        "materialized='table', pre_hook=[{}, before_begin({}), {}], post_hook=[after_commit({}), \
         {}, {{'sql': {}, 'transaction': false}}]",
        log("second"),
        log("first"),
        log("third"),
        log("fifth"),
        log("fourth"),
        log("sixth")
    );
    let shop = shelved(engine, &[("whole", &config)]);
    shop.sql("create table raw.log (what varchar(9), n integer);");
    build(&shop, &["--select", "whole"]);
    let rows = shop.rows(&format!("select n, what from {}", raw(engine, "log")));
    assert_eq!(rows, ["0|first", "1|second", "2|third", "3|fourth", "4|fifth", "5|sixth"]);
}

fn set_of_a_transaction(engine: &dyn Engine) {
    let shop = shelved(engine, &[]);
    let hooks = "pre_hook=[\"set local timezone = 'Asia/Tokyo'\", 'lock table raw.shelf in \
                 exclusive mode', 'create temporary table kept on commit drop as select 1 as id']";
    shop.write(
        "models/local.sql",
        &format!(
            "{{{{ config(materialized='table', {hooks}) }}}}\nselect id, \
             cast(timestamptz '2024-09-01 20:00:00+00' as date) as day from raw.shelf join kept \
             using (id)\n"
        ),
    );
    build(&shop, &["--select", "local"]);
    assert_eq!(shop.table("local"), ["1|2024-09-02"]);
}

fn a_failing_index_changes_nothing(engine: &dyn Engine) {
    let config = "materialized='table', indexes=[{'columns': ['id'], 'unique': true}]";
    let shop = shelved(engine, &[("whole", config)]);
    let plan = shop.compile(&["--select", "whole"]);
    for _ in 0..2 {
        shop.build(&plan);
    }
    shop.sql("insert into raw.shelf values (1, 2);");
    assert!(!shop.run(plan.of("whole", "build")[0]).ok, "the index is unique");
    assert_eq!(shop.table("whole"), ["1|1"]);
}

fn a_failing_merge_drops_no_column(engine: &dyn Engine) {
    let config = "materialized='incremental', incremental_strategy='merge', unique_key='id', \
                  on_schema_change='sync_all_columns'";
    let shop = shelved(engine, &[("keyed", config)]);
    build(&shop, &["--select", "keyed"]);
    let state = shop.compile(&["--select", "keyed"]);
    shop.write(
        "models/keyed.sql",
        &format!(
            "{{{{ config({config}) }}}}\nselect id, cast(1 / (n - n) as integer) as other from \
             {{{{ source('shelves', 'shelf') }}}} where 1 / (id - 1) > 0\n"
        ),
    );
    let folder = state.folder().to_str().unwrap().to_string();
    let plan = shop.compile(&["--select", "keyed", "--state", &folder]);
    let outcome = shop.run(plan.of("keyed", "build")[0]);
    assert!(!outcome.ok, "a division by zero fails");
    assert_eq!(shop.table("keyed"), ["1|1"], "{}", outcome.stderr);
}
