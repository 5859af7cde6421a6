//! Finds the tables of a query that are inputs: by the marks of Jinja in the text, and by name.

use std::collections::BTreeMap;
use std::ops::Range;

use sqlparser::ast::{Ident, ObjectName, ObjectNamePart};
use sqlparser::dialect::Dialect as Parser;
use sqlparser::tokenizer::Token;

use super::parsers::parse_at;
use super::scope::{Factor, same};
use super::tokens::{TokenStream, line_of};
use super::{Access, Input};
use crate::diagnostics::Diagnostic;
use crate::jinja::{Covered, Mark, MarkKind};

/// An input in a table position.
pub struct Read<'a> {
    pub factor: &'a Factor,
    pub unique_id: String,
    pub access: Access,
    /// The first and the last token of its name.
    pub name: (usize, usize),
}

/// All inputs in table positions, in the order of the text.
pub fn reads<'a>(
    text: &TokenStream,
    factors: &'a [Factor],
    marks: &[Mark],
    inputs: &[Input],
    parser: &dyn Parser,
) -> Result<Vec<Read<'a>>, Diagnostic> {
    let names = marks.iter().filter(|mark| !matches!(mark.kind, MarkKind::Whole(_)));
    let names: BTreeMap<usize, &Mark> = names.map(|mark| (mark.span.start, mark)).collect();
    let mut matches = Vec::new();
    for factor in factors.iter().filter(|factor| !factor.is_array) {
        let Some(first) = text.starting_at(factor.at) else { continue };
        let start = text.spans[first].start;
        let mark = names.get(&start).copied();
        let named = inputs
            .iter()
            .find(|input| input.plain_names.iter().any(|name| is_named(&factor.name, name)));
        if mark.is_none() && named.is_none() {
            continue;
        }
        let Some((name, end)) =
            parse_at(text, first, parser, |parse| parse.parse_object_name(true))
        else {
            continue;
        };
        let Some(last) = text.previous(end).filter(|_| name == factor.name) else { continue };
        let (unique_id, opted_out) = match mark.filter(|mark| covers(text, mark, factor, last)) {
            Some(Mark { kind: MarkKind::This, .. }) => continue,
            Some(Mark { kind: MarkKind::Input(id), .. }) => (id.clone(), false),
            Some(Mark { kind: MarkKind::OptOut(id), .. }) => (id.clone(), true),
            Some(Mark { kind: MarkKind::Whole(_), .. }) | None => match named {
                Some(input) if !factor.is_call => {
                    reject_correlated(text, factor, factors, first)?;
                    (input.unique_id.clone(), false)
                }
                _ => continue,
            },
        };
        let input = inputs.iter().find(|input| input.unique_id == unique_id);
        // A CTE is an input only if it is an ephemeral model. A CTE of the author shadows the table
        // of its name.
        if factor.is_cte && !input.is_some_and(|input| input.is_cte) {
            continue;
        }
        let access = match (covering_model(marks, start), input.is_some_and(|input| input.filtered))
        {
            // The inputs of an ephemeral model without event time are in its own text.
            (_, false) if factor.is_cte => continue,
            _ if opted_out => Access::OptedOut,
            (Some(Covered::OptedOut), _) => Access::OptedOut,
            (Some(Covered::Filtered(by)), _) => Access::Covered(by.clone()),
            (None, false) => Access::NoEventTime,
            (None, true) => Access::Filtered,
        };
        if access == Access::Filtered && factor.has_prewhere {
            let message = format!(
                "`prewhere` after `{}` needs a table, but the filter replaces the table by a \
                subquery",
                factor.name
            );
            return Err(located(Diagnostic::error(message), text.sql, &text.spans[first]).hint(
                "move the condition to `where`, or restrict it to the columns of the only table of \
                its `from`",
            ));
        }
        if access == Access::Filtered && factor.has_path {
            let message = format!(
                "`{}` is read along a path, where a filter cannot be inserted",
                factor.name
            );
            return Err(located(Diagnostic::error(message), text.sql, &text.spans[first])
                .hint("read the table in a `with` clause first, and apply the path there"));
        }
        matches.push(Read { factor, unique_id, access, name: (first, last) });
    }
    matches.sort_by_key(|read| read.name.0);
    Ok(matches)
}

/// Adds the location in the rendered query, since the user's file has another text.
pub fn located(diagnostic: Diagnostic, sql: &str, span: &Range<usize>) -> Diagnostic {
    let (line, column, text) = line_of(sql, span.start);
    let text: String = text.trim().chars().take(200).collect();
    diagnostic.note(format!("line {line}, column {column} of the rendered query: `{text}`"))
}

/// Whether a mark covers the name of a table, or the name and its arguments.
fn covers(text: &TokenStream, mark: &Mark, factor: &Factor, last: usize) -> bool {
    if !factor.is_call {
        return mark.span.end == text.spans[last].end;
    }
    let close = text
        .next(last + 1)
        .filter(|open| text.is(*open, &Token::LParen))
        .and_then(|open| text.closing(open));
    close.is_some_and(|close| mark.span.end == text.spans[close].end)
}

