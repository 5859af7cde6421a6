//! Models without microbatches: incremental strategies run twice, contracts, hooks, grants and
//! comments. The expected rows are written by hand.

use crate::engine::{Case, Engine};
use crate::shop::Shop;

pub const CASES: &[Case] = &[
    ("append_adds_new_rows", append_adds_new_rows),
    ("append_without_a_filter_adds_all_rows_again", append_without_a_filter_adds_all_rows_again),
    ("merge_updates_and_inserts_by_key", merge_updates_and_inserts_by_key),
    ("delete_and_insert_replaces_by_key", delete_and_insert_replaces_by_key),
    ("a_first_run_appends_the_first_query", a_first_run_appends_the_first_query),
    ("a_full_refresh_rebuilds_the_table", a_full_refresh_rebuilds_the_table),
    ("a_contract_is_enforced", a_contract_is_enforced),
    ("hooks_run_around_the_statement", hooks_run_around_the_statement),
    ("descriptions_are_stored", descriptions_are_stored),
    ("grants_are_applied", grants_are_applied),
    ("a_materialized_view_is_refreshed", a_materialized_view_is_refreshed),
];

/// Cases for some dialects; in the others the feature is a warning.
pub const OF_DIALECTS: &[(&[&str], Case)] = &[
    (
        &["duckdb", "postgres", "redshift", "mariadb", "sqlite", "snowflake", "bigquery"],
        ("a_first_run_writes_the_first_query_by_key", a_first_run_writes_the_first_query_by_key),
    ),
    (
        &["duckdb", "postgres"],
        ("a_spine_ends_where_the_engine_says", a_spine_ends_where_the_engine_says),
    ),
    (&["duckdb", "postgres"], ("a_contract_rejects_other_types", a_contract_rejects_other_types)),
    (
        &["duckdb", "postgres"],
        ("tables_of_a_foreign_key_are_rebuilt", tables_of_a_foreign_key_are_rebuilt),
    ),
    (
        &["duckdb"],
        (
            "merge_conditions_do_not_apply_to_the_first_run",
            merge_conditions_do_not_apply_to_the_first_run,
        ),
    ),
    (&["postgres"], ("removed_grants_are_revoked", removed_grants_are_revoked)),
    (
        &["postgres"],
        ("indexes_of_a_view_change_as_configured", indexes_of_a_view_change_as_configured),
    ),
];

/// A source with the schema of the fixture's raw tables.
pub const SHELVES: &str = "sources: \
    [{name: shelves, schema: \"{{ 'analytics' if target.type == 'sqlite' else 'raw' }}\", tables: [{name: shelf}, {name: log}]}]\n";

/// A shop with a table of its shelves' stock and a model over it.
pub fn stocked<'a>(engine: &'a dyn Engine, config: &str, filter: &str) -> Shop<'a> {
    let shop = Shop::open(engine);
    shop.sql(
        "create table raw.shelf (shop varchar(9), article varchar(9), pieces integer, changed \
         integer);
         insert into raw.shelf values ('north', 'pen', 5, 1), ('north', 'ink', 7, 1), ('south', \
         'pen', 2, 2);",
    );
    shop.write("models/shelves.yml", SHELVES);
    let filter = if filter.is_empty() {
        String::new()
    } else {
        format!("{{% if is_incremental() %}} where {filter} {{% endif %}}")
    };
    shop.write(
        "models/stock.sql",
        &format!(
            "{{{{ config({config}) }}}}\nselect shop, article, pieces, changed from \
            {{{{ source('shelves', 'shelf') }}}}\n{filter}\n"
        ),
    );
    shop
}

pub fn build(shop: &Shop, arguments: &[&str]) {
    let plan = shop.compile(arguments);
    shop.build(&plan);
}

pub const STOCK: &[&str] = &["--select", "stock"];
const NEWER: &str = "changed > (select max(changed) from {{ this }})";
const FIRST: [&str; 3] = ["north|ink|7|1", "north|pen|5|1", "south|pen|2|2"];

