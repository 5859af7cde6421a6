//! From drafts to nodes: the layers merged, the relation named, the materialization read, and a
//! microbatch model checked. Collects what is wrong with a node in `broken`; what is wrong with the
//! project (two nodes of one name) is an error.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::calendar::Instant;
use crate::diagnostics::{Diagnostic, Diagnostics, Level, par_map};
use crate::dialect::Dialect;
use crate::jinja::{Relation, RelationStyle};
use crate::limits;
use crate::project::{
    Catalog, ColumnPatch, Flags, Package, Project, Setting, SourceStyle, Target, header,
};

use super::event_time::event_time;
use super::hooks;
use super::key_typos;
use super::layers::{kind, merged, text, texts};
use super::microbatch::{MicrobatchInput, microbatch};
use super::node_json::{resource_type, version};
use super::patches::patches;
use super::relation::{Naming, NamingMacros};
use super::source_relation::source_relation;
use super::types;
use super::unresolved::{UnresolvedNode, drafts};
use super::{Broken, Column, Disabled, Kind, Materialization, Node, Resolved};

/// Resolves every node of the project. All broken nodes are reported at once.
pub fn resolve(project: &Project, dialect: &Dialect) -> Result<Resolved, Diagnostics> {
    let Project { packages, target, style, sources, now, catalog, flags, .. } = project;
    let ground = Resolver {
        dialect,
        catalog,
        packages,
        target,
        style,
        sources,
        now: *now,
        flags: *flags,
        macros: &*project.jinja,
    };
    let mut resolved = resolve_on(&ground)?;
    hooks::link(&project.jinja, &mut resolved);
    Ok(resolved)
}

/// What of a project bears on its nodes.
pub struct Resolver<'a> {
    /// The target's, whose types and case of names count.
    pub dialect: &'a Dialect,
    pub catalog: &'a Catalog,
    pub packages: &'a [Package],
    pub target: &'a Target,
    pub style: &'a RelationStyle,
    pub sources: &'a SourceStyle,
    pub now: Instant,
    pub flags: Flags,
    pub macros: &'a dyn NamingMacros,
}

fn resolve_on(ground: &Resolver) -> Result<Resolved, Diagnostics> {
    let mut resolved = Resolved::default();
    let mut problems = Diagnostics::default();
    let Some(root) = ground.packages.first() else { return Ok(resolved) };
    let patches = patches(ground.packages, &mut resolved.warnings, &mut problems);
    for (nth, package) in ground.packages.iter().enumerate() {
        let naming = Naming::of(ground, root, package);
        let drafts = drafts(ground.packages, nth, &patches);
        let done = par_map(&drafts, |draft| {
            let unique_id = unique_id(draft);
            let resolved =
                limits::guarded(draft.file, || Ok(node(draft, &unique_id, ground, &naming)));
            resolved.unwrap_or_else(|errors| Err(Failed::from(errors))).map_err(|failed| {
                let Failed { errors, node } = failed;
                Broken { unique_id, name: full_name(draft), errors, node }
            })
        });
        for done in done {
            match done {
                Ok(Outcome::Node(node, warnings)) => {
                    if package.folder.is_empty() {
                        resolved.warnings.0.extend(warnings);
                    }
                    resolved.nodes.push(*node);
                }
                Ok(Outcome::Disabled(disabled)) => resolved.disabled.push(disabled),
                Err(broken) => resolved.broken.push(broken),
            }
        }
    }
    let twins = twins(&resolved.nodes, ground.flags.unique_names);
    let (errors, odd): (Vec<_>, Vec<_>) =
        twins.into_iter().partition(|twin| twin.level == Level::Error);
    problems.0.extend(errors);
    resolved.warnings.0.extend(odd);
    if problems.0.is_empty() { Ok(resolved) } else { Err(problems) }
}

/// Why a node cannot be planned, and the node, if it has all but valid settings for batches.
struct Failed {
    errors: Diagnostics,
    node: Option<Box<Node>>,
}

