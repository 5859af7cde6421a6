//! The name of a column in a setting. Some write its quotes into it (`'"orderedOn"'`), which then
//! are no part of the name.

use std::borrow::Cow;

use super::Column;

impl Column {
    /// The name without quotes, and whether it is quoted: by `quote: true`, or as it is written.
    pub fn identifier(&self) -> (Cow<'_, str>, bool) {
        match unquoted(&self.name) {
            Some(name) => (Cow::Owned(name), true),
            None => (Cow::Borrowed(&self.name), self.quote),
        }
    }
}

/// The name without the quotes that are written into it.
pub fn unquoted_name(text: &str) -> Cow<'_, str> {
    unquoted(text).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// The name within quotes, if the text is a quoted identifier: `"orderedOn"`, `` `orderedOn` ``,
/// `[orderedOn]`.
pub(super) fn unquoted(text: &str) -> Option<String> {
    let close = match text.chars().next()? {
        '"' => '"',
        '`' => '`',
        '[' => ']',
        _ => return None,
    };
    let inner = text[1..].strip_suffix(close).filter(|inner| !inner.is_empty())?;
    let doubled = format!("{close}{close}");
    // A closing quote inside ends the name, unless it is doubled.
    if inner.replace(&doubled, "").contains(close) {
        return None;
    }
    Some(inner.replace(&doubled, &close.to_string()))
}

#[cfg(test)]
mod tests {
    use super::unquoted;

    #[test]
    fn one_quoted_name_is_unquoted() {
        let name = |text| unquoted(text).unwrap_or_default();
        assert_eq!([name("\"orderedOn\""), name("`at`"), name("[at]")], ["orderedOn", "at", "at"]);
        assert_eq!([name("\"a\"\"b\""), name("[a]]b]")], ["a\"b", "a]b"]);
        for other in ["at", "\"a\".\"b\"", "\"", "\"\"", "a\"", "[a", "[1][2]"] {
            assert_eq!(unquoted(other), None, "{other}");
        }
    }
}
