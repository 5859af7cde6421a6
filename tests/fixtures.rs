//! Each folder `fixtures/GROUP/CASE` is a case: its README.md has the commands. Its snapshot has
//! the case's input, what the commands print and the files that they write. A command with `{dialect}`
//! runs in every dialect, with a snapshot each, and one of the input.

use std::fs;
use std::path::Path;
use std::process::Command;

/// A case with more lines of input shows only the files that matter.
const SMALL_CASE: usize = 100;
const LINES_OF_A_FILE: usize = 60;
const CHARACTERS_OF_A_LINE: usize = 200;

fn case(project: &Path) -> datatest_stable::Result<()> {
    let folder = project.parent().expect("dbt_project.yml is in a folder");
    let name = folder.file_name().and_then(|name| name.to_str()).expect("a case has a name");
    let group = folder.parent().and_then(Path::file_name).and_then(|group| group.to_str());
    let snapshots = format!("../snapshots/{}", group.expect("a case is in a group"));
    let readme = fs::read_to_string(folder.join("README.md"))?;
    let commands: Vec<String> = readme
        .lines()
        .filter_map(|line| line.trim().strip_prefix("$ batchwright "))
        .map(str::to_string)
        .collect();
    assert!(!commands.is_empty(), "{name}/README.md has no line `$ batchwright …`");
    let input = input(folder, &readme, &commands)?;
    if !commands.iter().any(|command| command.contains("{dialect}")) {
        return check(&snapshots, name, &(input + &run(folder, &readme, &commands)?));
    }
    let snapshots = format!("{snapshots}/{name}");
    check(&snapshots, "input", &input)?;
    for dialect in batchwright::dialect::names() {
        let commands: Vec<String> =
            commands.iter().map(|command| command.replace("{dialect}", dialect)).collect();
        check(&snapshots, dialect, &run(folder, &readme, &commands)?)?;
    }
    Ok(())
}

/// The files that the README names; else all files of a small case; else those of the selected
/// models.
fn input(folder: &Path, readme: &str, commands: &[String]) -> std::io::Result<String> {
    let mut files = files(folder)?;
    files.retain(|(path, _)| path != "README.md");
    let files: Vec<(String, String)> = files
        .into_iter()
        .map(|(path, bytes)| (path, String::from_utf8_lossy(&bytes).into_owned()))
        .collect();
    let is_named = |path: &str| readme.contains(&format!("`{path}`"));
    let selected: Vec<&str> =
        commands.iter().flat_map(|command| command.split([' ', '+', ','])).collect();
    let is_selected = |path: &str, text: &str| {
        selected.iter().any(|model| {
            path.ends_with(&format!("/{model}.sql")) || text.contains(&format!("- name: {model}\n"))
        })
    };
    let is_small = files.iter().map(|(_, text)| text.lines().count()).sum::<usize>() <= SMALL_CASE;
    let any_named = files.iter().any(|(path, _)| is_named(path));
    let matters = |path: &str, text: &str| {
        if any_named { is_named(path) } else { is_small || is_selected(path, text) }
    };
    let shown = files.iter().filter(|(path, text)| matters(path, text));
    Ok(shown.map(|(path, text)| format!("//// {path}\n{}\n", beginning(text))).collect())
}

/// The beginning of a file, and the number of omitted lines.
fn beginning(text: &str) -> String {
    let shown = text.lines().take(LINES_OF_A_FILE).map(|line| {
        match line.char_indices().nth(CHARACTERS_OF_A_LINE) {
            Some((end, _)) => format!("{}…\n", &line[..end]),
            None => format!("{line}\n"),
        }
    });
    let rest = text.lines().count().saturating_sub(LINES_OF_A_FILE);
    shown.chain((rest > 0).then(|| format!("… {rest} more lines\n"))).collect()
}

/// What the commands print and write, run in order in a copy of the folder.
fn run(folder: &Path, readme: &str, commands: &[String]) -> datatest_stable::Result<String> {
    let copy = tempfile::tempdir()?;
    let mut input = Vec::new();
    for (path, bytes) in files(folder)? {
        let to = copy.path().join(&path);
        fs::create_dir_all(to.parent().expect("a file has a folder"))?;
        fs::write(to, bytes)?;
        input.push(path);
    }
    let mut snapshot = String::new();
    for command in commands {
        let arguments = shlex::split(command).ok_or("the command's quotes do not match")?;
        let done = Command::new(env!("CARGO_BIN_EXE_batchwright"))
            .args(arguments)
            .current_dir(copy.path())
            .env_clear()
            .env("HOME", "/home/nobody")
            .output()?;
        snapshot.push_str(&format!(
            "$ batchwright {command}\nexit {}\n",
            done.status.code().unwrap_or(-1)
        ));
        for (stream, bytes) in [("stdout", done.stdout), ("stderr", done.stderr)] {
            if !bytes.is_empty() {
                snapshot.push_str(&format!("\n---- {stream}\n{}", String::from_utf8(bytes)?));
            }
        }
        snapshot.push('\n');
    }
    // Audits are long and similar, and hashes are not readable: only cases about them show them.
    let (audits, states) = (readme.contains("audit"), readme.contains("state.json"));
    for (path, bytes) in files(copy.path())? {
        if !input.contains(&path)
            && (audits || !path.contains("/audit/"))
            && (states || !path.ends_with("/state.json"))
        {
            snapshot.push_str(&format!("//// {path}\n{}\n", String::from_utf8(bytes)?));
        }
    }
    Ok(snapshot)
}

fn check(folder: &str, name: &str, snapshot: &str) -> datatest_stable::Result<()> {
    // Accepting the snapshots of all cases must not accept a panic.
    assert!(!snapshot.contains("internal error in batchwright"), "{name}: a command panicked");
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(folder);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, snapshot));
    Ok(())
}

/// All files below a folder with their relative paths, sorted.
fn files(folder: &Path) -> std::io::Result<Vec<(String, Vec<u8>)>> {
    let entries = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().flatten();
    let files = entries.filter(|entry| entry.file_type().is_file());
    let read = |entry: walkdir::DirEntry| {
        let path = entry.path().strip_prefix(folder).expect("the path is below the folder");
        Ok((path.to_string_lossy().into_owned(), fs::read(entry.path())?))
    };
    files.map(read).collect()
}

datatest_stable::harness! {
    { test = case, root = "fixtures", pattern = r"^[^/]+/[^/]+/dbt_project\.yml$" },
}
