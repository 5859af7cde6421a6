//! One criterion of a selection: a method and a value. Parses the method, and suggests known values
//! if nothing matches.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::config::Kind;
use crate::diagnostics::{Diagnostic, nearest};
use crate::graph::Graph;
use crate::project::ResourceKind;

use super::PreviousState;
use super::matching::{matching, plain};
use super::member::{Member, with_folders};
use super::state::StateSelector;
use super::wildcard::is_valid;

/// A method with its value, as in `tag:daily`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Criterion {
    pub method: Method,
    pub value: String,
    /// As the user wrote it, for messages.
    pub text: String,
    /// Whether a criterion without matches is a warning.
    pub must_match: bool,
}

/// dbt's selection methods.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Method {
    Fqn,
    Tag,
    Path,
    File,
    Package,
    /// `config.meta.owner`: the path of keys.
    Config(Vec<String>),
    Group,
    Access,
    ResourceType,
    Source,
    /// `exposure:`, `metric:` and others: a resource of that kind.
    Resource(ResourceKind),
    TestName,
    TestType,
    State(StateSelector),
    Result,
    SourceStatus,
    Version,
}

impl Method {
    /// Parses the method `name`. Returns an error if it does not accept `value`.
    pub fn parse(name: &str, value: &str) -> Result<Method, Diagnostic> {
        let text = format!("{name}:{value}");
        let (method, keys) =
            name.split_once('.').map_or((name, None), |(method, keys)| (method, Some(keys)));
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
                return Err(Diagnostic::error(format!("`{text}` has no configuration key"))
                    .hint("write `config.materialized:incremental`"));
            }
            ("group", None) => Method::Group,
            ("access", None) => Method::Access,
            ("resource_type", None) => Method::ResourceType,
            ("source", None) => Method::Source,
            ("exposure", None) => Method::Resource(ResourceKind::Exposure),
            ("metric", None) => Method::Resource(ResourceKind::Metric),
            ("saved_query", None) => Method::Resource(ResourceKind::SavedQuery),
            ("semantic_model", None) => Method::Resource(ResourceKind::SemanticModel),
            ("unit_test", None) => Method::Resource(ResourceKind::UnitTest),
            ("test_name", None) => Method::TestName,
            ("test_type", None) => Method::TestType,
            ("result", None) => Method::Result,
            ("source_status", None) => Method::SourceStatus,
            ("state", None) => Method::State(StateSelector::parse(value)?),
            ("version", None) => Method::Version,
            (unknown, _) => {
                let error = Diagnostic::error(format!("unknown method `{unknown}` in `{text}`"));
                return Err(match nearest(unknown, METHODS.iter().copied()) {
                    Some(near) => error.hint(format!("did you mean `{near}:{value}`?")),
                    None => error.hint(format!("use one of {}", listed(METHODS))),
                });
            }
        };
        let choices = match method {
            Method::ResourceType => RESOURCE_TYPES,
            Method::Version => VERSIONS,
            Method::Access => ACCESS,
            Method::TestType => TEST_TYPES,
            Method::SourceStatus => SOURCE_STATUS,
            _ => &[],
        };
        if !choices.is_empty() && !choices.contains(&value) {
            let error = Diagnostic::error(format!(
                "unknown {} `{value}` in `{text}`",
                name.replace('_', " ")
            ));
            return Err(error.hint(format!("use one of {}", listed(choices))));
        }
        let parts = value.split('.').count();
        if (method == Method::Source && parts > 3)
            || (matches!(method, Method::Resource(_)) && parts > 2)
        {
            return Err(Diagnostic::error(format!("`{text}` has too many parts")).hint(
                match method {
                    Method::Source => {
                        "write `source:raw`, `source:raw.events` or `source:package.raw.events`"
                            .to_string()
                    }
                    _ => format!("write `{name}:name` or `{name}:package.name`"),
                },
            ));
        }
        if !is_valid(value) {
            return Err(Diagnostic::error(format!("`{text}` is not a pattern"))
                .hint("`[a-z]` matches one letter from a to z"));
        }
        Ok(method)
    }
}

const METHODS: &[&str] = &[
    "fqn",
    "tag",
    "path",
    "file",
    "package",
    "config",
    "group",
    "access",
    "resource_type",
    "source",
    "exposure",
    "metric",
    "saved_query",
    "semantic_model",
    "unit_test",
    "test_name",
    "test_type",
    "state",
    "result",
    "source_status",
    "version",
    "selector",
];

