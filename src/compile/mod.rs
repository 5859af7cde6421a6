//! Turns a dbt project into a plan: for each selected model its steps, and for each window of a
//! microbatch model one statement.

mod audits;
mod batches;
mod builds;
mod checks;
mod client_commands;
mod columns;
mod dedup;
mod dependents;
mod folders;
mod hooks;
mod identifiers;
mod incremental_tables;
mod inputs;
mod ledger;
mod list;
mod macro_overrides;
mod microbatch;
mod missing;
mod query;
mod refresh;
mod render_queries;
mod report;
mod request;
mod schema_changes;
mod staged;
mod steps;
mod strategy_macros;
mod validate;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::calendar;
use crate::codegen;
use crate::config::{self, Broken, Kind, Materialization, Node};
use crate::diagnostics::{Diagnostic, Diagnostics, Level, collect, par_map};
use crate::dialect::{self, Dialect};
use crate::graph::{self, Graph, PreviousState, Selected, Selection};
use crate::jinja::Jinja;
use crate::limits;
use crate::plan::manifest::{
    About, BackfillEntry, ExcludedEntry, ModelEntry, RequestEntry, SCHEMA_VERSION,
};
use crate::plan::{ModelSteps, Plan};
use crate::plan_dir;
use crate::project::{self, Facts, LoadOptions, Project, TargetFacts};
use crate::window;

pub use checks::{Checked, check};
pub use columns::Columns;
use dedup::DedupedDiagnostics;
pub use incremental_tables::{ColumnQueries, column_queries};
pub use ledger::ledger_table;
pub use list::{ListedModel, list};
pub use missing::Missing;
pub use render_queries::{RenderRequest, RenderedQueries, render_queries};
pub use report::{BatchRange, ReportRow, render_table};
pub use request::Request;

/// A plan, the rows of its report, and diagnostics.
pub struct Compiled {
    pub plan: Plan,
    pub rows: Vec<ReportRow>,
    pub diagnostics: Vec<Diagnostic>,
    /// Number of selected models that the plan lists but cannot build.
    pub not_built: usize,
}

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

/// The steps of one model, with its manifest entry, report row and diagnostics.
struct ModelOutput {
    entry: ModelEntry,
    steps: Option<ModelSteps>,
    row: ReportRow,
    diagnostics: Vec<Diagnostic>,
}

/// Compiles the selected models. Writes nothing. An error lists every broken model.
pub fn compile(request: &Request) -> Result<Compiled, Diagnostics> {
    let mut loaded = open(&request.open)?;
    let ledger_table = ledger::attach(&mut loaded, request.ledger.as_ref())?;
    let LoadedProject { project, graph, dialect, broken, .. } = &loaded;
    let mut diagnostics = loaded.diagnostics.clone();
    if selects_everything(&request.selection) && !broken.is_empty() {
        return Err(with_broken_models(DedupedDiagnostics::of_project(diagnostics), broken));
    }
    let (selected, warnings) = loaded.select(&request.selection)?;
    diagnostics.extend(warnings);
    diagnostics.extend(macro_overrides::unused_overrides(
        project,
        &selected,
        dialect.builds.runs_strategy_macros,
        request.windows.strict,
    )?);
    refresh::reject_protected(&selected, request)?;
    collect(graph.nodes.values(), |node| {
        identifiers::validate_relation_name(dialect, node).map_err(Diagnostics::from)
    })?;
    let models = match request.staged {
        true => Some(staged::stage(dialect, graph, &selected, request)?),
        false => None,
    };
    let adjusted: Vec<Node>;
    let selected: Vec<&Node> = if request.staged || request.backfill.is_some() {
        adjusted = selected.iter().map(|node| with_request_settings(node, request)).collect();
        adjusted.iter().collect()
    } else {
        selected
    };
    let folders = folders::assign(&selected);
    let mut context = loaded.context(&folders);
    context.staged = models.as_ref();
    context.earlier_plans = schema_changes::EarlierPlans::new(&request.earlier_plans);
    let mut outputs = Vec::new();
    let mut complete = Vec::new();
    let mut errors = DedupedDiagnostics::default();
    for (node, output) in selected.iter().zip(par_map(&selected, |node| {
        limits::guarded(&node.file, || compile_model(&context, node, request))
    })) {
        match output {
            Ok(None) if node.microbatch().is_some() => complete.push(*node),
            Ok(output) => outputs.extend(output),
            Err(more) => errors.extend(Some(&node.name), more.0),
        }
    }
    if !errors.is_empty() {
        return Err(with_broken_models(errors, broken));
    }
    let mut diagnostics = DedupedDiagnostics::of_project(diagnostics);
    add_unplanned(&mut diagnostics, broken);

    let state = graph::changes::state(graph, project);
    let mut plan = Plan {
        about: about(project, dialect, request),
        models: Vec::new(),
        steps: Vec::new(),
        state,
    };
    let mut rows = Vec::new();
    let mut not_built = 0;
    for node in complete {
        let note = format!("no batch of `{}` is missing", node.name);
        diagnostics.extend(Some(&node.name), vec![Diagnostic::note(note)]);
    }
    for output in outputs {
        not_built += usize::from(output.steps.is_none());
        plan.models.push(output.entry);
        plan.steps.extend(output.steps);
        diagnostics.extend(Some(&output.row.model), output.diagnostics);
        rows.push(output.row);
    }
    let planned = plan.models.iter().map(|model| model.unique_id.clone()).collect();
    plan.steps
        .iter_mut()
        .for_each(|steps| inputs::add_indirect_reads(&mut steps.reads, graph, &planned));
    if let Some(table) = ledger_table {
        ledger::add(&mut plan, dialect, &table, &selected)?;
    }
    Ok(Compiled { plan, rows, diagnostics: diagnostics.finish(), not_built })
}

