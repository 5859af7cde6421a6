//! The query of one model: renders it, inserts filters with slots for the window, and derives its
//! columns.

use super::Context;
use super::inputs::{self, apply_filter, with_sample_window};
use super::schema_changes;
use crate::codegen;
use crate::config::{EventTime, Materialization, Node, SchemaChange};
use crate::diagnostics::Diagnostic;
use crate::dialect::{TimeType, reject_slots};
use crate::inject::{self, Access, Filter, Injection, Query, ResultColumn};
use crate::jinja::MarkKind;
use crate::render::{self, RenderContext};

/// A model's query with its filters, which contain slots for the window.
pub(super) struct FilteredQuery {
    pub text: render::RenderedModel,
    pub injected: Query,
    pub sql: String,
    /// Columns of the query that the table lacks and that the insert omits.
    pub left_out: Vec<String>,
    /// Whether it reads its own table. A `{{ this }}` in a comment does not count.
    pub reads_self: bool,
}

/// Renders the model and inserts the filters.
pub(super) fn query(
    context: &Context,
    node: &Node,
    render_context: &RenderContext,
) -> Result<FilteredQuery, Diagnostic> {
    filtered_query(context, node, render_context, false)
}

/// The query with its own table limited to rows before the window. None if the filter cannot be
/// inserted there.
pub(super) fn query_before_window(
    context: &Context,
    node: &Node,
    render_context: &RenderContext,
) -> Result<Option<FilteredQuery>, Diagnostic> {
    let query = filtered_query(context, node, render_context, true)?;
    let (read, _) = self_marks(context, &query.text);
    let limited =
        query.injected.filters.iter().filter(|filter| filter.unique_id == node.unique_id).count();
    Ok((limited > 0 && limited >= read).then_some(query))
}

/// How often the model's own table occurs in its query, and how often in a comment or a string.
fn self_marks(context: &Context, text: &render::RenderedModel) -> (usize, usize) {
    let parser = inject::parser(&context.dialect.syntax.parser);
    let marks = text.marks.iter().filter(|mark| mark.kind == MarkKind::This);
    let (hidden, read): (Vec<_>, Vec<_>) =
        marks.partition(|mark| inject::is_in_comment_or_string(&text.sql, &mark.span, &*parser));
    (read.len(), hidden.len())
}

