//! Plans for warehouses that cannot run here, checked by BigQuery's analyzer, the parsers of Spark
//! 4, Trino and T-SQL, Snowflake's client on fakesnow, and sqlfluff. Each checker must also reject
//! invalid files.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use batchwright::codegen::ledger::{read_ledger, read_ledger_lines};
use batchwright::codegen::present_columns::{read_columns, read_columns_lines};
use batchwright::dialect::{self, Sql};
use batchwright::jinja::Relation;
use libtest_mimic::Trial;
use regex::Regex;
use tempfile::TempDir;

use crate::engine::installed;
use crate::proofs::{JUDGED, Judge, Judged};
use crate::shop::{compile, fixture, read};
use crate::trial;

const CASES: &[(&str, fn())] = &[
    ("bigquery::the_analyzer_rejects_broken_files", || {
        rejects(Judge::GoogleSql, BROKEN_FOR_BIGQUERY)
    }),
    ("databricks::the_parser_rejects_broken_files", || {
        rejects(Judge::SparkParser, BROKEN_FOR_SPARK)
    }),
    ("trino::the_grammar_rejects_broken_files", || {
        rejects(Judge::TrinoGrammar(&[]), BROKEN_FOR_TRINO)
    }),
    ("sqlserver::the_parser_rejects_broken_files", || rejects(Judge::ScriptDom, BROKEN_FOR_TSQL)),
    ("snowflake::sqlfluff_rejects_broken_files", || {
        rejects(Judge::Sqlfluff("snowflake"), BROKEN_FOR_SNOWFLAKE)
    }),
    ("snowflake::the_client_runs_the_plan", the_client_runs_the_plan),
    ("snowflake::a_failing_file_is_reported", a_failing_file_is_reported),
];

/// The cases above, and two for each dialect and checker: it accepts the plan and rejects a batch
/// with a planted fault.
pub fn trials() -> Vec<Trial> {
    let mut trials: Vec<Trial> =
        CASES.iter().map(|(name, case)| trial(name.to_string(), *case)).collect();
    for judged in JUDGED {
        let name = format!("{}::{}", judged.dialect, judged.judge.name());
        trials.push(trial(format!("{name}_accepts_the_plan"), || accepts(judged)));
        trials.push(trial(format!("{name}_finds_the_planted_fault"), || {
            finds_the_planted_fault(judged)
        }));
    }
    trials
}

const BROKEN_FOR_BIGQUERY: &[&str] = &[
    "selec 1;",
    "delete from shop.raw.events;",
    "select nosuch from shop.raw.events;",
    "select event_id from shop.raw.nosuch;",
    "select event_id from shop.raw.events where occurred_at >= 5;",
    "insert into shop.raw.events (event_id) values ('text');",
    "merge into shop.raw.events as t using shop.raw.events as s on false when not matched by \
     source and t.nosuch = 1 then delete;",
    "if true then select 1;",
];

const BROKEN_FOR_SPARK: &[&str] = &[
    "selec 1;",
    "insert into t replace where a = 1 by name select 1 as a;",
    "insert into t by name replace select 1 as a;",
    "select 1; select ';' from (; select 2;",
    "merge into t using s on false when not matched by source then delete when not matched then \
     insert *;",
    "begin transaction;",
];

const BROKEN_FOR_TRINO: &[&str] = &[
    "selec 1;",
    "insert overwrite t select 1;",
    "delete t where a = 1;",
    "merge into t using s on false when not matched by source then delete;",
    "select date_add('day', interval 1 day, a) from t where;",
    "select ';' from (;",
];

const BROKEN_FOR_TSQL: &[&str] = &[
    "selec a from t;",
    "select 1 from t limit 5;",
    "create table if not exists t (a int);",
    "delete from t where a >= timestamp '2024-01-01';",
    "merge into t using s on 1 = 0 when not matched by source then delete",
    "exec sys.sp_executesql N'creat view v as select ''a'' as a';",
];

const BROKEN_FOR_SNOWFLAKE: &[&str] = &[
    "selec 1;",
    "insert into t replace where a = 1 select 1;",
    "merge into t using s on false when not matched by source then delete;",
    "delete from t where;",
];

