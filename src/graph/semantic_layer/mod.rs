//! What dbt rejects in the semantic layer of a project: references to unknown metrics and measures,
//! then, if there are metrics and semantic models, what its validation rejects. Takes the enabled
//! resources; returns the errors.

mod conversions;
mod filters;
mod metrics;
mod models;
mod names;
mod queries;
mod references;

use serde_json::Value;

use super::Graph;
use crate::config::{Materialization, Node};
use crate::diagnostics::Diagnostic;
use crate::jinja::GRANULARITIES;
use crate::project::{CustomGranularity, Resource, ResourceKind};

/// The enabled entries of the semantic layer.
struct SemanticLayer<'a> {
    root: &'a str,
    metrics: Vec<&'a Resource>,
    /// Metrics and semantic models that their configuration disables.
    disabled: &'a [Resource],
    models: Vec<&'a Resource>,
    queries: Vec<&'a Resource>,
    exposures: Vec<&'a Resource>,
    /// The granularities that time spines define.
    granularities: Vec<&'a CustomGranularity>,
}

impl Graph {
    /// The errors of the semantic layer.
    pub(super) fn semantic_errors(&self, disabled: &[Resource]) -> Vec<Diagnostic> {
        let of = |kind| {
            let order = self.resources.order.iter();
            let all = order.filter_map(|id| self.resources.by_id.get(id));
            all.filter(|resource| resource.kind == kind).collect::<Vec<&Resource>>()
        };
        let layer = SemanticLayer {
            root: &self.root,
            metrics: of(ResourceKind::Metric),
            disabled,
            models: of(ResourceKind::SemanticModel),
            queries: of(ResourceKind::SavedQuery),
            exposures: of(ResourceKind::Exposure),
            granularities: self.nodes.values().flat_map(|node| &node.granularities).collect(),
        };
        let mut errors = layer.exports();
        let inputs = match layer.references() {
            Ok(inputs) => inputs,
            Err(more) => {
                errors.extend(more);
                return errors;
            }
        };
        if !errors.is_empty() || layer.models.is_empty() {
            return errors;
        }
        // dbt rejects these where it writes its artifacts, which needs no metric.
        errors.extend(self.missing_spine(&layer));
        errors.extend(layer.models.iter().filter_map(|model| self.without_relation(model)));
        if layer.metrics.is_empty() {
            return errors;
        }
        errors.extend(self.keywords_of_relations(&layer));
        errors.extend(layer.errors_of_names());
        errors.extend(layer.errors_of_labels());
        errors.extend(layer.errors_of_models());
        errors.extend(layer.errors_of_metrics(&inputs));
        errors.extend(layer.errors_of_queries());
        errors
    }

    /// The error of a project whose time spines are all coarser than a day.
    fn missing_spine(&self, layer: &SemanticLayer) -> Option<Diagnostic> {
        let is_fine = |granularity: &str| {
            let nth = GRANULARITIES.iter().position(|known| *known == granularity.to_lowercase());
            nth.is_some_and(|nth| nth <= 6)
        };
        let mut nodes = self.nodes.values();
        let has_spine = nodes.any(|node| {
            granularity_of_spine(node).is_some_and(is_fine)
                || node.source_name.is_none() && node.name == "metricflow_time_spine"
        });
        let model = layer.models.first().filter(|_| !has_spine)?;
        let error =
            Diagnostic::error("the semantic layer has no time spine of days or finer units");
        let note = format!("the semantic model `{}` needs it", model.name);
        Some(error.at_maybe(model.at.clone()).note(note).hint(
            "add a model with a row per day, and in its properties `time_spine: \
             {standard_granularity_column: …}` and the `granularity` of the column",
        ))
    }

    /// The error of a semantic model over an ephemeral model.
    fn without_relation(&self, model: &Resource) -> Option<Diagnostic> {
        let Some(call) = model.refs.first() else {
            let message = format!("the semantic model `{}` references no model", model.name);
            return Some(error(model, message, "write `model: ref('orders')`"));
        };
        let node = self.referenced(model, call)?;
        if !matches!(node.materialization, Materialization::Ephemeral) {
            return None;
        }
        let message = format!(
            "the semantic model `{}` reads `{}`, which is ephemeral and has no relation",
            model.name, node.name
        );
        Some(error(model, message, "materialize the model as a view or a table"))
    }
}

/// dbt's `time_spine` of a model.
fn time_spine(node: &Node) -> Option<&Value> {
    node.attributes.get("time_spine").filter(|spine| spine.is_object())
}

/// The granularity of the rows of a time spine.
fn granularity_of_spine(node: &Node) -> Option<&str> {
    let standard = text(time_spine(node)?, "standard_granularity_column")?;
    let column = node.columns.iter().find(|column| column.name == standard)?;
    column.attributes.get("granularity")?.as_str()
}

impl<'a> SemanticLayer<'a> {
    fn metric(&self, name: &str) -> Option<&'a Resource> {
        self.metrics.iter().copied().find(|metric| metric.name == name)
    }

    /// Whether a text names a granularity: dbt's, or one of a time spine.
    fn is_granularity(&self, name: &str) -> bool {
        GRANULARITIES.contains(&name) || self.granularities.iter().any(|of| of.name == name)
    }
}

/// An error at the location of an entry.
fn error(of: &Resource, message: impl Into<String>, hint: &str) -> Diagnostic {
    Diagnostic::error(message).at_maybe(of.at.clone()).hint(hint)
}

/// The items of a list.
fn list<'v>(of: &'v Value, key: &str) -> &'v [Value] {
    of.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The value under a key of an entry.
fn key<'v>(of: &'v Resource, key: &str) -> &'v Value {
    of.entry.get(key).unwrap_or(&Value::Null)
}

/// The parts of a semantic model: its `measures`, `dimensions` or `entities`.
fn parts<'v>(model: &'v Resource, of: &str) -> &'v [Value] {
    key(model, of).as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A text under a key that is not null.
fn text<'v>(of: &'v Value, key: &str) -> Option<&'v str> {
    of.get(key).and_then(Value::as_str)
}

/// A text under a key; empty if it is not set.
fn name(of: &Value) -> &str {
    text(of, "name").unwrap_or_default()
}

/// The type of an element of a semantic model, in lower case.
fn type_of(of: Option<&Value>) -> String {
    of.and_then(Value::as_str).unwrap_or("simple").to_lowercase()
}

/// Names in backticks.
fn listed<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
