//! Name resolution: CTEs, tables and outer queries.

use super::*;

fn time(sql: &str) -> Time {
    analyse_days(sql, |view| view.result.column("at").unwrap().time)
}

#[test]
fn the_nearest_cte_of_a_name_is_read() {
    const INSIDE: Time = Time::Inside(Unit::Instant);
    for (sql, expected) in [
        ("with e as (select at from events) select at from e", INSIDE),
        ("with E as (select at from events) select at from e", INSIDE),
        (
            "with e as (select at from events), f as (with e as (select born as at from people) \
             select at from e) select at from f",
            Time::Unfiltered,
        ),
        (
            "with e as (select born as at from people), f as (select at from e) select at from f",
            Time::Unfiltered,
        ),
        (
            "with e as (select at from events) select at from (with e as (select now() as at) \
             select at from e) as f",
            Time::Clock,
        ),
        ("with e as (select at from events) select e.at from other.e as e", Time::Unknown),
    ] {
        assert_eq!(time(sql), expected, "{sql}");
    }
}

#[test]
fn an_alias_hides_the_name_of_its_table() {
    assert_eq!(time("select e.at from events as e"), Time::Inside(Unit::Instant));
    assert_eq!(time("select events.at from events as e"), Time::Unknown);
    assert_eq!(time("select EVENTS.at from events"), Time::Inside(Unit::Instant));
}

#[test]
fn a_lateral_subquery_sees_the_tables_before_it() {
    assert_eq!(
        time("select f.at from events as e cross join lateral (select e.at) as f"),
        Time::Inside(Unit::Instant)
    );
    assert_eq!(
        time("select f.at from events as e cross join lateral (select e.at::date as at) as f"),
        Time::Inside(Unit::Day)
    );
}

#[test]
fn a_condition_on_the_optional_side_removes_its_nulls() {
    let null = |condition: &str| {
        let join =
            "select p.paid_at as at from events as e left join payments as p on p.paid_at = e.at";
        analyse_days(&format!("{join} {condition}"), |view| {
            view.result.column("at").unwrap().null.is_some()
        })
    };
    assert!(null(""));
    assert!(!null("where p.paid_at is not null"));
    assert!(!null("where p.id > 5"));
    assert!(!null("where p.paid_at between '2024-01-01' and '2025-01-01'"));
    assert!(null("where e.id > 5"));
    assert!(null("where p.paid_at is not null or e.id > 5"));
}