/// The files, in order, of the README's backfill, of three hours of the hourly model, and of a full
/// refresh; after the steps of the first two their audits, read-only and as a run executes them.
fn plan(dialect: &str, folder: &Path) -> Vec<PathBuf> {
    let target = ["--dialect", dialect, "--database", "shop", "--schema", "analytics"];
    let compile = |folder: PathBuf, arguments: &str| {
        compile(&fixture(), &folder, &target, &arguments.split(' ').collect::<Vec<_>>())
    };
    let days = "--select +int__sessions_aggregated+ --event-time-start 2024-09-01 \
        --event-time-end 2024-09-04";
    let hours = "--select hourly_events --event-time-start 2024-09-01T09:00:00 --event-time-end \
        2024-09-01T12:00:00";
    let refresh = "--select int__sessions_aggregated --full-refresh";
    let audited = [
        &["int__sessions_aggregated", "daily_report", "monthly_revenue"][..],
        &["hourly_events"],
        &[],
    ];
    let files = |(number, arguments): (usize, &str)| {
        let plan = compile(folder.join(number.to_string()), arguments);
        let audits: Vec<PathBuf> = audited[number]
            .iter()
            .flat_map(|model| [plan.audit(model), plan.stopping_audit(model)])
            .collect();
        plan.steps.into_iter().map(|step| step.file).chain(audits).collect::<Vec<_>>()
    };
    let mut all: Vec<PathBuf> =
        [days, hours, refresh].into_iter().enumerate().flat_map(files).collect();
    if !NOT_STAGING.contains(&dialect) {
        let staged = "--select int__sessions_aggregated --staged --event-time-start 2024-09-01 \
            --event-time-end 2024-09-04";
        let folder = folder.join("staged");
        let steps = compile(folder.clone(), staged).steps.into_iter().map(|step| step.file);
        let extra = ["undo", "cleanup"].map(|name| format!("{name}/int__sessions_aggregated.sql"));
        all.extend(steps.chain(extra.map(|file| folder.join(file))));
    }
    all
}

/// The queries that read the ledger and the columns of tables, with a value and with a text per
/// row. BigQuery's analyzer needs declared tables, and Spark has no table of columns.
fn reading_queries(name: &str, folder: &Path) -> Vec<PathBuf> {
    let dialect = dialect::named(name).unwrap();
    let ledger = Sql("analytics.ledger".to_string());
    let mut queries = Vec::new();
    if name != "bigquery" {
        queries.push(read_ledger(&dialect, &ledger).unwrap());
        queries.push(read_ledger_lines(&dialect, &ledger).unwrap());
    }
    if !["bigquery", "spark"].contains(&name) {
        let relation = |name: &str| Relation {
            database: Some("shop".to_string()),
            schema: Some("analytics".to_string()),
            identifier: name.to_string(),
            style: dialect.relation_style(),
        };
        let relations = ["orders", "payments"].map(relation);
        let relations: Vec<&Relation> = relations.iter().collect();
        queries.push(read_columns(&dialect, &relations).unwrap());
        queries.push(read_columns_lines(&dialect, &relations).unwrap());
    }
    let write = |(index, query): (usize, Sql)| {
        let file = folder.join(format!("reads-{index}.sql"));
        fs::write(&file, format!("{query}\n")).unwrap();
        file
    };
    queries.into_iter().enumerate().map(write).collect()
}

/// The dialects without statements for a staged backfill.
const NOT_STAGING: &[&str] = &["spark", "athena"];

/// The plans of the cases in `fixtures/` that compile for this dialect, or for all of them, each
/// with its project.
fn fixture_plans(dialect: &str, folder: &Path) -> Vec<(PathBuf, Vec<PathBuf>)> {
    let command = Regex::new(&format!(
        r"\$ batchwright (compile .*--dialect (?:{dialect}\b|\{{dialect\}}).*)"
    ))
    .unwrap();
    let mut plans = Vec::new();
    let folders = |folder: &Path| -> Vec<PathBuf> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
    };
    let groups = folders(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures"));
    for project in groups.iter().flat_map(|group| folders(group)) {
        let readme = fs::read_to_string(project.join("README.md")).unwrap();
        let Some(captures) = command.captures(&readme).filter(|_| project != fixture()) else {
            continue;
        };
        // Cases of different groups may have one name.
        let names: Vec<_> =
            project.iter().rev().take(2).map(|name| name.to_string_lossy()).collect();
        let plan = folder.join(names.join("."));
        let mut batchwright = Command::new(env!("CARGO_BIN_EXE_batchwright"));
        let line = captures[1].replace("{dialect}", dialect).replace("--stdout", "");
        batchwright
            .args(shlex::split(&line).unwrap())
            .current_dir(&project)
            .arg("--plan")
            .arg(&plan);
        // A case of an error writes no plan.
        if run(&mut batchwright).status.success() {
            plans.push((project, read(&plan).steps.into_iter().map(|step| step.file).collect()));
        }
    }
    plans
}

