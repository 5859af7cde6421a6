//! The filters of metrics and saved queries, which dbt evaluates to find the dimensions, entities
//! and metrics in them.

use serde_json::Value;

use super::{SemanticLayer, error, key, list};
use crate::diagnostics::Diagnostic;
use crate::jinja::{SemanticItem, SemanticItemKind, semantic_items};
use crate::project::Resource;

impl SemanticLayer<'_> {
    /// The errors of the filters of a metric and of its inputs.
    pub(super) fn errors_of_filters(&self, metric: &Resource) -> Vec<Diagnostic> {
        let params = key(metric, "type_params");
        let inputs = ["measure", "numerator", "denominator"].into_iter();
        let inputs = inputs.filter_map(|key| params.get(key)).chain(list(params, "metrics"));
        let filters = std::iter::once(key(metric, "filter"))
            .chain(inputs.filter_map(|input| input.get("filter")));
        filters.flat_map(|filter| self.filter_errors(metric, "metric", filter)).collect()
    }

    /// The errors of a filter: a text, or a list of texts.
    pub(super) fn filter_errors(
        &self,
        of: &Resource,
        what: &str,
        filter: &Value,
    ) -> Vec<Diagnostic> {
        let texts: Vec<&str> = match filter {
            Value::Array(texts) => texts.iter().filter_map(Value::as_str).collect(),
            one => one.as_str().into_iter().collect(),
        };
        let invalid = |text: &str| {
            let items = semantic_items(text, false);
            let problem = match items {
                Err(error) => Some(error.message),
                Ok(items) => items.iter().find_map(|item| self.item_problem(item)),
            }?;
            let message = format!("invalid filter of the {what} `{}`: {problem}", of.name);
            Some(error(
                of,
                message,
                "write `{{ Dimension('entity__dimension') }}`, `{{ TimeDimension('metric_time', \
                 'day') }}` or `{{ Entity('entity') }}`",
            ))
        };
        texts.into_iter().filter_map(invalid).collect()
    }

    /// What dbt rejects in an item of a filter or a group.
    pub(super) fn item_problem(&self, item: &SemanticItem) -> Option<String> {
        let custom: Vec<&str> = match is_time(item) {
            true => self.granularities.iter().map(|of| of.name.as_str()).collect(),
            false => Vec::new(),
        };
        let parts = item.dundered(&custom);
        let form = format!("`{}` must have the form `entity__dimension`", item.name);
        match item.kind {
            SemanticItemKind::Metric => item
                .group_by
                .is_empty()
                .then(|| format!("the metric `{}` has no `group_by`", item.name)),
            SemanticItemKind::Entity => parts
                .granularity
                .map(|granularity| format!("the entity `{}` ends with {granularity}", item.name)),
            SemanticItemKind::Dimension | SemanticItemKind::TimeDimension => {
                if parts.entities.len() != 1 && parts.element != "metric_time" {
                    return Some(form);
                }
                // A dimension without a granularity is not one of time.
                if item.kind == SemanticItemKind::Dimension && !is_time(item) {
                    return None;
                }
                match (parts.granularity, item.granularity.as_deref()) {
                    (Some(of_name), Some(argument)) if of_name != argument => Some(format!(
                        "`{}` has the granularity {of_name} in its name, and {argument}",
                        item.name
                    )),
                    _ => None,
                }
            }
        }
    }
}

/// Whether dbt reads an item as a dimension of time.
fn is_time(item: &SemanticItem) -> bool {
    let is_set = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
    match item.kind {
        SemanticItemKind::TimeDimension => true,
        SemanticItemKind::Dimension => is_set(&item.granularity) || is_set(&item.date_part),
        SemanticItemKind::Entity | SemanticItemKind::Metric => false,
    }
}
