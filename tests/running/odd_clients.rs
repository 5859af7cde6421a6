//! Misbehaving clients, as shell scripts: each must end with a clear message, without hanging or a
//! false success.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::batchwright::{
    CommandResult, batchwright, journal_path, script_client, step_outcomes, strings,
};
use crate::days::Days;

pub const CASES: &[(&str, fn())] = &[
    ("long_output_without_line_breaks_is_cut", long_output_without_line_breaks_is_cut),
    (
        "a_client_that_closes_stdin_early_fails_the_step",
        a_client_that_closes_stdin_early_fails_the_step,
    ),
    ("a_client_that_ignores_sigterm_is_killed", a_client_that_ignores_sigterm_is_killed),
    ("exit_code_0_without_the_marker_is_a_failure", exit_code_0_without_the_marker_is_a_failure),
    ("an_echo_of_the_marker_query_is_a_failure", an_echo_of_the_marker_query_is_a_failure),
    ("an_unknown_client_exits_with_code_2", an_unknown_client_exits_with_code_2),
    ("clients_that_ignore_errors_are_refused", clients_that_ignore_errors_are_refused),
    (
        "a_clients_background_process_is_not_waited_for",
        a_clients_background_process_is_not_waited_for,
    ),
];

/// Runs a plan of two batches with a script as the client.
fn with_script(script: &str, last: &[&str], arguments: &[&str]) -> (CommandResult, Days) {
    let plan = Days::of(2);
    let folder = plan.write();
    let client = script_in(plan.folder.path(), script);
    let result = batchwright("run", &folder, arguments, &[&[client], &strings(last)[..]].concat());
    (result, plan)
}

fn script_in(folder: &Path, script: &str) -> String {
    let client = folder.join("client");
    fs::write(&client, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&client, fs::Permissions::from_mode(0o755)).unwrap();
    client.to_str().unwrap().to_string()
}

/// A client that passes the client check: it prints the marker and stops at the failing statement.
const ANSWERS: &str = r#"while read -r line; do case "$line" in
*batchwright_probe*) exit 3;;
*:LAST_ERROR_SQLSTATE) echo "$line" | sed 's/.*echo //; s/:LAST_ERROR_SQLSTATE/00000/';;
*batchwright_marker*) echo "$line" | sed "s/[^']*'\([0-9a-f][0-9a-f]*\)x\([0-9a-f][0-9a-f]*\)'.*/\1-\2/";;
esac; done"#;

fn long_output_without_line_breaks_is_cut() {
    let noise =
        "head -c 50000000 /dev/zero | tr '\\0' 'x'; head -c 50000000 /dev/zero | tr '\\0' 'y' >&2";
    let (result, _) = with_script(&format!("{noise}\n{ANSWERS}"), &[], &[]);
    assert_eq!(result.code, 0, "{}", result.err);
    let plan = Days::of(2);
    let result =
        batchwright("run", &plan.write(), &[], &script_client(&format!("{noise}\nexit 7")));
    assert_eq!(result.code, 1);
    assert!(result.err.contains("exit code 7"), "{}", &result.err[..2000.min(result.err.len())]);
    let journal = fs::metadata(journal_path(&plan.plan())).unwrap().len();
    assert!(journal < 50_000, "the journal has {journal} bytes instead of the end of the output");
}

fn a_client_that_closes_stdin_early_fails_the_step() {
    let start = Instant::now();
    let (result, plan) = with_script("exec 0<&-; sleep 100", &[], &[]);
    assert_eq!(result.code, 1);
    assert!(
        result.err.contains("the client closed its standard input before the step was finished"),
        "{}",
        result.err
    );
    assert!(start.elapsed() < Duration::from_secs(30));
    assert!(step_outcomes(&plan.plan()).is_empty(), "no step was started");
}

fn a_client_that_ignores_sigterm_is_killed() {
    let start = Instant::now();
    let (result, _) =
        with_script("trap '' TERM INT; while :; do sleep 1; done", &[], &["--timeout", "0.5"]);
    assert_eq!(result.code, 1);
    assert!(result.err.contains("timed out after 0.5 seconds"), "{}", result.err);
    assert!(start.elapsed() < Duration::from_secs(20));
}

fn exit_code_0_without_the_marker_is_a_failure() {
    let (result, _) = with_script("head -c 10 >/dev/null; exit 0", &[], &[]);
    assert_eq!(result.code, 1);
    assert!(
        result.err.contains("exit code 0 before the step was finished: its marker never ran"),
        "{}",
        result.err
    );
}

fn an_echo_of_the_marker_query_is_a_failure() {
    let (result, _) = with_script("cat", &[], &["--timeout", "1"]);
    assert_eq!(result.code, 1);
    assert!(result.err.contains("timed out"), "{}", result.err);
}

fn an_unknown_client_exits_with_code_2() {
    let plan = Days::of(2);
    let folder = plan.write();
    let missing = batchwright("run", &folder, &[], &strings(&["no-such-client", "{file}"]));
    assert_eq!(
        (missing.code, missing.err.contains("the client `no-such-client` is not found")),
        (2, true),
        "{}",
        missing.err
    );
    let text = plan.folder.path().join("text");
    fs::write(&text, "no program").unwrap();
    let text = batchwright("run", &folder, &[], &strings(&[text.to_str().unwrap()]));
    assert_eq!((text.code, text.err.contains("is not executable")), (2, true), "{}", text.err);
    assert!(!journal_path(&plan.plan()).exists() || step_outcomes(&folder).is_empty());
    let none = batchwright("retry", &folder, &[], &[]);
    assert_eq!((none.code, none.err.contains("no run to retry in")), (2, true), "{}", none.err);
}

fn clients_that_ignore_errors_are_refused() {
    let plan = Days::of(2);
    for (dialect, client, flag) in [
        ("postgres", &["psql", "-X", "-f", "{file}"][..], "-v ON_ERROR_STOP=1"),
        ("duckdb", &["duckdb", "shop.duckdb"], "-bail"),
        ("sqlite", &["sqlite3", "shop.db"], "-bail"),
        ("mariadb", &["mariadb", "shop"], "--unbuffered"),
        ("mysql", &["mysql", "-n", "--force"], "--force"),
    ] {
        let result = batchwright("run", &plan.write_for(dialect), &[], &strings(client));
        assert_eq!(
            (result.code, result.err.contains(flag)),
            (2, true),
            "{client:?}: {}",
            result.err
        );
    }
}

fn a_clients_background_process_is_not_waited_for() {
    let start = Instant::now();
    let plan = Days::of(2);
    // The background process inherits the lock; the end of the run releases it anyway.
    let result =
        batchwright("run", &plan.write(), &["--quiet"], &script_client("sleep 20 & exit 0"));
    assert_eq!(result.code, 0, "{}", result.err);
    let again = batchwright("run", &plan.plan(), &["--quiet"], &script_client(""));
    assert_eq!((again.code, again.err.contains("still working")), (0, false), "{}", again.err);
    assert!(start.elapsed() < Duration::from_secs(15));
}
