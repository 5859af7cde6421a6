//! The JSON of a node that dbt shows to Jinja: `model`, and the values of `graph.nodes`.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::jinja::RefCall;
use crate::project::constraint;

use super::config_json::{config_json, defaults};
use super::key_order::{in_key_order, is_only_of_nodes};
use super::{Kind, Materialization, Node};

/// The keys `refs` and `sources` of a node or a resource.
pub fn reads_json(refs: &[RefCall], sources: &[(String, String)]) -> [Value; 2] {
    let source = |(source, table): &(String, String)| json!([source, table]);
    [refs.iter().map(RefCall::json).collect(), sources.iter().map(source).collect()]
}

/// A node as `graph.nodes` and `graph.sources` have it, with the unique ids that it reads.
fn graph_entry(node: &Node, reads: &[String]) -> Value {
    let config = config_json(node);
    let meta = config.get("meta").cloned().unwrap_or_else(|| json!({}));
    let column = |column: &super::Column| {
        let mut json = Map::new();
        json.insert("name".to_string(), json!(column.name));
        json.insert("description".to_string(), json!(column.description));
        json.extend(column.attributes.clone());
        (column.name.clone(), Value::Object(json))
    };
    // The columns that a seed's first line names are not in it.
    let declared = node.columns.iter().filter(|column| !column.attributes.is_empty());
    let [refs, sources] = reads_json(&node.refs, &node.sources);
    let mut json = json!({
        "database": node.relation.database,
        "schema": node.relation.schema,
        "name": node.name,
        "resource_type": resource_type(node.kind),
        "package_name": node.package,
        "path": node.path_in_models,
        "original_file_path": node.path,
        "unique_id": node.unique_id,
        "fqn": node.fqn,
        "alias": node.relation.identifier,
        "checksum": {"name": "sha256", "checksum": checksum(&node.file.text)},
        "tags": node.tags,
        "description": node.description,
        "columns": declared.map(column).collect::<Map<_, _>>(),
        "meta": meta,
        "group": config.get("group"),
        "docs": config.get("docs"),
        "patch_path": null,
        "build_path": null,
        "unrendered_config": {},
        "created_at": 0,
        "config_call_dict": {},
        "unrendered_config_call_dict": {},
        "relation_name": relation_name(node),
        "raw_code": node.file.text.trim(),
        "doc_blocks": [],
        "language": if node.path.ends_with(".py") { "python" } else { "sql" },
        "refs": refs,
        "sources": sources,
        "metrics": [],
        "functions": [],
        "depends_on": {"macros": [], "nodes": reads},
        "compiled_path": null,
        "defer_relation": null,
    });
    if node.kind == Kind::Snapshot {
        json["contract"] = json!({"enforced": false, "alias_types": true, "checksum": null});
    }
    if node.kind == Kind::Model {
        let model_constraint = |of: &Value| {
            let mut json = constraint(of);
            if let Value::Object(json) = &mut json {
                json.entry("columns").or_insert_with(|| json!([]));
            }
            json
        };
        let constraints: Value = node.constraints.iter().map(model_constraint).collect();
        for (key, value) in [
            ("contract", json!({"enforced": false, "alias_types": true, "checksum": null})),
            ("access", config.get("access").cloned().unwrap_or_default()),
            ("constraints", constraints),
            ("version", version(node.version.as_deref())),
            ("latest_version", Value::Null),
            ("deprecation_date", Value::Null),
            ("primary_key", json!([])),
            ("time_spine", Value::Null),
            ("batch", Value::Null),
        ] {
            json[key] = value;
        }
        if let (Value::Object(contract), Some(Value::Object(of_node))) =
            (&mut json["contract"], config.get("contract"))
        {
            contract.extend(of_node.clone());
        }
    }
    json["config"] = Value::Object(config);
    if let (Kind::Seed, Value::Object(json)) = (node.kind, &mut json) {
        const OF_QUERIES: [&str; 6] =
            ["language", "refs", "sources", "metrics", "functions", "compiled_path"];
        json.retain(|key, _| !OF_QUERIES.contains(&key.as_str()));
        json.insert("depends_on".to_string(), json!({"macros": []}));
    }
    if let Value::Object(json) = &mut json {
        if let Some(source) = &node.source_name {
            json.retain(|key, _| !is_only_of_nodes(key));
            json.insert("path".to_string(), json!(node.path));
            json.insert("source_name".to_string(), json!(source));
            json.insert("identifier".to_string(), json!(node.relation.identifier));
            for key in ["freshness", "loaded_at_field", "loaded_at_query"] {
                let value = json.get("config").and_then(|config| config.get(key)).cloned();
                json.insert(key.to_string(), value.unwrap_or_default());
            }
        }
        json.extend(node.attributes.clone());
        *json = in_key_order(std::mem::take(json));
    }
    json
}

