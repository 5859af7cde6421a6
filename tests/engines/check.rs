//! What `check` says, against what happens: models are built batch by batch on DuckDB and compared with their queries as a whole, on
//! data with rows at the edges of days, rows without a time, rows that came late, ties and copies. Every model that differs is
//! found, and every model that is found differs on some data, unless the rule only costs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;
use walkdir::WalkDir;

use crate::duckdb::DuckDb;
use crate::shop::{Plan, Shop};

/// Where the models of this test are, beside those of the shop.
const MODELS_OF_THIS: &str = "path:models/check";

/// Models by the rule that finds them; none: nothing is to be found. `{v}`, `{p}` and `{u}` are visits, payments and people.
const MODELS: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "select visit_id, visited_at as happened_at, page from {v}",
            "select visit_id, visited_at::date::timestamp as happened_at from {v}",
            "select date_trunc('day', visited_at) as happened_at, user_id, count(*) as n from {v} group by 1, 2",
            "select min(visited_at) as happened_at, user_id, sum(amount) as n from {v} group by user_id, visited_at::date",
            "select min(visited_at) as happened_at, page from {v} group by page, date_trunc('hour', visited_at) having count(*) > 1",
            "select visited_at as happened_at, lag(amount) over (partition by user_id, visited_at::date order by visited_at, visit_id) as n from {v}",
            "select visited_at as happened_at, visit_id from {v} qualify row_number() over (partition by visit_id, visited_at order by amount) = 1",
            "select distinct user_id, visited_at as happened_at from {v}",
            "select user_id, visited_at as happened_at from {v} union select user_id, paid_at from {p}",
            "select user_id, visited_at as happened_at from {v} intersect select user_id, paid_at from {p}",
            "select v.visit_id, v.visited_at as happened_at, p.amount from {v} as v join {p} as p on p.user_id = v.user_id and p.paid_at::date = v.visited_at::date",
            "select v.visit_id, v.visited_at as happened_at, p.amount from {v} as v left join {p} as p on p.user_id = v.user_id and date_trunc('day', p.paid_at) = date_trunc('day', v.visited_at)",
            "select visit_id, visited_at as happened_at from {v} as v where exists (select 1 from {p} as p where p.paid_at = v.visited_at)",
            "select visit_id, visited_at as happened_at, (select max(p.amount) from {p} as p where p.paid_at::date = v.visited_at::date) as most from {v} as v",
            "with unread as (select count(*) as n from {v}) select visit_id, visited_at as happened_at from {v}",
            "select paid_at as happened_at, payment_id, count(*) as n from {p} group by payment_id, paid_at",
            "select min(paid_at) as happened_at, payment_id, count(*) as n from {p} group by payment_id",
            "select paid_at as happened_at, payment_id from {p} qualify row_number() over (partition by payment_id order by amount) = 1",
            "select coalesce(visited_at, visited_at) as happened_at, visit_id from {v}",
            "select case when amount > 5 then visited_at else date_trunc('hour', visited_at) end as happened_at, visit_id from {v}",
            "select p.paid_at as happened_at, p.amount from {v} as v right join {p} as p on p.user_id = v.user_id and p.paid_at = v.visited_at",
            "select v.visited_at as happened_at, u.name from {v} as v left join {u} as u using (user_id)",
            "select time_bucket(interval '6 hours', visited_at) as happened_at, sum(amount) as n from {v} group by 1",
            "select visited_at as happened_at, sum(amount) over w as n from {v} window w as (partition by cast(visited_at as date))",
            "with a as (select *, visited_at::date as d from {v}), b as (select d, count(*) as n from a group by d) select a.visited_at as happened_at, b.n from a join b on a.d = b.d",
        ],
    ),
    (
        "BW002",
        &[
            "select visit_id, visited_at + interval '14 hours' as happened_at from {v}",
            "select visit_id, visited_at - to_hours(5) as happened_at from {v}",
            "select visit_id, date_add(visited_at, interval '1 day') as happened_at from {v}",
            "select date_trunc('week', visited_at) as happened_at, visit_id from {v}",
            "select last_day(visited_at)::timestamp as happened_at, visit_id from {v}",
            "select visit_id, created_at as happened_at from {v}",
            "select visit_id, greatest(visited_at, created_at) as happened_at from {v}",
            "select visit_id, timezone('Asia/Tokyo', visited_at::timestamptz)::timestamp as happened_at from {v}",
            "select visit_id, case when amount > 5 then created_at else visited_at end as happened_at from {v}",
            "with a as (select * replace (visited_at + interval 14 hour as visited_at) from {v}) select visited_at as happened_at, visit_id from (select * from a) as b",
        ],
    ),
    (
        "BW003",
        &[
            "select visit_id, case when amount > 5 then visited_at end as happened_at from {v}",
            "select visit_id, nullif(visited_at, timestamp '2024-09-02') as happened_at from {v}",
            "select v.visit_id, p.paid_at as happened_at from {v} as v left join {p} as p on p.user_id = v.user_id and p.paid_at = v.visited_at",
            "select visit_id, lag(visited_at) over (partition by visited_at::date order by visit_id, amount) as happened_at from {v}",
        ],
    ),
    (
        "BW005",
        &[
            "select visited_at as happened_at, lag(amount) over (order by visited_at, visit_id, amount) as n from {v}",
            "select visited_at as happened_at, lead(visited_at) over (partition by user_id order by visited_at, visit_id) as n from {v}",
            "select visited_at as happened_at, visit_id, sum(amount) over (order by visited_at, visit_id rows unbounded preceding) as n from {v}",
            "select visited_at as happened_at, count(*) over () as n from {v}",
            "select visited_at as happened_at, count(*) over (partition by user_id) as n from {v}",
            "with a as (select *, avg(amount) over w as n from {v} window w as (partition by page)) select visited_at as happened_at, n from a where amount > n",
        ],
    ),
    (
        "BW006",
        &[
            "select visited_at as happened_at, visit_id from {v} qualify row_number() over (partition by visit_id order by visited_at desc, amount) = 1",
            "with n as (select *, rank() over (partition by user_id order by visited_at) as n from {v}) select visited_at as happened_at, user_id from n where n = 1",
            "select distinct on (user_id) visited_at as happened_at, user_id from {v} order by user_id, visited_at",
        ],
    ),
    (
        "BW007",
        &[
            "select min(visited_at) as happened_at, user_id, count(*) as n from {v} group by user_id",
            "select max(visited_at) as happened_at, count(*) as n from {v}",
            "select min(visited_at) as happened_at, page from {v} group by 2 having count(*) > 2",
            "select visited_at as happened_at, visit_id from {v} where amount > (select avg(amount) from {v})",
            "select min(visited_at) as happened_at, user_id, count(*) as n from {v} group by rollup (user_id, (visited_at::date))",
            "select v.visited_at as happened_at, t.n from {v} as v join (select user_id, count(*) as n from {v} group by user_id) as t using (user_id)",
            "select min(visited_at) as happened_at, date_trunc('month', visited_at) as m from {v} group by m",
        ],
    ),
    (
        "BW008",
        &[
            "select v.visited_at as happened_at, d.page from {v} as v join (select distinct page, user_id from {v}) as d on d.user_id = v.user_id",
            "select (select count(*) from (select distinct user_id from {v}) as d) as n, visited_at as happened_at from {v}",
            "select visited_at as happened_at from {v} where user_id not in (select user_id from {v} where amount > 8 except select user_id from {p})",
        ],
    ),
    (
        "BW009",
        &[
            "select visited_at as happened_at, amount from {v} order by amount desc, visit_id limit 5",
            "with t as (select * from {v} order by visited_at, visit_id limit 3) select visited_at as happened_at, visit_id from t",
        ],
    ),
    (
        "BW010",
        &[
            "select v.visited_at as happened_at, p.amount from {v} as v join {p} as p on p.user_id = v.user_id",
            "select v.visited_at as happened_at, p.amount from {v} as v left join {p} as p using (user_id)",
            "select v.visited_at as happened_at, p.amount from {v} as v, {p} as p where p.user_id = v.user_id",
            "select v.visited_at as happened_at, v.visit_id from {v} as v where exists (select 1 from {p} as p where p.user_id = v.user_id)",
            "select v.visited_at as happened_at, v.visit_id from {v} as v where user_id not in (select user_id from {p})",
            "select v.visited_at as happened_at, p.amount from {v} as v join {p} as p on p.user_id = v.user_id and p.paid_at between v.visited_at and v.visited_at + interval '2 hours'",
            "select v.visited_at as happened_at, p.amount from {v} as v asof join {p} as p on p.user_id = v.user_id and v.visited_at >= p.paid_at",
            "select v.visited_at as happened_at, v.user_id from {v} as v anti join {p} as p on p.user_id = v.user_id",
            "select u.user_id, coalesce(v.visited_at, u.joined_at) as happened_at from {u} as u left join {v} as v on v.user_id = u.user_id",
        ],
    ),
    (
        "BW011",
        &[
            "select visited_at as happened_at, visit_id, now() - visited_at as age from {v}",
            "select visited_at as happened_at, visit_id, current_timestamp as loaded_at from {v}",
        ],
    ),
    (
        "BW012",
        &[
            "select visited_at as happened_at, visit_id, uuid() as key from {v}",
            "select visited_at as happened_at, visit_id from {v} where random() < 0.5",
        ],
    ),
];

