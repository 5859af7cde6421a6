//! A step counts as done only if this was verified with its client. Every available client, in
//! every known way of continuing after an error or of not committing: it is made safe, or rejected;
//! a step whose rows are missing is never marked as done.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::batchwright::{CommandResult, batchwright, step_outcomes, strings};
use crate::days::{DAILY, Days, batch, day, insert_null_sales, sales, sql};
use crate::engine::{Case, Database, Engine};

pub const CASES: &[Case] = &[
    ("careless_clients_are_made_safe_or_refused", careless_clients_are_made_safe_or_refused),
    ("switches_in_a_hook_lose_no_rows", switches_in_a_hook_lose_no_rows),
    ("an_open_transaction_is_no_success", an_open_transaction_is_no_success),
    ("what_is_left_open_is_named_with_its_line", what_is_left_open_is_named_with_its_line),
];

/// A client in an unsafe configuration, and whether it is rejected before the first step.
struct Way {
    name: String,
    client: Vec<String>,
    refused: bool,
}

fn way(name: &str, client: Vec<String>, refused: bool) -> Way {
    Way { name: name.to_string(), client, refused }
}

/// A script that starts the command; with `file` the script passes it that file.
fn script(folder: &Path, name: &str, command: &[String], file: bool) -> Vec<String> {
    let quoted: Vec<String> = command.iter().map(|word| format!("'{word}'")).collect();
    let path = folder.join(name);
    let last = if file { "<\"$1\"" } else { "\"$@\"" };
    fs::write(&path, format!("#!/bin/sh\nexec {} {last}\n", quoted.join(" "))).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let mut words = vec![path.to_string_lossy().into_owned()];
    words.extend(file.then(|| "{file}".to_string()));
    words
}

fn without(command: &[String], left_out: &[&str]) -> Vec<String> {
    command.iter().filter(|word| !left_out.contains(&word.as_str())).cloned().collect()
}

fn with(command: &[String], last: &[&str]) -> Vec<String> {
    [command, &strings(last)].concat()
}

fn ways(dialect: &str, careful: &[String], folder: &Path) -> Vec<Way> {
    let at = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let mut ways = Vec::new();
    let careless = match dialect {
        "postgres" => without(careful, &["-v", "ON_ERROR_STOP=1"]),
        "mariadb" => with(careful, &["--force"]),
        _ => without(careful, &["-bail"]),
    };
    // No command of `mariadb` disables it again.
    let for_good = dialect == "mariadb";
    ways.push(way("a script", script(folder, "client", &careless, false), for_good));
    ways.push(way("timeout", [strings(&["timeout", "60"]), careless.clone()].concat(), for_good));
    ways.push(way("a script with a file", script(folder, "by-file", &careless, true), true));
    match dialect {
        "postgres" => {
            for last in [
                "-v ON_ERROR_STOP=0",
                "-vON_ERROR_STOP=0",
                "--set=ON_ERROR_STOP=off",
                "--variable ON_ERROR_STOP=0",
            ] {
                let overridden = with(careful, &last.split(' ').collect::<Vec<_>>());
                ways.push(way(last, overridden.clone(), false));
                ways.push(way(
                    &format!("{last} with a file"),
                    with(&overridden, &["-f", "{file}"]),
                    true,
                ));
            }
            for (name, line) in
                [("stop", "\\set ON_ERROR_STOP off"), ("commit", "\\set AUTOCOMMIT off")]
            {
                fs::write(folder.join(name), format!("{line}\n")).unwrap();
                let read =
                    [strings(&["env", &format!("PSQLRC={}", at(name))]), without(careful, &["-X"])]
                        .concat();
                ways.push(way(&format!("psqlrc: {line}"), read.clone(), false));
                ways.push(way(
                    &format!("psqlrc: {line} with a file"),
                    with(&read, &["-f", "{file}"]),
                    true,
                ));
            }
            fs::write(folder.join("begin"), "begin;\n").unwrap();
            let read =
                [strings(&["env", &format!("PSQLRC={}", at("begin"))]), without(careful, &["-X"])]
                    .concat();
            ways.push(way("psqlrc: begin with a file", with(&read, &["-f", "{file}"]), true));
            ways.push(way("psqlrc: begin", read, true));
            ways.push(way("--single-transaction", with(careful, &["-1", "-f", "{file}"]), true));
        }
        "mariadb" => {
            for (name, line, in_session) in [
                ("force", "force", true),
                ("init", "init-command=set autocommit=0", false),
                ("begin", "init-command=start transaction", true),
            ] {
                fs::write(folder.join(name), format!("[client]\n{line}\n")).unwrap();
                let mut read = careful.to_vec();
                for word in &mut read {
                    if word == "--no-defaults" {
                        *word = format!("--defaults-file={}", at(name));
                    }
                }
                ways.push(way(line, read.clone(), in_session));
                ways.push(way(
                    &format!("{line} with a file"),
                    script(folder, &format!("{name}-file"), &read, true),
                    true,
                ));
            }
        }
        _ => {
            fs::write(folder.join("rc"), ".bail off\n").unwrap();
            let mut read = without(careful, &["-no-init"]);
            match read.iter().position(|word| word == "-init") {
                Some(init) => read[init + 1] = at("rc"),
                None => read.extend(strings(&["-init", &at("rc")])),
            }
            ways.push(way(
                ".bail off in its file with a file",
                script(folder, "rc-file", &read, true),
                dialect == "sqlite",
            ));
            ways.push(way(".bail off in its file", read, false));
            let begins = with(careful, &["-cmd", "begin"]);
            ways.push(way(
                "-cmd begin with a file",
                script(folder, "begin-file", &begins, true),
                true,
            ));
            ways.push(way("-cmd begin", begins, true));
        }
    }
    ways
}

