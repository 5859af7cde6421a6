//! Tables whose query has other columns than before: `on_schema_change`, each `02_alter.sql` run
//! after a crash between any two of its statements, and twice. The expected rows are written by
//! hand.

use std::fs;

use crate::builds::{STOCK, build, stocked};
use crate::engine::{Case, Engine};
use crate::shop::{Plan, Shop};

/// Engines whose tables a plan alters.
pub const ALTERING: &[&str] =
    &["duckdb", "postgres", "clickhouse", "mariadb", "snowflake", "bigquery", "redshift", "sqlite"];

/// The same without a query of the present columns.
const ALTERING_LAKES: &[&str] = &["spark", "databricks"];

pub const OF_DIALECTS: &[(&[&str], Case)] = &[
    (&["postgres"], ("a_longer_text_widens_its_column", a_longer_text_widens_its_column)),
    (ALTERING, ("a_new_column_is_added", a_new_column_is_added)),
    (ALTERING, ("columns_are_those_of_the_query", columns_are_those_of_the_query)),
    (ALTERING, ("a_renamed_column_is_a_new_one", a_renamed_column_is_a_new_one)),
    (ALTERING, ("a_name_in_capitals_is_the_same_column", a_name_in_capitals_is_the_same_column)),
    (ALTERING_LAKES, ("a_new_column_is_added", a_new_column_is_added)),
    (ALTERING_LAKES, ("columns_are_those_of_the_query", columns_are_those_of_the_query)),
    (ALTERING_LAKES, ("a_renamed_column_is_a_new_one", a_renamed_column_is_a_new_one)),
    (
        ALTERING_LAKES,
        ("a_name_in_capitals_is_the_same_column", a_name_in_capitals_is_the_same_column),
    ),
    (&["sqlite"], ("a_copy_keeps_what_it_does_not_know", a_copy_keeps_what_it_does_not_know)),
    (&["duckdb", "postgres"], ("a_type_gives_way_to_a_wider_one", a_type_gives_way_to_a_wider_one)),
    (
        &["duckdb", "postgres"],
        ("a_type_that_loses_values_is_refused", a_type_that_loses_values_is_refused),
    ),
    (
        &["duckdb", "postgres"],
        ("a_changed_query_fails_where_it_must", a_changed_query_fails_where_it_must),
    ),
    (
        &["duckdb", "postgres", "mariadb"],
        ("later_runs_have_columns_of_their_own", later_runs_have_columns_of_their_own),
    ),
];

const FIRST_DAY: &[&str] =
    &["--select", "takings", "--event-time-start", "2024-09-01", "--event-time-end", "2024-09-02"];
const SECOND_DAY: &[&str] =
    &["--select", "takings", "--event-time-start", "2024-09-02", "--event-time-end", "2024-09-03"];

/// The engine's types of whole numbers and of texts, which may be null.
pub fn types(engine: &dyn Engine) -> (&'static str, &'static str) {
    match engine.dialect() {
        "clickhouse" => ("Nullable(Int32)", "Nullable(String)"),
        "bigquery" => ("int64", "string"),
        "mariadb" => ("signed", "char(20)"),
        "spark" | "databricks" => ("int", "string"),
        _ => ("integer", "varchar(20)"),
    }
}

/// Writes the model `takings` with these columns after its key and its time. `is_declared`: whether
/// the types are declared, since type names in a cast may differ from those of a column.
fn takings_of(shop: &Shop, change: &str, columns: &str, is_declared: bool) {
    let config = "materialized='incremental', incremental_strategy='microbatch', \
        batch_size='day', begin='2024-09-01'";
    shop.write(
        "models/takings.sql",
        &format!(
            "{{{{ config({config}, event_time='occurred_at', on_schema_change='{change}') }}}}\n\
             select event_id, occurred_at{columns}\nfrom {{{{ source('raw', 'events') }}}}\n"
        ),
    );
    let mut columns =
        "models:\n- name: takings\n  columns:\n  - {name: occurred_at, data_type: timestamp}\n"
            .to_string();
    if is_declared {
        columns.push_str(
            "  - {name: buyer, data_type: integer}\n  - {name: sort, data_type: varchar(20)}\n",
        );
    }
    shop.write("models/takings.yml", &columns);
}

fn takings(shop: &Shop, change: &str, columns: &str) {
    takings_of(shop, change, columns, false);
}

