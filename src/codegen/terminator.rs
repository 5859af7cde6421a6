//! How an author's text is ended: what follows it stands on a line of its own where a comment at
//! its end would swallow it.

/// The text with what ends it: a parenthesis, a semicolon.
pub fn ended(text: &str, end: &str) -> String {
    format!("{text}{}{end}", if comment(text).is_some() { "\n" } else { "" })
}

/// The text as a statement, with its semicolon.
pub fn statement(text: &str) -> String {
    if is_statement(text) { text.to_string() } else { ended(text, ";") }
}

/// Whether the text has its semicolon.
pub fn is_statement(text: &str) -> bool {
    let code = comment(text).map_or(text, |start| &text[..start]);
    code.trim_end().ends_with(';')
}

/// Where a comment may begin that goes on until the text's end. It may be in a string as well: a
/// line break too many does no harm.
fn comment(text: &str) -> Option<usize> {
    let line = text.rfind('\n').map_or(0, |end| end + 1);
    ["--", "#", "//"]
        .iter()
        .filter_map(|mark| text[line..].find(mark))
        .min()
        .map(|start| line + start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_swallows_nothing() {
        assert_eq!(ended("a > 0", ")"), "a > 0)");
        assert_eq!(ended("a > 0 -- only those", ")"), "a > 0 -- only those\n)");
        assert_eq!(ended("-- only those\na > 0", ")"), "-- only those\na > 0)");
        assert_eq!(statement("select 1"), "select 1;");
        assert_eq!(statement("select 1; "), "select 1; ");
        assert_eq!(statement("select 1 -- one"), "select 1 -- one\n;");
        assert_eq!(statement("select 1; -- one"), "select 1; -- one");
    }
}