fn accepts(judged: &Judged) {
    let folder = TempDir::new().unwrap();
    let mut plans = fixture_plans(judged.dialect, folder.path());
    plans.push((fixture(), plan(judged.dialect, &folder.path().join("sessions"))));
    plans.push((fixture(), reading_queries(judged.dialect, folder.path())));
    if judged.judge == Judge::GoogleSql {
        // The analyzer needs declared tables.
        plans.retain(|(project, _)| project.join("engine/bigquery.sql").exists());
    } else {
        // Parsers need no project, and one process is faster.
        plans = vec![(fixture(), plans.into_iter().flat_map(|(_, files)| files).collect())];
    }
    for (project, files) in plans.into_iter().filter(|(_, files)| !files.is_empty()) {
        let output = check(judged.judge, &project, &without_equal_shapes(files));
        assert!(output.status.success(), "{}: {}", project.display(), text(&output));
    }
}

/// The files without those that differ from another one in digits only, such as the times of its
/// batch: a parser treats them alike.
fn without_equal_shapes(files: Vec<PathBuf>) -> Vec<PathBuf> {
    let mut shapes = BTreeSet::new();
    let shape = |file: &PathBuf| fs::read_to_string(file).unwrap().replace(char::is_numeric, "0");
    files.into_iter().filter(|file| shapes.insert(shape(file))).collect()
}

/// One batch among valid files has a fault: exactly this file must be reported.
fn finds_the_planted_fault(judged: &Judged) {
    let folder = TempDir::new().unwrap();
    let mut files = plan(judged.dialect, folder.path());
    let index = files
        .iter()
        .position(|file| file.ends_with("int__sessions_aggregated/2024-09-01.sql"))
        .expect("the plan has this batch");
    files.truncate(index + 1);
    // Only an analyzer needs the files that create what the batch reads.
    if judged.judge != Judge::GoogleSql {
        files.drain(..index - 1);
    }
    let batch = files.last().expect("the batch is the last file");
    let sql = fs::read_to_string(batch).unwrap();
    let [valid, faulty] = judged.fault;
    assert!(sql.contains(valid), "the batch does not contain `{valid}`:\n{sql}");
    fs::write(batch, sql.replacen(valid, faulty, 1)).unwrap();
    let output = check(judged.judge, &fixture(), &files);
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(
        !output.status.success() && report.contains(batch.to_str().unwrap()),
        "`{faulty}` was accepted:\n{}",
        text(&output)
    );
    assert_eq!(report.lines().count(), 1, "{report}");
}

/// Checks invalid files together with a valid one: exactly the invalid ones must be reported.
fn rejects(judge: Judge, broken: &[&str]) {
    let folder = TempDir::new().unwrap();
    let file = |name: String, sql: &str| {
        let path = folder.path().join(name);
        fs::write(&path, sql).unwrap();
        path
    };
    let mut files =
        vec![file("good.sql".into(), "-- a comment; with a semicolon\nselect ';' as semicolon;\n")];
    files.extend(
        broken.iter().enumerate().map(|(number, sql)| file(format!("broken-{number}.sql"), sql)),
    );
    let output = check(judge, &fixture(), &files);
    assert!(!output.status.success(), "{}", text(&output));
    let report = String::from_utf8_lossy(&output.stdout);
    for (path, sql) in files[1..].iter().zip(broken) {
        assert!(report.contains(path.to_str().unwrap()), "accepted: {sql}\n{}", text(&output));
    }
    assert!(!report.contains("good.sql"), "{report}");
}

