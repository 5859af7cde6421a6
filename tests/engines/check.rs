//! Verifies the truth of the `check` corpus: each model is built batch by batch on DuckDB and
//! compared with its query over all rows. The data has rows at window edges, ties, duplicates, late
//! partners, and columns that are, or are not, the day of the event time.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::corpus::{self, Model, Truth};
use crate::engine::{installed, lines};
use crate::shop::{self, Shop};

/// The bounds of the data, by batch size and zone.
const BOUNDS: &[(&str, &str, &str, &str)] = &[
    ("hour", "UTC", "2024-08-31 20:00:00", "2024-09-01 06:00:00"),
    ("day", "UTC", "2024-08-28 00:00:00", "2024-09-06 00:00:00"),
    ("day", "America/New_York", "2024-08-28 04:00:00", "2024-09-06 04:00:00"),
    ("month", "UTC", "2023-07-01 00:00:00", "2024-10-01 00:00:00"),
    ("year", "UTC", "2022-01-01 00:00:00", "2025-01-01 00:00:00"),
];

pub fn the_corpus_states_the_truth() {
    let models = corpus::models();
    let mut errors = Vec::new();
    let mut executed = 0;
    for (size, zone, low, high) in BOUNDS {
        let selected: Vec<&Model> = models
            .iter()
            .filter(|model| {
                model.is_executed() && model.batch_size() == *size && model.timezone() == *zone
            })
            .collect();
        let built = Built::of(&selected, low, high);
        let (loose, tidy) =
            (built.differing(&selected, size, true), built.differing(&selected, size, false));
        executed += selected.len();
        for model in selected {
            let differs = (loose.contains(&model.name), tidy.contains(&model.name));
            let is_true = match model.truth {
                Truth::Safe => differs == (false, false),
                Truth::Unsafe => differs.0 && differs.1,
                Truth::Depends => differs == (true, false),
            };
            if !is_true {
                errors.push(format!(
                    "{} {}: {:?}, but its rows differ (loose data, tidy data): {differs:?}",
                    model.file, model.name, model.truth
                ));
            }
        }
    }
    assert_eq!(
        executed,
        models.iter().filter(|model| model.is_executed()).count(),
        "some models have no bounds"
    );
    assert!(errors.is_empty(), "{} of {executed} models:\n{}", errors.len(), errors.join("\n"));
}

/// Compiled models of one batch size and zone.
struct Built {
    low: String,
    high: String,
    /// The text of each model's steps and its query without filters.
    models: BTreeMap<String, (String, String)>,
}

impl Built {
    fn of(models: &[&Model], low: &str, high: &str) -> Built {
        let folder = tempfile::tempdir().unwrap();
        let project = folder.path().join("project");
        let files: Vec<(&Model, String)> =
            models.iter().map(|model| (*model, model.for_duckdb())).collect();
        corpus::write(&project, &files);
        let bounds =
            ["--event-time-start", low, "--event-time-end", high, "--now", "2025-01-01T00:00:00Z"];
        let target = ["--dialect", "duckdb", "--schema", "analytics"];
        let plan = shop::compile(&project, &folder.path().join("plan"), &target, &bounds);
        let mut texts: BTreeMap<String, (String, String)> = BTreeMap::new();
        for step in &plan.steps {
            let name =
                step.id.trim_start_matches("model.corpus.").split('@').next().unwrap().to_string();
            texts.entry(name).or_default().0.push_str(&fs::read_to_string(&step.file).unwrap());
        }
        for (name, (_, query)) in &mut texts {
            *query = rendered(&project, folder.path(), name);
        }
        Built { low: low.to_string(), high: high.to_string(), models: texts }
    }

