//! What dbt's validation rejects in semantic models.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{SemanticLayer, error, key, list, listed, name, parts, text, type_of};
use crate::diagnostics::Diagnostic;
use crate::project::Resource;

impl SemanticLayer<'_> {
    /// The errors of semantic models.
    pub fn errors_of_models(&self) -> Vec<Diagnostic> {
        let mut errors = self.different_dimensions();
        errors.extend(self.dimensions_of_one_entity());
        for model in &self.models {
            for measure in parts(model, "measures") {
                errors.extend(measure_errors(model, measure));
            }
            errors.extend(default_time(model));
            errors.extend(primary_entity_errors(model));
            errors.extend(validity_errors(model));
        }
        errors
    }

    /// Errors of dimensions of one name with another type or partitioning.
    fn different_dimensions(&self) -> Vec<Diagnostic> {
        let mut known: BTreeMap<&str, (String, bool, &Resource)> = BTreeMap::new();
        let mut errors = Vec::new();
        for model in &self.models {
            for dimension in parts(model, "dimensions") {
                let of_type = type_of(dimension.get("type"));
                let is_partition = dimension.get("is_partition") == Some(&Value::Bool(true));
                let first = known
                    .entry(name(dimension))
                    .or_insert_with(|| (of_type.clone(), is_partition, model));
                if (&first.0, first.1) != (&of_type, is_partition) {
                    let message = format!(
                        "the dimension `{}` of the semantic model `{}` differs from that of `{}`",
                        name(dimension),
                        model.name,
                        first.2.name
                    );
                    let hint = "give both the same `type` and `is_partition`, or rename one";
                    errors.push(error(model, message, hint));
                }
            }
        }
        errors
    }

    /// Errors of a dimension that two semantic models have for one primary entity.
    fn dimensions_of_one_entity(&self) -> Vec<Diagnostic> {
        let mut known: BTreeMap<(&str, &str), &Resource> = BTreeMap::new();
        let mut errors = Vec::new();
        for model in &self.models {
            let Some(entity) = primary_entity(model) else { continue };
            for dimension in parts(model, "dimensions") {
                let first = *known.entry((entity, name(dimension))).or_insert(model);
                // Two dimensions of one model are reported with the names.
                if !std::ptr::eq(first, *model) {
                    let message = format!(
                        "the semantic models `{}` and `{}` both have the dimension `{}` of the \
                         primary entity `{entity}`",
                        first.name,
                        model.name,
                        name(dimension)
                    );
                    errors.push(error(model, message, "rename the dimension or the entity"));
                }
            }
        }
        errors
    }
}

/// The primary entity: the key, or the entity of this type.
fn primary_entity(model: &Resource) -> Option<&str> {
    let of_type = || {
        let mut entities = parts(model, "entities").iter();
        entities.find(|entity| type_of(entity.get("type")) == "primary").map(name)
    };
    key(model, "primary_entity").as_str().or_else(of_type)
}

/// The dimension of a name.
fn dimension<'m>(model: &'m Resource, of: &str) -> Option<&'m Value> {
    parts(model, "dimensions").iter().find(|dimension| name(dimension) == of)
}

fn is_time(dimension: &Value) -> bool {
    type_of(dimension.get("type")) == "time"
}

/// Whether the semantic model has a time dimension of the name.
fn has_time(model: &Resource, of: &str) -> bool {
    parts(model, "dimensions").iter().any(|part| name(part) == of && is_time(part))
}

fn default_time(model: &Resource) -> Option<Diagnostic> {
    let of = text(key(model, "defaults"), "agg_time_dimension")?;
    if has_time(model, of) {
        return None;
    }
    let message = format!("the semantic model `{}` has no time dimension `{of}`", model.name);
    Some(error(model, message, "name a dimension of `type: time` in `agg_time_dimension`"))
}

