//! What dbt rejects in entries of exposures, groups, metrics, semantic models and saved queries,
//! and in the keys of models for the semantic layer. Takes an entry with its Jinja rendered; adds
//! errors.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::resource::ResourceKind;
use super::semantic_shapes::{
    COLUMN, EXPOSURE_CONFIG, METRIC, METRIC_OF_MODEL, MODEL, OWNER, PERIOD_AGGREGATIONS,
    SAVED_QUERY, SEMANTIC_MODEL,
};
use super::shape::{Part, check_keys, unknown_word};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::jinja::GRANULARITIES;

/// Checks an entry of a list of resources.
pub(super) fn check(kind: ResourceKind, part: Part, errors: &mut Diagnostics) {
    match kind {
        ResourceKind::Exposure | ResourceKind::Group => owned(kind, part, errors),
        ResourceKind::Metric => {
            if part.value.get("type_params").is_some() {
                check_keys(&METRIC, part, errors);
                metric_name(part, errors);
                metric(part, errors);
            } else {
                check_keys(&METRIC_OF_MODEL, part, errors);
                metric_name(part, errors);
                metric_of_file(part, errors);
            }
        }
        ResourceKind::SemanticModel => check_keys(&SEMANTIC_MODEL, part, errors),
        ResourceKind::SavedQuery => check_keys(&SAVED_QUERY, part, errors),
        ResourceKind::UnitTest | ResourceKind::Test | ResourceKind::Analysis => {}
    }
}

/// Checks the owner of an exposure or a group, and the settings of an exposure.
fn owned(kind: ResourceKind, part: Part, errors: &mut Diagnostics) {
    if let (ResourceKind::Exposure, Some(config)) = (kind, part.get("config")) {
        check_keys(&EXPOSURE_CONFIG, config, errors);
    }
    // A missing owner, or one that is no dict, is reported elsewhere.
    let Some(owner) = part.get("owner").filter(|owner| owner.value.is_object()) else { return };
    check_keys(&OWNER, owner, errors);
    let has = |key: &str| owner.value.get(key).is_some_and(|value| !value.is_null());
    if !has("name") && !has("email") {
        let message = format!("the owner of the {} `{}` has no name", kind.as_str(), part.name());
        errors.0.push(owner.error(message).hint("add `name` or `email` below `owner:`"));
    }
}

static NAME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[A-Za-z]\w*$").expect("the pattern is well formed"));

fn metric_name(part: Part, errors: &mut Diagnostics) {
    let Some((name, at)) = part.text("name") else { return };
    if !NAME.is_match(name) || name.chars().count() > 250 {
        let message = format!("`{name}` cannot be the name of a metric");
        errors.0.push(at.error(message).hint(
            "a name begins with a letter, continues with letters, digits or `_`, and has at most \
             250 characters",
        ));
    }
}

/// A metric with `type_params`.
fn metric(part: Part, errors: &mut Diagnostics) {
    let Some(params) = part.get("type_params") else { return };
    window(params, "window", errors);
    for input in inputs(params, &["numerator", "denominator"], &["metrics"]) {
        window(input, "offset_window", errors);
    }
    if let Some(conversion) = params.get("conversion_type_params") {
        window(conversion, "window", errors);
    }
    // dbt reads these of a cumulative metric alone.
    if let (true, Some(cumulative)) =
        (is_of_type(part, "cumulative"), params.get("cumulative_type_params"))
    {
        window(cumulative, "window", errors);
        period_aggregation(cumulative, errors);
    }
}

/// A metric of a properties file without `type_params`.
fn metric_of_file(part: Part, errors: &mut Diagnostics) {
    let hint = "add `type_params:`, or move the metric below `metrics:` of its model";
    if part.get("type").is_none() {
        let message = format!("the metric `{}` has no `type`", part.name());
        errors.0.push(part.error(message).hint(hint));
    }
    let is_aggregation = part.get("agg").is_some_and(|agg| !agg.value.is_null());
    if is_of_type(part, "simple") || is_aggregation {
        let message = format!("the metric `{}` belongs to no semantic model", part.name());
        errors.0.push(part.error(message).hint(hint));
    }
    metric_inputs(part, errors);
}

/// The inputs of a metric without `type_params`.
fn metric_inputs(part: Part, errors: &mut Diagnostics) {
    for input in inputs(part, &["numerator", "denominator"], &["input_metrics"]) {
        window(input, "offset_window", errors);
    }
    let required: &[&str] = if is_of_type(part, "conversion") {
        window(part, "window", errors);
        for input in inputs(part, &["base_metric", "conversion_metric"], &[]) {
            window(input, "offset_window", errors);
        }
        &["base_metric", "conversion_metric", "entity", "calculation"]
    } else if is_of_type(part, "cumulative") {
        window(part, "window", errors);
        period_aggregation(part, errors);
        for input in inputs(part, &["input_metric"], &[]) {
            window(input, "offset_window", errors);
        }
        &["input_metric"]
    } else {
        &[]
    };
    let is_missing = |key: &&&str| part.get(key).is_none_or(|value| value.value.is_null());
    for key in required.iter().filter(is_missing) {
        let message = format!("the metric `{}` has no `{key}`", part.name());
        errors.0.push(part.error(message).hint(format!("add `{key}`, which its type requires")));
    }
}

