//! A node's configuration as dbt shows it to Jinja: `config.get()`, `model.config`,
//! `graph.nodes[…].config`. Keys that are not set have dbt's defaults, most of them null.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use crate::project::list;

use super::layers::texts;
use super::{Kind, Node};

/// All keys, in dbt's order; hooks are under `pre-hook` and `post-hook`.
pub fn config_json(node: &Node) -> Map<String, Value> {
    let mut config = defaults(node.kind).clone();
    for (key, setting) in &node.config {
        let value = match (config.get(key), &setting.value) {
            // Some keys are dicts with defaults of their own.
            (Some(Value::Object(known)), Value::Object(value)) if key != "meta" => {
                let mut combined = known.clone();
                combined.extend(value.clone());
                Value::Object(combined)
            }
            (Some(known), Value::Null) if !known.is_null() && key != "freshness" => known.clone(),
            (_, value) => value.clone(),
        };
        config.insert(key.clone(), value);
    }
    config
        .insert("tags".to_string(), json!(texts(node.config.get("tags").map(|tags| &tags.value))));
    if node.kind != Kind::Source {
        for (key, dbt_key) in [("pre_hook", "pre-hook"), ("post_hook", "post-hook")] {
            config.shift_remove(key);
            let hooks =
                node.config.get(key).map(|setting| list(&setting.value)).unwrap_or_default();
            config.insert(dbt_key.to_string(), hooks.iter().map(hook_json).collect());
        }
    }
    config
}

/// A hook as dbt has it: a dict, a text of JSON that is one, or SQL.
pub fn hook_json(value: &Value) -> Value {
    let parsed =
        value.as_str().and_then(|text| serde_json::from_str(text).ok()).filter(Value::is_object);
    let dict = parsed
        .or_else(|| Some(value.clone()).filter(Value::is_object))
        .unwrap_or_else(|| json!({"sql": value}));
    let mut hook = keys(json!({"sql": "", "transaction": true, "index": null}));
    hook.extend(keys(dict));
    Value::Object(hook)
}

/// The configuration of a node without settings.
pub fn defaults(kind: Kind) -> &'static Map<String, Value> {
    static DEFAULTS: LazyLock<[Map<String, Value>; 4]> =
        LazyLock::new(|| [Kind::Model, Kind::Seed, Kind::Snapshot, Kind::Source].map(defaults_of));
    &DEFAULTS[match kind {
        Kind::Model => 0,
        Kind::Seed => 1,
        Kind::Snapshot => 2,
        Kind::Source => 3,
    }]
}

fn defaults_of(kind: Kind) -> Map<String, Value> {
    if kind == Kind::Source {
        return keys(json!({
            "enabled": true, "event_time": null,
            "freshness": {
                "warn_after": {"count": null, "period": null},
                "error_after": {"count": null, "period": null}, "filter": null,
            },
            "loaded_at_field": null, "loaded_at_query": null, "meta": {}, "tags": [],
            "static_analysis": null,
        }));
    }
    let mut all = keys(json!({
        "enabled": true, "alias": null, "schema": null, "database": null, "tags": [], "meta": {},
        "group": null, "static_analysis": null, "materialized": "view",
        "incremental_strategy": null, "batch_size": null, "lookback": 1, "begin": null,
        "persist_docs": {}, "post-hook": [], "pre-hook": [], "quoting": {}, "column_types": {},
        "full_refresh": null, "unique_key": null, "on_schema_change": "ignore",
        "on_configuration_change": "apply", "grants": {}, "packages": [],
        "docs": {"show": true, "node_color": null},
        "contract": {"enforced": false, "alias_types": true}, "event_time": null,
        "concurrent_batches": null,
    }));
    all.extend(keys(match kind {
        Kind::Model => json!({
            "access": "protected", "freshness": null, "on_error": null,
            "latest_version_pointer": {"enabled": null, "alias": null},
        }),
        Kind::Seed => json!({"delimiter": ",", "quote_columns": null}),
        _ => json!({
            "strategy": null, "target_schema": null, "target_database": null, "updated_at": null,
            "check_cols": null,
            "snapshot_meta_column_names": {
                "dbt_valid_to": null, "dbt_valid_from": null, "dbt_scd_id": null,
                "dbt_updated_at": null, "dbt_is_deleted": null,
            },
            "dbt_valid_to_current": null,
        }),
    }));
    all
}

fn keys(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}