fn append_adds_new_rows(engine: &dyn Engine) {
    let shop = stocked(engine, "materialized='incremental', incremental_strategy='append'", NEWER);
    build(&shop, STOCK);
    assert_eq!(shop.table("stock"), FIRST);
    build(&shop, STOCK);
    assert_eq!(shop.table("stock"), FIRST);
    shop.sql("insert into raw.shelf values ('east', 'ink', null, 3), ('east', 'pen', 1, 1);");
    build(&shop, STOCK);
    assert_eq!(
        shop.table("stock"),
        ["east|ink|null|3", "north|ink|7|1", "north|pen|5|1", "south|pen|2|2"]
    );
}

fn append_without_a_filter_adds_all_rows_again(engine: &dyn Engine) {
    let shop = stocked(engine, "materialized='incremental'", "");
    build(&shop, STOCK);
    assert_eq!(shop.table("stock"), FIRST);
    build(&shop, STOCK);
    assert_eq!(shop.table("stock").len(), 6);
}

fn merge_updates_and_inserts_by_key(engine: &dyn Engine) {
    let config = "materialized='incremental', incremental_strategy='merge', unique_key=['shop', \
        'article'], merge_exclude_columns=['changed']";
    let shop = stocked(engine, config, "changed >= (select max(changed) from {{ this }})");
    build(&shop, STOCK);
    build(&shop, STOCK);
    assert_eq!(shop.table("stock"), FIRST);
    shop.sql(
        "update raw.shelf set pieces = 9, changed = 4 where article = 'ink'; insert into \
        raw.shelf values ('east', 'ink', 3, 4);",
    );
    build(&shop, STOCK);
    build(&shop, STOCK);
    assert_eq!(
        shop.table("stock"),
        ["east|ink|3|4", "north|ink|9|1", "north|pen|5|1", "south|pen|2|2"]
    );
}

fn delete_and_insert_replaces_by_key(engine: &dyn Engine) {
    let config = "materialized='incremental', incremental_strategy='delete+insert', \
        unique_key='shop', incremental_predicates=[\"article <> 'ink'\"]";
    let shop = stocked(engine, config, "changed >= (select max(changed) from {{ this }})");
    build(&shop, STOCK);
    build(&shop, STOCK);
    assert_eq!(shop.table("stock"), FIRST);
    // The predicate excludes ink: its rows are neither deleted nor inserted, however often the file
    // runs.
    shop.sql("update raw.shelf set pieces = 8, changed = 3 where shop = 'north';");
    build(&shop, STOCK);
    build(&shop, STOCK);
    assert_eq!(shop.table("stock"), ["north|ink|7|1", "north|pen|8|3", "south|pen|2|2"]);
}

/// A model whose later runs have rows that no first run may write.
fn with_other_later_rows<'a>(engine: &'a dyn Engine, config: &str) -> Shop<'a> {
    let shop = stocked(engine, config, "");
    shop.write(
        "models/stock.sql",
        &format!(
            "{{{{ config({config}) }}}}\n\
             select shop, article, pieces + {{{{ 10 if is_incremental() else 0 }}}} as pieces, changed\n\
             from {{{{ source('shelves', 'shelf') }}}}\n\
             {{% if is_incremental() %}}where article = 'pen'{{% endif %}}\n"
        ),
    );
    shop
}

fn a_first_run_writes_the_first_query_by_key(engine: &dyn Engine) {
    let shop =
        with_other_later_rows(engine, "materialized='incremental', unique_key=['shop', 'article']");
    build(&shop, STOCK);
    assert_eq!(shop.table("stock"), FIRST);
    let later = ["north|ink|7|1", "north|pen|15|1", "south|pen|12|2"];
    build(&shop, STOCK);
    assert_eq!(shop.table("stock"), later);
    // As in dbt, a table without rows is not missing.
    shop.sql("delete from analytics.stock where shop <> '';");
    build(&shop, STOCK);
    assert_eq!(shop.table("stock"), later[1..]);
}