impl<E: Into<Diagnostics>> From<E> for Failed {
    fn from(errors: E) -> Failed {
        Failed { errors: errors.into(), node: None }
    }
}

enum Outcome {
    Node(Box<Node>, Vec<Diagnostic>),
    Disabled(Disabled),
}

fn node(
    draft: &UnresolvedNode,
    unique_id: &str,
    ground: &Resolver,
    naming: &Naming,
) -> Result<Outcome, Failed> {
    let mut config = merged(draft.layers.iter().map(|layer| &**layer));
    if let Some(disabled) = disabled(draft, unique_id, &config)? {
        return Ok(Outcome::Disabled(disabled));
    }
    if let Some(broken) = draft.broken {
        return Err(broken.clone().into());
    }
    let errors = types::convert(&draft.name, draft.kind, &mut config);
    if !errors.is_empty() {
        return Err(Diagnostics(errors).into());
    }
    let start = draft
        .patch
        .map(|patch| patch.at.clone())
        .or(draft.source.map(|table| table.at.clone()))
        .unwrap_or_else(|| draft.file.line(1));
    let usual = match draft.kind {
        Kind::Model => Some("view"),
        Kind::Seed => Some("seed"),
        Kind::Snapshot => Some("snapshot"),
        Kind::Source => None,
    };
    config
        .entry("enabled".to_string())
        .or_insert_with(|| Setting { value: json!(true), at: start.clone() });
    if let Some(usual) = usual {
        config
            .entry("materialized".to_string())
            .or_insert_with(|| Setting { value: json!(usual), at: start.clone() });
    }
    let mut columns = draft.columns.clone();
    // What lies between the values of a seed is known only now.
    if let Some(delimiter) = config
        .get("delimiter")
        .and_then(|set| set.value.as_str()?.chars().next())
        .filter(|sign| *sign != ',')
        && draft.kind == Kind::Seed
        && draft.patch.is_none_or(|patch| patch.columns.is_empty())
    {
        columns = header(&draft.file.text, delimiter).into_iter().map(ColumnPatch::named).collect();
    }
    let quote_columns = draft.source.and_then(|table| table.quoting[3]).unwrap_or(false);
    let columns: Vec<Column> = columns
        .into_iter()
        .map(|column| Column {
            name: column.name,
            data_type: column.data_type,
            quote: column.quote.unwrap_or(quote_columns),
            description: column.description,
            constraints: column.constraints,
            unique: column.unique,
            info: column.info,
        })
        .collect();
    let folder = &draft.package.folder;
    let mut node = Node {
        unique_id: unique_id.to_string(),
        kind: draft.kind,
        source_name: draft.source.map(|table| table.source.clone()),
        package: draft.package.name.clone(),
        version: draft.version.map(|version| version.v.clone()),
        is_latest: draft.is_latest,
        fqn: draft.fqn.clone(),
        file: draft.file.clone(),
        path: draft
            .file
            .path
            .strip_prefix(folder.as_str())
            .unwrap_or(&draft.file.path)
            .trim_start_matches('/')
            .to_string(),
        path_in_models: draft.path_in_models.to_string(),
        relation: Relation {
            database: None,
            schema: None,
            identifier: draft.name.clone(),
            style: ground.style.clone(),
        },
        name: draft.name.clone(),
        tags: tags(draft, &config),
        event_time: None,
        columns,
        description: draft.description.clone(),
        constraints: draft.patch.map(|patch| patch.constraints.clone()).unwrap_or_default(),
        refs: draft.refs.clone(),
        sources: draft.sources.clone(),
        hook_reads: Default::default(),
        materialization: Materialization::External,
        pre_hooks: hooks::statements(config.get("pre_hook")),
        post_hooks: hooks::statements(config.get("post_hook")),
        info: info(draft),
        config,
    };
    node.relation = match draft.source {
        Some(table) => source_relation(table, &node.config, ground)?,
        None => naming.relation(&node)?,
    };
    node.materialization = plain_materialization(&node);
    let is_microbatch = matches!(&node.materialization, Materialization::Incremental(Some(strategy)) if strategy == "microbatch");
    match event_time(&node, ground.dialect, ground.catalog, quote_columns, is_microbatch) {
        Ok(event_time) => node.event_time = event_time,
        Err(errors) => return Err(Failed { errors, node: Some(Box::new(node)) }),
    }
    if is_microbatch {
        let input = MicrobatchInput {
            model: &node.name,
            config: &node.config,
            event_time: node.event_time.clone(),
            columns: &node.columns,
            documented: draft.patch.map(|patch| &*patch.file.path),
            now: ground.now,
            at: node
                .config
                .get("incremental_strategy")
                .map_or(start, |strategy| strategy.at.clone()),
        };
        match microbatch(input) {
            Ok(settings) => node.materialization = Materialization::Microbatch(Box::new(settings)),
            Err(errors) => return Err(Failed { errors, node: Some(Box::new(node)) }),
        }
    }
    let mut warnings = key_typos::warnings(&node);
    warnings.extend_from_slice(draft.warnings);
    Ok(Outcome::Node(Box::new(node), warnings))
}

