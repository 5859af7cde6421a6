//! Terminates an author's text. If the text ends with a line comment, the terminator is written on
//! a new line.

/// The text with its terminator: a parenthesis or a semicolon.
pub fn terminate(text: &str, end: &str) -> String {
    format!("{text}{}{end}", if trailing_comment(text).is_some() { "\n" } else { "" })
}

/// The text terminated by a semicolon, unless it already is.
pub fn terminate_statement(text: &str) -> String {
    if is_terminated(text) { text.to_string() } else { terminate(text, ";") }
}

/// Whether the text ends with a semicolon.
pub fn is_terminated(text: &str) -> bool {
    let code = trailing_comment(text).map_or(text, |start| &text[..start]);
    code.trim_end().ends_with(';')
}

/// The position of a possible line comment at the end of the text. It may also be in a string; then
/// the additional line break is harmless.
fn trailing_comment(text: &str) -> Option<usize> {
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
    fn a_comment_does_not_swallow_the_terminator() {
        assert_eq!(terminate("a > 0", ")"), "a > 0)");
        assert_eq!(terminate("a > 0 -- only those", ")"), "a > 0 -- only those\n)");
        assert_eq!(terminate("-- only those\na > 0", ")"), "-- only those\na > 0)");
        assert_eq!(terminate_statement("select 1"), "select 1;");
        assert_eq!(terminate_statement("select 1; "), "select 1; ");
        assert_eq!(terminate_statement("select 1 -- one"), "select 1 -- one\n;");
        assert_eq!(terminate_statement("select 1; -- one"), "select 1; -- one");
    }
}
