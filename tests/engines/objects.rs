//! What belongs to a relation that is built again: its schema, grants, comments, indexes and
//! readers are those that dbt would leave. Hooks that `is_incremental()` changes need the table.

use crate::builds::{STOCK, build, stocked};
use crate::engine::{Case, Engine};

/// A first run has other hooks than a later one, and the plan has those of a later one.
pub const CASES: &[Case] = &[("a_first_run_has_its_own_hooks", a_first_run_has_its_own_hooks)];

pub const OF_DIALECTS: &[(&[&str], Case)] = &[
    (&["postgres"], ("a_view_stays_in_its_schema", a_view_stays_in_its_schema)),
    (&["postgres"], ("a_view_over_a_changed_type_stays", a_view_over_a_changed_type_stays)),
    (
        &["postgres"],
        ("what_left_the_configuration_is_removed", what_left_the_configuration_is_removed),
    ),
    (&["postgres"], ("a_renamed_copy_keeps_its_indexes", a_renamed_copy_keeps_its_indexes)),
    (&["postgres", "mariadb"], ("a_seed_replaces_no_view", a_seed_replaces_no_view)),
    (&["postgres", "duckdb"], ("an_index_uses_an_added_column", an_index_uses_an_added_column)),
];

fn a_view_stays_in_its_schema(engine: &dyn Engine) {
    let shop = stocked(engine, "materialized='view'", "");
    build(&shop, STOCK);
    shop.sql(
        "create view analytics.articles as select article from analytics.stock;
         create schema first;",
    );
    shop.edit(
        "models/stock.sql",
        &[
            ("'view'", "'view', pre_hook='set search_path = first, analytics'"),
            ("select shop,", "select 1 as one, shop,"),
        ],
    );
    build(&shop, STOCK);
    let columns = "select column_name from information_schema.columns where table_schema = \
                   'analytics' and table_name = 'stock' and column_name = 'one'";
    assert_eq!(shop.rows(columns), ["one"]);
    let elsewhere = "select table_name from information_schema.views where table_schema = 'first'";
    assert_eq!(shop.rows(elsewhere), [""; 0]);
    assert_eq!(shop.rows("select * from analytics.articles"), ["ink", "pen", "pen"]);
}

fn a_view_over_a_changed_type_stays(engine: &dyn Engine) {
    let shop = stocked(engine, "materialized='table'", "");
    build(&shop, STOCK);
    shop.sql(
        "create view analytics.amounts as select pieces from analytics.stock;
         create view analytics.doubled as select pieces * 2 as pieces from analytics.amounts;
         create view analytics.changes as select changed from analytics.stock;
         comment on view analytics.doubled is 'twice';",
    );
    shop.edit("models/stock.sql", &[("pieces, changed", "cast(pieces as bigint) as pieces")]);
    build(&shop, STOCK);
    assert_eq!(shop.rows("select pieces from analytics.doubled"), ["10", "14", "4"]);
    let views = "select relname, obj_description(oid, 'pg_class') from pg_class where relkind = 'v' \
                 and relnamespace = 'analytics'::regnamespace";
    assert_eq!(shop.rows(views), ["amounts|null", "doubled|twice"]);
}

/// Where a materialized view reads the table, its rows are replaced instead of the table.
fn what_left_the_configuration_is_removed(engine: &dyn Engine) {
    for (kind, reader) in [("view", ""), ("table", ""), ("table", "materialized view")] {
        let configured = format!(
            "materialized='{kind}', grants={{'select': ['shelf_reader']}}, \
             persist_docs={{'relation': true, 'columns': true}}{}",
            if kind == "table" {
                ", indexes=[{'columns': ['article'], 'unique': false}]"
            } else {
                ""
            }
        );
        let shop = stocked(engine, &configured, "");
        shop.sql("drop role if exists shelf_reader; create role shelf_reader;");
        shop.write(
            "models/stock.yml",
            "models: [{name: stock, description: pieces, columns: [{name: shop, description: \
             where}]}]\n",
        );
        build(&shop, STOCK);
        if !reader.is_empty() {
            shop.sql(
                "create materialized view analytics.seen as select shop from analytics.stock;",
            );
        }
        let objects = "select (select count(*) from aclexplode(relacl) where grantee <> relowner), \
                       (select count(*) from pg_description where objoid = pg_class.oid), (select \
                       count(*) from pg_index where indrelid = pg_class.oid) from pg_class where \
                       oid = 'analytics.stock'::regclass";
        let indexes = if kind == "table" { 1 } else { 0 };
        assert_eq!(shop.rows(objects), [format!("1|2|{indexes}")], "{kind} {reader}");
        shop.edit("models/stock.sql", &[(&configured, &format!("materialized='{kind}'"))]);
        build(&shop, STOCK);
        assert_eq!(shop.rows(objects), ["0|0|0"], "{kind} {reader}");
    }
}

fn a_renamed_copy_keeps_its_indexes(engine: &dyn Engine) {
    let config = "materialized='incremental', incremental_strategy='append', indexes=[{'columns': \
                  ['article'], 'unique': false}]";
    let shop = stocked(engine, config, "");
    build(&shop, STOCK);
    shop.sql("alter table analytics.stock rename to stock_before;");
    build(&shop, STOCK);
    let indexed = "select tablename, count(*) from pg_indexes where schemaname = 'analytics' group \
                   by tablename";
    assert_eq!(shop.rows(indexed), ["stock_before|1", "stock|1"]);
}

fn a_seed_replaces_no_view(engine: &dyn Engine) {
    let shop = stocked(engine, "materialized='table'", "");
    shop.write("seeds/listed.csv", "id,n\n1,1\n");
    build(&shop, STOCK);
    shop.sql("create view analytics.listed as select 9 as id, 8 as n;");
    for further in [&[][..], &["--full-refresh"]] {
        let plan = shop.compile(&[&["--select", "listed"], further].concat());
        let outcome = shop.run(plan.steps.first().unwrap());
        assert!(!outcome.ok, "the seed replaces a view");
        assert_eq!(shop.table("listed"), ["9|8"]);
    }
}

fn an_index_uses_an_added_column(engine: &dyn Engine) {
    let config = |columns: &str| {
        format!(
            "materialized='incremental', incremental_strategy='append', \
             on_schema_change='append_new_columns', indexes=[{{'columns': [{columns}], 'unique': \
             false}}]"
        )
    };
    let shop = stocked(engine, &config("'article'"), "");
    build(&shop, STOCK);
    shop.edit(
        "models/stock.sql",
        &[
            (&config("'article'"), &config("'one'")),
            ("changed from", "changed, cast(1 as integer) as one from"),
        ],
    );
    build(&shop, STOCK);
    assert_eq!(shop.rows("select count(*) from analytics.stock where one = 1"), ["3"]);
}

fn a_first_run_has_its_own_hooks(engine: &dyn Engine) {
    let config = "materialized='incremental', incremental_strategy='append', \
                  post_hook=\"{% if is_incremental() %}insert into {{ this }} select * from \
                  {{ source('shelves', 'shelf') }}{% endif %}\"";
    let shop = stocked(engine, config, "");
    let plan = shop.compile(STOCK);
    let outcome = shop.run(plan.steps.first().unwrap());
    assert!(!outcome.ok, "the hooks of a later run ran in a first run");
    build(&shop, &["--select", "stock", "--full-refresh"]);
    assert_eq!(shop.rows("select count(*) from analytics.stock"), ["3"]);
    build(&shop, STOCK);
    assert_eq!(shop.rows("select count(*) from analytics.stock"), ["9"]);
}