/// Loads and links a project.
pub fn open(open: &LoadOptions) -> Result<LoadedProject, Diagnostics> {
    let loaded_dialect: Cell<Option<Dialect>> = Cell::new(None);
    let project = project::load(open, &|name| {
        let dialect = loaded_dialect
            .take()
            .filter(|dialect| dialect.name == name)
            .map_or_else(|| dialect::named(name), Ok)?;
        let facts = facts(&dialect);
        loaded_dialect.set(Some(dialect));
        Ok(facts)
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
    let graph = graph::link(resolved.nodes, search, &disabled, &resolved.broken).map_err(
        |mut errors| {
            errors.0.extend(resolved.broken.iter().flat_map(|node| node.errors.0.clone()));
            errors
        },
    )?;
    let mut graph = graph;
    let refused = graph.add_resources(&config::resources(&project.packages), resolved.disabled);
    if !refused.0.is_empty() {
        return Err(refused);
    }
    let graph = Arc::new(graph);
    let all = graph.clone();
    let unplanned: Vec<Node> =
        resolved.broken.iter().filter_map(|broken| broken.node.as_deref().cloned()).collect();
    let (database, schema) = (project.target.database.clone(), project.target.schema.clone());
    project.jinja.set_graph(graph_gap(&resolved.broken), move || {
        let nodes = all.nodes.values().chain(&unplanned);
        let mut json = config::graph_json(nodes, &|id| all.reads(id));
        all.add_resource_json(database.as_deref(), &schema, &mut json);
        json
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
            error.at_maybe(cause.at.clone()).fact(format!("`{}`: {}", first.name, cause.message));
    }
    Some(error.hint("correct the model, or set `enabled: false` for it"))
}

/// The properties of a dialect that loading a target needs.
pub fn target_facts(dialect: &Dialect) -> TargetFacts {
    TargetFacts {
        schema: dialect.target.default_schema.clone(),
        keys: dialect.target.target_keys.clone(),
    }
}

/// The properties of a dialect that loading a project needs.
fn facts(dialect: &Dialect) -> Facts {
    Facts {
        style: dialect.relation_style(),
        columns: dialect.column_style(),
        adapters: dialect.dispatch.clone(),
        target: target_facts(dialect),
        files_as_sources: dialect.target.files_as_sources,
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
        match selected_nodes(&self.graph, &self.project, selection) {
            Err(_) if !self.broken.is_empty() => {
                Err(with_broken_models(DedupedDiagnostics::default(), &self.broken))
            }
            selected => selected,
        }
    }

    /// The context in which models are compiled; `folders` are those of the selected models.
    fn context<'a>(&'a self, folders: &'a BTreeMap<String, String>) -> Context<'a> {
        Context {
            root: &self.project.root,
            jinja: &self.project.jinja,
            graph: &self.graph,
            dialect: &self.dialect,
            folders,
            database: self.project.target.database.as_deref(),
            columns: &self.columns,
            staged: None,
            window_keys: Default::default(),
            earlier_plans: schema_changes::EarlierPlans::new(&[]),
        }
    }
}

/// Whether a selection has neither `--select` nor `--selector`.
fn selects_everything(selection: &Selection) -> bool {
    selection.select.is_empty() && selection.selector.is_none()
}

/// The selected models, inputs before the models that read them, and warnings about the selection.
fn selected_nodes<'a>(
    graph: &'a Graph,
    project: &Project,
    selection: &Selection,
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
        warnings.push(Diagnostic::note("nothing selected has changed since the earlier plan"));
    } else if everything && selection.exclude.is_empty() {
        return Err(Diagnostic::error("no model is selected")
            .hint("run `batchwright list` to see all models")
            .into());
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
    let changes = match project::earlier(&project.root, folder) {
        Ok(earlier) => Some(graph::changes::since(graph, project, &earlier)),
        // The state folder of a run contains results but no plan.
        Err(_) if results.is_some() => None,
        Err(error) => return Err(error.into()),
    };
    Ok(PreviousState {
        changes,
        results,
        fresher: project::fresher(&project.root, folder, &project.root.join("target")),
    })
}

/// Everything that the compilation of each model reads.
struct Context<'a> {
    /// The folder of the project, from which seed files are read.
    root: &'a std::path::Path,
    jinja: &'a Jinja,
    graph: &'a Arc<Graph>,
    staged: Option<&'a staged::StagedModels>,
    dialect: &'a Dialect,
    /// The plan's folder of each model, by unique id.
    folders: &'a BTreeMap<String, String>,
    /// The database of the target, which applies to plain names without one.
    database: Option<&'a str>,
    columns: &'a Columns,
    window_keys: checks::WindowKeysCache,
    earlier_plans: schema_changes::EarlierPlans<'a>,
}

/// Compiles one model. An ephemeral model has no output: it is part of the models that read it.
fn compile_model(
    context: &Context,
    node: &Node,
    request: &Request,
) -> Result<Option<ModelOutput>, Diagnostics> {
    codegen::reject_unsafe_settings(context.dialect, node)?;
    let output = match &node.materialization {
        Materialization::Microbatch(settings) => {
            match batches::compile_model(context, node, settings, request)? {
                Some(output) => output,
                None => return Ok(None),
            }
        }
        Materialization::Ephemeral => return Ok(None),
        _ => builds::compile_model(context, node, request)?,
    };
    output
        .steps
        .iter()
        .try_for_each(|steps| client_commands::reject_in_steps(context, node, steps))?;
    Ok(Some(output))
}

/// The node with the settings that the request changes.
fn with_request_settings(node: &Node, request: &Request) -> Node {
    let mut node = if request.staged { staged::without_drops(node) } else { node.clone() };
    if let Some(file) = &request.backfill
        && let Materialization::Microbatch(settings) = &mut node.materialization
    {
        let rules = file.backfill.audit.clone();
        settings.audit.allow = rules.allow.unwrap_or_else(|| settings.audit.allow.clone());
        settings.audit.max_change = rules.max_change.unwrap_or(settings.audit.max_change);
    }
    node
}

/// Adds the errors of broken models as warnings: a broken model that no selected model reads does
/// not stop the compilation.
fn add_unplanned(diagnostics: &mut DedupedDiagnostics, broken: &[Broken]) {
    for node in broken {
        let errors = node.errors.0.iter().cloned();
        let warnings = errors.map(|error| {
            Diagnostic { level: Level::Warning, ..error }.fact("the model is not planned")
        });
        diagnostics.extend(Some(&node.name), warnings);
    }
}

/// All errors; those of broken models come last.
fn with_broken_models(mut errors: DedupedDiagnostics, broken: &[Broken]) -> Diagnostics {
    broken.iter().for_each(|node| errors.extend(Some(&node.name), node.errors.0.iter().cloned()));
    Diagnostics(errors.finish())
}

/// The messages of the warnings. Those of `check` are findings of their own in the manifest.
fn warnings(diagnostics: &[Diagnostic]) -> impl Iterator<Item = String> + '_ {
    diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.level == Level::Warning && diagnostic.code.is_none())
        .map(|diagnostic| diagnostic.message.clone())
}

