//! The trees of config in `dbt_project.yml`: settings for all models, for a package, for a folder,
//! for one model. Takes the YAML; returns the tree with its Jinja rendered. A key with `+` is
//! config; a key without it is config only if its value is not a dict, and otherwise a folder's
//! name.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::jinja::YamlScope;
use crate::yaml::{Data, Yaml};

use super::Config;
use super::resource::ResourceKind;
use super::values::{LateHooks, set};

/// The trees of a package.
#[derive(Clone, Debug, Default)]
pub struct Trees {
    pub models: Tree,
    pub seeds: Tree,
    pub snapshots: Tree,
    pub sources: Tree,
    /// The settings of tests, exposures, metrics and other resources.
    pub resources: BTreeMap<ResourceKind, Tree>,
}

/// The settings of a folder, and of its subfolders.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    pub config: Config,
    /// The same settings with their Jinja not rendered, for dbt's `unrendered_config`.
    pub unrendered: Map<String, Value>,
    pub folders: BTreeMap<String, Tree>,
}

impl Tree {
    /// The settings on the path of a node's `fqn`, the most general first.
    pub fn along<'a>(&'a self, fqn: &[String]) -> Vec<&'a Config> {
        self.levels(fqn).into_iter().map(|level| &level.config).collect()
    }

    /// The trees on the path of a node's `fqn`, the most general first.
    pub fn levels<'a>(&'a self, fqn: &[String]) -> Vec<&'a Tree> {
        let mut layers = vec![self];
        let mut current = self;
        for part in fqn {
            match current.folders.get(part) {
                Some(below) => current = below,
                None => break,
            }
            layers.push(current);
        }
        layers
    }
}

/// The keys of `dbt_project.yml` that configure resources that a plan does not build.
pub const RESOURCES: [(&str, ResourceKind); 6] = [
    ("data_tests", ResourceKind::Test),
    ("exposures", ResourceKind::Exposure),
    ("metrics", ResourceKind::Metric),
    ("saved-queries", ResourceKind::SavedQuery),
    ("semantic-models", ResourceKind::SemanticModel),
    ("unit_tests", ResourceKind::UnitTest),
];

/// Reads the trees of one `dbt_project.yml`.
pub fn trees(
    yaml: &BTreeMap<&'static str, Yaml>,
    scope: &YamlScope,
    errors: &mut Diagnostics,
) -> Trees {
    let mut read = |key: &str| match yaml.get(key) {
        None => Tree::default(),
        Some(yaml) if yaml.dict().is_some() => tree(yaml, scope, errors),
        Some(yaml) => {
            let error = Diagnostic::error(format!("`{key}` must be a dict")).at(yaml.at.clone());
            errors.0.push(error.hint("write one `+key: value` or folder per line below it"));
            Tree::default()
        }
    };
    Trees {
        models: read("models"),
        seeds: read("seeds"),
        snapshots: read("snapshots"),
        sources: read("sources"),
        resources: RESOURCES.iter().map(|&(key, kind)| (kind, read(key))).collect(),
    }
}

fn tree(yaml: &Yaml, scope: &YamlScope, errors: &mut Diagnostics) -> Tree {
    let mut result = Tree::default();
    for (key, value) in yaml.dict().into_iter().flatten() {
        // If a key is present with and without `+`, the later one applies.
        let name = key.strip_prefix('+').unwrap_or(key).trim();
        let other = if key.starts_with('+') { name.to_string() } else { format!("+{name}") };
        let is_folder = !key.starts_with('+') && value.dict().is_some();
        if yaml.get(&other).is_some() && !is_folder {
            result.config.shift_remove(name);
        }
        if !is_folder {
            result.unrendered.insert(name.to_string(), value.json());
        }
        match (key.strip_prefix('+'), &value.data) {
            (Some(key), _) => {
                set(&mut result.config, key.trim(), value, scope, LateHooks::All, errors)
            }
            (None, Data::Dict(_)) => {
                result.folders.insert(key.clone(), tree(value, scope, errors));
            }
            // As in dbt, a key without a value is config, not a folder.
            (None, _) => set(&mut result.config, key, value, scope, LateHooks::All, errors),
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::diagnostics::SourceFile;
    use crate::yaml::parse;

    #[test]
    fn the_plus_marks_config() {
        let text = "models:\n  +tags: top\n  shop:\n    materialized: table\n    +meta: \
            {a: 1}\n    marts:\n      +tags: [marts]\n    empty:\n";
        let (yaml, _) = parse(&SourceFile::new("dbt_project.yml", text)).unwrap();
        let scope = YamlScope {
            now: crate::calendar::Instant::UNIX_EPOCH,
            vars: &Map::new(),
            environment: &BTreeMap::new(),
            target: &Map::new(),
            secrets: false,
        };
        let read = trees(
            &BTreeMap::from([("models", yaml.get("models").unwrap().clone())]),
            &scope,
            &mut Diagnostics::default(),
        );
        let fqn = ["shop", "marts", "deep", "orders"].map(String::from);
        let along = read.models.along(&fqn);
        assert_eq!(along.len(), 3);
        assert_eq!((&along[0]["tags"].value, along[0]["tags"].at.line()), (&json!("top"), 2));
        assert_eq!(along[1].keys().collect::<Vec<_>>(), ["materialized", "meta", "empty"]);
        assert_eq!(along[2]["tags"].value, json!(["marts"]));
    }
}
