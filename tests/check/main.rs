//! The findings of `check` in the models of the corpus, compared with their truth: recall,
//! precision, and every miss. tests/engines/check.rs verifies the truth by execution.

mod corpus;

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use corpus::{Model, Truth};

/// The findings in each model: the code and the level.
type Found = BTreeMap<String, Vec<(String, String)>>;

#[test]
fn check_finds_what_is_unsafe_and_nothing_else() {
    let models = corpus::models();
    let names: BTreeSet<&str> = models.iter().map(|model| model.name.as_str()).collect();
    assert_eq!(names.len(), models.len(), "each model has a name of its own");
    let mut dialects: BTreeMap<&str, Vec<&Model>> = BTreeMap::new();
    for model in &models {
        dialects.entry(model.dialect()).or_default().push(model);
    }
    let found: Found =
        dialects.into_iter().flat_map(|(dialect, models)| check(dialect, &models)).collect();
    let mut misses = Vec::new();
    let mut counts = Counts::default();
    for model in &models {
        let findings = found.get(&model.name).map(Vec::as_slice).unwrap_or_default();
        if let Some(miss) = counts.count(model, findings) {
            misses.push(format!("{} {}: {miss}, found {findings:?}", model.file, model.name));
        }
    }
    println!("{} models: {}", models.len(), counts.shown());
    assert!(
        misses.is_empty(),
        "{}\n{} misses of {} models\n{}",
        counts.shown(),
        misses.len(),
        models.len(),
        misses.join("\n")
    );
}

#[derive(Default)]
struct Counts {
    /// Models that are not safe, and those of them with a finding of the correct rule.
    not_safe: usize,
    not_safe_and_found: usize,
    /// Models that are unsafe, and those of them with a warning.
    not_safe_at_all: usize,
    warned: usize,
    /// Models with a finding, and those of them that are not safe.
    found: usize,
    found_rightly: usize,
}

impl Counts {
    /// Counts a model; returns the mismatch, if any.
    fn count(&mut self, model: &Model, findings: &[(String, String)]) -> Option<&'static str> {
        let expected: Vec<&str> = findings
            .iter()
            .filter(|(code, _)| model.codes.contains(code))
            .map(|(_, level)| level.as_str())
            .collect();
        let warns = findings.iter().any(|(_, level)| level != "note");
        self.found += usize::from(!findings.is_empty());
        self.found_rightly += usize::from(!findings.is_empty() && model.truth != Truth::Safe);
        self.not_safe += usize::from(model.truth != Truth::Safe);
        self.not_safe_and_found += usize::from(model.truth != Truth::Safe && !expected.is_empty());
        let is_warned = expected.iter().any(|level| *level != "note");
        self.not_safe_at_all += usize::from(model.truth == Truth::Unsafe);
        self.warned += usize::from(model.truth == Truth::Unsafe && is_warned);
        match model.truth {
            Truth::Safe if warns => Some("safe, and warned of"),
            Truth::Safe if !findings.is_empty() => Some("safe, and noted"),
            Truth::Safe => None,
            _ if expected.is_empty() => Some("not found"),
            Truth::Unsafe if !is_warned => Some("noted alone, although rows differ"),
            Truth::Depends if warns => Some("warned of, although it depends on the data"),
            _ => None,
        }
    }

    fn shown(&self) -> String {
        format!(
            "recall {}/{}, of warnings {}/{}, precision {}/{}",
            self.not_safe_and_found,
            self.not_safe,
            self.warned,
            self.not_safe_at_all,
            self.found_rightly,
            self.found
        )
    }
}

/// The findings in the models of a dialect, without rules about cost.
fn check(dialect: &str, models: &[&Model]) -> Found {
    let folder = tempfile::tempdir().expect("the system's folder for temporary files is writable");
    let files: Vec<(&Model, String)> =
        models.iter().map(|model| (*model, model.template())).collect();
    corpus::write(folder.path(), &files);
    let done = Command::new(env!("CARGO_BIN_EXE_batchwright"))
        .args([
            "check",
            "--dialect",
            dialect,
            "--schema",
            "analytics",
            "--now",
            "2025-01-01",
            "--format",
            "json",
            "--project-dir",
        ])
        .arg(folder.path())
        .output()
        .expect("batchwright starts");
    assert!(
        done.status.code().is_some_and(|code| code < 2),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    let findings: Vec<Value> = serde_json::from_slice(&done.stdout).expect("the findings are JSON");
    let mut found = Found::new();
    for finding in findings.iter().filter(|finding| finding["only_costs"] == false) {
        let text = |key: &str| finding[key].as_str().expect("it is text").to_string();
        let model = text("model").trim_start_matches("model.corpus.").to_string();
        found.entry(model).or_default().push((text("code"), text("level")));
    }
    found
}