    /// The names of the models whose tables differ from their queries over all rows. The rows of a
    /// failed batch are missing.
    fn differing(&self, models: &[&Model], size: &str, loose: bool) -> BTreeSet<String> {
        let data = fs::read_to_string(corpus::project().join("data.sql")).unwrap();
        let values = [
            ("{low}", self.low.as_str()),
            ("{high}", &self.high),
            ("{step}", &format!("1 {size}")),
            ("{loose}", &loose.to_string()),
        ];
        let mut text = values.iter().fold(data, |text, (key, value)| text.replace(key, value));
        for model in models {
            let (steps, query) = &self.models[&model.name];
            let name = &model.name;
            // Rows without an event time or outside of the bounds are in no batch.
            let (low, high) = (&self.low, &self.high);
            let within = format!("happened_at >= '{low}+00' and happened_at < '{high}+00'");
            let (table, expected) = (
                format!("select * from analytics.{name}"),
                format!("select * from (\n{query}\n) where {within}"),
            );
            let differs = format!(
                "exists ({table} except all {expected}) or exists ({expected} except all {table})"
            );
            writeln!(
                text,
                "{steps}\nrollback;\nselect '{name}', (select count(*) from (\n{query}\n)) > 0 or \
                 '{name}' = 'limit_zero', {differs};"
            )
            .unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("all.sql");
        fs::write(&file, text).unwrap();
        // Without `-bail`, the client continues after failed batches of unsafe models.
        let mut client = Command::new(installed("duckdb"));
        let client = client
            .args(["-no-init", "-list", "-noheader"])
            .stdin(fs::File::open(&file).unwrap())
            .env("TZ", "UTC")
            .output()
            .unwrap();
        let output = String::from_utf8(client.stdout).unwrap();
        let answers: BTreeMap<&str, (bool, bool)> = output
            .lines()
            .filter_map(|line| match line.split('|').collect::<Vec<_>>().as_slice() {
                [name, rows, differs] => Some((*name, (*rows == "true", *differs == "true"))),
                _ => None,
            })
            .collect();
        let rows = |model: &&&Model| answers.get(model.name.as_str()).map(|answer| answer.0);
        let failed: Vec<&str> = models
            .iter()
            .filter(|model| rows(model).is_none())
            .map(|model| model.name.as_str())
            .collect();
        let errors = String::from_utf8_lossy(&client.stderr);
        let expected = |line: &&str| {
            ["no transaction is active", "Current transaction is aborted", "so nothing was changed"]
                .iter()
                .any(|end| line.contains(end))
        };
        let errors: Vec<&str> = errors.lines().filter(|line| !expected(line)).collect();
        assert!(failed.is_empty(), "{failed:?} do not run on DuckDB:\n{}", errors.join("\n"));
        let empty: Vec<&str> = models
            .iter()
            .filter(|model| rows(model) == Some(false))
            .map(|model| model.name.as_str())
            .collect();
        assert!(empty.is_empty(), "{empty:?} yield no rows");
        // A failed batch has no rows, for any query.
        let stderr = String::from_utf8_lossy(&client.stderr);
        let fails = |name: &str| stderr.contains(&format!("model.corpus.{name}@"));
        let differing = answers.into_iter().filter(|(name, (_, differs))| *differs || fails(name));
        differing.map(|(name, _)| name.to_string()).collect()
    }
}

/// A model's query as dbt compiles it, without filters.
fn rendered(project: &Path, folder: &Path, name: &str) -> String {
    let out = folder.join("rendered");
    if !out.exists() {
        let mut render = Command::new(env!("CARGO_BIN_EXE_batchwright"));
        render
            .args(["render", "--dialect", "duckdb", "--schema", "analytics", "--project-dir"])
            .arg(project);
        lines(render.arg("--out").arg(&out));
    }
    fs::read_to_string(out.join(format!("corpus/models/{name}.sql"))).unwrap()
}

/// The codes of the findings in each selected model, without rules about cost.
pub fn codes(shop: &Shop, select: &[&str]) -> BTreeMap<String, BTreeSet<String>> {
    let json = shop.output("check", &[&["--format", "json", "--select"], select].concat());
    let mut codes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let findings: Vec<Value> = serde_json::from_str(&json).unwrap();
    for finding in findings.iter().filter(|finding| finding["only_costs"] == false) {
        let text = |key: &str| finding[key].as_str().unwrap().to_string();
        codes
            .entry(text("model").trim_start_matches("model.shop.").to_string())
            .or_default()
            .insert(text("code"));
    }
    codes
}
