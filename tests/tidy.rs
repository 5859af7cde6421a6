//! Rules for the source files. Each failure names the rule and the file.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

#[path = "tidy/circles.rs"]
mod circles;
#[path = "tidy/words.rs"]
mod words;

/// The stages in order. A stage may use earlier stages and tools.
const STAGES: [&str; 16] = [
    "project", "config", "graph", "window", "render", "inject", "codegen", "plan", "plan_dir",
    "check", "compile", "run", "export", "page", "diff", "cli",
];
const TOOLS: [&str; 7] =
    ["diagnostics", "limits", "calendar", "jinja", "dialect", "yaml", "result_rows"];

#[test]
fn files_have_at_most_520_lines() {
    check("a file has at most 520 lines", |file| {
        let lines = file.text.lines().count();
        if lines > 520 { vec![format!("{lines} lines")] } else { vec![] }
    });
}

#[test]
fn lines_have_at_most_100_columns() {
    check(
        "a line has at most 100 columns: break a text with `\\` at the end of the line",
        |file| {
            let lines = file.text.lines().enumerate();
            let is_long = |line: &str| line.chars().count() > 100;
            // A row of a table in a doc comment cannot be broken.
            let long = lines.filter(|(_, line)| is_long(line) && !line.starts_with("//! |"));
            long.filter(|_| file.path.starts_with("src/"))
                .map(|(index, _)| format!("line {}", index + 1))
                .collect()
        },
    );
}

#[test]
fn files_begin_with_a_doc_comment() {
    check("a file begins with `//!`", |file| {
        if file.text.starts_with("//!") { vec![] } else { vec!["no doc comment".to_string()] }
    });
}

#[test]
fn stages_import_only_earlier_ones() {
    let used = Regex::new(r"crate::([a-z_]+)").unwrap();
    check("a stage uses earlier stages and tools, a tool uses no stage", |file| {
        let Some(module) = file.module() else { return vec![] };
        let stage = |name: &str| STAGES.iter().position(|stage| *stage == name);
        let violations = used.captures_iter(code(&file.text)).filter_map(|captures| {
            let import = captures.get(1).unwrap().as_str();
            let allowed = match (stage(&module), stage(import)) {
                _ if import == module || TOOLS.contains(&import) => true,
                (Some(module), Some(import)) => import < module,
                _ => false,
            };
            (!allowed).then(|| format!("`{module}` uses `{import}`"))
        });
        violations.collect()
    });
}

#[test]
fn dialects_are_named_only_in_their_files() {
    let named = Regex::new(&format!("\"({})\"", dialects().join("|"))).unwrap();
    // Some parsers and clients have the name of a dialect.
    let lists = ["src/inject/parsers.rs", "src/run/client_profiles.rs", "src/run/connection.rs"];
    check(
        "no Rust line names a dialect outside of src/dialect/ and the lists of parsers and of \
         clients",
        |file| {
            if !file.is_program()
                || file.path.starts_with("src/dialect/")
                || lists.contains(&file.path.as_str())
            {
                return vec![];
            }
            named.find_iter(code(&file.text)).map(|matched| matched.as_str().to_string()).collect()
        },
    );
}

#[test]
fn sql_is_only_in_templates() {
    let sql = Regex::new(
        r#"(?i)"[^"\n]*\b(insert into|delete from|create table|merge into|drop table)\b"#,
    )
    .unwrap();
    check("no SQL statement in a Rust string", |file| {
        if !file.is_program() {
            return vec![];
        }
        sql.find_iter(code(&file.text)).map(|matched| matched.as_str().to_string()).collect()
    });
}

