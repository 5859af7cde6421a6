//! What is no microbatch model: incremental strategies run twice, seeds, grants and comments. The rows that must be there are written by hand.

use crate::engine::{Case, Engine};
use crate::shop::Shop;

pub const CASES: &[Case] = &[
    ("append_adds_what_is_new", append_adds_what_is_new),
    ("append_without_a_filter_adds_all_again", append_without_a_filter_adds_all_again),
    ("merge_changes_and_adds_by_key", merge_changes_and_adds_by_key),
    ("delete_and_insert_replaces_by_key", delete_and_insert_replaces_by_key),
    ("a_full_refresh_makes_the_table_anew", a_full_refresh_makes_the_table_anew),
    ("a_seed_holds_what_its_file_says", a_seed_holds_what_its_file_says),
    ("a_seed_is_loaded_beneath_its_readers", a_seed_is_loaded_beneath_its_readers),
    ("a_contract_is_kept", a_contract_is_kept),
    ("hooks_run_around_the_statement", hooks_run_around_the_statement),
    ("descriptions_are_kept", descriptions_are_kept),
    ("grants_are_given", grants_are_given),
    ("a_materialized_view_is_refreshed", a_materialized_view_is_refreshed),
];

/// A shop with a table of stock, and a model over it.
fn stocked<'a>(engine: &'a dyn Engine, config: &str, filter: &str) -> Shop<'a> {
    let shop = Shop::open(engine);
    shop.sql(
        "create table raw.stock (shop varchar(9), article varchar(9), pieces integer, changed integer);
         insert into raw.stock values ('north', 'pen', 5, 1), ('north', 'ink', 7, 1), ('south', 'pen', 2, 2);",
    );
    let filter = if filter.is_empty() { String::new() } else { format!("{{% if is_incremental() %}} where {filter} {{% endif %}}") };
    shop.write(
        "models/stock.sql",
        &format!("{{{{ config({config}) }}}}\nselect shop, article, pieces, changed from raw.stock\n{filter}\n"),
    );
    shop
}

fn build(shop: &Shop, arguments: &[&str]) {
    let plan = shop.compile(arguments);
    shop.build(&plan);
}

const STOCK: &[&str] = &["--select", "stock"];
const NEWER: &str = "changed > (select max(changed) from {{ this }})";
const FIRST: [&str; 3] = ["north|ink|7|1", "north|pen|5|1", "south|pen|2|2"];

fn append_adds_what_is_new(engine: &dyn Engine) {
    let shop = stocked(engine, "materialized='incremental', incremental_strategy='append'", NEWER);
    build(&shop, STOCK);
    assert_eq!(shop.table("stock"), FIRST);
    build(&shop, STOCK);
    assert_eq!(shop.table("stock"), FIRST);
    shop.sql("insert into raw.stock values ('east', 'ink', null, 3), ('east', 'pen', 1, 1);");
    build(&shop, STOCK);
    assert_eq!(shop.table("stock"), ["east|ink|null|3", "north|ink|7|1", "north|pen|5|1", "south|pen|2|2"]);
}

fn append_without_a_filter_adds_all_again(engine: &dyn Engine) {
    let shop = stocked(engine, "materialized='incremental'", "");
    build(&shop, STOCK);
    assert_eq!(shop.table("stock"), FIRST);
    build(&shop, STOCK);
    assert_eq!(shop.table("stock").len(), 6);
}

fn merge_changes_and_adds_by_key(engine: &dyn Engine) {
    let config =
        "materialized='incremental', incremental_strategy='merge', unique_key=['shop', 'article'], merge_exclude_columns=['changed']";
    let shop = stocked(engine, config, "changed >= (select max(changed) from {{ this }})");
    build(&shop, STOCK);
    build(&shop, STOCK);
    assert_eq!(shop.table("stock"), FIRST);
    shop.sql("update raw.stock set pieces = 9, changed = 4 where article = 'ink'; insert into raw.stock values ('east', 'ink', 3, 4);");
    build(&shop, STOCK);
    build(&shop, STOCK);
    assert_eq!(shop.table("stock"), ["east|ink|3|4", "north|ink|9|1", "north|pen|5|1", "south|pen|2|2"]);
}

fn delete_and_insert_replaces_by_key(engine: &dyn Engine) {
    let config = "materialized='incremental', unique_key='shop', incremental_predicates=[\"article <> 'ink'\"]";
    let shop = stocked(engine, config, "changed >= (select max(changed) from {{ this }})");
    build(&shop, STOCK);
    build(&shop, STOCK);
    assert_eq!(shop.table("stock"), FIRST);
    // The predicate keeps the ink where it was, and keeps new ink out, however often the file runs.
    shop.sql("update raw.stock set pieces = 8, changed = 3 where shop = 'north';");
    build(&shop, STOCK);
    build(&shop, STOCK);
    assert_eq!(shop.table("stock"), ["north|ink|7|1", "north|pen|8|3", "south|pen|2|2"]);
}

fn a_full_refresh_makes_the_table_anew(engine: &dyn Engine) {
    let shop = stocked(engine, "materialized='incremental', incremental_strategy='append'", NEWER);
    build(&shop, STOCK);
    shop.sql("delete from raw.stock where article = 'ink';");
    build(&shop, &["--select", "stock", "--full-refresh"]);
    assert_eq!(shop.table("stock"), ["north|pen|5|1", "south|pen|2|2"]);
}

const CODES: &str = "id,code,price,since,checked_at,active,remark\n\
    1,007,1.5,2024-09-01,2024-09-01 10:30:00,true,\"says \"\"hi\"\", it's new\"\n\
    2,,,,,,\n\
    3,12,20,2024-09-02,2024-09-02T10:30:00+02:00,False,back\\slash\n";

