//! The semantic layer in the entries of nodes. Takes a properties file; returns the semantic model
//! and the metrics that the entry of a model declares, and adds the errors of these keys and of the
//! columns of all nodes.

use serde_json::{Map, Value, json};

use crate::diagnostics::Diagnostics;
use crate::jinja::{RefCall, YamlScope};
use crate::yaml::{Data, Yaml};

use super::resource::{Resource, ResourceKind, items, text};
use super::resource_values::entry_values;
use super::semantic_entries::{check_column, check_model};
use super::semantic_inputs::{metric_inputs, with_type_params};
use super::shape::Part;

/// The keys of a model for the semantic layer.
const OF_MODEL: [&str; 7] = [
    "time_spine",
    "semantic_model",
    "primary_entity",
    "agg_time_dimension",
    "metrics",
    "derived_semantics",
    "columns",
];
const OF_COLUMN: [&str; 3] = ["granularity", "dimension", "entity"];
/// Further keys that these need.
const WITH_MODEL: [&str; 4] = ["name", "description", "latest_version", "versions"];
const WITH_COLUMN: [&str; 6] = ["name", "description", "include", "exclude", "config", "meta"];

/// The semantic models and metrics that the models of a file declare.
pub(super) fn read(tree: &Yaml, scope: &YamlScope, errors: &mut Diagnostics) -> Vec<Resource> {
    let nodes = ["seeds", "snapshots"].into_iter().flat_map(|key| items(tree, key));
    let tables = items(tree, "sources").iter().flat_map(|source| items(source, "tables"));
    for column in nodes.chain(tables).flat_map(|node| items(node, "columns")) {
        let part = chosen(column, &OF_COLUMN, &WITH_COLUMN);
        with_values(part.as_ref(), scope, errors, check_column);
    }
    let mut resources = Vec::new();
    for yaml in items(tree, "models") {
        let of_versions = items(yaml, "versions").iter().flat_map(|of| items(of, "columns"));
        for column in of_versions {
            let part = chosen(column, &OF_COLUMN, &WITH_COLUMN);
            with_values(part.as_ref(), scope, errors, check_column);
        }
        let part = semantic_part(yaml);
        with_values(part.as_ref(), scope, errors, |part, errors| {
            let before = errors.0.len();
            check_model(part, errors);
            if errors.0.len() == before && items(yaml, "versions").is_empty() {
                let mut of_model = of_model(part.value);
                of_model.iter_mut().for_each(|resource| resource.at = Some(yaml.at.clone()));
                resources.extend(of_model);
            }
        });
    }
    resources
}

/// Gives the rendered values of a part, if there is one.
fn with_values(
    yaml: Option<&Yaml>,
    scope: &YamlScope,
    errors: &mut Diagnostics,
    mut then: impl FnMut(Part, &mut Diagnostics),
) {
    let Some(yaml) = yaml else { return };
    // Errors of the Jinja of these keys are reported where the columns are read.
    if let Ok(value) = entry_values("models", yaml, scope) {
        then(Part { yaml, value: &value }, errors);
    }
}

/// The entry with the keys for the semantic layer alone, if it has one.
fn semantic_part(yaml: &Yaml) -> Option<Yaml> {
    let mut part = chosen(yaml, &OF_MODEL, &WITH_MODEL)?;
    let Data::Dict(keys) = &mut part.data else { return None };
    let has_own = keys.keys().any(|key| key != "columns" && OF_MODEL.contains(&key.as_str()));
    let columns_of = |list: &Yaml| -> Yaml {
        let columns = list.items().iter();
        let columns = columns.map(|column| {
            // A value of another type is reported elsewhere.
            chosen(column, &WITH_COLUMN, &OF_COLUMN).unwrap_or_else(|| empty(column))
        });
        Yaml { data: Data::List(columns.collect()), at: list.at.clone() }
    };
    if let Some(columns) = keys.get("columns") {
        let is_semantic = |column: &Yaml| OF_COLUMN.iter().any(|key| column.get(key).is_some());
        if !has_own && !columns.items().iter().any(is_semantic) {
            return None;
        }
        let columns = columns_of(columns);
        keys.insert("columns".to_string(), columns);
    }
    if let Some(versions) = keys.get("versions") {
        let versions_of_columns = versions.items().iter().map(|version| {
            let mut version =
                chosen(version, &["v", "columns"], &[]).unwrap_or_else(|| empty(version));
            if let Data::Dict(keys) = &mut version.data
                && let Some(columns) = keys.get("columns")
            {
                let columns = columns_of(columns);
                keys.insert("columns".to_string(), columns);
            }
            version
        });
        let list = versions_of_columns.collect();
        let versions = Yaml { data: Data::List(list), at: versions.at.clone() };
        keys.insert("versions".to_string(), versions);
    }
    Some(part)
}

