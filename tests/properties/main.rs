//! Properties of random projects, rows and ranges, on DuckDB: a table built by batches equals its
//! query over the whole range; the order and the number of runs of the batches do not matter; only
//! tables in the author's text change; every file parses. `PROPTEST_CASES=1000` tries more, and
//! different ones each time.

#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

#[path = "../engines/engine.rs"]
#[allow(dead_code, reason = "only `installed` is used")]
mod engine;
mod projects;

use std::fmt::Write;
use std::fs;
use std::process::Command;

use batchwright::codegen::audit;
use batchwright::compile::{Request, compile};
use batchwright::dialect::{self, Dialect};
use batchwright::plan::{ModelSteps, Plan, StepKind};
use batchwright::{calendar, graph, inject, project, window};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestCaseError};
use regex::Regex;
use tempfile::TempDir;

use projects::Project;

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_table_built_by_batches_equals_its_query(project in projects::project(), seed in any::<u64>()) {
        let shop = Shop::of(&project);
        let (in_order, shuffled) = (shop.compile("duckdb", "a")?, shop.compile("duckdb", "b")?);
        let mut script = setup(&project);
        for step in in_order.all() {
            script.push_str(&step.text());
        }
        for steps in &shuffled.steps {
            let mut batches: Vec<_> = steps.all().filter(|step| step.kind() == StepKind::Batch).collect();
            let repeated = seed as usize % (batches.len() + 1);
            batches.extend_from_within(..repeated);
            let mut order: Vec<usize> = (0..batches.len()).collect();
            order.sort_by_key(|index| (*index as u64 + 1).wrapping_mul(seed | 1).rotate_left(29));
            let create = steps.all().filter(|step| step.kind() == StepKind::Create);
            create.chain(order.iter().map(|index| batches[*index].clone())).for_each(|step| script.push_str(&step.text()));
        }
        for (nth, model) in project.models.iter().enumerate() {
            let (first, last) = steps_of(&in_order, nth).batches.as_ref().unwrap().cover.ends();
            let (start, end) = (first.window.start, last.window.end);
            prop_assert!(start <= project.start.max(model.begin) && project.end <= end);
            let range = format!("seen_at >= '{}' and seen_at < \
                '{}'", start.naive_utc(), end.naive_utc());
            let expected = format!("(select {COLUMNS} from (\n{}\n) where \
                {range})", model.query("a"));
            let built = |schema: &str| format!("(select {COLUMNS} from {schema}.m{nth})");
            for (what, one, other) in [("whole \
                query", built("a"), expected), ("any order", built("a"), built("b"))] {
                writeln!(script, "select 'm{nth}: {what}' from (({one} except all {other}) union \
                    all ({other} except all {one}));").unwrap();
            }
        }
        // Some rows of the source have no event time.
        let allowed = ["no event time".to_string()];
        for (_, written, cover) in in_order.audits() {
            let text = audit::failing_audit(&dialect::named("duckdb").unwrap(), &written.file, &written.text(cover), &allowed).unwrap();
            script.push_str(&text.unwrap_or_default());
        }
        let output = duckdb(&script);
        let differs = output.as_ref().map_or(true, |output| output.lines().any(|line| line.starts_with('m')));
        prop_assert!(!differs, "{output:?}\n{}", shop.files());
    }

    #[test]
    fn only_tables_in_the_authors_text_change(project in projects::project()) {
        let shop = Shop::of(&project);
        let plan = shop.compile("duckdb", "a")?;
        for (nth, model) in project.models.iter().enumerate() {
            let mut pattern = String::new();
            for (text, table) in model.pieces() {
                pattern.push_str(&regex::escape(text));
                match table {
                    Some((relation, true)) => pattern.push_str(&format!(r#"\(select \* from {relation} where [^()]*\)( as "?\w+"?)?"#)),
                    Some((relation, false)) => pattern.push_str(&relation),
                    None => {}
                }
            }
            let expected = Regex::new(&pattern).unwrap();
            for step in steps_of(&plan, nth).all().filter(|step| step.kind() == StepKind::Batch) {
                prop_assert!(expected.is_match(&step.text()), "{expected}\n{}", step.text());
            }
        }
    }

    #[test]
    fn every_file_parses(project in projects::project(), name in prop::sample::select(PARSED.to_vec())) {
        let plan = Shop::of(&project).compile(name, "a")?;
        let dialect: Dialect = dialect::named(name).unwrap();
        let parser = inject::parser(&dialect.syntax.parser);
        // sqlparser cannot parse MySQL's prepared statements; tests/engines executes them.
        let prepared = Regex::new(r"(?s)set @make_way.*?deallocate prepare make_way;").unwrap();
        for text in plan.all().map(|step| step.text().into_owned()) {
            let text = prepared.replace_all(&text, "");
            let parsed = sqlparser::parser::Parser::parse_sql(&*parser, &text);
            prop_assert!(parsed.is_ok(), "{name}: {parsed:?}\n{text}");
        }
    }
}

const COLUMNS: &str = "seen_at, id, kind, amount";

/// Dialects whose statements sqlparser can parse. The first property covers DuckDB.
const PARSED: [&str; 5] = ["bigquery", "mysql", "redshift", "snowflake", "sqlite"];

/// The same few cases each time, or `PROPTEST_CASES` random ones.
fn config() -> Config {
    let default = Config {
        cases: 24,
        rng_seed: RngSeed::Fixed(20_240_901),
        failure_persistence: None,
        ..Config::default()
    };
    if std::env::var_os("PROPTEST_CASES").is_some() {
        Config { failure_persistence: None, ..Config::default() }
    } else {
        default
    }
}

/// A project on disk.
struct Shop {
    folder: TempDir,
    request: Request,
}

impl Shop {
    fn of(project: &Project) -> Shop {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| fs::write(folder.path().join(path), text).unwrap();
        fs::create_dir(folder.path().join("models")).unwrap();
        write("dbt_project.yml", "name: shop\n");
        write(
            "models/raw.yml",
            "sources: \
             [{name: raw, tables: [{name: events, config: {event_time: seen_at}}, {name: users}]}]\n",
        );
        for (nth, model) in project.models.iter().enumerate() {
            write(&format!("models/m{nth}.sql"), &model.file());
        }
        let now = calendar::parse_timestamp("2024-09-10").unwrap().at(chrono_tz::Tz::UTC);
        let open = project::LoadOptions {
            project_dir: folder.path().to_path_buf(),
            profiles_dir: None,
            profile: None,
            target: None,
            dialect: None,
            database: None,
            schema: None,
            vars: serde_json::Map::new(),
            full_refresh: false,
            which: "run",
            now,
            environment: Default::default(),
            answers: None,
            catalog: None,
            columns: None,
        };
        let windows = window::WindowRequest {
            bounds: window::bounds(
                Some(&project.start.to_rfc3339()),
                Some(&project.end.to_rfc3339()),
            )
            .unwrap(),
            now,
            batch_size: project.batch_size,
            chunk: None,
            complete_only: false,
            excluded: Vec::new(),
            strict: false,
            max_batches: 1000,
        };
        let request = Request {
            now_is_given: true,
            ..Request::new(open, graph::Selection::default(), windows)
        };
        Shop { folder, request }
    }

    fn compile(&self, dialect: &str, schema: &str) -> Result<Plan, TestCaseError> {
        let mut request = self.request.clone();
        request.open.dialect = Some(dialect.to_string());
        request.open.schema = Some(schema.to_string());
        compile(&request)
            .map(|compiled| compiled.plan)
            .map_err(|error| TestCaseError::fail(format!("{error:?}\n{}", self.files())))
    }

    fn files(&self) -> String {
        let mut paths: Vec<_> = fs::read_dir(self.folder.path().join("models"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        paths.sort();
        paths.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
    }
}

fn steps_of(plan: &Plan, nth: usize) -> &ModelSteps {
    plan.steps.iter().find(|steps| steps.folder == format!("m{nth}")).unwrap()
}

/// Creates the source's rows and the table without an event time.
fn setup(project: &Project) -> String {
    let mut script =
        "create schema raw;\ncreate table raw.events (seen_at timestamp, id integer, kind \
         varchar, amount bigint);\n"
            .to_string();
    for event in &project.events {
        let at = event.at.map_or("null".to_string(), |at| format!("'{}'", at.naive_utc()));
        let (id, amount) = (event.id, event.amount);
        writeln!(script, "insert into raw.events values ({at}, {id}, 'k{}', {amount});", id % 3)
            .unwrap();
    }
    script.push_str(
        "create table raw.users as select i as id, 'user ' || i as kind from range(4) as r(i);\n",
    );
    script
}

/// Runs the script; returns stdout, or stderr if it fails.
fn duckdb(script: &str) -> Result<String, String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(&file, script).unwrap();
    let mut client = Command::new(engine::installed("duckdb"));
    let done = client
        .args([":memory:", "-bail", "-no-init", "-csv", "-noheader", "-f"])
        .arg(file.path())
        .output()
        .unwrap();
    let [stdout, stderr] =
        [done.stdout, done.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    if done.status.success() { Ok(stdout) } else { Err(stderr) }
}
