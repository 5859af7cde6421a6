//! Numbers with their noun, for messages.

use std::fmt::Display;

/// `1 batch`, `3 batches`: the number with the noun, in the plural unless it is 1. The noun is
/// regular.
pub fn counted(count: impl Display, noun: &str) -> String {
    let count = count.to_string();
    if count == "1" {
        return format!("1 {noun}");
    }
    match noun.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{count} {stem}ies"),
        _ if noun.ends_with("ch") => format!("{count} {noun}es"),
        _ => format!("{count} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn nouns_are_in_the_plural_unless_the_number_is_1() {
        let texts = [counted(1, "batch"), counted(0, "batch"), counted(2, "query")];
        assert_eq!(texts, ["1 batch", "0 batches", "2 queries"]);
        assert_eq!(counted(3, "day"), "3 days");
        assert_eq!(counted(1_u64, "more model"), "1 more model");
    }
}
