//! The layers of a node's configuration, by the folders of its file, and dbt's `fqn`.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::jinja::python_text;
use crate::project::{Config, Package, Tree, Trees};

use super::Kind;

/// The name of a snapshot file, which is a folder in dbt's `fqn`.
pub fn snapshot_folder(path: &str) -> Option<String> {
    path.rsplit('/').next().and_then(|file| file.rsplit_once('.')).map(|(stem, _)| stem.to_string())
}

/// The package, and the folders of a file.
pub fn folders(package: &Package, path: &str) -> Vec<String> {
    let folders =
        path.rsplit_once('/').map(|(folders, _)| folders.split('/')).into_iter().flatten();
    std::iter::once(package.name.as_str()).chain(folders).map(str::to_string).collect()
}

/// The layers: the package's `dbt_project.yml`, the node's own settings, and, for a node of another
/// package, the root's `dbt_project.yml`.
pub fn layers<'a>(
    kind: Kind,
    fqn: &[String],
    node_layers: Vec<Cow<'a, Config>>,
    package: &'a Package,
    root: &'a Package,
) -> Vec<Cow<'a, Config>> {
    let along =
        |package: &'a Package| tree(&package.trees, kind).along(fqn).into_iter().map(Cow::Borrowed);
    let mut layers: Vec<Cow<Config>> = along(package).chain(node_layers).collect();
    if !package.folder.is_empty() {
        layers.extend(along(root));
    }
    layers
}

/// dbt's `unrendered_config`: `dbt_project.yml` not rendered, then the layers of properties files,
/// then the first `config()` call, whose values other than texts are converted to Python's text.
pub fn unrendered(
    kind: Kind,
    fqn: &[String],
    (properties, call): (&[Cow<Config>], Option<&Config>),
    (package, root): (&Package, &Package),
) -> Map<String, Value> {
    let along = |package: &Package, config: &mut Map<String, Value>| {
        let levels = tree(&package.trees, kind).levels(fqn);
        config.extend(levels.into_iter().flat_map(|level| level.unrendered.clone()));
    };
    let mut config = Map::new();
    along(package, &mut config);
    // dbt merges the rendered with the unrendered config, so lists contain each item twice.
    let doubled = |value: Value| match value {
        Value::Array(items) => items.iter().chain(&items).cloned().collect(),
        other => other,
    };
    // The keys under `config:` come first.
    for (key, setting) in properties.iter().rev().flat_map(|layer| layer.iter()) {
        config.insert(properties_key(key).to_string(), doubled(setting.value.clone()));
    }
    for (key, setting) in call.into_iter().flatten() {
        let text = setting.value.as_str().map(str::to_string);
        config.insert(key.clone(), text.unwrap_or_else(|| python_text(&setting.value)).into());
    }
    if !package.folder.is_empty() {
        along(root, &mut config);
    }
    config
}

/// A key in the spelling of properties files.
fn properties_key(key: &str) -> &str {
    match key {
        "pre_hook" => "pre-hook",
        "post_hook" => "post-hook",
        _ => key,
    }
}

fn tree(trees: &Trees, kind: Kind) -> &Tree {
    match kind {
        Kind::Model => &trees.models,
        Kind::Seed => &trees.seeds,
        Kind::Snapshot => &trees.snapshots,
        Kind::Source => &trees.sources,
    }
}
