//! The state of runs: the database that a journal is about, the folder of the journals, and shards
//! on several machines, on every engine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use crate::batchwright::{batchwright, journal_path, start, step_outcomes, strings};
use crate::days::{
    Days, REPORT, assert_equals_sales, batch, delete_null_sales, insert_null_sales, sales,
};
use crate::engine::{Case, Engine, installed, lines};

pub const CASES: &[Case] = &[
    ("a_run_is_not_continued_in_another_database", a_run_is_not_continued_in_another_database),
    ("the_journal_outlives_the_target_folder", the_journal_outlives_the_target_folder),
    ("the_journal_of_an_earlier_version_is_moved", the_journal_of_an_earlier_version_is_moved),
    ("two_machines_run_half_of_the_shards_each", two_machines_run_half_of_the_shards_each),
];

fn a_run_is_not_continued_in_another_database(engine: &dyn Engine) {
    let (first, second) = (engine.database(), engine.database());
    for database in [&first, &second] {
        sales(&**database);
        insert_null_sales(&**database, &[20]);
    }
    let plan = Days::of(30);
    let folder = plan.write_for(engine.dialect());
    assert_eq!(batchwright("run", &folder, &[], &first.session()).code, 1);
    let steps = step_outcomes(&folder).len();
    for (command, arguments) in [("retry", &[][..]), ("run", &["--continue"])] {
        let refused = batchwright(command, &folder, arguments, &second.session());
        assert_eq!((refused.code, step_outcomes(&folder).len()), (2, steps), "{}", refused.err);
        for part in ["was of another database", "`batchwright run --plan ", "`--accept-target`"] {
            assert!(refused.err.contains(part), "{}", refused.err);
        }
    }
    // The first database is still the one of the run.
    delete_null_sales(&*first);
    assert_eq!(batchwright("retry", &folder, &[], &first.session()).code, 0);
    assert_equals_sales(&*first);
    let complete = batchwright("retry", &folder, &[], &second.session());
    assert_eq!(complete.code, 2, "nothing is left in another database: {}", complete.err);

    // A new run is a run of the second database.
    assert_eq!(batchwright("run", &folder, &[], &second.session()).code, 1);
    delete_null_sales(&*second);
    assert_eq!(batchwright("retry", &folder, &[], &[]).code, 0);
    assert_equals_sales(&*second);
    let accepted = batchwright("retry", &folder, &["--accept-target"], &first.session());
    assert_eq!(accepted.code, 0, "{}", accepted.err);
    assert!(accepted.err.contains("nothing left to run"), "{}", accepted.err);
}

/// Moves the plan to the target folder of a project; returns its new folder.
fn into_project(plan: &Days) -> PathBuf {
    let root = plan.folder.path();
    fs::write(root.join("dbt_project.yml"), "name: shop\nclean-targets: [target]\n").unwrap();
    let folder = root.join("target/batchwright");
    fs::create_dir_all(root.join("target")).unwrap();
    fs::rename(plan.plan(), &folder).unwrap();
    folder
}

