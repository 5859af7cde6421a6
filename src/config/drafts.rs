//! The nodes of a package, nothing merged yet: each file with its patch, each version of a model, each table of a source, and
//! the layers of configuration that bear on it. Takes a package; gives drafts. A patch without a node is a warning.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;

use crate::diagnostics::{Diagnostic, Diagnostics, SourceFile, nearest};
use crate::jinja::RefCall;
use crate::project::{ColumnPatch, Config, Declared, Model, Package, Patch, SourceTable, Tree, Trees, Version};

use super::Kind;
use super::node_json::resource_type;

/// The drafts of a package. `root` is the project itself, whose settings win over those of its packages.
pub fn drafts<'a>(package: &'a Package, root: &'a Package, warnings: &mut Diagnostics, wrong: &mut Diagnostics) -> Vec<Draft<'a>> {
    let properties = &package.properties;
    let mut found: Vec<Found> = Vec::new();
    for (kind, patches) in [(Kind::Model, &properties.models), (Kind::Seed, &properties.seeds), (Kind::Snapshot, &properties.snapshots)] {
        let patches = by_name(kind, patches, wrong);
        let mut idle: BTreeSet<&str> = patches.keys().copied().collect();
        if kind == Kind::Seed {
            for seed in &package.seeds {
                idle.remove(&*seed.name);
                let patch = patches.get(&*seed.name).copied();
                found.push(Found { kind, name: &seed.name, file: &seed.file, path: &seed.path, said: None, patch, version: None });
            }
        } else {
            let models = if kind == Kind::Model { &package.models } else { &package.snapshots };
            let versions = versions(&patches, models, wrong);
            for model in models {
                let (patch, version) = match versions.get(&*model.name) {
                    Some((patch, version)) => (Some(*patch), Some(*version)),
                    None => (patches.get(&*model.name).copied().filter(|patch| patch.versions.is_empty()), None),
                };
                let name = patch.map_or(&*model.name, |patch| &*patch.name);
                idle.remove(name);
                found.push(Found { kind, name, file: &model.file, path: &model.path, said: Some(&model.declared), patch, version });
            }
            for patch in patches.values().filter(|patch| kind == Kind::Snapshot && patch.relation.is_some()) {
                if idle.remove(&*patch.name) {
                    found.push(Found {
                        kind,
                        name: &patch.name,
                        file: &patch.file,
                        path: &patch.path,
                        said: None,
                        patch: Some(patch),
                        version: None,
                    });
                }
            }
        }
        // What is odd about the files of others is not the user's to mend; a version without a file is an error already.
        if package.folder.is_empty() {
            let idle = idle.iter().filter_map(|name| patches.get(name)).filter(|patch| patch.versions.is_empty());
            warnings.0.extend(idle.map(|patch| without_node(kind, patch, package)));
        }
    }
    let tables = properties.sources.iter().map(|table| of_table(table, package, root));
    found.into_iter().map(|found| found.draft(package, root)).chain(tables).collect()
}

/// A node whose settings are still in layers.
pub struct Draft<'a> {
    pub kind: Kind,
    pub package: &'a Package,
    pub name: String,
    pub version: Option<&'a Version>,
    pub is_latest: bool,
    pub fqn: Vec<String>,
    pub file: &'a SourceFile,
    pub path_in_models: &'a str,
    /// The most general first.
    pub layers: Vec<&'a Config>,
    pub columns: Vec<ColumnPatch>,
    pub description: String,
    pub refs: Vec<RefCall>,
    pub sources: Vec<(String, String)>,
    /// Why it did not render.
    pub broken: Option<&'a Diagnostics>,
    /// What rendering it for the first time gave to say.
    pub said: &'a [Diagnostic],
    pub patch: Option<&'a Patch>,
    pub source: Option<&'a SourceTable>,
}

/// A model, seed or snapshot with its patch.
struct Found<'a> {
    kind: Kind,
    name: &'a str,
    file: &'a SourceFile,
    path: &'a str,
    said: Option<&'a Result<Declared, Diagnostics>>,
    patch: Option<&'a Patch>,
    version: Option<&'a Version>,
}

