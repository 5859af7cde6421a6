//! What dbt's validation rejects in metrics.

use std::collections::BTreeMap;

use serde_json::Value;

use super::names::invalid_name;
use super::references::InputMeasures;
use super::{SemanticLayer, error, key, list, name, parts, text};
use crate::diagnostics::Diagnostic;
use crate::graph::semantic_json::normal_window;
use crate::jinja::GRANULARITIES;
use crate::project::Resource;

impl SemanticLayer<'_> {
    /// The errors of metrics, whose measures are `inputs`.
    pub fn errors_of_metrics(&self, inputs: &InputMeasures) -> Vec<Diagnostic> {
        let mut errors = Vec::new();
        for metric in &self.metrics {
            errors.extend(self.derived_errors(metric));
            errors.extend(self.offset_errors(metric));
            errors.extend(self.cumulative_errors(metric));
            errors.extend(old_window(metric));
            errors.extend(self.conversion_errors(metric));
            errors.extend(self.errors_of_filters(metric));
        }
        errors.extend(self.alias_errors(inputs));
        errors
    }

    /// A derived metric without inputs, and the aliases of its inputs.
    fn derived_errors(&self, metric: &Resource) -> Vec<Diagnostic> {
        if metric.metric_type() != "derived" {
            return Vec::new();
        }
        let metrics = list(key(metric, "type_params"), "metrics");
        let mut errors = Vec::new();
        if metrics.is_empty() {
            let message = format!("the derived metric `{}` has no metrics", metric.name);
            errors.push(error(metric, message, "add `metrics:` below `type_params:`"));
        }
        let names: Vec<&str> = metrics.iter().map(input_name).collect();
        for alias in metrics.iter().filter_map(|input| text(input, "alias")) {
            if alias.is_empty() {
                continue;
            }
            errors.extend(invalid_name(metric, "metric", alias));
            if names.contains(&alias) {
                let message = format!(
                    "the alias `{alias}` in the metric `{}` is the name of another input",
                    metric.name
                );
                errors.push(error(metric, message, "choose another `alias`"));
            }
        }
        errors
    }

    /// The offsets of the inputs of a metric.
    fn offset_errors(&self, metric: &Resource) -> Vec<Diagnostic> {
        let mut errors = Vec::new();
        for input in list(key(metric, "type_params"), "metrics") {
            let window = text(input, "offset_window");
            if let Some(window) = window {
                errors.extend(self.window_error(metric, "offset_window", window, true));
            }
            let grain = text(input, "offset_to_grain").filter(|grain| !grain.is_empty());
            errors.extend(grain.and_then(|grain| grain_error(metric, "offset_to_grain", grain)));
            if window.is_some() && grain.is_some() {
                let message = format!(
                    "the input `{}` of the metric `{}` has both `offset_window` and \
                     `offset_to_grain`",
                    input_name(input),
                    metric.name
                );
                errors.push(error(metric, message, "keep one of them"));
            }
        }
        errors
    }

    fn cumulative_errors(&self, metric: &Resource) -> Vec<Diagnostic> {
        if metric.metric_type() != "cumulative" {
            return Vec::new();
        }
        let params = key(metric, "type_params");
        let cumulative = params.get("cumulative_type_params").unwrap_or(&Value::Null);
        let get = |key: &str| {
            let set =
                |of: &'_ Value| text(of, key).filter(|text| !text.is_empty()).map(String::from);
            (set(params), set(cumulative))
        };
        let mut errors = Vec::new();
        let windows = get("window");
        if let (Some(old), Some(new)) = &windows
            && normal_window(old) != normal_window(new)
        {
            let message = format!("the metric `{}` has two windows: {old} and {new}", metric.name);
            errors.push(error(metric, message, "keep that below `cumulative_type_params:`"));
        }
        let grains = get("grain_to_date");
        let (window, grain) = (windows.1.or(windows.0), grains.1.or(grains.0));
        errors.extend(grain.as_ref().and_then(|of| grain_error(metric, "grain_to_date", of)));
        if window.is_some() && grain.is_some() {
            let message =
                format!("the metric `{}` has both `window` and `grain_to_date`", metric.name);
            errors.push(error(metric, message, "keep one of them"));
        }
        errors
            .extend(window.and_then(|window| self.window_error(metric, "window", &window, false)));
        errors
    }

    /// The error of a window whose unit is no granularity. `custom`: granularities of time spines
    /// are possible.
    pub(super) fn window_error(
        &self,
        metric: &Resource,
        key: &str,
        window: &str,
        custom: bool,
    ) -> Option<Diagnostic> {
        let (_, unit) = normal_window(window)?;
        let singular = unit.strip_suffix('s').filter(|unit| self.is_granularity(unit));
        let unit = singular.unwrap_or(&unit);
        if GRANULARITIES.contains(&unit) || custom && self.is_granularity(unit) {
            return None;
        }
        let message = format!("`{key}` of the metric `{}` has the unit `{unit}`", metric.name);
        Some(error(
            metric,
            message,
            "the units are days, weeks, months and dbt's other granularities",
        ))
    }

    /// The aliases of measures.
    fn alias_errors(&self, inputs: &InputMeasures) -> Vec<Diagnostic> {
        let measures: Vec<&str> =
            self.models.iter().flat_map(|model| parts(model, "measures")).map(name).collect();
        let mut errors = Vec::new();
        let mut known: BTreeMap<&str, &str> = BTreeMap::new();
        let none = Vec::new();
        for metric in &self.metrics {
            let of_metric = inputs.get(&metric.name).unwrap_or(&none);
            let is_filtered =
                |measure: &&Value| !measure["filter"].is_null() && measure["alias"].is_null();
            let several = |measure: &&Value| {
                of_metric.iter().filter(|other| other["name"] == measure["name"]).count() > 1
            };
            if let Some(measure) = of_metric.iter().filter(several).find(is_filtered) {
                let message = format!(
                    "the metric `{}` reads the measure `{}` several times, with a filter and \
                     without an alias",
                    metric.name,
                    name(measure)
                );
                errors.push(error(metric, message, "add an `alias` beside the `filter`"));
            }
            for measure in of_metric {
                let Some(alias) = text(measure, "alias") else { continue };
                errors.extend(invalid_name(metric, "measure", alias));
                let other = known.get(alias).copied();
                let other = other.or(measures.contains(&alias).then_some("a semantic model"));
                if let Some(other) = other {
                    let message = format!(
                        "the alias `{alias}` of a measure of the metric `{}` is used already, in \
                         {other}",
                        metric.name
                    );
                    errors.push(error(metric, message, "choose another `alias`"));
                }
                known.insert(alias, &metric.name);
            }
        }
        errors
    }
}

/// The name of an input: a text, or a dict with a name.
pub(super) fn input_name(input: &Value) -> &str {
    input.as_str().unwrap_or_else(|| name(input))
}

fn grain_error(metric: &Resource, key: &str, grain: &str) -> Option<Diagnostic> {
    if GRANULARITIES.contains(&grain.to_lowercase().as_str()) {
        return None;
    }
    let message = format!("`{key}` of the metric `{}` must not be `{grain}`", metric.name);
    Some(error(metric, message, "write one of dbt's granularities: `day`, `week`, `month`, `year`"))
}

/// The error of keys at the place where older versions of dbt had them.
fn old_window(metric: &Resource) -> Option<Diagnostic> {
    let params = key(metric, "type_params");
    let of = ["window", "grain_to_date"].into_iter().find(|key| text(params, key).is_some())?;
    let message = format!("`{of}` of the metric `{}` is below `type_params:`", metric.name);
    Some(error(metric, message, "move it below `cumulative_type_params:`, as dbt requires"))
}
