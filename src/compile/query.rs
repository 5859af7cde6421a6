//! The query of one model: rendered, its filters put in with slots for the window, its columns known as far as they can be.

use super::Context;
use super::inputs::{self, sample, within};
use crate::config::Node;
use crate::diagnostics::Diagnostic;
use crate::dialect::{TimeType, refuse_slots};
use crate::inject::{self, Query};
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
    let filtered = |relation: &str, id: &str, alias: Option<&str>| match &context.graph.nodes[id].event_time {
        Some(event_time) => within(context.dialect, event_time, event_time.time_type()?, relation, alias, &text.sql),
        None => Ok(relation.to_string()),
    };
    // Only where the filter stands matters for parsing, so that any literal serves for a column whose literal is not known.
    let parsable = |relation: &str, id: &str, alias: Option<&str>| match &context.graph.nodes[id].event_time {
        Some(event_time) => {
            let kind = event_time.time_type().unwrap_or(&TimeType::Undeclared);
            within(context.dialect, event_time, kind, relation, alias, &text.sql).map(|text| sample(&text)).unwrap_or_default()
        }
        None => relation.to_string(),
    };
    let known = |id: &str| context.columns.sure(id);
    let inputs = inputs::of(context.graph, node, context.database);
    for event_time in inputs.iter().filter_map(|input| context.graph.nodes[&input.unique_id].event_time.as_ref()) {
        within(context.dialect, event_time, &TimeType::Undeclared, "relation", None, &text.sql).map_err(place)?;
    }
    let parser = inject::parser(&context.dialect.fact::<String>("parser")?);
    let injected = inject::filters(&text.sql, &text.marks, &inputs, &*parser, &known, &parsable).map_err(place)?;
    let edit = |filter: &inject::Filter| Ok((filter.span.clone(), filtered(&filter.relation, &filter.unique_id, filter.alias.as_deref())?));
    let edits: Result<Vec<_>, Diagnostic> = injected.filters.iter().map(edit).collect();
    let sql = inject::splice(&text.sql, edits?);
    Ok(Filtered { text, injected, sql })
}
