//! Clients that no real one is on demand, as shell scripts: each must end in a clear word, never in a hang or a false success.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::batchwright::{Said, batchwright, ended, honest, words};
use crate::days::Days;

pub const CASES: &[(&str, fn())] = &[
    ("megabytes_without_a_line_break_do_no_harm", megabytes_without_a_line_break_do_no_harm),
    ("a_client_that_closes_stdin_early_fails_the_step", a_client_that_closes_stdin_early_fails_the_step),
    ("a_client_that_ignores_sigterm_is_ended", a_client_that_ignores_sigterm_is_ended),
    ("exit_code_0_without_the_marker_is_no_success", exit_code_0_without_the_marker_is_no_success),
    ("an_echo_of_the_marker_query_is_no_success", an_echo_of_the_marker_query_is_no_success),
    ("a_client_that_is_not_there_is_a_wrong_request", a_client_that_is_not_there_is_a_wrong_request),
    ("careless_clients_are_refused", careless_clients_are_refused),
    ("a_client_that_leaves_a_child_behind_is_not_waited_for", a_client_that_leaves_a_child_behind_is_not_waited_for),
];

/// Runs a plan of two batches with a script as the client.
fn with_script(script: &str, last: &[&str], arguments: &[&str]) -> (Said, Days) {
    let plan = Days::of(2);
    let folder = plan.write();
    let client = script_in(plan.folder.path(), script);
    let said = batchwright("run", &folder, arguments, &[&[client], &words(last)[..]].concat());
    (said, plan)
}

fn script_in(folder: &Path, script: &str) -> String {
    let client = folder.join("client");
    fs::write(&client, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&client, fs::Permissions::from_mode(0o755)).unwrap();
    client.to_str().unwrap().to_string()
}

/// What a client must do to be believed: print what the marker makes it print, and stop at the failing statement of the proof.
const ANSWERS: &str = r#"while read -r line; do case "$line" in
*batchwright_probe*) exit 3;;
*:LAST_ERROR_SQLSTATE) echo "$line" | sed 's/.*echo //; s/:LAST_ERROR_SQLSTATE/00000/';;
*batchwright_marker*) echo "$line" | sed "s/[^']*'\([0-9a-f][0-9a-f]*\)x\([0-9a-f][0-9a-f]*\)'.*/\1-\2/";;
esac; done"#;

fn megabytes_without_a_line_break_do_no_harm() {
    let noise = "head -c 50000000 /dev/zero | tr '\\0' 'x'; head -c 50000000 /dev/zero | tr '\\0' 'y' >&2";
    let (said, _) = with_script(&format!("{noise}\n{ANSWERS}"), &[], &[]);
    assert_eq!(said.code, 0, "{}", said.err);
    let plan = Days::of(2);
    let said = batchwright("run", &plan.write(), &[], &honest(&format!("{noise}\nexit 7")));
    assert_eq!(said.code, 1);
    assert!(said.err.contains("exit code 7"), "{}", &said.err[..2000.min(said.err.len())]);
    let journal = fs::metadata(plan.plan().with_extension("journal.jsonl")).unwrap().len();
    assert!(journal < 50_000, "only the end is kept, not {journal} bytes");
}

fn a_client_that_closes_stdin_early_fails_the_step() {
    let begun = Instant::now();
    let (said, plan) = with_script("exec 0<&-; sleep 100", &[], &[]);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("the client closed its standard input before the step was finished"), "{}", said.err);
    assert!(begun.elapsed() < Duration::from_secs(30));
    assert!(ended(&plan.plan()).is_empty(), "no step is handed to it");
}

fn a_client_that_ignores_sigterm_is_ended() {
    let begun = Instant::now();
    let (said, _) = with_script("trap '' TERM INT; while :; do sleep 1; done", &[], &["--timeout", "0.5"]);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("timed out after 0.5 seconds"), "{}", said.err);
    assert!(begun.elapsed() < Duration::from_secs(20));
}

fn exit_code_0_without_the_marker_is_no_success() {
    let (said, _) = with_script("head -c 10 >/dev/null; exit 0", &[], &[]);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("exit code 0 before the step was finished: its marker never ran"), "{}", said.err);
}

fn an_echo_of_the_marker_query_is_no_success() {
    let (said, _) = with_script("cat", &[], &["--timeout", "1"]);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("timed out"), "{}", said.err);
}

fn a_client_that_is_not_there_is_a_wrong_request() {
    let plan = Days::of(2);
    let folder = plan.write();
    let missing = batchwright("run", &folder, &[], &words(&["no-such-client", "{file}"]));
    assert_eq!((missing.code, missing.err.contains("the client `no-such-client` is not found")), (2, true), "{}", missing.err);
    let text = plan.folder.path().join("text");
    fs::write(&text, "no program").unwrap();
    let text = batchwright("run", &folder, &[], &words(&[text.to_str().unwrap()]));
    assert_eq!((text.code, text.err.contains("is not executable")), (2, true), "{}", text.err);
    assert!(!plan.plan().with_extension("journal.jsonl").exists() || ended(&folder).is_empty());
    let none = batchwright("retry", &folder, &[], &[]);
    assert_eq!((none.code, none.err.contains("no run to retry in")), (2, true), "{}", none.err);
}

fn careless_clients_are_refused() {
    let plan = Days::of(2);
    let folder = plan.write();
    for (client, flag) in [
        (&["psql", "-X", "-f", "{file}"][..], "-v ON_ERROR_STOP=1"),
        (&["duckdb", "shop.duckdb"], "-bail"),
        (&["sqlite3", "shop.db"], "-bail"),
        (&["mariadb", "shop"], "--unbuffered"),
        (&["mysql", "-n", "--force"], "--force"),
    ] {
        let said = batchwright("run", &folder, &[], &words(client));
        assert_eq!((said.code, said.err.contains(flag)), (2, true), "{client:?}: {}", said.err);
    }
}

fn a_client_that_leaves_a_child_behind_is_not_waited_for() {
    let begun = Instant::now();
    let plan = Days::of(2);
    // The child has inherited the lock, which the end of the run releases all the same.
    let said = batchwright("run", &plan.write(), &["--quiet"], &honest("sleep 20 & exit 0"));
    assert_eq!(said.code, 0, "{}", said.err);
    let again = batchwright("run", &plan.plan(), &["--quiet"], &honest(""));
    assert_eq!((again.code, again.err.contains("still at work")), (0, false), "{}", again.err);
    assert!(begun.elapsed() < Duration::from_secs(15));
}