/// Runs the statements of a file up to each of them, as if the client had crashed there, then all
/// of them, twice.
pub fn survive(shop: &Shop, text: &str) {
    let statements: Vec<&str> = text.split("\n\n").collect();
    for many in 1..statements.len() {
        let file = shop.project().join("cut.sql");
        fs::write(&file, format!("{}\n", statements[..many].join("\n\n"))).unwrap();
        shop.database.run(&file);
    }
    for _ in 0..2 {
        let file = shop.project().join("whole.sql");
        fs::write(&file, text).unwrap();
        let outcome = shop.database.run(&file);
        assert!(outcome.ok, "{}\nin\n{text}", outcome.stderr);
    }
}

/// Builds the first day with some columns and the second with others; returns both plans.
fn changed<'a>(
    engine: &'a dyn Engine,
    change: &str,
    before: &str,
    after: &str,
) -> (Shop<'a>, Plan) {
    let shop = Shop::open(engine);
    let is_declared = engine.dialect() == "mariadb";
    takings_of(&shop, change, before, is_declared);
    let first = shop.compile(FIRST_DAY);
    shop.build(&first);
    takings_of(&shop, change, after, is_declared);
    let state = first.folder().to_str().unwrap().to_string();
    let second = shop.compile(&[SECOND_DAY, &["--state", &state]].concat());
    let alter = second.of("takings", "alter");
    // SQLite's table is copied only if its columns differ.
    if engine.dialect() != "sqlite" || !alter.is_empty() {
        assert_eq!(alter.len(), 1, "`02_alter.sql` is a step");
        survive(&shop, &fs::read_to_string(&alter[0].file).unwrap());
    }
    shop.build(&second);
    (shop, second)
}

fn a_new_column_is_added(engine: &dyn Engine) {
    let (integer, text) = types(engine);
    let (shop, _) = changed(
        engine,
        "append_new_columns",
        "",
        &format!(", cast(user_id as {integer}) as buyer, cast(event_type as {text}) as sort"),
    );
    let rows = shop.rows(
        "select event_id, coalesce(buyer, -1), coalesce(sort, 'none') from analytics.takings",
    );
    let expected = [
        "110|-1|none",
        "111|-1|none",
        "112|-1|none",
        "113|-1|none",
        "120|2|view",
        "121|3|purchase",
        "121|3|purchase",
        "122|-1|view",
        "123|9|none",
    ];
    assert_eq!(rows, expected);
}

fn columns_are_those_of_the_query(engine: &dyn Engine) {
    let (integer, text) = types(engine);
    let before = format!(", cast(event_type as {text}) as sort, cast(amount as {text}) as amount");
    let (shop, _) = changed(
        engine,
        "sync_all_columns",
        &before,
        &format!(", cast(user_id as {integer}) as buyer"),
    );
    let rows = shop.rows("select event_id, coalesce(buyer, -1) from analytics.takings");
    assert_eq!(
        rows,
        ["110|-1", "111|-1", "112|-1", "113|-1", "120|2", "121|3", "121|3", "122|-1", "123|9"]
    );
    assert!(
        shop.table("takings").iter().all(|row| row.split('|').count() == 3),
        "the old columns are gone: {:?}",
        shop.table("takings")
    );
}

fn a_renamed_column_is_a_new_one(engine: &dyn Engine) {
    let (_, text) = types(engine);
    let (before, after) = (
        format!(", cast(event_type as {text}) as old_sort"),
        format!(", cast(event_type as {text}) as sort"),
    );
    let (shop, _) = changed(engine, "append_new_columns", &before, &after);
    let rows = shop.rows(
        "select event_id, coalesce(old_sort, 'none'), coalesce(sort, 'none') from \
            analytics.takings where event_id in (110, 120)",
    );
    assert_eq!(rows, ["110|view|none", "120|none|view"]);
}

fn a_name_in_capitals_is_the_same_column(engine: &dyn Engine) {
    let (_, text) = types(engine);
    let (before, after) = (
        format!(", cast(event_type as {text}) as sort"),
        format!(", cast(event_type as {text}) as SORT"),
    );
    let (shop, _) = changed(engine, "append_new_columns", &before, &after);
    let rows = shop.rows(
        "select event_id, coalesce(sort, 'none') from analytics.takings where \
        event_id in (110, 120)",
    );
    // ClickHouse distinguishes case.
    let second = if engine.dialect() == "clickhouse" { "120|none" } else { "120|view" };
    assert_eq!(rows, ["110|view", second]);
}

