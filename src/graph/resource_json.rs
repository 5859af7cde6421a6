//! Tests, exposures, metrics and other resources as dbt's `graph` shows them to Jinja. Takes the
//! linked resources; adds them to the JSON of the nodes. Values that differ in each dbt run
//! (`created_at`) are 0; dbt's internal values (`unrendered_config`, the macros of `depends_on`)
//! are empty.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::config::{Disabled, Kind, ResourceNames, hook_json, in_key_order, reads_json};
use crate::diagnostics::Diagnostic;
use crate::jinja::RefCall;
use crate::project::{GenericTest, Resource, ResourceKind};

use super::json_values::{TargetNames, object, text};
use super::resources::Resources;
use super::semantic_json::{saved_query_keys, semantic_model_keys};
use super::{Graph, access};

impl Graph {
    /// Adds the resources to dbt's `graph`; `names` names tests and analyses. Returns the error of
    /// a macro that names one.
    pub fn add_resource_json(
        &self,
        target: TargetNames,
        names: &mut ResourceNames,
        graph: &mut Value,
    ) -> Result<(), Diagnostic> {
        let Resources { by_id, unlinked, order, .. } = &self.resources;
        for id in order {
            let Some(resource) = by_id.get(id).or_else(|| unlinked.get(id)) else { continue };
            let part = match resource.kind {
                ResourceKind::Test | ResourceKind::Analysis => "nodes",
                ResourceKind::Exposure => "exposures",
                ResourceKind::Group => "groups",
                ResourceKind::Metric => "metrics",
                ResourceKind::SavedQuery => "saved_queries",
                ResourceKind::SemanticModel => "semantic_models",
                ResourceKind::UnitTest => "unit_tests",
            };
            let mut json = self.resource_json(id, resource, target);
            if part == "nodes" {
                names.set(id, &mut json)?;
            }
            if let Some(part) = graph.get_mut(part).and_then(Value::as_object_mut) {
                part.insert(id.clone(), Value::Object(json));
            }
        }
        if let Some(nodes) = graph.get_mut("nodes").and_then(Value::as_object_mut) {
            let mut sorted: Vec<(String, Value)> = std::mem::take(nodes).into_iter().collect();
            // The sort is stable: generic tests stay in the order of the properties files.
            sorted.sort_by_cached_key(|(id, node)| self.parse_order(id, node));
            nodes.extend(sorted);
        }
        if let Some(sources) = graph.get_mut("sources").and_then(Value::as_object_mut) {
            let mut unsorted = std::mem::take(sources);
            let in_order = |id: &String| Some((id.clone(), unsorted.remove(id)?));
            sources.extend(self.declared_sources.iter().filter_map(in_order).collect::<Vec<_>>());
            sources.extend(unsorted);
        }
        Ok(())
    }

    /// When dbt parses a node: the files of SQL by package and kind, then what properties files
    /// add. dbt takes the files of a kind as the file system lists them; here, by unique id.
    fn parse_order(&self, id: &str, node: &Value) -> impl Ord + use<> {
        let text = |key: &str| node.get(key).and_then(Value::as_str).unwrap_or_default();
        let package = text("package_name");
        let rank = match text("resource_type") {
            "model" if node.get("version").is_some_and(|version| !version.is_null()) => 5,
            "model" => 0,
            "snapshot" => 1,
            "analysis" => 2,
            "test" if node.get("test_metadata").is_none() => 3,
            "seed" => 4,
            _ if text("file_key_name").starts_with("sources.") => 7,
            _ => 6,
        };
        let id = if rank < 6 { id } else { "" };
        (rank == 7, rank > 4, package != self.root, package.to_string(), rank, id.to_string())
    }

    fn resource_json(
        &self,
        id: &str,
        resource: &Resource,
        target: TargetNames,
    ) -> Map<String, Value> {
        let mut json = object(json!({
            "name": resource.name,
            "resource_type": resource.kind.as_str(),
            "package_name": resource.package,
            "path": path(resource),
            "original_file_path": resource.path,
            "unique_id": id,
        }));
        if resource.kind != ResourceKind::Group {
            json.insert("fqn".into(), json!(resource.fqn));
            let reads = self.inputs(id, resource);
            json.insert("depends_on".into(), json!({"macros": [], "nodes": reads}));
            json.insert("created_at".into(), json!(0));
        }
        let [refs, sources] = reads_json(&resource.refs, &resource.sources);
        json.extend(object(match resource.kind {
            ResourceKind::Group => group_keys(resource),
            ResourceKind::Exposure => exposure_keys(resource, refs, sources),
            ResourceKind::Metric => self.metric_keys(resource),
            ResourceKind::SavedQuery => saved_query_keys(resource, target),
            ResourceKind::SemanticModel => {
                let model = resource.refs.first().and_then(|call| self.referenced(resource, call));
                semantic_model_keys(resource, model, refs)
            }
            ResourceKind::UnitTest => unit_test_keys(resource, target),
            ResourceKind::Test | ResourceKind::Analysis => {
                query_keys(resource, refs, sources, target)
            }
        }));
        if let Some(test) = &resource.generic_test {
            json.extend(object(self.generic_test_keys(resource, test)));
        }
        in_key_order(json)
    }

