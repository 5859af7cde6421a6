//! The layers of a node's configuration, by the folders of its file, and dbt's `fqn`.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::jinja::python_text;
use crate::project::{Config, KeyAliases, Package, Tree, Trees, unaliased};

use super::Kind;
use super::layers::deep_merged;

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

/// The settings of one node for [`unrendered`].
pub struct UnrenderedInput<'a> {
    /// The layers of properties files.
    pub properties: &'a [Cow<'a, Config>],
    /// Of these, the keys under `config:` of the version, or of the entry.
    pub under_config: Option<&'a Config>,
    /// The first `config()` call.
    pub call: Option<&'a Config>,
}

/// dbt's `unrendered_config`: `dbt_project.yml` not rendered, then the layers of properties files,
/// then the first `config()` call, whose values other than texts are converted to Python's text.
pub fn unrendered(
    kind: Kind,
    fqn: &[String],
    input: UnrenderedInput,
    (package, root): (&Package, &Package),
    aliases: KeyAliases,
) -> Map<String, Value> {
    let name = |key: &str| unaliased(aliases, key).to_string();
    let along = |package: &Package, config: &mut Map<String, Value>| {
        let levels = tree(&package.trees, kind).levels(fqn);
        let settings = levels.into_iter().flat_map(|level| level.unrendered.clone());
        config.extend(settings.map(|(key, value)| (name(&key), value)));
    };
    let mut config = Map::new();
    along(package, &mut config);
    // The keys under `config:` come first. dbt merges the rendered with the unrendered ones, so
    // lists of these contain each item twice.
    let layers = input.properties.iter().rev().map(|layer| &**layer).chain(input.under_config);
    let properties = deep_merged(layers);
    config.extend(properties.into_iter().map(|(key, setting)| (name(&key), setting.value)));
    for (key, setting) in input.call.into_iter().flatten() {
        let text = setting.value.as_str().map(str::to_string);
        config.insert(name(key), text.unwrap_or_else(|| python_text(&setting.value)).into());
    }
    if !package.folder.is_empty() {
        along(root, &mut config);
    }
    config
}

fn tree(trees: &Trees, kind: Kind) -> &Tree {
    match kind {
        Kind::Model => &trees.models,
        Kind::Seed => &trees.seeds,
        Kind::Snapshot => &trees.snapshots,
        Kind::Source => &trees.sources,
    }
}
