//! Exported plans: make runs them on every engine, and the GitHub workflow satisfies its schema.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::batchwright::{CommandResult, batchwright};
use crate::days::{
    DAILY, Days, assert_equals_sales, day, delete_null_sales, insert_null_sales, sales,
};
use crate::duckdb::DuckDb;
use crate::engine::{Case, Engine, installed};

pub const CASES: &[Case] = &[
    ("make_runs_shards_and_continues", make_runs_shards_and_continues),
    ("make_runs_the_client_alone", make_runs_the_client_alone),
];

pub const ALONE: &[(&str, fn())] = &[
    ("names_are_no_commands", names_are_no_commands),
    ("another_plan_is_refused", another_plan_is_refused),
    ("finished_shards_are_of_one_server", finished_shards_are_of_one_server),
    ("github_workflows_match_their_schema", github_workflows_match_their_schema),
];

/// Exports the plan of thirty days in six shards: the create, four ranges of days, the report.
pub fn export(plan: &Path, format: &str, flags: &[&str], client: &[String]) -> PathBuf {
    let extension = match format {
        "make" => "mk",
        "github" | "argo" => "yml",
        _ => "py",
    };
    let file = plan.with_file_name(format!("exported_{format}.{extension}"));
    let arguments = [&[format, "--shards", "6", "--out", file.to_str().unwrap()], flags].concat();
    let result = batchwright("export", plan, &arguments, client);
    assert_eq!(result.code, 0, "{}", result.err);
    file
}

/// Runs a program in the folder of the plan, with batchwright on the path.
pub fn in_folder_of(plan: &Path, program: &Path, arguments: &[&str]) -> CommandResult {
    let batchwright = Path::new(env!("CARGO_BIN_EXE_batchwright")).parent().unwrap();
    let path = std::env::var("PATH").unwrap();
    let output = Command::new(program)
        .args(arguments)
        .current_dir(plan.parent().unwrap())
        .env("PATH", format!("{}:{path}", batchwright.display()))
        .env("XDG_STATE_HOME", concat!(env!("CARGO_TARGET_TMPDIR"), "/state"))
        .env("EXPORTED", plan.parent().unwrap())
        .output();
    result(&output.unwrap_or_else(|error| panic!("{}: {error}", program.display())))
}

fn result(output: &Output) -> CommandResult {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    CommandResult {
        code: output.status.code().unwrap_or(-1),
        out: text(&output.stdout),
        err: text(&output.stderr),
    }
}

fn make(plan: &Path, makefile: &Path) -> CommandResult {
    in_folder_of(plan, Path::new("make"), &["-j2", "-f", makefile.to_str().unwrap()])
}

/// The shards that make has started.
fn started(result: &CommandResult) -> Vec<usize> {
    let numbers =
        result.out.lines().filter_map(|line| line.split_once("--shard ")?.1.split_once('/'));
    let mut numbers: Vec<usize> = numbers.map(|(number, _)| number.parse().unwrap()).collect();
    numbers.sort_unstable();
    numbers
}

fn make_runs_shards_and_continues(engine: &dyn Engine) {
    let database = engine.database();
    sales(&*database);
    insert_null_sales(&*database, &[20]);
    let plan = Days::of(30);
    let folder = plan.write_for(engine.dialect());
    let makefile = export(&folder, "make", &[], &database.session());

    let first = make(&folder, &makefile);
    assert_eq!(first.code, 2, "{}", first.err);
    assert_eq!(started(&first), [1, 2, 3, 4, 5], "the report waits for the failed shard");
    assert_eq!(database.rows("select count(*) from daily"), ["58"], "one day has failed");

    delete_null_sales(&*database);
    let second = make(&folder, &makefile);
    assert_eq!(second.code, 0, "{}", second.err);
    assert_eq!(started(&second), [4, 6], "{}", second.out);
    assert!(
        second.err.contains("1 step done") && !second.err.contains("2024-09-19"),
        "{}",
        second.err
    );
    assert_equals_sales(&*database);
    assert_eq!(database.rows("select days from report"), ["60"]);

    let third = make(&folder, &makefile);
    assert_eq!((third.code, started(&third)), (0, vec![1, 2, 3, 4, 5, 6]), "{}", third.err);
    assert_equals_sales(&*database);
}

