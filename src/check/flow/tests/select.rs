//! Groups, `distinct` and aggregates.

use super::*;

fn groups(keys: &[&str]) -> Vec<(CrossWindowKind, Option<String>)> {
    vec![(CrossWindowKind::Groups { keys: keys.iter().map(ToString::to_string).collect() }, None)]
}

#[test]
fn groups_must_be_within_one_window() {
    for (sql, expected) in [
        ("select at::date as day, count(*) from events group by 1", vec![]),
        ("select user_id, count(*) from events group by 1", groups(&["user_id"])),
        ("select at::date as day, count(*) from events group by day", vec![]),
        ("select count(*) from events group by user_id, kind", groups(&["user_id", "kind"])),
        ("select count(*) from events group by all", groups(&["all"])),
        ("select at::date as day, count(*) from events group by all", vec![]),
        ("select count(*) from events", groups(&[])),
        ("select user_id from events having count(*) > 1", groups(&[])),
        ("select count(*) from people group by born", vec![]),
    ] {
        assert_eq!(operations(sql), expected, "{sql}");
    }
}

#[test]
fn every_grouping_set_must_have_the_day() {
    for (keys, crosses) in [
        ("grouping sets ((at::date, user_id), (at::date))", false),
        ("grouping sets ((at::date), (user_id))", true),
        ("grouping sets ((at::date), ())", true),
        ("rollup (at::date)", true),
        ("cube (at::date, user_id)", true),
        ("at::date, rollup (user_id)", false),
    ] {
        let sql = format!("select count(*) from events group by {keys}");
        assert_eq!(operations(&sql).len(), usize::from(crosses), "{keys}");
    }
}

#[test]
fn distinct_rows_must_have_the_day() {
    let on = CrossWindowKind::OneRowPerKey { keys: vec!["user_id".to_string()] };
    for (sql, expected) in [
        ("select distinct user_id from events", vec![(CrossWindowKind::Distinct, None)]),
        ("select distinct user_id, at from events", vec![]),
        ("select distinct user_id, at::date from events", vec![]),
        (
            "select distinct date_trunc('month', at) from events",
            vec![(CrossWindowKind::Distinct, None)],
        ),
        ("select distinct * from events", vec![]),
        ("select distinct on (user_id) user_id, at from events", vec![(on, None)]),
        ("select distinct on (user_id, at::date) user_id, at from events", vec![]),
        ("select distinct id from people", vec![]),
    ] {
        assert_eq!(operations(sql), expected, "{sql}");
    }
}

#[test]
fn a_group_that_crosses_windows_is_reported_once() {
    let sql = "select distinct n, sum(n) over () from (select user_id, count(*) as n from events \
        group by user_id) limit 5";
    assert_eq!(operations(sql), groups(&["user_id"]));
}

#[test]
fn first_and_last_event_times_are_bounds() {
    assert_eq!(
        operations("select min(at), max(at) from events"),
        [(CrossWindowKind::Bounds { of_whole: false }, None)]
    );
    assert_eq!(operations("select min(at), count(*) from events"), groups(&[]));
    let joined = "select p.id from people as p cross join (select min(at) as low from events) as \
        b where p.born >= b.low";
    assert_eq!(operations(joined), [(CrossWindowKind::Bounds { of_whole: true }, None)]);
}
