//! The fixture `sessions` on an engine: a copy of the project, a database with its raw data, its
//! plans and its tables.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use serde_json::Value;
use tempfile::TempDir;
use walkdir::WalkDir;

use crate::engine::{Database, Engine, Outcome, lines};

/// The microbatch models with their event times, in the order of their dependencies.
pub const MICROBATCH: &[(&str, &str)] = &[
    ("hourly_events", "occurred_at"),
    ("int__sessions_aggregated", "session_start"),
    ("daily_report", "report_day"),
    ("monthly_revenue", "revenue_month"),
];

/// Bounds that include every raw event.
pub const ALL_EVENTS: &[&str] =
    &["--event-time-start", "2024-08-31", "--event-time-end", "2024-09-06"];

pub struct Shop<'a> {
    pub database: Box<dyn Database + 'a>,
    engine: &'a dyn Engine,
    folder: TempDir,
    files: Cell<usize>,
}

/// The steps of a plan, in the manifest's order.
pub struct Plan {
    pub steps: Vec<Step>,
    folder: PathBuf,
    dialect: String,
}

#[derive(Clone)]
pub struct Step {
    pub id: String,
    pub kind: String,
    pub file: PathBuf,
}

impl<'a> Shop<'a> {
    /// A shop with raw data and no other tables.
    pub fn open(engine: &'a dyn Engine) -> Self {
        let shop = Shop::empty(engine);
        shop.sql(&fs::read_to_string(fixture().join("engine/setup.sql")).unwrap());
        shop
    }

    /// A shop without data.
    pub fn empty(engine: &'a dyn Engine) -> Self {
        let folder = TempDir::new().expect("the system's folder for temporary files is writable");
        let shop = Shop { database: engine.database(), engine, folder, files: Cell::new(0) };
        let fixture = fixture();
        for entry in WalkDir::new(&fixture)
            .into_iter()
            .map(Result::unwrap)
            .filter(|entry| entry.file_type().is_file())
        {
            let path = entry.path().strip_prefix(&fixture).unwrap();
            shop.write(path, &fs::read_to_string(entry.path()).unwrap());
        }
        shop
    }

    /// A shop with all tables built, by all files of the plan concatenated. On a slow engine, they
    /// are the files of a plan with fewer and longer batches.
    pub fn built(engine: &'a dyn Engine) -> (Self, Plan) {
        let shop = Shop::open(engine);
        let plan = shop.compile_all();
        let by_months = || {
            let months = ["--batch-size", "month", "--exclude", MICROBATCH[0].0];
            shop.compile(&[ALL_EVENTS, &months].concat())
        };
        let months = engine.slow().then(by_months);
        let file = shop.folder.path().join("all.sql");
        fs::write(
            &file,
            months
                .as_ref()
                .unwrap_or(&plan)
                .steps
                .iter()
                .map(|step| fs::read_to_string(&step.file).unwrap())
                .collect::<String>(),
        )
        .unwrap();
        let outcome = shop.database.run(&file);
        assert!(outcome.ok, "{}", outcome.stderr);
        (shop, plan)
    }