    /// The unique ids that a resource reads, sources first, in dbt's order.
    fn inputs(&self, id: &str, resource: &Resource) -> Vec<String> {
        let parents = self.resources.parents.get(id).into_iter().flatten();
        let is_source = |id: &&String| id.starts_with("source.");
        let mut inputs: Vec<String> = parents.clone().filter(is_source).cloned().collect();
        let is_unit_test = resource.kind == ResourceKind::UnitTest;
        // Each version of its model has a unit test of its own.
        let refs = resource.refs.iter().filter(|_| !is_unit_test);
        let models = refs.filter_map(|call| self.referenced(resource, call));
        for id in models.map(|model| &model.unique_id).chain(parents.filter(|id| !is_source(id))) {
            if !inputs.contains(id) {
                inputs.push(id.clone());
            }
        }
        inputs
    }

    /// The unique id of the node on which a test is declared, which may be disabled, and its group.
    pub(super) fn tested(&self, test: &Resource, of: &GenericTest) -> Option<(&str, Option<&str>)> {
        let call = test.refs.last().filter(|_| !of.is_of_source())?;
        // dbt searches the package of the test alone, though the test reads what `ref()` finds.
        let of_package = RefCall { package: Some(test.package.clone()), ..call.clone() };
        if let Some(node) = self.referenced(test, &of_package) {
            return Some((&node.unique_id, access::group(node)));
        }
        // dbt finds a version only as long as it has not read the properties that disable it.
        let version = call.version.as_ref().map(|version| &version.text);
        let is_tested = |node: &&Disabled| {
            let has_version = match &node.version {
                Some(of) => node.is_disabled_by_properties && Some(of) == version,
                None => true,
            };
            node.kind != Kind::Source && node.name == call.name && has_version
        };
        let disabled = self.resources.disabled.iter().find(is_tested)?;
        Some((&disabled.unique_id, disabled.group.as_deref()))
    }

    fn generic_test_keys(&self, resource: &Resource, test: &GenericTest) -> Value {
        let (tested, group) = self.tested(resource, test).unzip();
        json!({
            "column_name": test.column,
            "file_key_name": test.file_key_name,
            "attached_node": tested,
            "group": group.flatten(),
            "test_metadata": {
                "name": test.name, "kwargs": test.kwargs, "namespace": test.namespace,
            },
        })
    }
}

/// dbt's `path`: below the folder of models, tests or analyses.
fn path(resource: &Resource) -> String {
    let below = resource.path.split_once('/').map_or(&*resource.path, |(_, below)| below);
    match (resource.kind, &resource.generic_test) {
        (ResourceKind::Test, Some(test)) => format!("{}.sql", test.short_name),
        (ResourceKind::Analysis, _) => format!("analysis/{below}"),
        _ => below.to_string(),
    }
}

fn group_keys(group: &Resource) -> Value {
    let mut config = object(json!({"meta": {}}));
    config.extend(group.config.clone());
    json!({
        "owner": owner(group),
        "description": group.entry.get("description"),
        "config": config,
    })
}

/// The owner: `email` and `name`, then custom keys.
fn owner(resource: &Resource) -> Value {
    let mut owner = object(json!({"email": null, "name": null}));
    owner.extend(resource.entry.get("owner").cloned().map(object).unwrap_or_default());
    Value::Object(owner)
}

fn exposure_keys(exposure: &Resource, refs: Value, sources: Value) -> Value {
    let entry = &exposure.entry;
    let mut tags = exposure.tags.clone();
    tags.sort();
    tags.dedup();
    let mut meta = entry.get("meta").cloned().map(object).unwrap_or_default();
    meta.extend(exposure.config.get("meta").cloned().map(object).unwrap_or_default());
    let mut config = object(json!({"enabled": true, "tags": tags, "meta": meta}));
    let others = exposure.config.iter().filter(|(key, _)| !matches!(&***key, "tags" | "meta"));
    config.extend(others.map(|(key, value)| (key.clone(), value.clone())));
    json!({
        "type": entry.get("type"),
        "owner": owner(exposure),
        "description": text(entry, "description"),
        "label": entry.get("label"),
        "maturity": entry.get("maturity"),
        "meta": meta,
        "tags": tags,
        "config": config,
        "unrendered_config": exposure.unrendered,
        "url": entry.get("url"),
        "refs": refs,
        "sources": sources,
        "metrics": exposure.metrics.iter().map(|metric| json!([metric])).collect::<Value>(),
    })
}

