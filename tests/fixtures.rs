//! Every folder of `fixtures/` is a case: its README.md holds the command, its snapshot all that the command printed and wrote.
//! A command with `{dialect}` is run in every dialect, with a snapshot each.

use std::fs;
use std::path::Path;
use std::process::Command;

fn case(project: &Path) -> datatest_stable::Result<()> {
    let folder = project.parent().expect("dbt_project.yml stands in its case's folder");
    let name = folder.file_name().and_then(|name| name.to_str()).expect("a case has a name");
    let readme = fs::read_to_string(folder.join("README.md"))?;
    let lines: Vec<&str> = readme.lines().filter_map(|line| line.trim().strip_prefix("$ batchwright ")).collect();
    assert!(!lines.is_empty(), "{name}/README.md has no line `$ batchwright …`");
    if !lines.iter().any(|line| line.contains("{dialect}")) {
        return check("../snapshots", name, &run(folder, &lines.iter().map(ToString::to_string).collect::<Vec<_>>())?);
    }
    for dialect in batchwright::dialect::names() {
        let lines: Vec<String> = lines.iter().map(|line| line.replace("{dialect}", dialect)).collect();
        check(&format!("../snapshots/{name}"), dialect, &run(folder, &lines)?)?;
    }
    Ok(())
}

/// All that the commands printed and wrote, run one after the other in a copy of the folder.
fn run(folder: &Path, lines: &[String]) -> datatest_stable::Result<String> {
    let place = tempfile::tempdir()?;
    let mut before = Vec::new();
    for (path, bytes) in files(folder)? {
        let to = place.path().join(&path);
        fs::create_dir_all(to.parent().expect("a file has a folder"))?;
        fs::write(to, bytes)?;
        before.push(path);
    }
    let mut snapshot = String::new();
    for line in lines {
        let arguments = shlex::split(line).ok_or("the command's quotes do not match")?;
        let done = Command::new(env!("CARGO_BIN_EXE_batchwright"))
            .args(arguments)
            .current_dir(place.path())
            .env_clear()
            .env("HOME", "/home/nobody")
            .output()?;
        snapshot.push_str(&format!("$ batchwright {line}\nexit {}\n", done.status.code().unwrap_or(-1)));
        for (stream, bytes) in [("stdout", done.stdout), ("stderr", done.stderr)] {
            if !bytes.is_empty() {
                snapshot.push_str(&format!("\n---- {stream}\n{}", String::from_utf8(bytes)?));
            }
        }
        snapshot.push('\n');
    }
    // Audits are long and much alike, and hashes say little: a case shows them if they are what it is about.
    let readme = fs::read_to_string(folder.join("README.md"))?;
    let (audits, states) = (readme.contains("audit"), readme.contains("state.json"));
    for (path, bytes) in files(place.path())? {
        if !before.contains(&path) && (audits || !path.contains("/audit/")) && (states || !path.ends_with("/state.json")) {
            snapshot.push_str(&format!("//// {path}\n{}\n", String::from_utf8(bytes)?));
        }
    }
    Ok(snapshot)
}

fn check(folder: &str, name: &str, snapshot: &str) -> datatest_stable::Result<()> {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(folder);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, snapshot));
    Ok(())
}

/// All files below a folder by their path in it, in order.
fn files(folder: &Path) -> std::io::Result<Vec<(String, Vec<u8>)>> {
    let mut found = Vec::new();
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().flatten().filter(|entry| entry.file_type().is_file()) {
        let path = entry.path().strip_prefix(folder).expect("it is below").to_string_lossy().into_owned();
        found.push((path, fs::read(entry.path())?));
    }
    Ok(found)
}

datatest_stable::harness! {
    { test = case, root = "fixtures", pattern = r"^[^/]+/dbt_project\.yml$" },
}
