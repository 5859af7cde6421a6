//! Compiles models without batches (views, tables, incremental models) and seeds. A node that
//! cannot be built has no step and a warning.

mod incremental;
mod seed;

use super::query::reject_final_order;
use super::{Context, ModelOutput, ReportRow, Request, warnings};
use super::{dependents, foreign_keys, hooks, inputs};
use crate::codegen;
use crate::codegen::{BuildFile, Contract, RelationInput};
use crate::config::keys::{self, Key, Text};
use crate::config::{Kind as NodeKind, Materialization, Node};
use crate::diagnostics::{Diagnostic, Diagnostics, Location};
use crate::dialect::Sql;
use crate::inject::{Query, ResultColumn};
use crate::plan::manifest::{InputEntry, ModelEntry};
use crate::plan::{ModelSteps, ReadSet, StaticStep, StepKind};
use crate::render::{self, RenderContext};

/// Compiles one node to `build.sql`, or to a warning that it cannot be built.
pub(super) fn compile_model(
    context: &Context,
    node: &Node,
    request: &Request,
) -> Result<ModelOutput, Diagnostics> {
    let statement = match &node.materialization {
        Materialization::View | Materialization::Table => compile_relation(context, node, request)?,
        Materialization::MaterializedView if context.dialect.builds.materialized_views => {
            compile_relation(context, node, request)?
        }
        // Similar to a materialized view, but a separate materialization in dbt.
        Materialization::Other(name)
            if name == "dynamic_table" && context.dialect.has_macro(name) =>
        {
            compile_relation(context, node, request)?
        }
        Materialization::Incremental(strategy) => {
            incremental::compile_incremental(context, node, strategy.as_deref(), request)?
        }
        Materialization::Seed if context.dialect.builds.seeds => {
            match seed::compile_seed(context, node, request)? {
                Ok(statement) => statement,
                Err(why) => return Ok(why),
            }
        }
        _ => return Ok(not_built(context, node)),
    };
    output(context, node, statement).map_err(Diagnostics::from)
}

/// The statement of a node and its properties.
struct NodeStatement {
    statement: Sql,
    /// How the node is built, for the report.
    strategy: String,
    /// `a view`.
    what: String,
    /// The kind of relation in grants and comments.
    kind: &'static str,
    columns: Option<Vec<ResultColumn>>,
    /// Columns that its statements drop from the table.
    columns_dropped: Vec<String>,
    contract_check: Sql,
    /// Whether it is an incremental model, whose rows are inserted by name.
    incremental: bool,
    /// Whether it replaces the existing relation.
    replaces: bool,
    /// Whether its statements are atomic.
    atomic: bool,
    diagnostics: Vec<Diagnostic>,
}

fn compile_relation(
    context: &Context,
    node: &Node,
    request: &Request,
) -> Result<NodeStatement, Diagnostic> {
    let render_context =
        RenderContext { batch: None, incremental: false, this: node.relation.clone() };
    let text = render::model(context.jinja, context.graph, node, &render_context)?;
    reject_final_order(context, node, &text.sql)?;
    let contract = match node.materialization {
        Materialization::Table | Materialization::View => codegen::contract(context.dialect, node)?,
        _ => None,
    };
    let (contract_check, warning) = compare_contract(context, node, contract.as_ref(), &text.sql)?;
    let (strategy, kind) = match &node.materialization {
        Materialization::Table => ("table", "table"),
        Materialization::MaterializedView => ("materialized view", "materialized view"),
        Materialization::Other(name) => {
            require_settings(node, &[keys::TARGET_LAG, keys::SNOWFLAKE_WAREHOUSE])?;
            (name.as_str(), "dynamic table")
        }
        _ => ("view", "view"),
    };
    let rebuilds = request.full_refresh;
    let atomic = contract.is_none() || context.dialect.builds.fills_at_once;
    let mut diagnostics = text.warnings;
    diagnostics.extend(codegen::adapter_key_warnings(context.dialect, node)?);
    diagnostics.extend(warning);
    if matches!(kind, "materialized view" | "dynamic table") && !rebuilds {
        diagnostics.extend(codegen::configuration_change_warning(context.dialect, node));
    }
    let referencing = foreign_keys::referencing(context, node)?;
    let relation = RelationInput {
        query: &text.sql,
        contract: contract.as_ref(),
        referencing: &referencing,
        replaces: rebuilds,
    };
    let statement = codegen::create_relation(context.dialect, node, &relation)?;
    diagnostics.extend(contract.into_iter().flat_map(|contract| contract.diagnostics));
    Ok(NodeStatement {
        statement,
        strategy: strategy.replace('_', " "),
        what: format!("a {}", strategy.replace('_', " ")),
        kind,
        columns: context.columns.projection(node),
        columns_dropped: Vec::new(),
        contract_check,
        incremental: false,
        replaces: rebuilds || !matches!(node.materialization, Materialization::MaterializedView),
        atomic,
        diagnostics,
    })
}

