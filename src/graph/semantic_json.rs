//! Metrics, semantic models and saved queries as dbt's `graph` shows them to Jinja.

use serde_json::{Map, Value, json};

use crate::config::Node;
use crate::jinja::{GRANULARITIES, python_text};
use crate::project::{Resource, ResourceKind};

use super::Graph;
use super::json_values::{TargetNames, object, strings, text};

impl Graph {
    pub(super) fn metric_keys(&self, metric: &Resource) -> Value {
        let entry = &metric.entry;
        let params = entry.get("type_params").cloned().unwrap_or_default();
        let mut measures = Vec::new();
        self.input_measures(metric, &mut measures, 0);
        let metrics = params.get("metrics").and_then(Value::as_array).cloned().unwrap_or_default();
        let param = |key: &str| params.get(key).cloned().unwrap_or_default();
        let input = |key: &str| metric_input(&param(key));
        let mut config = object(json!({"enabled": true, "group": null, "meta": {}}));
        config.extend(metric.config.clone());
        // These are of entries with `type_params`, in which no key is private.
        let (meta, tags) = match params.get("is_private") {
            Some(_) => (None, json!([])),
            None => {
                let of_config = config.get("meta").filter(|meta| **meta != json!({}));
                (of_config.or(entry.get("meta")), strings(entry, "tags"))
            }
        };
        let of_type = metric.metric_type();
        json!({
            "description": text(entry, "description"),
            "label": entry.get("label"),
            "type": of_type,
            "type_params": {
                "measure": measure_input(&param("measure")),
                "input_measures": measures,
                "numerator": input("numerator"),
                "denominator": input("denominator"),
                "expr": expression(&param("expr")),
                "window": window(&param("window")),
                "grain_to_date": lower(&param("grain_to_date")),
                "metrics": metrics.iter().map(metric_input).collect::<Value>(),
                "conversion_type_params": conversion(&param("conversion_type_params")),
                "cumulative_type_params": (of_type == "cumulative").then(|| cumulative(&params)),
                "metric_aggregation_params": aggregation(&param("metric_aggregation_params")),
                "fill_nulls_with": null,
                "join_to_timespine": param("join_to_timespine") == true,
                "is_private": param("is_private"),
            },
            "filter": entry.get("filter").filter(|filter| !filter.is_null()).map(filter),
            "metadata": null,
            "time_granularity": entry.get("time_granularity"),
            "group": config.get("group"),
            "meta": meta.cloned().unwrap_or_else(|| json!({})),
            "tags": tags,
            "config": config,
            "unrendered_config": metric.unrendered,
            "sources": [],
            "refs": [],
            "metrics": [],
        })
    }

    /// The measures that a metric reads, also through other metrics.
    fn input_measures(&self, metric: &Resource, measures: &mut Vec<Value>, depth: usize) {
        for measure in own_measures(metric) {
            if !measures.contains(&measure) {
                measures.push(measure);
            }
        }
        // Cyclic metrics are reported elsewhere.
        let inputs = metric.metrics.iter().filter(|_| depth < 32);
        for name in inputs {
            let named =
                |other: &&Resource| other.kind == ResourceKind::Metric && other.name == *name;
            if let Some(other) = self.resources.by_id.values().find(named) {
                self.input_measures(other, measures, depth + 1);
            }
        }
    }
}

fn lower(of: &Value) -> Value {
    of.as_str().map(str::to_lowercase).into()
}

/// An expression as a text, which is Python's text of a boolean.
fn expression(of: &Value) -> Value {
    if of.is_null() { Value::Null } else { python_text(of).into() }
}

/// A window such as `28 days` in dbt's form.
fn window(of: &Value) -> Value {
    let window = of.as_str().and_then(normal_window);
    let json = |(count, unit): (u64, String)| json!({"count": count, "granularity": unit});
    window.map_or(Value::Null, json)
}

/// A window as dbt reads it: `28 Days` is 28 and `day`.
pub(super) fn normal_window(window: &str) -> Option<(u64, String)> {
    let lower = window.to_lowercase();
    let (count, unit) = lower.split_once(' ')?;
    let singular = unit.strip_suffix('s').filter(|unit| GRANULARITIES.contains(unit));
    Some((count.parse().ok()?, singular.unwrap_or(unit).to_string()))
}

/// The measures that a metric names itself, with all keys.
pub(super) fn own_measures(metric: &Resource) -> Vec<Value> {
    let params = metric.entry.get("type_params").unwrap_or(&Value::Null);
    let conversion = params.get("conversion_type_params").unwrap_or(&Value::Null);
    let named = match &*metric.metric_type() {
        "simple" | "cumulative" => vec![params.get("measure")],
        "conversion" => {
            vec![conversion.get("base_measure"), conversion.get("conversion_measure")]
        }
        _ => Vec::new(),
    };
    named.into_iter().flatten().filter(|of| !of.is_null()).map(measure_input).collect()
}

