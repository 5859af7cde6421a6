//! Looking without writing: the selected models, their windows, and their queries as dbt compiles them.

use std::sync::Arc;

use super::{Linked, Request, Shop, batches, builds, open, refresh, selected};
use crate::config::{Materialization, Node};
use crate::diagnostics::{Diagnostic, Diagnostics, collect};
use crate::graph::{Graph, Selection};
use crate::project::Open;
use crate::render::{self, Moment};
use crate::window::{self, Span};

/// One selected model.
pub struct Listed {
    pub unique_id: String,
    pub name: String,
    pub path: String,
    pub relation: String,
    pub materialized: String,
    /// The windows of a microbatch model, if they were asked for.
    pub batches: Option<Vec<Span>>,
}

/// The selected models, inputs before their readers, with their windows if `with_batches`.
pub fn list(request: &Request, with_batches: bool) -> Result<(Vec<Listed>, Vec<Diagnostic>), Diagnostics> {
    let Linked { project, graph, mut said, .. } = open(&request.open)?;
    let models = selected(&graph, &project, &request.selection)?;
    let listed = collect(models, |node| {
        let batches = match node.microbatch() {
            Some(settings) if with_batches => {
                let calendar = batches::calendar(node, settings, refresh::rebuilds(settings, request));
                let cover = window::cover(&calendar, &request.windows)?;
                said.extend(cover.notes);
                Some(cover.batches)
            }
            _ => None,
        };
        Ok(Listed {
            unique_id: node.unique_id.clone(),
            name: node.name.clone(),
            path: node.file.path.to_string(),
            relation: node.relation.to_string(),
            materialized: builds::word(&node.materialization).to_string(),
            batches,
        })
    })?;
    Ok((listed, said))
}

/// Which queries are wanted.
pub struct Asked {
    pub open: Open,
    pub selection: Selection,
    /// The label of the batch whose filters the queries get; without one they have none.
    pub batch: Option<String>,
}

/// A model with its query, or with what is wrong with it.
pub type Query = (Node, Result<String, Diagnostics>);

/// The selected models' queries. A broken model does not keep the others from being rendered.
pub fn queries(asked: &Asked) -> Result<Vec<Query>, Diagnostics> {
    let Linked { project, graph, dialect, .. } = open(&asked.open)?;
    let models = selected(&graph, &project, &asked.selection)?;
    let folders = super::folders::of(&models);
    let shop = Shop { jinja: &project.jinja, graph: &graph, dialect: &dialect, folders: &folders, known: Default::default() };
    let rendered = models.into_iter().filter(|node| !matches!(node.materialization, Materialization::Other(_))).map(|node| {
        let query = match (&asked.batch, node.microbatch()) {
            (Some(label), Some(settings)) => batches::one(&shop, node, settings, label),
            _ => plain(&shop, shop.graph, node).map_err(Diagnostics::from),
        };
        (node.clone(), query)
    });
    Ok(rendered.collect())
}

fn plain(shop: &Shop, graph: &Arc<Graph>, node: &Node) -> Result<String, Diagnostic> {
    let moment = Moment { batch: None, incremental: false, this: node.relation.clone() };
    Ok(render::model(shop.jinja, graph, node, &moment)?.sql)
}
