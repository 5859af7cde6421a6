//! Rewrites SQL for a client that executes its input whenever a line ends with `;`, and continues
//! with the next line after an error (spark-sql). Returns the same statements in a form that such a
//! client treats as one line, so that it stops at the first error. Refuses a string with a line
//! that ends with `;`, or with a tab, which it treats as a completion key.

/// Rewrites the text as one line. A marker can follow on the same line.
pub fn to_single_line(text: &str) -> Result<String, String> {
    let mut out = String::with_capacity(text.len() + 64);
    let mut state = LexerState::Code;
    for line in text.lines() {
        let mut chars = line.chars().peekable();
        // The client drops lines that start with a comment.
        if state == LexerState::Code && line.trim_start().starts_with("--") {
            continue;
        }
        while let Some(char) = chars.next() {
            let next = chars.peek().copied();
            match (state, char) {
                (LexerState::Quoted(_), '\t') => {
                    return Err("a string with a tab in it".to_string());
                }
                (_, '\t') => {
                    out.push(' ');
                    continue;
                }
                (LexerState::Code, '\'' | '"' | '`') => state = LexerState::Quoted(char),
                (LexerState::Code, '-') if next == Some('-') => {
                    // The rest of the line is a comment.
                    break;
                }
                (LexerState::Code, '/') if next == Some('*') => {
                    state = LexerState::Comment;
                    out.push(char);
                    out.push('*');
                    chars.next();
                    continue;
                }
                (LexerState::Comment, '*') if next == Some('/') => {
                    state = LexerState::Code;
                    out.push(char);
                    out.push('/');
                    chars.next();
                    continue;
                }
                (LexerState::Quoted(quote), '\\') if quote != '`' => {
                    out.push(char);
                    out.extend(chars.next());
                    continue;
                }
                // A doubled quote ends the string and begins another one, which is equivalent.
                (LexerState::Quoted(quote), char) if char == quote => state = LexerState::Code,
                _ => {}
            }
            out.push(char);
        }
        if out.trim_end().ends_with(';') {
            match state {
                LexerState::Quoted(_) => {
                    return Err("a string with a line that ends with `;`".to_string());
                }
                LexerState::Comment => out.push('.'),
                LexerState::Code => out.push_str(" --"),
            }
        }
        out.push('\n');
    }
    // The marker would be part of the string or comment, and both sides would wait forever.
    if state == LexerState::Code {
        Ok(out)
    } else {
        Err("a string or a comment without an end".to_string())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum LexerState {
    Code,
    Comment,
    Quoted(char),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_ends_a_statement() {
        let text = "-- a;\nselect 'it''s;', `;`, \"--\";  \nselect 1 -- b;\n/* c;\n */, 2\t;\n";
        assert_eq!(
            to_single_line(text).unwrap(),
            "select 'it''s;', `;`, \"--\";   --\nselect 1 \n/* c;.\n */, 2 ; --\n"
        );
        assert!(to_single_line("select 'a;\nb';").is_err());
        assert!(to_single_line("select 'a\tb';").is_err());
        assert!(to_single_line("select 1; /* and").is_err());
        assert!(to_single_line("select 'a\\';\n';").is_err(), "a backslash keeps the quote");
    }
}
