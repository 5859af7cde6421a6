//! The audit of a microbatch model: collects the query, inputs and windows for `codegen::audit`.

use super::Context;
use super::batches::batch;
use super::query::{FilteredQuery, query, query_before_window};
use super::steps::MicrobatchModel;
use crate::codegen;
use crate::codegen::{AuditFile, AuditInput, QueryReuse, RowContent, StagedTables};
use crate::config::{EventTime, Materialization};
use crate::diagnostics::Diagnostic;
use crate::dialect::BatchTemplate;
use crate::inject::ResultColumn;
use crate::jinja::Relation;
use crate::render::RenderContext;
use crate::window::{Cover, Span};

/// The audit of the model. `begin` is its first window ever.
pub(super) fn audit(
    steps: &MicrobatchModel,
    cover: &Cover,
    begin: &Span,
) -> Result<Option<AuditFile>, Diagnostic> {
    audited(steps, cover, begin, &steps.node.relation, codegen::audit)
}

/// The audit of the staged rows: `97_audit.sql`.
pub(super) fn staged_audit(
    steps: &MicrobatchModel,
    cover: &Cover,
    begin: &Span,
    tables: &StagedTables,
) -> Result<String, Diagnostic> {
    audited(steps, cover, begin, &tables.staged, |audited| {
        codegen::audit_of_staged_rows(audited, &tables.target)
    })
}

/// Calls `then` with what is audited.
fn audited<T>(
    steps: &MicrobatchModel,
    cover: &Cover,
    begin: &Span,
    relation: &Relation,
    then: impl FnOnce(&AuditInput) -> Result<T, Diagnostic>,
) -> Result<T, Diagnostic> {
    let (context, node) = (steps.context, steps.node);
    let reads_self = steps.query.reads_self;
    // A query that reads its own table is evaluated against the rows before each batch, as when its
    // batches ran in order.
    let limited = if reads_self {
        query_before_window(context, node, &audit_render_context(steps, None))?
    } else {
        None
    };
    let batch_texts =
        if steps.query.text.reads_batch { batch_texts(steps, cover)? } else { Some(Vec::new()) };
    let reuse = match (&limited, &batch_texts) {
        (None, _) | (_, None) if reads_self => QueryReuse::Unknown(
            "the query reads its own table where it cannot be limited to the rows before a batch",
        ),
        (_, Some(batch_texts)) if steps.query.text.reads_batch => QueryReuse::Texts(batch_texts),
        _ => QueryReuse::Stamped,
    };
    let (columns, is_complete) = columns(steps);
    // A row as one value cannot omit a column, and its columns cannot be named in a predicate.
    let by_row = context.dialect.syntax.row_as_value
        && steps.settings.incremental_predicates.is_empty()
        && steps.settings.audit.ignore.is_empty();
    let content = match (&columns, is_complete) {
        (Some(columns), true) => RowContent::Columns(columns),
        _ if by_row => RowContent::Row,
        (Some(columns), false) => RowContent::Declared(columns),
        (None, _) => RowContent::Counts,
    };
    then(&AuditInput {
        dialect: context.dialect,
        node,
        relation,
        settings: steps.settings,
        query: limited.as_ref().map_or(&steps.query.sql, |limited| &limited.sql),
        filtered: !steps.query.injected.filters.is_empty(),
        reuse,
        reads_self,
        content,
        mode: steps.mode,
        inputs: &inputs(context, steps),
        cover,
        begin,
        folder: &context.folders[&node.unique_id],
    })
}

/// The known columns of the table, and whether the list is complete. Complete: from the query or
/// the catalog. Otherwise: from the query over the declared columns of its inputs, or declared for
/// the model.
pub(super) fn columns(steps: &MicrobatchModel) -> (Option<Vec<ResultColumn>>, bool) {
    let (context, node) = (steps.context, steps.node);
    let from_query =
        steps.query.injected.columns.clone().or_else(|| context.columns.catalogued(node));
    match from_query {
        Some(columns) => (Some(columns), true),
        None => (context.columns.declared(node), false),
    }
}

/// The render context for evaluating the query of a batch again: `this` is the table of the model,
/// which exists.
fn audit_render_context(steps: &MicrobatchModel, span: Option<&Span>) -> RenderContext {
    let this = steps.node.relation.clone();
    RenderContext {
        batch: span.map(batch).or_else(|| steps.render_context.batch.clone()),
        incremental: steps.query.reads_self || steps.render_context.incremental,
        this,
    }
}

/// The query of each batch, if the query reads properties of its batch. None if its own table
/// cannot be limited.
fn batch_texts(steps: &MicrobatchModel, cover: &Cover) -> Result<Option<Vec<String>>, Diagnostic> {
    let text = |span: Span| {
        let filtered: Option<FilteredQuery> = match steps.query.reads_self {
            true => query_before_window(
                steps.context,
                steps.node,
                &audit_render_context(steps, Some(&span)),
            )?,
            false => Some(query(
                steps.context,
                steps.node,
                &RenderContext { batch: Some(batch(&span)), ..steps.render_context.clone() },
            )?),
        };
        let fill = |query: FilteredQuery| {
            BatchTemplate::new(&query.sql, steps.settings.timezone).fill(&span.window, &span.label)
        };
        Ok(filtered.map(fill))
    };
    cover.spans().map(text).collect()
}

/// The filtered relations. An ephemeral model is not a relation.
fn inputs(context: &Context, steps: &MicrobatchModel) -> Vec<(String, EventTime)> {
    let filtered = steps.entries.iter().filter(|entry| entry.filtered);
    let nodes =
        filtered.filter_map(|entry| Some((entry, context.graph.nodes.get(&entry.unique_id)?)));
    let relations =
        nodes.filter(|(_, input)| !matches!(input.materialization, Materialization::Ephemeral));
    relations
        .filter_map(|(entry, input)| Some((entry.relation.clone(), input.event_time.clone()?)))
        .collect()
}
