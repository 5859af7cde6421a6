//! The query of one model: rendered, its filters put in with slots for the window, its columns known as far as they can be.

use super::Context;
use super::inputs::{self, sample, within};
use crate::config::{Materialization, Node};
use crate::diagnostics::Diagnostic;
use crate::dialect::{TimeType, refuse_slots};
use crate::inject::{self, Access, Filter, Injection, Query};
use crate::render::{self, Moment};

/// A model's query with its filters, slots for the window in them.
pub(super) struct Filtered {
    pub text: render::Text,
    pub injected: Query,
    pub sql: String,
}

/// Renders the model and puts the filters in.
pub(super) fn query(context: &Context, node: &Node, moment: &Moment) -> Result<Filtered, Diagnostic> {
    let place = |wrong: Diagnostic| if wrong.at.is_none() { wrong.at(node.file.line(1)) } else { wrong };
    let text = render::model(context.jinja, context.graph, node, moment)?;
    refuse_slots(&text.sql).map_err(place)?;
    let filtered = |filter: &Filter| match &context.graph.nodes[&filter.unique_id].event_time {
        Some(event_time) => within(context.dialect, event_time, event_time.time_type()?, filter),
        None => Ok(filter.relation.clone()),
    };
    // Only where the filter stands matters for parsing, so that any literal serves for a column whose literal is not known.
    let parsable = |filter: &Filter| match &context.graph.nodes[&filter.unique_id].event_time {
        Some(event_time) => {
            let kind = event_time.time_type().unwrap_or(&TimeType::Undeclared);
            within(context.dialect, event_time, kind, filter).map(|text| sample(&text)).unwrap_or_default()
        }
        None => filter.relation.clone(),
    };
    let known = |id: &str| context.columns.sure(id);
    let mut inputs = inputs::of(context.graph, node, context.database);
    if context.dialect.fact("hidden_reserved")? {
        inputs.iter_mut().for_each(|input| input.declared.clear());
    }
    for input in inputs.iter().filter(|input| input.filtered) {
        let Some(event_time) = &context.graph.nodes[&input.unique_id].event_time else { continue };
        let (relation, unique_id) = ("relation".to_string(), input.unique_id.clone());
        let any = Filter { span: 0..0, relation, unique_id, alias: None, hidden: Vec::new() };
        within(context.dialect, event_time, &TimeType::Undeclared, &any).map_err(place)?;
    }
    let parser = inject::parser(&context.dialect.fact::<String>("parser")?);
    let hidden: Vec<String> = context.dialect.fact("hidden_columns")?;
    let (sql, marks) = (&text.sql, &text.marks);
    let injection = Injection { sql, marks, inputs: &inputs, columns: &known, within: &parsable, hidden: &hidden };
    let injected = inject::filters(&injection, &*parser).map_err(place)?;
    for id in injected.ids(|access| *access == Access::Filtered) {
        ephemeral_event_time(context, &context.graph.nodes[&id])?;
    }
    let edit = |filter: &Filter| Ok((filter.span.clone(), filtered(filter)?));
    let edits: Result<Vec<_>, Diagnostic> = injected.filters.iter().map(edit).collect();
    let sql = inject::splice(&text.sql, edits?);
    Ok(Filtered { text, injected, sql })
}

/// Refuses an ephemeral model whose query does not give the column that its readers filter it by.
fn ephemeral_event_time(context: &Context, node: &Node) -> Result<(), Diagnostic> {
    let Some(event_time) = node.event_time.as_ref().filter(|_| matches!(node.materialization, Materialization::Ephemeral)) else {
        return Ok(());
    };
    let Some(columns) = context.columns.projection(node) else { return Ok(()) };
    for column in &columns {
        if context.dialect.same_column((&column.name, column.quoted), (&event_time.column, event_time.quote))? {
            return Ok(());
        }
    }
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let message = format!("the query of the ephemeral model `{}` has no column `{}`, its `event_time`", node.name, event_time.column);
    let error = Diagnostic::error(message).at(event_time.at.clone()).fact("a `ref()` to it is filtered by that column");
    Err(error.hint(format!("select it, or make one of `{}` its `event_time`", names.join("`, `"))))
}
