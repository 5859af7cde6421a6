//! The metrics and measures that metrics, exposures and saved queries read. Returns the measures of
//! each metric, also through other metrics, or the errors of unknown names.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{SemanticLayer, error, key, listed, name, parts, text};
use crate::diagnostics::{Diagnostic, nearest};
use crate::graph::semantic_json::own_measures;
use crate::project::{Resource, ResourceKind};

/// The measures that each metric reads, by its name.
pub(super) type InputMeasures = BTreeMap<String, Vec<Value>>;

impl SemanticLayer<'_> {
    /// The measures of each metric.
    pub fn references(&self) -> Result<InputMeasures, Vec<Diagnostic>> {
        let mut inputs = Inputs { layer: self, measures: BTreeMap::new(), open: Vec::new() };
        let mut errors = Vec::new();
        for metric in &self.metrics {
            if let Err(error) = inputs.read(metric) {
                inputs.open.clear();
                errors.push(error);
            }
        }
        let readers = self.exposures.iter().chain(&self.queries);
        errors.extend(readers.flat_map(|reader| {
            let unknown =
                reader.metrics.iter().filter_map(|name| self.resolved(reader, name).err());
            unknown.collect::<Vec<_>>()
        }));
        // Metrics that share an input have the same errors.
        let mut known = Vec::new();
        errors.retain(|error| {
            let is_new = !known.contains(error);
            known.push(error.clone());
            is_new
        });
        if errors.is_empty() { Ok(inputs.measures) } else { Err(errors) }
    }

    /// The error of a metric that aggregates a semantic model of a package: dbt searches it in the
    /// root project.
    fn aggregated_model(&self, metric: &Resource) -> Result<(), Diagnostic> {
        let params = key(metric, "type_params").get("metric_aggregation_params");
        let Some(model) = params.and_then(|params| text(params, "semantic_model")) else {
            return Ok(());
        };
        if self.models.iter().any(|of| of.name == model && of.package == self.root) {
            return Ok(());
        }
        let is_disabled = |of: &&Resource| {
            of.kind == ResourceKind::SemanticModel && of.name == model && of.package == self.root
        };
        if let Some(disabled) = self.disabled.iter().find(is_disabled) {
            let what = format!("the semantic model `{model}`");
            let reader = format!("the metric `{}` aggregates it", metric.name);
            return Err(disabled_error(metric, &what, reader, disabled));
        }
        let message = format!(
            "the metric `{}` aggregates the semantic model `{model}`, which the root project does \
             not have",
            metric.name
        );
        let hint = "in a package, write the metric with `type_params` over a measure";
        Err(error(metric, message, hint))
    }

    /// The metric of a name: that of the root project, of the reader's package, or of any other.
    fn resolved(&self, reader: &Resource, name: &str) -> Result<&Resource, Diagnostic> {
        let named = |metric: &&&Resource| metric.name == *name;
        let of = |package: &str| {
            self.metrics.iter().find(|metric| metric.name == name && metric.package == package)
        };
        let resolved = of(self.root).or_else(|| of(&reader.package));
        if let Some(metric) = resolved.or_else(|| self.metrics.iter().find(named)) {
            return Ok(metric);
        }
        let kind = reader.kind.as_str().replace('_', " ");
        let note = format!("the {kind} `{}` reads it", reader.name);
        if let Some(disabled) =
            self.disabled.iter().find(|of| of.kind == ResourceKind::Metric && of.name == name)
        {
            let what = format!("the metric `{name}`");
            return Err(disabled_error(reader, &what, note, disabled));
        }
        let error = Diagnostic::error(format!("metric `{name}` not found"));
        let error = error.at_maybe(reader.at.clone()).note(note);
        let known = self.metrics.iter().map(|metric| metric.name.as_str());
        Err(match nearest(name, known) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint("declare it under `metrics:`, or correct the name"),
        })
    }
}

/// The measures found so far.
struct Inputs<'l, 'a> {
    layer: &'l SemanticLayer<'a>,
    measures: InputMeasures,
    /// The metrics whose inputs are being read.
    open: Vec<String>,
}

