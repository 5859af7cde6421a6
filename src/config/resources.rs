//! Settings of tests, exposures, metrics and other resources that a plan does not build. Takes the
//! packages; returns their enabled resources with the settings of `dbt_project.yml`.

use serde_json::{Map, Value, json};

use crate::jinja::hook_key;
use crate::project::{Config, KeyAliases, Package, Resource, ResourceKind, Tree, unaliased};

use super::layers::{merged_value, texts};

/// The enabled resources of all packages, and all generic tests, metrics and semantic models. The
/// first package is the root project, whose `dbt_project.yml` overrides a package's settings.
pub fn resources(packages: &[Package], aliases: KeyAliases) -> Vec<Resource> {
    let configured = packages.iter().flat_map(|package| {
        let root = packages.first().filter(|_| !package.folder.is_empty());
        package.resources.iter().map(move |resource| {
            match of_semantic_model(resource, package, root, aliases) {
                Some(metric) => configured(&metric, package, root, aliases),
                None => configured(resource, package, root, aliases),
            }
        })
    });
    let is_kept = |one: &Resource| {
        let is_semantic = matches!(one.kind, ResourceKind::Metric | ResourceKind::SemanticModel);
        one.is_enabled() || one.generic_test.is_some() || is_semantic
    };
    configured.filter(is_kept).collect()
}

/// A metric that is made of a measure, with what it has from its semantic model: it is enabled with
/// it, and has its `meta`.
fn of_semantic_model(
    metric: &Resource,
    package: &Package,
    root: Option<&Package>,
    aliases: KeyAliases,
) -> Option<Resource> {
    let name = metric.semantic_model.as_ref()?;
    let is_model = |of: &&Resource| of.kind == ResourceKind::SemanticModel && of.name == *name;
    let model = package.resources.iter().find(is_model)?;
    let model = configured(model, package, root, aliases);
    let meta = model.config.get("meta").cloned().unwrap_or_else(|| json!({}));
    let config = json!({"enabled": model.is_enabled(), "meta": meta});
    let config = config.as_object().cloned().unwrap_or_default();
    Some(Resource { config, ..metric.clone() })
}

fn configured(
    resource: &Resource,
    package: &Package,
    root: Option<&Package>,
    aliases: KeyAliases,
) -> Resource {
    let kind = resource.kind;
    let unrendered = unrendered(resource, package, root, aliases);
    let resource = &Resource { unrendered, ..resource.clone() };
    let along = |package| tree(package, kind).map(|tree| tree.along(&resource.fqn));
    let general: Vec<&Config> = along(package).unwrap_or_default();
    let of_root: Vec<&Config> = root.and_then(along).unwrap_or_default();
    if general.iter().chain(&of_root).all(|layer| layer.is_empty()) {
        return resource.clone();
    }
    let settings = |layers: Vec<&Config>| {
        let all = layers.into_iter().flatten();
        all.map(|(key, setting)| (key.clone(), setting.value.clone())).collect::<Vec<_>>()
    };
    let of_resource = resource.config.iter().map(|(key, value)| (key.clone(), value.clone()));
    let mut config = Map::new();
    for (key, value) in settings(general).into_iter().chain(of_resource).chain(settings(of_root)) {
        let key_in_dbt = dbt_key(unaliased(aliases, &key));
        // Of these resources only analyses have hooks.
        if kind != ResourceKind::Analysis && matches!(key_in_dbt, "pre-hook" | "post-hook") {
            continue;
        }
        let value = match merges(kind, key_in_dbt) {
            true => {
                merged_value(hook_key(&key).unwrap_or(key_in_dbt), config.get(key_in_dbt), &value)
            }
            false => value,
        };
        config.insert(key_in_dbt.to_string(), value);
    }
    let mut resource = Resource { config, ..resource.clone() };
    resource.tags.extend(texts(resource.config.get("tags")));
    resource
}

/// dbt's `unrendered_config`.
fn unrendered(
    resource: &Resource,
    package: &Package,
    root: Option<&Package>,
    aliases: KeyAliases,
) -> Map<String, Value> {
    let of_project = |package: &Package| {
        let levels = tree(package, resource.kind).map(|tree| tree.levels(&resource.fqn));
        let levels = levels.unwrap_or_default().into_iter();
        levels.flat_map(|level| level.unrendered.clone()).collect::<Vec<_>>()
    };
    let of_entry = resource.config.iter().map(|(key, value)| (key.clone(), value.clone()));
    let all = of_project(package).into_iter().chain(of_entry);
    let all = all.chain(root.map(of_project).unwrap_or_default());
    all.map(|(key, value)| (unaliased(aliases, &key).to_string(), value)).collect()
}

/// The settings in `dbt_project.yml` for resources of the kind. As in dbt, groups and analyses use
/// the settings of models.
fn tree(package: &Package, kind: ResourceKind) -> Option<&Tree> {
    match kind {
        ResourceKind::Group | ResourceKind::Analysis => Some(&package.trees.models),
        _ => package.trees.resources.get(&kind),
    }
}

/// Whether a value of the key is added to the more general one, and does not replace it.
fn merges(kind: ResourceKind, key: &str) -> bool {
    match kind {
        ResourceKind::Exposure => false,
        ResourceKind::Group | ResourceKind::Metric | ResourceKind::SemanticModel => key == "meta",
        ResourceKind::SavedQuery | ResourceKind::Test | ResourceKind::UnitTest => {
            matches!(key, "meta" | "tags")
        }
        ResourceKind::Analysis => true,
    }
}

/// A key as dbt spells it.
fn dbt_key(key: &str) -> &str {
    match key {
        "pre_hook" => "pre-hook",
        "post_hook" => "post-hook",
        _ => key,
    }
}
