//! Every setting whose text is written into statements verbatim, in every dialect, with text that
//! would end the statement: the model is rejected, or its files contain the text only in quotes.
//! The keys are those of the dialects' lists, so that a new one is tested too.

#![allow(clippy::unwrap_used, reason = "what fails here fails its test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use batchwright::{dialect, inject};
use serde_json::{Value, json};
use sqlparser::tokenizer::{Token, Tokenizer};
use tempfile::TempDir;

/// Texts that the author of a pull request could try.
const HOSTILE: [&str; 3] = [
    "day; drop table y; --",
    "day) as select 1; drop table y; select (1",
    "day as select x from drop_y",
];
const BATCHES: &str = "materialized='incremental', incremental_strategy='microbatch', \
    batch_size='day', begin='2024-09-01'";

/// Settings of every dialect that are written into SQL, in addition to the lists of the dialects.
const GENERAL: [&str; 11] = [
    "event_time",
    "unique_key",
    "incremental_predicates",
    "predicates",
    "grants",
    "column_types",
    "merge_update_columns",
    "merge_exclude_columns",
    "merge_update_condition",
    "merge_update_set_expressions",
    "partitions",
];

#[test]
fn every_key_has_its_fragment() {
    for name in dialect::names() {
        let dialect = dialect::named(name).unwrap();
        let fragments = &dialect.keys.fragments;
        for key in dialect.keys.effective() {
            assert!(
                fragments.contains_key(key),
                "`fragments` of ansi.sql lacks `{key}`, which {name} writes into files"
            );
        }
    }
}

#[test]
fn no_setting_ends_its_statement() {
    for name in dialect::names() {
        let dialect = dialect::named(name).unwrap();
        let general = GENERAL.map(str::to_string);
        let keys: BTreeSet<&String> = dialect.keys.effective().chain(&general).collect();
        let project = TempDir::new().unwrap();
        let mut models = 0;
        for key in &keys {
            for hostile in HOSTILE {
                for value in forms(key, hostile) {
                    models += write_models(project.path(), models, key, &value);
                }
            }
        }
        let mut refused = 0;
        loop {
            let done = compile(project.path(), name);
            let said = String::from_utf8_lossy(&done.stderr).into_owned();
            if done.status.code() == Some(0) {
                break;
            }
            assert_eq!(done.status.code(), Some(2), "{name}: {said}");
            let models = models_with_errors(&said);
            assert!(!models.is_empty(), "{name}: {said}");
            refused += models.len();
            models.iter().for_each(|model| {
                fs::remove_file(project.path().join(format!("models/{model}.sql"))).unwrap()
            });
        }
        let files = assert_quoted(&project.path().join("plan"), name);
        println!(
            "{name}: {} keys, {models} models, {refused} refused, {files} files with the text in \
             quotes only",
            keys.len()
        );
        assert!(refused > GENERAL.len() && files > 0, "{name}");
    }
}

/// The models whose files errors name; warnings are ignored.
fn models_with_errors(said: &str) -> BTreeSet<String> {
    let mut is_error = false;
    let mut models = BTreeSet::new();
    for line in said.lines() {
        if !line.starts_with(' ') && line.contains(": ") {
            is_error = line.starts_with("error");
        }
        let model =
            line.trim().strip_prefix("--> models/").and_then(|place| place.split(".sql").next());
        models.extend(model.filter(|_| is_error).map(str::to_string));
    }
    models
}

/// The possible shapes of a setting's value.
fn forms(key: &str, text: &str) -> Vec<Value> {
    let mut forms = vec![json!(text), json!([text])];
    if text != HOSTILE[0] {
        return forms;
    }
    forms.extend(match key {
        "partition_by" => vec![
            json!({"field": text, "data_type": "date"}),
            json!({"field": "day", "data_type": "timestamp", "granularity": text}),
            json!({"field": "id", "data_type": "int64", "range": {"start": text, "end": 1, "interval": 1}}),
        ],
        "indexes" | "projections" => vec![
            json!([{"columns": [text], "name": "i"}]),
            json!([{"columns": ["id"], "type": text}]),
            json!([{"columns": ["id"], "name": text, "definition": "id type minmax"}]),
            json!([{"name": "i", "definition": text}]),
            json!([{"name": "i", "query": text}]),
        ],
        _ => vec![json!({"select": text}), json!({text: "1"})],
    });
    forms
}

/// A model of batches and an incremental one with this setting.
fn write_models(project: &Path, number: usize, key: &str, value: &Value) -> usize {
    fs::create_dir_all(project.join("models")).unwrap();
    fs::write(project.join("dbt_project.yml"), "name: shop\nversion: '1.0'\n").unwrap();
    // The setting as a Jinja literal, which JSON is.
    let time = if key == "event_time" { "" } else { ", event_time='day'" };
    let kinds =
        [format!("{BATCHES}{time}"), "materialized='incremental', unique_key='id'".to_string()];
    for (kind, config) in kinds.iter().enumerate() {
        let config = if key == "unique_key" {
            config.replace(", unique_key='id'", "")
        } else {
            config.clone()
        };
        let text = format!(
            "{{{{ config({config}, {key}={value}) }}}}\nselect 1 as id, date '2024-09-01' as day, \
             'a' as name\n"
        );
        fs::write(project.join(format!("models/m{}.sql", number + kind)), text).unwrap();
    }
    kinds.len()
}

fn compile(project: &Path, dialect: &str) -> Output {
    let mut batchwright = Command::new(env!("CARGO_BIN_EXE_batchwright"));
    batchwright
        .args(["compile", "--now", "2024-09-02", "--dialect", dialect, "--plan", "plan"])
        .current_dir(project)
        .env_clear();
    batchwright.output().unwrap()
}

/// The files of a plan that contain the hostile text; no file contains it outside of quotes and
/// comments.
fn assert_quoted(folder: &Path, name: &str) -> usize {
    let mut files = 0;
    for entry in fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() {
            files += assert_quoted(&entry.path(), name);
            continue;
        }
        let text = fs::read_to_string(entry.path()).unwrap();
        if !text.contains("drop") || entry.path().extension().is_none_or(|ending| ending != "sql") {
            continue;
        }
        files += 1;
        let parser = dialect::named(name).unwrap().syntax.parser;
        let tokens = Tokenizer::new(&*inject::parser(&parser), &text)
            .tokenize()
            .unwrap_or_else(|error| panic!("{error}: {text}"));
        let words = tokens.iter().filter_map(|token| match token {
            Token::Word(word) if word.quote_style.is_none() => Some(word.value.as_str()),
            _ => None,
        });
        let words: Vec<&str> = words.collect();
        let is_bare = words.contains(&"drop_y")
            || words.windows(3).any(|words| words == ["drop", "table", "y"]);
        assert!(!is_bare, "{name}: {}: {text}", entry.path().display());
    }
    files
}
