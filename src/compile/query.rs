//! The query of one model: rendered, its filters put in with slots for the window, its columns
//! known as far as they can be.

use super::Context;
use super::inputs::{self, sample, within};
use super::schema_changes;
use crate::codegen;
use crate::config::{EventTime, Materialization, Node, SchemaChange};
use crate::diagnostics::Diagnostic;
use crate::dialect::{TimeType, reject_slots};
use crate::inject::{self, Access, Filter, Injection, Query};
use crate::jinja::MarkKind;
use crate::render::{self, RenderContext};

/// A model's query with its filters, slots for the window in them.
pub(super) struct Filtered {
    pub text: render::RenderedModel,
    pub injected: Query,
    pub sql: String,
    /// Columns of the query that the table lacks and that the insert leaves out.
    pub left_out: Vec<String>,
    /// Whether it reads its own table: a `{{ this }}` in a comment reads nothing.
    pub reads_own: bool,
}

/// Renders the model and puts the filters in.
pub(super) fn query(
    context: &Context,
    node: &Node,
    moment: &RenderContext,
) -> Result<Filtered, Diagnostic> {
    filtered(context, node, moment, false)
}

/// The query in which the model's own table has only what is before the window; none where its
/// place takes no filter.
pub(super) fn own_table_before(
    context: &Context,
    node: &Node,
    moment: &RenderContext,
) -> Result<Option<Filtered>, Diagnostic> {
    let own = filtered(context, node, moment, true)?;
    let (read, _) = own_marks(context, &own.text)?;
    let cut =
        own.injected.filters.iter().filter(|filter| filter.unique_id == node.unique_id).count();
    Ok((cut > 0 && cut >= read).then_some(own))
}

/// How often the model's own table is written in its query, and how often in a comment or a string.
fn own_marks(
    context: &Context,
    text: &render::RenderedModel,
) -> Result<(usize, usize), Diagnostic> {
    let parser = inject::parser(&context.dialect.property::<String>("parser")?);
    let marks = text.marks.iter().filter(|mark| mark.kind == MarkKind::This);
    let (hidden, read): (Vec<_>, Vec<_>) =
        marks.partition(|mark| inject::is_in_comment_or_string(&text.sql, &mark.span, &*parser));
    Ok((read.len(), hidden.len()))
}

/// `cuts_own`: whether the model's own table is cut to what is before the window.
fn filtered(
    context: &Context,
    node: &Node,
    moment: &RenderContext,
    cuts_own: bool,
) -> Result<Filtered, Diagnostic> {
    let place =
        |error: Diagnostic| if error.at.is_none() { error.at(node.file.line(1)) } else { error };
    let text = render::model(context.jinja, context.graph, node, moment)?;
    reject_slots(&text.sql).map_err(place)?;
    let event_time = |id: &str| context.graph.nodes[id].event_time.as_ref();
    let condition = |event_time: &EventTime, id: &str, kind: &TimeType| {
        let column = context.dialect.event_time(&event_time.column, event_time.quote)?;
        if cuts_own && id == node.unique_id {
            context.dialect.before(&column, kind)
        } else {
            context.dialect.read_filter(&column, kind)
        }
    };
    let cut = |filter: &Filter| match event_time(&filter.unique_id) {
        Some(time) => {
            let window = condition(time, &filter.unique_id, time.time_type()?)?;
            match context.staged {
                Some(models) => within(context.dialect, &window, &models.redirected(filter)?),
                None => within(context.dialect, &window, filter),
            }
        }
        None => Ok(filter.relation.clone()),
    };
    // Only where the filter stands matters for parsing, so that any literal serves for a column
    // whose literal is not known.
    let parsable = |filter: &Filter| match event_time(&filter.unique_id) {
        Some(time) => {
            let window = condition(
                time,
                &filter.unique_id,
                time.time_type().unwrap_or(&TimeType::Undeclared),
            );
            let cut = window.and_then(|window| within(context.dialect, &window, filter));
            cut.map(|text| sample(&text)).unwrap_or_default()
        }
        None => filter.relation.clone(),
    };
    let known = |id: &str| context.columns.sure(id);
    let mut inputs = inputs::of(context.graph, node, context.database);
    if context.dialect.property("hidden_reserved")? {
        inputs.iter_mut().for_each(|input| input.declared.clear());
    }
    for input in inputs.iter().filter(|input| input.filtered) {
        let Some(time) = event_time(&input.unique_id) else { continue };
        if context
            .graph
            .parents
            .get(&node.unique_id)
            .is_some_and(|parents| parents.contains(&input.unique_id))
        {
            codegen::refuse_event_time(context.dialect, time)?;
        }
        let (relation, unique_id) = ("relation".to_string(), input.unique_id.clone());
        let any = Filter { span: 0..0, relation, unique_id, alias: None, hidden: Vec::new() };
        within(context.dialect, &condition(time, &input.unique_id, &TimeType::Undeclared)?, &any)
            .map_err(place)?;
    }
    let mut marks = text.marks.clone();
    if cuts_own {
        inputs.push(inputs::own_table(node));
        let own = marks.iter_mut().filter(|mark| mark.kind == MarkKind::This);
        own.for_each(|mark| mark.kind = MarkKind::Input(node.unique_id.clone()));
    }
    let parser = inject::parser(&context.dialect.property::<String>("parser")?);
    let hidden: Vec<String> = context.dialect.property("hidden_columns")?;
    let injection = Injection {
        sql: &text.sql,
        marks: &marks,
        inputs: &inputs,
        columns: &known,
        within: &parsable,
        hidden: &hidden,
        types: node.schema_change() != SchemaChange::Ignore,
    };
    let mut injected = inject::filters(&injection, &*parser).map_err(place)?;
    let left_out = match moment.incremental {
        true => schema_changes::leave_out(context, node, &mut injected.columns)?,
        false => Vec::new(),
    };
    for id in injected.ids(|access| *access == Access::Filtered) {
        ephemeral_event_time(context, &context.graph.nodes[&id])?;
    }
    let edit = |filter: &Filter| Ok((filter.span.clone(), cut(filter)?));
    let edits: Result<Vec<_>, Diagnostic> = injected.filters.iter().map(edit).collect();
    let sql = inject::splice(&text.sql, edits?);
    // A name that is put together from the relation's parts has no mark.
    let reads_own = text.reads_this && !matches!(own_marks(context, &text)?, (0, 1..));
    Ok(Filtered { text, injected, sql, left_out, reads_own })
}

/// Refuses an ephemeral model whose query does not give the column that its readers filter it by.
fn ephemeral_event_time(context: &Context, node: &Node) -> Result<(), Diagnostic> {
    let Some(event_time) = node
        .event_time
        .as_ref()
        .filter(|_| matches!(node.materialization, Materialization::Ephemeral))
    else {
        return Ok(());
    };
    let Some(columns) = context.columns.projection(node) else { return Ok(()) };
    for column in &columns {
        if context
            .dialect
            .same_column((&column.name, column.quoted), (&event_time.column, event_time.quote))?
        {
            return Ok(());
        }
    }
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let message = format!(
        "the query of the ephemeral model `{}` has no column `{}`, its `event_time`",
        node.name, event_time.column
    );
    let error = Diagnostic::error(message)
        .at(event_time.at.clone())
        .fact("a `ref()` to it is filtered by that column");
    Err(error.hint(format!("select it, or make one of `{}` its `event_time`", names.join("`, `"))))
}
