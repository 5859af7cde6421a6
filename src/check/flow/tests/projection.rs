//! The columns of a projection.

use super::*;

fn column(sql: &str, name: &str) -> Option<Time> {
    analyse_days(sql, |view| view.result.column(name).map(|value| value.time))
}

#[test]
fn a_star_has_the_columns_of_its_tables() {
    const INSIDE: Option<Time> = Some(Time::Inside(Unit::Instant));
    for (sql, name, expected) in [
        ("select * from events", "at", INSIDE),
        ("select e.* from events as e join people as p on p.id = e.id", "at", INSIDE),
        (
            "select p.* from events as e join people as p on p.id = e.id",
            "at",
            Some(Time::Unfiltered),
        ),
        ("select * exclude (at) from events", "at", None),
        ("select * exclude (user_id) from events", "at", INSIDE),
        ("select * replace (now() as at) from events", "at", Some(Time::Clock)),
        ("select * replace (at::date as at) from events", "at", Some(Time::Inside(Unit::Day))),
        ("select * rename (at as happened) from events", "happened", INSIDE),
        ("select * rename (at as happened) from events", "at", None),
        ("from events", "at", INSIDE),
    ] {
        assert_eq!(column(sql, name), expected, "{name} of {sql}");
    }
}

#[test]
fn columns_have_the_names_of_their_aliases() {
    let sql = "select at, e.at::date as day, day as again, user_id + 1 from events as e";
    assert_eq!(column(sql, "AT"), Some(Time::Inside(Unit::Instant)));
    assert_eq!(column(sql, "day"), Some(Time::Inside(Unit::Day)));
    assert_eq!(column(sql, "again"), Some(Time::Inside(Unit::Day)));
    assert_eq!(column(sql, "user_id"), None);
    assert_eq!(analyse_days(sql, |view| view.result.names()), ["at", "day", "again"]);
}
