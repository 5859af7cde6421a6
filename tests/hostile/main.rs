//! Hostile projects, and projects that are broken in similar ways: each is compiled or rejected, in
//! limited time, with a message that has the reason; nothing outside of the project is read,
//! nothing outside of the plan's folder is written, and no value can end its quotes or its line.

#![allow(clippy::unwrap_used, reason = "what fails here fails its test")]

mod files;
mod secrets;
mod shop;
mod templates;

use std::fs;
use std::process::Command;

use shop::{CONFIG, Shop, ended, refused, said};

#[test]
fn a_template_that_never_ends_is_stopped() {
    for (model, said) in [
        (
            "{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}",
            "does too much work",
        ),
        ("{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}", ""),
    ] {
        let shop = Shop::of(model);
        refused(&shop.compile(&[]), said, "models/orders.sql");
    }
}

#[test]
fn aliases_of_yaml_do_not_fill_the_memory() {
    let shop = Shop::new();
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_string();
    for level in 1..12 {
        let item = format!("*a{}", level - 1);
        bomb.push_str(&format!("a{level}: &a{level} [{}]\n", vec![item; 10].join(", ")));
    }
    shop.write("models/bomb.yml", &bomb);
    refused(&shop.compile(&[]), "not valid YAML", "models/bomb.yml");
}

#[test]
fn a_deep_nest_is_refused_or_compiled() {
    for (open, close) in [("(", ")"), ("case when true then ", " end"), ("not ", "")] {
        let depth = 20_000;
        let shop = Shop::of(&format!(
            "select ordered_at, {}true{} as deep from raw.orders",
            open.repeat(depth),
            close.repeat(depth)
        ));
        ended(&shop.compile(&[]));
    }
    let shop = Shop::new();
    shop.write("models/deep.yml", &format!("models: {}{}", "[".repeat(20_000), "]".repeat(20_000)));
    refused(&shop.compile(&[]), "not valid YAML", "models/deep.yml");
}

#[test]
fn ten_megabytes_of_query_are_compiled() {
    let lines: String = (0..200_000)
        .map(|line| format!("    -- line {line}: a comment of some forty letters\n"))
        .collect();
    let shop =
        Shop::of(&format!("select\n{lines}    ordered_at from {{{{ source('raw', 'orders') }}}}"));
    let done = shop.compile(&["--model-timeout", "0"]);
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
}

#[cfg(unix)]
#[test]
fn nothing_outside_of_the_project_is_read() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret.sql"), "select 'a secret of the machine' as ordered_at")
        .unwrap();
    let shop = Shop::new();
    std::os::unix::fs::symlink(outside.path(), shop.path("models/linked")).unwrap();
    refused(&shop.compile(&[]), "leads out of the project", "models/linked");

    let shop = Shop::new();
    shop.write(
        "dbt_project.yml",
        &format!("name: shop\nmodel-paths: [models, '{}']\n", outside.path().display()),
    );
    refused(&shop.compile(&[]), "leads out of the project", &outside.path().display().to_string());

    for template in [
        "{% include '/etc/passwd' %}",
        "{% import '/etc/passwd' as all %}",
        "{% extends '../../etc/passwd' %}",
    ] {
        let shop = Shop::of(template);
        let done = shop.compile(&[]);
        assert_eq!(done.status.code(), Some(2), "{template}");
        assert!(!said(&done).contains("root:"), "{}", said(&done));
    }
}

#[test]
fn what_a_repository_shares_is_read() {
    let repository = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = repository.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write(
        "shop/dbt_project.yml",
        "name: shop\nmodel-paths: [models, ../shared/models]\nmacro-paths: [../shared/macros]\n",
    );
    write("shop/models/orders.sql", "select {{ one() }} as n from {{ ref('days') }}");
    write("shared/models/days.sql", "select 1 as day");
    write("shared/macros/one.sql", "{% macro one() %}1{% endmacro %}");
    let render = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_batchwright"));
        command
            .args(["render", "--dialect", "duckdb", "--out", "queries", "--project-dir", "shop"])
            .current_dir(repository.path());
        command.env_clear().output().unwrap()
    };
    refused(&render(), "the project is not in a git repository", "../shared/macros");
    fs::create_dir(repository.path().join(".git")).unwrap();
    let done = render();
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    let query =
        |path: &str| fs::read_to_string(repository.path().join("queries/shop").join(path)).unwrap();
    assert!(query("models/orders.sql").starts_with("select 1 as n"));
    assert_eq!(query("shared/models/days.sql"), "select 1 as day");
}

