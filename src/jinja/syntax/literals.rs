//! String literals in Jinja tags: rewrites Python's escapes for minijinja, which has others.

use std::fmt::Write;
use std::iter::Peekable;
use std::str::Chars;

/// A string literal rewritten for minijinja; `None` if it has the same meaning. Escapes that Python
/// rejects, and characters by name, become escapes that minijinja rejects.
pub(in crate::jinja) fn rewritten(quoted: &str) -> Option<String> {
    if !quoted.contains('\\') {
        return None;
    }
    let inner = quoted.get(1..quoted.len() - 1)?;
    let Some(text) = unescaped(inner) else { return Some("\"\\x\"".to_string()) };
    let mut out = String::with_capacity(quoted.len() + 8);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' if !inner.contains('\n') => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\0' => out.push_str("\\x00"),
            c => out.push(c),
        }
    }
    out.push('"');
    Some(out)
}

fn unescaped(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut signs = text.chars().peekable();
    while let Some(c) = signs.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match signs.next()? {
            '\n' => {}
            '\\' => out.push('\\'),
            '\'' => out.push('\''),
            '"' => out.push('"'),
            'a' => out.push('\x07'),
            'b' => out.push('\x08'),
            'f' => out.push('\x0c'),
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            'v' => out.push('\x0b'),
            'N' => return None,
            'x' => out.push(hex(&mut signs, 2)?),
            'u' => out.push(hex(&mut signs, 4)?),
            'U' => out.push(hex(&mut signs, 8)?),
            digit @ '0'..='7' => {
                let mut code = digit.to_digit(8)?;
                for _ in 0..2 {
                    let Some(next) = signs.peek().and_then(|c| c.to_digit(8)) else { break };
                    code = code * 8 + next;
                    signs.next();
                }
                out.push(char::from_u32(code)?);
            }
            other => {
                let _ = write!(out, "\\{other}");
            }
        }
    }
    Some(out)
}

/// The character whose code follows in this number of digits.
fn hex(signs: &mut Peekable<Chars>, count: usize) -> Option<char> {
    let mut code = 0;
    for _ in 0..count {
        code = code * 16 + signs.next()?.to_digit(16)?;
    }
    char::from_u32(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_have_pythons_meaning() {
        for (quoted, expected) in [
            (r"'a\/b'", Some(r#""a\\/b""#)),
            (r"'\d\n\''", Some("\"\\\\d\\n'\"")),
            (r#"'\x41\101\u0041'"#, Some(r#""AAA""#)),
            ("'plain'", None),
            (r"'\x4'", Some(r#""\x""#)),
        ] {
            assert_eq!(rewritten(quoted).as_deref(), expected);
        }
    }
}
