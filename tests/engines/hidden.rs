//! Columns that `*` omits, ClickHouse's `prewhere`, and queries without an input that can be
//! filtered.

use std::fs;

use regex::Regex;

use crate::engine::{Case, Engine};
use crate::shop::Shop;

pub const OF_DIALECTS: &[(&[&str], Case)] = &[
    (
        &["duckdb", "postgres", "sqlite", "clickhouse", "spark"],
        ("columns_that_a_star_leaves_out", columns_that_a_star_leaves_out),
    ),
    (&["clickhouse"], ("prewhere_is_a_part_of_the_filter", prewhere_is_a_part_of_the_filter)),
    (
        &["duckdb", "postgres", "mariadb", "sqlite"],
        ("a_query_without_a_filter_stages_its_window", a_query_without_a_filter_stages_its_window),
    ),
];

const CONFIG: &str = "materialized='incremental', incremental_strategy='microbatch', \
    event_time='occurred_at', batch_size='day', begin='2024-08-31'";
const TWO_DAYS: &[&str] = &["--event-time-start", "2024-09-01", "--event-time-end", "2024-09-03"];
const OF_TWO_DAYS: [&str; 8] = ["110", "111", "112", "113", "120", "121", "121", "123"];

/// A shop with a model of this name, built for two days, and its second batch built again.
fn built<'a>(engine: &'a dyn Engine, name: &str, query: &str) -> Shop<'a> {
    let shop = Shop::open(engine);
    shop.write(format!("models/{name}.sql"), &format!("{{{{ config({CONFIG}) }}}}\n{query}\n"));
    let plan = shop.compile(&[&["--select", name], TWO_DAYS].concat());
    shop.build(&plan);
    shop.build([plan.batch(name, "2024-09-02")]);
    shop
}

/// The hidden column of each row is that of the same row in the table.
fn columns_that_a_star_leaves_out(engine: &dyn Engine) {
    let (column, as_text) = match engine.dialect() {
        "postgres" => ("ctid", "cast(ctid as varchar(20))"),
        "clickhouse" => ("_part", "_part"),
        "spark" => ("_pos", "cast(_pos as string)"),
        _ => ("rowid", "cast(rowid as varchar(20))"),
    };
    let condition = "event_id <> 122";
    let query = format!(
        "select event_id, occurred_at, {as_text} as place from {{{{ source('raw', 'events') }}}} \
         where {condition}"
    );
    let shop = built(engine, "places", &query);
    let places = shop.rows("select event_id, place from analytics.places");
    let window = "occurred_at >= '2024-09-01 00:00:00' and occurred_at < '2024-09-03 00:00:00'";
    let raw = if engine.dialect() == "sqlite" { "analytics.events" } else { "raw.events" };
    let window = if engine.dialect() == "spark" {
        window.replace("'2024", "timestamp '2024")
    } else {
        window.to_string()
    };
    assert_eq!(
        places,
        shop.rows(&format!("select event_id, {as_text} from {raw} where {window} and {condition}"))
    );
    assert_eq!(places.len(), OF_TWO_DAYS.len(), "{column}: {places:?}");
    assert!(
        places.iter().all(|row| !row.ends_with("|null") && !row.ends_with('|')),
        "{column}: {places:?}"
    );
}

fn prewhere_is_a_part_of_the_filter(engine: &dyn Engine) {
    let query = "select e.event_id, e.occurred_at from {{ source('raw', 'events') }} as e \
        prewhere e.event_id <> 122 where e.event_id <> 111";
    let shop = built(engine, "prewhere", query);
    let others: Vec<&str> = OF_TWO_DAYS.into_iter().filter(|id| *id != "111").collect();
    assert_eq!(shop.rows("select event_id from analytics.prewhere"), others);
}

/// The stage is counted in a copy of the batch's file that ends after it.
fn a_query_without_a_filter_stages_its_window(engine: &dyn Engine) {
    let shop = Shop::open(engine);
    let schema = "\"{{ 'analytics' if target.type == 'sqlite' else 'raw' }}\"";
    shop.write(
        "models/plain.yml",
        &format!(
            "sources:\n  - name: plain\n    schema: {schema}\n    tables: [{{name: events}}]\n"
        ),
    );
    shop.write(
        "models/whole.sql",
        &format!(
            "{{{{ config({CONFIG}) }}}}\nselect event_id, occurred_at from \
            {{{{ source('plain', 'events') }}}}\n"
        ),
    );
    let plan = shop.compile(&[&["--select", "whole"], TWO_DAYS].concat());
    shop.build(plan.of("whole", "create"));
    let text = fs::read_to_string(&plan.batch("whole", "2024-09-01").file).unwrap();
    let staged = Regex::new(r"(?s)^(.*?create temp(?:orary)? table (\S+) as.*?;\n)").unwrap();
    let captures = staged.captures(&text).unwrap_or_else(|| panic!("no stage in\n{text}"));
    let count = format!(
        "{}\ncreate table analytics.staged as select event_id from {};\ncommit;\n",
        &captures[1], &captures[2]
    );
    let file = shop.project().join("staged.sql");
    fs::write(&file, count).unwrap();
    let outcome = shop.database.run(&file);
    assert!(outcome.ok, "{}", outcome.stderr);
    assert_eq!(shop.rows("select event_id from analytics.staged"), ["110", "111", "112", "113"]);
    shop.build(plan.of("whole", "batch"));
    assert_eq!(
        shop.rows("select event_id from analytics.whole"),
        ["110", "111", "112", "113", "120", "121", "121", "122", "123"]
    );
}
