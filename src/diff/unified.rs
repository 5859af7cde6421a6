//! The unified diff of two texts, without header.

use similar::TextDiff;

/// The maximum number of lines; comparing more could take minutes.
const MAX_LINES: usize = 20_000;

/// The diff; empty if the texts are equal.
pub fn diff(old: &str, new: &str) -> String {
    let (before, after) = (old.lines().count(), new.lines().count());
    if old != new && before > 0 && before + after > MAX_LINES {
        return format!("@@ -1,{before} +1,{after} @@\n too long to compare line by line\n");
    }
    TextDiff::from_lines(old, new).unified_diff().context_radius(3).to_string()
}

/// The numbers of added and of removed lines.
pub fn counts(diff: &str) -> (usize, usize) {
    let count = |sign: char| diff.lines().filter(|line| line.starts_with(sign)).count();
    (count('+'), count('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_shown() {
        assert_eq!(
            diff("select a\nfrom t;\n", "select a, b\nfrom t;\n"),
            "@@ -1,2 +1,2 @@\n-select a\n+select a, b\n from t;\n"
        );
        assert_eq!(diff("select a;\n", "select a;\n"), "");
        assert_eq!(counts(&diff("", "select a\nfrom t;\n")), (2, 0));
    }

    #[test]
    fn very_long_texts_are_not_compared() {
        let long = |word: &str| format!("{word}\n").repeat(15_000);
        assert_eq!(
            diff(&long("a"), &long("b")),
            "@@ -1,15000 +1,15000 @@\n too long to compare line by line\n"
        );
    }
}
