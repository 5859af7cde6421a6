//! Text of foreign origin (a client's output, names of files, values) made safe to show: on a terminal, in HTML, XML and Markdown.

use std::borrow::Cow;
use std::fmt::Write;

/// The text with each control character replaced by a symbol for it, except line breaks and tabs.
///
/// A control character can move the cursor, change the window's title or hide what follows; one that sets the direction of writing can show
/// text in another order than it is run. Symbols need no escape in any format that this program writes.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_control) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\r' if letters.peek() == Some(&'\n') => {}
            '\u{7f}' => out.push('\u{2421}'),
            letter if !is_control(letter) => out.push(letter),
            letter => match char::from_u32(0x2400 + u32::from(letter)).filter(|_| letter < ' ') {
                Some(symbol) => out.push(symbol),
                None => drop(write!(out, "⟨U+{:04X}⟩", u32::from(letter))),
            },
        }
    }
    Cow::Owned(out)
}

fn is_control(letter: char) -> bool {
    match letter {
        '\n' | '\t' => false,
        '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
            true
        }
        letter => letter.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_are_shown_and_nothing_else_changes() {
        let plain = "déjà vu, 日本\n\ttab 👩‍👩‍👧";
        assert!(matches!(printable(plain), Cow::Borrowed(same) if same == plain));
        assert_eq!(printable("\u{1b}]0;title\u{7}\u{7f}"), "␛]0;title␇␡");
        assert_eq!(printable("a\r\nb\rc"), "a\nb␍c");
        assert_eq!(printable("x\u{202e}y\u{9b}z\u{0}"), "x⟨U+202E⟩y⟨U+009B⟩z␀");
        for control in (0..0x20).chain(0x7f..0xa0).filter_map(char::from_u32).filter(|letter| !"\n\t".contains(*letter)) {
            assert!(!printable(&control.to_string()).chars().any(char::is_control), "{:x}", u32::from(control));
        }
    }
}
