//! Tables and joins.

use super::*;

fn nulls(sql: &str, columns: [&str; 2]) -> [Option<NullReason>; 2] {
    analyse_days(sql, |view| {
        columns.map(|name| view.result.column(name).unwrap().null.map(|(null, _)| null))
    })
}

#[test]
fn an_outer_join_makes_the_optional_side_nullable() {
    let join = |kind: &str| {
        let on = "on p.paid_at::date = e.at::date and p.id = e.id";
        nulls(
            &format!("select e.at, p.paid_at from events as e {kind} join payments as p {on}"),
            ["at", "paid_at"],
        )
    };
    assert_eq!(join(""), [None, None]);
    assert_eq!(join("left"), [None, Some(NullReason::OuterJoin)]);
    assert_eq!(join("right"), [Some(NullReason::OuterJoin), None]);
    assert_eq!(join("full"), [Some(NullReason::LeftOfFull), Some(NullReason::RightOfFull)]);
    let coalesced = "select coalesce(e.at, p.paid_at) as at from events as e full join payments \
        as p on p.paid_at = e.at";
    assert_eq!(analyse_days(coalesced, |view| view.result.column("at").unwrap().null), None);
}

#[test]
fn two_filtered_inputs_need_a_common_window() {
    let other = || CrossWindowKind::Join { other: BTreeSet::from(["payments".to_string()]) };
    for (sql, expected) in [
        ("select at from events, payments", vec![(other(), None)]),
        ("select at from events, payments where paid_at::date = at::date", vec![]),
        ("select at from events cross join payments", vec![(other(), None)]),
        ("select at from events join payments using (user_id)", vec![(other(), None)]),
        (
            "select at from events semi join payments on payments.id = events.id",
            vec![(other(), None)],
        ),
        ("select at from events join people on people.id = events.id", vec![]),
    ] {
        assert_eq!(operations(sql), expected, "{sql}");
    }
}

#[test]
fn an_alias_of_the_joined_columns_does_not_change_the_join() {
    let join = |on: &str| {
        operations(&format!("select e.at from events as e join events as f using ({on}) as j"))
    };
    assert_eq!(join("payment_id"), []);
    assert_eq!(join("user_id").len(), 1);
}

#[test]
fn is_compares_columns_like_an_equality() {
    let joined = |on: &str| {
        let sql = format!("select e.at from events as e, payments as p on {on}");
        analyse_parsed_by(&SQLiteDialect {}, &sql, DAYS, Engine::default(), |view| {
            view.operations.len()
        })
    };
    assert_eq!(joined("p.paid_at is e.at"), 0);
    assert_eq!(joined("p.paid_at is not e.at"), 1);
    assert_eq!(joined("p.id is e.id"), 1);
}

#[test]
fn a_self_join_by_a_unique_column_meets_only_the_same_row() {
    assert_eq!(operations("select e.at from events as e join events as f using (payment_id)"), []);
    assert_eq!(
        operations("select e.at from events as e join events as f on f.payment_id = e.payment_id"),
        []
    );
    assert_eq!(
        operations("select e.at from events as e join events as f using (user_id)").len(),
        1
    );
}

#[test]
fn an_outer_join_that_keeps_an_unfiltered_input_repeats_its_rows() {
    let join = |sql: &str| operations(&format!("select p.id from {sql} on e.id = p.id"));
    assert_eq!(join("people as p left join events as e"), [(CrossWindowKind::PreservedRows, None)]);
    assert_eq!(
        join("events as e right join people as p"),
        [(CrossWindowKind::PreservedRows, None)]
    );
    assert_eq!(join("events as e full join people as p"), [(CrossWindowKind::PreservedRows, None)]);
    assert_eq!(join("events as e left join people as p"), []);
    assert_eq!(join("people as p join events as e"), []);
}

#[test]
fn an_alias_may_rename_columns() {
    let sql = "select happened from (select at, id from events) as e (happened, number)";
    assert_eq!(
        analyse_days(sql, |view| view.result.column("happened").unwrap().time),
        Time::Inside(Unit::Instant)
    );
    let pivoted = "select * from events pivot (sum(n) for kind in ('a', 'b')) as p";
    assert_eq!(
        analyse_days(pivoted, |view| view.result.column("at").unwrap().time),
        Time::Inside(Unit::Instant)
    );
    assert_eq!(operations(pivoted), []);
    let of_users =
        "select * from (select user_id, kind, n from events) pivot (sum(n) for kind in ('a'))";
    assert_eq!(operations(of_users), [(CrossWindowKind::Pivot, None)]);
}
