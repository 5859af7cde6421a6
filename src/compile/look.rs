//! Looking without writing: the selected models, their windows, and their queries as dbt compiles
//! them.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::causes::Causes;
use super::{Context, LoadedProject, Request, batches, builds, open, refresh, selected};
use crate::config::{Kind, Materialization, Node};
use crate::diagnostics::{Diagnostic, Diagnostics, par_map};
use crate::graph::{Graph, Selection};
use crate::jinja::Lookup;
use crate::limits;
use crate::project::LoadOptions;
use crate::render::{self, RenderContext};
use crate::window::{self, Span};

/// One selected model.
pub struct ListedModel {
    pub unique_id: String,
    pub name: String,
    pub version: Option<String>,
    pub path: String,
    pub relation: String,
    pub materialized: String,
    /// The windows of a microbatch model, if they were asked for.
    pub batches: Option<Vec<Span>>,
}

/// The selected models, inputs before their readers, with their windows if `with_batches`.
pub fn list(
    request: &Request,
    with_batches: bool,
) -> Result<(Vec<ListedModel>, Vec<Diagnostic>), Diagnostics> {
    let LoadedProject { project, graph, broken, diagnostics, .. } = open(&request.open)?;
    let mut causes = Causes::default();
    causes.extend(None, diagnostics);
    super::not_planned(&mut causes, &broken);
    let (models, warnings) = selected(&graph, &project, &request.selection)?;
    causes.extend(None, warnings);
    let mut errors = Causes::default();
    let mut listed = Vec::new();
    for node in models {
        let batches = match node.microbatch() {
            Some(settings) if with_batches => {
                let calendar =
                    batches::calendar(node, settings, refresh::rebuilds(settings, request));
                match window::cover(&calendar, &request.windows) {
                    Ok(cover) => {
                        let batches = cover.spans().collect();
                        causes.extend(Some(&node.name), cover.notes);
                        Some(batches)
                    }
                    Err(more) => {
                        errors.extend(Some(&node.name), more.0);
                        None
                    }
                }
            }
            _ => None,
        };
        listed.push(ListedModel {
            unique_id: node.unique_id.clone(),
            name: node.name.clone(),
            version: node.version.clone(),
            path: node.file.path.to_string(),
            relation: node.relation.to_string(),
            materialized: builds::word(&node.materialization).to_string(),
            batches,
        });
    }
    if errors.is_empty() {
        Ok((listed, causes.finish()))
    } else {
        Err(Diagnostics(errors.finish()))
    }
}

/// Which queries are wanted.
pub struct Asked {
    pub open: LoadOptions,
    pub selection: Selection,
    /// The label of the batch whose filters the queries get; without one they have none.
    pub batch: Option<String>,
}

/// The models' queries, and the errors of those that have none.
#[derive(Default)]
pub struct RenderedQueries {
    pub rendered: Vec<(Node, String)>,
    pub errors: Vec<Diagnostic>,
    /// About the selection.
    pub warnings: Vec<Diagnostic>,
}

/// The selected models' queries. A broken model does not keep the others from being rendered.
pub fn queries(asked: &Asked) -> Result<RenderedQueries, Diagnostics> {
    let LoadedProject { project, graph, dialect, columns, broken, .. } = open(&asked.open)?;
    let names: BTreeSet<String> = broken.iter().map(|node| node.name.clone()).collect();
    let mut queries = RenderedQueries::default();
    let mut errors = Causes::default();
    broken.iter().for_each(|node| errors.extend(Some(&node.name), node.errors.0.iter().cloned()));
    // A selected model that is broken is no model that is missing.
    let models = match selected(&graph, &project, &asked.selection) {
        Err(_) if !errors.is_empty() => {
            return Ok(RenderedQueries { errors: errors.finish(), ..queries });
        }
        selected => {
            let (models, warnings) = selected?;
            queries.warnings = warnings;
            models
        }
    };
    let folders = super::folders::of(&models);
    let context = Context::new(&project, &graph, &dialect, &columns, &folders);
    let stopped = readers(&graph, &names);
    let mut left_out: Vec<&str> = Vec::new();
    let models: Vec<&Node> = models
        .into_iter()
        .filter(|node| node.kind == Kind::Model && !node.path.ends_with(".py"))
        .collect();
    let rendered = par_map(&models, |node| {
        let query = || match (&asked.batch, node.microbatch()) {
            (Some(label), Some(settings)) => batches::one(&context, node, settings, label),
            _ => plain(&context, context.graph, node).map_err(Diagnostics::from),
        };
        (!stopped.contains(&node.unique_id)).then(|| limits::guarded(&node.file, query))
    });
    for (node, query) in models.into_iter().zip(rendered) {
        let Some(query) = query else {
            left_out.push(&node.name);
            continue;
        };
        match query {
            Ok(sql) => queries.rendered.push((node.clone(), sql)),
            Err(more) => errors.extend(Some(&node.name), more.0),
        }
    }
    queries.errors = errors.finish();
    if !left_out.is_empty() {
        let message = match left_out.as_slice() {
            [one] => format!("`{one}` is left out, because it reads a broken model"),
            several => {
                format!("{} models are left out, because they read broken ones", several.len())
            }
        };
        let names = left_out.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let note = Diagnostic::note(message);
        queries.errors.push(if left_out.len() > 1 { note.fact(names) } else { note });
    }
    Ok(queries)
}

/// The nodes whose queries need one of the broken ones: its relation is not known. An ephemeral
/// reader stops its own readers too.
fn readers(graph: &Arc<Graph>, broken: &BTreeSet<String>) -> BTreeSet<String> {
    let mut stopped = BTreeSet::new();
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
            stopped.contains(id)
                && matches!(graph.nodes[id].materialization, Materialization::Ephemeral)
        };
        if refers || graph.parents[id].iter().any(through) {
            stopped.insert(id.clone());
        }
    }
    stopped
}

fn plain(context: &Context, graph: &Arc<Graph>, node: &Node) -> Result<String, Diagnostic> {
    let moment = RenderContext { batch: None, incremental: false, this: node.relation.clone() };
    Ok(render::model(context.jinja, graph, node, &moment)?.sql)
}
