//! Turns a dbt project into a plan: for each selected model its steps, and for each window of a
//! microbatch model one statement.

mod audits;
mod batches;
mod builds;
mod causes;
mod checks;
mod client_commands;
mod columns;
mod dependents;
mod folders;
mod hooks;
mod inputs;
mod look;
mod macro_overrides;
mod query;
mod refresh;
mod report;
mod schema_changes;
mod spelled;
mod staged;
mod steps;
mod strategy_macros;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use crate::codegen;
use crate::config::{self, Broken, Kind, Materialization, Node};
use crate::diagnostics::{Diagnostic, Diagnostics, Level, collect, par_map};
use crate::dialect::{self, Dialect};
use crate::graph::{self, Graph, PreviousState, Selected, Selection};
use crate::jinja::Jinja;
use crate::limits;
use crate::plan::manifest::{About, ModelEntry, RequestEntry, SCHEMA_VERSION};
use crate::plan::{Plan, Steps};
use crate::plan_dir;
use crate::project::{self, Facts, LoadOptions, Project, TargetFacts};
use crate::window;

use causes::Causes;
pub use checks::{Checked, check};
pub use columns::Columns;
pub use look::{Asked, ListedModel, RenderedQueries, list, queries};
pub use report::{Row, table};

/// What was asked on the command line.
#[derive(Clone, Debug)]
pub struct Request {
    pub open: LoadOptions,
    pub selection: Selection,
    pub windows: window::WindowRequest,
    pub full_refresh: bool,
    /// Whether the batches are written next to the tables and published at the end.
    pub staged: bool,
    /// Whether now was given, so that the plan does not depend on the clock.
    pub now_is_given: bool,
    /// Models of which a finished batch is known, by unique id, where the others are planned from
    /// their `begin` on.
    pub from_begin_except: Option<BTreeSet<String>>,
    /// The folders of earlier plans, which know the columns of tables; the first that knows a
    /// model's columns counts.
    pub earlier_plans: Vec<PathBuf>,
}

/// A plan, and what is said of it.
pub struct Compiled {
    pub plan: Plan,
    pub rows: Vec<Row>,
    pub diagnostics: Vec<Diagnostic>,
    /// How many of the selected models are named only, because a plan cannot build them.
    pub left_out: usize,
}

/// A project, its nodes linked.
pub struct LoadedProject {
    pub project: Project,
    pub graph: Arc<Graph>,
    pub dialect: Dialect,
    pub columns: Arc<Columns>,
    /// Models with errors of their own: they are not in the graph.
    pub broken: Vec<Broken>,
    pub diagnostics: Vec<Diagnostic>,
}

/// The steps of one model, and what is said of them.
struct ModelOutput {
    entry: ModelEntry,
    steps: Option<Steps>,
    row: Row,
    diagnostics: Vec<Diagnostic>,
}

/// Compiles the selected models. On an error nothing was written, and every broken model is in it.
pub fn compile(request: &Request) -> Result<Compiled, Diagnostics> {
    let LoadedProject { project, graph, dialect, columns, broken, mut diagnostics } =
        open(&request.open)?;
    let everything = request.selection.select.is_empty() && request.selection.selector.is_none();
    if everything && !broken.is_empty() {
        let mut causes = Causes::default();
        causes.extend(None, diagnostics);
        return Err(with_broken(causes, &broken));
    }
    let (selected, warnings) = match selected(&graph, &project, &request.selection) {
        // A broken model is in no graph: it may be what a word of the selection means.
        Err(_) if !broken.is_empty() => return Err(with_broken(Causes::default(), &broken)),
        selected => selected?,
    };
    diagnostics.extend(warnings);
    diagnostics.extend(macro_overrides::unused_overrides(
        &project,
        &selected,
        dialect.property("runs_strategy_macros")?,
        request.windows.strict,
    )?);
    refresh::protect(&selected, request)?;
    collect(graph.nodes.values(), |node| {
        spelled::refuse(&dialect, node).map_err(Diagnostics::from)
    })?;
    let models = match request.staged {
        true => Some(staged::stage(&dialect, &graph, &selected, request)?),
        false => None,
    };
    let staged_nodes: Vec<Node> = match models {
        Some(_) => selected.iter().map(|node| staged::without_drops(node)).collect(),
        None => Vec::new(),
    };
    let selected = if models.is_some() { staged_nodes.iter().collect() } else { selected };
    let folders = folders::of(&selected);
    let mut context = Context::new(&project, &graph, &dialect, &columns, &folders);
    context.staged = models.as_ref();
    context.earlier_plans = schema_changes::EarlierPlans::new(&request.earlier_plans);
    let mut parts = Vec::new();
    let mut errors = Causes::default();
    for (node, part) in selected.iter().zip(par_map(&selected, |node| {
        limits::guarded(&node.file, || compile_model(&context, node, request))
    })) {
        match part {
            Ok(part) => parts.push(part),
            Err(more) => errors.extend(Some(&node.name), more.0),
        }
    }
    if !errors.is_empty() {
        return Err(with_broken(errors, &broken));
    }
    let mut causes = Causes::default();
    causes.extend(None, diagnostics);
    not_planned(&mut causes, &broken);

    let state = graph::changes::state(&graph, &project);
    let mut plan = Plan {
        about: about(&project, &dialect, request),
        models: Vec::new(),
        steps: Vec::new(),
        state,
    };
    let mut rows = Vec::new();
    let mut left_out = 0;
    for part in parts.into_iter().flatten() {
        left_out += usize::from(part.steps.is_none());
        plan.models.push(part.entry);
        plan.steps.extend(part.steps);
        causes.extend(Some(&part.row.model), part.diagnostics);
        rows.push(part.row);
    }
    let planned = plan.models.iter().map(|model| model.unique_id.clone()).collect();
    plan.steps
        .iter_mut()
        .for_each(|steps| inputs::wait_through(&mut steps.reads, &graph, &planned));
    Ok(Compiled { plan, rows, diagnostics: causes.finish(), left_out })
}

