//! What dbt's validation rejects in conversion metrics.

use serde_json::Value;

use super::metrics::input_name;
use super::{SemanticLayer, error, key, list, name, parts, text, type_of};
use crate::diagnostics::Diagnostic;
use crate::project::Resource;

/// The aggregations that a conversion can read.
const COUNTS: [&str; 2] = ["count", "count_distinct"];

impl SemanticLayer<'_> {
    /// The errors of a conversion metric; others have none.
    pub(super) fn conversion_errors(&self, metric: &Resource) -> Vec<Diagnostic> {
        let conversion = key(metric, "type_params").get("conversion_type_params");
        let Some(conversion) = conversion.filter(|of| of.is_object()) else { return Vec::new() };
        if metric.metric_type() != "conversion" {
            return Vec::new();
        }
        let mut errors = Vec::new();
        let mut models: Vec<&Resource> = Vec::new();
        for side in ["base", "conversion"] {
            match self.side(conversion, side) {
                Side::Measure(model, measure) => {
                    errors.extend(count_error(metric, measure.get("agg"), measure, name(measure)));
                    models.push(model);
                }
                Side::Metric(model, input) => {
                    let params = key(input, "type_params");
                    let aggregation = params.get("metric_aggregation_params");
                    let aggregation = aggregation.and_then(|of| of.get("agg"));
                    errors.extend(count_error(metric, aggregation, params, &input.name));
                    models.push(model);
                }
                Side::Unsuitable(of) => {
                    let message = format!(
                        "the conversion metric `{}` reads the metric `{of}`, which aggregates no \
                         semantic model",
                        metric.name
                    );
                    errors.push(error(
                        metric,
                        message,
                        "name a metric of `type: simple` of a model",
                    ));
                }
                Side::Missing => {}
            }
        }
        let [base, conversion_model] = models[..] else { return errors };
        let entity = text(conversion, "entity").unwrap_or_default();
        let mut both = vec![base, conversion_model];
        both.dedup_by_key(|model| &model.name);
        for model in both {
            if !parts(model, "entities").iter().any(|of| name(of) == entity) {
                errors.push(unknown(metric, "entity", entity, model));
            }
        }
        let window = text(conversion, "window");
        errors.extend(window.and_then(|window| self.window_error(metric, "window", window, false)));
        for property in list(conversion, "constant_properties") {
            for (key, model) in [("base_property", base), ("conversion_property", conversion_model)]
            {
                let of = text(property, key).unwrap_or_default();
                let mut elements =
                    parts(model, "entities").iter().chain(parts(model, "dimensions"));
                if !elements.any(|element| name(element) == of) {
                    errors.push(unknown(metric, "constant property", of, model));
                }
            }
        }
        errors
    }

    /// What one side of a conversion reads.
    fn side<'s>(&'s self, conversion: &'s Value, side: &str) -> Side<'s> {
        let input = |of: &str| {
            let input = conversion.get(format!("{side}_{of}")).filter(|of| !of.is_null())?;
            Some(input_name(input))
        };
        if let Some(of) = input("measure") {
            let measures = self.models.iter().flat_map(|model| {
                parts(model, "measures").iter().map(move |measure| (*model, measure))
            });
            let mut matching = measures.filter(|(_, measure)| name(measure) == of);
            return matching.next().map_or(Side::Missing, |(model, of)| Side::Measure(model, of));
        }
        let Some(metric) = input("metric").and_then(|of| self.metric(of)) else {
            return Side::Missing;
        };
        let params = key(metric, "type_params").get("metric_aggregation_params");
        let of = params.and_then(|params| text(params, "semantic_model"));
        let is_simple = metric.metric_type() == "simple";
        let mut models = self.models.iter();
        match models.find(|model| is_simple && Some(model.name.as_str()) == of) {
            Some(model) => Side::Metric(model, metric),
            None => Side::Unsuitable(&metric.name),
        }
    }
}

/// What one side of a conversion reads: a measure, or a metric that aggregates a semantic model.
enum Side<'s> {
    Measure(&'s Resource, &'s Value),
    Metric(&'s Resource, &'s Resource),
    Unsuitable(&'s str),
    Missing,
}

fn unknown(metric: &Resource, what: &str, of: &str, model: &Resource) -> Diagnostic {
    let message = format!(
        "the conversion metric `{}` names the {what} `{of}`, which the semantic model `{}` does \
         not have",
        metric.name, model.name
    );
    error(metric, message, "name one that both semantic models have")
}

/// The error of an input that counts nothing.
fn count_error(
    metric: &Resource,
    aggregation: Option<&Value>,
    of: &Value,
    input: &str,
) -> Option<Diagnostic> {
    let aggregation = type_of(aggregation);
    let expression =
        of.get("expr").map(|expr| expr.as_str().map_or(expr.to_string(), String::from));
    let is_sum_of_ones = aggregation == "sum" && expression.as_deref() == Some("1");
    if COUNTS.contains(&&*aggregation) || is_sum_of_ones {
        return None;
    }
    let message = format!(
        "the conversion metric `{}` reads `{input}`, whose `agg` is `{aggregation}`",
        metric.name
    );
    Some(error(metric, message, "it must be `count`, `count_distinct`, or `sum` of `expr: 1`"))
}
