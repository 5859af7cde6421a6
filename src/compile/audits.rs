//! The audit of a microbatch model: what the comparison needs to know of its query, its inputs and its windows.

use super::Context;
use super::batches::batch;
use super::query::query;
use super::steps::Files;
use crate::config::{EventTime, Materialization};
use crate::diagnostics::Diagnostic;
use crate::dialect::Stamp;
use crate::inject::ResultColumn;
use crate::plan::{self, Audit, Audited, Own};
use crate::render::Moment;
use crate::window::{Cover, Span};

/// The audit of the model whose steps these are. `begin` is its first window ever.
pub(super) fn audit(steps: &Files, cover: &Cover, begin: &Span) -> Result<Option<Audit>, Diagnostic> {
    let (context, node) = (steps.context, steps.node);
    let texts = if steps.query.text.reads_batch && !steps.query.text.reads_this { texts(steps, cover)? } else { Vec::new() };
    let own = match (steps.query.text.reads_this, steps.query.text.reads_batch) {
        (true, _) => Own::Unknown,
        (false, true) => Own::Texts(&texts),
        (false, false) => Own::Stamped,
    };
    let columns: Option<Vec<ResultColumn>> = steps.query.injected.columns.clone();
    plan::audit(&Audited {
        dialect: context.dialect,
        node,
        settings: steps.settings,
        query: &steps.query.sql,
        filtered: !steps.query.injected.filters.is_empty(),
        own,
        columns: columns.as_deref(),
        mode: steps.mode,
        inputs: &inputs(context, steps),
        cover,
        begin,
        folder: &context.folders[&node.unique_id],
    })
}

/// The query of each batch, where it looks at its batch.
fn texts(steps: &Files, cover: &Cover) -> Result<Vec<String>, Diagnostic> {
    let text = |span: Span| {
        let own = query(steps.context, steps.node, &Moment { batch: Some(batch(&span)), ..steps.moment.clone() })?;
        Ok(Stamp::new(&own.sql, steps.settings.timezone).fill(&span.window, &span.label))
    };
    cover.spans().map(text).collect()
}

/// The relations that are cut to the window; an ephemeral model is none.
fn inputs(context: &Context, steps: &Files) -> Vec<(String, EventTime)> {
    let filtered = steps.entries.iter().filter(|entry| entry.filtered);
    let nodes = filtered.filter_map(|entry| Some((entry, context.graph.nodes.get(&entry.unique_id)?)));
    let relations = nodes.filter(|(_, input)| !matches!(input.materialization, Materialization::Ephemeral));
    relations.filter_map(|(entry, input)| Some((entry.relation.clone(), input.event_time.clone()?))).collect()
}
