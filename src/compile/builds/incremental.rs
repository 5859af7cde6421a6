//! Compiles an incremental model without batches: creates the table if it is missing and writes the
//! new rows, or rebuilds the table in a full refresh.

use super::{NodeStatement, compare_contract, compile_relation};
use crate::codegen;
use crate::codegen::Incremental;
use crate::compile::schema_changes::{self, ChangeInput};
use crate::compile::strategy_macros::{self, StrategyCall};
use crate::compile::validate::inserted_by_position;
use crate::compile::{Context, Request};
use crate::config::{Node, SchemaChange, keys};
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
        let rebuilt = compile_relation(
            context,
            &Node { materialization: crate::config::Materialization::Table, ..node.clone() },
            request,
        )?;
        return Ok(NodeStatement {
            what: "a table, rebuilt".to_string(),
            strategy: "full refresh".to_string(),
            ..rebuilt
        });
    }
    let rendered = |incremental: bool| {
        let render_context =
            RenderContext { batch: None, incremental, this: node.relation.clone() };
        render::model(context.jinja, context.graph, node, &render_context)
    };
    let (first, next) = (rendered(false)?, rendered(true)?);
    let contract = codegen::contract(context.dialect, node)?;
    let (contract_check, warning) = compare_contract(context, node, contract.as_ref(), &first.sql)?;
    let mut first_columns = context.columns.projection(node);
    let left_out = match contract.is_none() {
        true => schema_changes::remove_missing_columns(context, node, &mut first_columns),
        false => Vec::new(),
    };
    let first_query = match &first_columns {
        Some(columns) if !left_out.is_empty() => {
            codegen::select_columns(context.dialect, &first.sql, columns)?
        }
        _ => first.sql.clone(),
    };
    let next_columns = match node.schema_change() {
        SchemaChange::Ignore => first_columns.clone(),
        _ if first.sql == next.sql => first_columns.clone(),
        _ => context.columns.incremental_projection(node),
    };
    let changed = ChangeInput {
        context,
        node,
        query: &next.sql,
        columns: next_columns.as_deref(),
        first: first_columns.as_deref(),
    };
    let change = schema_changes::table_change(&changed)?.unwrap_or_default();
    let columns = match &contract {
        Some(_) => Some(
            node.columns
                .iter()
                .map(|column| ResultColumn::named(&column.name, column.quote))
                .collect(),
        ),
        None => next_columns,
    };
    let incremental = Incremental {
        dialect: context.dialect,
        node,
        strategy: &strategy,
        first: &first_query,
        next: if first.sql == next.sql { &first_query } else { &next.sql },
        columns: columns.as_deref(),
        first_columns: first_columns.as_deref(),
        change: &change.statements,
        contract: contract.as_ref(),
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
            let render_context =
                RenderContext { batch: None, incremental: true, this: node.relation.clone() };
            codegen::incremental_by_macro(&incremental, &call.statements(&render_context)?)?
        }
        None => codegen::incremental(&incremental)?,
    };
    let mut diagnostics = next.warnings;
    diagnostics.extend(inserted_by_position(context.dialect, node, columns.as_deref()));
    diagnostics.extend(warning);
    diagnostics.extend(change.diagnostics);
    diagnostics.extend(schema_changes::left_out_warning(node, &left_out));
    diagnostics.extend(codegen::adapter_key_warnings(context.dialect, node)?);
    diagnostics.extend(contract.into_iter().flat_map(|contract| contract.diagnostics));
    Ok(NodeStatement {
        statement,
        what: match &project_macro {
            Some(strategy_macro) => {
                format!("incremental by {strategy}, as macro `{}` writes it", strategy_macro.name)
            }
            None => format!("incremental by {strategy}"),
        },
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
