//! Text that a client executes as a client command. The test shows that each available client
//! executes it; then no project with such a text is compiled, wherever the text is, and no plan
//! with it is run.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::batchwright::{batchwright, step_outcomes, strings};
use crate::days::{DAILY, Days, sales};
use crate::engine::{Case, Engine};
use crate::snowflake::FakeSnow;
use crate::spark::spark_sql;

pub const CASES: &[Case] = &[("client_commands_are_refused", client_commands_are_refused)];

pub const ALONE: &[(&str, fn())] = &[
    ("commands_of_spark_sql_are_refused", commands_of_spark_sql_are_refused),
    ("commands_of_snow_are_refused", commands_of_snow_are_refused),
];

/// Texts that make a file `{made}` on the machine of the client; `{script}` is a file of SQL with
/// such a command.
fn texts(dialect: &str) -> &'static [&'static str] {
    match dialect {
        "postgres" => &[
            "\\! touch {made}",
            "select 1 \\! touch {made}\n;",
            "/* a */ \\! touch {made}",
            "select '\\' \\! touch {made}\n;",
            "select a$$ \\! touch {made}\n $$;",
            "select $1$ \\! touch {made}\n",
            "select 1 as a \\g |touch {made}\n",
            "select 'touch {made}' \\g |sh\n",
            "\\copy (select 1) to program 'touch {made}'",
            "\\o |touch {made}\nselect 1;",
            "\\echo `touch {made}`",
            "select 1; \\i {script}",
            "select 1 \\i {script}\n;",
            "set standard_conforming_strings = off;\nselect '\\' '\\! touch {made}\n",
        ],
        "mariadb" => &[
            "\\! touch {made}",
            "system touch {made}",
            " SYSTEM touch {made};",
            "select 1;\n-- a\nsystem touch {made}",
            "/* a\n*/\nsystem touch {made}",
            "select 1 \\! touch {made}\n;",
            "select a\\! touch {made}\n",
            "/*! \\! touch {made}\n*/;",
            "/*M! \\! touch {made}\n*/;",
            "/* /* */ \\! touch {made}\n*/",
            "select $$\n\\! touch {made}\n$$;",
            "source {script}",
            "\\. {script}",
            "select 1;\\. {script}\n",
            "set sql_mode = 'NO_BACKSLASH_ESCAPES';\nselect '\\'\n\\! touch {made}\n",
        ],
        "duckdb" => &[
            ".shell touch {made}",
            ".system touch {made}",
            "select 1;\n.sh touch {made}",
            "-- a\n.shell touch {made}",
            "/* a\n*/\n.shell touch {made}",
            ".read {script}",
        ],
        "sqlite" => &[
            ".shell touch {made}",
            "select 1;\n.system touch {made}",
            "/* a\n*/\n.shell touch {made}",
            "select 1\n/\n.shell touch {made}",
            "select 1\nGO\n.shell touch {made}",
            "select $$\n;\n.shell touch {made}\n$$;",
            ".once '|touch {made}'\nselect 1;",
            ".import '|touch {made}' t",
            ".read {script}",
            "select edit(1, 'touch {made};');",
            "select \"edit\" (1, 'touch {made};');",
            "select writefile('{made}', 'a');",
        ],
        "spark" => &[
            "!touch {made};",
            "select 1;\n-- a\n!touch {made};",
            "source {script};",
            "dfs -touchz {made};",
        ],
        _ => &["!source {script};", "select 1; !source {script};"],
    }
}

/// The texts of a dialect, with paths in a folder.
fn in_folder(dialect: &str, folder: &Path) -> Vec<String> {
    let (made, script) = (folder.join("made"), folder.join("script.sql"));
    let at = |text: &str| {
        text.replace("{made}", &made.to_string_lossy())
            .replace("{script}", &script.to_string_lossy())
    };
    let texts = texts(dialect);
    fs::write(
        &script,
        if dialect == "snowflake" {
            "select 'made by the script';\n".to_string()
        } else {
            format!("{}\n", at(texts[0]))
        },
    )
    .unwrap();
    texts.iter().map(|text| at(text)).collect()
}