/// A table with an index, or with a column that the plan does not know, is not copied.
fn a_copy_keeps_what_it_does_not_know(engine: &dyn Engine) {
    let shop = Shop::open(engine);
    takings(&shop, "sync_all_columns", ", cast(amount as integer) as amount");
    let first = shop.compile(FIRST_DAY);
    shop.build(&first);
    let before = shop.table("takings");
    takings(&shop, "sync_all_columns", ", cast(user_id as integer) as buyer");
    let state = first.folder().to_str().unwrap().to_string();
    let second = shop.compile(&[SECOND_DAY, &["--state", &state]].concat());
    let alter = second.of("takings", "alter")[0];
    let refused = |words: &str| {
        let outcome = shop.run(alter);
        assert!(!outcome.ok && outcome.stderr.contains(words), "{}", outcome.stderr);
    };
    shop.sql("create index analytics.by_amount on takings (amount);");
    refused("indexes, triggers or constraints");
    assert_eq!(shop.table("takings"), before);
    shop.sql("drop index analytics.by_amount; alter table analytics.takings add column note;");
    refused("other columns than the plan knows");
    shop.sql("alter table analytics.takings drop column note;");
    assert_eq!(shop.table("takings"), before);
    shop.build([alter, alter]);
    let rows = shop.rows("select event_id, buyer from analytics.takings");
    assert_eq!(rows, ["110|null", "111|null", "112|null", "113|null"]);
    // Whether the second plan has run is not known: its step is repeated, and changes nothing.
    let state = second.folder().to_str().unwrap().to_string();
    let third = shop.compile(&[SECOND_DAY, &["--state", &state]].concat());
    shop.build(third.of("takings", "alter"));
    assert_eq!(shop.rows("select event_id, buyer from analytics.takings"), rows);
    // A catalog with the same columns needs no step.
    let catalog = catalog(&shop, "integer");
    let fourth = shop.compile(&[SECOND_DAY, &["--catalog", &catalog]].concat());
    assert!(fourth.of("takings", "alter").is_empty());
}

/// A catalog with the type of the model's one column besides its key and its time.
fn catalog(shop: &Shop, data_type: &str) -> String {
    let column = |name: &str, data_type: &str, index: usize| {
        format!(
            "\"{name}\": {{\"name\": \"{name}\", \"type\": \"{data_type}\", \"index\": {index}}}"
        )
    };
    let columns = [
        column("event_id", "integer", 1),
        column("occurred_at", "timestamp", 2),
        column("buyer", data_type, 3),
    ]
    .join(", ");
    let metadata = "{\"type\": \"BASE TABLE\", \"schema\": \"analytics\", \"name\": \"takings\"}";
    let text = format!(
        "{{\"nodes\": {{\"model.shop.takings\": {{\"metadata\": {metadata}, \"columns\": {{{columns}}}}}}}, \"sources\": {{}}}}"
    );
    shop.write("catalog.json", &text);
    shop.project().join("catalog.json").to_str().unwrap().to_string()
}

fn a_type_gives_way_to_a_wider_one(engine: &dyn Engine) {
    let shop = Shop::open(engine);
    takings(&shop, "sync_all_columns", ", cast(user_id as integer) as buyer");
    shop.build(&shop.compile(FIRST_DAY));
    takings(
        &shop,
        "sync_all_columns",
        ", cast(user_id as bigint) * cast(10000000000 as bigint) as buyer",
    );
    shop.write(
        "models/takings.yml",
        "models:\n- name: takings\n  columns:\n  - {name: occurred_at, data_type: timestamp}\n  - \
         {name: buyer, data_type: bigint}\n",
    );
    let catalog = catalog(&shop, "integer");
    let plan = shop.compile(&[SECOND_DAY, &["--catalog", &catalog]].concat());
    survive(&shop, &fs::read_to_string(&plan.of("takings", "alter")[0].file).unwrap());
    shop.build(&plan);
    let rows =
        shop.rows("select event_id, buyer from analytics.takings where event_id in (110, 120)");
    assert_eq!(rows, ["110|1", "120|20000000000"]);
}