fn careless_clients_are_made_safe_or_refused(engine: &dyn Engine) {
    let database = engine.database();
    sales(&*database);
    insert_null_sales(&*database, &[2]);
    let folder = tempfile::TempDir::new().unwrap();
    for way in ways(engine.dialect(), &database.session(), folder.path()) {
        sql(&*database, "drop table if exists daily;");
        let mut plan = Days::of(3);
        // A client that continues commits the delete of this batch without its rows.
        plan.step(&batch(2))
            .sql
            .push_str("\ninsert into daily (sold_on, amount) values ('2024-09-03', 3);");
        let said = batchwright("run", &plan.write_for(engine.dialect()), &[], &way.client);
        let outcomes = step_outcomes(&plan.plan());
        // The query after the first one begins a transaction, which fails within an open one.
        if way.name == "-cmd begin with a file" {
            assert_eq!((said.code, outcomes.is_empty()), (1, true), "{}: {}", way.name, said.err);
            assert!(said.err.contains("no step was run"), "{}", said.err);
            continue;
        }
        println!(
            "{}: {}: {}",
            engine.dialect(),
            way.name,
            if said.code == 2 { "refused" } else { "made safe" }
        );
        assert_eq!(
            (said.code, outcomes.is_empty()),
            if way.refused { (2, true) } else { (1, false) },
            "{}: {}",
            way.name,
            said.err
        );
        if way.refused {
            assert!(
                said.err.contains("does not stop at an error")
                    || said.err.contains("within a transaction"),
                "{}",
                said.err
            );
            continue;
        }
        assert!(outcomes.contains(&(batch(2), "failed".to_string())), "{}: {outcomes:?}", way.name);
        assert_done_is_done(&*database, &plan, &said);
        assert_eq!(
            database.rows("select count(*) from daily where amount = 3 and sold_on = '2024-09-03'"),
            ["1"],
            "{}",
            way.name
        );
    }
}

/// Each batch that the journal records as done has its two rows.
fn assert_done_is_done(database: &dyn Database, plan: &Days, said: &CommandResult) {
    let outcomes = step_outcomes(&plan.plan());
    for number in
        (1..=30).filter(|number| outcomes.contains(&(batch(*number), "success".to_string())))
    {
        let rows =
            database.rows(&format!("select count(*) from daily where sold_on = '{}'", day(number)));
        assert_eq!(rows, ["2"], "day {number} is done: {}", said.err);
    }
}

/// A hook before the batches.
fn hooked(hook: &str) -> Days {
    let mut plan = Days::of(3);
    plan.push(DAILY, "before", "before", hook, &[]);
    let before = plan.steps.pop().unwrap();
    plan.steps.insert(1, before);
    plan.step(&format!("{DAILY}@before")).depends_on = vec![format!("{DAILY}@create")];
    plan.step(&batch(1)).depends_on = vec![format!("{DAILY}@before")];
    plan
}