#[test]
fn few_modules_access_files() {
    let file_access = Regex::new(r"std::fs|\bfs::|\bFile::|WalkDir").unwrap();
    // run/executable.rs reads nothing: it only tests whether paths exist.
    let allowed = [
        "src/project/files.rs",
        "src/plan_dir/",
        "src/run/confirmed.rs",
        "src/run/journal.rs",
        "src/run/ledger_file.rs",
        "src/run/lock.rs",
        "src/run/plan_paths.rs",
        "src/run/target.rs",
        "src/run/executable.rs",
        "src/run/report.rs",
    ];
    check(
        "projects are read in project/files.rs, plans written in plan_dir/, journals and reports \
         read and written in run/",
        |file| {
            if !file.is_program() || allowed.iter().any(|path| file.path.starts_with(path)) {
                return vec![];
            }
            file_access
                .find_iter(code(&file.text))
                .map(|matched| matched.as_str().to_string())
                .collect()
        },
    );
}

#[test]
fn few_modules_read_the_clock() {
    let clock = Regex::new(r"Utc::now|SystemTime::now|Local::now").unwrap();
    // run/clock.rs gives the times in the journal. A plan depends only on `--now`.
    let clocks = ["src/cli/project_args.rs", "src/run/clock.rs"];
    check(
        "now is an argument: only cli/project_args.rs and run/clock.rs (for the journal) read the clock",
        |file| {
            if !file.is_program() || clocks.contains(&file.path.as_str()) {
                return vec![];
            }
            clock.find_iter(code(&file.text)).map(|matched| matched.as_str().to_string()).collect()
        },
    );
}

#[test]
fn dialect_files_have_no_control_flow() {
    let block = Regex::new(r"\{%-?\s*(\w+)").unwrap();
    let value = Regex::new(r"\{\{([^}]*)\}\}").unwrap();
    let plain = Regex::new(r"^ [a-z_]+(\.[a-z]+|\(\))? $").unwrap();
    let mut violations = Vec::new();
    for entry in fs::read_dir("src/dialect")
        .unwrap()
        .flatten()
        .filter(|entry| entry.path().extension().is_some_and(|end| end == "sql"))
    {
        let text = fs::read_to_string(entry.path()).unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        for captures in block
            .captures_iter(&text)
            .filter(|captures| !["set", "macro", "endmacro", "from"].contains(&&captures[1]))
        {
            violations.push(format!("{name}: `{}`", &captures[1]));
        }
        let values = value.captures_iter(&text).filter(|captures| !plain.is_match(&captures[1]));
        violations.extend(values.map(|captures| format!("{name}: `{}`", &captures[0])));
    }
    assert!(
        violations.is_empty(),
        "a dialect's file may have only properties, macros, arguments and imports:\n{}",
        violations.join("\n")
    );
}

#[test]
fn configuration_keys_are_read_by_their_entries() {
    let by_name = Regex::new(r#"\.setting\(\s*"|\.config\s*\.get(_mut)?\(\s*""#).unwrap();
    // They read the configuration before a node is resolved, or show it to Jinja.
    let owners = ["src/config/", "src/project/", "src/jinja/", "src/graph/"];
    check(
        "no key is read by its name: add it to `registry!` of src/config/keys.rs, and read it by \
         `node.get(keys::ENTRY)`",
        |file| {
            if !file.is_program() || owners.iter().any(|owner| file.path.starts_with(owner)) {
                return vec![];
            }
            by_name
                .find_iter(code(&file.text))
                .map(|matched| matched.as_str().to_string())
                .collect()
        },
    );
}

#[test]
fn every_dialect_file_is_listed() {
    let list = fs::read_to_string("src/dialect/mod.rs").unwrap();
    for name in names("src/dialect").iter().filter_map(|name| name.strip_suffix(".sql")) {
        let entry = format!("(\"{name}\", include_str!(\"{name}.sql\"))");
        assert!(list.contains(&entry), "add `{entry}` to `FILES` in src/dialect/mod.rs");
    }
}

/// The dialects, by their files.
fn dialects() -> Vec<String> {
    let files = names("src/dialect");
    let files = files.iter().filter_map(|name| name.strip_suffix(".sql"));
    files.filter(|name| *name != "ansi").map(str::to_string).collect()
}

#[test]
fn cases_and_snapshots_correspond() {
    // The folder has the pictures of the tour and of the page.
    let groups = |folder| names(folder).into_iter().filter(|group| group != "pictures");
    let cases = |folder: &'static str| -> Vec<String> {
        let of_group = |group| {
            let cases = names(&format!("{folder}/{group}")).into_iter();
            cases.map(move |case| format!("{group}/{}", case.trim_end_matches(".snap")))
        };
        groups(folder).flat_map(of_group).collect()
    };
    assert_eq!(
        cases("fixtures"),
        cases("snapshots"),
        "each case must have a snapshot and each snapshot a case"
    );
}

