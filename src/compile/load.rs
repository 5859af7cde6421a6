//! Loads a project, links its nodes and selects models.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::columns::Columns;
use super::dedup::DedupedDiagnostics;
use super::{Context, earlier_plans, with_broken_models};
use crate::config::{self, Broken, Kind, Node, ResourceNames};
use crate::diagnostics::{Diagnostic, Diagnostics, Level};
use crate::dialect::{self, Dialect};
use crate::graph::{self, Graph, PreviousState, Selected, Selection, TargetNames};
use crate::project::{self, DialectSettings, LoadOptions, Project, TargetSettings};

/// A project whose nodes are linked to a graph.
pub struct LoadedProject {
    pub project: Project,
    pub graph: Arc<Graph>,
    pub dialect: Dialect,
    pub columns: Arc<Columns>,
    /// Models with errors in their own files or configuration. They are not in the graph.
    pub broken: Vec<Broken>,
    pub diagnostics: Vec<Diagnostic>,
}

/// Loads and links a project.
pub fn open(open: &LoadOptions) -> Result<LoadedProject, Diagnostics> {
    let loaded_dialect: Cell<Option<Dialect>> = Cell::new(None);
    let project = project::load(open, &|name| {
        let dialect = loaded_dialect
            .take()
            .filter(|dialect| dialect.name == name)
            .map_or_else(|| dialect::named(name), Ok)?;
        let dialect_settings = dialect_settings(&dialect);
        loaded_dialect.set(Some(dialect));
        Ok(dialect_settings)
    })?;
    let dialect = loaded_dialect.take().filter(|dialect| dialect.name == project.target.dialect);
    let mut dialect = dialect.map_or_else(|| dialect::named(&project.target.dialect), Ok)?;
    dialect.attach(&project.target.attached)?;
    let resolved = config::resolve(&project, &dialect)?;
    let mut diagnostics = project.warnings.0.clone();
    diagnostics.extend(resolved.warnings.0);
    let disabled: Vec<String> =
        resolved.disabled.iter().map(|node| node.unique_id.clone()).collect();
    let search = graph::RefSearch {
        root: project.name.clone(),
        own_package_first: project.flags.own_package_first,
        restricted: project
            .packages
            .iter()
            .filter(|package| package.restricts_access)
            .map(|package| package.name.clone())
            .collect(),
    };
    let mut graph = graph::link(resolved.nodes, search, &disabled, &resolved.broken).map_err(
        |mut errors| {
            errors.0.extend(resolved.broken.iter().flat_map(|node| node.errors.0.clone()));
            errors
        },
    )?;
    let refused = graph.add_resources(
        &config::resources(&project.packages, &dialect.target.key_aliases),
        resolved.disabled,
    );
    if !refused.0.is_empty() {
        return Err(refused);
    }
    let graph = Arc::new(graph);
    let all = graph.clone();
    let unplanned: Vec<Node> =
        resolved.broken.iter().filter_map(|broken| broken.node.as_deref().cloned()).collect();
    let (target, root, style) =
        (project.target.clone(), project.name.clone(), project.style.clone());
    let naming = project.jinja.without_graph();
    project.jinja.set_graph(graph_gap(&resolved.broken), move || {
        let nodes = all.nodes.values().chain(&unplanned);
        let mut json = config::graph_json(nodes, &|id| all.reads(id));
        let target = TargetNames { database: target.database.as_deref(), schema: &target.schema };
        let mut names = ResourceNames::new(&naming, &root, &style);
        all.add_resource_json(target, &mut names, &mut json)?;
        Ok(json)
    });
    let columns = Arc::new(Columns::new(&project, &graph, &dialect));
    project.jinja.set_relation_catalog(columns.clone());
    Ok(LoadedProject { project, graph, dialect, columns, broken: resolved.broken, diagnostics })
}

/// Why Jinja's `graph` is not complete: dbt reads no project with a node that cannot be parsed.
fn graph_gap(broken: &[Broken]) -> Option<Diagnostic> {
    let missing: Vec<&Broken> = broken.iter().filter(|broken| broken.node.is_none()).collect();
    let first = missing.first()?;
    let names = missing
        .iter()
        .take(3)
        .map(|broken| format!("`{}`", broken.unique_id))
        .collect::<Vec<_>>()
        .join(", ");
    let more =
        if missing.len() > 3 { format!(" and {} more", missing.len() - 3) } else { String::new() };
    let mut error =
        Diagnostic::error(format!("`graph` is incomplete: {names}{more} cannot be parsed"));
    if let Some(cause) = first.errors.0.first() {
        error =
            error.at_maybe(cause.at.clone()).note(format!("`{}`: {}", first.name, cause.message));
    }
    Some(error.hint("correct the model, or set `enabled: false` for it"))
}

/// The properties of a dialect that loading a target needs.
pub fn target_settings(dialect: &Dialect) -> TargetSettings {
    TargetSettings {
        schema: dialect.target.default_schema.clone(),
        keys: dialect.target.target_keys.clone(),
        defaults: dialect.target.target_defaults.clone(),
        aliases: [&*dialect.target.key_aliases, &*dialect.target.target_aliases].concat(),
        database: dialect.target.default_database.clone(),
    }
}

