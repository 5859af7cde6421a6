//! The members that a criterion matches: dbt's selection methods.

use std::cell::OnceCell;
use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::Value;

use crate::config::{Kind, Node};
use crate::graph::Graph;
use crate::project::{ResourceKind, file_stem};

use super::fqn_index::FqnIndex;
use super::member::{Member, with_folders};
use super::method::{Criterion, Method};
use super::previous_state::PreviousState;
use super::wildcard::{Wildcard, is_pattern};

/// The same as `matching`, but looks up a plain name in the index.
pub(super) fn matching_by_name<'a>(
    graph: &'a Graph,
    previous: &PreviousState,
    criterion: &Criterion,
    index: &OnceCell<FqnIndex<'a>>,
) -> BTreeSet<&'a str> {
    if criterion.method != Method::Fqn || is_pattern(&criterion.value) {
        return matching(graph, previous, criterion);
    }
    let test = test(graph, previous, criterion);
    let mut candidates = index.get_or_init(|| FqnIndex::of(graph)).candidates(&criterion.value);
    candidates.retain(|id| graph.member(id).is_some_and(|member| test(id, member)));
    candidates
}

/// Every member of the graph that matches, by unique id.
pub(super) fn matching<'a>(
    graph: &'a Graph,
    previous: &PreviousState,
    criterion: &Criterion,
) -> BTreeSet<&'a str> {
    let test = test(graph, previous, criterion);
    graph.members().filter(|(id, member)| test(id, *member)).map(|(id, _)| id).collect()
}

type Test<'a> = Box<dyn Fn(&str, Member) -> bool + 'a>;

fn test<'a>(graph: &'a Graph, previous: &'a PreviousState, criterion: &'a Criterion) -> Test<'a> {
    let value = criterion.value.as_str();
    let pattern = Wildcard::name(if criterion.method == Method::Package && value == "this" {
        &graph.root
    } else {
        value
    });
    match &criterion.method {
        Method::Fqn => by_name(value),
        Method::Tag => {
            Box::new(move |_, member| member.tags().iter().any(|tag| pattern.matches(tag)))
        }
        Method::Path => by_path(graph, value),
        Method::File => Box::new(move |_, member| {
            [member.file_name(), file_stem(member.file_name())]
                .iter()
                .any(|name| pattern.matches(name))
        }),
        Method::Package => Box::new(move |_, member| pattern.matches(member.package())),
        Method::Config(keys) => {
            let ignores_case = keys.len() == 1 && keys[0] == "severity";
            Box::new(move |_, member| {
                is_configurable(member)
                    && member
                        .configured(keys)
                        .is_some_and(|setting| equals(&setting, value, ignores_case))
            })
        }
        Method::Group => {
            Box::new(move |_, member| member.group().is_some_and(|group| pattern.matches(group)))
        }
        Method::Access => Box::new(move |_, member| member.access() == Some(value)),
        Method::ResourceType => Box::new(move |_, member| member.resource_type() == value),
        Method::Source => by_source(value),
        Method::Resource(kind) => by_package_and_name(*kind, value),
        Method::TestName => Box::new(move |_, member| match member {
            Member::Resource(test) if test.kind == ResourceKind::Test => {
                test.generic_test.as_ref().is_some_and(|test| pattern.matches(&test.name))
            }
            Member::Resource(test) => {
                test.kind == ResourceKind::UnitTest && pattern.matches(&test.name)
            }
            Member::Node(_) => false,
        }),
        Method::TestType => {
            Box::new(move |_, member| match (member.resource(ResourceKind::Test), value) {
                (Some(test), "generic" | "schema") => test.generic_test.is_some(),
                (Some(test), "singular") => test.generic_test.is_none(),
                (Some(_), "data") => true,
                (Some(_), _) => false,
                (None, _) => value == "unit" && member.resource(ResourceKind::UnitTest).is_some(),
            })
        }
        Method::State(side) => Box::new(move |id, _| {
            previous
                .changes
                .as_ref()
                .and_then(|all| all.get(id))
                .is_some_and(|change| side.matches(change))
        }),
        Method::Result => Box::new(move |id, _| {
            let id = id.split('#').next().unwrap_or(id);
            previous
                .results
                .as_ref()
                .and_then(|all| all.get(id))
                .is_some_and(|statuses| statuses.contains(value))
        }),
        Method::SourceStatus => Box::new(move |id, _| {
            previous.fresher.as_ref().is_some_and(|fresher| fresher.contains(id))
        }),
        Method::Version => Box::new(move |_, member| {
            member.node().is_some_and(|node| by_version(value, node, graph))
        }),
    }
}

/// Matches a name, or a prefix of the fqn with or without its package.
fn by_name(value: &str) -> Test<'_> {
    let name = FqnPattern::new(value);
    Box::new(move |_, member| {
        let is_source = member.node().is_some_and(|node| node.kind == Kind::Source);
        let fqn: Vec<&str> = member.fqn().iter().map(String::as_str).collect();
        !is_source
            && (name.matches(&fqn, member.is_versioned())
                || fqn.get(1..).is_some_and(|fqn| name.matches(fqn, member.is_versioned())))
    })
}

/// The value of the method `fqn`.
struct FqnPattern<'a> {
    value: &'a str,
    parts: Vec<&'a str>,
    /// The index of the first part with a wildcard; it and the following parts must match the rest
    /// of the fqn.
    first_wildcard: usize,
    rest: Wildcard,
    all: Wildcard,
}