/// Checks the files of a project's plan in order. Stdout has a line for each invalid file.
fn check(judge: Judge, project: &Path, files: &[PathBuf]) -> Output {
    match judge {
        Judge::GoogleSql => {
            let mut analyzer = python("analyzers", "check_bigquery.py");
            run(analyzer
                .arg("--cache")
                .arg(installed(""))
                .arg(project.join("engine/bigquery.sql"))
                .args(files))
        }
        Judge::SparkParser => {
            run(python("spark", "check_spark.py").env("SPARK_LOCAL_IP", "127.0.0.1").args(files))
        }
        Judge::TrinoGrammar(options) => {
            run(python("grammars", "check_trino.py").args(options).args(files))
        }
        Judge::ScriptDom => {
            run(python("grammars", "check_tsql.py").arg(installed("tsql")).args(files))
        }
        Judge::Sqlfluff(dialect) => {
            run(python("analyzers", "check_sqlfluff.py").arg(dialect).args(first_batches(files)))
        }
    }
}

/// One batch of each model: sqlfluff takes seconds per file, and the batches of a model differ only
/// in their literals.
fn first_batches(files: &[PathBuf]) -> impl Iterator<Item = &PathBuf> {
    let is_batch = |file: &Path| {
        file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("2024-"))
    };
    let follows_batch = move |index: usize| {
        index > 0
            && is_batch(&files[index])
            && is_batch(&files[index - 1])
            && files[index].parent() == files[index - 1].parent()
    };
    files.iter().enumerate().filter(move |(index, _)| !follows_batch(*index)).map(|(_, file)| file)
}

fn snowflake(files: &[PathBuf], seconds: &str, query: &str) -> Output {
    let mut client = python("snow", "run_snowflake.py");
    client
        .arg("--snow")
        .arg(installed("snow/bin/snow"))
        .arg("--fakesnow")
        .arg(installed("fakesnow/bin/fakesnow"));
    run(client
        .args(["--seconds", seconds, "--query", query])
        .arg(fixture().join("engine/setup.sql"))
        .args(files))
}

fn the_client_runs_the_plan() {
    let folder = TempDir::new().unwrap();
    let mut files = plan("snowflake", folder.path());
    // fakesnow cannot swap tables; without the swap, the rows are those of the backfill.
    let count = files.len();
    files.retain(|file| !file.ends_with("98_swap.sql"));
    assert_eq!(files.len(), count - 1);
    // fakesnow has no schema-qualified temporary tables. Their names are unique in a session.
    let stage = Regex::new(r"shop\.analytics\.(\w+__batch_)").unwrap();
    for file in &files {
        let sql = fs::read_to_string(file).unwrap();
        fs::write(file, stage.replace_all(&sql, "$1").as_ref()).unwrap();
    }
    let sessions = "select user_id, country, session_start, event_count, cast(revenue as integer) \
        from shop.analytics.int__sessions_aggregated";
    let output =
        snowflake(&files, "240", &format!("{sessions} where user_id in (1, 3) order by 1, 3"));
    assert!(output.status.success(), "{}", text(&output));
    let rows: Vec<_> =
        String::from_utf8_lossy(&output.stdout).lines().map(str::to_string).collect();
    // Counted by hand in the fixture's `engine/setup.sql`.
    assert_eq!(
        rows,
        [
            "1,DE,2024-09-01T00:00:00,2,20",
            "1,DE,2024-09-03T18:45:00,1,11",
            "3,,2024-09-02T12:00:00,2,14"
        ]
    );
}

fn a_failing_file_is_reported() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("broken.sql");
    fs::write(&file, "create table shop.public.t as select nosuch from shop.raw.events;").unwrap();
    let output = snowflake(&[file], "60", "select 1");
    assert!(
        !output.status.success() && text(&output).to_lowercase().contains("nosuch"),
        "{}",
        text(&output)
    );
}

/// A script of this folder in a Python environment that `tests/run` installs.
fn python(environment: &str, script: &str) -> Command {
    let mut python = Command::new(installed(environment).join("bin/python"));
    python.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/engines").join(script));
    python
}

fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?} does not start: {error}"))
}

fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}
