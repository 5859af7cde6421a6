//! Help, completions, colors, messages, and how a project is found.

use std::path::Path;
use std::process::Command;

use super::{DAYS, batchwright, compile, shop, stderr};

#[test]
fn a_closed_stdout_is_not_an_error() {
    let shop = shop();
    let mut child = Command::new(env!("CARGO_BIN_EXE_batchwright"))
        .args(["compile", "--stdout"])
        .args(DAYS)
        .current_dir(shop.path())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_project_is_found_in_parent_folders() {
    let shop = shop();
    let models = shop.path().join("models/finance");
    let report = compile(&models, &DAYS);
    assert!(report.contains("files in ../../target/batchwright"), "{report}");
    let files = batchwright(&models, &["audit", "--files", "-s", "daily_report"]);
    assert_eq!(
        String::from_utf8_lossy(&files.stdout),
        "../../target/batchwright/audit/daily_report.sql\n"
    );
}

#[test]
fn printed_commands_name_the_project_and_the_dialect() {
    let shop = shop();
    let folder = shop.path().file_name().unwrap().to_str().unwrap();
    let done = batchwright(
        shop.path().parent().unwrap(),
        &["compile", "--project-dir", folder, "--dialect", "duckdb", "--now", "2024-09-10"],
    );
    let hint = "batchwright compile --from-begin --select";
    let flags = format!("--project-dir {folder} --dialect duckdb --now 2024-09-10`");
    assert!(
        stderr(&done).lines().any(|line| line.contains(hint) && line.contains(&flags)),
        "{}",
        stderr(&done)
    );
}

#[test]
fn commands_of_dbt_say_what_to_use() {
    let list = batchwright(shop().path(), &["ls", "--dialect", "duckdb", "-s", "daily_report"]);
    assert_eq!(String::from_utf8_lossy(&list.stdout), "daily_report\n");
    for (command, hint) in [
        ("build", "`batchwright compile --build` plans models"),
        ("seed", "batchwright compile -s my_seed"),
        ("test", "`dbt test`"),
        ("docs", "`batchwright page`"),
    ] {
        let done = batchwright(Path::new("."), &[command]);
        assert_eq!(done.status.code(), Some(2));
        assert!(stderr(&done).contains(hint), "{}", stderr(&done));
    }
}

#[test]
fn color_is_a_choice() {
    let shop = shop();
    let error = |arguments: &[&str], variable: Option<(&str, &str)>| {
        let done = Command::new(env!("CARGO_BIN_EXE_batchwright"))
            .args([&["compile", "--dialect", "duckdb", "-s", "no_model"], arguments].concat())
            .current_dir(shop.path())
            .env_clear()
            .envs(variable)
            .output()
            .unwrap();
        stderr(&done).contains('\u{1b}')
    };
    assert!(!error(&[], None) && error(&["--color", "always"], None));
    assert!(error(&["--color", "always"], Some(("NO_COLOR", "1"))));
    assert!(!error(&["--color", "never"], None));
}

#[test]
fn completions_know_values_and_models() {
    let shop = shop();
    let complete = |words: &[&str]| {
        let done = Command::new(env!("CARGO_BIN_EXE_batchwright"))
            .args([&["--", "batchwright"], words].concat())
            .current_dir(shop.path())
            .env_clear()
            .env("COMPLETE", "bash")
            .env("_CLAP_IFS", "\n")
            .env("_CLAP_COMPLETE_INDEX", words.len().to_string())
            .env("_CLAP_COMPLETE_COMP_TYPE", "9")
            .env("_CLAP_COMPLETE_SPACE", "true")
            .output()
            .unwrap();
        assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
        let printed = String::from_utf8(done.stdout).unwrap();
        printed.lines().map(str::to_string).collect::<Vec<_>>()
    };
    assert_eq!(complete(&["compile", "--batch-size", "mo"]), ["month"]);
    assert_eq!(complete(&["compile", "--dialect", "duck"]), ["duckdb"]);
    assert_eq!(complete(&["compile", "-s", "+daily"]), ["+daily_report"]);
    assert_eq!(complete(&["comp"]), ["compile", "completions"]);
    let script = batchwright(shop.path(), &["completions", "bash"]);
    assert!(String::from_utf8_lossy(&script.stdout).contains("COMPLETE=\"bash\""));
}

#[test]
fn help_lists_dbts_flags() {
    let help = |command: &str| {
        let done = Command::new(env!("CARGO_BIN_EXE_batchwright"))
            .args([command, "--help"])
            .env_clear()
            .output()
            .unwrap();
        assert_eq!(done.status.code(), Some(0));
        String::from_utf8(done.stdout).unwrap()
    };
    let compile = help("compile");
    for flag in [
        "--select",
        "--exclude",
        "--selector",
        "--event-time-start",
        "--full-refresh",
        "--vars",
        "--target",
        "--profiles-dir",
    ] {
        assert!(compile.contains(flag), "{flag} is not in\n{compile}");
    }
    assert!(
        help("schema").starts_with("Print the JSON Schema of manifest.json"),
        "{}",
        help("schema")
    );
}

#[test]
fn every_command_has_a_manual_page() {
    let page = |arguments: &[&str]| {
        let done = batchwright(Path::new("."), &[&["man"], arguments].concat());
        assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
        String::from_utf8(done.stdout).unwrap()
    };
    let commands = [
        "compile",
        "render",
        "list",
        "run",
        "retry",
        "status",
        "audit",
        "page",
        "export",
        "schema",
        "completions",
    ];
    for command in commands {
        assert!(
            page(&[]).contains(&format!("batchwright\\-{command}(1)")),
            "{command} is not in\n{}",
            page(&[])
        );
        let text = page(&[command]);
        assert!(text.contains(&format!(".TH batchwright-{command} 1")), "{text}");
        assert!(
            text.contains(".SH EXAMPLES\n.nf\n")
                && text.contains(&format!("$ batchwright {command}")),
            "{text}"
        );
    }
    let unknown = batchwright(Path::new("."), &["man", "complie"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(stderr(&unknown).contains("did you mean `compile`?"), "{}", stderr(&unknown));
}

#[test]
fn an_unknown_flag_exits_with_code_2() {
    let done = batchwright(Path::new("."), &["compile", "--full-refesh"]);
    assert_eq!(done.status.code(), Some(2));
    assert!(stderr(&done).contains("--full-refresh"), "{}", stderr(&done));
}