fn the_journal_outlives_the_target_folder(engine: &dyn Engine) {
    let database = engine.database();
    sales(&*database);
    insert_null_sales(&*database, &[20]);
    let plan = Days::of(30);
    plan.write_for(engine.dialect());
    let folder = into_project(&plan);
    assert_eq!(batchwright("run", &folder, &[], &database.session()).code, 1);
    let steps = step_outcomes(&folder).len();
    let root = plan.folder.path();
    assert_eq!(fs::read_to_string(root.join(".batchwright/.gitignore")).unwrap(), "*\n");
    let reports: Vec<String> = fs::read_dir(root.join("target"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name != "batchwright")
        .collect();
    assert_eq!(reports, ["batchwright.run_results.json"]);

    let mut clean = Command::new(installed("dbt/bin/dbt"));
    lines(clean.args(["clean", "--profiles-dir", "."]).current_dir(root));
    assert!(!root.join("target").exists());
    plan.write_for(engine.dialect());
    assert_eq!(into_project(&plan), folder);
    delete_null_sales(&*database);
    assert_eq!(batchwright("retry", &folder, &[], &database.session()).code, 0);
    let ran: Vec<String> =
        step_outcomes(&folder).into_iter().skip(steps).map(|(step, _)| step).collect();
    assert_eq!(ran, [batch(20), format!("{REPORT}@build")]);
    assert_equals_sales(&*database);
}

fn the_journal_of_an_earlier_version_is_moved(engine: &dyn Engine) {
    let database = engine.database();
    sales(&*database);
    insert_null_sales(&*database, &[20]);
    let plan = Days::of(30);
    let folder = plan.write_for(engine.dialect());
    assert_eq!(batchwright("run", &folder, &[], &database.session()).code, 1);
    let (journal, former) = (journal_path(&folder), folder.with_extension("journal.jsonl"));
    fs::rename(&journal, &former).unwrap();
    fs::remove_dir_all(journal.parent().unwrap()).unwrap();

    let status = batchwright("status", &folder, &["--json"], &[]);
    assert!(status.out.contains("\"done\": 30") && former.exists(), "{}", status.out);
    delete_null_sales(&*database);
    let retried = batchwright("retry", &folder, &[], &[]);
    assert_eq!((retried.code, former.exists()), (0, false), "{}", retried.err);
    assert!(retried.err.contains("moved the journal to"), "{}", retried.err);
    assert!(retried.err.contains("2 steps done"), "{}", retried.err);
    assert_equals_sales(&*database);
}

/// Copies the plan to the folder of another machine.
fn machine(plan: &Path, name: &str) -> PathBuf {
    let folder = plan.with_file_name(name);
    fs::create_dir(&folder).unwrap();
    let copied = Command::new("cp").arg("-r").arg(plan).arg(&folder).status().unwrap();
    assert!(copied.success());
    folder.join(plan.file_name().unwrap())
}

fn two_machines_run_half_of_the_shards_each(engine: &dyn Engine) {
    let database = engine.database();
    let client = database.session();
    sales(&*database);
    let plan = Days::of(30);
    let folder = plan.write_for(engine.dialect());
    let (first, second) = (machine(&folder, "first"), machine(&folder, "second"));
    let run = |machine: &Path, command: &str, shard: &str| {
        let mut arguments = vec!["--shard", shard, "--retries", "5"];
        if command == "continue" {
            arguments.push("--continue");
        }
        let result = batchwright("run", machine, &arguments, &client);
        assert_eq!(result.code, 0, "{shard}: {}", result.err);
        result.err
    };
    assert!(run(&first, "run", "1/6").contains("1 step done"), "the create");

    // The second machine is killed in its first shard, and another one takes it over.
    let mut killed = start("run", &second, &["--shard", "4/6"], &client);
    sleep(Duration::from_millis(300));
    killed.kill().unwrap();
    killed.wait().unwrap();
    run(&first, "run", "2/6");
    run(&first, "run", "3/6");
    run(&second, "continue", "4/6");
    // A shard that two machines run is the same.
    run(&first, "run", "4/6");
    run(&second, "run", "5/6");
    assert!(run(&second, "run", "6/6").contains("1 step done"), "the report");
    assert_equals_sales(&*database);
    assert_eq!(database.rows("select days from report"), ["60"]);

    let journals = second.with_file_name(".batchwright").to_string_lossy().into_owned();
    let alone = batchwright("status", &first, &["--json"], &[]);
    assert!(!alone.out.contains("\"open\": 0"), "{}", alone.out);
    let both = batchwright("status", &first, &["--json", "--journal", &journals], &[]);
    assert!(both.out.contains("\"done\": 31") && !both.out.contains("@2024-09-07"), "{}", both.out);
    let page = batchwright("page", &first, &["--out", "-", "--journal", &journals], &[]);
    assert_eq!(page.code, 0, "{}", page.err);
    let retried = batchwright("retry", &first, &["--journal", &journals], &client);
    assert!(retried.err.contains("nothing left to run: 32 steps done"), "{}", retried.err);
}

/// Cases of engines whose database is a file.
pub const FILES: &[Case] =
    &[("a_database_that_was_created_again_is_another", a_database_that_was_created_again)];

fn a_database_that_was_created_again(engine: &dyn Engine) {
    let database = engine.database();
    sales(&*database);
    let plan = Days::of(30);
    let folder = plan.write_for(engine.dialect());
    let client = database.session();
    assert_eq!(batchwright("run", &folder, &[], &client).code, 0);
    let file = client.iter().map(Path::new).rfind(|path| path.is_file()).unwrap();
    fs::rename(file, file.with_extension("old")).unwrap();
    let missing = batchwright("retry", &folder, &[], &client);
    assert_eq!(missing.code, 2, "{}", missing.err);
    assert!(missing.err.contains("no longer exists"), "{}", missing.err);
    sales(&*database);
    let refused = batchwright("retry", &folder, &[], &client);
    assert_eq!(refused.code, 2, "{}", refused.err);
    assert!(refused.err.contains("was created again"), "{}", refused.err);
    assert_eq!(batchwright("run", &folder, &[], &client).code, 0);
    assert_equals_sales(&*database);
}

pub const ALONE: &[(&str, fn())] =
    &[("the_state_folder_can_be_named", the_state_folder_can_be_named)];

fn the_state_folder_can_be_named() {
    let plan = Days::of(3);
    plan.write();
    let folder = into_project(&plan);
    let root = plan.folder.path();
    let client = strings(&["sh", "-c", "exit 1", "{file}"]);
    let runs_in = |arguments: &[&str], state: &str| {
        let result = batchwright("run", &folder, arguments, &client);
        let journal = root.join(state).join("target.batchwright.journal.jsonl");
        assert!(journal.exists(), "{state}: {}", result.err);
    };
    let named = root.join("named");
    runs_in(&["--state-dir", named.to_str().unwrap()], "named");
    fs::write(
        root.join("dbt_project.yml"),
        "name: shop\nvars: {batchwright: {state_dir: runs/state}}\n",
    )
    .unwrap();
    runs_in(&[], "runs/state");
    fs::write(
        root.join("dbt_project.yml"),
        "name: shop\nvars: {batchwright: {state_dir: ../elsewhere}}\n",
    )
    .unwrap();
    let refused = batchwright("run", &folder, &[], &client);
    assert_eq!(refused.code, 2, "{}", refused.err);
    assert!(refused.err.contains("is outside of the project"), "{}", refused.err);
}
