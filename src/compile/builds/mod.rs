//! The step of a model that is no microbatch model, and of a seed; and the word about one that
//! cannot be built here.

mod incremental;
mod seed;

use super::{Context, ModelOutput, Request, Row, warnings};
use super::{dependents, hooks, inputs};
use crate::codegen;
use crate::codegen::{Build, Contract};
use crate::config::{Kind as NodeKind, Materialization, Node};
use crate::diagnostics::{Diagnostic, Diagnostics, Location};
use crate::dialect::Sql;
use crate::inject::{Query, ResultColumn};
use crate::plan::manifest::{InputEntry, ModelEntry};
use crate::plan::{Kind, Reads, StaticStep, Steps};
use crate::render::{self, RenderContext};

/// `build.sql` of a model that is no microbatch model, or of a seed, or the word that there is
/// none.
pub(super) fn compile_model(
    context: &Context,
    node: &Node,
    request: &Request,
) -> Result<ModelOutput, Diagnostics> {
    let built = match &node.materialization {
        Materialization::View | Materialization::Table => plain(context, node, request)?,
        Materialization::MaterializedView if context.dialect.property("materialized_views")? => {
            plain(context, node, request)?
        }
        // Snowflake's word for the like, which dbt has as a materialization of its own.
        Materialization::Other(name) if name == "dynamic_table" && context.dialect.has(name) => {
            plain(context, node, request)?
        }
        Materialization::Incremental(asked) => {
            incremental::built(context, node, asked.as_deref(), request)?
        }
        Materialization::Seed if context.dialect.property("seeds")? => {
            match seed::built(context, node, request)? {
                Ok(built) => built,
                Err(why) => return Ok(why),
            }
        }
        _ => return Ok(left_out(context, node)),
    };
    finished(context, node, built).map_err(Diagnostics::from)
}

/// A statement, and what is known of it.
struct Built {
    statement: Sql,
    /// The report's word for how it is built.
    strategy: String,
    /// `a view`.
    what: String,
    /// What grants and comments call it.
    kind: &'static str,
    columns: Option<Vec<ResultColumn>>,
    /// Columns that its statements drop from the table.
    columns_dropped: Vec<String>,
    contract_check: Sql,
    /// Whether it is a model with `is_incremental()` true, whose rows are inserted by name.
    incremental: bool,
    /// Whether it takes the place of the relation that exists.
    replaces: bool,
    /// Whether its own statements happen as a whole or not at all.
    atomic: bool,
    diagnostics: Vec<Diagnostic>,
}

fn plain(context: &Context, node: &Node, request: &Request) -> Result<Built, Diagnostic> {
    let moment = RenderContext { batch: None, incremental: false, this: node.relation.clone() };
    let text = render::model(context.jinja, context.graph, node, &moment)?;
    let contract = match node.materialization {
        Materialization::Table | Materialization::View => codegen::contract(context.dialect, node)?,
        _ => None,
    };
    let (contract_check, warning) = contract_of(context, node, contract.as_ref(), &text.sql)?;
    let (strategy, kind) = match &node.materialization {
        Materialization::Table => ("table", "table"),
        Materialization::MaterializedView => ("materialized view", "materialized view"),
        Materialization::Other(name) => {
            needs(node, &["target_lag", "snowflake_warehouse"])?;
            (name.as_str(), "dynamic table")
        }
        _ => ("view", "view"),
    };
    let anew = request.full_refresh;
    let atomic = contract.is_none() || context.dialect.property("fills_at_once")?;
    let mut diagnostics = text.warnings;
    diagnostics.extend(codegen::unknown_keys(context.dialect, node)?);
    diagnostics.extend(warning);
    let statement = codegen::plain(context.dialect, node, &text.sql, contract.as_ref(), anew)?;
    diagnostics.extend(contract.into_iter().flat_map(|contract| contract.diagnostics));
    Ok(Built {
        statement,
        strategy: strategy.replace('_', " "),
        what: format!("a {}", strategy.replace('_', " ")),
        kind,
        columns: context.columns.projection(node),
        columns_dropped: Vec::new(),
        contract_check,
        incremental: false,
        replaces: anew || !matches!(node.materialization, Materialization::MaterializedView),
        atomic,
        diagnostics,
    })
}