/// `limits_self`: whether the model's own table is limited to rows before the window.
fn filtered_query(
    context: &Context,
    node: &Node,
    render_context: &RenderContext,
    limits_self: bool,
) -> Result<FilteredQuery, Diagnostic> {
    let locate =
        |error: Diagnostic| if error.at.is_none() { error.at(node.file.line(1)) } else { error };
    let text = render::model(context.jinja, context.graph, node, render_context)?;
    reject_slots(&text.sql).map_err(locate)?;
    reject_final_order(context, node, &text.sql)?;
    let event_time = |id: &str| context.graph.nodes[id].event_time.as_ref();
    let condition = |event_time: &EventTime, id: &str, kind: &TimeType| {
        let column = context.dialect.event_time(&event_time.column, event_time.quote);
        if limits_self && id == node.unique_id {
            context.dialect.before(&column, kind)
        } else {
            context.dialect.read_filter(&column, kind)
        }
    };
    let replacement = |filter: &Filter| match event_time(&filter.unique_id) {
        Some(time) => {
            let window = condition(time, &filter.unique_id, time.time_type()?)?;
            match context.staged {
                Some(models) => apply_filter(context.dialect, &window, &models.redirected(filter)?),
                None => apply_filter(context.dialect, &window, filter),
            }
        }
        None => Ok(filter.relation.clone()),
    };
    // Only the position of the filter matters for parsing, so any literal is valid for a column
    // without a declared type.
    let sample_replacement = |filter: &Filter| match event_time(&filter.unique_id) {
        Some(time) => {
            let kind = time.time_type().unwrap_or(&TimeType::Undeclared);
            let replacement = condition(time, &filter.unique_id, kind)
                .and_then(|window| apply_filter(context.dialect, &window, filter));
            replacement.map(|text| with_sample_window(&text)).unwrap_or_default()
        }
        None => filter.relation.clone(),
    };
    let columns = |id: &str| context.columns.certain(id);
    let mut inputs = inputs::query_inputs(context.graph, node, context.database);
    if context.dialect.syntax.hidden_reserved {
        inputs.iter_mut().for_each(|input| input.declared.clear());
    }
    for input in inputs.iter().filter(|input| input.filtered) {
        let Some(time) = event_time(&input.unique_id) else { continue };
        let parents = context.graph.parents.get(&node.unique_id);
        if parents.is_some_and(|parents| parents.contains(&input.unique_id)) {
            codegen::reject_unsafe_event_time(context.dialect, time)?;
        }
        // The filter must be possible before its place is known.
        let (relation, unique_id) = ("relation".to_string(), input.unique_id.clone());
        let probe = Filter { span: 0..0, relation, unique_id, alias: None, hidden: Vec::new() };
        let window = condition(time, &input.unique_id, &TimeType::Undeclared)?;
        apply_filter(context.dialect, &window, &probe).map_err(locate)?;
    }
    let mut marks = text.marks.clone();
    if limits_self {
        inputs.push(inputs::own_table(node));
        let self_marks = marks.iter_mut().filter(|mark| mark.kind == MarkKind::This);
        self_marks.for_each(|mark| mark.kind = MarkKind::Input(node.unique_id.clone()));
    }
    let parser = inject::parser(&context.dialect.syntax.parser);
    let hidden = &context.dialect.syntax.hidden_columns;
    let injection = Injection {
        sql: &text.sql,
        marks: &marks,
        inputs: &inputs,
        columns: &columns,
        within: &sample_replacement,
        hidden,
        types: node.schema_change() != SchemaChange::Ignore,
    };
    let mut injected = inject::filters(&injection, &*parser).map_err(locate)?;
    let left_out = match render_context.incremental {
        true => schema_changes::remove_missing_columns(context, node, &mut injected.columns),
        false => Vec::new(),
    };
    for id in injected.ids(|access| *access == Access::Filtered) {
        ephemeral_event_time(context, &context.graph.nodes[&id])?;
    }
    let edit = |filter: &Filter| Ok((filter.span.clone(), replacement(filter)?));
    let edits: Result<Vec<_>, Diagnostic> = injected.filters.iter().map(edit).collect();
    let sql = inject::splice(&text.sql, edits?);
    // A name that is assembled from the parts of the relation has no mark.
    let reads_self = text.reads_this && !matches!(self_marks(context, &text), (0, 1..));
    Ok(FilteredQuery { text, injected, sql, left_out, reads_self })
}

/// Rejects a query that ends with `order by`, if the engine does not allow it in a subquery.
pub(super) fn reject_final_order(
    context: &Context,
    node: &Node,
    sql: &str,
) -> Result<(), Diagnostic> {
    let syntax = &context.dialect.syntax;
    if syntax.ordered_subqueries {
        return Ok(());
    }
    inject::reject_final_order(sql, &*inject::parser(&syntax.parser))
        .map_err(|error| error.at(node.file.line(1)))
}

/// Rejects an ephemeral model whose query lacks the event-time column by which reads of it are
/// filtered.
fn ephemeral_event_time(context: &Context, node: &Node) -> Result<(), Diagnostic> {
    let Some(event_time) = node
        .event_time
        .as_ref()
        .filter(|_| matches!(node.materialization, Materialization::Ephemeral))
    else {
        return Ok(());
    };
    let Some(columns) = context.columns.projection(node) else { return Ok(()) };
    let searched = (event_time.column.as_str(), event_time.quote);
    let is_event_time = |column: &ResultColumn| {
        context.dialect.same_column((&column.name, column.quoted), searched)
    };
    if columns.iter().any(is_event_time) {
        return Ok(());
    }
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let message = format!(
        "the query of the ephemeral model `{}` has no column `{}`, its `event_time`",
        node.name, event_time.column
    );
    let error = Diagnostic::error(message)
        .at(event_time.at.clone())
        .note("models that read it by `ref()` filter by that column");
    Err(error.hint(format!("select it, or set `event_time` to one of `{}`", names.join("`, `"))))
}
