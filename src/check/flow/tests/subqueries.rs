//! Subqueries in clauses, clocks and random functions.

use super::*;

fn calls(sql: &str) -> Vec<(String, VolatileKind)> {
    analyse_days(sql, |view| view.calls.iter().map(|call| (call.name.clone(), call.kind)).collect())
}

#[test]
fn a_lookup_needs_the_same_window() {
    let lookup = || {
        vec![(CrossWindowKind::Lookup { other: BTreeSet::from(["payments".to_string()]) }, None)]
    };
    for (condition, expected) in [
        ("exists (select 1 from payments as p where p.id = e.id)", lookup()),
        (
            "exists (select 1 from payments as p where p.id = e.id and p.paid_at::date = \
             e.at::date)",
            vec![],
        ),
        ("not exists (select 1 from payments as p where p.paid_at = e.at)", vec![]),
        ("id in (select id from payments)", lookup()),
        ("id not in (select id from payments)", lookup()),
        ("at in (select paid_at from payments)", vec![]),
        ("at::date = any (select paid_at::date from payments)", vec![]),
        ("n > (select max(n) from payments where paid_at::date = e.at::date)", vec![]),
        ("id in (select id from people)", vec![]),
        ("id in ((select id from payments), 2)", lookup()),
        ("f(id).g((select id from payments)) = 1", lookup()),
    ] {
        assert_eq!(
            operations(&format!("select at from events as e where {condition}")),
            expected,
            "{condition}"
        );
    }
}

#[test]
fn a_clock_is_a_stamp_a_value_or_a_condition() {
    for (sql, expected) in [
        ("select at, now() as loaded_at from events", Some(("now", VolatileKind::BatchTemplate))),
        (
            "select at, cast(now() as date) as loaded_on from events",
            Some(("now", VolatileKind::BatchTemplate)),
        ),
        (
            "select at, date_trunc('day', now()) as loaded_on from events",
            Some(("now", VolatileKind::BatchTemplate)),
        ),
        (
            "select at, current_date as loaded_on from events",
            Some(("current_date", VolatileKind::BatchTemplate)),
        ),
        ("select at, now() - at as age from events", Some(("now", VolatileKind::ClockInValue))),
        ("select at from events where at < now()", Some(("now", VolatileKind::ClockInCondition))),
        (
            "select at from events as e join people as p on p.born < now()",
            Some(("now", VolatileKind::ClockInCondition)),
        ),
        ("select at, unix_timestamp(at) as n from events", None),
    ] {
        let expected: Vec<_> =
            expected.into_iter().map(|(name, kind)| (name.to_string(), kind)).collect();
        assert_eq!(calls(sql), expected, "{sql}");
    }
}

#[test]
fn random_functions_are_found_in_every_clause() {
    let chance = |name: &str| vec![(name.to_string(), VolatileKind::Random)];
    assert_eq!(calls("select at, uuid() as id from events"), chance("uuid"));
    assert_eq!(calls("select at from events where random() < 0.1"), chance("random"));
    assert_eq!(
        calls("with e as (select at, rand() as r from events) select at from e"),
        chance("rand")
    );
    assert_eq!(calls("with e as (select at, rand() as r from events) select at from events"), []);
}
