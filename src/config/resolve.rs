//! From unresolved nodes to nodes: merges the layers, names the relation, reads the
//! materialization, and validates a microbatch model. The errors of a node are in `broken`; an
//! error of the project (duplicate names) is returned.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use crate::diagnostics::{Diagnostic, Diagnostics, Level, Location, collect, par_map};
use crate::dialect::Dialect;
use crate::jinja::Relation;
use crate::limits;
use crate::project::{
    ColumnPatch, Config, CustomGranularity, Patch, Project, Setting, header, translated,
};

use super::declarations;
use super::duplicates::duplicates;
use super::event_time::event_time;
use super::hooks;
use super::key_typos;
use super::layers::{merged, text, texts};
use super::microbatch::{MicrobatchInput, microbatch};
use super::node_json::{resource_type, version};
use super::patches::patches;
use super::relation::Naming;
use super::resolver::Resolver;
use super::seed_types;
use super::source_relation::source_relation;
use super::types;
use super::unresolved::{UnresolvedNode, constraints, unresolved_nodes};
use super::{Broken, Column, Disabled, Kind, Materialization, Node, Resolved};

/// Resolves every node of the project, and reports all broken nodes.
pub fn resolve(project: &Project, dialect: &Dialect) -> Result<Resolved, Diagnostics> {
    let Project { root, packages, target, style, sources, now, catalog, flags, .. } = project;
    let resolver = Resolver {
        root,
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
    let mut resolved = resolve_nodes(&resolver)?;
    hooks::link(&project.jinja, &mut resolved);
    Ok(resolved)
}

fn resolve_nodes(resolver: &Resolver) -> Result<Resolved, Diagnostics> {
    let mut resolved = Resolved::default();
    let mut problems = Diagnostics::default();
    let Some(root) = resolver.packages.first() else { return Ok(resolved) };
    let patches = patches(resolver.packages, &mut resolved.warnings, &mut problems);
    for (nth, package) in resolver.packages.iter().enumerate() {
        let naming = Naming::of(resolver, root, package);
        let aliases = &resolver.dialect.target.key_aliases;
        let unresolved_nodes = unresolved_nodes(resolver.packages, nth, &patches, aliases);
        let done = par_map(&unresolved_nodes, |unresolved| {
            let unique_id = unique_id(unresolved);
            let resolved = limits::guarded(unresolved.file, || {
                Ok(node(unresolved, &unique_id, resolver, &naming))
            });
            resolved.unwrap_or_else(|errors| Err(Failed::from(errors))).map_err(|failed| {
                let Failed { errors, node } = failed;
                Broken { unique_id, name: full_name(unresolved), errors, node }
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
    let duplicates = duplicates(&resolved.nodes, resolver.flags.unique_names);
    let (errors, duplicate_warnings): (Vec<_>, Vec<_>) =
        duplicates.into_iter().partition(|duplicate| duplicate.level == Level::Error);
    problems.0.extend(errors);
    resolved.warnings.0.extend(duplicate_warnings);
    if problems.0.is_empty() { Ok(resolved) } else { Err(problems) }
}

/// The reason why a node cannot be planned, and the node, if only its batch settings are invalid.
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
    unresolved: &UnresolvedNode,
    unique_id: &str,
    resolver: &Resolver,
    naming: &Naming,
) -> Result<Outcome, Failed> {
    let aliases = &resolver.dialect.target.key_aliases;
    let mut config = merged_layers(&unresolved.layers, aliases)?;
    // dbt validates the settings of disabled nodes, too.
    let errors = types::convert(&unresolved.name, unresolved.kind, &mut config);
    if !errors.is_empty() {
        return Err(Diagnostics(errors).into());
    }
    let declaration_errors = declarations::errors(unresolved, &config);
    if let Some(disabled) = disabled(unresolved, unique_id, &config) {
        if !declaration_errors.is_empty() {
            return Err(Diagnostics(declaration_errors).into());
        }
        return Ok(Outcome::Disabled(disabled));
    }
    if let Some(broken) = unresolved.broken {
        return Err(broken.clone().into());
    }
    let start = start(unresolved);
    insert_defaults(&mut config, unresolved.kind, &start);
    let unpatched = merged_layers(&unresolved.unpatched, aliases)?;
    let mut node = unnamed_node(unresolved, unique_id, config, &unpatched, resolver);
    node.relation = match unresolved.source {
        Some(table) => source_relation(table, &node.config, resolver)?,
        None => {
            // dbt names a node again if its properties file configures it, or is of a version.
            let is_configured = |patch: &Patch| {
                patch.config.iter().any(|layer| !layer.is_empty()) || unresolved.version.is_some()
            };
            let is_named_again = unresolved.patch.is_some_and(is_configured);
            naming.relation(&node, is_named_again.then_some(&unpatched))?
        }
    };
    node.materialization = materialization(&node);
    let resolved = resolve_batches(&mut node, unresolved, start, resolver);
    if let Err(errors) = resolved {
        return Err(Failed { errors, node: Some(Box::new(node)) });
    }
    if !declaration_errors.is_empty() {
        let errors = Diagnostics(declaration_errors);
        return Err(Failed { errors, node: Some(Box::new(node)) });
    }
    let mut warnings = key_typos::warnings(&node);
    warnings.extend_from_slice(unresolved.warnings);
    Ok(Outcome::Node(Box::new(node), warnings))
}

/// The settings of all layers, with the names that dbt uses in the place of the adapter's.
fn merged_layers(layers: &[Cow<Config>], aliases: &[[String; 2]]) -> Result<Config, Diagnostics> {
    let layers = collect(layers, |layer| translated(layer, aliases).map_err(Diagnostics::from))?;
    Ok(merged(layers.iter().map(|layer| &**layer)))
}

/// The place to which an error of the whole node refers.
fn start(unresolved: &UnresolvedNode) -> Location {
    let of_properties = unresolved.patch.map(|patch| &patch.at);
    let at = of_properties.or(unresolved.source.map(|table| &table.at));
    at.cloned().unwrap_or_else(|| unresolved.file.line(1))
}

/// Inserts the settings that dbt has a default for and Jinja can read.
fn insert_defaults(config: &mut Config, kind: Kind, start: &Location) {
    let materialization = match kind {
        Kind::Model => Some("view"),
        Kind::Seed => Some("seed"),
        Kind::Snapshot => Some("snapshot"),
        Kind::Source => None,
    };
    let defaults =
        [("enabled", Some(json!(true))), ("materialized", materialization.map(Value::from))];
    for (key, value) in defaults {
        let Some(value) = value else { continue };
        config.entry(key.to_string()).or_insert_with(|| Setting { value, at: start.clone() });
    }
}

/// A node without its relation's schema, its event time and its materialization.
fn unnamed_node(
    unresolved: &UnresolvedNode,
    unique_id: &str,
    config: Config,
    unpatched: &Config,
    resolver: &Resolver,
) -> Node {
    let path = &unresolved.file.path;
    Node {
        unique_id: unique_id.to_string(),
        kind: unresolved.kind,
        source_name: unresolved.source.map(|table| table.source.clone()),
        package: unresolved.package.name.clone(),
        version: unresolved.version.map(|version| version.v.clone()),
        is_latest: unresolved.is_latest,
        fqn: unresolved.fqn.clone(),
        file: unresolved.file.clone(),
        path: path
            .strip_prefix(unresolved.package.folder.as_str())
            .unwrap_or(path)
            .trim_start_matches('/')
            .to_string(),
        path_in_models: unresolved.path_in_models.to_string(),
        relation: Relation {
            database: None,
            schema: None,
            identifier: unresolved.name.clone(),
            style: resolver.style.clone(),
        },
        name: unresolved.name.clone(),
        tags: tags(unpatched, &config),
        event_time: None,
        columns: columns(unresolved, &config),
        description: unresolved.description.clone(),
        constraints: constraints(unresolved.version, unresolved.patch).to_vec(),
        refs: unresolved.refs.clone(),
        sources: unresolved.sources.clone(),
        hook_reads: Default::default(),
        materialization: Materialization::External,
        pre_hooks: hooks::statements(config.get("pre_hook")),
        post_hooks: hooks::statements(config.get("post_hook")),
        attributes: attributes(unresolved),
        granularities: granularities(unresolved),
        config,
    }
}

fn columns(unresolved: &UnresolvedNode, config: &Config) -> Vec<Column> {
    let mut columns = unresolved.columns.clone();
    // The delimiter of a seed is known only after merging the settings.
    let delimiter = seed_types::delimiter(config);
    if delimiter != ','
        && unresolved.kind == Kind::Seed
        && unresolved.patch.is_none_or(|patch| patch.columns.is_empty())
    {
        columns =
            header(&unresolved.file.text, delimiter).into_iter().map(ColumnPatch::named).collect();
    }
    let column = |column: ColumnPatch| Column {
        name: column.name,
        data_type: column.data_type,
        quote: column.quote.unwrap_or_else(|| quotes_columns(unresolved)),
        description: column.description,
        constraints: column.constraints,
        uniqueness: column.uniqueness,
        attributes: column.attributes,
    };
    columns.into_iter().map(column).collect()
}

/// Whether the columns of a source are quoted where they do not say it themselves.
fn quotes_columns(unresolved: &UnresolvedNode) -> bool {
    unresolved.source.and_then(|table| table.quoting[3]).unwrap_or(false)
}

/// Resolves the event time of a node and the settings of its batches.
fn resolve_batches(
    node: &mut Node,
    unresolved: &UnresolvedNode,
    start: Location,
    resolver: &Resolver,
) -> Result<(), Diagnostics> {
    let is_microbatch = matches!(
        &node.materialization,
        Materialization::Incremental(Some(strategy)) if strategy == "microbatch"
    );
    let quote_columns = quotes_columns(unresolved);
    node.event_time = event_time(node, resolver, quote_columns)?;
    if !is_microbatch {
        return Ok(());
    }
    let settings = microbatch(MicrobatchInput {
        model: &node.name,
        config: &node.config,
        event_time: node.event_time.clone(),
        columns: &node.columns,
        documented: unresolved.patch.map(|patch| &*patch.file.path),
        now: resolver.now,
        at: node.config.get("incremental_strategy").map_or(start, |strategy| strategy.at.clone()),
    })?;
    node.materialization = Materialization::Microbatch(Box::new(settings));
    Ok(())
}

/// A node's tags without duplicates. dbt appends those of properties.
fn tags(unpatched: &Config, config: &Config) -> Vec<String> {
    let mut tags: Vec<String> = Vec::new();
    for tag in [unpatched.get("tags"), config.get("tags")]
        .into_iter()
        .flat_map(|tags| texts(tags.map(|tags| &tags.value)))
    {
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags
}

/// The granularities of the time spine that an entry makes of a model without versions.
fn granularities(unresolved: &UnresolvedNode) -> Vec<CustomGranularity> {
    match (unresolved.kind, unresolved.version, unresolved.properties) {
        (Kind::Model, None, Some(properties)) => properties.patch.granularities.clone(),
        _ => Vec::new(),
    }
}

/// dbt's attributes of a node other than its settings, for Jinja.
fn attributes(unresolved: &UnresolvedNode) -> Map<String, Value> {
    let mut attributes =
        unresolved.source.map(|table| table.attributes.clone()).unwrap_or_default();
    attributes
        .insert("unrendered_config".to_string(), Value::Object(unresolved.unrendered.clone()));
    if let Some(properties) = unresolved.properties {
        let (patch, package) = (properties.patch, properties.package);
        let path = patch
            .file
            .path
            .strip_prefix(package.folder.as_str())
            .unwrap_or(&patch.file.path)
            .trim_start_matches('/');
        attributes.insert("patch_path".to_string(), json!(format!("{}://{path}", package.name)));
        if unresolved.version.is_some() {
            attributes
                .insert("latest_version".to_string(), version(patch.latest_version.as_deref()));
        }
        if let (Kind::Model, None, Some(spine)) =
            (unresolved.kind, unresolved.version, &patch.time_spine)
        {
            attributes.insert("time_spine".to_string(), spine.clone());
        }
        let deprecation_date = match unresolved.version {
            Some(version) => &version.deprecation_date,
            None => &patch.deprecation_date,
        };
        if let (Kind::Model, Some(date)) = (unresolved.kind, deprecation_date) {
            attributes.insert("deprecation_date".to_string(), json!(date));
        }
    }
    match (unresolved.kind, unresolved.patch.and_then(|patch| patch.relation.as_deref())) {
        (Kind::Seed, _) => {
            let seeds = &unresolved.package.seeds;
            let seed = seeds.iter().find(|seed| seed.file == *unresolved.file);
            let hash = seed.map(|seed| seed.data.as_str()).unwrap_or_default();
            attributes.insert("raw_code".to_string(), json!(""));
            attributes.insert("checksum".to_string(), json!({"name": "sha256", "checksum": hash}));
        }
        // A snapshot of a properties file.
        (Kind::Snapshot, Some(relation)) if unresolved.is_declared => {
            let code = format!("select * from {{{{ {relation} }}}}");
            attributes.insert("raw_code".to_string(), json!(code));
            attributes.insert("path".to_string(), json!(format!("{}.sql", unresolved.name)));
        }
        _ => {}
    }
    attributes
}

fn disabled(
    unresolved: &UnresolvedNode,
    unique_id: &str,
    config: &indexmap::IndexMap<String, Setting>,
) -> Option<Disabled> {
    let enabled = config.get("enabled").filter(|enabled| enabled.value == false)?;
    Some(Disabled {
        unique_id: unique_id.to_string(),
        kind: unresolved.kind,
        name: full_name(unresolved),
        version: unresolved.version.map(|version| version.v.clone()),
        is_disabled_by_properties: is_disabled_by_properties(unresolved),
        group: config.get("group").map(|group| text(&group.value)),
        at: enabled.at.clone(),
    })
}

/// Whether the node is enabled without its properties file.
fn is_disabled_by_properties(unresolved: &UnresolvedNode) -> bool {
    let mut settings = unresolved.unpatched.iter().rev();
    let setting = settings.find_map(|layer| layer.get("enabled"));
    setting.is_none_or(|setting| setting.value != false)
}

fn unique_id(unresolved: &UnresolvedNode) -> String {
    let version = unresolved.version.map(|version| format!(".v{}", version.v)).unwrap_or_default();
    format!(
        "{}.{}.{}{version}",
        resource_type(unresolved.kind),
        unresolved.package.name,
        full_name(unresolved)
    )
}

fn full_name(unresolved: &UnresolvedNode) -> String {
    unresolved
        .source
        .map_or_else(|| unresolved.name.clone(), |table| format!("{}.{}", table.source, table.name))
}

fn materialization(node: &Node) -> Materialization {
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

#[cfg(test)]
mod tests;