/// The statements that compare a query with the contract, and a warning if the types are not
/// compared.
fn compare_contract(
    context: &Context,
    node: &Node,
    contract: Option<&Contract>,
    query: &str,
) -> Result<(Sql, Option<Diagnostic>), Diagnostic> {
    let Some(contract) = contract else { return Ok((Sql::default(), None)) };
    let warning =
        codegen::compare_names(context.dialect, node, context.columns.projection(node).as_deref())?;
    Ok((codegen::contract_check(context.dialect, node, contract, query)?, warning))
}

fn require_settings(node: &Node, required: &[Key<Text>]) -> Result<(), Diagnostic> {
    let missing = required.iter().find(|key| node.get(**key).is_none());
    missing.map_or(Ok(()), |key| {
        Err(Diagnostic::error(format!("`{}` has no `{}`", node.name, key.name))
            .at(node.location_of(keys::MATERIALIZED))
            .hint(format!("add `{}='…'`", key.name)))
    })
}

fn output(context: &Context, node: &Node, built: NodeStatement) -> Result<ModelOutput, Diagnostic> {
    let entries: Vec<_> =
        inputs::input_entries(context.graph, context.dialect, node, &Query::default())
            .into_iter()
            .map(|entry| InputEntry { whole_because: None, ..entry })
            .collect();
    let final_statements =
        codegen::grants_and_comments(context.dialect, node, built.kind, built.columns.as_deref())?;
    let dependent_views =
        if built.replaces { dependents::dependent_views(context, node) } else { Vec::new() };
    let render_context =
        RenderContext { batch: None, incremental: built.incremental, this: node.relation.clone() };
    hooks::check_header(context, node)?;
    let pre_hooks = hooks::hooks(context, node, "pre_hook", &render_context)?;
    let post_hooks = hooks::hooks(context, node, "post_hook", &render_context)?;
    let for_existing_table = [("pre_hook", &pre_hooks), ("post_hook", &post_hooks)]
        .iter()
        .any(|(key, of)| hooks::are_for_existing_table(context, node, key, &render_context, of));
    let changes_session = hooks::header_changes_session(context, node)
        || [&pre_hooks, &post_hooks]
            .iter()
            .any(|hooks| !hooks::session_changes_of(context, hooks).is_empty());
    let file = BuildFile {
        dialect: context.dialect,
        node,
        what: &built.what,
        inputs: &entries,
        dependent_views: dependents::header_line(context, &dependent_views),
        for_existing_table,
        pre_hooks: &pre_hooks,
        final_statements: &final_statements.statements,
        contract_check: &built.contract_check,
        post_hooks: &post_hooks,
    };
    let file = file.file(&built.statement)?;
    // The text of a seed is generated, and may be large.
    if node.kind != NodeKind::Seed {
        hooks::check_file(context, node, &file)?;
    }
    let mut diagnostics = built.diagnostics;
    diagnostics.extend(hooks::ignored_hooks(context, node));
    diagnostics.extend(final_statements.diagnostics);
    diagnostics.extend(dependents::dropped_views_warning(context, node, &dependent_views));
    let inserted = built.columns.filter(|_| built.incremental);
    let columns: Option<Vec<String>> =
        inserted.map(|columns| columns.into_iter().map(|column| column.name).collect());
    let reads = ReadSet {
        whole: entries.iter().map(|entry| entry.unique_id.clone()).collect(),
        ..ReadSet::default()
    };
    let messages: Vec<String> = warnings(&diagnostics).collect();
    Ok(ModelOutput {
        row: ReportRow { warnings: messages.len(), ..row(node, &built.strategy) },
        entry: ModelEntry {
            inputs: entries,
            strategy: built.strategy,
            atomic: built.atomic,
            columns_from: columns.as_ref().map(|_| "projection".to_string()),
            columns,
            columns_dropped: built.columns_dropped,
            dependent_views: dependent_views.iter().map(|view| view.unique_id.clone()).collect(),
            warnings: messages,
            ..entry(context, node)
        },
        steps: Some(ModelSteps {
            reads,
            session_changes: changes_session.then_some(StepKind::Build).into_iter().collect(),
            ..ModelSteps::new(
                &node.unique_id,
                &context.folders[&node.unique_id],
                vec![StaticStep { kind: StepKind::Build, text: file }],
            )
        }),
        diagnostics,
    })
}

