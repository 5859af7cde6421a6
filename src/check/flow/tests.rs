//! Analyses of small queries: keys, event times, joins, and operations across windows.

mod arithmetic;
mod call;
mod expr;
mod from;
mod join_conditions;
mod names;
mod projection;
mod query;
mod scope;
mod select;
mod subqueries;
mod times;
mod value;
mod visit;
mod window_functions;

use chrono_tz::Tz;
use sqlparser::dialect::{Dialect as Parser, DuckDbDialect, SQLiteDialect};

use super::unit::Unit;
use super::*;
use crate::calendar::Grain;
use crate::inject::{self, ResultColumn};
use crate::jinja::{Mark, MarkKind};

/// Analyses a query over `events`, `payments` and `people`; the first two are filtered by `at` and
/// `paid_at`.
fn analyse_in<T>(
    sql: &str,
    windows: BatchWindows,
    engine: Engine,
    then: impl Fn(&Dataflow) -> T,
) -> T {
    analyse_parsed_by(&DuckDbDialect {}, sql, windows, engine, then)
}

fn analyse_parsed_by<T>(
    parser: &dyn Parser,
    sql: &str,
    windows: BatchWindows,
    engine: Engine,
    then: impl Fn(&Dataflow) -> T,
) -> T {
    let names = [("events", Some("at")), ("payments", Some("paid_at")), ("people", None)];
    let mut marks: Vec<Mark> = Vec::new();
    for (name, _) in names {
        marks.extend(sql.match_indices(name).map(|(at, _)| Mark {
            span: at..at + name.len(),
            kind: MarkKind::Input(name.to_string()),
        }));
    }
    marks.sort_by_key(|mark| mark.span.start);
    let input = |(name, time): (&str, Option<&str>)| inject::Input {
        unique_id: name.to_string(),
        filtered: time.is_some(),
        time: time.map(|time| inject::InputTime {
            column: ResultColumn::named(time, false),
            literals: None,
        }),
        plain_names: Vec::new(),
        is_cte: false,
        referred: vec![name.to_string()],
        declared: Vec::new(),
    };
    let inputs = names.map(input);
    let input_info = |id: &str| FlowInput {
        unique_id: id.to_string(),
        event_time: names
            .iter()
            .find(|(name, _)| *name == id)
            .and_then(|(_, time)| time.map(str::to_string)),
        unique: BTreeSet::from(["payment_id".to_string()]),
        unique_or_null: BTreeSet::from(["invoice_id".to_string()]),
        unique_in_part: BTreeSet::new(),
        window_keys: WindowKeys::new(),
        key: vec!["shop".to_string(), "receipt".to_string()],
        dates: BTreeSet::new(),
        kind: TimeKind::Unknown,
    };
    let view = inject::with_query_view(sql, &marks, &inputs, parser, |view| {
        then(&analyse(view, &input_info, windows, engine))
    });
    view.unwrap_or_else(|| panic!("{sql} is not parsed"))
}

const DAYS: BatchWindows = BatchWindows { grain: Grain::Day, timezone: Tz::UTC };

fn analyse_days<T>(sql: &str, then: impl Fn(&Dataflow) -> T) -> T {
    analyse_in(sql, DAYS, Engine::default(), then)
}

/// The operations of a query, each with the key that may determine the window.
fn operations(sql: &str) -> Vec<(CrossWindowKind, Option<String>)> {
    analyse_days(sql, |view| {
        view.operations
            .iter()
            .map(|operation| (operation.kind.clone(), operation.possible_key.clone()))
            .collect()
    })
}

#[derive(Debug, PartialEq)]
enum Key {
    Determines,
    Possible,
    Not,
}
use Key::{Determines, Not, Possible};

/// Whether groups by a key are in one window.
fn key_in(expr: &str, windows: BatchWindows, engine: Engine) -> Key {
    let sql = format!("select min(at) as at, count(*) as n from events group by {expr}");
    analyse_in(&sql, windows, engine, |view| match view.operations.as_slice() {
        [] => Determines,
        [CrossWindowOp { possible_key: Some(_), .. }] => Possible,
        _ => Not,
    })
}

fn assert_keys(keys: &[(&str, Key)]) {
    for (expr, expected) in keys {
        assert_eq!(key_in(expr, DAYS, Engine::default()), *expected, "{expr}");
    }
}

fn event_time(expr: &str) -> Time {
    event_time_in(expr, DAYS)
}

fn event_time_in(expr: &str, windows: BatchWindows) -> Time {
    value_in(expr, windows).time
}

fn value(expr: &str) -> Value {
    value_in(expr, DAYS)
}

/// The value of an expression over `events`.
fn value_in(expr: &str, windows: BatchWindows) -> Value {
    let sql = format!("select {expr} as at from events");
    analyse_in(&sql, windows, Engine::default(), |view| {
        view.result.column("at").expect("the query selects it")
    })
}

