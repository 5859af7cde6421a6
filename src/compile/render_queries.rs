//! Renders the queries of the selected models as dbt compiles them, for `batchwright render`.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::dedup::DedupedDiagnostics;
use super::{Context, microbatch, open};
use crate::config::{Kind, Materialization, Node};
use crate::diagnostics::{Diagnostic, Diagnostics, Level, par_map};
use crate::graph::{Graph, Selection};
use crate::jinja::Lookup;
use crate::limits;
use crate::project::LoadOptions;
use crate::render::{self, RenderContext};

/// The arguments of `batchwright render`.
pub struct RenderRequest {
    pub open: LoadOptions,
    pub selection: Selection,
    /// The label of the batch whose filters the queries get. Without it they have no filters.
    pub batch: Option<String>,
}

/// The rendered queries, and the errors of models that cannot be rendered.
#[derive(Default)]
pub struct RenderedQueries {
    pub rendered: Vec<(Node, String)>,
    pub errors: Vec<Diagnostic>,
    /// About the selection.
    pub warnings: Vec<Diagnostic>,
}

/// Renders the queries of the selected models. Continues after a broken model.
pub fn render_queries(request: &RenderRequest) -> Result<RenderedQueries, Diagnostics> {
    let loaded = open(&request.open)?;
    let broken = &loaded.broken;
    let names: BTreeSet<String> = broken.iter().map(|node| node.name.clone()).collect();
    let mut rendered_queries = RenderedQueries::default();
    let mut errors = DedupedDiagnostics::default();
    broken.iter().for_each(|node| errors.extend(Some(&node.name), node.errors.0.iter().cloned()));
    let models = match loaded.select(&request.selection) {
        Err(errors) if !broken.is_empty() => {
            return Ok(RenderedQueries { errors: errors.0, ..rendered_queries });
        }
        selected => {
            let (models, warnings) = selected?;
            rendered_queries.warnings = warnings;
            models
        }
    };
    let folders = super::folders::assign(&models);
    let context = loaded.context(&folders);
    let blocked = blocked_nodes(&loaded.graph, &names);
    let mut skipped: Vec<&str> = Vec::new();
    let models: Vec<&Node> = models
        .into_iter()
        .filter(|node| node.kind == Kind::Model && !node.path.ends_with(".py"))
        .collect();
    let results = par_map(&models, |node| {
        let query = || match (&request.batch, node.microbatch()) {
            (Some(label), Some(settings)) => {
                microbatch::render_batch(&context, node, settings, label)
            }
            _ => render_unfiltered(&context, context.graph, node).map_err(Diagnostics::from),
        };
        (!blocked.contains(&node.unique_id)).then(|| limits::guarded(&node.file, query))
    });
    for (node, query) in models.into_iter().zip(results) {
        let Some(query) = query else {
            skipped.push(&node.name);
            continue;
        };
        match query {
            Ok(sql) => rendered_queries.rendered.push((node.clone(), sql)),
            Err(more) => errors.extend(Some(&node.name), more.0),
        }
    }
    rendered_queries.errors = errors.finish();
    if !skipped.is_empty() {
        let message = match skipped.as_slice() {
            [one] => format!("`{one}` is skipped because it reads a broken model"),
            several => {
                format!("{} models are skipped because they read broken models", several.len())
            }
        };
        let names = skipped.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let note = Diagnostic::new(Level::Note, message);
        rendered_queries.errors.push(if skipped.len() > 1 { note.note(names) } else { note });
    }
    Ok(rendered_queries)
}

/// The nodes whose queries reference a broken model, whose relation is unknown. An ephemeral node
/// also blocks the nodes that read it.
fn blocked_nodes(graph: &Arc<Graph>, broken: &BTreeSet<String>) -> BTreeSet<String> {
    let mut blocked = BTreeSet::new();
    for id in graph.order.iter().filter(|_| !broken.is_empty()) {
        let node = &graph.nodes[id];
        let lookup = graph.seen_from(&node.package);
        let refers = node.refs.iter().any(|call| {
            broken.contains(&call.name)
                && lookup
                    .reference(call.package.as_deref(), &call.name, call.version.as_deref())
                    .is_err()
        });
        let through = |id: &String| {
            blocked.contains(id)
                && matches!(graph.nodes[id].materialization, Materialization::Ephemeral)
        };
        if refers || graph.parents[id].iter().any(through) {
            blocked.insert(id.clone());
        }
    }
    blocked
}

fn render_unfiltered(
    context: &Context,
    graph: &Arc<Graph>,
    node: &Node,
) -> Result<String, Diagnostic> {
    let render_context =
        RenderContext { batch: None, incremental: false, this: node.relation.clone() };
    Ok(render::model(context.jinja, graph, node, &render_context)?.sql)
}