/// The statements that compare a query with the contract, and the warning where nothing compares
/// the types.
fn contract_of(
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

fn needs(node: &Node, keys: &[&str]) -> Result<(), Diagnostic> {
    let missing =
        keys.iter().find(|key| node.setting(key).and_then(serde_json::Value::as_str).is_none());
    missing.map_or(Ok(()), |key| {
        Err(Diagnostic::error(format!("`{}` has no `{key}`", node.name))
            .at(node
                .config
                .get("materialized")
                .map_or_else(|| node.file.line(1), |set| set.at.clone()))
            .hint(format!("add `{key}='…'`")))
    })
}

fn finished(context: &Context, node: &Node, built: Built) -> Result<ModelOutput, Diagnostic> {
    let entries: Vec<_> = inputs::entries(context.graph, context.dialect, node, &Query::default())?
        .into_iter()
        .map(|entry| InputEntry { whole_because: None, ..entry })
        .collect();
    let closing = codegen::closing(context.dialect, node, built.kind, built.columns.as_deref())?;
    let dependent_views =
        if built.replaces { dependents::dependent_views(context, node)? } else { Vec::new() };
    let moment =
        RenderContext { batch: None, incremental: built.incremental, this: node.relation.clone() };
    hooks::check_header(context, node)?;
    let file = Build {
        dialect: context.dialect,
        node,
        what: &built.what,
        inputs: &entries,
        dependent_views: dependents::line(context, &dependent_views)?,
        pre_hooks: &hooks::hooks(context, node, "pre_hook", &moment)?,
        closes: &closing.statements,
        contract_check: &built.contract_check,
        post_hooks: &hooks::hooks(context, node, "post_hook", &moment)?,
    };
    let file = file.file(&built.statement)?;
    // A seed's text is our own, and may be large.
    if node.kind != NodeKind::Seed {
        hooks::check_file(context, node, &file)?;
    }
    let mut diagnostics = built.diagnostics;
    diagnostics.extend(closing.diagnostics);
    diagnostics.extend(dependents::lost(context, node, &dependent_views)?);
    let inserted = built.columns.filter(|_| built.incremental);
    let columns: Option<Vec<String>> =
        inserted.map(|columns| columns.into_iter().map(|column| column.name).collect());
    let reads = Reads {
        whole: entries.iter().map(|entry| entry.unique_id.clone()).collect(),
        ..Reads::default()
    };
    let warned: Vec<String> = warnings(&diagnostics).collect();
    Ok(ModelOutput {
        row: Row { warnings: warned.len(), ..row(node, &built.strategy) },
        entry: ModelEntry {
            inputs: entries,
            strategy: built.strategy,
            atomic: built.atomic,
            columns_from: columns.as_ref().map(|_| "projection".to_string()),
            columns,
            columns_dropped: built.columns_dropped,
            dependent_views: dependent_views.iter().map(|view| view.unique_id.clone()).collect(),
            warnings: warned,
            ..entry(context, node)
        },
        steps: Some(Steps {
            model: node.unique_id.clone(),
            folder: context.folders[&node.unique_id].clone(),
            first: vec![StaticStep { kind: Kind::Build, text: file }],
            batches: None,
            last: Vec::new(),
            publish: Vec::new(),
            extra: Vec::new(),
            reads,
        }),
        diagnostics,
    })
}

/// A node of another kind: it is named, and has no step.
fn left_out(context: &Context, node: &Node) -> ModelOutput {
    let what = word(&node.materialization);
    let hint = match node.materialization {
        Materialization::Snapshot => {
            "run `dbt snapshot` before the plan, if its rows shall be new".to_string()
        }
        Materialization::Seed => "run `dbt seed` before the plan".to_string(),
        _ => format!("leave it to dbt, and leave it out here with `--exclude {}`", node.name),
    };
    let why = match node.materialization {
        Materialization::Snapshot | Materialization::Seed => format!("it is a {what}"),
        _ => format!("batchwright does not build a model that is `{what}`"),
    };
    let warning = Diagnostic::warning(format!("`{}` is left out: {why}", node.name))
        .at(place(node))
        .hint(hint);
    without_step(context, node, warning)
}

/// Where a node says what it is; a snapshot, which nothing but its block says, where the block's
/// text begins.
fn place(node: &Node) -> Location {
    let line =
        node.file.text.lines().position(|line| !line.trim().is_empty()).unwrap_or_default() + 1;
    match node.config.get("materialized") {
        Some(setting) if node.kind != NodeKind::Snapshot => setting.at.clone(),
        _ => node.file.line(line),
    }
}

/// What is said of a node that the plan does not build.
fn without_step(context: &Context, node: &Node, warning: Diagnostic) -> ModelOutput {
    ModelOutput {
        row: Row { warnings: 1, ..row(node, "left out") },
        entry: ModelEntry {
            strategy: "left out".to_string(),
            warnings: vec![warning.message.clone()],
            ..entry(context, node)
        },
        steps: None,
        diagnostics: vec![warning],
    }
}
pub(super) fn word(materialization: &Materialization) -> &str {
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

fn row(node: &Node, strategy: &str) -> Row {
    Row {
        model: node.name.clone(),
        strategy: strategy.to_string(),
        windows: None,
        first: String::new(),
        last: String::new(),
        end: String::new(),
        warnings: 0,
        findings: 0,
        starts_after_begin: false,
    }
}

pub(super) fn entry(context: &Context, node: &Node) -> ModelEntry {
    ModelEntry {
        unique_id: node.unique_id.clone(),
        path: node.file.path.to_string(),
        folder: context.folders[&node.unique_id].clone(),
        relation: node.relation.to_string(),
        materialized: word(&node.materialization).to_string(),
        strategy: word(&node.materialization).to_string(),
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
    }
}
