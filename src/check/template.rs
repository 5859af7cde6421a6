//! Rules that depend on the relations that the template reads: its own table, and
//! `is_incremental()`.

use std::sync::LazyLock;

use regex::Regex;

use super::CheckContext;
use super::newest::compared_with_newest;
use super::rules::{IS_INCREMENTAL, OWN_TABLE, Rule};
use super::source_map::author;
use crate::diagnostics::{Diagnostic, Level};
use crate::inject;
use crate::jinja::MarkKind;

/// Applies the rules. `reads_own_table` is `None` if the query cannot be parsed.
pub fn check_template(
    context: &CheckContext,
    reads_own_table: Option<bool>,
) -> Vec<(Rule, Diagnostic)> {
    if let Some(finding) = newest(context) {
        return vec![(IS_INCREMENTAL, finding)];
    }
    match obsolete_block(context) {
        // Removing the block also removes its reads.
        Some(diagnostic) => vec![(IS_INCREMENTAL, diagnostic)],
        None if reads_own_table == Some(false) => Vec::new(),
        None => own_table(context).map(|diagnostic| (OWN_TABLE, diagnostic)).into_iter().collect(),
    }
}

/// A filter by the newest row of the model's table: batches of a new table, and batches older than
/// that row, would be empty.
fn newest(context: &CheckContext) -> Option<Diagnostic> {
    if !context.text.reads_this {
        return None;
    }
    let at = inject::with_query_view(
        &context.text.sql,
        &context.text.marks,
        context.inputs,
        context.parser,
        compared_with_newest,
    )??;
    let name = &context.node.name;
    let error =
        Diagnostic::error(format!("`{name}` selects only rows that are newer than its own table"))
            .at(author(context.text, &at));
    let error = error.note(
        "a new table has no rows, and each batch that is older than the newest \
        row would lose its rows",
    );
    Some(error.hint(
        "remove the filter: the window of the batch is the filter, and its rows \
        replace those of the table",
    ))
}

/// A filter for an older incremental strategy. A block that reads the model's own table is not a
/// filter of the inputs.
fn obsolete_block(context: &CheckContext) -> Option<Diagnostic> {
    static BLOCK: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(concat!(
            r"(?is)\{#.*?#\}|\{%-?\s*if\b[^%]*?(is_incremental\s*\(\s*\))[^%]*?%\}",
            r"(?:\s|--[^\n]*)*(\w*)",
        ))
        .expect("the pattern is valid")
    });
    static OWN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\bthis\s*\}\}\s*(as\s+)?\w*\s*$").expect("the pattern is valid")
    });
    if !context.text.asks_incremental {
        return None;
    }
    let file = &context.node.file;
    let call = BLOCK.captures_iter(&file.text).find_map(|captures| {
        let (block, call, word) =
            (captures.get(0)?, captures.get(1)?, captures.get(2)?.as_str().to_lowercase());
        let filters = ["where", "and", "having", "qualify"].contains(&word.as_str());
        (filters && !OWN.is_match(&file.text[..block.start()])).then(|| call.range())
    })?;
    let message = format!(
        "`{}` filters in an `is_incremental()` block, but a batch has a filter already",
        context.node.name
    );
    let diagnostic = Diagnostic::warning(message).at(file.at(call));
    let diagnostic = diagnostic
        .note("a batch that is written again reads a table that has its rows, and newer ones");
    Some(diagnostic.hint("remove the block: the inputs are filtered by their `event_time`"))
}

fn own_table(context: &CheckContext) -> Option<Diagnostic> {
    if !context.text.reads_this {
        return None;
    }
    let mark = context.text.marks.iter().find(|mark| mark.kind == MarkKind::This)?;
    let message = format!(
        "`{}` reads its own table, so the content of a batch depends on the batches that ran \
         before",
        context.node.name
    );
    let mut diagnostic = Diagnostic::warning(message).at(author(context.text, &mark.span));
    if context.settings.concurrent_batches == Some(false) {
        diagnostic.level = Level::Note;
        return Some(
            diagnostic
                .hint("after a repair, write all later batches again, starting with the oldest"),
        );
    }
    Some(diagnostic.hint(
        "read an input instead, or set `concurrent_batches` to `false` and write \
        batches again starting with the oldest",
    ))
}