/// A node that cannot be built: it is listed without a step.
fn not_built(context: &Context, node: &Node) -> ModelOutput {
    let what = materialization_name(&node.materialization);
    let hint = match node.materialization {
        Materialization::Snapshot => {
            "run `dbt snapshot` before the plan if the snapshot must be up to date".to_string()
        }
        Materialization::Seed => "run `dbt seed` before the plan".to_string(),
        _ => format!("build it with dbt, and exclude it here: `--exclude {}`", node.name),
    };
    let why = match node.materialization {
        Materialization::Snapshot | Materialization::Seed => format!("it is a {what}"),
        _ => format!("batchwright does not build models of materialization `{what}`"),
    };
    let warning = Diagnostic::warning(format!("`{}` is not planned: {why}", node.name))
        .at(location(node))
        .hint(hint);
    without_step(context, node, warning)
}

/// The location of `materialized`; for a snapshot, which is defined by its block, the first line of
/// the block.
fn location(node: &Node) -> Location {
    let line =
        node.file.text.lines().position(|line| !line.trim().is_empty()).unwrap_or_default() + 1;
    match node.set(keys::MATERIALIZED) {
        Some(setting) if node.kind != NodeKind::Snapshot => setting.at.clone(),
        _ => node.file.line(line),
    }
}

/// The output of a node that the plan does not build.
fn without_step(context: &Context, node: &Node, warning: Diagnostic) -> ModelOutput {
    ModelOutput {
        row: ReportRow { warnings: 1, ..row(node, "left out") },
        entry: ModelEntry {
            strategy: "left out".to_string(),
            warnings: vec![warning.message.clone()],
            ..entry(context, node)
        },
        steps: None,
        diagnostics: vec![warning],
    }
}

/// The name of a materialization in the manifest and the report.
pub(super) fn materialization_name(materialization: &Materialization) -> &str {
    match materialization {
        Materialization::View => "view",
        Materialization::Table => "table",
        Materialization::Ephemeral => "ephemeral",
        Materialization::Microbatch(_) => "microbatch",
        Materialization::Incremental(strategy) => strategy.as_deref().unwrap_or("incremental"),
        Materialization::Seed => "seed",
        Materialization::Snapshot => "snapshot",
        Materialization::External => "source",
        Materialization::MaterializedView => "materialized view",
        Materialization::Other(name) => name,
    }
}

fn row(node: &Node, strategy: &str) -> ReportRow {
    ReportRow { model: node.name.clone(), strategy: strategy.to_string(), ..ReportRow::default() }
}

pub(super) fn entry(context: &Context, node: &Node) -> ModelEntry {
    ModelEntry {
        unique_id: node.unique_id.clone(),
        path: node.file.path.to_string(),
        folder: context.folders[&node.unique_id].clone(),
        relation: node.relation.to_string(),
        materialized: materialization_name(&node.materialization).to_string(),
        strategy: materialization_name(&node.materialization).to_string(),
        atomic: true,
        microbatch: None,
        inputs: Vec::new(),
        columns: None,
        columns_from: None,
        columns_dropped: Vec::new(),
        warnings: Vec::new(),
        dependent_views: Vec::new(),
        audit: None,
        staged: None,
        findings: Vec::new(),
        ledger: None,
    }
}
