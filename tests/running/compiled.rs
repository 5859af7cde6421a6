//! Runs and retries plans of `batchwright compile`.

use std::path::PathBuf;

use crate::batchwright::{batchwright, journal, step_outcomes};
use crate::engine::{Case, Engine};
use crate::shop::{ALL_EVENTS, MICROBATCH, Plan, Shop};

pub const CASES: &[Case] = &[
    ("a_compiled_plan_runs", a_compiled_plan_runs),
    ("a_compiled_full_refresh_is_retried", a_compiled_full_refresh_is_retried),
    ("a_year_is_rebuilt_in_monthly_chunks", a_year_is_rebuilt_in_monthly_chunks),
    ("run_with_audits_fails_at_a_fault", run_with_audits_fails_at_a_fault),
    ("run_with_audits_accepts_an_allowed_verdict", run_with_audits_accepts_an_allowed_verdict),
];

/// Whether the engine has a dialect.
pub fn has_dialect(engine: &dyn Engine) -> bool {
    ::batchwright::dialect::names().any(|name| name == engine.dialect())
}

/// The number of concurrent steps that the engine allows.
fn threads(engine: &dyn Engine) -> &'static str {
    if engine.allows_concurrent_clients() { "3" } else { "1" }
}

fn folder(plan: &Plan) -> PathBuf {
    plan.steps
        .first()
        .and_then(|step| step.file.ancestors().nth(2))
        .expect("a plan has a step")
        .to_path_buf()
}

fn a_compiled_plan_runs(engine: &dyn Engine) {
    let shop = Shop::open(engine);
    let plan = shop.compile(ALL_EVENTS);
    let result = batchwright(
        "run",
        &folder(&plan),
        &["--threads", threads(engine)],
        &shop.database.session(),
    );
    assert_eq!(result.code, 0, "{}", result.err);
    assert_eq!(step_outcomes(&folder(&plan)).len(), plan.steps.len());
    for (model, _) in MICROBATCH {
        shop.assert_equals_query(model);
    }
}

fn a_compiled_full_refresh_is_retried(engine: &dyn Engine) {
    const SESSIONS: &str = "int__sessions_aggregated";
    let (shop, _) = Shop::built(engine);
    shop.sql(
        "delete from raw.events where event_id in (100, 121); update raw.events set amount = \
        'much' where event_id = 130;",
    );
    let old = shop.table(SESSIONS);
    let plan = shop.compile(&["--select", SESSIONS, "--full-refresh"]);
    let first = batchwright("run", &folder(&plan), &[], &shop.database.session());
    assert_eq!(first.code, 1, "{}", first.err);
    let failed: Vec<_> = step_outcomes(&folder(&plan))
        .into_iter()
        .filter(|(_, outcome)| outcome == "failed")
        .collect();
    assert_eq!(failed, [(plan.batch(SESSIONS, "2024-09-03").id.clone(), "failed".to_string())]);
    assert_eq!(shop.table(SESSIONS), old);

    shop.sql("update raw.events set amount = '11' where event_id = 130;");
    let before = step_outcomes(&folder(&plan)).len();
    let again = batchwright("retry", &folder(&plan), &[], &[]);
    assert_eq!(again.code, 0, "{}", again.err);
    assert_eq!(step_outcomes(&folder(&plan)).len() - before, 2, "the failed batch and the swap");
    shop.assert_equals_query(SESSIONS);
}

const SALES: &str = "{{ config(materialized='incremental', incremental_strategy='microbatch', event_time='occurred_at', batch_size='day', \
    begin='2024-01-01') }}
select event_id, {{ as_number('amount') }} as amount, occurred_at from {{ source('raw', 'events') }}
";

/// June fails first and July is not started; the retry continues to the last instant of December.
fn a_year_is_rebuilt_in_monthly_chunks(engine: &dyn Engine) {
    let shop = Shop::open(engine);
    shop.write("models/sales.sql", SALES);
    let days = (1..=12)
        .flat_map(|month| (1..=28).map(move |day| format!("2024-{month:02}-{day:02} 12:00:00")));
    let edges = [
        "2023-12-31 23:59:59.999999",
        "2024-02-29 00:00:00",
        "2024-12-31 23:59:59.999999",
        "2025-01-01 00:00:00",
    ];
    let times: Vec<String> = days.chain(edges.map(str::to_string)).collect();
    let rows: Vec<String> = times
        .iter()
        .enumerate()
        .map(|(id, time)| format!("({id}, 1, 'purchase', '{id}', '{time}')"))
        .collect();
    let columns = "event_id, user_id, event_type, amount, occurred_at";
    shop.sql(&format!(
        "delete from raw.events; insert into raw.events ({columns}) values {};",
        rows.join(", ")
    ));
    shop.sql("update raw.events set amount = 'much' where event_id = 150;");
    let year = ["--event-time-start", "2024-01-01", "--event-time-end", "2025-01-01"];
    let plan = shop.compile(
        &[&["--select", "sales", "--full-refresh", "--chunk", "month"], &year[..]].concat(),
    );
    // Old rows within the year are deleted, those outside of it stay.
    shop.build(plan.of("sales", "create"));
    let old = "(-1, 0, '2024-12-31 23:00:00'), (-2, 0, '2025-01-01 00:00:00')";
    shop.sql(&format!("insert into analytics.sales (event_id, amount, occurred_at) values {old};"));

    let first = batchwright(
        "run",
        &folder(&plan),
        &["--threads", threads(engine), "--retries", "5"],
        &shop.database.session(),
    );
    assert_eq!(first.code, 1, "{}", first.err);
    assert!(
        first.err.contains("182 steps done, 1 failed, 184 not run"),
        "the create and the days up to June: {}",
        first.err
    );
    shop.sql("update raw.events set amount = '150' where event_id = 150;");
    let arguments = ["--threads", threads(engine), "--retries", "5"];
    let again = batchwright("retry", &folder(&plan), &arguments, &[]);
    assert_eq!(again.code, 0, "{}", again.err);
    assert!(
        again.err.contains("185 steps done"),
        "June's day and those from July to December: {}",
        again.err
    );

    let months: Vec<String> = journal(&folder(&plan)).iter().filter_map(started_month).collect();
    assert!(months.is_sorted(), "a month started before the previous one was finished: {months:?}");
    assert_eq!(
        (months.first().map(String::as_str), months.last().map(String::as_str)),
        (Some("2024-01"), Some("2024-12"))
    );
    let in_year = times.iter().enumerate().filter(|(_, time)| time.starts_with("2024"));
    let mut expected: Vec<String> =
        in_year.map(|(id, _)| format!("{id}|{id}")).chain(["-2|0".to_string()]).collect();
    expected.sort();
    assert_eq!(
        shop.rows("select event_id, cast(amount as integer) from analytics.sales"),
        expected
    );
}

