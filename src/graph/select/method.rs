//! One word of a selection: a method and a value. Takes the graph; gives the nodes that match, or what to say if none does.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::Value;

use crate::config::{Kind, Materialization, Node};
use crate::diagnostics::{Diagnostic, nearest};
use crate::graph::Graph;
use crate::graph::changes::Changes;

use super::state::Side;
use super::wildcard::{Pattern, is_pattern, is_valid};

/// A method with its value, as in `tag:daily`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Criterion {
    pub method: Method,
    pub value: String,
    /// As it was written, for messages.
    pub text: String,
    /// Whether it is an error if nothing matches.
    pub must_match: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Method {
    Fqn,
    Tag,
    Path,
    File,
    Package,
    /// `config.meta.owner`: the keys below each other.
    Config(Vec<String>),
    ResourceType,
    Source,
    State(Side),
    Version,
}

/// Every node of the graph that matches, by unique id.
pub(super) fn matching<'a>(graph: &'a Graph, changes: Option<&Changes>, criterion: &Criterion) -> BTreeSet<&'a str> {
    let is_one = test(graph, changes, criterion);
    graph.nodes.values().filter(|node| is_one(node)).map(|node| node.unique_id.as_str()).collect()
}

/// Whether a node is one of those asked for.
fn test<'a>(graph: &'a Graph, changes: Option<&'a Changes>, criterion: &'a Criterion) -> Box<dyn Fn(&Node) -> bool + 'a> {
    let value = criterion.value.as_str();
    let pattern = Pattern::name(if criterion.method == Method::Package && value == "this" { &graph.root } else { value });
    match &criterion.method {
        Method::Fqn => by_name(value),
        Method::Tag => Box::new(move |node| node.tags.iter().any(|tag| pattern.matches(tag))),
        Method::Path => {
            let pattern = Pattern::path(value);
            Box::new(move |node| pattern.matches_within(&node.path) || pattern.matches_within(&node.file.path))
        }
        Method::File => Box::new(move |node| [file_name(node), stem(file_name(node))].iter().any(|name| pattern.matches(name))),
        Method::Package => Box::new(move |node| pattern.matches(&node.package)),
        Method::Config(keys) => Box::new(move |node| configured(node, keys).is_some_and(|found| says(&found, value))),
        Method::ResourceType => Box::new(move |node| resource_type(node.kind) == value),
        Method::Source => by_source(value),
        Method::State(side) => {
            Box::new(move |node| changes.and_then(|all| all.get(&node.unique_id)).is_some_and(|change| side.holds(change)))
        }
        Method::Version => Box::new(move |node| by_version(value, node, graph)),
    }
}

impl Method {
    /// The method that is called `name`, if it can take `value`.
    pub fn parse(name: &str, value: &str) -> Result<Method, Diagnostic> {
        let text = format!("{name}:{value}");
        let (method, keys) = name.split_once('.').map_or((name, None), |(method, keys)| (method, Some(keys)));
        let method = match (method, keys) {
            ("fqn", None) => Method::Fqn,
            ("tag", None) => Method::Tag,
            ("path", None) => Method::Path,
            ("file", None) => Method::File,
            ("package", None) => Method::Package,
            ("config", Some(keys)) if keys.split('.').all(|key| !key.is_empty()) => {
                Method::Config(keys.split('.').map(String::from).collect())
            }
            ("config", _) => {
                return Err(Diagnostic::error(format!("`{text}` names no key")).hint("write `config.materialized:incremental`"));
            }
            ("resource_type", None) => Method::ResourceType,
            ("source", None) => Method::Source,
            ("state", None) => Method::State(Side::parse(value)?),
            ("version", None) => Method::Version,
            (known, _) if ELSEWHERE.contains(&known) => {
                return Err(Diagnostic::error(format!("`{text}` is a selection of dbt that a compiler of models cannot answer"))
                    .hint(format!("what can be selected by: {}", listed(HERE))));
            }
            (unknown, _) => {
                let wrong = Diagnostic::error(format!("`{unknown}` in `{text}` is no method of selection"));
                return Err(match nearest(unknown, HERE.iter().copied()) {
                    Some(near) => wrong.hint(format!("did you mean `{near}:{value}`?")),
                    None => wrong.hint(format!("what can be selected by: {}", listed(HERE))),
                });
            }
        };
        let choices: &[&str] = match method {
            Method::ResourceType => &[RESOURCE_TYPES, OTHER_RESOURCE_TYPES].concat(),
            Method::Version => VERSIONS,
            _ => &[],
        };
        if !choices.is_empty() && !choices.contains(&value) {
            let shown = if method == Method::Version { VERSIONS } else { RESOURCE_TYPES };
            return Err(Diagnostic::error(format!("`{value}` is no {} to select by", name.replace('_', " ")))
                .hint(format!("there is {}", listed(shown))));
        }
        if !is_valid(value) {
            return Err(Diagnostic::error(format!("`{text}` is not a pattern")).hint("`[a-z]` is one of the letters from a to z"));
        }
        Ok(method)
    }
}

