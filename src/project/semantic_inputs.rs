//! What a metric reads: measures of semantic models, and other metrics. Takes the entry of a
//! metric; brings one without `type_params` into the form with them.

use serde_json::{Value, json};

use super::resource::{Resource, metric_type, text};
use super::values::list;

/// The entry with `type_params`. `model` is the semantic model of an aggregation, and `time` its
/// default time dimension.
pub(super) fn with_type_params(entry: Value, model: Option<&str>, time: Option<&str>) -> Value {
    let Value::Object(mut keys) = entry else { return entry };
    if keys.contains_key("type_params") {
        return Value::Object(keys);
    }
    let get = |key: &str| keys.get(key).cloned().unwrap_or_default();
    let is = |of: &str| metric_type(&keys) == of;
    let cumulative = is("cumulative").then(|| {
        json!({
            "window": get("window"), "grain_to_date": get("grain_to_date"),
            "period_agg": or(get("period_agg"), "first"), "metric": get("input_metric"),
        })
    });
    let conversion = is("conversion").then(|| {
        json!({
            "base_metric": get("base_metric"), "conversion_metric": get("conversion_metric"),
            "entity": get("entity"), "calculation": get("calculation"), "window": get("window"),
            "constant_properties": get("constant_properties"),
        })
    });
    let percentile_type = get("percentile_type").as_str().unwrap_or_default().to_lowercase();
    let aggregation = model.filter(|_| !get("agg").is_null()).map(|model| {
        let additive = get("non_additive_dimension");
        let additive = additive.as_object().map(|of| {
            json!({
                "name": of.get("name"), "window_choice": of.get("window_agg"),
                "window_groupings": of.get("group_by").cloned().unwrap_or_else(|| json!([])),
            })
        });
        json!({
            "semantic_model": model, "agg": get("agg"),
            "agg_params": {
                "percentile": get("percentile"),
                "use_discrete_percentile": percentile_type == "discrete",
                "use_approximate_percentile": percentile_type == "continuous",
            },
            "agg_time_dimension": or(get("agg_time_dimension"), time.unwrap_or_default()),
            "non_additive_dimension": additive,
        })
    });
    let params = json!({
        "numerator": get("numerator"), "denominator": get("denominator"), "expr": get("expr"),
        "metrics": get("input_metrics"), "conversion_type_params": conversion,
        "cumulative_type_params": cumulative, "metric_aggregation_params": aggregation,
        "join_to_timespine": get("join_to_timespine") == true,
        "is_private": get("hidden") == true,
    });
    let label = or(get("label"), get("name").as_str().unwrap_or_default());
    keys.insert("label".to_string(), label);
    keys.insert("type_params".to_string(), params);
    Value::Object(keys)
}

/// The value, or a text instead of nothing; nothing instead of an empty text.
fn or(value: Value, usual: &str) -> Value {
    match value {
        Value::Null => Some(usual).filter(|text| !text.is_empty()).into(),
        Value::String(text) if text.is_empty() => or(Value::Null, usual),
        value => value,
    }
}

/// Adds the measures and metrics that a metric of its type reads.
pub(super) fn metric_inputs(metric: &mut Resource) {
    let name = |of: &Value| of.as_str().map(String::from).or_else(|| text(of, "name"));
    let Some(params) = metric.entry.get("type_params") else { return };
    let below = |key: &str| params.get(key).unwrap_or(&Value::Null);
    let under = |of: &Value, keys: &[&str]| -> Vec<String> {
        keys.iter().filter_map(|key| of.get(key).and_then(name)).collect()
    };
    let (measures, metrics) = match &*metric.metric_type() {
        "simple" => (under(params, &["measure"]), Vec::new()),
        "cumulative" => {
            let measures = under(params, &["measure"]);
            let metrics = match measures.is_empty() {
                true => under(below("cumulative_type_params"), &["metric"]),
                false => Vec::new(),
            };
            (measures, metrics)
        }
        "conversion" => {
            let conversion = below("conversion_type_params");
            (
                under(conversion, &["base_measure", "conversion_measure"]),
                under(conversion, &["base_metric", "conversion_metric"]),
            )
        }
        "ratio" => (Vec::new(), under(params, &["numerator", "denominator"])),
        "derived" => (Vec::new(), list(below("metrics")).iter().filter_map(name).collect()),
        _ => (Vec::new(), Vec::new()),
    };
    metric.measures.extend(measures);
    metric.metrics.extend(metrics);
}
