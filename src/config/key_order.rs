//! The order in which dbt has the keys of a node, which a loop over it and its text show.

use serde_json::{Map, Value};

/// The keys of models, seeds, snapshots, tests and analyses.
const OF_NODES: &[&str] = &[
    "database",
    "schema",
    "name",
    "resource_type",
    "package_name",
    "path",
    "original_file_path",
    "unique_id",
    "fqn",
    "alias",
    "checksum",
    "config",
    "tags",
    "description",
    "columns",
    "meta",
    "group",
    "docs",
    "patch_path",
    "build_path",
    "unrendered_config",
    "created_at",
    "config_call_dict",
    "unrendered_config_call_dict",
    "relation_name",
    "raw_code",
    "doc_blocks",
    "root_path",
    "language",
    "refs",
    "sources",
    "metrics",
    "functions",
    "depends_on",
    "compiled_path",
    "contract",
    "access",
    "constraints",
    "version",
    "latest_version",
    "deprecation_date",
    "defer_relation",
    "primary_key",
    "time_spine",
    "batch",
    "column_name",
    "file_key_name",
    "attached_node",
    "test_metadata",
];

const OF_SOURCES: &[&str] = &[
    "database",
    "schema",
    "name",
    "resource_type",
    "package_name",
    "path",
    "original_file_path",
    "unique_id",
    "fqn",
    "source_name",
    "source_description",
    "loader",
    "identifier",
    "quoting",
    "loaded_at_field",
    "loaded_at_query",
    "freshness",
    "external",
    "description",
    "columns",
    "meta",
    "source_meta",
    "tags",
    "config",
    "patch_path",
    "unrendered_config",
    "relation_name",
    "created_at",
    "unrendered_database",
    "unrendered_schema",
    "doc_blocks",
    "_event_status",
];

const OF_UNIT_TESTS: &[&str] = &[
    "model",
    "given",
    "expect",
    "name",
    "resource_type",
    "package_name",
    "path",
    "original_file_path",
    "unique_id",
    "fqn",
    "description",
    "overrides",
    "depends_on",
    "config",
    "checksum",
    "schema",
    "created_at",
    "versions",
    "version",
    "_event_status",
];

/// The keys of exposures, metrics and the like that follow those of their kind.
const LAST_OF_EXPOSURES: &[&str] = &["depends_on", "refs", "sources", "metrics", "created_at"];
const LAST_OF_METRICS: &[&str] =
    &["sources", "depends_on", "refs", "metrics", "created_at", "group", "meta", "tags"];
const LAST_OF_SAVED_QUERIES: &[&str] = &["group", "depends_on", "created_at", "refs", "tags"];
const LAST_OF_SEMANTIC_MODELS: &[&str] =
    &["depends_on", "refs", "created_at", "config", "unrendered_config", "primary_entity", "group"];

/// Whether models and the like have this key, and sources do not.
pub fn is_only_of_nodes(key: &str) -> bool {
    OF_NODES.contains(&key) && !OF_SOURCES.contains(&key)
}

/// A node with its keys in dbt's order; keys of other names are last.
pub fn in_key_order(mut node: Map<String, Value>) -> Map<String, Value> {
    let (first, last): (&[&str], &[&str]) = match node.get("resource_type").and_then(Value::as_str)
    {
        Some("model" | "seed" | "snapshot" | "test" | "analysis") => (OF_NODES, &[]),
        Some("source") => (OF_SOURCES, &[]),
        Some("unit_test") => (OF_UNIT_TESTS, &[]),
        Some("exposure") => (&[], LAST_OF_EXPOSURES),
        Some("metric") => (&[], LAST_OF_METRICS),
        Some("saved_query") => (&[], LAST_OF_SAVED_QUERIES),
        Some("semantic_model") => (&[], LAST_OF_SEMANTIC_MODELS),
        _ => return node,
    };
    let mut take = |keys: &[&str]| {
        let known = keys.iter().filter_map(|key| node.shift_remove_entry(*key));
        known.collect::<Map<_, _>>()
    };
    let (mut ordered, last) = (take(first), take(last));
    ordered.extend(node);
    ordered.extend(last);
    ordered
}