fn a_first_run_appends_the_first_query(engine: &dyn Engine) {
    let shop =
        with_other_later_rows(engine, "materialized='incremental', incremental_strategy='append'");
    build(&shop, STOCK);
    assert_eq!(shop.table("stock"), FIRST);
    build(&shop, STOCK);
    assert_eq!(
        shop.table("stock"),
        ["north|ink|7|1", "north|pen|15|1", "north|pen|5|1", "south|pen|12|2", "south|pen|2|2"]
    );
}

fn a_full_refresh_rebuilds_the_table(engine: &dyn Engine) {
    let shop = stocked(engine, "materialized='incremental', incremental_strategy='append'", NEWER);
    build(&shop, STOCK);
    shop.sql("delete from raw.shelf where article = 'ink';");
    build(&shop, &["--select", "stock", "--full-refresh"]);
    assert_eq!(shop.table("stock"), ["north|pen|5|1", "south|pen|2|2"]);
}

/// The days of a spine whose end the engine computes: the number of days that the engine counts,
/// without the end.
fn a_spine_ends_where_the_engine_says(engine: &dyn Engine) {
    let shop = Shop::open(engine);
    let spine = |part: &str, end: &str| {
        shop.write(
            "models/days.sql",
            &format!(
                "{{{{ config(materialized='table') }}}}\n{{{{ dbt.date_spine('{part}', \"cast('2024-02-27' as date)\", \"{end}\") }}}}\n"
            ),
        );
        build(&shop, &["--select", "days"]);
        shop.rows(&format!("select cast(date_{part} as date) from analytics.days"))
    };
    let last_event = "(select cast(max(occurred_at) as date) from raw.events)";
    assert_eq!(
        spine("month", last_event),
        [
            "2024-02-27",
            "2024-03-27",
            "2024-04-27",
            "2024-05-27",
            "2024-06-27",
            "2024-07-27",
            "2024-08-27"
        ]
    );
    shop.sql(
        "delete from raw.events where event_id > 100; update raw.events set occurred_at = \
        '2024-03-01 10:00:00';",
    );
    assert_eq!(spine("day", last_event), ["2024-02-27", "2024-02-28", "2024-02-29"]);
}

fn a_contract_is_enforced(engine: &dyn Engine) {
    let shop = stocked(engine, "materialized='table', contract={'enforced': true}", "");
    let integer = engine.integer();
    shop.write(
        "models/stock.yml",
        &format!(
            "models: \
             [{{name: stock, columns: [{{name: pieces, data_type: {integer}, constraints: [{{type: not_null}}, {{type: check, expression: pieces > 0}}]}}, \
             {{name: article, data_type: varchar(9)}}, {{name: shop, data_type: varchar(9)}}, \
             {{name: changed, data_type: {integer}}}]}}]\n"
        ),
    );
    build(&shop, STOCK);
    let rows = shop.table("stock");
    assert_eq!(rows, ["2|pen|south|2", "5|pen|north|1", "7|ink|north|1"]);
    // Not every engine enforces check constraints; each enforces not null.
    let invalid = if ["duckdb", "postgres", "mariadb", "sqlite"].contains(&engine.dialect()) {
        "0"
    } else {
        "null"
    };
    shop.sql(&format!("insert into raw.shelf values ('west', 'pen', {invalid}, 1);"));
    let plan = shop.compile(STOCK);
    assert!(!shop.run(&plan.steps[0]).ok);
    assert_eq!(shop.table("stock"), rows, "a rejected row changes nothing");
}

