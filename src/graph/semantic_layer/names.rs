//! The names and labels in the semantic layer: which are valid, and which are used twice.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;

use super::{SemanticLayer, error, key, listed, name, parts, text};
use crate::diagnostics::Diagnostic;
use crate::graph::Graph;
use crate::jinja::GRANULARITIES;
use crate::project::Resource;

/// The kinds of elements of a semantic model.
pub(super) const ELEMENTS: [(&str, &str); 3] =
    [("measures", "measure"), ("entities", "entity"), ("dimensions", "dimension")];

/// Words of SQL that cannot be the name of an element.
const KEYWORDS: [&str; 26] = [
    "and", "as", "create", "distinct", "for", "from", "full", "having", "in", "inner", "into",
    "is", "join", "left", "like", "natural", "not", "null", "on", "or", "right", "select", "union",
    "using", "where", "with",
];

static NAME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[a-z][a-z0-9_]*[a-z0-9]$").expect("the pattern is well formed"));

/// The error of a name of `what` that dbt does not allow.
pub(super) fn invalid_name(of: &Resource, what: &str, name: &str) -> Option<Diagnostic> {
    let (message, hint) = name_problem(what, name)?;
    Some(error(of, message, hint))
}

/// The message and the hint about a name that dbt does not allow.
fn name_problem(what: &str, name: &str) -> Option<(String, &'static str)> {
    let lower = name.to_lowercase();
    let hint = if !NAME.is_match(name) || name.contains("__") {
        "a name has at least two characters: lower case letters, digits and single `_`; it begins \
         with a letter, and does not end with `_`"
    } else if GRANULARITIES.contains(&lower.as_str()) {
        "it is a granularity; rename it"
    } else if ["metric_time", "mf_internal_uuid"].contains(&lower.as_str()) {
        "MetricFlow uses it; rename it"
    } else {
        return None;
    };
    Some((format!("`{name}` cannot be the name of a {what}"), hint))
}

