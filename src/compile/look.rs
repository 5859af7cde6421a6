//! Looking without writing: the selected models, their windows, and their queries as dbt compiles them.

use std::sync::Arc;

use super::{Linked, Request, Shop, batches, builds, open, refresh, selected};
use crate::config::{Kind, Node};
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
    let Linked { project, graph, broken, mut said, .. } = open(&request.open)?;
    said.extend(super::not_planned(broken.iter().flat_map(|node| &node.errors.0)));
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

/// The models' queries, and what is wrong with those that have none.
#[derive(Default)]
pub struct Queries {
    pub rendered: Vec<(Node, String)>,
    pub wrong: Vec<Diagnostic>,
}

/// The selected models' queries. A broken model does not keep the others from being rendered.
pub fn queries(asked: &Asked) -> Result<Queries, Diagnostics> {
    let Linked { project, graph, dialect, broken, .. } = open(&asked.open)?;
    let mut queries = Queries { wrong: broken.into_iter().flat_map(|node| node.errors.0).collect(), ..Queries::default() };
    // A selected model that is broken is no model that is missing.
    let models = match selected(&graph, &project, &asked.selection) {
        Err(_) if !queries.wrong.is_empty() => return Ok(queries),
        models => models?,
    };
    let folders = super::folders::of(&models);
    let shop =
        Shop { root: &project.root, jinja: &project.jinja, graph: &graph, dialect: &dialect, folders: &folders, known: Default::default() };
    for node in models.into_iter().filter(|node| node.kind == Kind::Model && !node.path.ends_with(".py")) {
        let query = match (&asked.batch, node.microbatch()) {
            (Some(label), Some(settings)) => batches::one(&shop, node, settings, label),
            _ => plain(&shop, shop.graph, node).map_err(Diagnostics::from),
        };
        match query {
            Ok(sql) => queries.rendered.push((node.clone(), sql)),
            Err(more) => queries.wrong.extend(more.0),
        }
    }
    Ok(queries)
}

fn plain(shop: &Shop, graph: &Arc<Graph>, node: &Node) -> Result<String, Diagnostic> {
    let moment = Moment { batch: None, incremental: false, this: node.relation.clone() };
    Ok(render::model(shop.jinja, graph, node, &moment)?.sql)
}
