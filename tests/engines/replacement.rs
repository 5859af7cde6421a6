//! Existing relations: readers of a table or view that is built again, added and removed columns, a
//! change of kind. The expected rows are written by hand.

use crate::engine::{Case, Engine};
use crate::shop::Shop;

pub const CASES: &[Case] = &[
    ("readers_of_a_rebuilt_table_stay", readers_of_a_rebuilt_table_stay),
    ("readers_of_a_swapped_table_stay", readers_of_a_swapped_table_stay),
    ("a_view_loses_gains_and_changes_columns", a_view_loses_gains_and_changes_columns),
    ("a_lost_column_takes_its_readers_along", a_lost_column_takes_its_readers_along),
    ("a_view_becomes_a_table_and_a_view_again", a_view_becomes_a_table_and_a_view_again),
    ("a_named_constraint_is_named_again", a_named_constraint_is_named_again),
];

/// Cases of materialized views, for engines with a syntax of their own.
pub const OF_DIALECTS: &[(&[&str], Case)] = &[
    (
        &["postgres"],
        (
            "a_materialized_view_becomes_a_table_and_a_view",
            a_materialized_view_becomes_a_table_and_a_view,
        ),
    ),
    (
        &["postgres"],
        (
            "a_materialized_view_over_a_rebuilt_table_stays",
            a_materialized_view_over_a_rebuilt_table_stays,
        ),
    ),
];

/// Engines that drop the readers of a table when it is replaced.
fn drops_readers(engine: &dyn Engine) -> bool {
    engine.dialect() == "redshift"
}

/// Engines on which a table can replace a view, and a view a table, without a manual statement.
const CHANGES_KIND: &[&str] = &["postgres"];

/// A table `stock`, a view that a model makes over it, and one over that.
fn stocked(engine: &dyn Engine) -> Shop<'_> {
    let shop = Shop::open(engine);
    shop.sql(
        "create table raw.shelf (shop varchar(9), article varchar(9), pieces integer);
         insert into raw.shelf values ('north', 'pen', 5), ('north', 'ink', 7), ('south', 'pen', \
         2);",
    );
    let schema = shelf_schema(engine);
    shop.write(
        "models/shelves.yml",
        &format!("sources: [{{name: shelves, schema: {schema}, tables: [{{name: shelf}}]}}]\n"),
    );
    stock(&shop, "table", "shop, article, pieces");
    shop.write(
        "models/pens.sql",
        "{{ config(materialized='view') }}\nselect shop, pieces from \
        {{ ref('stock') }} where article = 'pen'\n",
    );
    shop.write(
        "models/many_pens.sql",
        "{{ config(materialized='view') }}\nselect shop from {{ ref('pens') }} where pieces > 2\n",
    );
    shop
}

/// SQLite has one schema, which contains the sources too.
fn shelf_schema(engine: &dyn Engine) -> &'static str {
    if engine.dialect() == "sqlite" { "analytics" } else { "raw" }
}

/// Writes the model `stock`.
fn stock(shop: &Shop, materialized: &str, columns: &str) {
    let text = format!(
        "{{{{ config(materialized='{materialized}') }}}}\nselect {columns} from \
         {{{{ source('shelves', 'shelf') }}}}\n"
    );
    shop.write("models/stock.sql", &text);
}

fn build(shop: &Shop, arguments: &[&str]) {
    let plan = shop.compile(arguments);
    shop.build(&plan);
}

const ALONE: &[&str] = &["--select", "stock"];
const ALL: &[&str] = &["--select", "stock+"];

fn readers_of_a_rebuilt_table_stay(engine: &dyn Engine) {
    let shop = stocked(engine);
    build(&shop, ALL);
    assert_eq!(shop.table("many_pens"), ["north"]);
    shop.sql("update raw.shelf set pieces = 9 where shop = 'south';");
    stock(&shop, "table", "pieces, article, shop, 1 as one");
    build(&shop, if drops_readers(engine) { ALL } else { ALONE });
    assert_eq!(shop.rows("select pieces, one from analytics.stock"), ["5|1", "7|1", "9|1"]);
    assert_eq!(shop.table("pens"), ["north|5", "south|9"]);
    assert_eq!(shop.table("many_pens"), ["north", "south"]);
}

fn readers_of_a_swapped_table_stay(engine: &dyn Engine) {
    let (shop, _) = Shop::built(engine);
    shop.sql(
        "create view analytics.session_days as select session_start from \
        analytics.int__sessions_aggregated;",
    );
    let rows = shop.table("session_days");
    assert!(!rows.is_empty());
    let plan = shop.compile(&["--select", "int__sessions_aggregated", "--full-refresh"]);
    shop.build(&plan);
    if drops_readers(engine) {
        shop.sql(
            "create view analytics.session_days as select session_start from \
            analytics.int__sessions_aggregated;",
        );
    }
    assert_eq!(shop.table("session_days"), rows);
}