fn tables_of_a_foreign_key_are_rebuilt(engine: &dyn Engine) {
    let shop = Shop::open(engine);
    let table = "{{ config(materialized='table', contract={'enforced': true}) }}";
    shop.write("models/buyers.sql", &format!("{table} select 1 as id union all select 2 as id"));
    shop.write("models/orders.sql", &format!("{table} select 10 as id, 1 as buyer"));
    shop.write("models/parcels.sql", &format!("{table} select 100 as id, 10 as order_id"));
    shop.write(
        "models/keys.yml",
        "models:\n\
         - {name: buyers, columns: [{name: id, data_type: integer, constraints: [{type: primary_key}]}]}\n\
         - {name: orders, columns: [{name: id, data_type: integer, constraints: [{type: primary_key}]}, \
         {name: buyer, data_type: integer, constraints: [{type: foreign_key, to: ref('buyers'), to_columns: [id]}]}]}\n\
         - {name: parcels, columns: [{name: id, data_type: integer}, \
         {name: order_id, data_type: integer, constraints: [{type: foreign_key, to: ref('orders'), to_columns: [id]}]}]}\n",
    );
    let all = &["-s", "buyers", "orders", "parcels"];
    for _ in 0..2 {
        build(&shop, all);
        assert_eq!(shop.table("buyers"), ["1", "2"]);
        assert_eq!(shop.table("orders"), ["10|1"]);
        assert_eq!(shop.table("parcels"), ["100|10"]);
    }
    shop.write("models/orders.sql", &format!("{table} select 10 as id, 3 as buyer"));
    let plan = shop.compile(all);
    let built: Vec<bool> = plan.steps.iter().take(2).map(|step| shop.run(step).ok).collect();
    assert_eq!(built, [true, false], "no buyer has the id 3");
    assert_eq!(shop.table("orders"), ["10|1"], "the rows are kept");
    assert_eq!(shop.table("parcels"), ["100|10"], "the rows are kept");
    shop.write("models/orders.sql", &format!("{table} select 10 as id, 2 as buyer"));
    build(&shop, all);
    assert_eq!(shop.table("orders"), ["10|2"]);
    shop.write("models/parcels.sql", &format!("{table} select 100 as id, 11 as order_id"));
    let plan = shop.compile(&["-s", "parcels"]);
    assert!(!shop.run(&plan.steps[0]).ok, "no order has the id 11");
}

fn a_contract_rejects_other_types(engine: &dyn Engine) {
    for materialized in ["table", "view", "incremental"] {
        let shop = stocked(
            engine,
            &format!(
                "materialized='{materialized}', contract={{'enforced': true}}, \
                 on_schema_change='append_new_columns'"
            ),
            "",
        );
        let declared = |pieces: &str| {
            format!(
                "models: \
                 [{{name: stock, columns: [{{name: pieces, data_type: {pieces}}}, {{name: shop, data_type: varchar}}, \
                 {{name: article, data_type: text}}, {{name: changed, data_type: integer}}]}}]\n"
            )
        };
        shop.write("models/stock.yml", &declared("integer"));
        build(&shop, STOCK);
        assert_eq!(
            shop.rows("select shop, pieces from analytics.stock"),
            ["north|5", "north|7", "south|2"],
            "{materialized}"
        );
        for (declared_type, shown) in
            [("double precision", "double precision"), ("bigint", "bigint"), ("date", "date")]
        {
            shop.write("models/stock.yml", &declared(declared_type));
            let plan = shop.compile(STOCK);
            let outcome = shop.run(&plan.steps[0]);
            let shown = if engine.dialect() == "duckdb" {
                shown.replace(" precision", "").to_uppercase()
            } else {
                shown.to_string()
            };
            let message =
                format!("the contract of stock is broken: pieces is integer, declared {shown}");
            assert!(
                !outcome.ok && outcome.stderr.to_lowercase().contains(&message.to_lowercase()),
                "{materialized}: {}",
                outcome.stderr
            );
            assert_eq!(
                shop.rows("select shop, pieces from analytics.stock"),
                ["north|5", "north|7", "south|2"],
                "{materialized}"
            );
        }
    }
}

