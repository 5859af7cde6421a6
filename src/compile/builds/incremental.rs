//! An incremental model that is no microbatch model: created if it is missing, then its new rows
//! brought in; or made anew like a table, where a full refresh is asked for.

use serde_json::Value;

use super::{Built, contract_of, plain};
use crate::codegen;
use crate::codegen::Incremental;
use crate::compile::schema_changes::{self, Changed};
use crate::compile::strategy_macros::{self, StrategyCall};
use crate::compile::{Context, Request};
use crate::config::{Node, SchemaChange};
use crate::diagnostics::Diagnostic;
use crate::inject::ResultColumn;
use crate::render::{self, RenderContext};

pub(super) fn built(
    context: &Context,
    node: &Node,
    asked: Option<&str>,
    request: &Request,
) -> Result<Built, Diagnostic> {
    let own = strategy_macros::strategy_macro(context, node, asked)?;
    let strategy = match (&own, asked) {
        (Some(_), Some(named)) if named != "default" => named.to_string(),
        _ => codegen::brought_in(context.dialect, node, asked)?,
    };
    if request.full_refresh || node.setting("full_refresh") == Some(&Value::Bool(true)) {
        let whole = plain(
            context,
            &Node { materialization: crate::config::Materialization::Table, ..node.clone() },
            request,
        )?;
        return Ok(Built {
            what: "a table, made anew".to_string(),
            strategy: "full refresh".to_string(),
            ..whole
        });
    }
    let rendered = |incremental: bool| {
        let moment = RenderContext { batch: None, incremental, this: node.relation.clone() };
        render::model(context.jinja, context.graph, node, &moment)
    };
    let (first, next) = (rendered(false)?, rendered(true)?);
    let contract = codegen::contract(context.dialect, node)?;
    let (contract_check, warning) = contract_of(context, node, contract.as_ref(), &first.sql)?;
    let mut made = context.columns.projection(node);
    let left_out = match contract.is_none() {
        true => schema_changes::leave_out(context, node, &mut made)?,
        false => Vec::new(),
    };
    let created = match &made {
        Some(columns) if !left_out.is_empty() => {
            codegen::narrowed(context.dialect, &first.sql, columns)?
        }
        _ => first.sql.clone(),
    };
    let later = match node.schema_change() {
        SchemaChange::Ignore => made.clone(),
        _ if first.sql == next.sql => made.clone(),
        _ => context.columns.incremental_projection(node),
    };
    let changed = Changed {
        context,
        node,
        query: &next.sql,
        columns: later.as_deref(),
        first: made.as_deref(),
    };
    let change = schema_changes::change(&changed)?.unwrap_or_default();
    let columns = match &contract {
        Some(_) => Some(
            node.columns
                .iter()
                .map(|column| ResultColumn::named(&column.name, column.quote))
                .collect(),
        ),
        None => later,
    };
    let incremental = Incremental {
        dialect: context.dialect,
        node,
        strategy: &strategy,
        first: &created,
        next: if first.sql == next.sql { &created } else { &next.sql },
        columns: columns.as_deref(),
        first_columns: made.as_deref(),
        change: &change.statements,
        contract: contract.as_ref(),
    };
    let statement = match &own {
        Some(strategy_macro) => {
            let stage = codegen::build_stage(context.dialect, node)?.0;
            let call = StrategyCall {
                context,
                node,
                strategy_macro,
                target: &node.relation,
                stage: &stage,
                columns: columns.as_deref(),
            };
            let moment =
                RenderContext { batch: None, incremental: true, this: node.relation.clone() };
            codegen::incremental_by_macro(&incremental, &call.statements(&moment)?)?
        }
        None => codegen::incremental(&incremental)?,
    };
    let mut diagnostics = next.warnings;
    if columns.is_none() && !context.dialect.property::<bool>("by_name")? {
        diagnostics.push(
            Diagnostic::warning(format!(
                "the columns of `{}` are not known, so its rows are inserted by position",
                node.name
            ))
            .at(node.file.line(1))
            .hint("name the columns in the last `select` instead of `*`"),
        );
    }
    diagnostics.extend(warning);
    diagnostics.extend(change.diagnostics);
    diagnostics.extend(schema_changes::left_out(node, &left_out));
    diagnostics.extend(codegen::unknown_keys(context.dialect, node)?);
    diagnostics.extend(contract.into_iter().flat_map(|contract| contract.diagnostics));
    Ok(Built {
        statement,
        what: match &own {
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
