//! The README and the pages that it links: their size, their links, and the generated tables of
//! dialects, which come from the dialect files and from the proofs of `tests/engines`. `cargo
//! bless` writes the tables.

#![allow(clippy::unwrap_used, reason = "what fails here fails its test")]

#[allow(dead_code, reason = "tests/engines uses the rest of it")]
#[path = "engines/proofs.rs"]
mod proofs;

use std::path::{Path, PathBuf};
use std::{env, fs};

use batchwright::dialect::{self, Dialect};
use proofs::{EXECUTED, JUDGED, Judge};
use regex::Regex;

const DIALECTS: &str = "src/dialect/README.md";

/// The README is an overview: details belong to the pages that it links.
#[test]
fn readme_is_short() {
    let text = fs::read_to_string("README.md").unwrap();
    let (lines, characters) = (text.lines().count(), text.chars().count());
    assert!(
        lines <= 200 && characters <= 12_000,
        "README.md has {lines} lines and {characters} characters: move details to a page"
    );
}

/// Each relative link of the README and the pages leads to a file, and to a heading of it if it has
/// a fragment.
#[test]
fn links_lead_somewhere() {
    let link = Regex::new(r"\]\(([^)#:]*)(?:#([^)]*))?\)").unwrap();
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for link in link.captures_iter(&text) {
            let target = match &link[1] {
                "" => page.clone(),
                path => page.parent().unwrap().join(path),
            };
            assert!(target.exists(), "{}: the link {} leads to no file", page.display(), &link[0]);
            let Some(fragment) = link.get(2) else { continue };
            let anchors = fs::read_to_string(&target).unwrap();
            let mut anchors = anchors.lines().filter(|line| line.starts_with('#')).map(anchor);
            assert!(
                anchors.any(|anchor| anchor == fragment.as_str()),
                "{}: {} has no such heading",
                page.display(),
                &link[0]
            );
        }
    }
}

/// The README links each page.
#[test]
fn readme_links_every_page() {
    let readme = fs::read_to_string("README.md").unwrap();
    for page in pages().iter().filter(|page| page.as_path() != Path::new("README.md")) {
        assert!(
            readme.contains(&format!("({})", page.display())),
            "README.md has no link to {}",
            page.display()
        );
    }
}

/// README.md and the pages below `src/` and `tests/bench/`.
fn pages() -> Vec<PathBuf> {
    let folders = fs::read_dir("src")
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .chain([PathBuf::from("tests/bench")]);
    let mut pages: Vec<PathBuf> =
        folders.map(|folder| folder.join("README.md")).filter(|page| page.exists()).collect();
    pages.push(PathBuf::from("README.md"));
    pages.sort();
    pages
}

/// The fragment by which GitHub links a heading: lower case, hyphens for spaces, without
/// punctuation.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    text.chars()
        .filter(|c| c.is_alphanumeric() || "- _".contains(*c))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

#[test]
fn tables_of_dialects_are_current() {
    assert_table("proofs", &proofs_table());
    assert_table("keys", &keys_table());
}

/// Compares the page's table of this name with `table`, or writes it under `cargo bless`.
fn assert_table(name: &str, table: &str) {
    let text = fs::read_to_string(DIALECTS).unwrap();
    let begin = format!("<!-- {name}: written by `cargo bless` -->\n");
    let start = text.find(&begin).expect("the page has a mark before the table") + begin.len();
    let end =
        text.find(&format!("<!-- {name}: end -->")).expect("the page has a mark behind the table");
    if env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        fs::write(DIALECTS, format!("{}{table}{}", &text[..start], &text[end..])).unwrap();
    } else {
        assert_eq!(
            &text[start..end],
            table,
            "the table `{name}` in {DIALECTS} is out of date: run `cargo bless`"
        );
    }
}

fn proofs_table() -> String {
    let mut table =
        head(&["dialect", "overwrites by", "atomic", "executed on", "analyzed by", "parsed by"]);
    for name in dialect::names() {
        let dialect = dialect::named(name).unwrap();
        for (variant, words) in ways(&dialect) {
            let variant = variant.as_deref();
            let strategy = dialect.strategy_of(variant);
            let why = || format!("no: {}", strategy.not_atomic);
            let executed = EXECUTED.iter().filter(|said| {
                said.dialect == name && (said.variant.is_none() || said.variant == variant)
            });
            let executed: Vec<&str> = executed.map(|said| said.words).collect();
            let judges = |analyzes| judges(name, analyzes);
            let row = [
                words,
                strategy.strategy.clone(),
                if strategy.atomic { "yes".to_string() } else { why() },
                if executed.is_empty() { "nothing here".to_string() } else { executed.join("; ") },
                judges(true),
                judges(false),
            ];
            table.push_str(&format!("| {} |\n", row.join(" | ")));
        }
    }
    table
}

/// The effect of each configuration key of the adapters.
fn keys_table() -> String {
    let mut table = head(&[
        "keys of",
        "written into files",
        "without effect on files",
        "named in a warning that says what to do",
    ]);
    for name in dialect::names() {
        let dialect = dialect::named(name).unwrap();
        let keys = &dialect.keys;
        let written = keys.effective().chain(&keys.kind_key).collect();
        let ignored = keys.idle_keys.iter().collect();
        let cells =
            [written, ignored, keys.undone_keys.keys().collect::<Vec<_>>()].map(|mut keys| {
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

/// The strategies of the dialect: the variant, and its label. One, unless the table's format or its
/// partitions determine it.
fn ways(dialect: &Dialect) -> Vec<(Option<String>, String)> {
    let name = dialect.name;
    let formats = &dialect.batches.formats;
    let key = &dialect.batches.format_key;
    let mut ways: Vec<_> = formats
        .iter()
        .map(|(format, variant)| match (&key, format.as_str()) {
            (Some(key), "") => (Some(variant.clone()), format!("{name}, any other `{key}`")),
            (key, format) => (
                Some(variant.clone()),
                format!("{name}, `{}: {format}`", key.as_deref().unwrap_or_default()),
            ),
        })
        .collect();
    // The default format is last.
    ways.sort_by_key(|(_, words)| words.contains("any other"));
    match dialect.batches.aligned.clone() {
        Some(aligned) => {
            ways.push((Some(aligned), format!("{name}, windows of whole partitions")));
            ways.push((None, format!("{name}, else")));
        }
        None if ways.is_empty() => ways.push((None, name.to_string())),
        None => {}
    }
    ways
}

/// Those that resolve names and types, or those that only parse.
fn judges(dialect: &str, analyzes: bool) -> String {
    let own = JUDGED.iter().filter(|judged| judged.dialect == dialect);
    let words = own
        .map(|judged| judged.judge)
        .filter(|judge| (*judge == Judge::GoogleSql) == analyzes)
        .map(|judge| match judge {
            Judge::GoogleSql => "Google's own analyzer: names and types",
            Judge::SparkParser => "Spark 4's parser",
            Judge::TrinoGrammar([]) => "Trino's grammar",
            Judge::TrinoGrammar(_) => {
                "Trino's grammar, backticks of `drop`, `alter` and `create schema` read as quotes"
            }
            Judge::ScriptDom => "Microsoft's ScriptDom (2019), the statements in its strings too",
            Judge::Sqlfluff(_) => "sqlfluff",
        });
    words.collect::<Vec<_>>().join("; ")
}
