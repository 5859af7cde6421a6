//! Command lines in help texts and README files are valid.

use clap::{CommandFactory, Parser};

use super::Cli;

/// The maximum width of a line of help.
const WIDTH: usize = 96;

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_has_examples_that_are_commands() {
    let cli = Cli::command();
    let errors: Vec<String> = cli
        .get_subcommands()
        .flat_map(|command| invalid_examples(command, command.get_name()))
        .collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    assert_eq!(invalid_examples(&cli, ""), [""; 0]);
}

#[test]
fn command_lines_of_the_readme_and_its_pages_are_valid() {
    // Read at run time, so that a change of a page causes no build.
    let pages = std::fs::read_dir("src")
        .expect("the sources are here")
        .flatten()
        .map(|entry| entry.path().join("README.md"));
    for page in pages.filter(|page| page.exists()).chain(["README.md".into()]) {
        let text = std::fs::read_to_string(&page).expect("a page is text");
        let blocks = text.split("```sh\n").skip(1).filter_map(|part| part.split("```").next());
        let typed = blocks.flat_map(lines).filter(|line| line.starts_with("batchwright "));
        let errors: Vec<String> = typed.filter_map(|line| parse_error(&line)).collect();
        assert!(errors.is_empty(), "{}: {}", page.display(), errors.join("\n"));
    }
}

/// The errors in the examples of a command's help.
fn invalid_examples(command: &clap::Command, name: &str) -> Vec<String> {
    let help = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
    let examples: Vec<String> =
        lines(&help).filter_map(|line| Some(line.strip_prefix("$ ")?.to_string())).collect();
    let is_of_command =
        |example: &&String| example.starts_with(format!("batchwright {name}").trim_end());
    let mut errors: Vec<String> =
        examples.iter().filter_map(|example| parse_error(example)).collect();
    errors.extend(
        help.lines().filter(|line| line.len() > WIDTH).map(|line| format!("`{line}` is too wide")),
    );
    if examples.iter().filter(is_of_command).count() == 0 {
        errors.push(format!("the help of `{name}` has no example of it"));
    }
    errors
}

/// The lines of a text, with `\` continuations joined.
fn lines(text: &str) -> impl Iterator<Item = String> {
    let joined = text.replace("\\\n", " ");
    joined.lines().map(|line| line.trim().to_string()).collect::<Vec<_>>().into_iter()
}

/// The error of parsing a line as a batchwright command; the part after a pipe, `>` or `&&` is
/// ignored.
fn parse_error(line: &str) -> Option<String> {
    let Some(words) = shlex::split(line) else {
        return Some(format!("`{line}` has an unclosed quote"));
    };
    let args = words.into_iter().take_while(|word| !["|", ">", "&&"].contains(&word.as_str()));
    Cli::try_parse_from(args).err().map(|error| format!("`{line}`: {error}"))
}