fn merge_conditions_do_not_apply_to_the_first_run(engine: &dyn Engine) {
    let config = "materialized='incremental', incremental_strategy='merge', unique_key=['shop', \
        'article'], \
                  merge_update_condition='DBT_INTERNAL_SOURCE.pieces > DBT_INTERNAL_DEST.pieces', \
                  merge_insert_condition=\"DBT_INTERNAL_SOURCE.shop <> 'south'\", \
                  merge_update_set_expressions={'changed': 'DBT_INTERNAL_DEST.changed + 1'}";
    let shop = stocked(engine, config, "");
    build(&shop, STOCK);
    assert_eq!(shop.table("stock"), FIRST);
    shop.sql(
        "update raw.shelf set pieces = 6; insert into raw.shelf values ('south', 'ink', 1, \
        1), ('east', 'ink', 1, 1);",
    );
    build(&shop, STOCK);
    assert_eq!(
        shop.table("stock"),
        ["east|ink|1|1", "north|ink|7|1", "north|pen|6|2", "south|pen|6|3"]
    );
}

fn removed_grants_are_revoked(engine: &dyn Engine) {
    let config =
        |readers: &str| format!("materialized='incremental', grants={{'select': [{readers}]}}");
    let shop = stocked(engine, &config("'shelf_reader'"), "");
    shop.sql(
        "drop role if exists shelf_reader; drop role if exists shelf_owner; create role \
        shelf_reader; create role shelf_owner;",
    );
    build(&shop, STOCK);
    shop.sql(
        "grant insert on analytics.stock to shelf_owner; grant select on analytics.stock to \
        public;",
    );
    let text = std::fs::read_to_string(shop.project().join("models/stock.sql")).unwrap();
    for materialized in ["incremental", "table", "view"] {
        shop.write(
            "models/stock.sql",
            &text.replace("incremental", materialized).replace("'shelf_reader'", "'shelf_owner'"),
        );
        build(&shop, STOCK);
        let granted = "select grantee, privilege_type from information_schema.role_table_grants \
                       where table_name = 'stock' and grantee in ('PUBLIC', 'shelf_reader', \
                       'shelf_owner')";
        assert_eq!(shop.rows(granted), ["shelf_owner|SELECT"], "{materialized}");
    }
}

fn hooks_run_around_the_statement(engine: &dyn Engine) {
    let count = "insert into {{ source('shelves', 'log') }} select '{}', count(*) from \
        {{ source('shelves', 'shelf') }}";
    let hooks = format!(
        "pre_hook=\"{}\", post_hook=\"{}\"",
        count.replace("{}", "before"),
        "insert into {{ source('shelves', 'log') }} select 'after', count(*) from {{ this }}"
    );
    let shop = stocked(engine, &format!("materialized='table', {hooks}"), "");
    shop.sql("create table raw.log (moment varchar(9), n integer);");
    build(&shop, STOCK);
    let log = if engine.dialect() == "sqlite" { "analytics.log" } else { "raw.log" };
    assert_eq!(shop.rows(&format!("select moment, n from {log}")), ["after|3", "before|3"]);
}

fn descriptions_are_stored(engine: &dyn Engine) {
    let shop = stocked(
        engine,
        "materialized='table', persist_docs={'relation': true, 'columns': true}",
        "",
    );
    shop.write(
        "models/stock.yml",
        "models: \
         [{name: stock, description: \"What's there\", columns: [{name: pieces, description: How many}, {name: gone, description: x}]}]\n",
    );
    build(&shop, STOCK);
    let (table, column) = match engine.dialect() {
        "postgres" | "redshift" => (
            "select obj_description('analytics.stock'::regclass)",
            "select col_description('analytics.stock'::regclass, 3)",
        ),
        "duckdb" => (
            "select comment from duckdb_tables() where table_name = 'stock' and schema_name = \
             'analytics'",
            "select comment from duckdb_columns() where table_name = 'stock' and schema_name = \
             'analytics' and column_name = 'pieces'",
        ),
        // Engines whose comments cannot be read: the comments have no other effect.
        _ => return assert_eq!(shop.table("stock"), FIRST),
    };
    assert_eq!(
        (shop.rows(table), shop.rows(column)),
        (vec!["What's there".to_string()], vec!["How many".to_string()])
    );
}