/// Visits and payments of four days: some at midnight, some without a time, copies with another time or amount, few users, so that
/// what belongs together lies on several days. `{n}` makes other data.
const DATA: &str = "
create schema if not exists raw;
create or replace table raw.visits as
select
    case when i % 11 = 0 then i - 1 else i end as visit_id,
    hash(i, 'user', {n}) % 23 as user_id,
    'page ' || hash(i, 'page', {n}) % 4 as page,
    hash(i, 'amount', {n}) % 10 as amount,
    case
        when i % 13 = 0 then timestamp '2024-09-01' + to_days((i % 4)::integer)
        when i % 17 = 0 then timestamp '2024-09-02' - interval '1 microsecond'
        else timestamp '2024-09-01' + to_minutes((hash(i, 'at', {n}) % (4 * 1440))::integer)
    end as visited_at,
    visited_at + to_hours((hash(i, 'late', {n}) % 30)::integer) as created_at
from range(120) as t(i);
update raw.visits set visited_at = timestamp '2024-09-03 10:00' where visit_id in (7, 8, 9);
create or replace table raw.payments as
select
    i as payment_id,
    hash(i, 'payer', {n}) % 23 as user_id,
    hash(i, 'paid', {n}) % 10 as amount,
    timestamp '2024-09-01' + to_minutes((hash(i, 'paid at', {n}) % (4 * 1440))::integer) as paid_at
