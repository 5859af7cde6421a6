//! Conditions that tie the windows of two joined inputs.

use super::*;

fn is_tied(on: &str, engine: Engine) -> bool {
    analyse_in(
        &format!("select e.at from events as e join payments as p on {on}"),
        DAYS,
        engine,
        |view| view.operations.is_empty(),
    )
}

#[test]
fn equal_times_tie_two_inputs_if_they_have_the_day() {
    for (on, expected) in [
        ("p.paid_at = e.at", true),
        ("(p.id, p.paid_at::date) = (e.id, e.at::date)", true),
        ("p.paid_at::date <=> e.at::date", true),
        ("date_trunc('hour', p.paid_at) = date_trunc('hour', e.at)", true),
        ("date_trunc('week', p.paid_at) = date_trunc('week', e.at)", false),
        ("p.paid_at::date = e.at::date + 1", false),
        ("p.paid_at::date + 1 = e.at::date + 1", true),
        ("p.paid_at::date = e.at::date or p.id = e.id", false),
        ("p.paid_at <> e.at", false),
        ("p.paid_at::varchar = e.at::varchar", true),
        ("year(p.paid_at) = year(e.at)", false),
        (
            "date_trunc('month', p.paid_at) = date_trunc('month', e.at) and day(p.paid_at) = \
             day(e.at)",
            true,
        ),
    ] {
        assert_eq!(is_tied(on, Engine::default()), expected, "{on}");
    }
}

#[test]
fn bounds_tie_two_inputs_if_they_are_those_of_a_day() {
    let day = "date_trunc('day', e.at)";
    for (on, expected) in [
        (format!("p.paid_at >= {day} and p.paid_at < {day} + interval '1 day'"), true),
        (format!("{day} <= p.paid_at and {day} + interval '1 day' > p.paid_at"), true),
        (format!("p.paid_at between {day} and {day} + interval '23 hours'"), true),
        (format!("p.paid_at between {day} and {day} + interval '1 day'"), false),
        (format!("p.paid_at >= {day} and p.paid_at < {day} + interval '2 days'"), false),
        (
            format!(
                "p.paid_at >= {day} - interval '1 hour' and p.paid_at < {day} + interval '1 day'"
            ),
            false,
        ),
        (format!("p.paid_at >= {day}"), false),
        ("p.paid_at < e.at".to_string(), false),
        ("p.paid_at >= e.at and p.paid_at < e.at + interval '1 hour'".to_string(), false),
    ] {
        assert_eq!(is_tied(&on, Engine::default()), expected, "{on}");
    }
}

#[test]
fn a_difference_of_zero_ties_two_inputs_if_it_counts_edges() {
    let elapsed = Engine { elapsed: true, ..Engine::default() };
    for (on, by_edges, by_elapsed) in [
        ("date_diff('day', e.at, p.paid_at) = 0", true, false),
        ("0 = date_diff('hour', e.at, p.paid_at)", true, false),
        ("date_diff('week', e.at, p.paid_at) = 0", false, false),
        ("date_diff('day', e.at, p.paid_at) = 1", false, false),
        ("date_diff('day', e.at::date, p.paid_at::date) = 0", true, true),
    ] {
        assert_eq!(
            (is_tied(on, Engine::default()), is_tied(on, elapsed)),
            (by_edges, by_elapsed),
            "{on}"
        );
    }
}
