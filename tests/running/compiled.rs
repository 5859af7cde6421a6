//! Plans that `batchwright compile` wrote, run and retried on the engines whose dialect it knows.

use std::path::PathBuf;

use crate::batchwright::{batchwright, ended};
use crate::engine::{Case, Engine};
use crate::shop::{ALL, MICROBATCH, Plan, Shop};

pub const CASES: &[Case] =
    &[("a_compiled_plan_runs", a_compiled_plan_runs), ("a_compiled_full_refresh_is_retried", a_compiled_full_refresh_is_retried)];

/// Whether a plan can be compiled for it.
pub fn knows(engine: &dyn Engine) -> bool {
    ::batchwright::dialect::names().any(|name| name == engine.dialect())
}

fn folder(plan: &Plan) -> PathBuf {
    plan.steps.first().and_then(|step| step.file.ancestors().nth(2)).expect("a plan has a step").to_path_buf()
}

fn a_compiled_plan_runs(engine: &dyn Engine) {
    let shop = Shop::open(engine);
    let plan = shop.compile(ALL);
    let threads = if engine.side_by_side() { "3" } else { "1" };
    let said = batchwright("run", &folder(&plan), &["--threads", threads], &shop.database.session());
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(ended(&folder(&plan)).len(), plan.steps.len());
    for (model, _) in MICROBATCH {
        shop.assert_holds(model);
    }
}

fn a_compiled_full_refresh_is_retried(engine: &dyn Engine) {
    const SESSIONS: &str = "int__sessions_aggregated";
    let (shop, _) = Shop::built(engine);
    shop.sql("delete from raw.events where event_id in (100, 121); update raw.events set amount = 'much' where event_id = 130;");
    let old = shop.table(SESSIONS);
    let plan = shop.compile(&["--select", SESSIONS, "--full-refresh"]);
    let first = batchwright("run", &folder(&plan), &[], &shop.database.session());
    assert_eq!(first.code, 1, "{}", first.err);
    let failed: Vec<_> = ended(&folder(&plan)).into_iter().filter(|(_, outcome)| outcome == "failed").collect();
    assert_eq!(failed, [(plan.batch(SESSIONS, "2024-09-03").id.clone(), "failed".to_string())]);
    assert_eq!(shop.table(SESSIONS), old);

    shop.sql("update raw.events set amount = '11' where event_id = 130;");
    let before = ended(&folder(&plan)).len();
    let again = batchwright("retry", &folder(&plan), &[], &[]);
    assert_eq!(again.code, 0, "{}", again.err);
    assert_eq!(ended(&folder(&plan)).len() - before, 2, "the failed batch and the swap");
    shop.assert_holds(SESSIONS);
}