fn seeded(engine: &dyn Engine) -> Shop<'_> {
    let shop = Shop::open(engine);
    shop.write("seeds/codes.csv", CODES);
    shop.write("seeds/codes.yml", "seeds: [{name: codes, config: {column_types: {code: varchar(5)}}}]\n");
    shop.write("models/active_codes.sql", "{{ config(materialized='view') }}\nselect id, code from {{ ref('codes') }} where active\n");
    shop
}

fn a_seed_holds_what_its_file_says(engine: &dyn Engine) {
    let shop = seeded(engine);
    build(&shop, &["--select", "codes"]);
    let rows = shop.rows(
        "select id + 1, code, price * 2 = 3, extract(day from since), extract(hour from checked_at), not active, remark from analytics.codes",
    );
    let yes = |held: bool| match (engine.dialect(), held) {
        ("postgres", true) => "t",
        ("postgres", false) => "f",
        (_, true) => "true",
        (_, false) => "false",
    };
    let (yes, no) = (yes(true), yes(false));
    let expected = [
        format!("2|007|{yes}|1|10|{no}|says \"hi\", it's new"),
        "3|null|null|null|null|null|null".to_string(),
        format!("4|12|{no}|2|8|{yes}|back\\slash"),
    ];
    assert_eq!(rows, expected);
}

fn a_seed_is_loaded_beneath_its_readers(engine: &dyn Engine) {
    let shop = seeded(engine);
    build(&shop, &["--select", "+active_codes"]);
    assert_eq!(shop.table("active_codes"), ["1|007"]);
    shop.write("seeds/codes.csv", &CODES.replace("\n2,,,,,,", "\n2,x,1,,,true,"));
    build(&shop, &["--select", "codes"]);
    assert_eq!(shop.table("active_codes"), ["1|007", "2|x"]);
}

fn a_contract_is_kept(engine: &dyn Engine) {
    let shop = stocked(engine, "materialized='table', contract={'enforced': true}", "");
    shop.write(
        "models/stock.yml",
        "models: [{name: stock, columns: [{name: pieces, data_type: bigint, constraints: [{type: check, expression: pieces > 0}]}, \
         {name: article, data_type: text}, {name: shop, data_type: text, constraints: [{type: not_null}]}, {name: changed, data_type: integer}]}]\n",
    );
    build(&shop, STOCK);
    assert_eq!(shop.table("stock"), ["2|pen|south|2", "5|pen|north|1", "7|ink|north|1"]);
    shop.sql("update raw.stock set pieces = 0 where article = 'ink';");
    let plan = shop.compile(STOCK);
    assert!(!shop.run(&plan.steps[0]).ok);
    assert_eq!(shop.table("stock").len(), 3);
}

fn hooks_run_around_the_statement(engine: &dyn Engine) {
    let count = "insert into raw.log select '{}', count(*) from raw.stock";
    let hooks = format!(
        "pre_hook=\"{}\", post_hook=\"{}\"",
        count.replace("{}", "before"),
        "insert into raw.log select 'after', count(*) from {{ this }}"
    );
    let shop = stocked(engine, &format!("materialized='table', {hooks}"), "");
    shop.sql("create table raw.log (place varchar(9), n integer);");
    build(&shop, STOCK);
    assert_eq!(shop.rows("select place, n from raw.log"), ["after|3", "before|3"]);
}

fn descriptions_are_kept(engine: &dyn Engine) {
    let shop = stocked(engine, "materialized='table', persist_docs={'relation': true, 'columns': true}", "");
    shop.write(
        "models/stock.yml",
        "models: [{name: stock, description: \"What's there\", columns: [{name: pieces, description: How many}, {name: gone, description: x}]}]\n",
    );
    build(&shop, STOCK);
    let (table, column) = match engine.dialect() {
        "postgres" => ("select obj_description('analytics.stock'::regclass)", "select col_description('analytics.stock'::regclass, 3)"),
        _ => (
            "select comment from duckdb_tables() where table_name = 'stock' and schema_name = 'analytics'",
            "select comment from duckdb_columns() where table_name = 'stock' and schema_name = 'analytics' and column_name = 'pieces'",
        ),
    };
    assert_eq!((shop.rows(table), shop.rows(column)), (vec!["What's there".to_string()], vec!["How many".to_string()]));
}

fn grants_are_given(engine: &dyn Engine) {
    let shop = stocked(engine, "materialized='table', grants={'select': ['stock_reader']}", "");
    if engine.dialect() != "postgres" {
        // An engine without roles: the file runs without them.
        build(&shop, STOCK);
        assert_eq!(shop.table("stock"), FIRST);
        return;
    }
    shop.sql("create role stock_reader;");
    build(&shop, STOCK);
    let asked = "select has_table_privilege('stock_reader', 'analytics.stock', 'select'), has_table_privilege('stock_reader', 'analytics.stock', 'insert')";
    assert_eq!(shop.rows(asked), ["t|f"]);
}

fn a_materialized_view_is_refreshed(engine: &dyn Engine) {
    let shop = stocked(engine, "materialized='materialized_view'", "");
    if engine.dialect() != "postgres" {
        // An engine without materialized views has no step for one, which the exit code tells.
        assert!(shop.refuses(STOCK).contains("1 selected model is left out of the plan"));
        return;
    }
    build(&shop, STOCK);
    shop.sql("delete from raw.stock where shop = 'north';");
    build(&shop, STOCK);
    assert_eq!(shop.table("stock"), ["south|pen|2|2"]);
}
