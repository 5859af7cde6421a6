//! Window functions.

use super::*;

fn windows(sql: &str) -> Vec<(CrossWindowKind, usize)> {
    analyse_days(sql, |view| {
        view.operations.iter().map(|crossing| (crossing.kind.clone(), crossing.more)).collect()
    })
}

fn window(function: &str, keys: &[&str]) -> CrossWindowKind {
    CrossWindowKind::Window {
        function: function.to_string(),
        keys: keys.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn partitions_must_be_within_one_window() {
    for (over, expected) in [
        ("()", Some(window("sum", &[]))),
        ("(order by at)", Some(window("sum", &[]))),
        ("(partition by user_id order by at)", Some(window("sum", &["user_id"]))),
        ("(partition by user_id, at::date)", None),
        ("(partition by payment_id)", None),
        ("(partition by shop, receipt)", None),
        ("(partition by shop)", Some(window("sum", &["shop"]))),
    ] {
        let expected: Vec<_> = expected.into_iter().map(|how| (how, 0)).collect();
        assert_eq!(
            windows(&format!("select at, sum(n) over {over} as n from events")),
            expected,
            "{over}"
        );
    }
}

#[test]
fn named_windows_are_resolved() {
    let sql = |clause: &str, over: &str| {
        format!("select at, sum(n) over {over} as n from events window {clause}")
    };
    assert_eq!(windows(&sql("w as (partition by at::date)", "w")), []);
    assert_eq!(
        windows(&sql("w as (partition by user_id)", "w")),
        [(window("sum", &["user_id"]), 0)]
    );
    assert_eq!(windows(&sql("w as (partition by at::date)", "(w order by at)")), []);
    assert_eq!(
        windows(&sql("w as (partition by at::date)", "unknown")),
        [],
        "an undeclared window is not judged"
    );
}

#[test]
fn functions_with_the_same_partitions_are_one_finding() {
    let sql = "select at, sum(n) over (partition by user_id) as a, lag(n) over (partition by \
        user_id order by at) as b, \
               row_number() over (partition by user_id order by at) as c from events";
    let numbered = CrossWindowKind::Ranked {
        function: "row_number".to_string(),
        keys: vec!["user_id".to_string()],
    };
    assert_eq!(windows(sql), [(window("sum", &["user_id"]), 1), (numbered, 0)]);
}

#[test]
fn qualify_is_a_window_function_too() {
    let sql = "select at from events qualify rank() over (partition by user_id order by at) = 1";
    assert_eq!(
        windows(sql),
        [(
            CrossWindowKind::Ranked {
                function: "rank".to_string(),
                keys: vec!["user_id".to_string()]
            },
            0
        )]
    );
    assert_eq!(
        windows("select id from people qualify rank() over (order by born) = 1"),
        [],
        "the same rows in every batch"
    );
}
