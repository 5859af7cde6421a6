//! What a run is, and what continues it: a scheduler that runs every day, a late row, another plan
//! in between.

use crate::batchwright::{batchwright, journal, step_outcomes};
use crate::days::{
    DAILY, Days, REPORT, assert_equals_sales, batch, delete_null_sales, insert_null_sales, sales,
    sql,
};
use crate::engine::{Case, Engine};

pub const CASES: &[Case] = &[
    (
        "a_late_row_is_loaded_by_the_next_scheduled_run",
        a_late_row_is_loaded_by_the_next_scheduled_run,
    ),
    ("a_plan_in_between_is_not_forgotten", a_plan_in_between_is_not_forgotten),
];

fn a_late_row_is_loaded_by_the_next_scheduled_run(engine: &dyn Engine) {
    let database = engine.database();
    sales(&*database);
    let plan = Days::of(30);
    let folder = plan.write_for(engine.dialect());
    let client = database.session();
    assert_eq!(
        batchwright("run", &folder, &["--continue"], &client).code,
        0,
        "there is no run to continue"
    );
    let first = step_outcomes(&folder).len();
    sql(&*database, "insert into sales (sold_on, amount) values ('2024-09-30', 7);");
    let retried = batchwright("retry", &folder, &[], &client);
    assert_eq!((retried.code, step_outcomes(&folder).len()), (0, first), "{}", retried.err);
    assert!(retried.err.contains("nothing left to run"), "{}", retried.err);

    let next = batchwright("run", &folder, &["--continue"], &client);
    assert_eq!((next.code, step_outcomes(&folder).len()), (0, 2 * first), "{}", next.err);
    assert_eq!(
        database.rows("select count(*) from daily where sold_on = '2024-09-30' and amount = 7"),
        ["1"]
    );
    assert_eq!(database.rows("select days from report"), ["61"]);
    let runs: Vec<_> =
        journal(&folder).into_iter().filter(|entry| entry["event"] == "run").collect();
    assert_eq!(
        runs.iter().map(|run| run["resumed"].as_bool().unwrap()).collect::<Vec<_>>(),
        [false, false]
    );
    assert!(
        runs[0]["run"] != runs[1]["run"]
            && runs[0]["plan"] == runs[1]["plan"]
            && runs[0]["plan"].is_string(),
        "{runs:?}"
    );

    // The former name is understood, with a warning.
    let former = batchwright("run", &folder, &["--resume"], &client);
    assert_eq!((former.code, step_outcomes(&folder).len()), (0, 3 * first), "{}", former.err);
    assert!(former.err.contains("`--resume` is now called `--continue`"), "{}", former.err);
}

fn a_plan_in_between_is_not_forgotten(engine: &dyn Engine) {
    let database = engine.database();
    sales(&*database);
    insert_null_sales(&*database, &[20]);
    let mut plan = Days::of(30);
    let folder = plan.write_for(engine.dialect());
    let client = database.session();
    assert_eq!(batchwright("run", &folder, &[], &client).code, 1);
    let first = step_outcomes(&folder).len();

    let long = plan.steps.clone();
    plan.steps.retain(|step| [format!("{DAILY}@create"), batch(1), batch(2)].contains(&step.id));
    plan.write_for(engine.dialect());
    let between = batchwright("run", &folder, &[], &client);
    assert_eq!((between.code, step_outcomes(&folder).len()), (0, first + 3), "{}", between.err);
    let complete = batchwright("retry", &folder, &[], &client);
    assert_eq!((complete.code, step_outcomes(&folder).len()), (0, first + 3), "{}", complete.err);

    // The first plan again: its own run goes on, and what was done stays done.
    plan.steps = long;
    plan.write_for(engine.dialect());
    delete_null_sales(&*database);
    let status = batchwright("status", &folder, &["--json"], &[]);
    assert!(status.out.contains("\"done\": 30"), "{}", status.out);
    let again = batchwright("retry", &folder, &[], &client);
    assert_eq!(again.code, 0, "{}", again.err);
    let ran: Vec<String> =
        step_outcomes(&folder).into_iter().skip(first + 3).map(|(id, _)| id).collect();
    assert_eq!(ran, [batch(20), format!("{REPORT}@build")]);
    assert_equals_sales(&*database);
    let runs: Vec<_> =
        journal(&folder).into_iter().filter(|entry| entry["event"] == "run").collect();
    assert_eq!(runs[2]["continues"], runs[0]["run"], "{runs:?}");
}