from range(40) as t(i);
insert into raw.payments select 100 + row_number() over (), user_id, 1, visited_at from raw.visits where visit_id % 5 = 0;
create or replace table raw.people as select i as user_id, 'user ' || i as name, timestamp '2024-09-01 12:00' as joined_at from range(30) as t(i);
";

const SOURCES: &str = "
sources:
  - name: raw
    schema: raw
    tables:
      - name: visits
        config: {event_time: visited_at}
      - name: payments
        config: {event_time: paid_at}
        columns: [{name: payment_id, data_tests: [unique]}]
      - name: people
";

pub fn check_finds_what_differs() {
    let shop = Shop::bare(&DuckDb);
    shop.write("models/check/raw.yml", &SOURCES.replace("name: raw", "name: web"));
    let mut models: BTreeMap<String, (&str, &str)> = BTreeMap::new();
    for (rule, queries) in MODELS {
        for (nth, query) in queries.iter().enumerate() {
            let name = format!("m_{}_{nth}", if rule.is_empty() { "quiet" } else { rule }.to_lowercase());
            let config = "materialized='incremental', incremental_strategy='microbatch', event_time='happened_at', batch_size='day', begin='2024-09-01', meta={'batchwright': {'outside_window': 'drop'}}";
            let mut text = format!("{{{{ config({config}) }}}}\n{query}\n");
            for (short, source) in [("{v}", "visits"), ("{p}", "payments"), ("{u}", "people")] {
                text = text.replace(short, &format!("{{{{ source('web', '{source}') }}}}"));
            }
            shop.write(format!("models/check/{name}.sql"), &text);
            models.insert(name, (rule, query));
        }
    }
    let found = found(&shop, &[MODELS_OF_THIS]);
    let queries = queries(&shop);
    let mut differ: BTreeSet<String> = BTreeSet::new();
    let plan = shop.compile(&["--select", MODELS_OF_THIS, "--event-time-start", "2024-09-01", "--event-time-end", "2024-09-05"]);
    for data in 1..=2 {
        shop.sql(&DATA.replace("{n}", &data.to_string()));
        build(&shop, &plan);
        let each = models.keys().map(|name| {
            let (table, whole) = (format!("select * from analytics.{name}"), format!("select * from (\n{}\n)", queries[name]));
            format!("select '{name}' where exists ({table} except all {whole}) or exists ({whole} except all {table})")
        });
        differ.extend(shop.rows(&each.collect::<Vec<_>>().join("\nunion all\n")));
    }
    let mut wrong = Vec::new();
    for (name, (rule, query)) in &models {
        let unsafe_by: Vec<&str> = found.get(name).into_iter().flatten().map(String::as_str).collect();
        if differ.contains(name) && unsafe_by.is_empty() {
            wrong.push(format!("differs, and nothing is found: {query}"));
        }
        if !differ.contains(name) && !unsafe_by.is_empty() {
            wrong.push(format!("{unsafe_by:?} is found, and no data differs: {query}"));
        }
        if !rule.is_empty() && !unsafe_by.contains(rule) {
            wrong.push(format!("{rule} is not found, but {unsafe_by:?}: {query}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The codes of what is found in each of the selected models, rules that only cost left out.
pub fn found(shop: &Shop, select: &[&str]) -> BTreeMap<String, BTreeSet<String>> {
    let said = shop.says("check", &[&["--format", "json", "--select"], select].concat());
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let findings: Vec<Value> = serde_json::from_str(&said).unwrap();
    for finding in findings.iter().filter(|finding| finding["only_costs"] == false) {
        let text = |key: &str| finding[key].as_str().unwrap().to_string();
        found.entry(text("model").trim_start_matches("model.shop.").to_string()).or_default().insert(text("code"));
    }
    found
}

/// The models' queries as dbt compiles them, without filters.
fn queries(shop: &Shop) -> BTreeMap<String, String> {
    let out = shop.project().join("rendered");
    shop.says("render", &["--select", MODELS_OF_THIS, "--out", out.to_str().unwrap()]);
    let files = WalkDir::new(out).into_iter().map(Result::unwrap).filter(|entry| entry.file_type().is_file());
    let query = |entry: walkdir::DirEntry| {
        let name = entry.path().file_stem().unwrap().to_str().unwrap().to_string();
        (name, fs::read_to_string(entry.path()).unwrap())
    };
    files.map(query).collect()
}

/// Builds all tables anew, as one file.
fn build(shop: &Shop, plan: &Plan) {
    shop.sql("drop schema if exists analytics cascade;");
    let text: String = plan.steps.iter().map(|step| fs::read_to_string(&step.file).unwrap()).collect();
    shop.sql(&text);
}