fn grants_are_applied(engine: &dyn Engine) {
    let shop = stocked(engine, "materialized='table', grants={'select': ['stock_reader']}", "");
    if ["duckdb", "sqlite"].contains(&engine.dialect()) {
        // An engine without roles: the file runs without grants.
        build(&shop, STOCK);
        assert_eq!(shop.table("stock"), FIRST);
        return;
    }
    shop.sql("drop role if exists stock_reader; create role stock_reader;");
    build(&shop, STOCK);
    if ["postgres", "redshift"].contains(&engine.dialect()) {
        let privileges = "select has_table_privilege('stock_reader', 'analytics.stock', \
            'select'), has_table_privilege('stock_reader', 'analytics.stock', 'insert')";
        assert_eq!(shop.rows(privileges), ["t|f"]);
    } else {
        let granted =
            shop.rows("show grants for stock_reader").join("\n").to_lowercase().replace('`', "");
        assert!(granted.contains("grant select on analytics.stock to "), "{granted}");
    }
}

fn a_materialized_view_is_refreshed(engine: &dyn Engine) {
    let shop = stocked(engine, "materialized='materialized_view'", "");
    if !["postgres", "redshift"].contains(&engine.dialect()) {
        // Without materialized views, the model has no step and the command fails.
        assert!(shop.compile_error(STOCK).contains("1 selected model is left out of the plan"));
        return;
    }
    build(&shop, STOCK);
    shop.sql("delete from raw.shelf where shop = 'north';");
    build(&shop, STOCK);
    assert_eq!(shop.table("stock"), ["south|pen|2|2"]);
}

fn indexes_of_a_view_change_as_configured(engine: &dyn Engine) {
    let config = |columns: &str, change: &str| {
        format!(
            "materialized='materialized_view', on_configuration_change='{change}', \
             indexes=[{{'columns': ['shop', 'article'], 'unique': true}}, {{'columns': [{columns}]}}]"
        )
    };
    let model = |config: &str| {
        format!("{{{{ config({config}) }}}}\nselect * from {{{{ source('shelves', 'shelf') }}}}\n")
    };
    for change in ["continue", "fail", "apply"] {
        let shop = stocked(engine, &config("'shop'", change), "");
        let indexed = "select string_agg(pg_get_indexdef(indexrelid, 1, true) || indnkeyatts, ' ' \
             order by indnkeyatts, indexrelid) from pg_index where indrelid = 'analytics.stock'::regclass";
        shop.write("models/stock.sql", &model(&config("'shop'", change)));
        build(&shop, STOCK);
        assert_eq!(shop.rows(indexed), ["shop1 shop2"], "{change}");
        shop.sql("delete from raw.shelf where article = 'ink';");
        build(&shop, STOCK);
        assert_eq!(shop.table("stock"), ["north|pen|5|1", "south|pen|2|2"], "{change}");
        shop.sql("delete from raw.shelf where shop = 'north';");
        shop.write("models/stock.sql", &model(&config("'article'", change)));
        let outcome = shop.run(&shop.compile(STOCK).steps[0]);
        let message = format!(
            "differ from the settings of model.shop.stock (on_configuration_change: {change})"
        );
        assert_eq!(outcome.ok, change != "fail", "{}", outcome.stderr);
        assert_eq!(outcome.stderr.contains(&message), change != "apply", "{}", outcome.stderr);
        let is_refreshed = shop.table("stock") == ["south|pen|2|2"];
        assert_eq!(is_refreshed, change != "fail");
        let first = if change == "apply" { "article1 shop2" } else { "shop1 shop2" };
        assert_eq!(shop.rows(indexed), [first], "{change}");
    }
}
