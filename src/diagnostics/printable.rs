//! Makes untrusted text (a client's output, file names, values) safe to show on a terminal and in
//! HTML, XML and Markdown.

use std::borrow::Cow;
use std::fmt::Write;

/// The text with each control character replaced by a symbol for it, except line breaks and tabs.
///
/// A control character can move the cursor, change the window's title or hide the following text; a
/// direction mark can show text in another order than the one in which it is executed. The symbols
/// need no escaping in any format that this program writes.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_control) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\u{7f}' => out.push('\u{2421}'),
            char if !is_control(char) => out.push(char),
            char => match char::from_u32(0x2400 + u32::from(char)).filter(|_| char < ' ') {
                Some(symbol) => out.push(symbol),
                None => drop(write!(out, "⟨U+{:04X}⟩", u32::from(char))),
            },
        }
    }
    Cow::Owned(out)
}

fn is_control(char: char) -> bool {
    match char {
        '\n' | '\t' => false,
        '\u{200e}'
        | '\u{200f}'
        | '\u{061c}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{feff}'
        | '\u{fffe}'
        | '\u{ffff}' => true,
        char => char.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_become_symbols_and_other_text_is_unchanged() {
        let plain = "déjà vu, 日本\n\ttab 👩‍👩‍👧";
        assert!(matches!(printable(plain), Cow::Borrowed(same) if same == plain));
        assert_eq!(printable("\u{1b}]0;title\u{7}\u{7f}"), "␛]0;title␇␡");
        assert_eq!(printable("a\r\nb\rc"), "a\nb␍c");
        assert_eq!(printable("x\u{202e}y\u{9b}z\u{0}"), "x⟨U+202E⟩y⟨U+009B⟩z␀");
        for control in (0..0x20)
            .chain(0x7f..0xa0)
            .filter_map(char::from_u32)
            .filter(|char| !"\n\t".contains(*char))
        {
            assert!(
                !printable(&control.to_string()).chars().any(char::is_control),
                "{:x}",
                u32::from(control)
            );
        }
    }
}
