//! Syntax that has its own node in the parser's tree: tables outside of `from`, and what is around
//! a table's name.

use super::*;
use crate::inject::unfinished;

#[test]
fn a_table_after_in_is_filtered_or_reported() {
    for (sql, expected) in [
        (
            "select id from ⟦raw.a⟧ where id in ⟦raw.b⟧",
            "select id from ‹raw.a|a› where id in ‹raw.b›",
        ),
        (
            "select id in ⟦raw.b⟧ as known from ⟦raw.a⟧ x where id not in ⟦raw.c⟧",
            "select id in ‹raw.b› as known from ‹raw.a› x where id not in ‹raw.c›",
        ),
        (
            "select id from ⟦raw.a⟧ where id in other_ids",
            "select id from ‹raw.a|a› where id in other_ids",
        ),
    ] {
        gives("sqlite", sql, expected);
    }
    for (sql, expected) in [
        (
            "select id from ⟦raw.a⟧ x where id in src.orders",
            "select id from ‹raw.a› x where id in ‹src.orders›",
        ),
        (
            "with orders as (select 1) select id from ⟦raw.a⟧ x where id in orders",
            "with orders as (select 1) select id from ‹raw.a› x where id in orders",
        ),
    ] {
        gives("sqlite", sql, expected);
    }
    // No other engine has this syntax, so the query is not parsed.
    let (text, query) = ask("postgres", "select id from ⟦raw.a⟧ x where id in ⟦raw.b⟧");
    let query = query.unwrap();
    assert_eq!(shown(&text, &query), "select id from ‹raw.a› x where id in raw.b");
    let messages: Vec<&str> = query.warnings.iter().map(|each| each.message.as_str()).collect();
    assert!(messages[0].starts_with("this query cannot be parsed"), "{messages:?}");
    assert!(messages[1].starts_with("a filter cannot be inserted at `raw.b`"), "{messages:?}");
}

#[test]
fn words_that_include_or_exclude_child_tables_move_into_the_filter() {
    for (sql, expected) in [
        ("select * from only (⟦raw.a⟧) x", "select * from ‹only (raw.a)› x"),
        ("select * from only ( ⟦raw.a⟧ )", "select * from ‹only ( raw.a )|a›"),
        ("select * from ⟦raw.a⟧ *", "select * from ‹raw.a *|a›"),
        ("select x.id from ⟦raw.a⟧ * as x", "select x.id from ‹raw.a *› as x"),
        (
            "select 1 from ⟦raw.b⟧ b, only ⟦raw.a⟧ as x where x.id = b.id",
            "select 1 from ‹raw.b› b, ‹only raw.a› as x where x.id = b.id",
        ),
        (
            "select 1 from ⟦raw.b⟧ b left join only (⟦raw.a⟧) as x on x.id = b.id",
            "select 1 from ‹raw.b› b left join ‹only (raw.a)› as x on x.id = b.id",
        ),
        ("select * from only src.orders o", "select * from ‹only src.orders› o"),
    ] {
        gives("postgres", sql, expected);
    }
}

#[test]
fn the_choice_of_an_index_moves_into_the_filter() {
    for (sql, expected) in [
        (
            "select * from ⟦a⟧ as x indexed by by_day where x.id = 1",
            "select * from ‹a  indexed by by_day|x› where x.id = 1",
        ),
        ("select * from ⟦a⟧ not indexed", "select * from ‹a not indexed|a›"),
        ("select * from (⟦a⟧) as x", "select * from (‹a›) as x"),
    ] {
        gives("sqlite", sql, expected);
    }
}

#[test]
fn a_constraint_of_a_comma_is_that_of_a_join() {
    gives(
        "sqlite",
        "select x.id from ⟦a⟧ as x, ⟦b⟧ as y on x.id = y.id join ⟦c⟧ using (id)",
        "select x.id from ‹a› as x, ‹b› as y on x.id = y.id join ‹c|c› using (id)",
    );
}

#[test]
fn the_alias_of_joined_columns_hides_the_columns_of_the_result() {
    let columns = |sql: &str| ask("postgres", sql).1.unwrap().columns;
    let join = "from ⟦raw.events⟧ x join ⟦raw.events⟧ y using (id) as u";
    assert_eq!(columns(&format!("select * {join}")), None);
    assert_eq!(columns(&format!("select u.* {join}")), None);
    assert_eq!(
        columns(&format!("select u.id {join}")),
        Some(vec![ResultColumn::named("id", false)])
    );
}

#[test]
fn a_list_that_begins_with_a_query_keeps_its_tables() {
    gives(
        "postgres",
        "select id from ⟦raw.a⟧ where id in ((select max(id) from ⟦raw.b⟧), 2)",
        "select id from ‹raw.a|a› where id in ((select max(id) from ‹raw.b|b›), 2)",
    );
}

#[test]
fn global_in_and_elements_of_tuples() {
    gives(
        "clickhouse",
        "select t.1 as first from ⟦raw.a⟧ where id global not in (select id from ⟦raw.b⟧)",
        "select t.1 as first from ‹raw.a|a› where id global not in (select id from ‹raw.b|b›)",
    );
}

#[test]
fn a_method_call_keeps_the_tables_of_its_arguments() {
    gives(
        "snowflake",
        "select f(id).g((select max(id) from ⟦raw.b⟧)) as x from ⟦raw.a⟧",
        "select f(id).g((select max(id) from ‹raw.b|b›)) as x from ‹raw.a|a›",
    );
}

#[test]
fn a_cast_without_a_type_has_no_type() {
    let within = |_: &Filter| String::new();
    let injection = Injection {
        sql: "select cast(a as) as a from t",
        marks: &[],
        inputs: &[],
        columns: &|_| None,
        within: &within,
        hidden: &[],
        types: true,
    };
    let columns = filters(&injection, &*parser("sqlite")).unwrap().columns;
    assert_eq!(columns, Some(vec![ResultColumn::named("a", false)]));
}

#[test]
fn an_unterminated_comment_is_rejected_in_every_dialect() {
    for engine in ["sqlite", "generic", "postgres", "duckdb", "clickhouse"] {
        for sql in ["select id from ⟦raw.a⟧ /* day", "select id from ⟦raw.a⟧ /*/"] {
            rejects(engine, sql, "a comment is not closed");
        }
        let open = unfinished("select 1;\nselect 2 /* one", &*parser(engine)).unwrap();
        assert_eq!((open.what.as_str(), open.line), ("a comment", 2), "{engine}");
    }
}

#[test]
fn a_comment_of_one_line_hides_tables() {
    gives(
        "clickhouse",
        "select id from ⟦raw.a⟧ # from ⟦raw.b⟧\nwhere id > 0",
        "select id from ‹raw.a|a› # from raw.b\nwhere id > 0",
    );
}

#[test]
fn the_input_of_copy_is_reported() {
    for sql in ["copy t from stdin;\n1\ta\n2\tb\n\\.\nselect 1;", "copy t from stdin;\n1\ta"] {
        for engine in ["postgres", "generic"] {
            let open = unfinished(sql, &*parser(engine)).unwrap();
            assert_eq!(open.what, "the input of `copy … from stdin`", "{engine}");
        }
    }
}
