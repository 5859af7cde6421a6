//! Errors of YAML. Takes the error of the parser or the composer; returns the message with line,
//! column and hint.

use std::ops::Range;

use crate::diagnostics::{Diagnostic, SourceFile};

/// The error of libyaml's parser.
pub fn of_parser(file: &SourceFile, error: &libyaml_safer::Error) -> Diagnostic {
    let start = match error.problem_mark() {
        Some(mark) => usize::try_from(mark.index).unwrap_or(file.text.len()),
        None => file.text.find(is_refused).unwrap_or(file.text.len()),
    };
    at(file, error.problem(), start)
}

/// An error of the syntax at the byte `start`.
pub fn at(file: &SourceFile, what: &str, start: usize) -> Diagnostic {
    let start = file.text.floor_char_boundary(start.min(file.text.len()));
    let (line_number, column) = file.at(start..start).begins();
    let error =
        Diagnostic::error(format!("not valid YAML: {what} (line {line_number}, column {column})"));
    let line = line_at(file, start);
    let error = error.at(file.at(start..line.end.max(start)));
    with_hint(error, &file.text[line])
}

/// An error of a value that dbt's reader rejects.
pub fn of_value(file: &SourceFile, span: Range<usize>, message: String) -> Diagnostic {
    let line = line_at(file, span.start);
    with_hint(Diagnostic::error(message).at(file.at(span)), &file.text[line])
}

/// The line of a byte, without its line break.
fn line_at(file: &SourceFile, byte: usize) -> Range<usize> {
    let start = file.text[..byte].rfind('\n').map_or(0, |at| at + 1);
    let line = file.text[start..].split('\n').next().unwrap_or_default();
    start..start + line.trim_end_matches('\r').len()
}

fn with_hint(error: Diagnostic, line: &str) -> Diagnostic {
    if line.contains("{{") {
        error.hint("put quotes around a value with Jinja: `\"{{ … }}\"`")
    } else if line.contains('\t') {
        error.hint("indent with spaces: YAML allows no tabs there")
    } else {
        error
    }
}

/// Characters that libyaml rejects.
fn is_refused(letter: char) -> bool {
    !matches!(
        letter,
        '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..
    ) || letter == '\u{feff}'
}
