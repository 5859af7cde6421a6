//! Tests, exposures and other resources that a plan does not build, but that selections name. Takes
//! the resources of all packages; adds each with its unique id and its inputs to the graph. As in
//! dbt, a test of a disabled node is omitted.

use std::collections::{BTreeMap, BTreeSet};

use crate::project::{Resource, ResourceKind};

use super::Graph;
use super::lookup::{reference, source};

/// The resources by unique id, and their edges.
#[derive(Debug, Default)]
pub(super) struct Resources {
    pub by_id: BTreeMap<String, Resource>,
    pub parents: BTreeMap<String, BTreeSet<String>>,
    /// The resources that read a node or a resource.
    pub children: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    /// Adds the resources of the project.
    pub fn add_resources<'a>(&mut self, resources: impl Iterator<Item = &'a Resource>) {
        let mut added = Resources::default();
        for resource in resources {
            for (id, resource, parents) in self.linked(resource) {
                // Two tests may have the same name; dbt adds a hash.
                let same_id = added
                    .by_id
                    .range(id.clone()..)
                    .take_while(|(other, _)| **other == id || other.starts_with(&format!("{id}#")))
                    .count();
                let id = if same_id > 0 { format!("{id}#{same_id}") } else { id };
                added.parents.insert(id.clone(), parents);
                added.by_id.insert(id, resource);
            }
        }
        let metrics = ids(&added, ResourceKind::Metric, |metric| vec![metric.name.clone()]);
        let measures = ids(&added, ResourceKind::SemanticModel, |model| model.measures.clone());
        for (id, resource) in &added.by_id {
            let mut read: Vec<&String> =
                resource.metrics.iter().filter_map(|name| metrics.get(name)).collect();
            if resource.kind == ResourceKind::Metric {
                read.extend(resource.measures.iter().filter_map(|name| measures.get(name)));
            }
            added.parents.entry(id.clone()).or_default().extend(read.into_iter().cloned());
        }
        for (id, parents) in &added.parents {
            for parent in parents {
                added.children.entry(parent.clone()).or_default().insert(id.clone());
            }
        }
        self.resources = added;
    }

    /// The resource with its unique id and the nodes that it reads. A unit test of a versioned
    /// model gives one per version.
    fn linked(&self, resource: &Resource) -> Vec<(String, Resource, BTreeSet<String>)> {
        let id = format!("{}.{}.{}", resource.kind.word(), resource.package, resource.name);
        let of = |call: &crate::jinja::RefCall| {
            reference(
                &self.nodes,
                &self.names,
                &resource.package,
                call.package.as_deref(),
                &call.name,
                call.version.as_deref(),
            )
            .ok()
        };
        let refs: Vec<_> = resource.refs.iter().map(of).collect();
        let sources = resource
            .sources
            .iter()
            .map(|(of, table)| source(&self.nodes, &self.names, &resource.package, of, table).ok());
        let read: Vec<_> = refs.into_iter().chain(sources).collect();
        if matches!(resource.kind, ResourceKind::Test | ResourceKind::UnitTest)
            && read.iter().any(Option::is_none)
        {
            return Vec::new();
        }
        if let (ResourceKind::UnitTest, [call], [Some(model)]) =
            (resource.kind, &resource.refs[..], &read[..])
            && model.version.is_some()
            && call.version.is_none()
        {
            let versions = self
                .nodes
                .values()
                .filter(|node| (&node.name, &node.package) == (&model.name, &model.package));
            return versions
                .map(|node| {
                    (id.clone(), resource.clone(), BTreeSet::from([node.unique_id.clone()]))
                })
                .collect();
        }
        vec![(
            id,
            resource.clone(),
            read.into_iter().flatten().map(|node| node.unique_id.clone()).collect(),
        )]
    }
}

/// The unique ids of a kind, by the names that references use.
fn ids(
    resources: &Resources,
    kind: ResourceKind,
    names: fn(&Resource) -> Vec<String>,
) -> BTreeMap<String, String> {
    let of_kind = resources.by_id.iter().filter(|(_, resource)| resource.kind == kind);
    of_kind
        .flat_map(|(id, resource)| names(resource).into_iter().map(move |name| (name, id.clone())))
        .collect()
}