/// Loads and links a project.
pub fn open(open: &LoadOptions) -> Result<LoadedProject, Diagnostics> {
    let asked: Cell<Option<Dialect>> = Cell::new(None);
    let project = project::load(open, &|name| {
        let dialect = asked
            .take()
            .filter(|asked| asked.name == name)
            .map_or_else(|| dialect::named(name), Ok)?;
        let facts = facts(&dialect);
        asked.set(Some(dialect));
        facts
    })?;
    let dialect = asked.take().filter(|asked| asked.name == project.target.dialect);
    let mut dialect = dialect.map_or_else(|| dialect::named(&project.target.dialect), Ok)?;
    dialect.attach(&project.target.attached)?;
    let resolved = config::resolve(&project, &dialect)?;
    let mut diagnostics = project.warnings.0.clone();
    diagnostics.extend(resolved.warnings.0);
    let disabled: Vec<String> = resolved.disabled.into_iter().map(|node| node.unique_id).collect();
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
    let refused =
        graph.add_resources(project.packages.iter().flat_map(|package| &package.resources));
    if !refused.0.is_empty() {
        return Err(refused);
    }
    let graph = Arc::new(graph);
    let all = graph.clone();
    let not_planned: Vec<Node> =
        resolved.broken.iter().filter_map(|broken| broken.node.as_deref().cloned()).collect();
    let (database, schema) = (project.target.database.clone(), project.target.schema.clone());
    project.jinja.set_graph(graph_gap(&resolved.broken), move || {
        let nodes = all.nodes.values().chain(&not_planned);
        let mut json = config::graph_json(nodes, &|id| all.reads(id));
        all.add_resource_json(database.as_deref(), &schema, &mut json);
        json
    });
    let columns = columns::known(&project, &graph, &dialect)?;
    project.jinja.set_known(columns.clone());
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
    let mut error = Diagnostic::error(format!(
        "`graph` is not complete without {names}{more}, which cannot be parsed"
    ));
    if let Some(cause) = first.errors.0.first() {
        error =
            error.at_maybe(cause.at.clone()).fact(format!("`{}`: {}", first.name, cause.message));
    }
    Some(error.hint("correct the model, or set `enabled: false` for it"))
}

/// What the reading of a project must know of its dialect.
fn facts(dialect: &Dialect) -> Result<Facts, Diagnostic> {
    Ok(Facts {
        style: dialect.relation_style()?,
        columns: dialect.column_quoting()?,
        adapters: dialect.dispatch()?,
        target: TargetFacts {
            schema: dialect.property("default_schema")?,
            keys: dialect.property("target_keys")?,
        },
        files_as_sources: dialect.property("files_as_sources")?,
    })
}

/// The selected models, inputs before their readers, and warnings about the selection.
pub fn selected<'a>(
    graph: &'a Graph,
    project: &Project,
    selection: &Selection,
) -> Result<(Vec<&'a Node>, Vec<Diagnostic>), Diagnostics> {
    let Selected { mut nodes, mut warnings } =
        graph.select(selection, project.selectors.as_ref(), &past(graph, project, selection)?)?;
    // `dbt run` makes models; a seed or a snapshot is planned, or named, where somebody asks for
    // it.
    let everything = selection.select.is_empty() && selection.selector.is_none();
    // Nor does dbt run a file without text.
    nodes.retain(|node| node.kind != Kind::Model || !node.file.text.trim().is_empty());
    nodes.retain(|node| {
        node.kind == Kind::Model
            || (!everything && matches!(node.kind, Kind::Seed | Kind::Snapshot))
    });
    if !nodes.is_empty() {
        return Ok((nodes, warnings));
    }
    if selection.state.is_some() {
        warnings
            .push(Diagnostic::note("nothing that is selected has changed since the earlier plan"));
    } else if everything && selection.exclude.is_empty() {
        return Err(Diagnostic::error("no model is selected")
            .hint("`batchwright list` shows what there is")
            .into());
    } else {
        let warning = Diagnostic::warning("nothing to do: no model is selected");
        warnings.push(
            warning.hint(
                "check the selection, and what `batchwright list` shows for each of its parts",
            ),
        );
    }
    Ok((nodes, warnings))
}