fn measure_errors(model: &Resource, measure: &Value) -> Vec<Diagnostic> {
    let mut errors = Vec::new();
    let of = format!("the measure `{}` of the semantic model `{}`", name(measure), model.name);
    let mut report = |message: String, hint: &str| errors.push(error(model, message, hint));
    let default = text(key(model, "defaults"), "agg_time_dimension");
    let time = text(measure, "agg_time_dimension").filter(|time| !time.is_empty()).or(default);
    match time {
        None => report(
            format!("{of} has no `agg_time_dimension`"),
            "name a time dimension there, or below `defaults:` of the semantic model",
        ),
        Some(time) if !has_time(model, time) => report(
            format!("{of} has the `agg_time_dimension` `{time}`, which is no time dimension"),
            "name a dimension of `type: time`",
        ),
        Some(_) => {}
    }
    let aggregation = type_of(measure.get("agg"));
    let expression = measure.get("expr").filter(|expr| !expr.is_null());
    if aggregation == "count" {
        if expression.is_none() {
            report(format!("{of} counts without an `expr`"), "`expr: 1` counts all rows");
        }
        let text = expression.and_then(Value::as_str).unwrap_or_default().to_lowercase();
        if text.starts_with("distinct ") {
            report(
                format!("{of} counts distinct values"),
                "write `agg: count_distinct`, and `expr` without `distinct`",
            );
        }
    }
    if let Some((message, hint)) = percentile_error(&aggregation, measure.get("agg_params")) {
        report(format!("{of} {message}"), hint);
    }
    let additive = measure.get("non_additive_dimension").filter(|of| !of.is_null());
    if let (Some(additive), Some(time)) = (additive, time) {
        for (message, hint) in non_additive_errors(model, additive, time) {
            report(format!("{of} {message}"), hint);
        }
    }
    errors
}

/// The error of the percentile of an aggregation.
fn percentile_error(aggregation: &str, params: Option<&Value>) -> Option<(String, &'static str)> {
    let params = params.unwrap_or(&Value::Null);
    let percentile = params.get("percentile").and_then(Value::as_f64);
    let is_set = |key: &str| params.get(key) == Some(&Value::Bool(true));
    match (aggregation, percentile) {
        ("percentile", None) => {
            Some(("has no percentile".into(), "add `agg_params: {percentile: 0.5}`"))
        }
        ("percentile", Some(value)) => (value <= 0.0 || value >= 1.0).then(|| {
            (
                format!("has the percentile {value}, which is not between 0 and 1"),
                "write 0.65 for the 65th percentile; for the ends use `agg: min` or `agg: max`",
            )
        }),
        ("median", _) => {
            let differs = percentile.is_some_and(|value| value != 0.5);
            (differs || is_set("use_discrete_percentile"))
                .then(|| ("is a median with another percentile".into(), "remove its `agg_params`"))
        }
        _ => {
            let is_used = percentile.is_some_and(|value| value != 0.0)
                || is_set("use_discrete_percentile")
                || is_set("use_approximate_percentile");
            is_used.then(|| {
                (
                    format!("has a percentile, but the `agg` `{aggregation}`"),
                    "write `agg: percentile`",
                )
            })
        }
    }
}

/// The errors of `non_additive_dimension`; `time` is the measure's time dimension.
fn non_additive_errors(
    model: &Resource,
    additive: &Value,
    time: &str,
) -> Vec<(String, &'static str)> {
    let mut errors = Vec::new();
    let Some(of_measure) = dimension(model, time) else { return errors };
    let granularity = |of: &Value| {
        let params = of.get("type_params").filter(|params| !params.is_null())?;
        Some(text(params, "time_granularity")?.to_lowercase())
    };
    match dimension(model, name(additive)) {
        None => errors.push((
            format!("has the non-additive dimension `{}`, which does not exist", name(additive)),
            "name a time dimension of the semantic model",
        )),
        Some(additive_dimension) => {
            if !is_time(additive_dimension) {
                errors.push((
                    format!(
                        "has the non-additive dimension `{}`, which is no time",
                        name(additive_dimension)
                    ),
                    "name a dimension of `type: time`",
                ));
            }
            if let (Some(of_additive), Some(of_measure)) =
                (granularity(additive_dimension), granularity(of_measure))
                && of_additive != of_measure
            {
                errors.push((
                    format!(
                        "has the non-additive dimension `{}` of another granularity than its time: \
                         {of_additive} and {of_measure}",
                        name(additive_dimension)
                    ),
                    "name a time dimension of the same granularity",
                ));
            }
        }
    }
    let choice = type_of(additive.get("window_choice"));
    if choice != "min" && choice != "max" {
        errors.push((
            format!("has the `window_choice` `{choice}`"),
            "write `window_choice: min` or `window_choice: max`",
        ));
    }
    let is_entity = |of: &str| parts(model, "entities").iter().any(|entity| name(entity) == of);
    let groupings = list(additive, "window_groupings").iter().filter_map(Value::as_str);
    for unknown in groupings.filter(|of| !is_entity(of)) {
        errors.push((
            format!("groups windows by `{unknown}`, which is no entity of the semantic model"),
            "name entities in `window_groupings`",
        ));
    }
    errors
}