impl Inputs<'_, '_> {
    /// Reads the inputs of a metric.
    fn read(&mut self, metric: &Resource) -> Result<(), Diagnostic> {
        if self.measures.get(&metric.name).is_some_and(|measures| !measures.is_empty()) {
            return Ok(());
        }
        if self.open.contains(&metric.name) {
            let message =
                format!("metrics read each other: {}", listed(self.open.iter().map(|of| &**of)));
            return Err(error(metric, message, "remove one of these references"));
        }
        self.measures.entry(metric.name.clone()).or_default();
        missing(metric)?;
        self.layer.aggregated_model(metric)?;
        for measure in own_measures(metric) {
            self.known_measure(metric, name(&measure))?;
            self.add(&metric.name, measure);
        }
        self.open.push(metric.name.clone());
        for name in &metric.metrics {
            let layer = self.layer;
            let input = layer.resolved(metric, name)?;
            self.read(input)?;
            let of_input = self.measures.get(&input.name).cloned().unwrap_or_default();
            of_input.into_iter().for_each(|measure| self.add(&metric.name, measure));
        }
        self.open.pop();
        Ok(())
    }

    fn add(&mut self, metric: &str, measure: Value) {
        let measures = self.measures.entry(metric.to_string()).or_default();
        if !measures.contains(&measure) {
            measures.push(measure);
        }
    }

    fn known_measure(&self, metric: &Resource, name: &str) -> Result<(), Diagnostic> {
        let known = || self.layer.models.iter().flat_map(|model| &model.measures);
        if known().any(|measure| measure == name) {
            return Ok(());
        }
        let note = format!("the metric `{}` reads it", metric.name);
        let has_measure = |model: &&Resource| {
            model.kind == ResourceKind::SemanticModel && model.measures.iter().any(|of| of == name)
        };
        if let Some(model) = self.layer.disabled.iter().find(has_measure) {
            let what = format!("the semantic model `{}` of the measure `{name}`", model.name);
            return Err(disabled_error(metric, &what, note, model));
        }
        let message = format!("no semantic model has the measure `{name}`");
        let error = Diagnostic::error(message).at_maybe(metric.at.clone()).note(note);
        Err(match nearest(name, known().map(String::as_str)) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint("add it to `measures:` of an enabled semantic model"),
        })
    }
}

/// The error of an entry that reads a disabled one.
fn disabled_error(reader: &Resource, what: &str, note: String, disabled: &Resource) -> Diagnostic {
    let message = format!("{what} is disabled");
    let error = error(reader, message, "enable it, or remove the reference").note(note);
    let at = disabled.at.as_ref().map(|at| format!("it is declared in {}", at.file.path));
    at.into_iter().fold(error, Diagnostic::note)
}

/// The error of a metric without the inputs that its type requires.
fn missing(metric: &Resource) -> Result<(), Diagnostic> {
    let params = key(metric, "type_params");
    let has = |of: &Value, key: &str| of.get(key).is_some_and(|value| !value.is_null());
    let of_type = metric.metric_type();
    let cumulative = params.get("cumulative_type_params").unwrap_or(&Value::Null);
    let what = match &*of_type {
        "simple" if !has(params, "measure") && !has(params, "metric_aggregation_params") => {
            "`measure`"
        }
        "cumulative" if !has(params, "measure") && !has(cumulative, "metric") => "`measure`",
        "conversion" if !has(params, "conversion_type_params") => "`conversion_type_params`",
        "ratio" if !has(params, "numerator") || !has(params, "denominator") => {
            "both `numerator` and `denominator`"
        }
        _ => return Ok(()),
    };
    let message = format!("the {of_type} metric `{}` needs {what}", metric.name);
    Err(error(metric, message, "add it below `type_params:`"))
}

impl SemanticLayer<'_> {
    /// Errors of exports without a destination.
    pub fn exports(&self) -> Vec<Diagnostic> {
        let destination = |config: Option<&Value>| {
            config
                .and_then(Value::as_str)
                .is_some_and(|of| ["table", "view"].contains(&of.to_lowercase().as_str()))
        };
        let mut errors = Vec::new();
        for query in &self.queries {
            for export in parts(query, "exports") {
                let of_export = export.get("config").and_then(|config| config.get("export_as"));
                if !destination(of_export.or(query.config.get("export_as"))) {
                    let name = name(export);
                    let message = format!(
                        "the export `{name}` of the saved query `{}` has no `export_as`",
                        query.name
                    );
                    let hint = "add `export_as: table` or `export_as: view` below its `config:`";
                    errors.push(error(query, message, hint));
                }
            }
        }
        errors
    }
}
