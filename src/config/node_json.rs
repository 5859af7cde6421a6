//! A node as dbt shows it to Jinja: `model`, and the values of `graph.nodes`.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::jinja::Relation;

use super::{Kind, Node};

/// dbt's JSON of a node.
pub fn node_json(node: &Node) -> Value {
    let mut config: Map<String, Value> = node.config.iter().map(|(key, setting)| (key.clone(), setting.value.clone())).collect();
    config.insert("tags".to_string(), json!(node.tags));
    for (hooks, spelled) in [(&node.pre_hooks, "pre-hook"), (&node.post_hooks, "post-hook")] {
        config.shift_remove(&spelled.replace('-', "_"));
        config.insert(spelled.to_string(), hooks.iter().map(|sql| json!({"sql": sql, "transaction": true, "index": null})).collect());
    }
    for (key, value) in [("meta", json!({})), ("event_time", Value::Null), ("unique_key", Value::Null), ("full_refresh", Value::Null)] {
        config.entry(key).or_insert(value);
    }
    if node.kind == Kind::Model {
        for (key, value) in
            [("lookback", json!(1)), ("begin", Value::Null), ("batch_size", Value::Null), ("incremental_strategy", Value::Null)]
        {
            config.entry(key).or_insert(value);
        }
    }
    let meta = config.get("meta").cloned().unwrap_or_else(|| json!({}));
    let column = |column: &super::Column| {
        let said = json!({"name": column.name, "description": column.description, "data_type": column.data_type, "quote": column.quote, "meta": {}, "tags": []});
        (column.name.clone(), said)
    };
    let mut json = json!({
        "unique_id": node.unique_id,
        "resource_type": resource_type(node.kind),
        "name": node.name,
        "alias": node.relation.identifier,
        "identifier": node.relation.identifier,
        "database": node.relation.database,
        "schema": node.relation.schema,
        "relation_name": written(&node.relation),
        "package_name": node.package,
        "fqn": node.fqn,
        "path": node.path_in_models,
        "original_file_path": node.path,
        "raw_code": &*node.file.text,
        "language": if node.path.ends_with(".py") { "python" } else { "sql" },
        "description": node.description,
        "tags": node.tags,
        "meta": meta,
        "config": config,
        "columns": node.columns.iter().map(column).collect::<Map<_, _>>(),
        "refs": node.refs.iter().map(|call| json!({"name": call.name, "package": call.package, "version": call.version})).collect::<Value>(),
        "sources": node.sources.iter().map(|(source, table)| json!([source, table])).collect::<Value>(),
        "version": node.version,
        "checksum": {"name": "sha256", "checksum": checksum(&node.file.text)},
        "depends_on": {"macros": [], "nodes": []},
        "docs": {"show": true, "node_color": null},
        "group": config.get("group"),
        "patch_path": null,
        "build_path": null,
        "metrics": [],
        "created_at": 0,
        "unrendered_config": {},
        "doc_blocks": [],
    });
    if node.kind == Kind::Model {
        for (key, value) in [
            ("access", config.get("access").cloned().unwrap_or_else(|| json!("protected"))),
            ("contract", config.get("contract").cloned().unwrap_or_else(|| json!({"enforced": false, "alias_types": true}))),
            ("latest_version", Value::Null),
            ("constraints", json!([])),
            ("deprecation_date", Value::Null),
            ("primary_key", json!([])),
            ("time_spine", Value::Null),
        ] {
            json[key] = value;
        }
    }
    if let (Some(source), Value::Object(json)) = (&node.source_name, &mut json) {
        json.insert("source_name".to_string(), json!(source));
        json.insert("source_meta".to_string(), json!({}));
    }
    json
}

/// dbt's `graph`: all nodes by unique id, sources apart. `read` gives the unique ids that a node reads.
pub fn graph_json<'a>(nodes: impl Iterator<Item = &'a Node>, read: &dyn Fn(&str) -> Vec<String>) -> Value {
    let (mut others, mut sources) = (Map::new(), Map::new());
    for node in nodes {
        let mut json = node_json(node);
        json["depends_on"] = json!({"macros": [], "nodes": read(&node.unique_id)});
        let there = if node.kind == Kind::Source { &mut sources } else { &mut others };
        there.insert(node.unique_id.clone(), json);
    }
    json!({"nodes": others, "sources": sources})
}

fn checksum(text: &str) -> String {
    Sha256::digest(text.trim()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// dbt's word for a kind of node.
pub fn resource_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Model => "model",
        Kind::Seed => "seed",
        Kind::Snapshot => "snapshot",
        Kind::Source => "source",
    }
}

/// The relation as the engine writes it.
fn written(relation: &Relation) -> String {
    let parts = [relation.database.as_deref(), relation.schema.as_deref(), Some(relation.identifier.as_str())];
    let style = &relation.style;
    let part = |(nth, name): (usize, &Option<&str>)| {
        let name = name.filter(|_| style.included[nth])?;
        let quote = style.quote;
        Some(if style.quoted[nth] { format!("{quote}{name}{quote}") } else { name.to_string() })
    };
    parts.iter().enumerate().filter_map(part).collect::<Vec<_>>().join(".")
}