/// The names of a node while dbt computes them.
#[derive(Clone, Debug)]
pub struct ParsedNames {
    pub database: Option<String>,
    pub schema: String,
    pub alias: String,
    /// The relation in the engine's syntax, as soon as all names are known once.
    pub relation_name: Option<String>,
}

/// The node that dbt passes to a naming macro, in which a missing value is null. Of its properties
/// file it has only the configuration, unless it is a version of a model.
pub fn parsed_node_json(node: &Node, names: &ParsedNames) -> Value {
    let mut json = graph_entry(node, &[]);
    for (key, value) in [
        ("database", json!(names.database)),
        ("schema", json!(names.schema)),
        ("alias", json!(names.alias)),
        ("identifier", json!(names.alias)),
        ("relation_name", json!(names.relation_name)),
    ] {
        json[key] = value;
    }
    if node.version.is_none() {
        json["description"] = json!("");
        json["columns"] = json!({});
        json["patch_path"] = Value::Null;
        if node.kind == Kind::Model {
            json["constraints"] = json!([]);
        }
    }
    json
}

/// The keys of a column that dbt omits if they are null.
const OF_COLUMNS: [&str; 6] =
    ["data_type", "quote", "granularity", "dimension", "entity", "description"];

/// The node's `model` object, without null keys. `reads` has the unique ids of its inputs.
pub fn node_json(node: &Node, reads: &[String]) -> Value {
    let mut json = graph_entry(node, reads);
    let Value::Object(keys) = &mut json else { return json };
    keys.retain(|_, value| !value.is_null());
    for (key, value) in keys.iter_mut() {
        match (key.as_str(), value) {
            ("config", Value::Object(config)) => {
                let defaults = defaults(node.kind);
                config.retain(|key, value| !value.is_null() || !defaults.contains_key(key));
                for key in ["pre-hook", "post-hook"] {
                    config
                        .get_mut(key)
                        .and_then(Value::as_array_mut)
                        .into_iter()
                        .flatten()
                        .for_each(without_nulls);
                }
                for key in ["docs", "latest_version_pointer", "snapshot_meta_column_names"] {
                    config
                        .get_mut(key)
                        .and_then(Value::as_object_mut)
                        .into_iter()
                        .for_each(|dict| dict.retain(|_, value| !value.is_null()));
                }
            }
            ("docs" | "contract", Value::Object(dict)) => dict.retain(|_, value| !value.is_null()),
            ("columns", Value::Object(columns)) => {
                for column in columns.values_mut().filter_map(Value::as_object_mut) {
                    // Custom keys are included even if they are null.
                    column.retain(|key, value| {
                        !value.is_null() || !OF_COLUMNS.contains(&key.as_str())
                    });
                    let constraints = column.get_mut("constraints").and_then(Value::as_array_mut);
                    constraints.into_iter().flatten().for_each(without_nulls);
                }
            }
            ("constraints" | "refs", Value::Array(items)) => {
                items.iter_mut().for_each(without_nulls)
            }
            _ => {}
        }
    }
    json
}

fn without_nulls(value: &mut Value) {
    if let Value::Object(dict) = value {
        dict.retain(|_, value| !value.is_null());
    }
}

/// A version with its YAML type: a number, or a text.
pub fn version(version: Option<&str>) -> Value {
    let Some(text) = version else { return Value::Null };
    let number: Option<serde_json::Number> = text.parse().ok();
    number.filter(|number| number.to_string() == text).map_or_else(|| json!(text), Value::Number)
}

/// dbt's `graph`: all nodes by unique id, with sources in a separate dict. `read` returns the
/// unique ids of a node's inputs.
pub fn graph_json<'a>(
    nodes: impl Iterator<Item = &'a Node>,
    read: &dyn Fn(&str) -> Vec<String>,
) -> Value {
    let (mut nodes_by_id, mut sources) = (Map::new(), Map::new());
    let mut nodes: Vec<&Node> = nodes.collect();
    nodes.sort_by(|one, other| one.unique_id.cmp(&other.unique_id));
    for node in nodes {
        let json = graph_entry(node, &read(&node.unique_id));
        let entries = if node.kind == Kind::Source { &mut sources } else { &mut nodes_by_id };
        entries.insert(node.unique_id.clone(), json);
    }
    json!({
        "exposures": {}, "functions": {}, "groups": {}, "metrics": {}, "nodes": nodes_by_id,
        "sources": sources,
        "semantic_models": {}, "saved_queries": {}, "unit_tests": {},
    })
}

/// dbt's hash of a text, in which each run of white space is one blank.
fn checksum(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    Sha256::digest(words.join(" ")).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// dbt's name of a kind of node.
pub fn resource_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Model => "model",
        Kind::Seed => "seed",
        Kind::Snapshot => "snapshot",
        Kind::Source => "source",
    }
}

/// The relation in the engine's syntax; an ephemeral model has none.
fn relation_name(node: &Node) -> Option<String> {
    let is_ephemeral = matches!(node.materialization, Materialization::Ephemeral);
    (!is_ephemeral).then(|| node.relation.to_string())
}