impl<'a> FqnPattern<'a> {
    fn new(value: &'a str) -> Self {
        let parts: Vec<&str> = value.split('.').collect();
        let first_wildcard = parts.iter().position(|part| is_pattern(part)).unwrap_or(parts.len());
        FqnPattern {
            value,
            rest: Wildcard::name(&parts[first_wildcard..].join(".")),
            first_wildcard,
            parts,
            all: Wildcard::name(value),
        }
    }

    fn matches(&self, fqn: &[&str], is_versioned: bool) -> bool {
        let Some(last) = fqn.last() else { return false };
        let before_last = fqn.len().checked_sub(2).map(|index| fqn[index]);
        if is_versioned {
            let ends = |parts: &[&str]| parts[parts.len().saturating_sub(2)..].join("_");
            if before_last == Some(self.value) || ends(fqn) == ends(&self.parts) {
                return true;
            }
        } else if *last == self.value {
            return true;
        }
        // A dot in a name is a separator, like a folder.
        let flat: Vec<&str> = fqn.iter().flat_map(|part| part.split('.')).collect();
        if flat.len() < self.parts.len()
            || flat[..self.first_wildcard] != self.parts[..self.first_wildcard]
        {
            return false;
        }
        if self.first_wildcard == self.parts.len()
            || self.rest.matches(&flat[self.first_wildcard..].join("."))
        {
            return true;
        }
        let leaf = if is_versioned { before_last } else { Some(*last) };
        self.parts.len() == 1 && leaf.is_some_and(|leaf| self.all.matches(leaf))
    }
}

/// Matches a file of the root project, its properties file, or a folder; or a path that includes
/// the folder of its package.
fn by_path<'a>(graph: &'a Graph, value: &str) -> Test<'a> {
    let pattern = Wildcard::path(value);
    let selected: BTreeSet<&str> =
        graph.root_paths().into_iter().filter(|path| pattern.matches(path)).collect();
    let is_all = value == ".";
    Box::new(move |_, member| {
        let in_package = member
            .node()
            .filter(|node| *node.file.path != *node.path)
            .is_some_and(|node| pattern.matches_within(&node.file.path));
        let described = member.properties_path().is_some_and(|path| selected.contains(path));
        is_all
            || in_package
            || described
            || with_folders(member.path()).any(|path| selected.contains(path))
    })
}

/// Matches `raw`, `raw.events` or `shop.raw.events`.
fn by_source(value: &str) -> Test<'_> {
    let patterns: Vec<_> = value.split('.').map(Wildcard::name).collect();
    Box::new(move |_, member| {
        let Some(node) = member.node() else { return false };
        let Some(source) = &node.source_name else { return false };
        match &patterns[..] {
            [of] => of.matches(source),
            [of, table] => of.matches(source) && table.matches(&node.name),
            [package, of, table] => {
                package.matches(&node.package) && of.matches(source) && table.matches(&node.name)
            }
            _ => false,
        }
    })
}

/// Matches `weekly_report` or `shop.weekly_report`.
fn by_package_and_name(kind: ResourceKind, value: &str) -> Test<'_> {
    let patterns: Vec<_> = value.split('.').map(Wildcard::name).collect();
    Box::new(move |_, member| {
        let Some(resource) = member.resource(kind) else { return false };
        match &patterns[..] {
            [name] => name.matches(&resource.name),
            [package, name] => package.matches(&resource.package) && name.matches(&resource.name),
            _ => false,
        }
    })
}

fn by_version(value: &str, node: &Node, graph: &Graph) -> bool {
    let Some(version) = &node.version else { return value == "none" && node.kind == Kind::Model };
    let latest = graph
        .nodes
        .values()
        .find(|other| other.is_latest && other.name == node.name && other.package == node.package);
    let side = latest
        .and_then(|latest| latest.version.as_ref())
        .map(|latest| compare_versions(version, latest));
    match value {
        "latest" => node.is_latest,
        "prerelease" => side == Some(Ordering::Greater),
        "old" => side == Some(Ordering::Less),
        _ => false,
    }
}

/// Compares versions; numerically if both are numbers.
fn compare_versions(one: &str, other: &str) -> Ordering {
    match (one.parse::<f64>(), other.parse::<f64>()) {
        (Ok(one), Ok(other)) => one.total_cmp(&other),
        _ => one.cmp(other),
    }
}

/// Whether dbt matches its configuration: that of models, seeds, snapshots, tests, analyses and
/// sources.
fn is_configurable(member: Member) -> bool {
    match member {
        Member::Node(_) => true,
        Member::Resource(resource) => {
            matches!(resource.kind, ResourceKind::Test | ResourceKind::Analysis)
        }
    }
}

/// Whether the setting is the value, or a list that contains it.
fn equals(setting: &Value, value: &str, ignores_case: bool) -> bool {
    match setting {
        Value::Array(values) => {
            values.iter().any(|one| !one.is_array() && equals(one, value, ignores_case))
        }
        Value::Object(_) | Value::Null => false,
        Value::Bool(set) => value.eq_ignore_ascii_case(if *set { "true" } else { "false" }),
        other if ignores_case => plain(other).eq_ignore_ascii_case(value),
        other => plain(other) == value,
    }
}

pub(super) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), String::from)
}