fn conversion(of: &Value) -> Value {
    if !of.is_object() {
        return Value::Null;
    }
    let get = |key: &str| of.get(key).cloned().unwrap_or_default();
    let calculation = match get("calculation") {
        Value::Null => "conversion_rate".into(),
        calculation => lower(&calculation),
    };
    json!({
        "entity": get("entity"),
        "base_measure": measure_input(&get("base_measure")),
        "conversion_measure": measure_input(&get("conversion_measure")),
        "base_metric": metric_input(&get("base_metric")),
        "conversion_metric": metric_input(&get("conversion_metric")),
        "calculation": calculation,
        "window": window(&get("window")),
        "constant_properties": get("constant_properties"),
    })
}

fn cumulative(params: &Value) -> Value {
    let of = params.get("cumulative_type_params").cloned().unwrap_or_default();
    let get = |key: &str| {
        let set = of.get(key).filter(|value| !value.is_null() && **value != "");
        set.or(params.get(key)).cloned().unwrap_or_default()
    };
    let aggregation = of.get("period_agg").map_or_else(|| "first".into(), lower);
    json!({
        "window": window(&get("window")),
        "grain_to_date": get("grain_to_date"),
        "period_agg": aggregation,
        "metric": metric_input(&of.get("metric").cloned().unwrap_or_default()),
    })
}

/// The keys of a saved query.
pub(super) fn saved_query_keys(query: &Resource, target: TargetNames) -> Value {
    let entry = &query.entry;
    let mut config = object(json!({
        "enabled": true, "group": null, "meta": {}, "export_as": null, "schema": null,
        "cache": {"enabled": false},
    }));
    config.extend(query.config.clone());
    let mut params = object(json!({
        "metrics": [], "group_by": [], "where": null, "order_by": [], "limit": null,
    }));
    params.extend(entry.get("query_params").cloned().map(object).unwrap_or_default());
    if let Some(condition) = params.get("where").filter(|condition| !condition.is_null()) {
        let condition = filter(condition);
        params.insert("where".into(), condition);
    }
    let exports = entry.get("exports").and_then(Value::as_array).into_iter().flatten();
    let export = |export: &Value| {
        let settings = export.get("config").cloned().map(object).unwrap_or_default();
        let schema = settings.get("schema").cloned().unwrap_or_else(|| target.schema.into());
        let alias = settings.get("alias").cloned().unwrap_or_else(|| export["name"].clone());
        json!({
            "name": export.get("name"),
            "config": {
                "export_as": settings.get("export_as"), "schema_name": schema, "alias": alias,
                "database": target.database,
            },
            "unrendered_config": settings,
        })
    };
    json!({
        "query_params": params,
        "exports": exports.map(export).collect::<Value>(),
        "description": entry.get("description"),
        "label": entry.get("label"),
        "metadata": null,
        "group": config.get("group"),
        "config": config,
        "unrendered_config": query.unrendered,
        "refs": [],
        "tags": strings(entry, "tags"),
    })
}

/// The keys of a semantic model over `model`.
pub(super) fn semantic_model_keys(resource: &Resource, model: Option<&Node>, refs: Value) -> Value {
    let entry = &resource.entry;
    let mut config = object(json!({"enabled": true, "group": null, "meta": {}}));
    config.extend(resource.config.clone());
    let items = |key: &str, defaults: Value| -> Value {
        let items = entry.get(key).and_then(Value::as_array).into_iter().flatten();
        let with_defaults = items.map(|item| {
            let mut all = object(defaults.clone());
            all.extend(object(item.clone()));
            let meta = object(config.get("meta").cloned().unwrap_or_default());
            let of_element = all.get("config").and_then(|of| of.get("meta")).cloned();
            let of_element = object(of_element.unwrap_or_default());
            let meta: Value = meta.into_iter().chain(of_element).collect();
            all.insert("config".into(), json!({"meta": meta}));
            for key in ["type", "agg"] {
                if let Some(word) = all.get(key).map(lower) {
                    all.insert(key.into(), word);
                }
            }
            if let Some(of) = all.get("expr").map(expression) {
                all.insert("expr".into(), of);
            }
            // A metric of its own is made of the measure.
            if all.contains_key("create_metric") {
                all.insert("create_metric".into(), false.into());
            }
            complete(&mut all, "agg_params", aggregation_params);
            complete(&mut all, "non_additive_dimension", non_additive_dimension);
            complete(&mut all, "type_params", dimension_params);
            all
        });
        with_defaults.map(Value::Object).collect()
    };
    json!({
        "model": entry.get("model"),
        "node_relation": model.map(|model| json!({
            "alias": model.relation.identifier,
            "schema_name": model.relation.schema,
            "database": model.relation.database,
            "relation_name": model.relation.to_string(),
        })),
        "description": entry.get("description"),
        "label": entry.get("label"),
        "defaults": entry.get("defaults"),
        "entities": items("entities", json!({
            "name": null, "type": null, "description": null, "label": null, "role": null,
            "expr": null, "config": {"meta": {}},
        })),
        "measures": items("measures", json!({
            "name": null, "agg": null, "description": null, "label": null, "create_metric": false,
            "expr": null, "agg_params": null, "non_additive_dimension": null,
            "agg_time_dimension": null, "config": {"meta": {}},
        })),
        "dimensions": items("dimensions", json!({
            "name": null, "type": null, "description": null, "label": null, "is_partition": false,
            "type_params": null, "expr": null, "metadata": null, "config": {"meta": {}},
            "datatype": null,
        })),
        "metadata": null,
        "refs": refs,
        "group": config.get("group"),
        "config": config,
        "unrendered_config": resource.unrendered,
        "primary_entity": entry.get("primary_entity"),
    })
}

