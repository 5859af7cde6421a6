//! Parses the selection syntax of the command line, such as
//! `@tag:daily,path:models/marts 2+orders+`.

use crate::diagnostics::{Diagnostic, Diagnostics, collect};

use super::method::{Criterion, Method};
use super::{GraphOperators, SelectionExpr};

/// Returns the expression of the selector with this name.
pub(super) type NamedSelector<'a> = dyn FnMut(&str) -> Result<SelectionExpr, Diagnostics> + 'a;

/// The union of the arguments; each may have several terms, separated by spaces.
pub(super) fn union(
    words: &[String],
    named: &mut NamedSelector,
) -> Result<SelectionExpr, Diagnostics> {
    let words: Vec<&str> = words.iter().flat_map(|word| word.split_whitespace()).collect();
    if words.is_empty() {
        return Err(Diagnostic::error("the selection is empty")
            .hint("to select everything, omit the flag")
            .into());
    }
    let mut parts = collect(words, |word| intersection(word, named))?;
    Ok(if parts.len() == 1 { parts.remove(0) } else { SelectionExpr::Union(parts) })
}

fn intersection(term: &str, named: &mut NamedSelector) -> Result<SelectionExpr, Diagnostics> {
    let mut parts = collect(term.split(','), |part| {
        if part.is_empty() {
            return Err(Diagnostic::error(format!("`{term}` has an empty part next to a comma"))
                .hint("`a,b` selects what both `a` and `b` select; write it without spaces")
                .into());
        }
        single(part, named)
    })?;
    Ok(if parts.len() == 1 {
        parts.remove(0)
    } else {
        SelectionExpr::Term(term.into(), Box::new(SelectionExpr::Intersection(parts)))
    })
}

/// Parses `[@][N+][method:]value[+N]`.
fn single(text: &str, named: &mut NamedSelector) -> Result<SelectionExpr, Diagnostics> {
    let mut operators = GraphOperators::default();
    let mut rest = text;
    if let Some(after) = rest.strip_prefix('@') {
        operators.childrens_parents = true;
        rest = after;
    }
    if let Some((depth, after)) =
        rest.split_once('+').filter(|(depth, _)| depth.bytes().all(|byte| byte.is_ascii_digit()))
    {
        operators.parents = Some(parse_depth(depth));
        rest = after;
    }
    if let Some((before, depth)) =
        rest.rsplit_once('+').filter(|(_, depth)| depth.bytes().all(|byte| byte.is_ascii_digit()))
    {
        operators.children = Some(parse_depth(depth));
        rest = before;
    }
    if operators.childrens_parents && operators.children.is_some() {
        let error =
            Diagnostic::error(format!("`{text}` has both a leading `@` and a trailing `+`"));
        return Err(error.hint("`@` already selects all descendants: omit the `+`").into());
    }
    let is_method = |text: &str| {
        !text.is_empty()
            && text.chars().all(|char| char.is_alphanumeric() || char == '_' || char == '.')
    };
    let (method, value) = match rest.split_once(':').filter(|(method, _)| is_method(method)) {
        Some((method, value)) => (method.to_string(), value),
        None => (default_method(rest).to_string(), rest),
    };
    if value.is_empty() {
        return Err(Diagnostic::error(format!("`{text}` has no value to select"))
            .hint("write `orders`, `tag:daily` or `path:models/marts`")
            .into());
    }
    let expr = if method == "selector" {
        named(value)?
    } else {
        let method = Method::parse(&method, value)?;
        // An empty result is normal for these methods.
        let must_match =
            !matches!(method, Method::State(_) | Method::Result | Method::SourceStatus);
        SelectionExpr::Criterion(Criterion {
            method,
            value: value.into(),
            text: rest.into(),
            must_match,
        })
    };
    Ok(if operators == GraphOperators::default() {
        expr
    } else {
        SelectionExpr::Expanded(Box::new(expr), operators)
    })
}

/// The method of a value without one.
fn default_method(value: &str) -> &'static str {
    if value.contains(['/', '\\']) {
        "path"
    } else if [".sql", ".py", ".csv"].iter().any(|end| value.to_lowercase().ends_with(end)) {
        "file"
    } else {
        "fqn"
    }
}

/// Parses a depth. Without a number, or with one that is too large, it is unlimited.
fn parse_depth(depth: &str) -> usize {
    depth.parse().unwrap_or(usize::MAX)
}
