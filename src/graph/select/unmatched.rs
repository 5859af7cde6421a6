//! The warning about a criterion that matches nothing: suggests known values.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::config::Kind;
use crate::diagnostics::{Diagnostic, nearest};
use crate::graph::Graph;
use crate::project::ResourceKind;

use super::matching::{matching, plain};
use super::member::{Member, with_folders};
use super::method::{Criterion, Method, listed};
use super::previous_state::PreviousState;

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
