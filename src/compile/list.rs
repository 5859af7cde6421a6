//! Lists the selected models and their windows, for `batchwright list`.

use super::dedup::DedupedDiagnostics;
use super::{Request, builds, microbatch, open, refresh};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::window::{self, Span};

/// One selected model.
pub struct ListedModel {
    pub unique_id: String,
    pub name: String,
    pub version: Option<String>,
    pub path: String,
    pub relation: String,
    pub materialized: String,
    /// The windows of a microbatch model, if the request includes them.
    pub batches: Option<Vec<Span>>,
}

/// The selected models, inputs before the models that read them; with their windows if
/// `with_batches`.
pub fn list(
    request: &Request,
    with_batches: bool,
) -> Result<(Vec<ListedModel>, Vec<Diagnostic>), Diagnostics> {
    let loaded = open(&request.open)?;
    let mut diagnostics = DedupedDiagnostics::of_project(loaded.diagnostics.clone());
    super::add_unplanned(&mut diagnostics, &loaded.broken);
    let (models, warnings) = loaded.select(&request.selection)?;
    diagnostics.extend(None, warnings);
    let mut errors = DedupedDiagnostics::default();
    let mut listed = Vec::new();
    for node in models {
        let batches = match node.microbatch() {
            Some(settings) if with_batches => {
                let batch_settings = microbatch::batch_settings(
                    node,
                    settings,
                    refresh::rebuilds(settings, request),
                );
                match window::cover(&batch_settings, &request.windows) {
                    Ok(cover) => {
                        let batches = cover.spans().collect();
                        diagnostics.extend(Some(&node.name), cover.notes);
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
            materialized: builds::materialization_name(&node.materialization).to_string(),
            batches,
        });
    }
    if errors.is_empty() {
        Ok((listed, diagnostics.finish()))
    } else {
        Err(Diagnostics(errors.finish()))
    }
}