/// The month of the batch that an entry of the journal starts.
fn started_month(entry: &serde_json::Value) -> Option<String> {
    let label = entry["step"].as_str()?.split_once("@2024-")?.1;
    (entry["event"] == "start").then(|| format!("2024-{}", &label[..2]))
}

fn run_with_audits_fails_at_a_fault(engine: &dyn Engine) {
    const SESSIONS: &str = "int__sessions_aggregated";
    let shop = Shop::open(engine);
    let plan = folder(&shop.compile(ALL_EVENTS));
    let audits = |since: usize| {
        let ended = step_outcomes(&plan).into_iter().skip(since).filter_map(|(step, outcome)| {
            Some((step.strip_prefix("model.shop.")?.strip_suffix("@audit")?.to_string(), outcome))
        });
        ended.collect::<Vec<_>>()
    };
    let result = batchwright("run", &plan, &["--audit"], &shop.database.session());
    assert_eq!(result.code, 0, "{}", result.err);
    let mut audited: Vec<String> = audits(0).into_iter().map(|(model, _)| model).collect();
    audited.sort();
    assert_eq!(audited, ["daily_report", "hourly_events", SESSIONS, "monthly_revenue"]);

    // A row that no batch writes or deletes.
    shop.sql(&format!("insert into analytics.{SESSIONS} (user_id, event_count) values (7, 1);"));
    let before = step_outcomes(&plan).len();
    let result = batchwright("run", &plan, &["--audit"], &shop.database.session());
    assert_eq!(result.code, 1, "{}", result.err);
    assert!(
        audits(before).contains(&(SESSIONS.to_string(), "failed".to_string())),
        "{:?}",
        audits(before)
    );
    let status = batchwright("status", &plan, &[], &[]).out;
    assert!(
        status.contains(&format!("failed model.shop.{SESSIONS}@audit"))
            && status.contains("no event time"),
        "{status}"
    );

    // A retry of a run with audits audits the remaining models.
    let before = step_outcomes(&plan).len();
    assert_eq!(batchwright("retry", &plan, &[], &[]).code, 1);
    shop.sql(&format!("delete from analytics.{SESSIONS} where session_start is null;"));
    let result = batchwright("retry", &plan, &[], &[]);
    assert_eq!(result.code, 0, "{}", result.err);
    let outcomes = audits(before)
        .into_iter()
        .filter(|(model, _)| model == SESSIONS)
        .map(|(_, outcome)| outcome);
    assert_eq!(outcomes.collect::<Vec<_>>(), ["failed", "success"]);
    assert!(
        step_outcomes(&plan)
            .iter()
            .skip(before)
            .all(|(step, _)| !step.starts_with(&format!("model.shop.{SESSIONS}@2024")))
    );
}

fn run_with_audits_accepts_an_allowed_verdict(engine: &dyn Engine) {
    let shop = Shop::open(engine);
    let run = |allow: &str| {
        let config = "materialized='incremental', incremental_strategy='microbatch', \
            event_time='occurred_at', batch_size='day'";
        let meta = format!("meta={{'batchwright': {{'audit': {{'allow': [{allow}]}}}}}}");
        shop.write(
            "models/lagged.sql",
            &format!(
                "{{{{ config({config}, begin='2024-08-31', {meta}) }}}} select event_id, \
                occurred_at, count(*) over (order by event_id) as so_far from \
                {{{{ source('raw', 'events') }}}}"
            ),
        );
        let plan = shop.compile(&[
            "--select",
            "lagged",
            "--event-time-start",
            "2024-09-01",
            "--event-time-end",
            "2024-09-04",
        ]);
        batchwright("run", &folder(&plan), &["--audit"], &shop.database.session())
    };
    let result = run("");
    assert!(
        result.code == 1 && result.err.contains("edge: 2 batches from 2024-09-02 to 2024-09-03"),
        "{}",
        result.err
    );
    let result = run("'edge'");
    assert_eq!(result.code, 0, "{}", result.err);
}