fn unit_test_keys(test: &Resource, target: TargetNames) -> Value {
    let entry = &test.entry;
    let mut config =
        object(json!({"tags": [], "meta": {}, "enabled": true, "static_analysis": null}));
    config.extend(test.config.clone());
    let mut expect = object(json!({"rows": null, "format": "dict", "fixture": null}));
    expect.extend(entry.get("expect").cloned().map(object).unwrap_or_default());
    json!({
        "model": entry.get("model"),
        "given": entry.get("given"),
        "expect": expect,
        "description": text(entry, "description"),
        "overrides": entry.get("overrides"),
        "config": config,
        "schema": target.schema,
        "versions": entry.get("versions").filter(|versions| !versions.is_null()).map(|versions| {
            let listed = |key: &str| versions.get(key).filter(|list| !list.is_null());
            json!({"include": listed("include"), "exclude": listed("exclude")})
        }),
        "version": entry.get("version"),
        "_event_status": {},
    })
}

/// The keys of a test or an analysis.
fn query_keys(resource: &Resource, refs: Value, sources: Value, target: TargetNames) -> Value {
    let is_test = resource.kind == ResourceKind::Test;
    let mut config = object(json!({
        "enabled": true, "alias": null, "schema": null, "database": null, "tags": [], "meta": {},
        "group": null, "static_analysis": null,
    }));
    config.extend(object(if is_test {
        json!({
            "schema": "dbt_test__audit", "materialized": "test", "severity": "ERROR",
            "store_failures": null, "store_failures_as": null, "sql_header": null, "where": null,
            "limit": null, "fail_calc": "count(*)", "warn_if": "!= 0", "error_if": "!= 0",
        })
    } else {
        json!({
            "materialized": "view", "incremental_strategy": null, "batch_size": null,
            "lookback": 1, "begin": null, "persist_docs": {}, "post-hook": [], "pre-hook": [],
            "quoting": {}, "column_types": {}, "full_refresh": null, "unique_key": null,
            "on_schema_change": "ignore", "on_configuration_change": "apply", "grants": {},
            "packages": [], "docs": {"show": true, "node_color": null},
            "contract": {"enforced": false, "alias_types": true}, "event_time": null,
            "concurrent_batches": null,
        })
    }));
    config.extend(resource.config.clone());
    if is_test {
        let [stored, stored_as] = stored_failures(&config);
        config.insert("store_failures".into(), stored);
        config.insert("store_failures_as".into(), stored_as);
    }
    for key in ["pre-hook", "post-hook"] {
        if let Some(Value::Array(hooks)) = config.get_mut(key) {
            hooks.iter_mut().for_each(|hook| *hook = hook_json(hook));
        }
    }
    let (code, checksum) = match (&resource.generic_test, resource.entry.get("raw_code")) {
        (Some(test), _) => {
            let namespace = test.namespace.as_ref().map(|of| format!("{of}.")).unwrap_or_default();
            let call =
                format!("{{{{ {namespace}test_{}(**_dbt_generic_test_kwargs) }}}}", test.name);
            (call.into(), json!({"name": "none", "checksum": ""}))
        }
        (None, code) => {
            let code = code.cloned().unwrap_or_default();
            let hash: String = Sha256::digest(code.as_str().unwrap_or_default())
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            (code, json!({"name": "sha256", "checksum": hash}))
        }
    };
    let mut tags = resource.tags.clone();
    tags.sort();
    tags.dedup();
    json!({
        "database": target.database,
        "schema": target.schema,
        "alias": resource.name,
        "checksum": checksum,
        "tags": tags,
        "description": text(&resource.entry, "description"),
        "columns": {},
        "meta": config.get("meta"),
        "group": config.get("group"),
        "docs": {"show": true, "node_color": null},
        "patch_path": null,
        "build_path": null,
        "unrendered_config": {},
        "config_call_dict": {},
        "unrendered_config_call_dict": {},
        "relation_name": null,
        "raw_code": code,
        "doc_blocks": [],
        "language": "sql",
        "refs": refs,
        "sources": sources,
        "metrics": [],
        "functions": [],
        "compiled_path": null,
        "contract": {"enforced": false, "alias_types": true, "checksum": null},
        "config": config,
    })
}

/// dbt's `store_failures` and `store_failures_as`: the second one, where it is set, determines the
/// first one.
fn stored_failures(config: &Map<String, Value>) -> [Value; 2] {
    let stored = config.get("store_failures").cloned().unwrap_or_default();
    match config.get("store_failures_as").filter(|stored_as| !stored_as.is_null()) {
        Some(stored_as) => [json!(stored_as != "ephemeral"), stored_as.clone()],
        None => {
            let stored_as = match stored {
                Value::Bool(true) => "table".into(),
                Value::Bool(false) => "ephemeral".into(),
                _ => Value::Null,
            };
            [stored, stored_as]
        }
    }
}
