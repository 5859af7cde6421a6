//! The graph of the models of a plan, for resolving a selection without the project. It has the
//! data of the plan's models: name, package, path, materialization, and dependencies.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Graph, link};
use crate::config::{Kind, Materialization, Node};
use crate::diagnostics::{Diagnostics, SourceFile};
use crate::jinja::{RefCall, RefVersion, Relation, RelationStyle};
use crate::project::{Setting, file_stem};

/// A model of a plan.
pub struct PlanModel {
    pub unique_id: String,
    /// The path of its file in the project.
    pub path: String,
    pub materialized: String,
    /// The unique ids of the models that it depends on.
    pub depends_on: BTreeSet<String>,
}

impl Graph {
    /// The graph of the models of a plan.
    pub fn of_plan(models: Vec<PlanModel>) -> Result<Graph, Diagnostics> {
        let unversioned: BTreeSet<String> = models
            .iter()
            .filter(|model| is_unversioned(model))
            .map(|model| model.unique_id.clone())
            .collect();
        let root = models.first().and_then(|model| model.unique_id.split('.').nth(1));
        let root = root.map(str::to_string);
        let nodes = models.into_iter().map(|model| node(model, &unversioned)).collect();
        link(nodes, root.unwrap_or_default().as_str(), &[], &[])
    }
}

/// Whether the name in the unique id is that of the file, so that `.v` in it begins no version.
fn is_unversioned(model: &PlanModel) -> bool {
    model.unique_id.splitn(3, '.').nth(2) == Some(file_stem(&model.path))
}

/// The package, the name and the version in a unique id: `model.shop.orders.v2`. `unversioned`: ids
/// without a version.
fn package_and_name<'a>(
    unique_id: &'a str,
    unversioned: &BTreeSet<String>,
) -> (&'a str, &'a str, Option<&'a str>) {
    let mut parts = unique_id.splitn(3, '.').skip(1);
    let (package, name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    match name.rsplit_once(".v").filter(|_| !unversioned.contains(unique_id)) {
        Some((name, version)) => (package, name, Some(version)),
        None => (package, name, None),
    }
}

fn node(model: PlanModel, unversioned: &BTreeSet<String>) -> Node {
    let (package, name, version) = package_and_name(&model.unique_id, unversioned);
    let path_in_models = model.path.split_once('/').map_or("", |(_, path)| path).to_string();
    let folders = path_in_models.rsplit_once('/').map_or("", |(folders, _)| folders);
    let folders = folders.split('/').filter(|folder| !folder.is_empty());
    let version_name = version.map(|version| format!("v{version}"));
    let fqn = [package].into_iter().chain(folders).chain([name]).chain(version_name.as_deref());
    let file = SourceFile::new(model.path.as_str(), "");
    let refs = model.depends_on.iter().map(|unique_id| {
        let (package, name, version) = package_and_name(unique_id, unversioned);
        RefCall {
            package: Some(package.to_string()),
            name: name.to_string(),
            version: version
                .map(|version| RefVersion { text: version.to_string(), is_number: false }),
        }
    });
    let (kind, materialization) = match model.unique_id.split('.').next() {
        Some("seed") => (Kind::Seed, Materialization::Seed),
        Some("snapshot") => (Kind::Snapshot, Materialization::Snapshot),
        _ => (Kind::Model, Materialization::Other(model.materialized.clone())),
    };
    let materialized = match model.materialized.as_str() {
        "microbatch" => "incremental",
        other => other,
    };
    let setting = Setting { value: Value::from(materialized), at: file.at(0..0) };
    let style = RelationStyle { quote: '"', quoted: [true; 3], included: [true; 3] };
    Node {
        fqn: fqn.map(str::to_string).collect(),
        kind,
        name: name.to_string(),
        source_name: None,
        package: package.to_string(),
        version: version.map(str::to_string),
        is_latest: false,
        refs: refs.collect(),
        relation: Relation {
            database: None,
            schema: None,
            identifier: model.unique_id.clone(),
            style,
        },
        config: [("materialized".to_string(), setting)].into_iter().collect(),
        unique_id: model.unique_id,
        file,
        path: model.path,
        path_in_models,
        tags: Vec::new(),
        columns: Vec::new(),
        description: String::new(),
        constraints: Vec::new(),
        sources: Vec::new(),
        hook_reads: Default::default(),
        granularities: Vec::new(),
        materialization,
        event_time: None,
        pre_hooks: Vec::new(),
        post_hooks: Vec::new(),
        attributes: Default::default(),
    }
}
