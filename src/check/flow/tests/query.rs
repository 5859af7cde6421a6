//! CTEs, set operations and limits.

use super::*;

fn kinds(sql: &str) -> Vec<CrossWindowKind> {
    operations(sql).into_iter().map(|(how, _)| how).collect()
}

#[test]
fn a_limit_counts_unless_it_is_zero_or_null() {
    for (clause, expected) in [
        ("limit 10", vec![CrossWindowKind::Limit]),
        ("limit 10 offset 5", vec![CrossWindowKind::Limit]),
        ("fetch first 3 rows only", vec![CrossWindowKind::Limit]),
        ("limit 0", vec![]),
        ("limit null", vec![]),
        ("order by at", vec![]),
    ] {
        assert_eq!(kinds(&format!("select at from events {clause}")), expected, "{clause}");
    }
    assert_eq!(kinds("select id from people limit 10"), []);
    assert_eq!(
        kinds("select at from (select at from events limit 3) limit 3"),
        [CrossWindowKind::Limit],
        "rows that are limited already"
    );
}

#[test]
fn set_operations_compare_rows_of_several_windows_unless_they_have_the_day() {
    for (sql, expected) in [
        ("select user_id from events union all select user_id from payments", vec![]),
        (
            "select user_id from events except select user_id from payments",
            vec![CrossWindowKind::SetOperation],
        ),
        (
            "select user_id from events intersect select user_id from payments",
            vec![CrossWindowKind::SetOperation],
        ),
        ("select at::date from events except select paid_at::date from payments", vec![]),
        (
            "select at::date from events except select id from payments",
            vec![CrossWindowKind::SetOperation],
        ),
        ("select id from people union select id from people", vec![]),
    ] {
        assert_eq!(kinds(sql), expected, "{sql}");
    }
}

#[test]
fn a_union_has_the_values_of_both_sides() {
    let time = |sql: &str| analyse_days(sql, |view| view.result.column("at").unwrap().time);
    assert_eq!(
        time("select at from events union all select paid_at from payments"),
        Time::Inside(Unit::Instant)
    );
    assert_eq!(
        time("select at from events union all select paid_at::date from payments"),
        Time::Inside(Unit::Day)
    );
    assert_eq!(
        time("select at from events union all select id from payments"),
        Time::Outside(OutsideReason::Mixed)
    );
    assert_eq!(
        time("select at from events union all select now()"),
        Time::Outside(OutsideReason::Mixed)
    );
    assert_eq!(
        time("select at, id from events union all by name select id, paid_at as at from payments"),
        Time::Inside(Unit::Instant)
    );
}

#[test]
fn a_cte_counts_where_it_is_read() {
    let cte = "with per_user as (select user_id, count(*) as n from events group by user_id)";
    let groups = CrossWindowKind::Groups { keys: vec!["user_id".to_string()] };
    assert_eq!(kinds(&format!("{cte} select at from events")), []);
    assert_eq!(kinds(&format!("{cte} select n from per_user")), std::slice::from_ref(&groups));
    assert_eq!(
        kinds(&format!("{cte} select a.n from per_user as a join per_user as b using (user_id)")),
        [groups]
    );
}

#[test]
fn a_cte_may_rename_its_columns() {
    let sql =
        "with e (happened, number) as (select at, id from events) select happened as at from e";
    assert_eq!(
        analyse_days(sql, |view| view.result.column("at").unwrap().time),
        Time::Inside(Unit::Instant)
    );
}