fn a_view_loses_gains_and_changes_columns(engine: &dyn Engine) {
    let shop = stocked(engine);
    stock(&shop, "view", "shop, article, pieces, 1 as one");
    build(&shop, ALL);
    stock(&shop, "view", "pieces, shop, article, 'x' as one, 2 as two");
    build(&shop, if drops_readers(engine) { ALL } else { ALONE });
    assert_eq!(
        shop.rows("select pieces, one, two from analytics.stock"),
        ["2|x|2", "5|x|2", "7|x|2"]
    );
    assert_eq!(shop.table("many_pens"), ["north"]);
}

fn a_lost_column_takes_its_readers_along(engine: &dyn Engine) {
    let shop = stocked(engine);
    build(&shop, ALL);
    stock(&shop, "table", "shop, article");
    shop.write(
        "models/pens.sql",
        "{{ config(materialized='view') }}\nselect shop, 3 as pieces from {{ ref('stock') }} \
         where article = 'pen'\n",
    );
    build(&shop, ALL);
    assert_eq!(shop.table("many_pens"), ["north", "south"]);
}

fn a_view_becomes_a_table_and_a_view_again(engine: &dyn Engine) {
    let shop = stocked(engine);
    for materialized in ["view", "table", "view", "incremental"] {
        stock(&shop, materialized, "shop, article, pieces");
        let plan = shop.compile(ALL);
        let first = shop.run(&plan.steps[0]);
        if !CHANGES_KIND.contains(&engine.dialect()) && !first.ok {
            // The engine rejects it with a message, and has changed nothing.
            assert_eq!(shop.table("many_pens"), ["north"], "{}", first.stderr);
            return;
        }
        assert!(first.ok, "{}", first.stderr);
        shop.build(&plan.steps[1..]);
        assert_eq!(
            shop.rows("select shop, pieces from analytics.stock"),
            ["north|5", "north|7", "south|2"]
        );
        assert_eq!(shop.table("many_pens"), ["north"]);
        let sources =
            shop.rows(&format!("select shop, pieces from {}.shelf", shelf_schema(engine)));
        assert_eq!(sources, ["north|5", "north|7", "south|2"], "nothing is written through a view");
    }
}

fn a_materialized_view_becomes_a_table_and_a_view(engine: &dyn Engine) {
    let shop = stocked(engine);
    for materialized in [
        "materialized_view",
        "table",
        "materialized_view",
        "view",
        "materialized_view",
        "materialized_view",
    ] {
        stock(&shop, materialized, "shop, article, pieces");
        build(&shop, ALL);
        assert_eq!(shop.table("many_pens"), ["north"], "as a {materialized}");
    }
    stock(&shop, "materialized_view", "article, shop, pieces");
    build(&shop, &["--select", "stock", "--full-refresh"]);
    assert_eq!(shop.table("many_pens"), ["north"]);
    assert_eq!(shop.table("stock"), ["ink|north|7", "pen|north|5", "pen|south|2"]);
}

fn a_materialized_view_over_a_rebuilt_table_stays(engine: &dyn Engine) {
    let shop = stocked(engine);
    build(&shop, ALL);
    shop.sql(
        "create materialized view analytics.report as select article, sum(pieces) as pieces \
        from analytics.stock group by article;",
    );
    shop.sql("update raw.shelf set pieces = 9 where shop = 'south';");
    build(&shop, ALONE);
    assert_eq!(shop.table("report"), ["ink|7", "pen|7"]);
    shop.sql("refresh materialized view analytics.report;");
    assert_eq!(shop.table("report"), ["ink|7", "pen|14"]);
}

fn a_named_constraint_is_named_again(engine: &dyn Engine) {
    let shop = stocked(engine);
    shop.write(
        "models/stock.yml",
        &format!(
            "models: \
             [{{name: stock, config: {{contract: {{enforced: true}}}}, constraints: [{{type: unique, name: one_row_each, columns: [shop, article]}}], \
             columns: [{{name: shop, data_type: varchar(9)}}, \
             {{name: article, data_type: varchar(9)}}, {{name: pieces, data_type: {}}}]}}]\n",
            engine.integer()
        ),
    );
    build(&shop, ALL);
    build(&shop, ALL);
    assert_eq!(shop.table("many_pens"), ["north"]);
}