fn about(project: &Project, dialect: &Dialect, request: &Request) -> About {
    let bounds = request.windows.bounds.as_ref();
    let excluded = |(start, end): &(window::Bound, window::Bound)| ExcludedEntry {
        event_time_start: start.text.clone(),
        event_time_end: end.text.clone(),
    };
    let depends_on_now = bounds.is_none() || request.windows.complete_only || request.now_is_given;
    About {
        schema_version: SCHEMA_VERSION,
        generator: plan_dir::GENERATOR.to_string(),
        project: project.name.clone(),
        target: project.target.name.clone(),
        dialect: dialect.name.to_string(),
        request: RequestEntry {
            now: depends_on_now.then(|| calendar::format_instant(request.windows.now)),
            event_time_start: bounds.map(|(start, _)| start.text.clone()),
            event_time_end: bounds.map(|(_, end)| end.text.clone()),
            excluded_windows: request.windows.excluded.iter().map(excluded).collect(),
            full_refresh: request.full_refresh,
            staged: request.staged,
            backfill: request.backfill.as_ref().map(|file| BackfillEntry {
                file: file.path.clone(),
                reason: file.backfill.reason.clone(),
                owner: file.backfill.owner.clone(),
            }),
            batch_size: request.windows.batch_size.map(|size| size.as_str().to_string()),
            chunk: request.windows.chunk.map(|size| size.as_str().to_string()),
            complete_only: request.windows.complete_only,
            select: request.selection.select.clone(),
            exclude: request.selection.exclude.clone(),
            selector: request.selection.selector.clone(),
        },
        shards: None,
        ledger: None,
    }
}