fn switches_in_a_hook_lose_no_rows(engine: &dyn Engine) {
    let hooks: &[&str] = match engine.dialect() {
        "postgres" => {
            &["\\set ON_ERROR_STOP off", "\\unset ON_ERROR_STOP", "\\set AUTOCOMMIT off", "begin;"]
        }
        "mariadb" => &["set autocommit = 0;", "begin;"],
        _ => &[".bail off", "begin;"],
    };
    // The failing statement is in the same step as the switch, or in a later one.
    let in_step = format!("{}\nselect * from not_there;\nselect 1;", hooks[0]);
    let hooks = hooks.iter().copied().chain([in_step.as_str()]);
    for (hook, by_file) in hooks.flat_map(|hook| [(hook, false), (hook, true)]) {
        let database = engine.database();
        sales(&*database);
        insert_null_sales(&*database, &[2]);
        let plan = hooked(hook);
        let scripts = tempfile::TempDir::new().unwrap();
        let client = match by_file {
            true => script(scripts.path(), "by-file", &database.session(), true),
            false => database.session(),
        };
        let said = batchwright("run", &plan.write_for(engine.dialect()), &[], &client);
        assert_eq!(said.code, 1, "{hook}: {}", said.err);
        assert!(
            !step_outcomes(&plan.plan()).contains(&(batch(2), "success".to_string())),
            "{hook}"
        );
        let hook_is_done = step_outcomes(&plan.plan())
            .contains(&(format!("{DAILY}@before"), "success".to_string()));
        assert!(!hook_is_done || !hook.contains("not_there"), "{hook}");
        assert!(!hook_is_done || !by_file, "{hook}: nothing is asked after a file");
        assert_done_is_done(&*database, &plan, &said);
    }
}

fn an_open_transaction_is_no_success(engine: &dyn Engine) {
    let insert = "insert into daily (sold_on, amount) values ('2024-09-29', 1);";
    let seen = "leaves it open";
    // The second one of MariaDB and SQLite cannot be detected from the file alone.
    let hooks: &[(&str, &str)] = match engine.dialect() {
        "postgres" => &[("begin;", seen), ("begin isolation level serializable;", seen)],
        "mariadb" => &[
            ("start transaction;", seen),
            ("execute immediate 'start transaction';", "left a transaction open"),
        ],
        "sqlite" => &[("begin;", seen), ("savepoint a;", "left a transaction open")],
        _ => &[("begin;", seen), ("begin transaction;", seen)],
    };
    for (begin, message) in hooks {
        let database = engine.database();
        sales(&*database);
        let mut plan = hooked(&format!("{begin}\n{insert}"));
        let folder = plan.write_for(engine.dialect());
        let first = batchwright("run", &folder, &[], &database.session());
        let before = format!("{DAILY}@before");
        assert!(
            step_outcomes(&folder).contains(&(before.clone(), "failed".to_string())),
            "{begin}: {:?}",
            step_outcomes(&folder)
        );
        assert!(first.err.contains(message), "{begin}: {}", first.err);
        assert_eq!(
            database.rows("select count(*) from daily where sold_on = '2024-09-29'"),
            ["0"],
            "it was rolled back"
        );
        // Committing is the fix; then rows that were rolled back do not interfere.
        plan.step(&before).sql.push_str("\ncommit;");
        plan.write_for(engine.dialect());
        let again = batchwright("retry", &folder, &[], &[]);
        assert_eq!(again.code, 0, "{}", again.err);
        assert_eq!(database.rows("select count(*) from daily where sold_on = '2024-09-29'"), ["1"]);
        assert_done_is_done(&*database, &plan, &again);
    }
}

fn what_is_left_open_is_named_with_its_line(engine: &dyn Engine) {
    let database = engine.database();
    sales(&*database);
    for (text, what) in [
        ("select 1;\nselect 'a", "a quote"),
        ("select 1;\nselect 1 /* a", "a comment"),
        ("select 1;\nselect (1", "a parenthesis"),
    ] {
        let plan = hooked(text);
        let said = batchwright("run", &plan.write_for(engine.dialect()), &[], &database.session());
        assert_eq!(said.code, 1, "{}", said.err);
        let expected = format!("{what} is left open in `daily/before.sql`, line 2");
        assert!(said.err.contains(&expected), "{}", said.err);
        assert_done_is_done(&*database, &plan, &said);
    }
}
