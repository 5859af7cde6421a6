//! Detects that the files of a model change with the clock: renders its query for two times, and
//! checks `begin`.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::CheckContext;
use super::rules::{MOVES, Rule};
use super::source_map::author;
use crate::diagnostics::{Diagnostic, SourceFile};

/// Applies the rule to the query and to `begin`.
pub fn check_clock(context: &CheckContext) -> Vec<(Rule, Diagnostic)> {
    begin(context).into_iter().chain(query(context)).map(|finding| (MOVES, finding)).collect()
}

fn begin(context: &CheckContext) -> Option<Diagnostic> {
    static CLOCK: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\brun_started_at\b|\.\s*(now|utcnow|today)\s*\(")
            .expect("the pattern is valid")
    });
    let at = &context.settings.begin_at;
    // In a YAML file, the value follows its key on the line, and a comment may follow the value.
    let is_written = || {
        CLOCK.is_match(&at.file.text[at.span.clone()])
            || CLOCK.is_match(yaml_line(&at.file, at.span.start))
    };
    let moves = context.times.as_ref().is_some_and(|(now, later)| now.begin != later.begin);
    if !moves && !is_written() {
        return None;
    }
    let warning =
        Diagnostic::warning(format!("`begin` of `{}` changes with the clock", context.node.name))
            .at(at.clone());
    let warning = warning
        .note("a full refresh keeps only the rows since `begin`, which is later at each compile");
    Some(warning.hint("set `begin` to a fixed time, that of the earliest row"))
}

fn query(context: &CheckContext) -> Option<Diagnostic> {
    let (now, later) = context.times.as_ref()?;
    let span = difference(&now.sql, &later.sql)?;
    let warning = Diagnostic::warning(format!(
        "the query of `{}` changes at each compile",
        context.node.name
    ));
    let warning = warning
        .at(author(now, &span))
        .note("`run` does not recognize finished batches, and runs them again");
    Some(warning.hint(
        "use the time of the batch, `{{ model.batch.event_time_end }}`, or read the \
        clock in SQL: `current_timestamp`",
    ))
}

/// The first difference of two texts, as a span of the first one.
fn difference(one: &str, other: &str) -> Option<Range<usize>> {
    if one == other {
        return None;
    }
    let same = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    let start = one.floor_char_boundary(same.min(one.len().saturating_sub(1)));
    let end = one.ceil_char_boundary((start + 1).min(one.len()));
    Some(start..end)
}

/// The line at an offset in a YAML file, without a comment: `#` at its start or after a space,
/// outside quotes.
fn yaml_line(file: &SourceFile, at: usize) -> &str {
    let text: &str = &file.text;
    let at = text.floor_char_boundary(at.min(text.len()));
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let line = text[start..].split('\n').next().unwrap_or_default();
    if !file.path.ends_with(".yml") && !file.path.ends_with(".yaml") {
        return "";
    }
    let mut quote = None;
    let mut before = ' ';
    for (at, letter) in line.char_indices() {
        match quote {
            Some(open) if letter == open => quote = None,
            Some(_) => {}
            // An apostrophe within a word opens no quotes.
            None if "'\"".contains(letter) && !before.is_alphanumeric() => quote = Some(letter),
            None if letter == '#' && before.is_whitespace() => return &line[..at],
            None => {}
        }
        before = letter;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_yaml_comment_is_removed() {
        let line = |path: &str, text: &str| {
            yaml_line(&SourceFile::new(path, text), text.len()).to_string()
        };
        assert_eq!(
            line("a.yml", "x: 1\n+begin: 2024-01-01 # not run_started_at"),
            "+begin: 2024-01-01 "
        );
        assert_eq!(
            line("a.yml", "begin: \"{{ run_started_at ~ ' # ' }}\""),
            "begin: \"{{ run_started_at ~ ' # ' }}\""
        );
        assert_eq!(line("a.sql", "begin=x"), "");
    }

    #[test]
    fn the_first_difference_is_a_span_of_the_first_text() {
        assert_eq!(difference("a b", "a b"), None);
        assert_eq!(difference("a 'ü' c", "a 'ö' c"), Some(3..5));
        assert_eq!(difference("a", "ab"), Some(0..1));
        assert_eq!(difference("", "a"), Some(0..0));
    }
}