#[test]
fn every_case_is_in_a_group() {
    for group in names("fixtures") {
        assert!(
            !Path::new("fixtures").join(&group).join("README.md").exists(),
            "move fixtures/{group} into a group: fixtures/GROUP/{group}"
        );
        for case in names(&format!("fixtures/{group}")) {
            let readme = format!("fixtures/{group}/{case}/README.md");
            assert!(Path::new(&readme).exists(), "{readme} is missing: it has the commands");
        }
    }
}

#[test]
fn every_check_rule_has_a_case() {
    let cases = names("fixtures/check");
    let rules = names("src/check/rules");
    for code in rules.iter().filter_map(|name| name.strip_suffix(".md")) {
        let name = cases.iter().find(|name| name.starts_with(&format!("{code}_")));
        let name = name.unwrap_or_else(|| {
            panic!("{code} needs a case `fixtures/check/{code}_…` that shows its finding")
        });
        let snapshot = fs::read_to_string(format!("snapshots/check/{name}.snap")).unwrap();
        assert!(
            snapshot.contains(&format!("[{code}]: ")),
            "snapshots/check/{name}.snap has no finding of {code}"
        );
    }
}

/// The sorted names of a folder's entries.
fn names(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder can be read").flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.file_name().into_string().expect("the name is UTF-8")).collect();
    names.sort();
    names
}

struct File {
    path: String,
    text: String,
}

impl File {
    /// Whether it is part of the program rather than a test.
    fn is_program(&self) -> bool {
        self.path.starts_with("src/")
            && self.path != "src/build.rs"
            && !self.path.contains("/tests/")
            && !self.path.ends_with("/tests.rs")
            && !self.path.ends_with("/sample.rs")
            && !self.path.ends_with("_tests.rs")
    }

    /// The stage or tool that it belongs to.
    fn module(&self) -> Option<String> {
        let rest = self.path.strip_prefix("src/")?;
        let module = rest.split('/').next()?.trim_end_matches(".rs");
        (!["main", "lib"].contains(&module)).then(|| module.to_string())
    }
}

/// The text before the file's tests.
fn code(text: &str) -> &str {
    static TESTS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"#\[cfg\(test\)\]\s+(pub(\([^)]*\))? )?mod \w+ \{").expect("a constant pattern")
    });
    TESTS.find(text).map_or(text, |tests| &text[..tests.start()])
}

/// Asserts that no file breaks the rule. `violations_of` returns the violations of a file.
fn check(rule: &str, violations_of: impl Fn(&File) -> Vec<String>) {
    let mut violations = Vec::new();
    for (path, text) in sources() {
        let file = File { path, text };
        violations.extend(
            violations_of(&file).into_iter().map(|violation| format!("{}: {violation}", file.path)),
        );
    }
    assert!(violations.is_empty(), "{rule}:\n{}", violations.join("\n"));
}

/// All Rust files below `src` and `tests`, with their texts.
fn sources() -> impl Iterator<Item = (String, String)> {
    let walk = |root: &&str| {
        let entries = walkdir::WalkDir::new(Path::new(root)).sort_by_file_name().into_iter();
        entries.filter_entry(|entry| entry.file_name() != "target").flatten()
    };
    let files = ["src", "tests"]
        .iter()
        .flat_map(walk)
        .filter(|entry| entry.path().extension().is_some_and(|end| end == "rs"));
    files.map(|entry| {
        let text = fs::read_to_string(entry.path()).expect("a source file is text");
        (entry.path().to_string_lossy().replace('\\', "/"), text)
    })
}