impl SemanticLayer<'_> {
    /// The errors of names.
    pub fn errors_of_names(&self) -> Vec<Diagnostic> {
        let mut errors = Vec::new();
        let kinds = [
            (&self.models, "semantic model"),
            (&self.metrics, "metric"),
            (&self.queries, "saved query"),
        ];
        for (resources, what) in kinds {
            let mut known: Vec<&str> = Vec::new();
            for resource in resources {
                errors.extend(invalid_name(resource, what, &resource.name));
                if known.contains(&resource.name.as_str()) {
                    let message = format!("two packages have a {what} `{}`", resource.name);
                    errors.push(error(resource, message, "rename one of them"));
                }
                known.push(&resource.name);
            }
        }
        for model in &self.models {
            errors.extend(elements(model));
        }
        errors.extend(self.kinds_of_elements());
        errors.extend(self.measures_of_two_models());
        errors.extend(self.granularities());
        errors
    }

    /// The errors of an element name that stands for elements of several kinds.
    fn kinds_of_elements(&self) -> Vec<Diagnostic> {
        let mut kinds: BTreeMap<&str, (&str, &Resource)> = BTreeMap::new();
        let mut errors = Vec::new();
        for model in &self.models {
            for (key, what) in ELEMENTS {
                for element in parts(model, key) {
                    let name = name(element);
                    let (first, other) = *kinds.entry(name).or_insert((what, model));
                    // Two of one model are reported there.
                    if first != what && other.name != model.name {
                        let message = format!(
                            "`{name}` is a {first} of the semantic model `{}` and a {what} of `{}`",
                            other.name, model.name
                        );
                        errors.push(error(model, message, "rename one of them"));
                    }
                }
            }
        }
        errors
    }

    fn measures_of_two_models(&self) -> Vec<Diagnostic> {
        let mut known: BTreeMap<&str, &Resource> = BTreeMap::new();
        let mut errors = Vec::new();
        for model in &self.models {
            for measure in parts(model, "measures") {
                let other = *known.entry(name(measure)).or_insert(model);
                if !std::ptr::eq(other, *model) {
                    let message = format!(
                        "the semantic models `{}` and `{}` both have the measure `{}`",
                        other.name,
                        model.name,
                        name(measure)
                    );
                    errors.push(error(model, message, "rename one of them"));
                }
            }
        }
        errors
    }

    /// The errors of the granularities of time spines.
    fn granularities(&self) -> Vec<Diagnostic> {
        let mut errors = Vec::new();
        let mut known: Vec<&str> = Vec::new();
        let elements = |of: &str| {
            let used = |(key, _): (&str, &str)| {
                let mut models = self.models.iter();
                models.any(|model| parts(model, key).iter().any(|part| name(part) == of))
            };
            ELEMENTS.into_iter().any(used)
        };
        for granularity in &self.granularities {
            let of = granularity.name.as_str();
            let mut report = |message: String, hint: &str| {
                let error = Diagnostic::error(message).at(granularity.at.clone());
                errors.push(error.hint(hint));
            };
            if let Some((message, hint)) = name_problem("granularity", of) {
                report(message, hint);
            }
            let is_used = self.metric(of).is_some()
                || self.models.iter().any(|model| model.name == of)
                || elements(of)
                || known.contains(&of);
            if is_used {
                let message = format!("the granularity `{of}` has a name that is used already");
                report(message, "rename it in `custom_granularities`");
            }
            known.push(of);
        }
        errors
    }

    /// The errors of labels that are used twice.
    pub fn errors_of_labels(&self) -> Vec<Diagnostic> {
        let mut errors = Vec::new();
        for (resources, what) in [(&self.metrics, "metric"), (&self.models, "semantic model")] {
            let mut known: BTreeMap<&str, &Resource> = BTreeMap::new();
            for resource in resources {
                let Some(label) = key(resource, "label").as_str() else { continue };
                let first = *known.entry(label).or_insert(resource);
                if !std::ptr::eq(first, *resource) {
                    let message = format!(
                        "the {what} `{}` has the label of `{}`: `{label}`",
                        resource.name, first.name
                    );
                    errors.push(error(resource, message, "give one of them another `label`"));
                }
            }
        }
        let mut of_entities: BTreeMap<&str, (&str, &Resource)> = BTreeMap::new();
        for model in &self.models {
            for (key, _) in ELEMENTS {
                let mut known = Vec::new();
                for label in parts(model, key).iter().filter_map(|part| text(part, "label")) {
                    if known.contains(&label) {
                        let message = format!(
                            "two {key} of the semantic model `{}` have the label `{label}`",
                            model.name
                        );
                        errors.push(error(model, message, "give one of them another `label`"));
                    }
                    known.push(label);
                }
            }
            for entity in parts(model, "entities") {
                let Some(label) = text(entity, "label") else { continue };
                let (first, other) = *of_entities.entry(name(entity)).or_insert((label, model));
                if first != label {
                    let message = format!(
                        "the entity `{}` has the label `{first}` in the semantic model `{}` and \
                         `{label}` in `{}`",
                        name(entity),
                        other.name,
                        model.name
                    );
                    errors.push(error(model, message, "give it the same `label` in each of them"));
                }
            }
        }
        errors
    }
}

/// The errors of the names of the elements of a semantic model.
fn elements(model: &Resource) -> Vec<Diagnostic> {
    let mut errors = Vec::new();
    let mut known: Vec<&str> = Vec::new();
    for (key, what) in ELEMENTS {
        for element in parts(model, key) {
            let name = name(element);
            errors.extend(invalid_name(model, what, name));
            if KEYWORDS.contains(&name.to_lowercase().as_str()) {
                let message = format!("the {what} `{name}` has the name of a keyword of SQL");
                errors.push(error(model, message, "rename it, and name the column in `expr`"));
            }
            if known.contains(&name) {
                let message = format!(
                    "two elements of the semantic model `{}` have the name `{name}`",
                    model.name
                );
                errors.push(error(model, message, "rename one of them"));
            }
            known.push(name);
        }
    }
    errors
}

impl Graph {
    /// Errors of semantic models over a relation whose name has a keyword of SQL.
    pub(super) fn keywords_of_relations(&self, layer: &SemanticLayer) -> Vec<Diagnostic> {
        let check = |model: &&Resource| {
            let node = self.referenced(model, model.refs.first()?)?;
            let relation = node.relation.to_string();
            let words: Vec<&str> = relation.split('.').collect();
            let keywords: Vec<&str> = words
                .into_iter()
                .filter(|word| KEYWORDS.contains(&word.to_lowercase().as_str()))
                .collect();
            if keywords.is_empty() {
                return None;
            }
            let message = format!(
                "the relation {relation} of the semantic model `{}` has the name of a keyword of \
                 SQL: {}",
                model.name,
                listed(keywords)
            );
            Some(error(model, message, "give the model another `alias` or `schema`"))
        };
        layer.models.iter().filter_map(check).collect()
    }
}