const RESOURCE_TYPES: &[&str] = &[
    "model",
    "seed",
    "snapshot",
    "source",
    "analysis",
    "exposure",
    "function",
    "macro",
    "metric",
    "operation",
    "saved_query",
    "semantic_model",
    "test",
    "unit_test",
];

const VERSIONS: &[&str] = &["latest", "prerelease", "old", "none"];
const ACCESS: &[&str] = &["private", "protected", "public"];
const TEST_TYPES: &[&str] = &["generic", "singular", "unit", "data"];
const SOURCE_STATUS: &[&str] = &["fresher"];

/// A warning about a criterion that matches nothing.
pub(super) fn matches_nothing(graph: &Graph, criterion: &Criterion) -> Diagnostic {
    let text = &criterion.text;
    let value = criterion.value.as_str();
    let warning = Diagnostic::warning(format!("`{text}` selects nothing"));
    if criterion.method == Method::Fqn && graph.names.is_disabled(value) {
        return warning.hint(format!("`{value}` is disabled: set its `enabled` to `true`"));
    }
    let known = known(graph, &criterion.method);
    let known = || known.iter().map(String::as_str);
    let prefix = text.strip_suffix(value).unwrap_or_default();
    if let Some(near) = nearest(value, known()) {
        return warning.hint(format!("did you mean `{prefix}{near}`?"));
    }
    // The value may belong to another method.
    for (method, name) in [
        (Method::Fqn, "fqn"),
        (Method::Tag, "tag"),
        (Method::Source, "source"),
        (Method::Package, "package"),
        (Method::Group, "group"),
        (Method::Resource(ResourceKind::Exposure), "exposure"),
    ] {
        let other = Criterion { method, ..criterion.clone() };
        if other.method != criterion.method
            && !matching(graph, &PreviousState::default(), &other).is_empty()
        {
            return warning.hint(format!("did you mean `{name}:{value}`?"));
        }
    }
    let examples: Vec<&str> = known().take(6).collect();
    match (&criterion.method, examples.is_empty()) {
        (Method::Config(keys), true) => warning.hint(format!("no node sets `{}`", keys.join("."))),
        (_, true) => warning,
        (_, false) => warning.hint(format!(
            "known: {}{}",
            listed(&examples),
            if known().count() > examples.len() { " and more" } else { "" }
        )),
    }
}

/// The values that the method can match.
fn known(graph: &Graph, method: &Method) -> BTreeSet<String> {
    let of = |member: Member| -> Vec<String> {
        match method {
            Method::Fqn => match member {
                Member::Node(node) if node.kind != Kind::Source => vec![node.name.clone()],
                _ => Vec::new(),
            },
            Method::Tag => member.tags().to_vec(),
            Method::Path => with_folders(member.path()).map(String::from).collect(),
            Method::File => vec![member.file_name().into()],
            Method::Package => vec![member.package().into()],
            Method::Config(keys) => match member.node().and_then(|_| member.configured(keys)) {
                Some(Value::Array(values)) => values.iter().map(plain).collect(),
                Some(Value::Object(_) | Value::Null) | None => Vec::new(),
                Some(value) => vec![plain(&value)],
            },
            Method::Group => member.group().map(String::from).into_iter().collect(),
            Method::Access => member.access().map(String::from).into_iter().collect(),
            Method::ResourceType => vec![member.resource_type().into()],
            Method::Source => {
                let name = member.name();
                let source = member.node().and_then(|node| node.source_name.as_ref());
                source
                    .into_iter()
                    .flat_map(|source| [source.clone(), format!("{source}.{name}")])
                    .collect()
            }
            Method::Resource(kind) => {
                member.resource(*kind).map(|resource| resource.name.clone()).into_iter().collect()
            }
            Method::TestName => match member {
                Member::Resource(test) => {
                    test.generic_test.iter().map(|test| test.name.clone()).collect()
                }
                Member::Node(_) => Vec::new(),
            },
            Method::TestType
            | Method::State(_)
            | Method::Result
            | Method::SourceStatus
            | Method::Version => Vec::new(),
        }
    };
    graph.members().flat_map(|(_, member)| of(member)).collect()
}

fn listed(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
