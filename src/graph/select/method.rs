//! One criterion of a selection: a method and a value.

use crate::diagnostics::{Diagnostic, nearest};
use crate::project::ResourceKind;

use super::state_selector::StateSelector;
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

/// The words in backticks.
pub(super) fn listed(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