/// The properties of a dialect that loading a project needs.
fn dialect_settings(dialect: &Dialect) -> DialectSettings {
    DialectSettings {
        style: dialect.relation_style(),
        columns: dialect.column_style(),
        adapters: dialect.dispatch.clone(),
        target: target_settings(dialect),
        files_as_sources: dialect.target.files_as_sources,
        key_aliases: dialect.target.key_aliases.clone(),
    }
}

impl LoadedProject {
    /// The selected models, inputs before the models that read them, and warnings about the
    /// selection. A selection that fails may refer to a broken model, which is not in the graph:
    /// then the error lists the errors of broken models.
    pub fn select(
        &self,
        selection: &Selection,
    ) -> Result<(Vec<&Node>, Vec<Diagnostic>), Diagnostics> {
        let has_broken = !self.broken.is_empty();
        match selected_nodes(&self.graph, &self.project, selection, has_broken) {
            Err(_) if has_broken => {
                Err(with_broken_models(DedupedDiagnostics::default(), &self.broken))
            }
            Err(errors) => Err(errors),
            Ok((nodes, warnings)) => {
                let mut ids: Vec<String> =
                    nodes.iter().map(|node| node.unique_id.clone()).collect();
                ids.sort();
                self.project.jinja.set_selected(ids);
                Ok((nodes, warnings))
            }
        }
    }

    /// The context in which models are compiled; `folders` are those of the selected models.
    pub(super) fn context<'a>(&'a self, folders: &'a BTreeMap<String, String>) -> Context<'a> {
        Context {
            root: &self.project.root,
            jinja: &self.project.jinja,
            graph: &self.graph,
            dialect: &self.dialect,
            folders,
            database: self.project.target.database.as_deref(),
            columns: &self.columns,
            staged: None,
            referencing_tables: Default::default(),
            foreign_keys: Vec::new(),
            window_keys: Default::default(),
            earlier_plans: earlier_plans::EarlierPlans::new(None, &[]),
            changed: BTreeMap::new(),
        }
    }
}

/// Whether a selection has neither `--select` nor `--selector`.
pub(super) fn selects_everything(selection: &Selection) -> bool {
    selection.select.is_empty() && selection.selector.is_none()
}

/// The selected models, inputs before the models that read them, and warnings about the selection.
fn selected_nodes<'a>(
    graph: &'a Graph,
    project: &Project,
    selection: &Selection,
    has_broken: bool,
) -> Result<(Vec<&'a Node>, Vec<Diagnostic>), Diagnostics> {
    let Selected { mut nodes, mut warnings } = graph.select(
        selection,
        project.selectors.as_ref(),
        &previous_state(graph, project, selection)?,
    )?;
    // Like `dbt run`, plan only models, unless seeds or snapshots are selected explicitly; like
    // `dbt build`, plan seeds too with `--build`.
    let everything = selects_everything(selection);
    // dbt skips empty files too.
    nodes.retain(|node| node.kind != Kind::Model || !node.file.text.trim().is_empty());
    nodes.retain(|node| {
        node.kind == Kind::Model
            || (!everything && matches!(node.kind, Kind::Seed | Kind::Snapshot))
            || (selection.with_seeds && node.kind == Kind::Seed)
    });
    if !nodes.is_empty() {
        return Ok((nodes, warnings));
    }
    if selection.state.is_some() {
        warnings.push(Diagnostic::new(
            Level::Note,
            "nothing selected has changed since the earlier plan",
        ));
    } else if has_broken && everything {
        // The errors of those models say why nothing is selected.
    } else if everything && selection.exclude.is_empty() {
        let warning = Diagnostic::warning("nothing to do: the project has no enabled models");
        let folders = "check `model-paths` in `dbt_project.yml`, and `enabled` of the models";
        warnings.push(warning.hint(folders));
    } else {
        let warning = Diagnostic::warning("nothing to do: no model is selected");
        warnings.push(warning.hint("check each part of the selection with `batchwright list`"));
    }
    Ok((nodes, warnings))
}

/// The previous plan and results in the folder of `--state`, for `state:` and `result:` selectors.
fn previous_state(
    graph: &Graph,
    project: &Project,
    selection: &Selection,
) -> Result<PreviousState, Diagnostics> {
    let Some(folder) = &selection.state else { return Ok(PreviousState::default()) };
    let results = project::results(&project.root, folder);
    let changes = match project::earlier_state(&project.root, folder) {
        Ok(earlier) => Some(graph::changes::since(graph, project, &earlier)),
        // The state folder of a run contains results but no plan.
        Err(_) if results.is_some() => None,
        Err(error) => return Err(error.into()),
    };
    Ok(PreviousState {
        changes,
        results,
        fresher: project::fresher_sources(&project.root, folder, &project.root.join("target")),
    })
}