/// Whether a name in the text is the name of a relation. Quoted parts are compared exactly.
pub fn is_named(name: &ObjectName, parts: &[String]) -> bool {
    let Some(idents) = name.0.iter().map(ObjectNamePart::as_ident).collect::<Option<Vec<&Ident>>>()
    else {
        return false;
    };
    let is = |ident: &Ident, value: &str| {
        ident.value == value
            || (ident.quote_style.is_none() && ident.value.eq_ignore_ascii_case(value))
    };
    if idents.len() == parts.len() {
        return idents.iter().zip(parts).all(|(ident, part)| is(ident, part));
    }
    // One pair of backticks may quote the whole name.
    let dotted = |ident: &&Ident| ident.quote_style == Some('`') && ident.value.contains('.');
    idents.iter().any(dotted)
        && idents.iter().map(|ident| ident.value.as_str()).collect::<Vec<_>>().join(".")
            == parts.join(".")
}

/// Whether `part` is the last part of a name.
pub fn ends_with(name: &ObjectName, part: &str) -> bool {
    name.0.last().is_some_and(|last| is_named(&ObjectName(vec![last.clone()]), &[part.to_string()]))
}

/// Rejects a plain name whose first part is a visible table: it may be an array column of that
/// table.
fn reject_correlated(
    text: &TokenStream,
    factor: &Factor,
    factors: &[Factor],
    first: usize,
) -> Result<(), Diagnostic> {
    let [ObjectNamePart::Identifier(head), _, ..] = factor.name.0.as_slice() else { return Ok(()) };
    let visible = factors.iter().filter(|other| {
        let select = other.selects.last();
        other.number != factor.number
            && other.at < factor.at
            && select.is_some_and(|select| factor.selects.contains(select))
    });
    for other in visible {
        if let Some(exposed) = other.exposed().filter(|exposed| same(exposed, head)) {
            let message = format!("`{}` can be a source or a column of `{exposed}`", factor.name);
            return Err(located(Diagnostic::error(message), text.sql, &text.spans[first]).hint(
                format!("use `source()` for the source, or give `{exposed}` another alias"),
            ));
        }
    }
    Ok(())
}

/// Rejects a column that is qualified by more than the table's name: the qualifier is invalid once
/// the table is wrapped, unless the author set an alias.
pub fn reject_long_qualifier(
    text: &TokenStream,
    read: &Read,
    reads: &[Read],
    factors: &[Factor],
) -> Result<(), Diagnostic> {
    let parts: Vec<&str> = read
        .factor
        .name
        .0
        .iter()
        .filter_map(ObjectNamePart::as_ident)
        .flat_map(|part| split(&part.value))
        .collect();
    let aliases = || factors.iter().filter_map(|factor| factor.alias.as_ref());
    if parts.len() < 2 {
        return Ok(());
    }
    let Some(table) = parts.last() else { return Ok(()) };
    let mut chain: Vec<&str> = Vec::new();
    let mut begins = 0;
    for token in 0..text.tokens.len() {
        let Token::Word(word) = &text.tokens[token].token else { continue };
        if text.previous(token).is_none_or(|before| !text.is(before, &Token::Period)) {
            chain.clear();
            begins = token;
        }
        chain.extend(split(&word.value));
        let continues = text.next(token + 1).is_some_and(|next| text.is(next, &Token::Period));
        let ends_with_table =
            chain.len() > 1 && chain.last().is_some_and(|last| last.eq_ignore_ascii_case(table));
        if !continues || !ends_with_table || reads.iter().any(|read| read.name.0 == begins) {
            continue;
        }
        let is_name = chain.len() <= parts.len()
            && chain.iter().rev().zip(parts.iter().rev()).all(|(a, b)| a.eq_ignore_ascii_case(b));
        let is_aliased = aliases().any(|alias| alias.name.value.eq_ignore_ascii_case(chain[0]));
        if is_name && !is_aliased {
            let message = format!(
                "a column is qualified by `{}`, which is invalid once its table is filtered",
                chain.join(".")
            );
            return Err(located(Diagnostic::error(message), text.sql, &text.spans[begins]).hint(
                format!(
                    "set an alias for the table, as in `… as {table}`, and qualify the column by it"
                ),
            ));
        }
    }
    Ok(())
}

fn split(value: &str) -> std::str::Split<'_, char> {
    value.split('.')
}

/// The ephemeral model that contains the inputs at a byte, which explains why they are read without
/// a filter.
pub fn covering_model(marks: &[Mark], byte: usize) -> Option<&Covered> {
    marks.iter().find_map(|mark| match &mark.kind {
        MarkKind::Whole(why) if mark.span.contains(&byte) => Some(why),
        _ => None,
    })
}
