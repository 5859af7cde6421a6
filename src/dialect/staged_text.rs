//! Parts of the files of a staged backfill, between markers until the whole plan is known. A marker
//! is a private-use character.

use std::borrow::Cow;

/// The start and the end of a statement that the same batch of an ordinary plan does not have.
pub(super) const STAGED: char = '\u{F1107}';
pub(super) const STAGED_END: char = '\u{F1108}';
/// The start and the end of the statements that fail if a model cannot be undone.
const CHECKS: char = '\u{F1109}';
const CHECKS_END: char = '\u{F110A}';

pub(super) const STAGED_MARKS: [char; 4] = [STAGED, STAGED_END, CHECKS, CHECKS_END];

/// A statement that the same batch of an ordinary plan does not have.
pub fn staged_part(statement: &str) -> String {
    format!("{STAGED}{statement}{STAGED_END}")
}

/// The text without the markers of this module.
pub fn without_staged_marks(text: &str) -> Cow<'_, str> {
    match text.contains(STAGED_MARKS) {
        true => Cow::Owned(text.replace(STAGED_MARKS, "")),
        false => Cow::Borrowed(text),
    }
}

/// The statements that fail if a model cannot be undone.
pub fn checks(statements: &str) -> String {
    format!("{CHECKS}{statements}{CHECKS_END}")
}

/// These statements of a file; `None` if it has none.
pub fn checks_of(text: &str) -> Option<&str> {
    let (_, checks) = text.split_once(CHECKS)?;
    Some(checks.split_once(CHECKS_END)?.0)
}

/// The text of the file with the checks of other models before its own.
pub fn with_checks(text: &str, others: &str) -> String {
    text.replace(CHECKS, others).replace(CHECKS_END, "")
}