fn make_runs_the_client_alone(engine: &dyn Engine) {
    let database = engine.database();
    sales(&*database);
    insert_null_sales(&*database, &[20]);
    let plan = Days::of(30);
    let folder = plan.write_for(engine.dialect());
    let makefile = export(&folder, "make", &["--client-only"], &database.session());
    let first = make(&folder, &makefile);
    assert_eq!(first.code, 2, "{}", first.err);
    let days = database.rows("select distinct sold_on from daily");
    assert!(days.iter().any(|text| text.starts_with(&day(30))), "{days:?}");
    assert!(!days.iter().any(|text| text.starts_with(&day(20))), "{days:?}");
    assert!(!first.out.contains("report/build.sql"), "{}", first.out);

    delete_null_sales(&*database);
    let second = make(&folder, &makefile);
    assert_eq!(second.code, 0, "{}", second.err);
    assert!(!second.out.contains("2024-09-02.sql"), "{}", second.out);
    assert_equals_sales(&*database);
    assert_eq!(database.rows("select days from report"), ["60"]);
}

/// A plan with a model whose name has the special characters of all languages.
pub fn hostile_plan(dialect: &str) -> (Days, PathBuf) {
    let mut plan = Days::of(30);
    let name = "model.shop.$(touch hacked) `touch hacked` $X ${X} it's \"x\" # %s \\ {file} ; é";
    for step in &mut plan.steps {
        step.id = step.id.replace(DAILY, name);
        for id in &mut step.depends_on {
            *id = id.replace(DAILY, name);
        }
    }
    let folder = plan.write_for(dialect);
    (plan, folder)
}

fn names_are_no_commands() {
    let database = DuckDb.database();
    sales(&*database);
    let (_plan, folder) = hostile_plan("duckdb");
    let mut client = database.session();
    let makefile = export(&folder, "make", &["--client-only"], &client);
    let run = make(&folder, &makefile);
    assert_eq!(run.code, 0, "{}", run.err);
    assert_equals_sales(&*database);
    client.extend(["-f".to_string(), "{file}".to_string()]);
    let makefile = export(&folder, "make", &["--client-only"], &client);
    let run = make(&folder, &makefile);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(!folder.with_file_name("hacked").exists());
}

fn another_plan_is_refused() {
    let database = DuckDb.database();
    sales(&*database);
    let plan = Days::of(30);
    let folder = plan.write_for("duckdb");
    let makefile = export(&folder, "make", &[], &database.session());
    let mut later = Days::of(29);
    later.folder = tempfile::TempDir::new().unwrap();
    fs::remove_dir_all(&folder).unwrap();
    fs::rename(later.write_for("duckdb"), &folder).unwrap();
    let run = make(&folder, &makefile);
    assert_eq!(run.code, 2, "{}", run.err);
    assert!(run.err.contains("is not the one of `--fingerprint`"), "{}", run.err);
    assert!(!folder.with_file_name(".batchwright").exists());
}

/// The environment decides the server: what is done on one is not done on another.
fn finished_shards_are_of_one_server() {
    let plan = Days::of(30);
    let folder = plan.write_for("postgres");
    let bin = folder.with_file_name("bin");
    fs::create_dir(&bin).unwrap();
    let psql = bin.join("psql");
    let log = folder.with_file_name("log");
    let script = format!(
        "#!/bin/sh\necho \"$PGHOST\" >> '{}'\n! grep -q 2024-09-19 || exit 3\n",
        log.display()
    );
    fs::write(&psql, script).unwrap();
    fs::set_permissions(&psql, fs::Permissions::from_mode(0o755)).unwrap();
    let client = crate::batchwright::strings(&[
        psql.to_str().unwrap(),
        "-v",
        "ON_ERROR_STOP=1",
        "-d",
        "shop",
    ]);
    let makefile = export(&folder, "make", &["--client-only"], &client);
    let make_on = |host: &str| {
        let made = Command::new("make")
            .args(["-f", makefile.to_str().unwrap()])
            .current_dir(folder.parent().unwrap())
            .env("PGHOST", host)
            .output()
            .unwrap();
        assert_eq!(made.status.code(), Some(2), "{made:?}");
        let hosts = fs::read_to_string(&log).unwrap();
        hosts.lines().filter(|line| *line == host).count()
    };
    let first = make_on("one");
    assert_eq!(make_on("it's $two"), first, "all shards run on the other server");
    assert!(make_on("one") - first < first, "finished shards do not run again");
}

fn github_workflows_match_their_schema() {
    let client = crate::batchwright::strings(&["psql", "-v", "ON_ERROR_STOP=1"]);
    let (_plan, folder) = hostile_plan("postgres");
    for flags in [&[][..], &["--client-only"], &["--workdir", "dbt/shop"]] {
        let file = export(&folder, "github", flags, &client);
        let check = ["--builtin-schema", "vendor.github-workflows", file.to_str().unwrap()];
        let program = installed("workflows/bin/check-jsonschema");
        let checked = in_folder_of(&folder, &program, &check);
        assert_eq!(checked.code, 0, "{}\n{}", checked.out, fs::read_to_string(&file).unwrap());
    }
}