/// The dict with some keys alone, if it has one of `keys`.
fn chosen(yaml: &Yaml, keys: &[&str], more: &[&str]) -> Option<Yaml> {
    let dict = yaml.dict()?;
    if !keys.iter().any(|key| dict.contains_key(*key)) {
        return None;
    }
    let is_chosen = |key: &str| keys.contains(&key) || more.contains(&key);
    let chosen = dict.iter().filter(|(key, _)| is_chosen(key));
    let chosen = chosen.map(|(key, value)| (key.clone(), value.clone())).collect();
    Some(Yaml { data: Data::Dict(chosen), at: yaml.at.clone() })
}

fn empty(yaml: &Yaml) -> Yaml {
    Yaml { data: Data::Dict(Default::default()), at: yaml.at.clone() }
}

/// The semantic model of a model, and its metrics.
fn of_model(entry: &Value) -> Vec<Resource> {
    let declared = entry.get("semantic_model").unwrap_or(&Value::Null);
    let is_enabled = match declared {
        Value::Bool(yes) => *yes,
        Value::Object(of) => of.get("enabled") != Some(&Value::Bool(false)),
        _ => false,
    };
    let Some(model) = text(entry, "name").filter(|_| is_enabled) else { return Vec::new() };
    let name = text(declared, "name").unwrap_or_else(|| model.clone());
    let time = text(entry, "agg_time_dimension");
    let mut resources = vec![semantic_model(entry, declared, &model, &name)];
    for metric in list(entry, "metrics") {
        let is_simple = metric.get("type").and_then(Value::as_str).unwrap_or("simple");
        let is_simple = is_simple.eq_ignore_ascii_case("simple");
        let of = Some(&*name).filter(|_| is_simple);
        let metric = with_type_params(metric, of, time.as_deref().filter(|_| is_simple));
        let Some(name) = text(&metric, "name") else { continue };
        let config = metric.get("config").and_then(Value::as_object).cloned();
        let mut resource = Resource {
            config: config.unwrap_or_default(),
            entry: metric.as_object().cloned().unwrap_or_default(),
            fqn: vec![name.clone()],
            ..Resource::new(ResourceKind::Metric, name)
        };
        metric_inputs(&mut resource);
        resources.push(resource);
    }
    resources
}

fn semantic_model(entry: &Value, declared: &Value, model: &str, name: &str) -> Resource {
    let mut config = Map::new();
    if let Some(keys) = declared.as_object() {
        if let Some(meta) = keys.get("config").and_then(|config| config.get("meta")) {
            config.insert("meta".to_string(), meta.clone());
        }
        let others = ["enabled", "group"].into_iter().filter_map(|key| {
            let value = keys.get(key).filter(|value| !value.is_null())?;
            Some((key.to_string(), value.clone()))
        });
        // dbt reads these with `config:` alone.
        config.extend(others.filter(|_| keys.get("config").is_some_and(Value::is_object)));
    }
    let columns = list(entry, "columns");
    let of_columns = |read: fn(&Value) -> Option<Value>| columns.iter().filter_map(read);
    let derived = entry.get("derived_semantics").cloned().unwrap_or_default();
    let dimensions = of_columns(dimension_of_column)
        .chain(list(&derived, "dimensions").into_iter().map(derived_dimension));
    let entities = of_columns(entity_of_column).chain(list(&derived, "entities"));
    let entry = json!({
        "name": name, "model": format!("ref('{model}')"),
        "description": entry.get("description").cloned().unwrap_or_else(|| "".into()),
        "defaults": {"agg_time_dimension": entry.get("agg_time_dimension")},
        "primary_entity": entry.get("primary_entity"),
        "entities": entities.collect::<Vec<_>>(), "measures": [],
        "dimensions": dimensions.collect::<Vec<_>>(),
    });
    Resource {
        config,
        entry: entry.as_object().cloned().unwrap_or_default(),
        fqn: vec![name.to_string()],
        refs: vec![RefCall { package: None, name: model.to_string(), version: None }],
        ..Resource::new(ResourceKind::SemanticModel, name.to_string())
    }
}