fn primary_entity_errors(model: &Resource) -> Option<Diagnostic> {
    let entities = parts(model, "entities").iter();
    let primary: Vec<&str> =
        entities.filter(|of| type_of(of.get("type")) == "primary").map(name).collect();
    let named = key(model, "primary_entity").as_str();
    let of = format!("the semantic model `{}`", model.name);
    let (message, hint) = match (&primary[..], named) {
        ([_, _, ..], _) => (
            format!("{of} has several primary entities: {}", listed(primary)),
            "keep one of them, and make the others `unique` or `foreign`",
        ),
        ([entity], Some(named)) => (
            format!("{of} has the primary entity `{entity}` and `primary_entity: {named}`"),
            "remove one of the two",
        ),
        ([], None) if !parts(model, "dimensions").is_empty() => (
            format!("{of} has dimensions, but no primary entity"),
            "add an entity of `type: primary`, or `primary_entity`",
        ),
        _ => return None,
    };
    Some(error(model, message, hint))
}

/// The errors of natural entities, and of dimensions with `validity_params`.
fn validity_errors(model: &Resource) -> Vec<Diagnostic> {
    let of = format!("the semantic model `{}`", model.name);
    let entities = parts(model, "entities");
    let of_type = |wanted: &[&str]| -> Vec<&str> {
        let is_wanted = |entity: &&Value| wanted.contains(&&*type_of(entity.get("type")));
        let mut names: Vec<&str> = entities.iter().filter(is_wanted).map(name).collect();
        names.dedup();
        names
    };
    let validity = |dimension: &Value| {
        let params = dimension.get("type_params")?.get("validity_params")?;
        Some(params.clone()).filter(|params| !params.is_null())
    };
    let windows: Vec<Value> = parts(model, "dimensions").iter().filter_map(validity).collect();
    let natural = of_type(&["natural"]);
    let mut errors = Vec::new();
    let mut report = |message: String, hint: &str| errors.push(error(model, message, hint));
    if natural.len() > 1 {
        let message = format!("{of} has several natural entities: {}", listed(natural.clone()));
        report(message, "keep one of them");
    }
    if windows.is_empty() {
        if !natural.is_empty() {
            report(
                format!("{of} has a natural entity, but no dimensions with `validity_params`"),
                "mark the time dimensions of the validity with `is_start` and `is_end`",
            );
        }
        return errors;
    }
    let marked =
        |key: &str| windows.iter().filter(|of| of.get(key) == Some(&Value::Bool(true))).count();
    if windows.len() != 2 || marked("is_start") != 1 || marked("is_end") != 1 {
        report(
            format!("the validity of {of} has not one begin and one end"),
            "mark one time dimension with `is_start: true`, and another one with `is_end: true`",
        );
    }
    if natural.is_empty() {
        report(format!("{of} has a validity, but no natural entity"), "add one of `type: natural`");
    }
    if !of_type(&["primary", "unique"]).is_empty() {
        report(
            format!("{of} has a validity, and a primary or unique entity"),
            "make it `natural`, or remove `validity_params`",
        );
    }
    if !parts(model, "measures").is_empty() {
        report(
            format!("{of} has a validity, and measures"),
            "move the measures to another semantic model",
        );
    }
    errors
}
