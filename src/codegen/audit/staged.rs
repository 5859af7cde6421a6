//! `97_audit.sql`: the audit of staged rows. Compares them with what the query yields, and with the
//! rows that they replace: a row for each batch, those with the largest change first, with a
//! verdict. The statements at the end fail unless every verdict is a good one or allowed.

use minijinja::Value;

use super::fragments::Pieces;
use super::{Audited, MANY, NEW, OK, audit, stop, stopping};
use crate::calendar::Window;
use crate::codegen::header::header;
use crate::codegen::overwrite::predicates;
use crate::diagnostics::Diagnostic;
use crate::dialect::BatchTemplate;
use crate::jinja::Relation;

/// The text of the file. `audited` is the staged table; its rows replace those of `target`.
pub fn staged_audit(audited: &Audited, target: &Relation) -> Result<String, Diagnostic> {
    let dialect = audited.dialect;
    let settings = &audited.settings.audit;
    let name = audited.node.unique_id.splitn(3, '.').nth(2).unwrap_or(&audited.node.name);
    let too_many = || {
        Diagnostic::error(format!(
            "`{}` has {} batches, too many for the audit of a staged backfill",
            audited.node.name,
            audited.cover.windows.len()
        ))
        .at(audited.node.file.line(1))
        .hint("plan larger batches with `--batch-size`, or narrower bounds")
    };
    let rows = audit(audited)?.ok_or_else(too_many)?.text(audited.cover);
    let rows = stopping(dialect, name, &rows, &settings.allow)?.unwrap_or(rows);
    let mut listed = Vec::new();
    let mut stops = Vec::new();
    for windows in audited.cover.windows.chunks(MANY) {
        let range = Window { start: windows[0].start, end: windows[windows.len() - 1].end };
        let batches: Vec<(Window, String)> =
            windows.iter().map(|window| (*window, audited.cover.naming.label(*window))).collect();
        let written = |last: &str, texts: &mut Vec<String>| {
            let text = changes(audited, target, name, last)?;
            let stamp = BatchTemplate::new(&text, audited.settings.timezone);
            texts.push(format!("{}\n", stamp.fill_range(&range, &batches)));
            Ok::<_, Diagnostic>(())
        };
        written(&dialect.sql("staged_changes_table", &[])?.0, &mut listed)?;
        written(&stop(dialect, name, &settings.allow)?.0, &mut stops)?;
    }
    let head = header(
        dialect,
        &[
            ("model", audited.node.unique_id.clone()),
            ("staged rows", audited.relation.to_string()),
            ("replace", format!("the rows of {target} in the same windows")),
            (
                "stops if",
                format!(
                    "a batch has fewer or more rows than it replaces, or lacks more of their keys, by \
                 a share of more than {}",
                    settings.max_change
                ),
            ),
        ],
    );
    Ok(format!("{head}\n{}\n{}\n{rows}", listed.join("\n"), stops.join("\n")))
}

/// The statement, with slots. `last`: its end.
fn changes(
    audited: &Audited,
    target: &Relation,
    name: &str,
    last: &str,
) -> Result<String, Diagnostic> {
    let dialect = audited.dialect;
    let pieces = Pieces {
        audited,
        first: false,
        predicates: predicates(&audited.settings.incremental_predicates),
    };
    let time = pieces.time(&audited.settings.event_time)?;
    let columns = pieces.columns(true)?;
    let (sums, sum_names) = pieces.replaced_sums()?;
    let keys = audited.settings.unique_key.iter().map(|key| {
        let key = dialect.event_time(key, false)?;
        Ok(format!(", {key}"))
    });
    let keys: String = keys.collect::<Result<_, Diagnostic>>()?;
    let arguments = [
        ("model", dialect.string(name)?.value()),
        ("label", pieces.label(&time, false)?.value()),
        ("staged", Value::from_safe_string(audited.relation.to_string())),
        ("target", Value::from_safe_string(target.to_string())),
        ("where", pieces.rows_of(&time, true)?.value()),
        ("columns", columns.value()),
        ("keys", Value::from_safe_string(keys.clone())),
        ("sums", sums.value()),
        ("sum_names", sum_names.value()),
        ("new", dialect.string(NEW)?.value()),
        ("ok", dialect.string(OK)?.value()),
        ("most", Value::from_safe_string(format!("{}", 1.0 + audited.settings.audit.max_change))),
        ("least", Value::from_safe_string(format!("{}", 1.0 - audited.settings.audit.max_change))),
        ("share", Value::from_safe_string(format!("{}", audited.settings.audit.max_change))),
    ];
    let keys = if keys.is_empty() { "staged_no_keys" } else { "staged_keys" };
    let mut all = arguments.to_vec();
    all.push(("key_counts", dialect.sql(keys, &arguments)?.value()));
    all.push(("last", Value::from_safe_string(last.to_string())));
    Ok(dialect.sql("staged_changes", &all)?.0)
}