/// What `--state` names, for selections that compare with it.
fn past(
    graph: &Graph,
    project: &Project,
    selection: &Selection,
) -> Result<PreviousState, Diagnostics> {
    let Some(folder) = &selection.state else { return Ok(PreviousState::default()) };
    let results = project::results(&project.root, folder);
    let changes = match project::earlier(&project.root, folder) {
        Ok(earlier) => Some(graph::changes::since(graph, project, &earlier)),
        // The folder of a run holds its results, and no plan.
        Err(_) if results.is_some() => None,
        Err(error) => return Err(error.into()),
    };
    Ok(PreviousState {
        changes,
        results,
        fresher: project::fresher(&project.root, folder, &project.root.join("target")),
    })
}

/// What every model's compilation looks at.
struct Context<'a> {
    /// The project's folder, where the rows of seeds are.
    root: &'a std::path::Path,
    jinja: &'a Jinja,
    graph: &'a Arc<Graph>,
    staged: Option<&'a staged::StagedModels>,
    dialect: &'a Dialect,
    /// The plan's folder of each model, by unique id.
    folders: &'a BTreeMap<String, String>,
    /// The target's, in which a plain name without one is looked for.
    database: Option<&'a str>,
    columns: &'a Columns,
    pinned: checks::Pinned,
    earlier_plans: schema_changes::EarlierPlans<'a>,
}

impl<'a> Context<'a> {
    fn new(
        project: &'a Project,
        graph: &'a Arc<Graph>,
        dialect: &'a Dialect,
        columns: &'a Columns,
        folders: &'a BTreeMap<String, String>,
    ) -> Self {
        let database = project.target.database.as_deref();
        let earlier_plans = schema_changes::EarlierPlans::new(&[]);
        let (root, jinja) = (&*project.root, &*project.jinja);
        Context {
            root,
            jinja,
            graph,
            staged: None,
            dialect,
            folders,
            database,
            columns,
            pinned: Default::default(),
            earlier_plans,
        }
    }
}

/// The steps of a model; none for one that is built inside of its readers.
fn compile_model(
    context: &Context,
    node: &Node,
    request: &Request,
) -> Result<Option<ModelOutput>, Diagnostics> {
    codegen::refuse_raw_settings(context.dialect, node)?;
    let part = match &node.materialization {
        Materialization::Microbatch(settings) => {
            batches::compile_model(context, node, settings, request)?
        }
        Materialization::Ephemeral => return Ok(None),
        _ => builds::compile_model(context, node, request)?,
    };
    part.steps.iter().try_for_each(|steps| client_commands::refuse(context, node, steps))?;
    Ok(Some(part))
}

/// The errors of models that are left aside, as warnings: a broken model that nothing selected
/// reads is no reason to stop.
fn not_planned(causes: &mut Causes, broken: &[Broken]) {
    for node in broken {
        let errors = node.errors.0.iter().cloned();
        let warnings = errors.map(|error| {
            Diagnostic { level: Level::Warning, ..error }.fact("its model is not planned")
        });
        causes.extend(Some(&node.name), warnings);
    }
}

/// All errors, those of broken models last.
fn with_broken(mut errors: Causes, broken: &[Broken]) -> Diagnostics {
    broken.iter().for_each(|node| errors.extend(Some(&node.name), node.errors.0.iter().cloned()));
    Diagnostics(errors.finish())
}

/// The messages of the warnings among what is said.
fn warnings(diagnostics: &[Diagnostic]) -> impl Iterator<Item = String> + '_ {
    diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.level == Level::Warning)
        .map(|diagnostic| diagnostic.message.clone())
}

fn about(project: &Project, dialect: &Dialect, request: &Request) -> About {
    let bounds = request.windows.bounds.as_ref();
    let depends_on_now = bounds.is_none() || request.windows.complete_only || request.now_is_given;
    About {
        schema_version: SCHEMA_VERSION,
        generator: plan_dir::GENERATOR.to_string(),
        project: project.name.clone(),
        target: project.target.name.clone(),
        dialect: dialect.name.to_string(),
        request: RequestEntry {
            now: depends_on_now.then(|| plan_dir::instant(request.windows.now)),
            event_time_start: bounds.map(|(start, _)| start.text.clone()),
            event_time_end: bounds.map(|(_, end)| end.text.clone()),
            full_refresh: request.full_refresh,
            staged: request.staged,
            batch_size: request.windows.batch_size.map(|size| size.as_str().to_string()),
            chunk: request.windows.chunk.map(|size| size.as_str().to_string()),
            complete_only: request.windows.complete_only,
            select: request.selection.select.clone(),
            exclude: request.selection.exclude.clone(),
            selector: request.selection.selector.clone(),
        },
        shards: None,
    }
}
