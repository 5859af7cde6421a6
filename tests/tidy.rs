//! The rules of the house that a machine can keep. Each failure says the sentence that was broken, and where.

use std::fs;
use std::path::Path;

use regex::Regex;

/// The stages in order. One may use those before it, and the tools.
const STAGES: [&str; 13] =
    ["project", "config", "graph", "window", "render", "inject", "plan", "check", "compile", "run", "page", "diff", "cli"];
const TOOLS: [&str; 5] = ["diagnostics", "limits", "calendar", "jinja", "dialect"];

#[test]
fn files_are_short() {
    check("a file has at most 400 lines", |file| {
        let lines = file.text.lines().count();
        if lines > 400 { vec![format!("{lines} lines")] } else { vec![] }
    });
}

#[test]
fn a_file_says_what_it_is_for() {
    check("a file begins with `//!`", |file| if file.text.starts_with("//!") { vec![] } else { vec!["it does not".to_string()] });
}

#[test]
fn stages_know_only_earlier_ones() {
    let used = Regex::new(r"crate::([a-z_]+)").unwrap();
    check("a stage uses earlier stages and tools, a tool uses no stage", |file| {
        let Some(own) = file.module() else { return vec![] };
        let stage = |name: &str| STAGES.iter().position(|stage| *stage == name);
        let wrong = used.captures_iter(code(&file.text)).filter_map(|found| {
            let other = found.get(1).unwrap().as_str();
            let allowed = match (stage(&own), stage(other)) {
                _ if other == own || TOOLS.contains(&other) => true,
                (Some(own), Some(other)) => other < own,
                _ => false,
            };
            (!allowed).then(|| format!("`{own}` uses `{other}`"))
        });
        wrong.collect()
    });
}

#[test]
fn engines_are_named_in_their_files() {
    let named = Regex::new(
        r#""(duckdb|postgres|redshift|snowflake|bigquery|databricks|spark|trino|athena|clickhouse|mysql|mariadb|sqlite|sqlserver|fabric)""#,
    )
    .unwrap();
    // Parsers and clients have names of their own, some of which are those of dialects.
    let lists = ["src/inject/parsers.rs", "src/run/known.rs"];
    check("no Rust line names a dialect outside of src/dialect/ and the lists of parsers and of clients", |file| {
        if !file.is_program() || file.path.starts_with("src/dialect/") || lists.contains(&file.path.as_str()) {
            return vec![];
        }
        named.find_iter(code(&file.text)).map(|found| found.as_str().to_string()).collect()
    });
}

#[test]
fn sql_lives_in_templates() {
    let sql = Regex::new(r#"(?i)"[^"\n]*\b(insert into|delete from|create table|merge into|drop table)\b"#).unwrap();
    check("no SQL statement in a Rust string", |file| {
        if !file.is_program() {
            return vec![];
        }
        sql.find_iter(code(&file.text)).map(|found| found.as_str().to_string()).collect()
    });
}

#[test]
fn files_are_touched_in_few_places() {
    let touched = Regex::new(r"std::fs|\bfs::|\bFile::|WalkDir").unwrap();
    // project/fence.rs and run/program.rs read nothing: they only ask what is there.
    let doors = [
        "src/project/files.rs",
        "src/project/fence.rs",
        "src/plan/write/",
        "src/run/confirmed.rs",
        "src/run/journal.rs",
        "src/run/lock.rs",
        "src/run/program.rs",
        "src/run/report.rs",
    ];
    check("projects are read in project/files.rs, plans written in plan/write/, journals and reports read and written in run/", |file| {
        if !file.is_program() || doors.iter().any(|door| file.path.starts_with(door)) {
            return vec![];
        }
        touched.find_iter(code(&file.text)).map(|found| found.as_str().to_string()).collect()
    });
}

#[test]
fn the_clock_is_an_argument() {
    let clock = Regex::new(r"Utc::now|SystemTime::now|Local::now").unwrap();
    // When a step ran is a fact, which run/clock.rs tells; what a plan holds depends on `--now` alone.
    let clocks = ["src/cli/options.rs", "src/run/clock.rs"];
    check("now is an argument: only cli/options.rs asks the clock, and run/clock.rs for the journal", |file| {
        if !file.is_program() || clocks.contains(&file.path.as_str()) {
            return vec![];
        }
        clock.find_iter(code(&file.text)).map(|found| found.as_str().to_string()).collect()
    });
}

#[test]
fn dialects_are_templates_and_no_programs() {
    let block = Regex::new(r"\{%-?\s*(\w+)").unwrap();
    let value = Regex::new(r"\{\{([^}]*)\}\}").unwrap();
    let plain = Regex::new(r"^ [a-z_]+(\.[a-z]+)? $").unwrap();
    let mut wrong = Vec::new();
    for entry in fs::read_dir("src/dialect").unwrap().flatten().filter(|entry| entry.path().extension().is_some_and(|end| end == "sql")) {
        let text = fs::read_to_string(entry.path()).unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        for found in block.captures_iter(&text).filter(|found| !["set", "macro", "endmacro"].contains(&&found[1])) {
            wrong.push(format!("{name}: `{}`", &found[1]));
        }
        wrong.extend(value.captures_iter(&text).filter(|found| !plain.is_match(&found[1])).map(|found| format!("{name}: `{}`", &found[0])));
    }
    assert!(wrong.is_empty(), "a dialect's file holds facts, macros and arguments, nothing else:\n{}", wrong.join("\n"));
}

#[test]
fn every_case_has_a_snapshot_and_every_snapshot_a_case() {
    let names = |folder: &str| {
        let entries = fs::read_dir(folder).unwrap().flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
        let mut names: Vec<String> = entries.map(|name| name.trim_end_matches(".snap").to_string()).collect();
        names.sort();
        names
    };
    assert_eq!(names("fixtures"), names("snapshots"), "a case and its snapshot go together");
}

struct File {
    path: String,
    text: String,
}

impl File {
    /// Whether it is a part of the program, and not a test of it.
    fn is_program(&self) -> bool {
        self.path.starts_with("src/")
            && self.path != "src/build.rs"
            && !self.path.contains("/tests/")
            && !self.path.ends_with("/tests.rs")
            && !self.path.ends_with("/sample.rs")
            && !self.path.ends_with("_tests.rs")
    }

    /// The stage or tool it belongs to.
    fn module(&self) -> Option<String> {
        let rest = self.path.strip_prefix("src/")?;
        let module = rest.split('/').next()?.trim_end_matches(".rs");
        (!["main", "lib"].contains(&module)).then(|| module.to_string())
    }
}

/// The part of a file before its tests.
fn code(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap_or(text)
}

/// Asserts that no file breaks the rule. `broken` gives what is wrong with a file.
fn check(rule: &str, broken: impl Fn(&File) -> Vec<String>) {
    let mut wrong = Vec::new();
    for root in ["src", "tests"] {
        for entry in walkdir::WalkDir::new(Path::new(root))
            .sort_by_file_name()
            .into_iter()
            .filter_entry(|entry| entry.file_name() != "target")
            .flatten()
        {
            if entry.path().extension().is_none_or(|end| end != "rs") {
                continue;
            }
            let path = entry.path().to_string_lossy().replace('\\', "/");
            let file = File { text: fs::read_to_string(&path).expect("a source file is text"), path };
            wrong.extend(broken(&file).into_iter().map(|what| format!("{}: {what}", file.path)));
        }
    }
    assert!(wrong.is_empty(), "{rule}:\n{}", wrong.join("\n"));
}