#[test]
fn models_that_differ_by_case_have_folders_that_do_not() {
    let shop = Shop::new();
    shop.write("models/a/Orders.sql", "select 1 as n");
    let done = shop.compile(&["--select", "*rders"]);
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    let folders: Vec<String> =
        shop.names("target/batchwright").iter().map(|folder| folder.to_lowercase()).collect();
    assert_eq!(folders, ["audit", "manifest.json", "shop.^orders", "shop.orders", "state.json"]);
}

#[test]
fn names_that_file_systems_take_for_something_else_are_folders() {
    let shop = Shop::new();
    let long = "l".repeat(250);
    // The second `café` is written with two letters for its last one; `оrders` begins with a
    // Cyrillic letter.
    let names = [
        "CON",
        "audit",
        "caf\u{e9}",
        "cafe\u{301}",
        "о\u{200b}rders",
        "оrders",
        "manifest.json",
        "state.json",
        &long,
    ];
    for name in names {
        shop.write(
            &format!("models/{name}.sql"),
            &format!("{CONFIG}\nselect ordered_at from {{{{ source('raw', 'orders') }}}}"),
        );
    }
    let done = shop.compile(&[]);
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    let expected = [
        "audit",
        "cafe\u{301}",
        "caf\u{e9}",
        &long,
        "manifest.json",
        "orders",
        "shop.^c^o^n",
        "shop.audit",
        "shop.manifest.json",
        "shop.state.json",
        "state.json",
    ];
    assert_eq!(
        shop.names("target/batchwright"),
        [&expected[..], &["оrders", "о\u{200b}rders"]].concat()
    );
}

#[test]
fn no_name_leads_out_of_the_plan() {
    let shop = Shop::new();
    shop.write("dbt_project.yml", "name: ../up\n");
    refused(&shop.compile(&[]), "invalid project name", "dbt_project.yml:1");
    for patch in [
        "{name: orders, versions: [{v: ../up, defined_in: orders}, {v: 2, defined_in: more}]}",
        "{name: orders, config: {alias: ../up, schema: ../up, location_root: ../up}}",
    ] {
        let shop = Shop::new();
        shop.write(
            "models/more.sql",
            &format!("{CONFIG}\nselect ordered_at from {{{{ source('raw', 'orders') }}}}"),
        );
        // Its name differs only in case, so folders are named by package and version too.
        shop.write("models/ORDERS.sql", "select 1 as n");
        shop.write("models/orders.yml", &format!("models: [{patch}]\n"));
        ended(&shop.compile(&["--plan", "plans/plan"]));
        let render = ["render", "--dialect", "duckdb", "--out", "plans/queries"];
        ended(
            &Command::new(env!("CARGO_BIN_EXE_batchwright"))
                .args(render)
                .current_dir(shop.0.path())
                .output()
                .unwrap(),
        );
        assert_eq!(shop.names(""), ["dbt_project.yml", "models", "plans"], "{patch}");
        assert!(
            shop.names("plans").iter().all(|name| ["plan", "queries"].contains(&name.as_str())),
            "{patch}: {:?}",
            shop.names("plans")
        );
    }
}

#[cfg(unix)]
#[test]
fn links_that_lead_in_a_circle_end() {
    let shop = Shop::new();
    for (link, to) in
        [("models/up", ".."), ("models/self", "self"), ("models/a", "b"), ("models/b", "a")]
    {
        std::os::unix::fs::symlink(to, shop.path(link)).unwrap();
    }
    ended(&shop.compile(&[]));
    for link in ["models/up", "models/self", "models/a", "models/b"] {
        fs::remove_file(shop.path(link)).unwrap();
    }
    std::os::unix::fs::symlink("plan", shop.path("plan")).unwrap();
    refused(&shop.compile(&["--plan", "plan"]), "plan", "plan");
}