impl<'a> Found<'a> {
    fn draft(self, package: &'a Package, root: &'a Package) -> Draft<'a> {
        let Found { kind, name, file, path, said, patch, version } = self;
        let mut fqn = folders(package, path);
        // Of a file with snapshots dbt takes the file for a folder.
        if kind == Kind::Snapshot && said.is_some() {
            fqn.extend(path.rsplit('/').next().and_then(|file| file.rsplit_once('.')).map(|(stem, _)| stem.to_string()));
        }
        fqn.push(name.to_string());
        fqn.extend(version.map(|version| format!("v{}", version.v)));
        let declared = said.and_then(|said| said.as_ref().ok());
        let mut own: Vec<&Config> = patch.into_iter().flat_map(|patch| &patch.config).collect();
        own.extend(version.into_iter().flat_map(|version| &version.config));
        own.extend(declared.into_iter().flat_map(|declared| &declared.config));
        let mut columns = version.map(|version| &version.columns).or(patch.map(|patch| &patch.columns)).cloned().unwrap_or_default();
        if let (Kind::Seed, true) = (kind, columns.is_empty()) {
            let header = package.seeds.iter().find(|seed| seed.file == *file).map(|seed| seed.columns.as_slice()).unwrap_or_default();
            columns = header
                .iter()
                .map(|name| ColumnPatch {
                    name: name.clone(),
                    data_type: None,
                    quote: None,
                    description: String::new(),
                    constraints: Vec::new(),
                    unique: false,
                })
                .collect();
        }
        let (refs, sources) = match (declared, patch.and_then(|patch| patch.relation.as_deref())) {
            (Some(declared), _) => (declared.refs.clone(), declared.sources.clone()),
            (None, Some(relation)) => read_from(relation),
            (None, None) => (Vec::new(), Vec::new()),
        };
        let description = version.and_then(|version| version.description.clone()).or(patch.map(|patch| patch.description.clone()));
        Draft {
            layers: layers(kind, &fqn, own, package, root),
            kind,
            package,
            name: name.to_string(),
            version,
            is_latest: version.is_none_or(|version| patch.and_then(|patch| patch.latest_version.as_ref()) == Some(&version.v)),
            fqn,
            file,
            path_in_models: path,
            columns,
            description: description.unwrap_or_default(),
            refs,
            sources,
            broken: said.and_then(|said| said.as_ref().err()),
            said: declared.map(|declared| declared.warnings.as_slice()).unwrap_or_default(),
            patch,
            source: None,
        }
    }
}

fn of_table<'a>(table: &'a SourceTable, package: &'a Package, root: &'a Package) -> Draft<'a> {
    let mut fqn = folders(package, &table.path);
    fqn.extend([table.source.clone(), table.name.clone()]);
    Draft {
        layers: layers(Kind::Source, &fqn, table.config.iter().collect(), package, root),
        kind: Kind::Source,
        package,
        name: table.name.clone(),
        version: None,
        is_latest: true,
        fqn,
        file: &table.file,
        path_in_models: &table.path,
        columns: table.columns.clone(),
        description: table.description.clone(),
        refs: Vec::new(),
        sources: Vec::new(),
        broken: None,
        said: &[],
        patch: None,
        source: Some(table),
    }
}

/// The package, and the folders that a file lies in.
fn folders(package: &Package, path: &str) -> Vec<String> {
    let folders = path.rsplit_once('/').map(|(folders, _)| folders.split('/')).into_iter().flatten();
    std::iter::once(package.name.as_str()).chain(folders).map(str::to_string).collect()
}

/// The package's `dbt_project.yml`, what the node says itself, and over a package's node what the project says of it.
fn layers<'a>(kind: Kind, fqn: &[String], own: Vec<&'a Config>, package: &'a Package, root: &'a Package) -> Vec<&'a Config> {
    let mut layers = tree(&package.trees, kind).along(fqn);
    layers.extend(own);
    if !package.folder.is_empty() {
        layers.extend(tree(&root.trees, kind).along(fqn));
    }
    layers
}

fn tree(trees: &Trees, kind: Kind) -> &Tree {
    match kind {
        Kind::Model => &trees.models,
        Kind::Seed => &trees.seeds,
        Kind::Snapshot => &trees.snapshots,
        Kind::Source => &trees.sources,
    }
}

