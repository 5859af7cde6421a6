//! The README's tour and the story of a changed column are tests: one shell runs each `$` line of a
//! page's `console` blocks in a copy of the tour's project. Each must print what the page shows below
//! it. The README's picture of the tour is drawn from the same text. `cargo bless` writes all.

use std::fs;
use std::path::Path;
use std::process::Command;

use regex::Regex;

#[path = "tour/recording.rs"]
mod recording;

/// Where the tour takes place.
const PROJECT: &str = "fixtures/projects/tour";
/// What the shell prints after each command.
const DONE: &str = "\u{1}done\u{1}\n";

#[test]
fn the_tour_prints_what_the_readme_shows() {
    commands_print_what_the_page_shows("README.md");
}

#[test]
fn the_story_of_a_changed_column_prints_what_its_page_shows() {
    commands_print_what_the_page_shows("src/diff/README.md");
}

fn commands_print_what_the_page_shows(page: &str) {
    let readme = fs::read_to_string(page).expect("the page is text");
    let blocks = blocks(&readme);
    let commands: Vec<&str> = blocks
        .iter()
        .flat_map(|block| block.lines())
        .filter_map(|line| line.strip_prefix("$ "))
        .collect();
    assert!(commands.len() > 5, "{page} has only these commands in `console` blocks: {commands:?}");
    let mut printed = run(&commands).into_iter();

    let mut seen = readme.clone();
    for block in blocks {
        let steps = block.lines().filter(|line| line.starts_with("$ "));
        let now: String = steps
            .map(|line| format!("{line}\n{}", printed.next().expect("each command was run")))
            .collect();
        // What a clock says is not worth a change.
        if timeless(&now) != timeless(block) {
            seen = seen.replace(block, &now);
        }
    }
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        fs::write(page, seen).expect("the page can be written");
    } else {
        assert!(
            seen == readme,
            "read the change after `cargo bless`:\n{}",
            difference(&readme, &seen)
        );
    }
}

/// The picture is an SVG that shows the blocks one after the other.
#[test]
fn recording_shows_the_tour() {
    let readme = fs::read_to_string("README.md").expect("the README is text");
    let svg = recording::draw(&blocks(&readme));
    let path = Path::new("snapshots/pictures/tour.svg");
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        fs::write(path, svg).expect("the picture can be written");
    } else {
        assert!(
            fs::read_to_string(path).is_ok_and(|current| current == svg),
            "{} is out of date: run `cargo bless`",
            path.display()
        );
    }
}

/// The text of the `console` blocks.
fn blocks(readme: &str) -> Vec<&str> {
    let parts = readme.split("```console\n").skip(1);
    parts.map(|part| part.split_once("```").expect("a block is closed").0).collect()
}

/// What each command prints on both streams, in a copy of the project.
fn run(commands: &[&str]) -> Vec<String> {
    assert!(
        Path::new("target/engines/duckdb").exists(),
        "target/engines/duckdb is missing: tests/run installs it"
    );
    let place = tempfile::tempdir().expect("a temporary folder can be made");
    for entry in walkdir::WalkDir::new(PROJECT)
        .into_iter()
        .flatten()
        .filter(|entry| entry.file_type().is_file())
    {
        let to = place.path().join(entry.path());
        fs::create_dir_all(to.parent().expect("a file has a folder"))
            .expect("a folder can be made");
        fs::copy(entry.path(), to).expect("a file can be copied");
    }
    let engines = fs::canonicalize("target/engines").expect("it holds DuckDB");
    let folders = [
        Path::new(env!("CARGO_BIN_EXE_batchwright")).parent().expect("a program is in a folder"),
        &engines,
    ];
    let path = folders.map(|folder| format!("{}:", folder.display())).concat() + "/usr/bin:/bin";
    let script: String =
        commands.iter().map(|command| format!("{command}\nprintf '{DONE}'\n")).collect();
    let done = Command::new("sh")
        .args(["-c", &format!("exec 2>&1\n{script}")])
        .current_dir(place.path())
        .env_clear()
        .env("HOME", place.path())
        .env("PATH", path)
        .output()
        .expect("there is a shell");
    let printed = String::from_utf8(done.stdout).expect("what is printed is text");
    let printed: Vec<String> = printed.split_terminator(DONE).map(str::to_string).collect();
    assert_eq!(
        printed.len(),
        commands.len(),
        "the shell went no further than\n{}",
        printed.concat()
    );
    printed
}

/// The text without seconds and times of day, which no two runs have in common.
fn timeless(text: &str) -> String {
    let seconds = Regex::new(r"(?m) +\d+\.\d\d( s)?$").expect("a pattern");
    let moments = Regex::new(r" at \d{4}-[-0-9T:.]+Z").expect("a pattern");
    moments.replace_all(&seconds.replace_all(text, " 0 s"), " at some time").into_owned()
}

/// The lines that differ, those of the README first.
fn difference(shown: &str, printed: &str) -> String {
    let only = |of: &str, other: &str, mark: char| -> String {
        let lines: Vec<&str> = other.lines().collect();
        of.lines()
            .filter(|line| !lines.contains(line))
            .map(|line| format!("{mark} {line}\n"))
            .collect()
    };
    only(shown, printed, '-') + &only(printed, shown, '+')
}
