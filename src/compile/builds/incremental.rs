//! Compiles an incremental model without batches: creates the table if it is missing and writes the
//! new rows, or rebuilds the table in a full refresh.

use super::{NodeStatement, compare_contract, compile_relation};
use crate::codegen;
use crate::codegen::Incremental;
use crate::compile::query::reject_final_order;
use crate::compile::schema_changes::{self, ChangeInput};
use crate::compile::strategy_macros::{self, StrategyCall};
use crate::compile::validate::{inserted_by_position, unknown_key_warning};
use crate::compile::{Context, Request};
use crate::config::{Materialization, Node, SchemaChange, keys};
use crate::diagnostics::Diagnostic;
use crate::inject::ResultColumn;
use crate::render::{self, RenderContext};

pub(super) fn compile_incremental(
    context: &Context,
    node: &Node,
    setting: Option<&str>,
    request: &Request,
) -> Result<NodeStatement, Diagnostic> {
    let project_macro = strategy_macros::strategy_macro(context, node, setting);
    let strategy = match (&project_macro, setting) {
        (Some(_), Some(named)) if named != "default" => named.to_string(),
        _ => codegen::incremental_strategy(context.dialect, node, setting)?,
    };
    if request.full_refresh || node.is_set(keys::FULL_REFRESH) {
        return rebuild(context, node, request);
    }
    let run = |incremental| RenderContext { batch: None, incremental, this: node.relation.clone() };
    let render = |incremental| {
        let text = render::model(context.jinja, context.graph, node, &run(incremental))?;
        reject_final_order(context, node, &text.sql)?;
        Ok::<_, Diagnostic>(text)
    };
    let (first, next) = (render(false)?, render(true)?);
    let contract = codegen::contract(context.dialect, node)?;
    let (contract_check, warning) = compare_contract(context, node, contract.as_ref(), &first.sql)?;
    let table = FirstTable::of(context, node, contract.is_some(), &first.sql)?;
    let next_columns = match node.schema_change() {
        SchemaChange::Ignore => table.columns.clone(),
        _ if first.sql == next.sql => table.columns.clone(),
        _ => context.columns.incremental_projection(node),
    };
    let changed = ChangeInput {
        context,
        node,
        query: &next.sql,
        columns: next_columns.as_deref(),
        first: table.columns.as_deref(),
    };
    let change = schema_changes::table_change_in_file(&changed)?;
    let columns = match &contract {
        Some(_) => Some(declared_columns(node)),
        None => next_columns,
    };
    let incremental = Incremental {
        dialect: context.dialect,
        node,
        strategy: &strategy,
        first: &table.query,
        next: if first.sql == next.sql { &table.query } else { &next.sql },
        columns: columns.as_deref(),
        first_columns: table.columns.as_deref(),
        change: &change.statements,
        contract: contract.as_ref(),
    };
    let what = match &project_macro {
        Some(strategy_macro) => {
            format!("incremental by {strategy}, as macro `{}` writes it", strategy_macro.name)
        }
        None if incremental.writes_both() => {
            format!("incremental by {strategy}; the first run also writes the rows of a later run")
        }
        None => format!("incremental by {strategy}"),
    };
    let statement = match &project_macro {
        Some(strategy_macro) => {
            let stage = codegen::build_stage(context.dialect, node).0;
            let call = StrategyCall {
                context,
                node,
                strategy_macro,
                target: &node.relation,
                stage: &stage,
                columns: columns.as_deref(),
            };
            codegen::incremental_by_macro(&incremental, &call.statements(&run(true))?)?
        }
        None => codegen::incremental(&incremental)?,
    };
    let mut diagnostics = next.warnings;
    diagnostics.extend(inserted_by_position(context.dialect, node, columns.as_deref()));
    diagnostics.extend(unknown_key_warning(node, columns.as_deref()));
    diagnostics.extend(warning);
    diagnostics.extend(change.diagnostics);
    diagnostics.extend(schema_changes::left_out_warning(node, &table.left_out));
    diagnostics.extend(codegen::adapter_key_warnings(context.dialect, node)?);
    diagnostics.extend(contract.into_iter().flat_map(|contract| contract.diagnostics));
    Ok(NodeStatement {
        statement,
        what,
        strategy,
        kind: "table",
        columns,
        columns_dropped: change.dropped,
        contract_check,
        incremental: true,
        replaces: false,
        atomic: true,
        diagnostics,
    })
}

/// The statement of a full refresh.
fn rebuild(context: &Context, node: &Node, request: &Request) -> Result<NodeStatement, Diagnostic> {
    let table = Node { materialization: Materialization::Table, ..node.clone() };
    let rebuilt = compile_relation(context, &table, request)?;
    Ok(NodeStatement {
        what: "a table, rebuilt".to_string(),
        strategy: "full refresh".to_string(),
        ..rebuilt
    })
}

/// The query of a first run, with the columns that the table has.
struct FirstTable {
    query: String,
    /// `None` if they are unknown.
    columns: Option<Vec<ResultColumn>>,
    /// The columns of the model's query that the table does not get.
    left_out: Vec<String>,
}

impl FirstTable {
    fn of(
        context: &Context,
        node: &Node,
        has_contract: bool,
        query: &str,
    ) -> Result<FirstTable, Diagnostic> {
        let mut columns = context.columns.projection(node);
        let left_out = match has_contract {
            true => Vec::new(),
            false => schema_changes::remove_missing_columns(context, node, &mut columns),
        };
        let query = match &columns {
            Some(columns) if !left_out.is_empty() => {
                codegen::select_columns(context.dialect, query, columns)?
            }
            _ => query.to_string(),
        };
        Ok(FirstTable { query, columns, left_out })
    }
}

/// The columns of a contract.
fn declared_columns(node: &Node) -> Vec<ResultColumn> {
    node.columns.iter().map(|column| ResultColumn::named(&column.name, column.quote)).collect()
}
