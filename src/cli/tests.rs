//! What help and README tell people to type is a command line of batchwright.

use clap::{CommandFactory, Parser};

use super::Cli;

/// As wide as a terminal shows them without a break.
const WIDTH: usize = 96;

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_has_examples_that_are_commands() {
    let cli = Cli::command();
    let wrong: Vec<String> = cli.get_subcommands().flat_map(|command| wrong_examples(command, command.get_name())).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(wrong_examples(&cli, ""), [""; 0]);
}

#[test]
fn command_lines_of_the_readme_and_its_pages_are_valid() {
    // Read when the test runs: a change of a page is no reason to compile.
    let pages = std::fs::read_dir("src").expect("the sources are here").flatten().map(|entry| entry.path().join("README.md"));
    for page in pages.filter(|page| page.exists()).chain(["README.md".into()]) {
        let text = std::fs::read_to_string(&page).expect("a page is text");
        let blocks = text.split("```sh\n").skip(1).filter_map(|part| part.split("```").next());
        let typed = blocks.flat_map(lines).filter(|line| line.starts_with("batchwright "));
        let errors: Vec<String> = typed.filter_map(|line| wrong(&line)).collect();
        assert!(errors.is_empty(), "{}: {}", page.display(), errors.join("\n"));
    }
}

/// What is wrong with the examples in a command's help.
fn wrong_examples(command: &clap::Command, name: &str) -> Vec<String> {
    let help = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
    let examples: Vec<String> = lines(&help).filter_map(|line| Some(line.strip_prefix("$ ")?.to_string())).collect();
    let own = |example: &&String| example.starts_with(format!("batchwright {name}").trim_end());
    let mut wrong: Vec<String> = examples.iter().filter_map(|example| self::wrong(example)).collect();
    wrong.extend(help.lines().filter(|line| line.len() > WIDTH).map(|line| format!("`{line}` is too wide")));
    if examples.iter().filter(own).count() == 0 {
        wrong.push(format!("the help of `{name}` has no example of it"));
    }
    wrong
}

/// The lines of a text, each with those that it goes on in after `\`.
fn lines(text: &str) -> impl Iterator<Item = String> {
    let joined = text.replace("\\\n", " ");
    joined.lines().map(|line| line.trim().to_string()).collect::<Vec<_>>().into_iter()
}

/// Why a line is no command line of batchwright; what follows a pipe or the like is another program's.
fn wrong(line: &str) -> Option<String> {
    let Some(words) = shlex::split(line) else { return Some(format!("`{line}` has a quote without its other")) };
    let own = words.into_iter().take_while(|word| !["|", ">", "&&"].contains(&word.as_str()));
    Cli::try_parse_from(own).err().map(|wrong| format!("`{line}`: {wrong}"))
}