#[test]
fn parts_of_a_time_determine_the_day_together() {
    assert_keys(&[
        ("extract(hour from at)", Not),
        ("year(at), month(at)", Not),
        ("year(at), month(at), day(at)", Determines),
        ("hour(at::date)", Not),
        ("date_part('week', at)", Not),
        ("strftime(at, '%H')", Not),
        ("strftime(at, '%Y-%j')", Determines),
        ("my_function(at)", Possible),
        ("my_function(hour(at))", Not),
    ]);
}

#[test]
fn a_column_whose_nulls_may_be_repeated_is_a_possible_key() {
    assert_keys(&[("payment_id", Determines), ("invoice_id", Possible), ("user_id", Not)]);
    let join = "select e.at from events as e join events as o on o.invoice_id = e.invoice_id";
    assert_eq!(operations(join), [], "a null joins nothing");
}

#[test]
fn arithmetic_preserves_distinct_numbers() {
    assert_keys(&[
        ("year(at) * 10000 + month(at) * 100 + day(at)", Determines),
        ("year(at) + month(at) + day(at)", Not),
        ("epoch(at) // 86400", Determines),
        ("epoch(at) // 604800", Not),
        ("epoch(at) % 86400", Not),
        ("at > '2024-09-01'", Not),
        ("at::date - 1", Determines),
        ("(at - interval '4 hours')::date", Not),
        ("year(at) || month(at) || day(at)", Not),
        ("year(at) || '-' || month(at) || '-' || day(at)", Determines),
    ]);
}

#[test]
fn text_of_a_time_determines_its_prefix() {
    assert_keys(&[
        ("at::varchar", Determines),
        ("left(at::varchar, 10)", Determines),
        ("left(at::varchar, 7)", Not),
        ("right(at::varchar, 8)", Not),
        ("substring(cast(at as varchar) from 1 for 10)", Determines),
        ("md5(user_id || at::date::varchar)", Determines),
        ("md5(user_id)", Not),
        ("(user_id, at::date)", Determines),
    ]);
}

#[test]
fn buckets_may_start_at_midnight() {
    assert_keys(&[
        ("time_bucket(interval '6 hours', at)", Determines),
        ("time_bucket(interval '5 hours', at)", Not),
        ("time_bucket(interval '1 day', at, interval '6 hours')", Not),
        ("time_bucket(interval '1 day', at, timestamp '2001-01-01')", Determines),
        ("date_trunc('decade', at)", Not),
        ("date_diff('day', date '2020-01-01', at)", Determines),
        ("date_diff('week', date '2020-01-01', at)", Not),
    ]);
}

#[test]
fn columns_that_are_unique_or_may_be_the_day() {
    assert_keys(&[
        ("payment_id", Determines),
        ("shop, receipt", Determines),
        ("shop", Not),
        ("event_date", Possible),
        ("shipped_at", Not),
        ("user_id", Not),
        ("case when user_id = 1 then at::date end", Not),
        ("coalesce(at::date, date '1970-01-01')", Determines),
    ]);
}

#[test]
fn zones() {
    let local = BatchWindows { timezone: Tz::America__New_York, ..DAYS };
    let shows = Engine { zones_show: true, ..Engine::default() };
    let twice = "(at at time zone 'UTC' at time zone 'America/New_York')::date";
    assert_eq!(key_in(twice, local, Engine::default()), Determines);
    assert_eq!(key_in(twice, DAYS, Engine::default()), Not);
    assert_eq!(
        key_in("(at at time zone 'America/New_York')::date", local, Engine::default()),
        Possible,
        "if it holds instants"
    );
    assert_eq!(key_in("(at at time zone 'America/New_York')::date", local, shows), Determines);
    assert_eq!(key_in("at::date", local, Engine::default()), Not);
    assert_eq!(key_in("extract(hour from at at time zone 'America/New_York')", local, shows), Not);
}

#[test]
fn event_times() {
    assert_eq!(event_time("date_trunc('day', at) + interval '12 hours'"), Time::Inside(Unit::Day));
    assert_eq!(
        event_time("make_timestamp(year(at), month(at), day(at), 0, 0, 0)"),
        Time::Inside(Unit::Day)
    );
    assert_eq!(event_time("to_timestamp(epoch(at) + 3600)"), Time::Outside(OutsideReason::Shifted));
    assert_eq!(
        event_time("case when x then at else loaded end"),
        Time::Outside(OutsideReason::Mixed)
    );
    assert_eq!(event_time("last_day(at)"), Time::Outside(OutsideReason::Moved));
    assert_eq!(event_time("loaded_at"), Time::OtherColumn);
    assert_eq!(event_time("timestamp '2024-09-01'"), Time::Fixed);
    assert_eq!(event_time("now()"), Time::Clock);
}