/// The patches by the name of what they patch.
fn by_name<'a>(kind: Kind, patches: &'a [Patch], wrong: &mut Diagnostics) -> BTreeMap<&'a str, &'a Patch> {
    let mut found: BTreeMap<&str, &Patch> = BTreeMap::new();
    for patch in patches {
        if let Some(first) = found.insert(&patch.name, patch) {
            let kind = resource_type(kind);
            let message = format!("{kind} `{}` has properties in two places: `{}` and `{}`", patch.name, first.file.path, patch.file.path);
            let error = Diagnostic::error(message).at(patch.at.clone()).fact(format!(
                "the first is on line {} of `{}`",
                first.at.line(),
                first.file.path
            ));
            wrong.0.push(error.hint("put all of them into one place"));
        }
    }
    found
}

/// The versions of models by the name of their file.
fn versions<'a>(
    patches: &BTreeMap<&'a str, &'a Patch>,
    models: &[Model],
    wrong: &mut Diagnostics,
) -> BTreeMap<String, (&'a Patch, &'a Version)> {
    let mut found = BTreeMap::new();
    for patch in patches.values() {
        for version in &patch.versions {
            let usual = format!("{}_v{}", patch.name, version.v);
            let latest = patch.latest_version.as_ref() == Some(&version.v);
            let own = version.defined_in.as_deref().unwrap_or(&usual);
            let wanted = [Some(own), latest.then_some(&*patch.name)];
            let there = wanted.into_iter().flatten().find_map(|name| models.iter().find(|model| model.name == name));
            match there {
                Some(model) => {
                    found.insert(model.name.clone(), (*patch, version));
                }
                None => {
                    let message = format!("version {} of model `{}` has no file `{own}.sql`", version.v, patch.name);
                    let error = Diagnostic::error(message).at(version.at.clone());
                    wrong.0.push(match nearest(own, models.iter().map(|model| &*model.name)) {
                        Some(near) => error.hint(format!("is it `defined_in: {near}`?")),
                        None => error.hint("say with `defined_in` which file it is"),
                    });
                }
            }
        }
    }
    found
}

fn without_node(kind: Kind, patch: &Patch, package: &Package) -> Diagnostic {
    let named = resource_type(kind);
    let warning = Diagnostic::warning(format!("there is no {named} `{}`, and its properties do nothing", patch.name)).at(patch.at.clone());
    let models = package.models.iter().map(|model| (Kind::Model, &model.name));
    let snapshots = package.snapshots.iter().map(|model| (Kind::Snapshot, &model.name));
    let all: Vec<(Kind, &String)> = models.chain(snapshots).chain(package.seeds.iter().map(|seed| (Kind::Seed, &seed.name))).collect();
    if let Some((other, _)) = all.iter().find(|(other, name)| *other != kind && **name == patch.name) {
        let other = resource_type(*other);
        return warning.hint(format!("it is a {other}: move them below `{other}s:`"));
    }
    match nearest(&patch.name, all.iter().filter(|(other, _)| *other == kind).map(|(_, name)| name.as_str())) {
        Some(near) => warning.hint(format!("is it `{near}`?")),
        None => warning.hint("remove them, or add the file"),
    }
}

/// What a snapshot that is written in YAML reads: `ref('orders')` or `source('raw', 'orders')`.
fn read_from(relation: &str) -> (Vec<RefCall>, Vec<(String, String)>) {
    let Some(found) = CALL.captures(relation) else { return (Vec::new(), Vec::new()) };
    let (first, second) = (found[2].to_string(), found.get(3).map(|second| second.as_str().to_string()));
    match (&found[1], second) {
        ("source", Some(table)) => (Vec::new(), vec![(first, table)]),
        ("ref", Some(name)) => (vec![RefCall { package: Some(first), name, version: None }], Vec::new()),
        _ => (vec![RefCall { package: None, name: first, version: None }], Vec::new()),
    }
}

static CALL: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"\b(ref|source)\(\s*["']([^"']+)["'](?:\s*,\s*["']([^"']+)["'])?"#).expect("the pattern is well formed"));