/// The inputs under keys of one input each, and of lists of inputs.
fn inputs<'a>(part: Part<'a>, single: &[&str], lists: &[&str]) -> Vec<Part<'a>> {
    let of_lists = lists.iter().flat_map(|key| part.items(key));
    single.iter().filter_map(|key| part.get(key)).chain(of_lists).collect()
}

fn is_of_type(part: Part, of: &str) -> bool {
    let usual = if part.value.get("type_params").is_some() { "simple" } else { "" };
    part.text("type").map_or(usual, |(text, _)| text).eq_ignore_ascii_case(of)
}

/// Checks a span of time, such as `28 days`.
fn window(part: Part, key: &str, errors: &mut Diagnostics) {
    let Some((text, at)) = part.text(key) else { return };
    let is_count =
        |count: &str| !count.is_empty() && count.chars().all(|letter| letter.is_ascii_digit());
    if !matches!(text.split(' ').collect::<Vec<_>>()[..], [count, _] if is_count(count)) {
        let message = format!("`{key}` must be a number and a unit, but is `{text}`");
        errors.0.push(at.error(message).hint("write it with one space: `28 days`"));
    }
}

fn period_aggregation(part: Part, errors: &mut Diagnostics) {
    let Some((text, at)) = part.text("period_agg") else { return };
    word("period_agg", text, at, PERIOD_AGGREGATIONS, errors);
}

fn word(key: &str, text: &str, at: Part, words: &[&str], errors: &mut Diagnostics) {
    if words.contains(&text.to_lowercase().as_str()) {
        return;
    }
    errors.0.push(unknown_word(words, key, text, at));
}

/// Checks the keys of a model for the semantic layer.
pub(super) fn check_model(part: Part, errors: &mut Diagnostics) {
    check_keys(&MODEL, part, errors);
    for column in part.items("columns") {
        granularity(column, errors);
    }
    if let Some(spine) = part.get("time_spine").filter(|spine| spine.value.is_object()) {
        errors.0.extend(time_spine(part, spine));
    }
}

/// Checks the keys of a column for the semantic layer.
pub(super) fn check_column(column: Part, errors: &mut Diagnostics) {
    check_keys(&COLUMN, column, errors);
    granularity(column, errors);
}

fn granularity(column: Part, errors: &mut Diagnostics) {
    if let Some((text, at)) = column.text("granularity").filter(|(text, _)| !text.is_empty()) {
        word("granularity", text, at, &GRANULARITIES, errors);
    }
}

/// Whether the value under a key is neither empty nor null.
fn is_set(part: Part, key: &str) -> bool {
    part.get(key).is_some_and(|of| !of.value.is_null() && *of.value != "")
}

/// The error of a time spine whose columns are not declared, or have no granularity.
fn time_spine(model: Part, spine: Part) -> Option<Diagnostic> {
    let columns = columns(model);
    let name = model.name();
    let known: Vec<String> = columns.iter().map(|of| format!("`{}`", of.name())).collect();
    let missing = |column: &str, at: Part| {
        let message = format!(
            "the time spine of `{name}` names the column `{column}`, which is not declared"
        );
        let hint = format!("declare it under `columns:`; they are {}", known.join(", "));
        let error = at.error(message);
        match known.is_empty() {
            true => error.hint("declare it under `columns:` of the model"),
            false => error.hint(hint),
        }
    };
    let (standard, at) = spine.text("standard_granularity_column")?;
    let Some(column) = columns.iter().rfind(|column| column.name() == standard) else {
        return Some(missing(standard, at));
    };
    if !is_set(*column, "granularity") {
        let message =
            format!("the column `{standard}` of the time spine `{name}` has no `granularity`");
        return Some(column.error(message).hint("add `granularity: day`, or the unit of its rows"));
    }
    let named = |part: Part| {
        let column = part.text("column_name").filter(|(text, _)| !text.is_empty());
        let (column, at) = column.or(part.text("name"))?;
        let is_known = columns.iter().any(|of| of.name() == column);
        (!is_known).then(|| missing(column, at))
    };
    spine.items("custom_granularities").into_iter().find_map(named)
}

/// The columns of a model, or of its latest version, if that is set.
fn columns(model: Part) -> Vec<Part> {
    let of_model = model.items("columns");
    let latest = model.get("latest_version").filter(|latest| !latest.value.is_null());
    let is_latest = |version: &Part| {
        version.get("v").zip(latest).is_some_and(|(v, latest)| v.value == latest.value)
    };
    let Some(version) = model.items("versions").into_iter().find(is_latest) else {
        return of_model;
    };
    let of_version = version.items("columns");
    let rule = of_version.iter().find(|column| column.get("include").is_some());
    let names = |key: &str| -> Vec<&str> {
        match rule.and_then(|rule| rule.get(key)).map(|names| names.value) {
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(name)) => vec![name],
            _ => Vec::new(),
        }
    };
    let (include, exclude) = (names("include"), names("exclude"));
    let is_included = |column: &Part| {
        let name = column.name();
        (rule.is_none() || include.iter().any(|of| ["*", "all", name].contains(of)))
            && !exclude.contains(&name)
    };
    let of_version_alone = of_version.iter().filter(|column| column.get("include").is_none());
    of_model.into_iter().filter(is_included).chain(of_version_alone.copied()).collect()
}