/// The output of a client for a text on its standard input.
fn fed(client: &[String], text: &str) -> String {
    let mut process = Command::new(&client[0]);
    process.args(&client[1..]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = process.spawn().unwrap();
    process.stdin.take().unwrap().write_all(format!("{text}\n").as_bytes()).unwrap();
    let output = process.wait_with_output().unwrap();
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

fn client_commands_are_refused(engine: &dyn Engine) {
    let database = engine.database();
    sales(&*database);
    let folder = TempDir::new().unwrap();
    let made = folder.path().join("made");
    for text in in_folder(engine.dialect(), folder.path()) {
        let printed = fed(&database.session(), &text);
        assert!(
            made.exists(),
            "{}: the client does not execute {text:?}: {printed}",
            engine.dialect()
        );
        fs::remove_file(&made).unwrap();
        assert_refused(engine.dialect(), &text, &database.session(), &made);
        assert!(!made.exists(), "{}: {text:?}", engine.dialect());
    }
}

/// The text is neither compiled nor, if a plan contains it anyway, run.
fn assert_refused(dialect: &str, text: &str, client: &[String], made: &Path) {
    let places = [
        ("pre_hook", "{{ config(materialized='table', pre_hook=var('text')) }} select 1 as a"),
        ("post_hook", "{{ config(materialized='view', post_hook=[var('text')]) }} select 1 as a"),
        ("sql_header", "{{ config(materialized='table', sql_header=var('text')) }} select 1 as a"),
        ("query", "{{ config(materialized='table') }} {{ var('text') }}"),
        ("second line", "{{ config(materialized='view') }} select 1 as a;\n{{ var('text') }}\n"),
        (
            "batches",
            "{{ config(materialized='incremental', incremental_strategy='microbatch', event_time='at', begin='2024-09-01',
            batch_size='day') }} select a, at from \
            {{ source('shop', 'sales') }};\n{{ var('text') }}\n",
        ),
        (
            "predicate",
            "{{ config(materialized='incremental', incremental_strategy='microbatch', event_time='at', begin='2024-09-01',
            batch_size='day', incremental_predicates=[var('text')]) }} select a, at from \
            {{ source('shop', 'sales') }}",
        ),
        ("unique \
            key", "{{ config(materialized='incremental', unique_key=[var('text')]) }} select 1 as \
                a"),
    ];
    for (place, model) in places {
        let project = TempDir::new().unwrap();
        fs::create_dir(project.path().join("models")).unwrap();
        fs::write(project.path().join("dbt_project.yml"), "name: shop\nversion: '1.0'\n").unwrap();
        let source = "sources:\n  - name: shop\n    tables:\n      - \
            {name: sales, config: {event_time: at}}\n";
        fs::write(project.path().join("models/sources.yml"), source).unwrap();
        fs::write(project.path().join("models/daily.sql"), model).unwrap();
        let vars = serde_json::json!({ "text": text }).to_string();
        let mut compile = Command::new(env!("CARGO_BIN_EXE_batchwright"));
        compile
            .args([
                "compile",
                "--dialect",
                dialect,
                "--vars",
                &vars,
                "--now",
                "2024-09-02",
                "--project-dir",
            ])
            .arg(project.path());
        let output = compile.output().unwrap();
        let err = String::from_utf8_lossy(&output.stderr);
        // Within a statement, some texts are not commands: then the client must treat the files as
        // SQL.
        if output.status.code() == Some(0) {
            for file in fs::read_dir(project.path().join("target/batchwright/daily")).unwrap() {
                fed(client, &fs::read_to_string(file.unwrap().path()).unwrap());
                assert!(!made.exists(), "{dialect}: {place}: {text:?}");
            }
            continue;
        }
        assert_eq!(output.status.code(), Some(2), "{dialect}: {place}: {text:?}: {err}");
        assert!(
            err.contains("models/daily.sql") && !project.path().join("target").exists(),
            "{dialect}: {place}: {text:?}: {err}"
        );
        // The query may be rejected before it is part of a file, and a setting because it is not an
        // expression.
        let is_text =
            !["query", "batches", "second line", "predicate", "unique key"].contains(&place);
        assert!(
            !is_text || err.contains("contains a command of the client"),
            "{dialect}: {place}: {text:?}: {err}"
        );
    }
    let mut plan = Days::of(1);
    plan.step(&format!("{DAILY}@create")).sql = text.to_string();
    let folder = plan.write_for(dialect);
    let said = batchwright("run", &folder, &["--timeout", "300"], client);
    assert_eq!(said.code, 1, "{dialect}: {text:?}: {}", said.err);
    assert_eq!(
        step_outcomes(&folder),
        [(format!("{DAILY}@create"), "failed".to_string())],
        "{text:?}"
    );
    assert!(
        said.err.contains("holds a command of the client") || said.err.contains("is left open"),
        "{text:?}: {}",
        said.err
    );
}

fn commands_of_spark_sql_are_refused() {
    let folder = TempDir::new().unwrap();
    let made = folder.path().join("made");
    let client = spark_sql(folder.path());
    let texts = in_folder("spark", folder.path());
    // One start of the client for all texts: each creates a separate file.
    let all = |file: bool| -> Vec<String> {
        let name = |number: usize| format!("made-{number}{}", if file { "-by-file" } else { "" });
        texts
            .iter()
            .enumerate()
            .map(|(number, text)| {
                text.replace(
                    &*made.to_string_lossy(),
                    &folder.path().join(name(number)).to_string_lossy(),
                )
            })
            .collect()
    };
    fed(&client, &all(false).join("\n"));
    fs::write(folder.path().join("all.sql"), all(true).join("\n")).unwrap();
    fed(
        &[client.clone(), strings(&["-f", &folder.path().join("all.sql").to_string_lossy()])]
            .concat(),
        "",
    );
    for (number, text) in texts.iter().enumerate().filter(|(_, text)| !text.starts_with("source")) {
        let made = [format!("made-{number}"), format!("made-{number}-by-file")]
            .map(|name| folder.path().join(name).exists());
        println!("spark-sql: {text:?}: fed and by file: {made:?}");
        assert!(made.contains(&true), "spark-sql does not execute {text:?}");
    }
    assert!(made.exists(), "`source` runs the script");
    for text in texts {
        assert_refused_in_hook("spark", &text);
    }
}

fn commands_of_snow_are_refused() {
    let folder = TempDir::new().unwrap();
    let server = FakeSnow::start();
    let client = server.client(folder.path());
    for text in in_folder("snowflake", folder.path()) {
        let file = folder.path().join("step.sql");
        fs::write(&file, &text).unwrap();
        let printed =
            fed(&[client.clone(), strings(&["-f", &file.to_string_lossy()])].concat(), "");
        assert!(
            printed.contains("made by the script"),
            "snow does not execute {text:?}: {printed}"
        );
        assert_refused_in_hook("snowflake", &text);
    }
}

/// Without a run, for a client that starts slowly.
fn assert_refused_in_hook(dialect: &str, text: &str) {
    let command =
        ::batchwright::dialect::named(dialect).unwrap().client.client_syntax.first_command(text);
    assert!(command.is_some(), "{dialect}: {text:?}");
}
