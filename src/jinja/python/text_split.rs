//! Python's `split`, `rsplit` and `splitlines`.

use minijinja::{Error, Value};

use super::{collections, error};

/// The parts of a text between a separator, or between white space.
pub fn split(
    text: &str,
    separator: Option<&str>,
    limit: Option<usize>,
    from_right: bool,
) -> Result<Value, Error> {
    let mut parts: Vec<&str> = Vec::new();
    match (separator, limit, from_right) {
        (Some(""), _, _) => return Err(error("empty separator")),
        (Some(separator), None, _) => parts.extend(text.split(separator)),
        (Some(separator), Some(limit), false) => {
            parts.extend(text.splitn(limit.saturating_add(1), separator))
        }
        (Some(separator), Some(limit), true) => {
            parts.extend(text.rsplitn(limit.saturating_add(1), separator));
            parts.reverse();
        }
        (None, None, _) => parts.extend(text.split_whitespace()),
        (None, Some(limit), false) => {
            let mut rest = text.trim_start();
            while !rest.is_empty() {
                match rest.find(char::is_whitespace).filter(|_| parts.len() < limit) {
                    Some(end) => {
                        parts.push(&rest[..end]);
                        rest = rest[end..].trim_start();
                    }
                    None => {
                        parts.push(if parts.len() < limit { rest.trim_end() } else { rest });
                        rest = "";
                    }
                }
            }
        }
        (None, Some(limit), true) => {
            let mut rest = text.trim_end();
            while !rest.is_empty() {
                match rest.rfind(char::is_whitespace).filter(|_| parts.len() < limit) {
                    Some(at) => {
                        let blank = rest[at..].chars().next().map_or(1, char::len_utf8);
                        parts.push(&rest[at + blank..]);
                        rest = rest[..at].trim_end();
                    }
                    None => {
                        parts.push(rest);
                        rest = "";
                    }
                }
            }
            parts.reverse();
        }
    }
    Ok(collections::list(parts.into_iter().map(Value::from)))
}

/// The lines of a text, with their line breaks if `keep`.
pub fn lines(text: &str, keep: bool) -> Value {
    let mut lines = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let is_break = |c: char| {
            matches!(
                c,
                '\n' | '\r' | '\x0b' | '\x0c' | '\x1c'
                    ..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}'
            )
        };
        let Some(at) = rest.find(is_break) else {
            lines.push(rest);
            break;
        };
        let size = if rest[at..].starts_with("\r\n") {
            2
        } else {
            rest[at..].chars().next().map_or(1, char::len_utf8)
        };
        lines.push(if keep { &rest[..at + size] } else { &rest[..at] });
        rest = &rest[at + size..];
    }
    collections::list(lines.into_iter().map(Value::from))
}