const HERE: &[&str] = &["fqn", "tag", "path", "file", "package", "config", "resource_type", "source", "state", "version", "selector"];

/// Methods of dbt that ask for what is not read here: tests, results of runs.
const ELSEWHERE: &[&str] = &[
    "access",
    "exposure",
    "function",
    "group",
    "metric",
    "result",
    "saved_query",
    "semantic_model",
    "source_status",
    "test_name",
    "test_type",
    "unit_test",
];

const RESOURCE_TYPES: &[&str] = &["model", "seed", "snapshot", "source"];

/// Kinds of dbt of which there are none here, so that leaving them out is easily done.
const OTHER_RESOURCE_TYPES: &[&str] =
    &["analysis", "exposure", "function", "macro", "metric", "operation", "saved_query", "semantic_model", "test", "unit_test"];

const VERSIONS: &[&str] = &["latest", "prerelease", "old", "none"];

/// What is said of a criterion that matches nothing.
pub(super) fn nothing(graph: &Graph, criterion: &Criterion) -> Diagnostic {
    let text = &criterion.text;
    let value = criterion.value.as_str();
    let wrong = Diagnostic::error(format!("`{text}` selects nothing"));
    if criterion.method == Method::Fqn && graph.names.is_disabled(value) {
        return wrong.hint(format!("`{value}` is disabled: set its `enabled` to `true`"));
    }
    let known = known(graph, &criterion.method);
    let known = || known.iter().map(String::as_str);
    let prefix = text.strip_suffix(value).unwrap_or_default();
    if let Some(near) = nearest(value, known()) {
        return wrong.hint(format!("did you mean `{prefix}{near}`?"));
    }
    // The right word behind the wrong method.
    for (method, name) in [(Method::Fqn, "fqn"), (Method::Tag, "tag"), (Method::Source, "source"), (Method::Package, "package")] {
        let other = Criterion { method, ..criterion.clone() };
        if other.method != criterion.method && !matching(graph, None, &other).is_empty() {
            return wrong.hint(format!("did you mean `{name}:{value}`?"));
        }
    }
    let some: Vec<&str> = known().take(6).collect();
    match (&criterion.method, some.is_empty()) {
        (Method::Config(keys), true) => wrong.hint(format!("no node sets `{}`", keys.join("."))),
        (_, true) => wrong,
        (_, false) => wrong.hint(format!("there is {}{}", listed(&some), if known().count() > some.len() { " and more" } else { "" })),
    }
}

/// What could have been asked for by the same method.
fn known(graph: &Graph, method: &Method) -> BTreeSet<String> {
    let of = |node: &Node| -> Vec<String> {
        match method {
            Method::Fqn if node.kind == Kind::Source => Vec::new(),
            Method::Fqn => vec![node.name.clone()],
            Method::Tag => node.tags.clone(),
            Method::Path => {
                node.path.match_indices('/').map(|(end, _)| &node.path[..end]).chain([node.path.as_str()]).map(String::from).collect()
            }
            Method::File => vec![file_name(node).into()],
            Method::Package => vec![node.package.clone()],
            Method::Config(keys) => match configured(node, keys) {
                Some(Value::Array(values)) => values.iter().map(plain).collect(),
                Some(Value::Object(values)) => values.keys().cloned().collect(),
                Some(Value::Null) | None => Vec::new(),
                Some(value) => vec![plain(&value)],
            },
            Method::ResourceType => vec![resource_type(node.kind).into()],
            Method::Source => node.source_name.iter().flat_map(|source| [source.clone(), format!("{source}.{}", node.name)]).collect(),
            Method::State(_) | Method::Version => Vec::new(),
        }
    };
    graph.nodes.values().flat_map(of).collect()
}

