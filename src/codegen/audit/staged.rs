//! `97_audit.sql`: the audit of staged rows. Compares them with the rows of the query, and with the
//! rows that they replace: one row for each batch, those with the largest change first, with a
//! verdict. The statements at the end fail unless every verdict is good or allowed.

use minijinja::Value;

use super::fragments::AuditFragments;
use super::{
    AuditInput, BATCHES_PER_STATEMENT, NEW, OK, audit, failing_audit, statement_groups, stop,
};
use crate::calendar::Window;
use crate::codegen::header::header;
use crate::codegen::predicates::predicate_list;
use crate::codegen::relation_name::relation_sql;
use crate::codegen::staged_tables::{BackfillIdentity, StagedTables};
use crate::config::name_of;
use crate::diagnostics::Diagnostic;
use crate::dialect::BatchTemplate;
use crate::jinja::Relation;

/// The text of the file. `input` is the staged table of `tables`; its rows replace those of the
/// target.
pub fn staged_audit(
    input: &AuditInput,
    tables: &StagedTables,
    identity: &BackfillIdentity,
) -> Result<String, Diagnostic> {
    let StagedTables { target, approved, .. } = tables;
    let dialect = input.dialect;
    let settings = &input.settings.audit;
    let name = name_of(&input.node.unique_id);
    let too_many = || {
        Diagnostic::error(format!(
            "`{}` has {} batches, too many for the audit of a staged backfill",
            input.node.name,
            input.cover.windows.len()
        ))
        .at(input.node.file.line(1))
        .hint("use larger batches with `--batch-size`, or narrower bounds")
    };
    let rows = audit(input)?.ok_or_else(too_many)?.text(input.cover);
    let rows = failing_audit(dialect, name, &rows, &settings.allow)?.unwrap_or(rows);
    let mut listed = Vec::new();
    let mut stops = Vec::new();
    for group in statement_groups(input.cover, BATCHES_PER_STATEMENT) {
        let windows = &input.cover.windows[group.clone()];
        let range = input.cover.range(&group);
        let batches: Vec<(Window, String)> =
            windows.iter().map(|window| (*window, input.cover.naming.label(*window))).collect();
        let written = |last: &str, texts: &mut Vec<String>| {
            let text = changes(input, target, name, last)?;
            let template = BatchTemplate::new(&text, input.settings.timezone);
            texts.push(format!("{}\n", template.fill_range(&range, &batches)));
            Ok::<_, Diagnostic>(())
        };
        written(&dialect.sql("staged_changes_table", &[])?.0, &mut listed)?;
        written(&stop(dialect, name, &settings.allow)?.0, &mut stops)?;
    }
    let head = header(
        dialect,
        &[
            ("model", input.node.unique_id.clone()),
            ("staged rows", input.relation.to_string()),
            ("replace", format!("the rows of {target} in the same windows")),
            ("makes", format!("{approved}, without which 98_publish.sql stops, if it passes")),
            (
                "stops if",
                format!(
                    "a batch has fewer or more rows than it replaces, or lacks more of their keys, \
                 by a share of more than {}",
                    settings.max_change
                ),
            ),
        ],
    );
    let withdrawn = tables.withdraw_approval(dialect)?;
    let approve = tables.approve(dialect, input.node, identity)?;
    let begin = dialect.sql("audit_begin", &[("staged", relation_sql(input.relation))])?;
    // Another audit may approve the rows before the transaction has its lock.
    let begin = match begin.0.as_str() {
        "" => String::new(),
        begin => format!("{begin}\n\n{withdrawn}\n\n"),
    };
    let end = dialect.sql("audit_end", &[])?;
    let end = if end.0.is_empty() { String::new() } else { format!("\n{end}\n") };
    let (listed, stops) = (listed.join("\n"), stops.join("\n"));
    Ok(format!("{head}\n{withdrawn}\n\n{begin}{listed}\n{stops}\n{rows}\n{approve}\n{end}"))
}

/// The statement with slots. `last` is its end.
fn changes(
    input: &AuditInput,
    target: &Relation,
    name: &str,
    last: &str,
) -> Result<String, Diagnostic> {
    let dialect = input.dialect;
    let fragments = AuditFragments {
        input,
        first: false,
        predicates: predicate_list(&input.settings.incremental_predicates),
    };
    let time = fragments.time(&input.settings.event_time)?;
    let columns = fragments.columns(true);
    let (sums, sum_names) = fragments.replaced_sums()?;
    let keys = input.settings.unique_key.iter();
    let keys: String = keys.map(|key| format!(", {}", dialect.event_time(key, false))).collect();
    let arguments = [
        ("model", dialect.string(name).value()),
        ("label", fragments.label(&time, false)?.value()),
        ("staged", Value::from_safe_string(input.relation.to_string())),
        ("target", Value::from_safe_string(target.to_string())),
        ("where", fragments.row_filter(&time, true)?.value()),
        ("columns", columns.value()),
        ("keys", Value::from_safe_string(keys.clone())),
        ("sums", sums.value()),
        ("sum_names", sum_names.value()),
        ("new", dialect.string(NEW).value()),
        ("ok", dialect.string(OK).value()),
        ("most", Value::from_safe_string(format!("{}", 1.0 + input.settings.audit.max_change))),
        ("least", Value::from_safe_string(format!("{}", 1.0 - input.settings.audit.max_change))),
        ("share", Value::from_safe_string(format!("{}", input.settings.audit.max_change))),
    ];
    let keys = if keys.is_empty() { "staged_no_keys" } else { "staged_keys" };
    let mut all = arguments.to_vec();
    all.push(("key_counts", dialect.sql(keys, &arguments)?.value()));
    all.push(("last", Value::from_safe_string(last.to_string())));
    Ok(dialect.sql("staged_changes", &all)?.0)
}
