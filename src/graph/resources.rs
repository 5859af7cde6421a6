//! Tests, exposures and other resources that a plan does not build, but a selection can name. Takes
//! the resources of all packages; adds each with its unique id and its inputs to the graph. As in
//! dbt, a test of a disabled node is omitted. Rejects what dbt rejects: duplicate names, unknown
//! groups, references to private models.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::config::{Disabled, Materialization, Node, invalid_event_time, version};
use crate::diagnostics::{Diagnostic, Diagnostics, nearest};
use crate::jinja::{RefCall, md5, python_text};
use crate::project::{Resource, ResourceKind};

use super::Graph;
use super::access::{self, Referrer};
use super::lookup::{reference, source};
use super::reference_location::reference_location;

/// The resources by unique id, and their edges.
#[derive(Debug, Default)]
pub(super) struct Resources {
    pub by_id: BTreeMap<String, Resource>,
    /// The unique ids, in the order of the files.
    pub order: Vec<String>,
    /// Tests of nodes that do not exist or are disabled. dbt shows them in `graph`, disabled, and
    /// does not select them.
    pub unlinked: BTreeMap<String, Resource>,
    pub disabled: Vec<Disabled>,
    /// Tests that their configuration disables: they tell only what is unique.
    pub disabled_tests: Vec<Resource>,
    pub parents: BTreeMap<String, BTreeSet<String>>,
    /// The resources that read a node or a resource.
    pub children: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    /// Adds the resources of the project; returns the errors that dbt reports about them.
    pub fn add_resources(
        &mut self,
        resources: &[Resource],
        disabled: Vec<Disabled>,
    ) -> Diagnostics {
        let mut added = Resources { disabled, ..Resources::default() };
        let mut errors = Diagnostics::default();
        let mut disabled = Vec::new();
        for resource in resources {
            if !resource.is_enabled() {
                match resource.kind {
                    ResourceKind::Metric | ResourceKind::SemanticModel => {
                        disabled.push(resource.clone());
                    }
                    _ => added.disabled_tests.push(resource.clone()),
                }
                continue;
            }
            let id = resource_id(resource);
            errors.0.extend(self.refused(resource, &id));
            errors.0.extend(self.missing(resource));
            errors.0.extend(self.unknown_versions(resource));
            let (is_linked, linked) = self.linked(resource);
            for (id, resource, parents) in linked {
                if let Some(first) = added.by_id.get(&id).or(added.unlinked.get(&id)) {
                    errors.0.push(duplicate(first, &resource));
                    continue;
                }
                added.parents.insert(id.clone(), parents);
                added.order.push(id.clone());
                if is_linked {
                    added.by_id.insert(id, resource);
                } else {
                    added.unlinked.insert(id, resource);
                }
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
            let model = self.aggregated(resource).filter(|id| added.by_id.contains_key(id));
            let parents = added.parents.entry(id.clone()).or_default();
            parents.extend(read.into_iter().cloned().chain(model));
        }
        for id in added.by_id.keys() {
            for parent in &added.parents[id] {
                added.children.entry(parent.clone()).or_default().insert(id.clone());
            }
        }
        self.resources = added;
        self.add_primary_keys();
        errors.0.extend(self.unknown_groups());
        errors.0.extend(self.invalid_event_times());
        if errors.0.is_empty() {
            errors.0.extend(self.semantic_errors(&disabled));
        }
        errors
    }

    /// The errors for references of a resource to models that it cannot access.
    fn refused(&self, resource: &Resource, id: &str) -> Vec<Diagnostic> {
        if matches!(resource.kind, ResourceKind::UnitTest) {
            return Vec::new();
        }
        let model = |call: &RefCall| self.referenced(resource, call);
        // A generic test belongs to the group of the node that it tests, which it references last.
        let group = match &resource.generic_test {
            Some(of) if of.is_of_source() => None,
            Some(_) => resource.refs.last().and_then(model).and_then(access::group),
            None => resource.config.get("group").and_then(Value::as_str),
        };
        let from = Referrer { unique_id: id, package: &resource.package, group };
        let models = resource.refs.iter().filter_map(model);
        models
            .filter_map(|model| access::access_error(from, model, self.names.restricted()))
            .map(|error| error.at_maybe(resource.at.clone()))
            .collect()
    }

    /// Errors for what an exposure, a semantic model, an analysis or a unit test reads that does
    /// not exist. Nodes with errors are reported separately.
    fn missing(&self, resource: &Resource) -> Vec<Diagnostic> {
        let refs = resource.refs.iter().filter_map(|call| {
            if self.names.broken(&call.name).is_some() {
                return None;
            }
            let (package, version) = (call.package.as_deref(), call.version.as_deref());
            let from = &resource.package;
            reference(&self.nodes, &self.names, from, package, &call.name, version).err()
        });
        let sources = resource.sources.iter().filter_map(|(of, table)| {
            if self.names.broken_source(of, table).is_some() {
                return None;
            }
            source(&self.nodes, &self.names, &resource.package, of, table).err()
        });
        let errors: Vec<Diagnostic> = match resource.kind {
            ResourceKind::Exposure | ResourceKind::SemanticModel => refs.chain(sources).collect(),
            // The calls in an analysis that does not render are only probable.
            ResourceKind::Analysis if resource.at.is_some() => refs.chain(sources).collect(),
            ResourceKind::UnitTest => {
                let is_disabled =
                    resource.refs.iter().any(|call| self.names.is_disabled(&call.name));
                refs.filter(|_| !is_disabled).collect()
            }
            _ => Vec::new(),
        };
        let what = resource.kind.as_str().replace('_', " ");
        let of_resource = |error: Diagnostic| {
            let note = format!("the {what} `{}` reads it", resource.name);
            error.note(note).at_maybe(resource.at.clone())
        };
        errors.into_iter().map(of_resource).collect()
    }

    /// The error for versions in a unit test that its model does not have.
    fn unknown_versions(&self, test: &Resource) -> Option<Diagnostic> {
        let versions =
            test.entry.get("versions").filter(|_| test.kind == ResourceKind::UnitTest)?;
        let listed = |key: &str| versions.get(key).and_then(Value::as_array).cloned();
        let (include, exclude) = (listed("include"), listed("exclude"));
        let model = self.referenced(test, test.refs.first()?)?;
        let is_of_model =
            |node: &&Node| (&node.name, &node.package) == (&model.name, &model.package);
        let error = if model.version.is_none() {
            include.or(exclude).filter(|list| !list.is_empty())?;
            let message = format!("the model `{}` has no versions", model.name);
            Diagnostic::error(message).hint("remove `versions` from the unit test")
        } else {
            let known: Vec<Value> = (self.nodes.values().filter(is_of_model))
                .map(|node| version(node.version.as_deref()))
                .collect();
            let unknown = include?.into_iter().find(|version| !known.contains(version))?;
            let known: Vec<String> = known.iter().map(|version| format!("`{version}`")).collect();
            let message = format!("the model `{}` has no version {unknown}", model.name);
            Diagnostic::error(message).hint(format!("its versions are {}", known.join(", ")))
        };
        let error = error.note(format!("the unit test `{}` names it", test.name));
        Some(error.at_maybe(test.at.clone()))
    }

    /// Errors for groups that no properties file declares.
    fn unknown_groups(&self) -> Vec<Diagnostic> {
        let groups: BTreeSet<&str> = self
            .resources
            .by_id
            .values()
            .filter(|resource| resource.kind == ResourceKind::Group)
            .map(|group| group.name.as_str())
            .collect();
        let unknown = |group: Option<&str>| group.is_some_and(|group| !groups.contains(group));
        let of_nodes = self.nodes.values().filter(|node| unknown(access::group(node)));
        let mut errors: Vec<Diagnostic> = of_nodes
            .map(|node| {
                let group = access::group(node).unwrap_or_default();
                let at = node.config.get("group").map(|setting| setting.at.clone());
                unknown_group(group, &groups)
                    .at_maybe(at.or_else(|| Some(reference_location(node, group))))
            })
            .collect();
        for resource in self.resources.by_id.values() {
            // dbt converts the name of a group to a text.
            let group = resource.config.get("group").filter(|group| !group.is_null());
            let group = group.map(python_text);
            if resource.generic_test.is_none() && unknown(group.as_deref()) {
                let error = unknown_group(group.as_deref().unwrap_or_default(), &groups);
                errors.push(error.at_maybe(resource.at.clone()));
            }
        }
        errors
    }

    /// The semantic model that a metric aggregates without a measure. As in dbt, it is one of the
    /// root project.
    fn aggregated(&self, metric: &Resource) -> Option<String> {
        let params = metric.entry.get("type_params")?.get("metric_aggregation_params")?;
        let name = params.get("semantic_model")?.as_str()?;
        Some(format!("semantic_model.{}.{name}", self.root))
    }

    /// Errors of inputs of microbatch models whose `event_time` is not a text.
    fn invalid_event_times(&self) -> Vec<Diagnostic> {
        let mut errors = Vec::new();
        let mut known = BTreeSet::new();
        let is_microbatch =
            |node: &&Node| matches!(node.materialization, Materialization::Microbatch(_));
        for model in self.nodes.values().filter(is_microbatch) {
            let inputs = self.parents.get(&model.unique_id).into_iter().flatten();
            for input in inputs.filter_map(|id| self.nodes.get(id)) {
                let error = invalid_event_time(input, &model.name);
                errors.extend(error.filter(|_| known.insert(&input.unique_id)));
            }
        }
        errors
    }

    pub(super) fn referenced(&self, resource: &Resource, call: &RefCall) -> Option<&Node> {
        reference(
            &self.nodes,
            &self.names,
            &resource.package,
            call.package.as_deref(),
            &call.name,
            call.version.as_deref(),
        )
        .ok()
    }

    /// Whether all nodes exist that the resource reads, and the resource with its unique id and
    /// these nodes. A unit test of a versioned model returns one per version; that of a disabled
    /// model returns none.
    fn linked(&self, resource: &Resource) -> (bool, Vec<(String, Resource, BTreeSet<String>)>) {
        let id = resource_id(resource);
        let refs: Vec<_> =
            resource.refs.iter().map(|call| self.referenced(resource, call)).collect();
        let sources = resource
            .sources
            .iter()
            .map(|(of, table)| source(&self.nodes, &self.names, &resource.package, of, table).ok());
        let read: Vec<_> = refs.into_iter().chain(sources).collect();
        let is_linked = read.iter().all(Option::is_some);
        if resource.kind == ResourceKind::UnitTest && !is_linked {
            return (true, Vec::new());
        }
        if let (ResourceKind::UnitTest, [Some(model)]) = (resource.kind, &read[..])
            && model.version.is_some()
        {
            return (true, self.of_versions(resource, model));
        }
        let mut resource = resource.clone();
        let is_linked = is_linked || resource.kind != ResourceKind::Test;
        if !is_linked {
            resource.config.insert("enabled".to_string(), false.into());
        }
        let read = read.into_iter().flatten().map(|node| node.unique_id.clone()).collect();
        (is_linked, vec![(id, resource, read)])
    }

    /// A unit test once per version of its model, with the unique id of each.
    fn of_versions(
        &self,
        test: &Resource,
        model: &Node,
    ) -> Vec<(String, Resource, BTreeSet<String>)> {
        let versions = self
            .nodes
            .values()
            .filter(|node| (&node.name, &node.package) == (&model.name, &model.package));
        let versions = versions.map(|node| (node, version(node.version.as_deref())));
        let of_version = |(node, version): (&Node, Value)| {
            let model = test.entry.get("model").and_then(Value::as_str).unwrap_or(&node.name);
            let text = node.version.as_deref().unwrap_or_default();
            let id = format!("unit_test.{}.{model}.{}_v{text}", test.package, test.name);
            let mut test = test.clone();
            test.entry.insert("version".to_string(), version);
            (id, test, BTreeSet::from([node.unique_id.clone()]))
        };
        versions.filter(|(_, version)| tests_version(test, version)).map(of_version).collect()
    }
}

/// Whether a unit test is for the version of a model: its `versions` include or exclude some.
fn tests_version(test: &Resource, version: &Value) -> bool {
    let listed = |key: &str| {
        let versions = test.entry.get("versions")?.get(key)?.as_array()?;
        (!versions.is_empty()).then(|| versions.contains(version))
    };
    match (listed("exclude"), listed("include")) {
        (Some(is_excluded), _) => !is_excluded,
        (None, is_included) => is_included.unwrap_or(true),
    }
}

/// dbt's unique id: that of a unit test names its model, that of a generic test ends with a hash of
/// its arguments.
fn resource_id(resource: &Resource) -> String {
    let Resource { kind, package, name, .. } = resource;
    match (&resource.generic_test, kind, resource.refs.as_slice()) {
        (Some(test), _, _) => {
            let metadata = json!({
                "kwargs": as_texts(&Value::Object(test.kwargs.clone())),
                "name": test.name,
                "namespace": test.namespace.as_deref().unwrap_or("None"),
            });
            let hash = md5(format!("{name}{}", python_text(&metadata)).as_bytes());
            format!("test.{package}.{name}.{}", &hash[hash.len() - 10..])
        }
        (None, ResourceKind::UnitTest, [model]) => {
            format!("unit_test.{package}.{}.{name}", model.name)
        }
        _ => format!("{}.{package}.{name}", kind.as_str()),
    }
}

/// A value with its keys in order, and Python's text of each value in it.
fn as_texts(value: &Value) -> Value {
    match value {
        Value::Object(dict) => {
            let sorted: BTreeMap<&String, &Value> = dict.iter().collect();
            sorted.into_iter().map(|(key, value)| (key.clone(), as_texts(value))).collect()
        }
        Value::Array(items) => items.iter().map(as_texts).collect(),
        other => python_text(other).into(),
    }
}

fn duplicate(first: &Resource, second: &Resource) -> Diagnostic {
    let (kind, hint) = match (second.kind, &second.generic_test) {
        (ResourceKind::Test, Some(_)) => {
            ("data test".to_string(), "remove one of them, or give one another `name`")
        }
        (ResourceKind::Test, None) => ("data test".to_string(), "rename one of them"),
        (kind, _) => (kind.as_str().replace('_', " "), "rename one of them"),
    };
    let error = Diagnostic::error(format!(
        "duplicate {kind} `{}` in package `{}`",
        second.name, second.package
    ));
    error.at_maybe(second.at.clone()).note(format!("the other one is in {}", first.path)).hint(hint)
}

fn unknown_group(group: &str, groups: &BTreeSet<&str>) -> Diagnostic {
    let error = Diagnostic::error(format!("unknown group `{group}`"));
    match nearest(group, groups.iter().copied()) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => {
            error.hint(format!("add it to a properties file: `groups: [{{name: {group}, …}}]`"))
        }
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
