//! The notation of the command line. Takes words such as `@tag:daily,path:models/marts 2+orders+`; gives what they ask for.

use crate::diagnostics::{Diagnostic, Diagnostics, collect};

use super::method::{Criterion, Method};
use super::selectors::Selectors;
use super::{Asked, Growth};

/// What any of the words asks for; each may hold several, parted by blanks.
pub(super) fn union(words: &[String], selectors: &mut Selectors) -> Result<Asked, Diagnostics> {
    let words: Vec<&str> = words.iter().flat_map(|word| word.split_whitespace()).collect();
    if words.is_empty() {
        return Err(Diagnostic::error("the selection is an empty text").hint("leave the flag out to select everything").into());
    }
    let mut parts = collect(words, |word| intersection(word, selectors))?;
    Ok(if parts.len() == 1 { parts.remove(0) } else { Asked::Any(parts) })
}

fn intersection(word: &str, selectors: &mut Selectors) -> Result<Asked, Diagnostics> {
    let mut parts = collect(word.split(','), |part| {
        if part.is_empty() {
            return Err(Diagnostic::error(format!("`{word}` has a comma with nothing beside it"))
                .hint("`a,b` selects what both select; write no blanks")
                .into());
        }
        single(part, selectors)
    })?;
    Ok(if parts.len() == 1 { parts.remove(0) } else { Asked::Word(word.into(), Box::new(Asked::All(parts))) })
}

/// `[@][N+][method:]value[+N]`.
fn single(text: &str, selectors: &mut Selectors) -> Result<Asked, Diagnostics> {
    let mut growth = Growth::default();
    let mut rest = text;
    if let Some(behind) = rest.strip_prefix('@') {
        growth.childrens_parents = true;
        rest = behind;
    }
    if let Some((depth, behind)) = rest.split_once('+').filter(|(depth, _)| depth.bytes().all(|byte| byte.is_ascii_digit())) {
        growth.parents = Some(steps(depth));
        rest = behind;
    }
    if let Some((before, depth)) = rest.rsplit_once('+').filter(|(_, depth)| depth.bytes().all(|byte| byte.is_ascii_digit())) {
        growth.children = Some(steps(depth));
        rest = before;
    }
    if growth.childrens_parents && growth.children.is_some() {
        let wrong = Diagnostic::error(format!("`{text}` has both an `@` before it and a `+` behind it"));
        return Err(wrong.hint("`@` selects all that descends from it already: leave out the `+`").into());
    }
    let word = |text: &str| !text.is_empty() && text.chars().all(|letter| letter.is_alphanumeric() || letter == '_' || letter == '.');
    let (method, value) = match rest.split_once(':').filter(|(method, _)| word(method)) {
        Some((method, value)) => (method.to_string(), value),
        None => (default_method(rest).to_string(), rest),
    };
    if value.is_empty() {
        return Err(Diagnostic::error(format!("`{text}` names nothing to select"))
            .hint("write `orders`, `tag:daily` or `path:models/marts`")
            .into());
    }
    let asked = if method == "selector" {
        selectors.named(value)?
    } else {
        let method = Method::parse(&method, value)?;
        // That nothing has changed is an answer.
        let must_match = !matches!(method, Method::State(_) | Method::Result | Method::SourceStatus);
        Asked::One(Criterion { method, value: value.into(), text: rest.into(), must_match })
    };
    Ok(if growth == Growth::default() { asked } else { Asked::Grown(Box::new(asked), growth) })
}

/// The method of a value that names none.
fn default_method(value: &str) -> &'static str {
    if value.contains(['/', '\\']) {
        "path"
    } else if [".sql", ".py", ".csv"].iter().any(|end| value.to_lowercase().ends_with(end)) {
        "file"
    } else {
        "fqn"
    }
}

/// No number is as far as it goes, and so is one that is too large to count.
fn steps(depth: &str) -> usize {
    depth.parse().unwrap_or(usize::MAX)
}
