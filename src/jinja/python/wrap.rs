//! Jinja's `wordwrap`: lines of limited length, broken at spaces and after hyphens, as by Python's
//! textwrap.

use minijinja::value::Value;
use minijinja::{Error, ErrorKind};

use super::call::Call;
use super::{Args, error, types, values};

pub(in crate::jinja) fn filter(value: Value, args: Args) -> Result<String, Error> {
    let args = values(args);
    let call = Call::of("", "wordwrap", &args);
    let Some(text) = value.as_str() else {
        if value.is_undefined() {
            return Err(Error::from(ErrorKind::UndefinedError));
        }
        return Err(error(format!(
            "'{} object' has no attribute 'splitlines'",
            types::name(&value)
        )));
    };
    let width = call.integer(0, "width")?.unwrap_or(79);
    let width = usize::try_from(width)
        .ok()
        .filter(|width| *width > 0)
        .ok_or_else(|| error(format!("invalid width {width} (must be > 0)")))?;
    let break_words = call.get(1, "break_long_words").is_none_or(|value| value.is_true());
    let separator = call.text(2, "wrapstring")?.unwrap_or_else(|| "\n".to_string());
    let hyphens = call.get(3, "break_on_hyphens").is_none_or(|value| value.is_true());
    let lines =
        text.lines().map(|line| wrapped(line, width, break_words, hyphens).join(&separator));
    Ok(lines.collect::<Vec<_>>().join(&separator))
}

/// Runs of white space, and words, which end after a hyphen between letters.
fn chunks(line: &str, hyphens: bool) -> Vec<String> {
    let mut chunks: Vec<String> = Vec::new();
    let signs: Vec<char> = line.chars().collect();
    let is_letter = |at: usize| signs.get(at).is_some_and(|c| c.is_alphabetic());
    let mut start = 0;
    for at in 0..signs.len() {
        let (here, next) = (signs[at], signs.get(at + 1));
        let turns = next.is_none_or(|next| next.is_whitespace() != here.is_whitespace());
        let behind_hyphen = hyphens
            && here == '-'
            && at >= 1
            && is_letter(at - 1)
            && is_letter(at + 1)
            && (is_letter(at + 2) || at + 2 == signs.len());
        if turns || behind_hyphen {
            chunks.push(signs[start..=at].iter().collect());
            start = at + 1;
        }
    }
    chunks
}

fn wrapped(line: &str, width: usize, break_words: bool, hyphens: bool) -> Vec<String> {
    let mut rest = chunks(line, hyphens);
    rest.reverse();
    let mut lines: Vec<String> = Vec::new();
    while !rest.is_empty() {
        if !lines.is_empty() && rest.last().is_some_and(|chunk| chunk.trim().is_empty()) {
            rest.pop();
        }
        let mut current: Vec<String> = Vec::new();
        let mut length = 0;
        while let Some(chunk) = rest.last() {
            let size = chunk.chars().count();
            if length + size > width {
                break;
            }
            length += size;
            current.extend(rest.pop());
        }
        if let Some(chunk) = rest.last().filter(|chunk| chunk.chars().count() > width).cloned() {
            if break_words {
                let room = width - length;
                rest.pop();
                // A long word is broken after a hyphen, if one fits.
                let fits: String = chunk.chars().take(room).collect();
                let cut = match fits
                    .rfind('-')
                    .filter(|at| hyphens && *at > 0 && !fits[..*at].trim_matches('-').is_empty())
                {
                    Some(at) => fits[..=at].to_string(),
                    None => fits,
                };
                rest.push(chunk[cut.len()..].to_string());
                current.push(cut);
            } else if current.is_empty() {
                current.extend(rest.pop());
            }
        }
        if current.last().is_some_and(|chunk| chunk.trim().is_empty()) {
            current.pop();
        }
        if !current.is_empty() {
            lines.push(current.concat());
        }
    }
    lines
}