/// By the name, `name.v2` or `name_v2`, or the beginning of the fqn with or without its package. From the first part with a
/// wildcard on, the rest of the fqn must match to its end.
fn by_name(value: &str) -> Box<dyn Fn(&Node) -> bool + '_> {
    let whole = Pattern::name(value);
    let asked: Vec<&str> = value.split('.').collect();
    let wild = asked.iter().position(|part| is_pattern(part)).unwrap_or(asked.len());
    let rest = Pattern::name(&asked[wild..].join("."));
    let parts = asked.len();
    let begins =
        move |fqn: &[&str]| fqn.len() >= parts && fqn[..wild] == asked[..wild] && (wild == parts || rest.matches(&fqn[wild..].join(".")));
    Box::new(move |node| {
        if node.kind == Kind::Source {
            return false;
        }
        if value == node.name || (parts == 1 && whole.matches(&node.name)) {
            return true;
        }
        if let Some(version) = &node.version
            && [".v", "_v"].iter().any(|between| whole.matches(&format!("{}{between}{version}", node.name)))
        {
            return true;
        }
        // A dot in a name parts it like the folders.
        let fqn: Vec<&str> = node.fqn.iter().flat_map(|part| part.split('.')).collect();
        begins(&fqn) || fqn.split_first().is_some_and(|(_, below)| begins(below))
    })
}

/// `raw`, `raw.events`, `shop.raw.events`.
fn by_source(value: &str) -> Box<dyn Fn(&Node) -> bool + '_> {
    let patterns: Vec<_> = value.split('.').map(Pattern::name).collect();
    Box::new(move |node| {
        let Some(source) = &node.source_name else { return false };
        match &patterns[..] {
            [of] => of.matches(source),
            [of, table] => of.matches(source) && table.matches(&node.name),
            [package, of, table] => package.matches(&node.package) && of.matches(source) && table.matches(&node.name),
            _ => false,
        }
    })
}

fn by_version(value: &str, node: &Node, graph: &Graph) -> bool {
    let Some(version) = &node.version else { return value == "none" && node.kind == Kind::Model };
    let latest = graph.nodes.values().find(|other| other.is_latest && other.name == node.name && other.package == node.package);
    let side = latest.and_then(|latest| latest.version.as_ref()).map(|latest| compared(version, latest));
    match value {
        "latest" => node.is_latest,
        "prerelease" => side == Some(Ordering::Greater),
        "old" => side == Some(Ordering::Less),
        _ => false,
    }
}

/// Versions that are numbers are compared as numbers.
fn compared(one: &str, other: &str) -> Ordering {
    match (one.parse::<f64>(), other.parse::<f64>()) {
        (Ok(one), Ok(other)) => one.total_cmp(&other),
        _ => one.cmp(other),
    }
}

/// The value below the keys of a node's configuration, with dbt's own where none is set.
fn configured(node: &Node, keys: &[String]) -> Option<Value> {
    let (first, below) = keys.split_first()?;
    let start = match (node.setting(first), first.as_str()) {
        (Some(value), _) => value.clone(),
        (None, "materialized") => materialized(&node.materialization)?.into(),
        (None, "tags") => node.tags.clone().into(),
        (None, "enabled") => true.into(),
        (None, _) => return None,
    };
    below.iter().try_fold(start, |value, key| value.get(key).cloned())
}

fn materialized(how: &Materialization) -> Option<&str> {
    Some(match how {
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

/// A value itself, an element of a list, a key of a mapping.
fn says(found: &Value, value: &str) -> bool {
    match found {
        Value::Array(values) => values.iter().any(|one| says(one, value)),
        Value::Object(values) => values.contains_key(value),
        Value::Bool(set) => value.eq_ignore_ascii_case(if *set { "true" } else { "false" }),
        other => plain(other) == value,
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), String::from)
}

fn resource_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Model => "model",
        Kind::Seed => "seed",
        Kind::Snapshot => "snapshot",
        Kind::Source => "source",
    }
}

fn file_name(node: &Node) -> &str {
    node.path.rsplit('/').next().unwrap_or_default()
}

fn stem(file: &str) -> &str {
    file.rsplit_once('.').map_or(file, |(stem, _)| stem)
}

fn listed(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
