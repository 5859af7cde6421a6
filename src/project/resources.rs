//! Resources that a plan does not build, but a selection can name: data tests, unit tests,
//! exposures, groups, metrics, semantic models, saved queries and analyses. Takes properties files
//! and SQL files; returns each resource's name, its references, and its entry for Jinja's `graph`.
//! Skips an entry without a name or with an invalid shape: it is reported elsewhere, and no plan
//! depends on it.

use serde_json::{Map, Value, json};

use crate::diagnostics::{Diagnostics, SourceFile};
use crate::jinja::{ColumnStyle, RefCall, RefVersion, YamlScope};
use crate::yaml::Yaml;

use super::generic_tests::generic_tests;
use super::parse_pass::ParsedModel;
use super::resource::{Resource, ResourceKind, items, tags, text};
use super::resource_values::entry_values;
use super::semantic_entries;
use super::semantic_inputs::{metric_inputs, with_type_params};
use super::semantic_nodes;
use super::shape::Part;
use super::values::list;

/// The resources of a properties file.
pub fn read(
    tree: &Yaml,
    file: &SourceFile,
    scope: &YamlScope,
    columns: &ColumnStyle,
    resources: &mut Vec<Resource>,
    errors: &mut Diagnostics,
) {
    // As in dbt, those of models come first.
    let mut resources_of_file = semantic_nodes::read(tree, scope, errors);
    for (key, kind) in [
        ("exposures", ResourceKind::Exposure),
        ("groups", ResourceKind::Group),
        ("metrics", ResourceKind::Metric),
        ("semantic_models", ResourceKind::SemanticModel),
        ("saved_queries", ResourceKind::SavedQuery),
        ("unit_tests", ResourceKind::UnitTest),
    ] {
        for yaml in items(tree, key) {
            let entry = match entry_values(key, yaml, scope) {
                Ok(entry) => entry,
                Err(error) => {
                    errors.0.push(error);
                    continue;
                }
            };
            semantic_entries::check(kind, Part { yaml, value: &entry }, errors);
            let entry = match kind {
                ResourceKind::Metric => with_type_params(entry, None, None),
                _ => entry,
            };
            let mut of_entry: Vec<Resource> = resource(kind, &entry).into_iter().collect();
            if kind == ResourceKind::SemanticModel {
                let metrics =
                    of_entry.first().map(|model| metrics_of_measures(&model.name, &entry));
                of_entry.extend(metrics.unwrap_or_default());
            }
            of_entry.iter_mut().for_each(|resource| resource.at = Some(yaml.at.clone()));
            resources_of_file.extend(of_entry);
        }
    }
    resources_of_file.extend(generic_tests(tree, columns));
    resources_of_file.iter_mut().for_each(|resource| resource.path = file.path.to_string());
    resources.extend(resources_of_file);
}

/// A singular test or an analysis, with the configuration and references of its parse pass. If the
/// file does not render, the references are matched in its text.
pub fn from_sql_file(
    kind: ResourceKind,
    name: String,
    file: &SourceFile,
    parsed: Option<ParsedModel>,
) -> Resource {
    let mut resource = Resource {
        fqn: vec![name.clone()],
        path: file.path.to_string(),
        entry: Map::from_iter([("raw_code".to_string(), Value::from(file.text.trim()))]),
        ..Resource::new(kind, name)
    };
    let Some(parsed) = parsed else {
        resource.add_calls(&file.text);
        return resource;
    };
    resource.at = Some(file.line(1));
    resource.refs = parsed.refs;
    resource.sources = parsed.sources;
    resource.config =
        parsed.config.into_iter().flatten().map(|(key, setting)| (key, setting.value)).collect();
    resource.tags = tags(&Value::Object(resource.config.clone()));
    resource
}

fn resource(kind: ResourceKind, entry: &Value) -> Option<Resource> {
    let name = text(entry, "name")?;
    let mut resource = Resource::new(kind, name.clone());
    resource.entry = entry.as_object().cloned().unwrap_or_default();
    resource.config = entry.get("config").and_then(Value::as_object).cloned().unwrap_or_default();
    resource.tags = tags(entry);
    resource.tags.extend(tags(&Value::Object(resource.config.clone())));
    resource.fqn = vec![name];
    match kind {
        ResourceKind::Exposure => entry
            .get("depends_on")
            .map(list)
            .iter()
            .flatten()
            .filter_map(Value::as_str)
            .for_each(|call| resource.add_calls(call)),
        ResourceKind::SemanticModel => {
            resource.add_calls(entry.get("model")?.as_str()?);
            let measures = entry.get("measures").map(list).unwrap_or_default();
            resource.measures =
                measures.iter().filter_map(|measure| text(measure, "name")).collect();
        }
        ResourceKind::SavedQuery => {
            let metrics = entry
                .get("query_params")
                .and_then(|query| query.get("metrics"))
                .map(list)
                .unwrap_or_default();
            resource.metrics = metrics.iter().filter_map(Value::as_str).map(String::from).collect();
        }
        ResourceKind::Metric => metric_inputs(&mut resource),
        ResourceKind::UnitTest => {
            let model = text(entry, "model")?;
            resource.fqn.insert(0, model.clone());
            // A name, or a name and a version after a space.
            let mut words = model.split_whitespace().map(str::to_string);
            let name = words.next()?;
            let version = words.next().map(|text| RefVersion { text, is_number: false });
            resource.refs.push(RefCall { package: None, name, version });
        }
        ResourceKind::Test | ResourceKind::Analysis | ResourceKind::Group => {}
    }
    Some(resource)
}

/// The metrics for the measures of a semantic model with `create_metric: true`. Their configuration
/// is that of the semantic model, which `dbt_project.yml` completes.
fn metrics_of_measures(model: &str, entry: &Value) -> Vec<Resource> {
    let measures = entry.get("measures").map(list).unwrap_or_default();
    let creates = measures
        .into_iter()
        .filter(|measure| measure.get("create_metric") == Some(&Value::Bool(true)));
    let metric = |measure: Value| {
        let name = text(&measure, "name")?;
        let or = |key: &str, usual: String| {
            let value = measure.get(key).filter(|value| !is_falsy(value));
            value.cloned().unwrap_or_else(|| usual.into())
        };
        let entry = json!({
            "label": or("label", name.clone()),
            "description": or("description", format!("Metric created from measure {name}")),
            "type": "simple",
            "type_params": {"measure": name, "expr": or("expr", name.clone())},
        });
        Some(Resource {
            entry: entry.as_object().cloned().unwrap_or_default(),
            fqn: vec![name.clone()],
            measures: vec![name.clone()],
            semantic_model: Some(model.to_string()),
            ..Resource::new(ResourceKind::Metric, name)
        })
    };
    creates.filter_map(metric).collect()
}

/// Whether Python's `or` replaces a value that is no list and no dict.
fn is_falsy(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}
