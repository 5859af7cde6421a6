//! Rules that need what the template asks for: its own table, and whether the run is incremental.

use std::sync::LazyLock;

use regex::Regex;

use super::Asked;
use super::newest::compared_with_newest;
use super::place::author;
use super::rules::{IS_INCREMENTAL, OWN_TABLE, Rule};
use crate::diagnostics::{Diagnostic, Level};
use crate::inject;
use crate::jinja::MarkKind;

/// What they find.
/// `own`: whether the query reads the model's own table; `None` if no parser understands it.
pub fn found(asked: &Asked, own: Option<bool>) -> Vec<(Rule, Diagnostic)> {
    if let Some(finding) = newest(asked) {
        return vec![(IS_INCREMENTAL, finding)];
    }
    match left_over(asked) {
        // What the block reads goes with it.
        Some(said) => vec![(IS_INCREMENTAL, said)],
        None if own == Some(false) => Vec::new(),
        None => own_table(asked).map(|said| (OWN_TABLE, said)).into_iter().collect(),
    }
}

/// A filter by the newest row of the own table: batches of a new table, and batches older than that row, would be empty.
fn newest(asked: &Asked) -> Option<Diagnostic> {
    if !asked.text.reads_this {
        return None;
    }
    let at = inject::look(&asked.text.sql, &asked.text.marks, asked.inputs, asked.parser, compared_with_newest)??;
    let name = &asked.node.name;
    let error = Diagnostic::error(format!("`{name}` keeps only rows that are newer than its own table")).at(author(asked.text, &at));
    let error = error.fact("a new table has no newest row, and each batch that is older than the newest row would lose its rows");
    Some(error.hint("remove the filter: a batch has its window already, and its rows replace those of the table"))
}

/// A block that filters, as an older strategy needed it. One that reads the model's own table is no filter of the inputs.
fn left_over(asked: &Asked) -> Option<Diagnostic> {
    static BLOCK: LazyLock<Regex> = LazyLock::new(|| {
        let block = r"(?is)\{#.*?#\}|\{%-?\s*if\b[^%]*?(is_incremental\s*\(\s*\))[^%]*?%\}(?:\s|--[^\n]*)*(\w*)";
        Regex::new(block).expect("the pattern is valid")
    });
    static OWN: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?i)\bthis\s*\}\}\s*(as\s+)?\w*\s*$").expect("the pattern is valid"));
    if !asked.text.asks_incremental {
        return None;
    }
    let file = &asked.node.file;
    let call = BLOCK.captures_iter(&file.text).find_map(|found| {
        let (block, call, word) = (found.get(0)?, found.get(1)?, found.get(2)?.as_str().to_lowercase());
        let filters = ["where", "and", "having", "qualify"].contains(&word.as_str());
        (filters && !OWN.is_match(&file.text[..block.start()])).then(|| call.range())
    })?;
    let message = format!("`{}` filters where `is_incremental()`, and a batch has its filter already", asked.node.name);
    let said = Diagnostic::warning(message).at(file.at(call));
    let said = said.fact("a batch that is written again sees a table that holds its rows, and newer ones");
    Some(said.hint("take the block out: the inputs are filtered by their `event_time`"))
}

fn own_table(asked: &Asked) -> Option<Diagnostic> {
    if !asked.text.reads_this {
        return None;
    }
    let mark = asked.text.marks.iter().find(|mark| mark.kind == MarkKind::This)?;
    let message = format!("`{}` reads its own table, so what a batch holds depends on which ran before", asked.node.name);
    let mut said = Diagnostic::warning(message).at(author(asked.text, &mark.span));
    if asked.settings.concurrent_batches == Some(false) {
        said.level = Level::Note;
        return Some(said.hint("after a repair, write all later batches again, from the oldest one on"));
    }
    Some(said.hint("read an input instead, or set `concurrent_batches` to `false` and write batches again from the oldest one on"))
}
