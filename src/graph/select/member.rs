//! The members of a graph that a selection can match: nodes, and resources such as tests and
//! exposures.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::config::{Kind, Materialization, Node};
use crate::graph::Graph;
use crate::project::{Resource, ResourceKind};

/// A node or a resource.
#[derive(Clone, Copy)]
pub(super) enum Member<'a> {
    Node(&'a Node),
    Resource(&'a Resource),
}

impl Graph {
    /// Every member with its unique id.
    pub(super) fn members(&self) -> impl Iterator<Item = (&str, Member<'_>)> {
        let nodes = self.nodes.iter().map(|(id, node)| (id.as_str(), Member::Node(node)));
        // A selection cannot name a group.
        let resources =
            self.resources.by_id.iter().filter(|(_, of)| of.kind != ResourceKind::Group);
        nodes.chain(resources.map(|(id, resource)| (id.as_str(), Member::Resource(resource))))
    }

    /// The member with a unique id.
    pub(super) fn member(&self, id: &str) -> Option<Member<'_>> {
        self.nodes
            .get(id)
            .map(Member::Node)
            .or_else(|| self.resources.by_id.get(id).map(Member::Resource))
    }

    /// The unique ids of the members that a member reads directly.
    pub(super) fn parents_of(&self, id: &str) -> impl Iterator<Item = &str> {
        let nodes = self.parents.get(id).into_iter().flatten();
        nodes.chain(self.resources.parents.get(id).into_iter().flatten()).map(String::as_str)
    }

    /// The unique ids of the members that read a member directly.
    pub(super) fn children_of(&self, id: &str) -> impl Iterator<Item = &str> {
        let nodes = self.children.get(id).into_iter().flatten();
        nodes.chain(self.resources.children.get(id).into_iter().flatten()).map(String::as_str)
    }

    /// The files of members of the root project, and their folders: path patterns match the root
    /// project's files only, not those of packages.
    pub(super) fn root_paths(&self) -> BTreeSet<&str> {
        let members = self.members().filter(|(_, member)| member.package() == self.root);
        let paths = members
            .flat_map(|(_, member)| [Some(member.path()), member.properties_path()])
            .flatten();
        paths.flat_map(with_folders).collect()
    }
}

/// A path and its parent folders.
pub(super) fn with_folders(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(end, _)| &path[..end]).chain([path])
}

impl<'a> Member<'a> {
    pub fn node(self) -> Option<&'a Node> {
        match self {
            Member::Node(node) => Some(node),
            Member::Resource(_) => None,
        }
    }

    pub fn resource(self, kind: ResourceKind) -> Option<&'a Resource> {
        match self {
            Member::Resource(resource) if resource.kind == kind => Some(resource),
            _ => None,
        }
    }

    pub fn name(self) -> &'a str {
        match self {
            Member::Node(node) => &node.name,
            Member::Resource(resource) => &resource.name,
        }
    }

    pub fn package(self) -> &'a str {
        match self {
            Member::Node(node) => &node.package,
            Member::Resource(resource) => &resource.package,
        }
    }

    pub fn fqn(self) -> &'a [String] {
        match self {
            Member::Node(node) => &node.fqn,
            Member::Resource(resource) => &resource.fqn,
        }
    }

    pub fn tags(self) -> &'a [String] {
        match self {
            Member::Node(node) => &node.tags,
            Member::Resource(resource) => &resource.tags,
        }
    }

    /// dbt's `original_file_path`.
    pub fn path(self) -> &'a str {
        match self {
            Member::Node(node) => &node.path,
            Member::Resource(resource) => &resource.path,
        }
    }

    /// The properties file that describes it, relative to its package.
    pub fn properties_path(self) -> Option<&'a str> {
        let path = self.node()?.attributes.get("patch_path")?.as_str()?;
        path.split_once("://").map(|(_, path)| path)
    }

    pub fn file_name(self) -> &'a str {
        self.path().rsplit('/').next().unwrap_or_default()
    }

    pub fn resource_type(self) -> &'static str {
        match self {
            Member::Node(node) => match node.kind {
                Kind::Model => "model",
                Kind::Seed => "seed",
                Kind::Snapshot => "snapshot",
                Kind::Source => "source",
            },
            Member::Resource(resource) => resource.kind.as_str(),
        }
    }

    pub fn is_versioned(self) -> bool {
        self.node().is_some_and(|node| node.version.is_some())
    }

    /// The value at a path of keys in its configuration, or dbt's default.
    pub fn configured(self, keys: &[String]) -> Option<Value> {
        let (first, below) = keys.split_first()?;
        let start = match self {
            Member::Node(node) => node
                .setting(first)
                .filter(|value| !value.is_null())
                .cloned()
                .or_else(|| default_of_node(node, first)),
            Member::Resource(resource) => match (resource.config.get(first), first.as_str()) {
                (Some(value), _) => Some(value.clone()),
                (None, "tags") => Some(resource.tags.clone().into()),
                (None, "enabled") => Some(true.into()),
                (None, "severity") if resource.kind == ResourceKind::Test => Some("ERROR".into()),
                (None, "materialized") if resource.kind == ResourceKind::Test => {
                    Some("test".into())
                }
                (None, _) => None,
            },
        };
        below.iter().try_fold(start?, |value, key| value.get(key).cloned())
    }

    /// Its group, which models, seeds, snapshots, tests and metrics can have.
    pub fn group(self) -> Option<&'a str> {
        match self {
            Member::Node(node) if node.kind != Kind::Source => node.setting("group")?.as_str(),
            Member::Resource(resource)
                if matches!(resource.kind, ResourceKind::Test | ResourceKind::Metric) =>
            {
                resource.config.get("group")?.as_str()
            }
            _ => None,
        }
    }

    /// The access level of a model.
    pub fn access(self) -> Option<&'a str> {
        let node = self.node().filter(|node| node.kind == Kind::Model)?;
        Some(node.setting("access").and_then(Value::as_str).unwrap_or("protected"))
    }
}

fn default_of_node(node: &Node, key: &str) -> Option<Value> {
    match (key, node.kind) {
        ("materialized", _) => materialized(&node.materialization).map(Value::from),
        ("tags", _) => Some(node.tags.clone().into()),
        ("enabled", _) => Some(true.into()),
        (_, Kind::Source) => None,
        ("access", Kind::Model) => Some("protected".into()),
        ("on_schema_change", _) => Some("ignore".into()),
        ("on_configuration_change", _) => Some("apply".into()),
        ("contract", _) => Some(serde_json::json!({"enforced": false, "alias_types": true})),
        ("docs", _) => Some(serde_json::json!({"show": true})),
        _ => None,
    }
}

fn materialized(materialization: &Materialization) -> Option<&str> {
    Some(match materialization {
        Materialization::View => "view",
        Materialization::Table => "table",
        Materialization::Ephemeral => "ephemeral",
        Materialization::Microbatch(_) | Materialization::Incremental(_) => "incremental",
        Materialization::Seed => "seed",
        Materialization::Snapshot => "snapshot",
        Materialization::MaterializedView => "materialized_view",
        Materialization::Other(name) => name,
        Materialization::External => return None,
    })
}