#[test]
fn joins_by_their_conditions() {
    let join =
        |on: &str| operations(&format!("select e.at from events as e join payments as p on {on}"));
    let missed = |possible_key: Option<&str>| {
        vec![(
            CrossWindowKind::Join { other: BTreeSet::from(["payments".to_string()]) },
            possible_key.map(str::to_string),
        )]
    };
    assert_eq!(join("p.id = e.id"), missed(None));
    assert_eq!(join("hour(p.paid_at) = hour(e.at)"), missed(None));
    assert_eq!(join("p.paid_at::date = e.event_date"), missed(Some("event_date")));
    for on in [
        "p.paid_at::date = e.at::date",
        "p.paid_at::date is not distinct from e.at::date",
        "year(p.paid_at) = year(e.at) and dayofyear(p.paid_at) = dayofyear(e.at)",
        "p.paid_at >= date_trunc('day', e.at) and p.paid_at < date_trunc('day', e.at) + interval \
         '1 day'",
        "date_diff('day', e.at, p.paid_at) = 0",
    ] {
        assert_eq!(join(on), [], "{on}");
    }
    assert_eq!(
        join(
            "p.paid_at >= date_trunc('day', e.at) and p.paid_at <= date_trunc('day', e.at) + \
             interval '1 day'"
        ),
        missed(None)
    );
    assert_eq!(operations("select at from events natural join payments"), missed(None));
}

#[test]
fn subqueries() {
    let lookup = |possible_key: Option<&str>| {
        vec![(
            CrossWindowKind::Lookup { other: BTreeSet::from(["payments".to_string()]) },
            possible_key.map(str::to_string),
        )]
    };
    assert_eq!(
        operations("select at from events where id = any (select id from payments)"),
        lookup(None)
    );
    assert_eq!(
        operations("select at from events where n >= all (select n from payments)"),
        lookup(None)
    );
    assert_eq!(
        operations(
            "select at from events where (id, at::date) in (select id, paid_at::date from payments)"
        ),
        []
    );
    assert_eq!(
        operations(
            "select at from events as e where exists (select 1 from payments as p where \
             p.paid_at::date = e.event_date)"
        ),
        lookup(Some("event_date"))
    );
    assert_eq!(
        operations("select at, array(select id from payments) as ids from events"),
        lookup(None)
    );
    let bounds = |of_whole| vec![(CrossWindowKind::Bounds { of_whole }, None)];
    assert_eq!(
        operations("select at from events where at >= (select max(at) from events)"),
        bounds(false)
    );
    assert_eq!(
        operations("select p.id from people as p where p.born > (select min(at) from events)"),
        bounds(true)
    );
}

#[test]
fn limits_sets_and_recursion() {
    let kinds = |sql: &str| operations(sql).into_iter().map(|(kind, _)| kind).collect::<Vec<_>>();
    assert_eq!(kinds("select at from events offset 3"), [CrossWindowKind::Limit]);
    assert_eq!(kinds("select at from events offset 0"), []);
    assert_eq!(
        kinds("select user_id from events union select user_id from payments"),
        [CrossWindowKind::Distinct]
    );
    assert_eq!(kinds("select at from events union select paid_at from payments"), []);
    let chain = |condition: &str| {
        format!(
            "with recursive c as (select id, at from events where parent is null \
             union all select e.id, e.at from events as e join c on e.parent = c.id {condition}) \
             select id, at from c"
        )
    };
    assert_eq!(
        kinds(&chain("")),
        [CrossWindowKind::Join { other: BTreeSet::from(["events".to_string()]) }]
    );
    assert_eq!(kinds(&chain("and e.at::date = c.at::date")), []);
}

#[test]
fn stars_and_windows() {
    let kinds = |sql: &str| operations(sql).len();
    assert_eq!(
        kinds("select * from (select * exclude (at), at::date as day from events) group by all"),
        0
    );
    assert_eq!(
        kinds(
            "select at, sum(n) over (partition by day) as n from (select *, at::date as day from \
             events)"
        ),
        0
    );
    assert_eq!(
        kinds(
            "select at, sum(n) over (partition by day) as n from (select * replace (hour(at) as \
             day) from events)"
        ),
        1
    );
    let calls = |sql: &str| {
        analyse_days(sql, |view| {
            view.calls.iter().map(|call| (call.kind, call.more)).collect::<Vec<_>>()
        })
    };
    assert_eq!(
        calls("select at, now() as a, now() as b, current_timestamp as c from events"),
        [(VolatileKind::BatchTemplate, 2)]
    );
    assert_eq!(
        calls("select at from events tablesample bernoulli (10%)"),
        [(VolatileKind::Random, 0)]
    );
}
