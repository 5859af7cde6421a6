//! The nodes of a package before their settings are merged: each file with its patch, each version
//! of a model, each table of a source, and its layers of configuration. Takes a package and the
//! patches of its nodes; returns unresolved nodes.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use crate::diagnostics::{Diagnostic, Diagnostics, SourceFile};
use crate::jinja::RefCall;
use crate::project::{
    ColumnPatch, Config, KeyAliases, Package, ParsedModel, Patch, SourceTable, Version,
};

use super::Kind;
use super::foreign_keys::ForeignKeyTarget;
use super::layers::deep_merged;
use super::node_layers::{UnrenderedInput, folders, layers, snapshot_folder, unrendered};
use super::patches::{Patches, Properties};

/// The unresolved nodes of the package at a position. The first package is the root project, whose
/// settings override those of the others.
pub fn unresolved_nodes<'a>(
    packages: &'a [Package],
    nth: usize,
    patches: &Patches<'a>,
    aliases: KeyAliases,
) -> Vec<UnresolvedNode<'a>> {
    let (package, root) = (&packages[nth], &packages[0]);
    let mut files: Vec<NodeFile> = Vec::new();
    for (position, seed) in package.seeds.iter().enumerate() {
        let properties = patches.of(nth, Kind::Seed, position);
        files.push(NodeFile {
            kind: Kind::Seed,
            name: &seed.name,
            file: &seed.file,
            path: &seed.path,
            parsed: None,
            properties,
        });
    }
    for (kind, models) in [(Kind::Model, &package.models), (Kind::Snapshot, &package.snapshots)] {
        for (position, model) in models.iter().enumerate() {
            let properties = patches.of(nth, kind, position);
            let name = properties.map_or(&*model.name, |properties| &*properties.patch.name);
            files.push(NodeFile {
                kind,
                name,
                file: &model.file,
                path: &model.path,
                parsed: Some(&model.parsed),
                properties,
            });
        }
    }
    for patch in package.properties.snapshots.iter().filter(|patch| patch.relation.is_some()) {
        if package.snapshots.iter().all(|snapshot| snapshot.name != patch.name) {
            let properties = Some(Properties { patch, version: None, package });
            files.push(NodeFile {
                kind: Kind::Snapshot,
                name: &patch.name,
                file: &patch.file,
                path: &patch.path,
                parsed: None,
                properties,
            });
        }
    }
    let tables = package
        .properties
        .sources
        .iter()
        .map(|table| unresolved_table(table, package, root, aliases));
    files
        .into_iter()
        .map(|file| file.into_unresolved(package, root, aliases))
        .chain(tables)
        .collect()
}

/// A node whose settings are still in layers.
pub struct UnresolvedNode<'a> {
    pub kind: Kind,
    pub package: &'a Package,
    pub name: String,
    pub version: Option<&'a Version>,
    pub is_latest: bool,
    pub fqn: Vec<String>,
    pub file: &'a SourceFile,
    pub path_in_models: &'a str,
    /// The layers of configuration, the most general first.
    pub layers: Vec<Cow<'a, Config>>,
    /// The layers that dbt merges before it reads properties.
    pub unpatched: Vec<Cow<'a, Config>>,
    /// dbt's `unrendered_config`: `dbt_project.yml` not rendered, the other layers rendered.
    pub unrendered: Map<String, Value>,
    pub columns: Vec<ColumnPatch>,
    pub description: String,
    pub refs: Vec<RefCall>,
    pub sources: Vec<(String, String)>,
    /// The errors of the parse pass.
    pub broken: Option<&'a Diagnostics>,
    /// The warnings of the parse pass.
    pub warnings: &'a [Diagnostic],
    pub properties: Option<Properties<'a>>,
    pub patch: Option<&'a Patch>,
    pub source: Option<&'a SourceTable>,
    /// Whether the node has no file but its properties file.
    pub is_declared: bool,
}

/// A model, seed or snapshot with its patch.
struct NodeFile<'a> {
    kind: Kind,
    name: &'a str,
    file: &'a SourceFile,
    path: &'a str,
    parsed: Option<&'a Result<ParsedModel, Diagnostics>>,
    properties: Option<Properties<'a>>,
}

