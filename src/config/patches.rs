//! Assigns properties to nodes. Takes the packages; returns, for each file with a node, its patch
//! and its version. A patch applies to the node to which `ref()` resolves: the one in the patch's
//! package, else the one in the only other package that has the name.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostics::{Diagnostic, Diagnostics, nearest};
use crate::project::{Model, Package, Patch, Version, truth};

use super::Kind;
use super::node_json::resource_type;
use super::node_layers::{folders, layers, snapshot_folder};

/// The properties of one node.
#[derive(Clone, Copy)]
pub struct Properties<'a> {
    pub patch: &'a Patch,
    pub version: Option<&'a Version>,
    /// The package of the properties file.
    pub package: &'a Package,
}

/// The properties of all nodes.
#[derive(Default)]
pub struct Patches<'a> {
    by_node: BTreeMap<Key, Properties<'a>>,
}

/// The position of a package, the kind of a node, and its position among the package's nodes of
/// that kind.
type Key = (usize, Kind, usize);

/// Resolves the node of each patch.
pub fn patches<'a>(
    packages: &'a [Package],
    warnings: &mut Diagnostics,
    errors: &mut Diagnostics,
) -> Patches<'a> {
    let mut search = Search { packages, names: BTreeMap::new(), disabled: BTreeMap::new() };
    search.index();
    let mut patches = Patches::default();
    for (nth, package) in packages.iter().enumerate() {
        let properties = &package.properties;
        let lists = [
            (Kind::Model, &properties.models),
            (Kind::Seed, &properties.seeds),
            (Kind::Snapshot, &properties.snapshots),
        ];
        for (kind, patch) in
            lists.into_iter().flat_map(|(kind, list)| list.iter().map(move |patch| (kind, patch)))
        {
            let mut diagnostics = Diagnostics::default();
            if patch.versions.is_empty() {
                match search.node(nth, kind, patch) {
                    Ok(keys) => keys.into_iter().for_each(|key| {
                        patches.add(
                            key,
                            patch,
                            None,
                            package,
                            search.is_disabled(&key, patch),
                            errors,
                        )
                    }),
                    Err(Missing::Unknown(Some(warning))) => diagnostics.0.push(warning),
                    Err(Missing::Unknown(None)) => {}
                    Err(Missing::Ambiguous(error)) => errors.0.push(error),
                }
            } else {
                for version in &patch.versions {
                    match search.version(nth, patch, version) {
                        Ok(key) => {
                            patches.add(key, patch, Some(version), package, false, errors);
                            search.register_version(key, patch, version);
                        }
                        Err(warning) => diagnostics.0.push(warning),
                    }
                }
            }
            // Warnings about the files of other packages are dropped: the user cannot change them.
            if package.folder.is_empty() {
                warnings.0.extend(diagnostics.0);
            }
        }
    }
    patches
}

impl<'a> Patches<'a> {
    /// The properties of a node.
    pub fn of(&self, package: usize, kind: Kind, position: usize) -> Option<Properties<'a>> {
        self.by_node.get(&(package, kind, position)).copied()
    }

    /// Two patches of one node are an error, unless the node is disabled; then the last one
    /// applies.
    fn add(
        &mut self,
        key: Key,
        patch: &'a Patch,
        version: Option<&'a Version>,
        package: &'a Package,
        is_disabled: bool,
        errors: &mut Diagnostics,
    ) {
        let first = self.by_node.insert(key, Properties { patch, version, package });
        let Some(first) = first.filter(|_| !is_disabled) else { return };
        let (first, kind) = (first.patch, resource_type(key.1));
        let message = format!(
            "{kind} `{}` has two entries in properties files: `{}` and `{}`",
            patch.name, first.file.path, patch.file.path
        );
        let note = format!("the first is on line {} of `{}`", first.at.line(), first.file.path);
        errors.0.push(
            Diagnostic::error(message)
                .at(patch.at.clone())
                .note(note)
                .hint("merge them into one entry"),
        );
    }
}

/// The reason why a patch has no node.
enum Missing {
    Unknown(Option<Diagnostic>),
    Ambiguous(Diagnostic),
}

struct Search<'a> {
    packages: &'a [Package],
    /// The enabled nodes by name and package. If kinds share a name, the last in dbt's parse order:
    /// model, snapshot, seed.
    names: BTreeMap<&'a str, BTreeMap<usize, Key>>,
    disabled: BTreeMap<(usize, Kind, &'a str), Vec<Key>>,
}

impl<'a> Search<'a> {
    fn index(&mut self) {
        for (nth, package) in self.packages.iter().enumerate() {
            let models = package.models.iter().map(|model| (Kind::Model, model));
            let models = models
                .enumerate()
                .chain(package.snapshots.iter().map(|model| (Kind::Snapshot, model)).enumerate());
            for (position, (kind, model)) in models {
                self.insert((nth, kind, position), &model.name, &model.path, Some(model));
            }
            for (position, seed) in package.seeds.iter().enumerate() {
                self.insert((nth, Kind::Seed, position), &seed.name, &seed.path, None);
            }
        }
    }

    fn insert(&mut self, key: Key, name: &'a str, path: &str, model: Option<&Model>) {
        let (nth, kind, _) = key;
        if self.is_enabled(nth, kind, name, path, model) {
            self.names.entry(name).or_default().insert(nth, key);
        } else {
            self.disabled.entry((nth, kind, name)).or_default().push(key);
        }
    }