/// Replaces a value that is set by its complete form.
fn complete(all: &mut Map<String, Value>, key: &str, form: fn(&Value) -> Value) {
    if let Some(of) = all.get_mut(key).filter(|of| !of.is_null()) {
        *of = form(of);
    }
}

/// `agg_params` with all keys.
fn aggregation_params(of: &Value) -> Value {
    let is_set = |key: &str| of.get(key) == Some(&Value::Bool(true));
    json!({
        "percentile": of.get("percentile").and_then(Value::as_f64),
        "use_discrete_percentile": is_set("use_discrete_percentile"),
        "use_approximate_percentile": is_set("use_approximate_percentile"),
    })
}

/// `non_additive_dimension` with all keys.
fn non_additive_dimension(of: &Value) -> Value {
    json!({
        "name": of.get("name"),
        "window_choice": of.get("window_choice").map(lower),
        "window_groupings": of.get("window_groupings").cloned().unwrap_or_else(|| json!([])),
    })
}

/// The `type_params` of a dimension with all keys.
fn dimension_params(of: &Value) -> Value {
    let validity = of.get("validity_params").filter(|validity| validity.is_object());
    let validity = validity.map(|validity| {
        let is_set = |key: &str| validity.get(key) == Some(&Value::Bool(true));
        json!({"is_start": is_set("is_start"), "is_end": is_set("is_end")})
    });
    json!({"time_granularity": of.get("time_granularity").map(lower), "validity_params": validity})
}

/// `metric_aggregation_params` as dbt shows it.
fn aggregation(of: &Value) -> Value {
    let mut all = object(of.clone());
    complete(&mut all, "agg", lower);
    complete(&mut all, "agg_params", aggregation_params);
    complete(&mut all, "non_additive_dimension", non_additive_dimension);
    if of.is_object() { Value::Object(all) } else { Value::Null }
}

/// A measure in the form of a metric's `type_params`, from its name or a dict.
fn measure_input(of: &Value) -> Value {
    if of.is_null() {
        return Value::Null;
    }
    input(
        of,
        json!({
            "name": null, "filter": null, "alias": null, "join_to_timespine": false,
            "fill_nulls_with": null,
        }),
    )
}

fn metric_input(of: &Value) -> Value {
    if of.is_null() {
        return Value::Null;
    }
    input(
        of,
        json!({
            "name": null, "filter": null, "alias": null, "offset_window": null,
            "offset_to_grain": null,
        }),
    )
}

fn input(of: &Value, defaults: Value) -> Value {
    let mut all = object(defaults);
    match of {
        Value::Object(keys) => all.extend(keys.clone()),
        name => _ = all.insert("name".into(), name.clone()),
    }
    let condition = all.get("filter").filter(|condition| !condition.is_null()).map(filter);
    all.extend(condition.map(|condition| ("filter".to_string(), condition)));
    if let Some(of) = all.get("offset_window").map(window) {
        all.insert("offset_window".to_string(), of);
    }
    Value::Object(all)
}

/// A condition in dbt's form, from a text or a list of texts.
fn filter(of: &Value) -> Value {
    let texts = match of {
        Value::Array(items) => items.clone(),
        one => vec![one.clone()],
    };
    let templates = texts.iter().map(|text| {
        let text = text.as_str().map_or_else(|| text.clone(), |text| text.trim().into());
        json!({"where_sql_template": text})
    });
    json!({"where_filters": templates.collect::<Value>()})
}