#[cfg(target_os = "linux")]
#[test]
fn where_nothing_can_be_written_it_is_said_and_the_old_plan_stays() {
    let shop = Shop::new();
    refused(
        &shop.compile(&["--plan", "/proc/batchwright/plan"]),
        "cannot make `/proc/batchwright`",
        "/proc/batchwright",
    );
    refused(&shop.compile(&["--plan", "dbt_project.yml"]), "dbt_project.yml", "not replaced");
    refused(&shop.compile(&["--plan", "dbt_project.yml/plan"]), "dbt_project.yml", "cannot");

    assert_eq!(shop.compile(&[]).status.code(), Some(0));
    let before = fs::read(shop.path("target/batchwright/manifest.json")).unwrap();
    // No file may be longer than a block or two, which a process notices when it writes: like a
    // full disk.
    let compile =
        shop.command(&["--event-time-start", "2024-09-01", "--event-time-end", "2024-09-20"]);
    let mut full = Command::new("sh");
    full.args(["-c", "trap '' XFSZ; ulimit -f 2; exec \"$0\" \"$@\""])
        .arg(compile.get_program())
        .args(compile.get_args());
    let done = full.current_dir(shop.0.path()).output().unwrap();
    refused(&done, "cannot write `./target/batchwright/", "File too large");
    assert_eq!(fs::read(shop.path("target/batchwright/manifest.json")).unwrap(), before);
    assert_eq!(shop.names("target"), ["batchwright"]);
}

#[test]
fn what_ends_in_a_comment_ends_there() {
    for dialect in batchwright::dialect::names() {
        let statements = |comment: &str| {
            let shop = Shop::new();
            let text = |sql: &str| format!("{sql}{comment}");
            let patch = serde_json::json!({"models": [{"name": "orders", "config": {
                "pre_hook": [text("select 1"), text("select 2")],
                "post_hook": [text("select 3"), text("select 4")],
                "incremental_predicates": [text("order_id > 0"), text("order_id < 9")],
                "file_format": "iceberg",
                "sql_header": text("select 5;"),
            }}]});
            shop.write("models/orders.yml", &patch.to_string());
            shop.write(
                "models/orders.sql",
                &format!(
                    "{CONFIG}\nselect ordered_at, order_id from \
                    {{{{ source('raw', 'orders') }}}}{comment}"
                ),
            );
            let done = shop.compile(&["--dialect", dialect]);
            assert_eq!(done.status.code(), Some(0), "{dialect}: {}", said(&done));
            shop.statements(dialect)
        };
        assert_eq!(statements(" -- so; it's said"), statements(""), "{dialect}");
    }
}

#[test]
fn no_value_breaks_out_of_its_place() {
    const EVIL: &str = "x'; drop table a; -- */ ; \" ; ` ; ]; \n; $$;";
    // Names keep their line; a description may have several.
    let name = EVIL.replace('\n', " ");
    for dialect in batchwright::dialect::names() {
        let statements = |alias: &str, text: &str| {
            let shop = Shop::new();
            let patch = serde_json::json!({"models": [{
                "name": "orders",
                "description": text,
                "config": {"alias": alias, "tags": [text], "meta": {"owner": text}, "file_format": "iceberg", "persist_docs": {"relation": true, "columns": true}},
                "columns": [{"name": "order_id", "description": text, "quote": true}],
            }]});
            shop.write("models/orders.yml", &patch.to_string());
            let done = shop.compile(&["--dialect", dialect]);
            if alias != "plain" && done.status.code() == Some(2) {
                refused(&done, "cannot be written in", "models/orders.sql");
                return Vec::new();
            }
            assert_eq!(done.status.code(), Some(0), "{dialect}: {}", said(&done));
            shop.statements(dialect)
        };
        let plain = statements("plain", "plain");
        assert_eq!(statements("plain ", EVIL), plain, "{dialect}");
        let named = statements(&name, EVIL);
        assert!(named.is_empty() || named == plain, "{dialect}: {named:?}, {plain:?}");
    }
}