    /// Whether a node is enabled by `dbt_project.yml` and its own `config()`. dbt checks this
    /// before it reads properties.
    fn is_enabled(
        &self,
        nth: usize,
        kind: Kind,
        name: &str,
        path: &str,
        model: Option<&Model>,
    ) -> bool {
        let package = &self.packages[nth];
        let mut fqn = folders(package, path);
        if kind == Kind::Snapshot {
            fqn.extend(snapshot_folder(path));
        }
        fqn.push(name.to_string());
        let declared = model
            .and_then(|model| model.parsed.as_ref().ok())
            .into_iter()
            .flat_map(|parsed| &parsed.config);
        let declared = declared.map(Cow::Borrowed).collect();
        let layers = layers(kind, &fqn, declared, package, &self.packages[0]);
        let enabled = layers
            .iter()
            .rev()
            .find_map(|layer| layer.get("enabled"))
            .and_then(|enabled| truth(&enabled.value));
        enabled != Some(false)
    }

    fn is_disabled(&self, key: &Key, patch: &Patch) -> bool {
        self.disabled.get(&(key.0, key.1, &*patch.name)).is_some_and(|keys| keys.contains(key))
    }

    /// Registers the node of a version under the model's name if it is the latest version, and
    /// under no name otherwise.
    fn register_version(&mut self, key: Key, patch: &'a Patch, version: &Version) {
        self.names.values_mut().for_each(|keys| keys.retain(|_, known| *known != key));
        if patch.latest_version.as_ref() == Some(&version.v) {
            self.names.entry(&patch.name).or_default().insert(key.0, key);
        }
    }

    /// The nodes for a patch without versions: one, or all disabled ones of its name.
    fn node(&self, nth: usize, kind: Kind, patch: &Patch) -> Result<Vec<Key>, Missing> {
        let of_name = self.names.get(&*patch.name);
        let others = || of_name.into_iter().flatten().map(|(_, key)| *key).collect::<Vec<_>>();
        let keys = match of_name.and_then(|keys| keys.get(&nth)) {
            Some(key) => vec![*key],
            None => others(),
        };
        match keys[..] {
            [key] if key.1 == kind => return Ok(vec![key]),
            [key] => return Err(Missing::Unknown(Some(other_kind(kind, key.1, patch)))),
            [] => {}
            _ => return Err(Missing::Ambiguous(self.ambiguous(kind, patch, &keys))),
        }
        match self.disabled.get(&(nth, kind, &*patch.name)) {
            Some(keys) => Ok(keys.clone()),
            // A snapshot that is declared in YAML alone has no file.
            None if kind == Kind::Snapshot && patch.relation.is_some() => {
                Err(Missing::Unknown(None))
            }
            None => Err(Missing::Unknown(Some(self.unknown(nth, kind, patch)))),
        }
    }

    /// The model file of a version.
    fn version(&self, nth: usize, patch: &Patch, version: &Version) -> Result<Key, Diagnostic> {
        let default_file = format!("{}_v{}", patch.name, version.v);
        let is_latest = patch.latest_version.as_ref() == Some(&version.v);
        let file = version.defined_in.as_deref().unwrap_or(&default_file);
        let names = [Some(file), is_latest.then_some(&*patch.name)];
        let enabled = |name: &str| {
            self.names
                .get(name)
                .and_then(|keys| keys.get(&nth))
                .copied()
                .filter(|key| key.1 == Kind::Model)
        };
        let disabled =
            || self.disabled.get(&(nth, Kind::Model, file)).and_then(|keys| keys.first()).copied();
        if let Some(key) = names.into_iter().flatten().find_map(enabled).or_else(disabled) {
            return Ok(key);
        }
        let message = format!(
            "version {} of model `{}` has no file `{file}.sql`, and is ignored",
            version.v, patch.name
        );
        let warning = Diagnostic::warning(message).at(version.at.clone());
        Err(match nearest(file, self.packages[nth].models.iter().map(|model| &*model.name)) {
            Some(near) => warning.hint(format!("did you mean `defined_in: {near}`?")),
            None => warning.hint("name the file with `defined_in`, or remove the version"),
        })
    }

    fn unknown(&self, nth: usize, kind: Kind, patch: &Patch) -> Diagnostic {
        let kind_name = resource_type(kind);
        let warning = Diagnostic::warning(format!(
            "{kind_name} `{}` not found: its properties have no effect",
            patch.name
        ))
        .at(patch.at.clone());
        let same_kind =
            self.names.iter().filter(|(_, keys)| keys.get(&nth).is_some_and(|key| key.1 == kind));
        match nearest(&patch.name, same_kind.map(|(name, _)| *name)) {
            Some(near) => warning.hint(format!("did you mean `{near}`?")),
            None => warning.hint("remove them, or add the file"),
        }
    }

    fn ambiguous(&self, kind: Kind, patch: &Patch, keys: &[Key]) -> Diagnostic {
        let packages: BTreeSet<String> =
            keys.iter().map(|key| format!("`{}`", self.packages[key.0].name)).collect();
        let packages = packages.into_iter().collect::<Vec<_>>().join(", ");
        Diagnostic::error(format!(
            "properties of {} `{}` are ambiguous: it is in the packages {packages}",
            resource_type(kind),
            patch.name
        ))
        .at(patch.at.clone())
        .hint("move them into the package of the node")
    }
}

fn other_kind(kind: Kind, other: Kind, patch: &Patch) -> Diagnostic {
    let (kind_name, other) = (resource_type(kind), resource_type(other));
    Diagnostic::warning(format!(
        "`{}` is a {other}: its properties under `{kind_name}s:` have no effect",
        patch.name
    ))
    .at(patch.at.clone())
    .hint(format!("move them under `{other}s:`"))
}