/// The value of a key, or of the column's, if it is not set.
fn or_column(of: &Value, column: &Value, key: &str) -> Value {
    let set = of.get(key).filter(|value| !value.is_null() && **value != "");
    set.or(column.get(key)).cloned().unwrap_or_else(|| "".into())
}

/// The `meta` of a column, to which `config` adds.
fn meta(column: &Value) -> Map<String, Value> {
    let mut meta = Map::new();
    for of in [Some(column), column.get("config")].into_iter().flatten() {
        meta.extend(of.get("meta").and_then(Value::as_object).cloned().unwrap_or_default());
    }
    meta
}

/// The element of a column that declares its type alone: `dimension: time`.
fn of_type(word: &str, column: &Value) -> Value {
    json!({
        "name": column.get("name"), "type": word.to_lowercase(),
        "description": or_column(&Value::Null, column, "description"),
        "config": {"meta": meta(column)},
    })
}

fn dimension_of_column(column: &Value) -> Option<Value> {
    let of = column.get("dimension").filter(|of| !of.is_null())?;
    let column_name = column.get("name")?;
    if let Value::String(word) = of {
        return Some(of_type(word, column));
    }
    let name = or_column(of, column, "name");
    let mut all = meta(column);
    let of_config =
        of.get("config").and_then(|config| config.get("meta")).and_then(Value::as_object);
    all.extend(of_config.cloned().unwrap_or_default());
    let granularity = column.get("granularity").filter(|of| !of.is_null() && **of != "");
    let params = granularity.map(|granularity| {
        json!({"time_granularity": granularity, "validity_params": of.get("validity_params")})
    });
    Some(json!({
        "name": name, "type": of.get("type"), "label": of.get("label"),
        "description": or_column(of, column, "description"),
        "is_partition": of.get("is_partition") == Some(&Value::Bool(true)),
        "type_params": params, "expr": Some(column_name).filter(|column| **column != name),
        "config": {"meta": all},
    }))
}

fn entity_of_column(column: &Value) -> Option<Value> {
    let of = column.get("entity").filter(|of| !of.is_null())?;
    let column_name = column.get("name")?;
    if let Value::String(word) = of {
        return Some(of_type(word, column));
    }
    let name = or_column(of, column, "name");
    let of_config = of.get("config").and_then(|config| config.get("meta")).cloned();
    Some(json!({
        "name": name, "type": of.get("type"), "label": of.get("label"),
        "description": or_column(of, column, "description"),
        "expr": Some(column_name).filter(|column| **column != name),
        "config": {"meta": of_config.unwrap_or_else(|| Value::Object(meta(column)))},
    }))
}

/// A derived dimension, whose granularity is below `type_params` elsewhere.
fn derived_dimension(dimension: Value) -> Value {
    let mut keys = dimension.as_object().cloned().unwrap_or_default();
    let validity = keys.shift_remove("validity_params");
    if let Some(granularity) = keys.shift_remove("granularity").filter(|of| !of.is_null()) {
        let params = json!({"time_granularity": granularity, "validity_params": validity});
        keys.insert("type_params".to_string(), params);
    }
    Value::Object(keys)
}

fn list(of: &Value, key: &str) -> Vec<Value> {
    of.get(key).and_then(Value::as_array).cloned().unwrap_or_default()
}
