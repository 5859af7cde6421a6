//! SQL for a client that runs what it is fed whenever a line ends with `;`, and goes on with the next line after an error
//! (spark-sql). Takes a step's text; gives the same statements as what such a client takes for one line, at whose first error
//! it stops. Refuses what cannot be said so: a string with a line that ends with `;`, or with a tab, which is a key to it.

/// The text with no line of its own. A marker may follow in what counts as the same line.
pub fn as_one(text: &str) -> Result<String, String> {
    let mut out = String::with_capacity(text.len() + 64);
    let mut state = State::Code;
    for line in text.lines() {
        let mut letters = line.chars().peekable();
        // A comment by itself at the start of a line is dropped by the client, whatever came before.
        if state == State::Code && line.trim_start().starts_with("--") {
            continue;
        }
        while let Some(letter) = letters.next() {
            let next = letters.peek().copied();
            match (state, letter) {
                (State::Quoted(_), '\t') => return Err("a string with a tab in it".to_string()),
                (_, '\t') => {
                    out.push(' ');
                    continue;
                }
                (State::Code, '\'' | '"' | '`') => state = State::Quoted(letter),
                (State::Code, '-') if next == Some('-') => {
                    // The rest is a comment: without it the line ends with what it says.
                    break;
                }
                (State::Code, '/') if next == Some('*') => {
                    state = State::Comment;
                    out.push(letter);
                    out.push('*');
                    letters.next();
                    continue;
                }
                (State::Comment, '*') if next == Some('/') => {
                    state = State::Code;
                    out.push(letter);
                    out.push('/');
                    letters.next();
                    continue;
                }
                (State::Quoted(quote), '\\') if quote != '`' => {
                    out.push(letter);
                    out.extend(letters.next());
                    continue;
                }
                // A doubled quote ends the string and begins the next one, which comes to the same.
                (State::Quoted(quote), letter) if letter == quote => state = State::Code,
                _ => {}
            }
            out.push(letter);
        }
        if out.trim_end().ends_with(';') {
            match state {
                State::Quoted(_) => return Err("a string with a line that ends with `;`".to_string()),
                State::Comment => out.push('.'),
                State::Code => out.push_str(" --"),
            }
        }
        out.push('\n');
    }
    // The marker would be part of it, and both sides would wait for ever.
    if state == State::Code { Ok(out) } else { Err("a string or a comment without an end".to_string()) }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
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
        assert_eq!(as_one(text).unwrap(), "select 'it''s;', `;`, \"--\";   --\nselect 1 \n/* c;.\n */, 2 ; --\n");
        assert!(as_one("select 'a;\nb';").is_err());
        assert!(as_one("select 'a\tb';").is_err());
        assert!(as_one("select 1; /* and").is_err());
        assert!(as_one("select 'a\\';\n';").is_err(), "a backslash keeps the quote");
    }
}