fn a_type_that_loses_values_is_refused(engine: &dyn Engine) {
    let shop = Shop::open(engine);
    takings(&shop, "sync_all_columns", ", cast(user_id as integer) as buyer");
    shop.build(&shop.compile(FIRST_DAY));
    let before = shop.table("takings");
    takings(
        &shop,
        "sync_all_columns",
        ", cast(amount as varchar(20)) as buyer, cast(user_id as integer) as other",
    );
    let plan = shop.compile(SECOND_DAY);
    shop.build(plan.of("takings", "create"));
    let outcome = shop.run(plan.of("takings", "alter")[0]);
    assert!(!outcome.ok && outcome.stderr.contains("buyer is"), "{}", outcome.stderr);
    assert_eq!(shop.table("takings"), before);
}

fn a_changed_query_fails_where_it_must(engine: &dyn Engine) {
    let shop = Shop::open(engine);
    takings(&shop, "fail", ", cast(user_id as integer) as buyer");
    let plan = shop.compile(FIRST_DAY);
    shop.build(&plan);
    shop.build(plan.of("takings", "alter"));
    let before = shop.table("takings");
    for columns in
        ["", ", cast(user_id as integer) as buyer, 1 as one", ", cast(user_id as bigint) as buyer"]
    {
        takings(&shop, "fail", columns);
        let plan = shop.compile(SECOND_DAY);
        let outcome = shop.run(plan.of("takings", "alter")[0]);
        assert!(
            !outcome.ok && outcome.stderr.contains("on_schema_change: fail"),
            "{columns}: {}",
            outcome.stderr
        );
        assert_eq!(shop.table("takings"), before);
    }
}

/// Columns that only later runs have, and one that only the first run has.
fn later_runs_have_columns_of_their_own(engine: &dyn Engine) {
    let shop = Shop::open(engine);
    let (_, text) = types(engine);
    shop.write(
        "models/takings.sql",
        &format!(
            "{{{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='event_id', \
             on_schema_change='sync_all_columns') }}}}\n\
             {{% if is_incremental() %}}\n\
             select event_id, cast(event_type as {text}) as sort from \
             {{{{ source('raw', 'events') }}}} where event_id >= 123\n\
             {{% else %}}\n\
             select event_id, amount from {{{{ source('raw', 'events') }}}} where event_id \
             between 121 and 123\n\
             {{% endif %}}\n"
        ),
    );
    if engine.dialect() == "mariadb" {
        shop.write(
            "models/takings.yml",
            "models:\n- name: takings\n  columns:\n  - {name: sort, data_type: varchar(20)}\n",
        );
    }
    let plan = shop.compile(&["--select", "takings"]);
    let text = fs::read_to_string(&plan.steps[0].file).unwrap();
    survive(&shop, &text);
    let rows = shop.rows("select event_id, coalesce(sort, 'none') from analytics.takings");
    assert_eq!(
        rows,
        [
            "121|none",
            "121|none",
            "122|none",
            "123|none",
            "130|purchase",
            "140|purchase",
            "141|purchase"
        ]
    );
    assert!(
        shop.table("takings").iter().all(|row| row.split('|').count() == 2),
        "`amount` is gone"
    );
}

fn a_longer_text_widens_its_column(engine: &dyn Engine) {
    let config = "materialized='incremental', unique_key=['shop', 'article']";
    let shop = stocked(engine, config, "");
    build(&shop, STOCK);
    shop.sql(
        "alter table raw.shelf alter column article type varchar(20); alter table raw.shelf alter \
         column shop type text; insert into raw.shelf values ('north', 'pen of twenty feet', 1, 3);",
    );
    build(&shop, STOCK);
    build(&shop, STOCK);
    assert_eq!(shop.rows("select shop from analytics.stock where length(article) > 9"), ["north"]);
    // A view keeps the type of its column, which is an error only of a text that does not fit.
    shop.sql(
        "create view analytics.articles as select article from analytics.stock; alter table \
         raw.shelf alter column article type varchar(30);",
    );
    build(&shop, STOCK);
    shop.sql("insert into raw.shelf values ('east', 'pen of thirty feet and more', 1, 3);");
    let outcome = shop.run(&shop.compile(STOCK).steps[0]);
    assert!(!outcome.ok && outcome.stderr.contains("value too long"), "{}", outcome.stderr);
    assert_eq!(shop.table("stock").len(), 4);
}