    /// Writes a file of the project.
    pub fn write(&self, path: impl AsRef<Path>, text: &str) {
        let path = self.project().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, self.engine.project_file(&path, text)).unwrap();
    }

    /// Replaces texts of a file of the project, each of which it has.
    pub fn edit(&self, path: &str, edits: &[(&str, &str)]) {
        let mut text = fs::read_to_string(self.project().join(path)).unwrap();
        for (old, new) in edits {
            assert!(text.contains(old), "{path} lacks `{old}`");
            text = text.replace(old, new);
        }
        self.write(path, &text);
    }

    /// The microbatch models that are built on this engine, with their event times.
    pub fn microbatch(&self) -> &'static [(&'static str, &'static str)] {
        if self.engine.slow() { &MICROBATCH[1..] } else { MICROBATCH }
    }

    /// A plan of these models for all raw events.
    pub fn compile_all(&self) -> Plan {
        if self.engine.slow() {
            self.compile(&[ALL_EVENTS, &["--exclude", MICROBATCH[0].0]].concat())
        } else {
            self.compile(ALL_EVENTS)
        }
    }

    /// Runs SQL of the test.
    pub fn sql(&self, text: &str) {
        let file = self
            .folder
            .path()
            .join(format!("by-hand-{}.sql", self.files.replace(self.files.get() + 1)));
        fs::write(&file, self.database.adapt_sql(text)).unwrap();
        let outcome = self.database.run(&file);
        assert!(outcome.ok, "{}\nin\n{text}", outcome.stderr);
    }

    pub fn compile(&self, arguments: &[&str]) -> Plan {
        let folder =
            self.folder.path().join(format!("plan-{}", self.files.replace(self.files.get() + 1)));
        compile(&self.project(), &folder, &self.target(), arguments)
    }

    /// Compiles into the folder of a plan. Returns the messages.
    #[allow(dead_code, reason = "only tests/running uses it")]
    pub fn recompile(&self, plan: &Plan, arguments: &[&str]) -> String {
        let now = ["--now", "2024-09-10T12:00:00Z"];
        let outcome = self.compile_into(&plan.folder, &[arguments, &now].concat());
        assert!(outcome.ok, "{}", outcome.stderr);
        outcome.stderr
    }

    /// The error message of a compilation that must fail.
    pub fn compile_error(&self, arguments: &[&str]) -> String {
        let outcome = self.compile_into(&self.folder.path().join("refused"), arguments);
        assert!(!outcome.ok, "compiling with {arguments:?} must fail");
        outcome.stderr
    }

    fn compile_into(&self, folder: &Path, arguments: &[&str]) -> Outcome {
        let mut batchwright = Command::new(env!("CARGO_BIN_EXE_batchwright"));
        batchwright.arg("compile").args(self.target()).arg("--project-dir").arg(self.project());
        crate::engine::outcome(batchwright.args(arguments).arg("--plan").arg(folder))
    }

    /// The output of a command that reads the project.
    #[allow(dead_code, reason = "only tests/engines uses it")]
    pub fn output(&self, command: &str, arguments: &[&str]) -> String {
        let mut batchwright = Command::new(env!("CARGO_BIN_EXE_batchwright"));
        batchwright.arg(command).args(self.target()).args(["--now", "2024-09-10T12:00:00Z"]);
        let done =
            batchwright.args(arguments).arg("--project-dir").arg(self.project()).output().unwrap();
        assert!(
            done.status.code().is_some_and(|code| code < 2),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
        String::from_utf8(done.stdout).unwrap()
    }

    pub fn run(&self, step: &Step) -> Outcome {
        self.database.run(&step.file)
    }

    /// Runs steps in order; each must succeed.
    pub fn build<'s>(&self, steps: impl IntoIterator<Item = &'s Step>) {
        for step in steps {
            let outcome = self.run(step);
            assert!(outcome.ok, "`{}` failed\n{}", step.id, outcome.stderr);
        }
    }

    /// Runs steps concurrently; each must succeed.
    pub fn build_concurrently(&self, steps: &[&Step]) {
        for chunk in steps.chunks(8) {
            let database = &self.database;
            thread::scope(|scope| {
                let running: Vec<_> = chunk
                    .iter()
                    .map(|step| (step, scope.spawn(|| database.run(&step.file))))
                    .collect();
                for (step, thread) in running {
                    let outcome = thread.join().unwrap();
                    assert!(outcome.ok, "`{}` failed\n{}", step.id, outcome.stderr);
                }
            });
        }
    }

    /// All rows of a model's table, sorted.
    pub fn table(&self, model: &str) -> Vec<String> {
        self.rows(&format!("select * from analytics.{model}"))
    }

    pub fn rows(&self, query: &str) -> Vec<String> {
        let mut rows = self.database.rows(query);
        rows.sort();
        rows
    }

    /// Asserts that the model's table equals its query without filters.
    pub fn assert_equals_query(&self, model: &str) {
        let query = self.query(model);
        let expected = self.rows(&format!("select * from (\n{query}\n) as expected"));
        assert_eq!(self.table(model), expected, "`{model}` differs from its query");
        assert!(!self.table(model).is_empty(), "`{model}` is empty");
    }

    fn query(&self, model: &str) -> String {
        let out = self.folder.path().join("rendered");
        let mut render = Command::new(env!("CARGO_BIN_EXE_batchwright"));
        render.arg("render").args(self.target()).arg("--project-dir").arg(self.project());
        lines(render.arg("--out").arg(&out));
        let name = format!("{model}.sql");
        let mut files = WalkDir::new(out).into_iter().map(Result::unwrap);
        let file = files
            .find(|entry| entry.file_name() == name.as_str())
            .unwrap_or_else(|| panic!("`{model}` was not rendered"));
        fs::read_to_string(file.path()).unwrap()
    }

    fn target(&self) -> [&'static str; 6] {
        ["--dialect", self.engine.dialect(), "--schema", "analytics", "--vars", self.engine.vars()]
    }

    pub fn project(&self) -> PathBuf {
        self.folder.path().join("project")
    }
}

