//! dbt's macros, rendered for every engine.

use crate::jinja::tests::{scope, settings};
use crate::jinja::*;

const ENGINES: &[&[&str]] = &[
    &["duckdb"],
    &["postgres"],
    &["redshift", "postgres"],
    &["snowflake"],
    &["bigquery"],
    &["databricks", "spark"],
    &["spark"],
    &["trino"],
    &["athena", "trino"],
    &["clickhouse"],
    &["sqlserver"],
    &["fabric", "sqlserver"],
];

const CALLS: &[&str] = &[
    "type_string()",
    "type_timestamp()",
    "type_int()",
    "type_bigint()",
    "type_float()",
    "type_numeric()",
    "type_boolean()",
    "current_timestamp()",
    "current_timestamp_backcompat()",
    "current_timestamp_in_utc_backcompat()",
    "date(2024, 2, 29)",
    "date_trunc('month', 'at')",
    "dateadd('day', 3, 'at')",
    "dateadd('quarter', 'n', 'at')",
    "datediff('a', 'b', 'day')",
    "datediff('a', 'b', 'week')",
    "datediff('a', 'b', 'quarter')",
    "datediff('a', 'b', 'second')",
    "last_day('at', 'quarter')",
    "concat(['a', 'b'])",
    "hash('a')",
    "length('a')",
    "position(\"'x'\", 'a')",
    "replace('a', \"'x'\", \"'y'\")",
    "right('a', 2)",
    "split_part('a', \"'|'\", 1)",
    "split_part('a', \"'|'\", -1)",
    "string_literal(dbt.escape_single_quotes(\"it's\"))",
    "cast('a', dbt.type_string())",
    "safe_cast('a', dbt.type_int())",
    "cast_bool_to_text('a')",
    "equals('a', 'b')",
    "except()",
    "intersect()",
    "any_value('a')",
    "bool_or('a')",
    "array_construct([1, 2])",
    "array_append('a', 3)",
    "array_concat('a', 'b')",
    "listagg('a', \"','\", 'order by b', 3)",
    "listagg('a')",
    "generate_series(5)",
    "date_spine('day', \"cast('2024-01-01' as date)\", \"cast('2024-02-01' as date)\")",
    "dates_in_range('20240228', '20240301')",
];

fn render(engine: &[&str], call: &str) -> String {
    let jinja = Jinja::new(settings(engine, Vec::new())).unwrap();
    match jinja.render(&SourceFile::new("m.sql", format!("{{{{ dbt.{call} }}}}")), &scope()) {
        Ok(rendered) => rendered.text.split_whitespace().collect::<Vec<_>>().join(" "),
        Err(error) => panic!("{} {call}: {}", engine[0], crate::diagnostics::print(&error, false)),
    }
}

#[test]
fn every_engine_has_every_macro() {
    for engine in ENGINES {
        for call in CALLS {
            assert!(!render(engine, call).is_empty(), "{} {call}", engine[0]);
        }
    }
}

#[test]
fn engines_have_their_own_syntax() {
    for (engine, call, expected) in [
        ("duckdb", "dateadd('week', 2, 'at')", "(at + (cast(2 as bigint) * 7) * interval 1 day)"),
        ("duckdb", "datediff('a', 'b', 'day')", "(date_diff('day', a::timestamp, b::timestamp ))"),
        ("postgres", "dateadd('day', 3, 'at')", "at + ((interval '1 day') * (3))"),
        (
            "postgres",
            "datediff('a', 'b', 'month')",
            "( (date_part('year', (b)::date) - date_part('year', (a)::date)) * 12 + \
             date_part('month', (b)::date) - date_part('month', (a)::date))",
        ),
        ("bigquery", "date_trunc('day', 'at')", "timestamp_trunc( cast(at as timestamp), day )"),
        ("bigquery", "hash('a')", "to_hex(md5(cast(a as string)))"),
        ("snowflake", "safe_cast('a', 'int')", "try_cast(a as int)"),
        ("databricks", "dateadd('day', 3, 'at')", "timestampadd(day, 3, at)"),
        ("spark", "type_numeric()", "decimal(28,6)"),
        ("spark", "type_string()", "string"),
        ("trino", "type_string()", "varchar"),
        ("sqlserver", "dateadd('day', 3, 'at')", "dateadd( day, 3, cast(at as datetime2(6)) )"),
        (
            "duckdb",
            "dates_in_range('20240228', '20240301')",
            "['20240228', '20240229', '20240301']",
        ),
    ] {
        assert_eq!(render(&[engine], call), expected, "{engine} {call}");
    }
}