/// A node's tags, each once. dbt collects those of properties after all others.
fn tags(draft: &UnresolvedNode, config: &indexmap::IndexMap<String, Setting>) -> Vec<String> {
    let before = merged(draft.unpatched.iter().map(|layer| &**layer));
    let mut tags: Vec<String> = Vec::new();
    for tag in [before.get("tags"), config.get("tags")]
        .into_iter()
        .flat_map(|tags| texts(tags.map(|tags| &tags.value)))
    {
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags
}

/// What Jinja knows of a node besides its settings.
fn info(draft: &UnresolvedNode) -> Map<String, Value> {
    let mut info = draft.source.map(|table| table.info.clone()).unwrap_or_default();
    info.insert("unrendered_config".to_string(), Value::Object(draft.unrendered.clone()));
    if let Some(properties) = draft.properties {
        let (patch, package) = (properties.patch, properties.package);
        let path = patch
            .file
            .path
            .strip_prefix(package.folder.as_str())
            .unwrap_or(&patch.file.path)
            .trim_start_matches('/');
        info.insert("patch_path".to_string(), json!(format!("{}://{path}", package.name)));
        if draft.version.is_some() {
            info.insert("latest_version".to_string(), version(patch.latest_version.as_deref()));
        }
    }
    info
}

fn disabled(
    draft: &UnresolvedNode,
    unique_id: &str,
    config: &indexmap::IndexMap<String, Setting>,
) -> Result<Option<Disabled>, Diagnostics> {
    let Some(enabled) = config.get("enabled") else { return Ok(None) };
    match enabled.value.as_bool() {
        Some(true) => Ok(None),
        Some(false) => Ok(Some(Disabled {
            unique_id: unique_id.to_string(),
            kind: draft.kind,
            name: full_name(draft),
            group: config.get("group").map(|group| text(&group.value)),
            at: enabled.at.clone(),
        })),
        None => {
            let message = format!(
                "`enabled` of `{}` must be true or false, and is {}",
                draft.name,
                kind(&enabled.value)
            );
            let error = Diagnostic::error(message).at(enabled.at.clone());
            Err(error
                .hint("write `true` or `false`; Jinja gives one with the filter `as_bool`")
                .into())
        }
    }
}

fn unique_id(draft: &UnresolvedNode) -> String {
    let version = draft.version.map(|version| format!(".v{}", version.v)).unwrap_or_default();
    format!("{}.{}.{}{version}", resource_type(draft.kind), draft.package.name, full_name(draft))
}

fn full_name(draft: &UnresolvedNode) -> String {
    draft
        .source
        .map_or_else(|| draft.name.clone(), |table| format!("{}.{}", table.source, table.name))
}

fn plain_materialization(node: &Node) -> Materialization {
    match node.kind {
        Kind::Source => return Materialization::External,
        Kind::Seed => return Materialization::Seed,
        Kind::Snapshot => return Materialization::Snapshot,
        Kind::Model => {}
    }
    if node.path.ends_with(".py") {
        return Materialization::Other("python model".to_string());
    }
    match node.setting("materialized").map(text).as_deref() {
        Some("table") => Materialization::Table,
        Some("ephemeral") => Materialization::Ephemeral,
        Some("incremental") => Materialization::Incremental(
            node.setting("incremental_strategy").filter(|strategy| !strategy.is_null()).map(text),
        ),
        Some("materialized_view") => Materialization::MaterializedView,
        None | Some("view" | "null") => Materialization::View,
        Some(other) => Materialization::Other(other.to_string()),
    }
}

/// Nodes that `ref()` or `source()` can't tell apart, and nodes that would overwrite each other.
/// dbt only warns of two kinds of one name, unless its flag `require_unique_project_resource_names`
/// is set.
fn twins(nodes: &[Node], unique_names: bool) -> Vec<Diagnostic> {
    let mut names: BTreeMap<(&str, Option<&str>, &str), Vec<&Node>> = BTreeMap::new();
    let mut tables: BTreeMap<[Option<&str>; 3], &Node> = BTreeMap::new();
    let mut twins = Vec::new();
    for node in nodes {
        let named =
            names.entry((&node.package, node.source_name.as_deref(), &node.name)).or_default();
        let same = |other: &&&Node| other.kind == node.kind && other.version == node.version;
        if let Some(first) = named.iter().find(same) {
            twins.push(one_name(first, node, true));
            continue;
        }
        let first = named.iter().find(|other| other.version.is_none() || node.version.is_none());
        twins.extend(
            first.map(|first| one_name(first, node, unique_names || first.version != node.version)),
        );
        named.push(node);
        if node.kind != Kind::Source {
            twins.extend(tables.insert(parts(node), node).map(|first| one_table(first, node)));
        }
    }
    twins
}

fn one_name(first: &Node, node: &Node, is_error: bool) -> Diagnostic {
    let what = match (first.kind, node.kind) {
        (Kind::Source, _) => format!(
            "two source tables are called `{}.{}`",
            node.source_name.as_deref().unwrap_or_default(),
            node.name
        ),
        (Kind::Model, Kind::Model) if first.version != node.version => {
            format!("a model with versions and one without are called `{}`", node.name)
        }
        (Kind::Model, Kind::Model) => format!("two models are called `{}`", node.name),
        (one, other) if one == other => {
            format!("two {}s are called `{}`", resource_type(one), node.name)
        }
        (one, other) => format!(
            "a {} and a {} are called `{}`",
            resource_type(one),
            resource_type(other),
            node.name
        ),
    };
    let message = format!("{what}: `{}` and `{}`", first.file.path, node.file.path);
    let at = if node.kind == Kind::Source {
        node.file.find(&format!("name: {}", node.name))
    } else {
        node.file.line(1)
    };
    if is_error {
        return Diagnostic::error(message)
            .at(at)
            .hint("rename one of the two, or set `enabled: false` for it");
    }
    let last =
        if first.kind.parse_order() > node.kind.parse_order() { first.kind } else { node.kind };
    Diagnostic::warning(message)
        .at(at)
        .fact(format!("`ref('{}')` means the {}, as in dbt", node.name, resource_type(last)))
        .hint("rename one of the two")
}

fn parts(node: &Node) -> [Option<&str>; 3] {
    [
        node.relation.database.as_deref(),
        node.relation.schema.as_deref(),
        Some(&node.relation.identifier),
    ]
}

/// Nodes that would overwrite each other.
fn one_table(first: &Node, second: &Node) -> Diagnostic {
    let name: Vec<&str> = parts(second).into_iter().flatten().collect();
    let message = format!(
        "`{}` and `{}` are one table: `{}`",
        first.unique_id,
        second.unique_id,
        name.join(".")
    );
    let at = second
        .config
        .get("alias")
        .or(second.config.get("schema"))
        .map_or_else(|| second.file.line(1), |set| set.at.clone());
    Diagnostic::error(message).at(at).hint("give one of the two another `alias` or `schema`")
}

#[cfg(test)]
mod tests;
