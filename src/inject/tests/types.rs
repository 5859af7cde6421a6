//! The types that casts give to the columns of a result.

use super::super::{Injection, filters, parser};

/// The columns of a query with their types, `name type`.
fn typed(engine: &str, sql: &str) -> Vec<String> {
    let within = |_: &super::super::Filter| String::new();
    let ask = Injection {
        sql,
        marks: &[],
        inputs: &[],
        columns: &|_| None,
        within: &within,
        hidden: &[],
        types: true,
    };
    let query = filters(&ask, &*parser(engine)).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    let columns = query.columns.unwrap_or_else(|| panic!("{sql}: its columns are shown"));
    columns
        .into_iter()
        .map(|column| {
            format!("{} {}", column.name, column.data_type.unwrap_or_default())
                .trim_end()
                .to_string()
        })
        .collect()
}

#[test]
fn a_cast_determines_the_type() {
    assert_eq!(
        typed(
            "postgres",
            "select a, cast(b as Numeric(10, 2)) as b, (c::text) as c, d + 1 as d from t"
        ),
        ["a", "b Numeric(10, 2)", "c text", "d"]
    );
    assert_eq!(
        typed("clickhouse", "select cast(a as LowCardinality(String)) as a from t"),
        ["a LowCardinality(String)"]
    );
    assert_eq!(
        typed(
            "bigquery",
            "select safe_cast(a as int64) as a, cast(b as string format 'x') as b from t"
        ),
        ["a int64", "b"]
    );
    assert_eq!(
        typed("duckdb", "select cast(a as double   precision) as a from t"),
        ["a double   precision"]
    );
}

#[test]
fn a_type_follows_its_column() {
    let ctes = "with one as (select cast(a as date) as a, b from t), two as (select x.a as day, \
        x.b, a as again from one as x)";
    assert_eq!(
        typed("duckdb", &format!("{ctes} select * from two")),
        ["day date", "b", "again date"]
    );
    assert_eq!(
        typed("duckdb", &format!("{ctes} select * rename (day as at) from two")),
        ["at date", "b", "again date"]
    );
    assert_eq!(
        typed("duckdb", &format!("{ctes} select * replace (1 as day) from two")),
        ["day", "b", "again date"]
    );
    assert_eq!(
        typed(
            "postgres",
            &format!("{ctes} select a from (select day, b, again from two) as u (a, b, c)")
        ),
        ["a date"]
    );
}

#[test]
fn parts_of_a_union_must_agree() {
    let union = |one: &str, other: &str| {
        typed(
            "duckdb",
            &format!(
                "select cast(a as {one}) as a from t union all select cast(a as {other}) from t"
            ),
        )
    };
    assert_eq!(
        typed(
            "duckdb",
            "select cast(a as date) as a from t union all select cast(b as date) as b from t"
        ),
        ["a date"]
    );
    assert_eq!(union("date", "timestamp"), ["a"]);
}
