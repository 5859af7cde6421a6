//! The step of a model that is no microbatch model, and the word about one that cannot be built here.

use super::inputs;
use super::steps::step;
use super::{Part, Row, Shop};
use crate::config::{Materialization, Node};
use crate::diagnostics::Diagnostic;
use crate::inject::Query;
use crate::plan::manifest::ModelEntry;
use crate::plan::{self, Kind, Reads, Text};
use crate::render::{self, Moment};

/// `build.sql` of a view or a table.
pub(super) fn part(shop: &Shop, node: &Node) -> Result<Part, Diagnostic> {
    let moment = Moment { batch: None, incremental: false, this: node.relation.clone() };
    let text = render::model(shop.jinja, shop.graph, node, &moment)?;
    let nothing = Query { filters: Vec::new(), opted_out: Vec::new(), read: Vec::new(), columns: None, warnings: Vec::new() };
    let entries: Vec<_> = inputs::entries(shop.graph, shop.dialect, node, &nothing)?
        .into_iter()
        .map(|entry| plan::manifest::InputEntry { whole_because: None, ..entry })
        .collect();
    let mut said = text.warnings;
    said.extend(plan::unknown_keys(shop.dialect, node)?);
    let file = plan::build(shop.dialect, node, &text.sql, &entries)?;
    let reads = Reads { whole: entries.iter().map(|entry| entry.unique_id.clone()).collect(), ..Reads::default() };
    Ok(Part {
        row: Row { warnings: said.len(), ..row(node, word(&node.materialization)) },
        entry: ModelEntry { inputs: entries, warnings: said.iter().map(|said| said.message.clone()).collect(), ..entry(shop, node) },
        steps: vec![step(shop, node, Kind::Build, "build", "build", Text::Whole(file))],
        reads,
        said,
    })
}

/// A model of another kind: it is named, and has no step.
pub(super) fn left_out(shop: &Shop, node: &Node) -> Part {
    let what = word(&node.materialization);
    let warning = Diagnostic::warning(format!("`{}` is left out: batchwright does not build a model that is `{what}`", node.name))
        .at(node.config.get("materialized").map_or_else(|| node.file.line(1), |setting| setting.at.clone()))
        .hint(format!("leave it to dbt, and leave it out here with `--exclude {}`", node.name));
    Part {
        row: Row { warnings: 1, ..row(node, "left out") },
        entry: ModelEntry { strategy: "left out".to_string(), warnings: vec![warning.message.clone()], ..entry(shop, node) },
        steps: Vec::new(),
        reads: Reads::default(),
        said: vec![warning],
    }
}

pub(super) fn word(materialization: &Materialization) -> &str {
    match materialization {
        Materialization::View => "view",
        Materialization::Table => "table",
        Materialization::Ephemeral => "ephemeral",
        Materialization::Microbatch(_) => "microbatch",
        Materialization::Incremental(strategy) => strategy.as_deref().unwrap_or("incremental"),
        Materialization::Seed => "seed",
        Materialization::Snapshot => "snapshot",
        Materialization::External => "source",
        Materialization::MaterializedView => "materialized view",
        Materialization::Other(name) => name,
    }
}

fn row(node: &Node, strategy: &str) -> Row {
    Row {
        model: node.name.clone(),
        strategy: strategy.to_string(),
        windows: None,
        first: String::new(),
        last: String::new(),
        end: String::new(),
        warnings: 0,
    }
}

pub(super) fn entry(shop: &Shop, node: &Node) -> ModelEntry {
    ModelEntry {
        unique_id: node.unique_id.clone(),
        path: node.file.path.to_string(),
        folder: shop.folders[&node.unique_id].clone(),
        relation: node.relation.to_string(),
        materialized: word(&node.materialization).to_string(),
        strategy: word(&node.materialization).to_string(),
        atomic: true,
        microbatch: None,
        inputs: Vec::new(),
        columns: None,
        columns_from: None,
        warnings: Vec::new(),
    }
}
