//! What dbt's validation rejects in saved queries.

use serde_json::Value;

use super::{SemanticLayer, error, key, list, name, parts};
use crate::diagnostics::Diagnostic;
use crate::jinja::{SemanticItem, semantic_items};
use crate::project::Resource;

impl SemanticLayer<'_> {
    /// The errors of saved queries.
    pub fn errors_of_queries(&self) -> Vec<Diagnostic> {
        let elements = self.models.iter().flat_map(|model| {
            parts(model, "dimensions").iter().chain(parts(model, "entities")).map(name)
        });
        let metrics = self.metrics.iter().map(|metric| metric.name.as_str());
        let known: Vec<&str> = elements.chain(metrics).chain(["metric_time"]).collect();
        let mut errors = Vec::new();
        for query in &self.queries {
            let params = key(query, "query_params");
            errors.extend(self.filter_errors(query, "saved query", &params["where"]));
            let groups = || list(params, "group_by").iter().filter_map(Value::as_str);
            for group in groups() {
                errors.extend(self.group_error(query, group, &known));
            }
            errors.extend(orders(query, groups()));
            if params["limit"].as_f64().is_some_and(|limit| limit < 0.0) {
                let message =
                    format!("the `limit` of the saved query `{}` is negative", query.name);
                errors.push(error(query, message, "write a number from 0 on"));
            }
        }
        errors
    }

    /// The error of a `group_by`, which is one item with a known name.
    fn group_error(&self, query: &Resource, group: &str, known: &[&str]) -> Option<Diagnostic> {
        let items = semantic_items(&format!("{{{{{group}}}}}"), false);
        let problem = match items {
            Err(error) => error.message,
            Ok(items) => match &items[..] {
                [item] => match self.item_problem(item) {
                    Some(problem) => problem,
                    None => {
                        let element = self.element(item);
                        if known.contains(&&*element) {
                            return None;
                        }
                        format!("there is no dimension, entity or metric `{element}`")
                    }
                },
                _ => "it must be one item".to_string(),
            },
        };
        let message =
            format!("invalid group `{group}` of the saved query `{}`: {problem}", query.name);
        Some(error(
            query,
            message,
            "write `Dimension('entity__dimension')`, `TimeDimension('metric_time', 'day')` or \
             `Entity('entity')`",
        ))
    }

    fn element(&self, item: &SemanticItem) -> String {
        if item.kind == crate::jinja::SemanticItemKind::Metric {
            return item.name.clone();
        }
        item.dundered(&[]).element.to_string()
    }
}

/// The errors of `order_by`, whose items are metrics or groups of the query.
fn orders<'q>(query: &Resource, groups: impl Iterator<Item = &'q str>) -> Vec<Diagnostic> {
    let params = key(query, "query_params");
    let orders = list(params, "order_by");
    if orders.is_empty() {
        return Vec::new();
    }
    let one = |text: &str, is_order: bool| -> Result<SemanticItem, String> {
        let items = semantic_items(&format!("{{{{ {text} }}}}"), is_order);
        match items.map_err(|error| error.message)?.as_slice() {
            [item] => Ok(item.clone()),
            _ => Err("it must be one item".to_string()),
        }
    };
    let metrics = list(params, "metrics").iter().filter_map(Value::as_str);
    let mut known = Vec::new();
    for text in metrics.map(|metric| format!("Metric('{metric}')")).chain(groups.map(String::from))
    {
        match one(&text, false) {
            Ok(item) => known.push(item),
            // The group is reported elsewhere.
            Err(_) => return Vec::new(),
        }
    }
    let invalid = |order: &str| {
        let problem = match one(order, true) {
            Err(problem) => problem,
            Ok(item) if known.contains(&SemanticItem { descending: None, ..item.clone() }) => {
                return None;
            }
            Ok(_) => "it is neither a metric nor a group of the query".to_string(),
        };
        let message =
            format!("invalid order `{order}` of the saved query `{}`: {problem}", query.name);
        Some(error(query, message, "write `Metric('name').descending(True)`, or repeat a group"))
    };
    orders.iter().filter_map(Value::as_str).filter_map(invalid).collect()
}