impl<'a> NodeFile<'a> {
    fn into_unresolved(
        self,
        package: &'a Package,
        root: &'a Package,
        aliases: KeyAliases,
    ) -> UnresolvedNode<'a> {
        let NodeFile { kind, name, file, path, parsed, properties } = self;
        let (patch, version) = (
            properties.map(|properties| properties.patch),
            properties.and_then(|properties| properties.version),
        );
        let mut fqn = folders(package, path);
        if kind == Kind::Snapshot && parsed.is_some() {
            fqn.extend(snapshot_folder(path));
        }
        fqn.push(name.to_string());
        fqn.extend(version.map(|version| format!("v{}", version.v)));
        let declared = parsed.and_then(|parsed| parsed.as_ref().ok());
        let of_patch = patch.into_iter().flat_map(|patch| &patch.config);
        let properties_layers: Vec<Cow<Config>> = match version {
            None => of_patch.map(Cow::Borrowed).collect(),
            Some(version) => vec![Cow::Owned(deep_merged(of_patch.chain([&version.config])))],
        };
        let under_config =
            version.map(|version| &version.config).or(patch.map(|patch| &patch.config[1]));
        let call: Vec<Cow<Config>> =
            declared.into_iter().flat_map(|declared| &declared.config).map(Cow::Borrowed).collect();
        let mut columns = version
            .map(|version| &version.columns)
            .or(patch.map(|patch| &patch.columns))
            .cloned()
            .unwrap_or_default();
        if let (Kind::Seed, true) = (kind, columns.is_empty()) {
            let header = package
                .seeds
                .iter()
                .find(|seed| seed.file == *file)
                .map(|seed| seed.columns.as_slice())
                .unwrap_or_default();
            columns = header.iter().cloned().map(ColumnPatch::named).collect();
        }
        let (mut refs, mut sources) =
            match (declared, patch.and_then(|patch| patch.relation.as_deref())) {
                (Some(declared), _) => (declared.refs.clone(), declared.sources.clone()),
                (None, Some(relation)) => reference(relation),
                (None, None) => (Vec::new(), Vec::new()),
            };
        if kind == Kind::Model {
            // As in dbt, a model reads what its foreign keys reference.
            let of_columns = columns.iter().flat_map(|column| &column.constraints);
            for constraint in constraints(version, patch).iter().chain(of_columns) {
                match ForeignKeyTarget::of(constraint) {
                    Ok(Some(ForeignKeyTarget::Ref(call))) => refs.push(call),
                    Ok(Some(ForeignKeyTarget::Source(source, table))) => {
                        sources.push((source, table));
                    }
                    Ok(None) | Err(_) => {}
                }
            }
        }
        let description = version
            .and_then(|version| version.description.clone())
            .or(patch.map(|patch| patch.description.clone()));
        // Where properties of another package set config, dbt reads that package's
        // `dbt_project.yml` instead of the node's own.
        let configuring = properties
            .filter(|_| properties_layers.iter().any(|layer| !layer.is_empty()))
            .map_or(package, |properties| properties.package);
        let node_config = UnrenderedInput {
            properties: &properties_layers,
            under_config,
            call: call.first().map(|call| &**call),
        };
        UnresolvedNode {
            unrendered: unrendered(kind, &fqn, node_config, (configuring, root), aliases),
            layers: layers(
                kind,
                &fqn,
                properties_layers.iter().chain(&call).cloned().collect(),
                configuring,
                root,
            ),
            unpatched: layers(kind, &fqn, call, package, root),
            kind,
            package,
            name: name.to_string(),
            version,
            is_latest: version.is_none_or(|version| {
                patch.and_then(|patch| patch.latest_version.as_ref()) == Some(&version.v)
            }),
            fqn,
            file,
            path_in_models: path,
            columns,
            description: description.unwrap_or_default(),
            refs,
            sources,
            broken: parsed.and_then(|parsed| parsed.as_ref().err()),
            warnings: declared.map(|declared| declared.warnings.as_slice()).unwrap_or_default(),
            properties,
            patch,
            source: None,
            is_declared: parsed.is_none() && kind == Kind::Snapshot,
        }
    }
}

fn unresolved_table<'a>(
    table: &'a SourceTable,
    package: &'a Package,
    root: &'a Package,
    aliases: KeyAliases,
) -> UnresolvedNode<'a> {
    let mut fqn = folders(package, &table.path);
    fqn.extend([table.source.clone(), table.name.clone()]);
    let table_config: Vec<Cow<Config>> = table.config.iter().map(Cow::Borrowed).collect();
    UnresolvedNode {
        unrendered: unrendered(
            Kind::Source,
            &fqn,
            UnrenderedInput { properties: &table_config, under_config: None, call: None },
            (package, root),
            aliases,
        ),
        layers: layers(Kind::Source, &fqn, table_config, package, root),
        unpatched: Vec::new(),
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
        warnings: &[],
        properties: None,
        patch: None,
        source: Some(table),
        is_declared: false,
    }
}

/// The constraints of the version, else those of the model.
pub(super) fn constraints<'a>(
    version: Option<&'a Version>,
    patch: Option<&'a Patch>,
) -> &'a [Value] {
    let of_version = version.map(|version| version.constraints.as_slice());
    let of_version = of_version.filter(|constraints| !constraints.is_empty());
    of_version.or(patch.map(|patch| patch.constraints.as_slice())).unwrap_or_default()
}

/// The reference of a snapshot that is declared in YAML: `ref('orders')` or `source('raw',
/// 'orders')`.
fn reference(relation: &str) -> (Vec<RefCall>, Vec<(String, String)>) {
    let Some(call) = CALL.captures(relation) else { return (Vec::new(), Vec::new()) };
    let (first, second) =
        (call[2].to_string(), call.get(3).map(|second| second.as_str().to_string()));
    match (&call[1], second) {
        ("source", Some(table)) => (Vec::new(), vec![(first, table)]),
        ("ref", Some(name)) => {
            (vec![RefCall { package: Some(first), name, version: None }], Vec::new())
        }
        _ => (vec![RefCall { package: None, name: first, version: None }], Vec::new()),
    }
}

static CALL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"\b(ref|source)\(\s*["']([^"']+)["'](?:\s*,\s*["']([^"']+)["'])?"#)
        .expect("the pattern is well formed")
});
