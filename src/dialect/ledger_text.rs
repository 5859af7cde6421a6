//! The text of a file with its ledger row. The row is between two markers, so that the file can be
//! hashed without it. It contains markers for values that are known only when all files are
//! generated: the hash of the file and the fingerprint of the plan. The statements that only a
//! staged backfill has are between markers, too, so that a published batch has the hash of the same
//! batch in an ordinary plan. A marker is a private-use character.

use std::borrow::Cow;

use super::staged_text::{STAGED, STAGED_END, STAGED_MARKS};

/// The position at which a macro of a dialect writes the row, in the transaction of its rows or
/// after it.
pub const ROW: char = '\u{F1100}';
pub const ROW_AFTER: char = '\u{F1106}';
/// The start of a part that the ledger adds to the file, in the transaction of the rows.
pub const PART: char = '\u{F1101}';
/// The start of such a part after that transaction.
pub const PART_AFTER: char = '\u{F1102}';
pub const PART_END: char = '\u{F1103}';
/// The SHA-256 of the file without these parts.
pub const STATEMENT_HASH: char = '\u{F1104}';
pub const PLAN_FINGERPRINT: char = '\u{F1105}';

const MARKS: [char; 7] =
    [ROW, ROW_AFTER, PART, PART_AFTER, PART_END, STATEMENT_HASH, PLAN_FINGERPRINT];

/// Whether the text has a part of the ledger.
pub fn has_part(text: &str) -> bool {
    text.contains([PART, PART_AFTER])
}

/// The first marker in the text, if any.
pub fn mark(text: &str) -> Option<char> {
    text.chars().find(|char| MARKS.contains(char) || STAGED_MARKS.contains(char))
}

/// The text without the parts of the ledger and without the statements that only a staged backfill
/// has: the file of an ordinary plan without a ledger.
pub fn without_parts(text: &str) -> Cow<'_, str> {
    if !has_part(text) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once([PART, PART_AFTER, STAGED]) {
        plain.push_str(before);
        let (_, after) = after.split_once([PART_END, STAGED_END]).unwrap_or(("", ""));
        // A part has a blank line on one side.
        rest = match after.strip_prefix("\n\n") {
            Some(after) => after,
            None => {
                plain.truncate(plain.trim_end_matches('\n').len());
                after
            }
        };
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

/// The text with the parts of the ledger, without markers.
pub fn with_parts(text: &str, statement_hash: &str, plan_fingerprint: &str) -> String {
    let mut filled = String::with_capacity(text.len() + 100);
    for char in text.chars() {
        match char {
            STATEMENT_HASH => filled.push_str(statement_hash),
            PLAN_FINGERPRINT => filled.push_str(plan_fingerprint),
            PART | PART_AFTER | PART_END | STAGED | STAGED_END => {}
            _ => filled.push(char),
        }
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_without_its_parts_is_the_file_without_a_ledger() {
        let part = |text: &str| format!("{PART}{text}{PART_END}");
        let row = part(&format!("insert '{STATEMENT_HASH}', '{PLAN_FINGERPRINT}';"));
        let inside = format!("begin;\n\ndelete;\n\n{row}\n\ncommit;\n");
        assert_eq!(without_parts(&inside), "begin;\n\ndelete;\n\ncommit;\n");
        assert_eq!(
            with_parts(&inside, "ab", "cd"),
            "begin;\n\ndelete;\n\ninsert 'ab', 'cd';\n\ncommit;\n"
        );
        let approval = format!("{STAGED}drop approved;{STAGED_END}");
        let staged = format!("{approval}\n\n{inside}\n{approval}\n");
        assert_eq!(without_parts(&staged), "begin;\n\ndelete;\n\ncommit;\n");
        let around = format!("{}\n\ninsert;\n\n{row}\n\n{}\n", part("begin;"), part("commit;"));
        assert_eq!(without_parts(&around), "insert;\n");
        assert_eq!(without_parts("insert;\n"), "insert;\n");
    }
}