impl Plan {
    /// The batch of a model with a label.
    pub fn batch(&self, model: &str, label: &str) -> &Step {
        let id = format!("model.shop.{model}@{label}");
        self.steps
            .iter()
            .find(|step| step.id == id)
            .unwrap_or_else(|| panic!("the plan lacks `{id}`"))
    }

    #[allow(dead_code, reason = "tests/engines alone asks")]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file of a model's audit.
    #[allow(dead_code, reason = "only tests/engines uses it")]
    pub fn audit(&self, model: &str) -> PathBuf {
        self.folder.join(format!("audit/{model}.sql"))
    }

    /// The file of a model's audit as `batchwright run --audit` runs it: it fails at a fault.
    #[allow(dead_code, reason = "only tests/engines uses it")]
    pub fn stopping_audit(&self, model: &str) -> PathBuf {
        let text = fs::read_to_string(self.audit(model)).unwrap();
        let dialect = batchwright::dialect::named(&self.dialect).unwrap();
        let file = self.folder.join(format!("stops-{model}.sql"));
        fs::write(
            &file,
            batchwright::codegen::audit::failing_audit(&dialect, model, &text, &[])
                .unwrap()
                .unwrap(),
        )
        .unwrap();
        file
    }

    /// The steps of a model with a kind.
    pub fn of(&self, model: &str, kind: &str) -> Vec<&Step> {
        let model = format!("model.shop.{model}@");
        self.steps.iter().filter(|step| step.kind == kind && step.id.starts_with(&model)).collect()
    }
}

impl<'a> IntoIterator for &'a Plan {
    type Item = &'a Step;
    type IntoIter = std::slice::Iter<'a, Step>;

    fn into_iter(self) -> Self::IntoIter {
        self.steps.iter()
    }
}

/// The folder of the fixture.
pub fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/projects/sessions")
}

/// Compiles a project into `folder` and reads the manifest.
pub fn compile(project: &Path, folder: &Path, target: &[&str], arguments: &[&str]) -> Plan {
    let mut batchwright = Command::new(env!("CARGO_BIN_EXE_batchwright"));
    batchwright.arg("compile").args(target).args(arguments);
    if !arguments.contains(&"--now") {
        batchwright.args(["--now", "2024-09-10T12:00:00Z"]);
    }
    lines(batchwright.arg("--project-dir").arg(project).arg("--plan").arg(folder));
    read(folder)
}

/// Reads the plan in a folder.
pub fn read(folder: &Path) -> Plan {
    let manifest: Value =
        serde_json::from_str(&fs::read_to_string(folder.join("manifest.json")).unwrap()).unwrap();
    let steps = manifest["steps"].as_array().expect("the manifest has steps").iter();
    let text = |step: &Value, key: &str| {
        step[key].as_str().unwrap_or_else(|| panic!("a step without `{key}`: {step}")).to_string()
    };
    Plan {
        folder: folder.to_path_buf(),
        dialect: manifest["dialect"].as_str().unwrap().to_string(),
        steps: steps
            .map(|step| Step {
                id: text(step, "id"),
                kind: text(step, "kind"),
                file: folder.join(text(step, "file")),
            })
            .collect(),
    }
}
