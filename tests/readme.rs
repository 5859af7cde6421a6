//! The tables of dialects, in the README and beside them, are what their files and the proofs of `tests/engines` say.
//! `cargo bless` writes them anew.

#![allow(clippy::unwrap_used, reason = "what fails here fails its test")]

#[allow(dead_code, reason = "tests/engines uses the rest of it")]
#[path = "engines/proofs.rs"]
mod proofs;

use std::collections::BTreeMap;
use std::{env, fs};

use batchwright::dialect::{self, Dialect};
use batchwright::plan;
use proofs::{EXECUTED, JUDGED, Judge};

const BEGINS: &str = "<!-- written by `cargo bless` -->\n";
const ENDS: &str = "<!-- end -->\n";

#[test]
fn the_table_of_dialects_is_true() {
    holds("README.md", &proofs_table());
}

#[test]
fn the_table_of_their_keys_is_true() {
    holds("src/dialect/README.md", &keys_table());
}

/// A file holds a table between the marks.
fn holds(file: &str, table: &str) {
    let text = fs::read_to_string(file).unwrap();
    let start = text.find(BEGINS).expect("the file marks where its table begins") + BEGINS.len();
    let end = text.find(ENDS).expect("the file marks where its table ends");
    if env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        fs::write(file, format!("{}{table}{}", &text[..start], &text[end..])).unwrap();
    } else {
        assert_eq!(&text[start..end], table, "the table in {file} is not what the dialects are: `cargo bless` writes it");
    }
}

fn proofs_table() -> String {
    let mut table = head(&["dialect", "overwrites by", "atomic", "executed on", "analyzed by", "parsed by"]);
    for name in dialect::names() {
        let dialect = dialect::named(name).unwrap();
        for (variant, words) in ways(&dialect) {
            let variant = variant.as_deref();
            let atomic: bool = dialect.fact_of("atomic", variant).unwrap();
            let why = || format!("no: {}", dialect.fact_of::<String>("not_atomic", variant).unwrap());
            let executed = EXECUTED.iter().filter(|said| said.dialect == name && (said.variant.is_none() || said.variant == variant));
            let executed: Vec<&str> = executed.map(|said| said.words).collect();
            let judges = |analyzes| judges(name, analyzes);
            let row = [
                words,
                dialect.fact_of::<String>("strategy", variant).unwrap(),
                if atomic { "yes".to_string() } else { why() },
                if executed.is_empty() { "nothing here".to_string() } else { executed.join("; ") },
                judges(true),
                judges(false),
            ];
            table.push_str(&format!("| {} |\n", row.join(" | ")));
        }
    }
    table
}

/// What each of the adapters' own configuration keys does here.
fn keys_table() -> String {
    let mut table = head(&["keys of", "written into files", "without effect on files", "named in a warning that says what to do"]);
    for name in dialect::names() {
        let dialect = dialect::named(name).unwrap();
        let keys = |facts: &[&str]| facts.iter().flat_map(|fact| dialect.fact::<Vec<String>>(fact).unwrap()).collect::<Vec<_>>();
        let mut written = keys(&plan::EFFECTIVE);
        written.extend(dialect.fact::<Option<String>>("kind_key").unwrap());
        let undone: BTreeMap<String, String> = dialect.fact("undone_keys").unwrap();
        let cells = [written, keys(&["idle_keys"]), undone.into_keys().collect()].map(|mut keys| {
            keys.sort();
            keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(" ")
        });
        if cells.iter().any(|cell| !cell.is_empty()) {
            table.push_str(&format!("| {name} | {} |\n", cells.join(" | ")));
        }
    }
    table
}

fn head(heads: &[&str]) -> String {
    format!("| {} |\n|{}\n", heads.join(" | "), "---|".repeat(heads.len()))
}

/// The dialect's ways to write: the variant, and what it is called. One, unless the table's format or its partitions decide.
fn ways(dialect: &Dialect) -> Vec<(Option<String>, String)> {
    let name = dialect.name;
    let formats: BTreeMap<String, String> = dialect.fact("formats").unwrap();
    let key: Option<String> = dialect.fact("format_key").unwrap();
    let mut ways: Vec<_> = formats
        .into_iter()
        .map(|(format, variant)| match (&key, format.as_str()) {
            (Some(key), "") => (Some(variant), format!("{name}, any other `{key}`")),
            (key, format) => (Some(variant), format!("{name}, `{}: {format}`", key.as_deref().unwrap_or_default())),
        })
        .collect();
    // The format that is meant where none is named stands last.
    ways.sort_by_key(|(_, words)| words.contains("any other"));
    match dialect.fact::<Option<String>>("aligned").unwrap() {
        Some(aligned) => {
            ways.push((Some(aligned), format!("{name}, windows of whole partitions")));
            ways.push((None, format!("{name}, else")));
        }
        None if ways.is_empty() => ways.push((None, name.to_string())),
        None => {}
    }
    ways
}

/// Those that look up names and types, or those that know a grammar.
fn judges(dialect: &str, analyzes: bool) -> String {
    let own = JUDGED.iter().filter(|judged| judged.dialect == dialect);
    let words = own.map(|judged| judged.judge).filter(|judge| (*judge == Judge::GoogleSql) == analyzes).map(|judge| match judge {
        Judge::GoogleSql => "Google's own analyzer: names and types",
        Judge::SparkParser => "Spark 4's parser",
        Judge::TrinoGrammar([]) => "Trino's grammar",
        Judge::TrinoGrammar(_) => "Trino's grammar, backticks of `drop`, `alter` and `create schema` read as quotes",
        Judge::ScriptDom => "Microsoft's ScriptDom (2019), the statements in its strings too",
        Judge::Sqlfluff(_) => "sqlfluff",
    });
    words.collect::<Vec<_>>().join("; ")
}
