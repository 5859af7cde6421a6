//! The audit of a microbatch model: collects the query, inputs and windows for `codegen::audit`.

use super::Context;
use super::microbatch::{MicrobatchModel, batch};
use super::query::{FilteredQuery, query_before_window};
use crate::codegen;
use crate::codegen::{
    AuditFile, AuditInput, BackfillIdentity, QueryReuse, RowContent, StagedTables,
};
use crate::config::{EventTime, Materialization, Node, OutsideWindow};
use crate::diagnostics::Diagnostic;
use crate::dialect::BatchTemplate;
use crate::inject::ResultColumn;
use crate::jinja::Relation;
use crate::render::RenderContext;
use crate::window::Span;

/// The audit of the model.
pub(super) fn audit(
    model: &MicrobatchModel,
    mode: OutsideWindow,
) -> Result<Option<AuditFile>, Diagnostic> {
    audited(model, mode, &model.node.relation, codegen::audit)
}

/// The audit of the staged rows: `97_audit.sql`.
pub(super) fn staged_audit(
    model: &MicrobatchModel,
    mode: OutsideWindow,
    tables: &StagedTables,
    identity: &BackfillIdentity,
) -> Result<String, Diagnostic> {
    audited(model, mode, &tables.staged, |input| {
        codegen::audit_of_staged_rows(input, tables, identity)
    })
}

/// Calls `then` with the input of the audit.
fn audited<T>(
    model: &MicrobatchModel,
    mode: OutsideWindow,
    relation: &Relation,
    then: impl FnOnce(&AuditInput) -> Result<T, Diagnostic>,
) -> Result<T, Diagnostic> {
    let MicrobatchModel { context, node, settings, query, cover, begin, .. } = model;
    let reads_self = query.reads_self;
    // A query that reads its own table is evaluated against the rows before each batch, as when its
    // batches ran in order.
    let limited = if reads_self {
        query_before_window(context, node, &audit_render_context(model, None))?
    } else {
        None
    };
    let batch_texts = if query.text.reads_batch { batch_texts(model)? } else { Some(Vec::new()) };
    let reuse = match (&limited, &batch_texts) {
        (None, _) | (_, None) if reads_self => QueryReuse::Unknown(
            "the query reads its own table where it cannot be limited to the rows before a batch",
        ),
        (_, Some(batch_texts)) if query.text.reads_batch => QueryReuse::Texts(batch_texts),
        _ => QueryReuse::Stamped,
    };
    let (columns, is_complete) = columns(model);
    // A row as one value cannot omit a column, and its columns cannot be named in a predicate.
    let by_row = context.dialect.syntax.row_as_value
        && settings.incremental_predicates.is_empty()
        && settings.audit.ignore.is_empty();
    let by_value = by_row && has_ungrouped_type(context, node);
    let content = match (&columns, is_complete) {
        _ if by_value => RowContent::Row,
        (Some(columns), true) => RowContent::Columns(columns),
        _ if by_row => RowContent::Row,
        (Some(columns), false) => RowContent::Declared(columns),
        (None, _) => RowContent::Counts,
    };
    then(&AuditInput {
        dialect: context.dialect,
        node,
        relation,
        settings,
        query: limited.as_ref().map_or(&query.sql, |limited| &limited.sql),
        filtered: !query.injected.filters.is_empty(),
        reuse,
        reads_self,
        content,
        mode,
        inputs: &inputs(model),
        cover,
        begin,
        folder: &context.folders[&node.unique_id],
    })
}

/// Whether a column of the table has a type whose values the engine cannot compare.
fn has_ungrouped_type(context: &Context, node: &Node) -> bool {
    let catalogued = context.columns.catalogued(node).unwrap_or_default();
    let mut types = catalogued
        .iter()
        .map(|column| &column.data_type)
        .chain(node.columns.iter().map(|column| &column.data_type))
        .flatten();
    let ungrouped = &context.dialect.types.ungrouped_types;
    types.any(|data_type| ungrouped.contains(&data_type.trim().to_lowercase()))
}

/// The known columns of the table, and whether the list is complete. Complete: from the query or
/// the catalog. Otherwise: from the query over the declared columns of its inputs, or declared for
/// the model.
pub(super) fn columns(model: &MicrobatchModel) -> (Option<Vec<ResultColumn>>, bool) {
    let MicrobatchModel { context, node, query, .. } = model;
    let from_query = query.injected.columns.clone().or_else(|| context.columns.catalogued(node));
    match from_query {
        Some(columns) => (Some(columns), true),
        None => (context.columns.declared(node), false),
    }
}

/// The render context for evaluating the query of a batch again: `this` is the table of the model,
/// which exists.
fn audit_render_context(model: &MicrobatchModel, span: Option<&Span>) -> RenderContext {
    let render_context = &model.render_context;
    RenderContext {
        batch: span.map(batch).or_else(|| render_context.batch.clone()),
        incremental: model.query.reads_self || render_context.incremental,
        this: model.node.relation.clone(),
    }
}

/// The query of each batch, if the query reads properties of its batch. None if its own table
/// cannot be limited.
fn batch_texts(model: &MicrobatchModel) -> Result<Option<Vec<String>>, Diagnostic> {
    let MicrobatchModel { context, node, settings, query, cover, .. } = model;
    let text = |span: Span| {
        let filtered: Option<FilteredQuery> = match query.reads_self {
            true => query_before_window(context, node, &audit_render_context(model, Some(&span)))?,
            false => Some(model.query_of(&span)?),
        };
        let fill = |query: FilteredQuery| {
            BatchTemplate::new(&query.sql, settings.timezone).fill(&span.window, &span.label)
        };
        Ok(filtered.map(fill))
    };
    cover.spans().map(text).collect()
}

/// The filtered relations. An ephemeral model is not a relation.
fn inputs(model: &MicrobatchModel) -> Vec<(String, EventTime)> {
    let graph = model.context.graph;
    let filtered = model.entries.iter().filter(|entry| entry.filtered);
    let nodes = filtered.filter_map(|entry| Some((entry, graph.nodes.get(&entry.unique_id)?)));
    let relations =
        nodes.filter(|(_, input)| !matches!(input.materialization, Materialization::Ephemeral));
    relations
        .filter_map(|(entry, input)| Some((entry.relation.clone(), input.event_time.clone()?)))
        .collect()
}
