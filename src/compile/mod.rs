//! Turns a dbt project into a plan: for each selected model its steps, and for each window of a
//! microbatch model one statement.

mod audits;
mod batches;
mod builds;
mod checks;
mod client_commands;
mod column_types;
mod columns;
mod dedup;
mod dependents;
mod earlier_plans;
mod folders;
mod foreign_keys;
mod hooks;
mod identifiers;
mod incremental_tables;
mod inputs;
mod ledger;
mod list;
mod load;
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
mod stale;
mod steps;
mod strategy_macros;
mod tables;
mod validate;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::calendar;
use crate::codegen;
use crate::config::{Broken, Materialization, Node};
use crate::diagnostics::{Diagnostic, Diagnostics, Level, collect, par_map};
use crate::dialect::Dialect;
use crate::graph::{self, Graph};
use crate::jinja::Jinja;
use crate::limits;
use crate::plan::manifest::{
    About, BackfillEntry, ExcludedEntry, ModelEntry, RequestEntry, SCHEMA_VERSION,
};
use crate::plan::{ModelSteps, Plan};
use crate::plan_dir;
use crate::project::Project;
use crate::window;

pub use checks::{Checked, check};
pub use columns::Columns;
use dedup::DedupedDiagnostics;
pub use incremental_tables::{ColumnQueries, column_queries};
pub use ledger::ledger_table;
pub use list::{ListedModel, list};
use load::selects_everything;
pub use load::{LoadedProject, open, target_settings};
pub use render_queries::{RenderRequest, RenderedQueries, render_queries};
pub use report::{BatchRange, ReportRow, render_table};
pub use request::{Missing, Request};

/// A plan, the rows of its report, and diagnostics.
pub struct Compiled {
    pub plan: Plan,
    pub rows: Vec<ReportRow>,
    pub diagnostics: Vec<Diagnostic>,
    /// Number of selected models that the plan lists but cannot build.
    pub not_built: usize,
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
    let is_adjusted = request.staged || request.backfill.is_some();
    let adjusted = selected.into_iter().map(|node| {
        let node = match is_adjusted {
            true => Cow::Owned(with_request_settings(node, request)),
            false => Cow::Borrowed(node),
        };
        foreign_keys::with_references(dialect, graph, node)
    });
    let adjusted: Vec<Cow<Node>> = adjusted.collect::<Result<_, Diagnostic>>()?;
    let selected: Vec<&Node> = adjusted.iter().map(|node| &**node).collect();
    let folders = folders::assign(&selected);
    let mut context = loaded.context(&folders);
    context.staged = models.as_ref();
    context.foreign_keys = foreign_keys::foreign_keys(dialect, graph)?;
    if dialect.has_macro("set_aside") {
        context.referencing_tables =
            foreign_keys::referencing_tables(graph, &selected, request.full_refresh);
    }
    context.earlier_plans = earlier_plans::EarlierPlans::new(
        request.selection.state.as_deref(),
        &request.earlier_plans,
    );
    let mut stale_readers = Vec::new();
    if let Some(missing) = request.missing.as_ref().filter(|missing| missing.changed) {
        (context.changed, stale_readers) =
            stale::changed_batches(&context, &selected, request, missing);
    }
    let CompiledModels { outputs, complete, errors } = compile_models(&context, &selected, request);
    if !errors.is_empty() {
        return Err(with_broken_models(errors, broken));
    }
    let mut diagnostics = DedupedDiagnostics::of_project(diagnostics);
    add_unplanned(&mut diagnostics, broken);
    diagnostics.extend(None, stale_readers);
    for node in complete {
        let note = format!("no batch of `{}` is missing", node.name);
        diagnostics.extend(Some(&node.name), vec![Diagnostic::new(Level::Note, note)]);
    }
    let mut plan = Plan {
        about: about(project, dialect, request),
        models: Vec::new(),
        steps: Vec::new(),
        state: graph::changes::state(graph, project),
    };
    let mut rows = Vec::new();
    let mut not_built = 0;
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
    plan.check_all_before_undo();
    if let Some(table) = ledger_table {
        ledger::add(&mut plan, dialect, &table, &selected)?;
    }
    Ok(Compiled { plan, rows, diagnostics: diagnostics.finish(), not_built })
}

/// The selected models after each of them was compiled.
struct CompiledModels<'a> {
    outputs: Vec<ModelOutput>,
    /// The microbatch models without a batch to plan.
    complete: Vec<&'a Node>,
    errors: DedupedDiagnostics,
}

/// Compiles the models in parallel.
fn compile_models<'a>(
    context: &Context,
    selected: &[&'a Node],
    request: &Request,
) -> CompiledModels<'a> {
    let compiled = par_map(selected, |node| {
        limits::guarded(&node.file, || compile_model(context, node, request))
    });
    let mut models = CompiledModels {
        outputs: Vec::new(),
        complete: Vec::new(),
        errors: DedupedDiagnostics::default(),
    };
    for (node, output) in selected.iter().zip(compiled) {
        match output {
            Ok(None) if node.microbatch().is_some() => models.complete.push(*node),
            Ok(output) => models.outputs.extend(output),
            Err(errors) => models.errors.extend(Some(&node.name), errors.0),
        }
    }
    models
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
    /// The tables of the plan that reference others, on an engine on which they must be set aside.
    referencing_tables: foreign_keys::ReferencingTables<'a>,
    /// The foreign keys of all tables, on an engine that enforces them.
    foreign_keys: Vec<foreign_keys::ForeignKey<'a>>,
    window_keys: checks::WindowKeysCache,
    earlier_plans: earlier_plans::EarlierPlans<'a>,
    /// The batches that read the rows of rewritten ones, by unique id.
    /// What `--missing --changed` compares with the finished batches, by unique id.
    changed: BTreeMap<String, stale::ChangedBatches>,
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

/// The node with the settings that the request overrides.
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
            Diagnostic { level: Level::Warning, ..error }.note("the model is not planned")
        });
        diagnostics.extend(Some(&node.name), warnings);
    }
}

/// All errors; those of broken models come last.
fn with_broken_models(mut errors: DedupedDiagnostics, broken: &[Broken]) -> Diagnostics {
    broken.iter().for_each(|node| errors.extend(Some(&node.name), node.errors.0.iter().cloned()));
    Diagnostics(errors.finish())
}

/// The messages of the warnings. Those of `check` are separate findings in the manifest.
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
    let open = &request.open;
    let depends_on_now = bounds.is_none() || request.windows.complete_only || request.now_is_given;
    About {
        schema_version: SCHEMA_VERSION,
        generator: plan_dir::GENERATOR.to_string(),
        project: project.name.clone(),
        target: project.target.name.clone(),
        profile: open.profile.clone().filter(|_| open.dialect.is_none()),
        profiles_dir: open.named_profiles_dir().filter(|_| open.dialect.is_none()),
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
