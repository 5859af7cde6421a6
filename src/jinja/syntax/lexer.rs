//! The tags of a template (`{{ … }}` and `{% … %}`) with their tokens, in order. An unclosed tag
//! ends the list; minijinja reports it.

use std::ops::Range;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    Name,
    Text,
    Number,
    Sign,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub kind: TokenKind,
    pub span: Range<usize>,
}

/// One `{{ … }}` or `{% … %}`.
#[derive(Clone, Debug)]
pub struct Tag {
    pub statement: bool,
    /// The opening delimiter, with its sign for white space.
    pub open: Range<usize>,
    pub close: Range<usize>,
    pub tokens: Vec<Token>,
    /// White space for Python but not for minijinja.
    pub odd_spaces: Vec<Range<usize>>,
}

/// All tags of a template, except those in comments and raw blocks.
pub fn tags(source: &str) -> Vec<Tag> {
    let bytes = source.as_bytes();
    let mut tags = Vec::new();
    let mut at = 0;
    while let Some(brace) =
        bytes[at..].iter().position(|byte| *byte == b'{').map(|offset| at + offset)
    {
        match bytes.get(brace + 1) {
            Some(b'#') => match source[brace + 2..].find("#}") {
                Some(end) => at = brace + 2 + end + 2,
                None => break,
            },
            Some(b'{') | Some(b'%') => {
                let Some(tag) = tag(source, brace) else { break };
                at = tag.close.end;
                if tag.statement
                    && matches!(&*tag.tokens, [only] if &source[only.span.clone()] == "raw")
                {
                    match end_of_raw(source, at) {
                        Some(end) => at = end,
                        None => break,
                    }
                } else {
                    tags.push(tag);
                }
            }
            _ => at = brace + 1,
        }
    }
    tags
}

fn end_of_raw(source: &str, from: usize) -> Option<usize> {
    let mut at = from;
    while let Some(start) = source[at..].find("{%").map(|offset| at + offset) {
        let inner = source[start + 2..].trim_start_matches(['-', '+']).trim_start();
        if inner.starts_with("endraw") {
            return source[start..].find("%}").map(|end| start + end + 2);
        }
        at = start + 2;
    }
    None
}

fn tag(source: &str, start: usize) -> Option<Tag> {
    let bytes = source.as_bytes();
    let statement = bytes[start + 1] == b'%';
    let end: &[u8] = if statement { b"%}" } else { b"}}" };
    let mut at = start + 2;
    if matches!(bytes.get(at), Some(b'-' | b'+')) {
        at += 1;
    }
    let mut tag =
        Tag { statement, open: start..at, close: 0..0, tokens: Vec::new(), odd_spaces: Vec::new() };
    let mut depth = 0usize;
    while at < bytes.len() {
        let rest = &bytes[at..];
        if depth == 0 {
            if rest.starts_with(end) {
                tag.close = at..at + 2;
                return Some(tag);
            }
            if matches!(rest[0], b'-' | b'+') && rest[1..].starts_with(end) {
                tag.close = at..at + 3;
                return Some(tag);
            }
        }
        let (kind, length) = match rest[0] {
            b' ' | b'\t' | b'\r' | b'\n' => {
                at += 1;
                continue;
            }
            quote @ (b'\'' | b'"') => (TokenKind::Text, text_length(rest, quote)?),
            b'0'..=b'9' => (TokenKind::Number, number_length(rest)),
            _ => {
                let first = source[at..].chars().next()?;
                if first.is_whitespace() {
                    tag.odd_spaces.push(at..at + first.len_utf8());
                    at += first.len_utf8();
                    continue;
                }
                if first == '_' || first.is_alphabetic() {
                    let name = source[at..]
                        .find(|c: char| c != '_' && !c.is_alphanumeric())
                        .unwrap_or(source.len() - at);
                    (TokenKind::Name, name)
                } else {
                    let double = [&b"**"[..], b"//", b"==", b"!=", b">=", b"<="]
                        .iter()
                        .any(|sign| rest.starts_with(sign));
                    (TokenKind::Sign, if double { 2 } else { first.len_utf8() })
                }
            }
        };
        match rest[0] {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        tag.tokens.push(Token { kind, span: at..at + length });
        at += length;
    }
    None
}

fn text_length(rest: &[u8], quote: u8) -> Option<usize> {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            byte if byte == quote => return Some(at + 1),
            _ => at += 1,
        }
    }
    None
}

fn number_length(rest: &[u8]) -> usize {
    let digits = |from: usize| {
        rest[from..]
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
            .count()
    };
    let whole = digits(0);
    match rest.get(whole..whole + 2) {
        Some([b'.', b'0'..=b'9']) => whole + 1 + digits(whole + 1),
        _ => whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_and_tokens() {
        let source = "{# {{ no }} #}a {{- f('}}', {'a': {'b': 1}}) -}} \
            {% raw %}{{ x }}{% endraw %}{% if x >= 1.5 %}";
        let parsed = tags(source);
        let words: Vec<Vec<&str>> = parsed
            .iter()
            .map(|tag| tag.tokens.iter().map(|token| &source[token.span.clone()]).collect())
            .collect();
        assert_eq!(words.len(), 2);
        assert_eq!(words[0][..4], ["f", "(", "'}}'", ","]);
        assert_eq!(words[1], ["if", "x", ">=", "1.5"]);
        assert_eq!(&source[parsed[0].open.clone()], "{{-");
        assert_eq!(&source[parsed[0].close.clone()], "-}}");
    }

    #[test]
    fn an_open_tag_ends_the_list() {
        assert_eq!(tags("{{ a }} {{ 'b }}").len(), 1);
    }
}
