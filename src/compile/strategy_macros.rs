//! The macro of a project that makes the statements of an incremental strategy
//! (`get_incremental_<strategy>_sql`, `get_merge_sql` and its kin). Takes a model and the table
//! that holds its rows; gives the statements that the macro returns, called as dbt calls it.

use serde_json::Value;

use super::Context;
use crate::codegen;
use crate::config::Node;
use crate::diagnostics::Diagnostic;
use crate::dialect::{Case, fold_case};
use crate::inject::ResultColumn;
use crate::jinja::{Relation, StrategyArguments, StrategyMacro};
use crate::render::{self, RenderContext};

/// The macro that dbt calls for the model, if it is the project's own and the dialect's plans run
/// such macros.
pub(super) fn strategy_macro(
    context: &Context,
    node: &Node,
    strategy: Option<&str>,
) -> Result<Option<StrategyMacro>, Diagnostic> {
    if !context.dialect.property::<bool>("runs_strategy_macros")? {
        return Ok(None);
    }
    let usual = codegen::usual_strategy(context.dialect, node)?;
    Ok(context.jinja.strategy_macro(&node.package, strategy, &usual))
}

/// What is said of a microbatch model whose batches a macro writes.
pub(super) fn writes_batches(node: &Node, strategy_macro: &StrategyMacro) -> Diagnostic {
    Diagnostic::warning(format!(
        "macro `{}` of this project writes the batches of \
        `{}`",
        strategy_macro.name, node.name
    ))
    .at(strategy_macro.at.clone())
    .fact(
        "whether a batch can run twice, and what becomes of rows outside of its window, is \
            up to the macro",
    )
    .hint("compare its SQL with what the plan writes without it, or delete it")
}

/// What the macro is called for.
pub(super) struct StrategyCall<'a> {
    pub context: &'a Context<'a>,
    pub node: &'a Node,
    pub strategy_macro: &'a StrategyMacro,
    pub target: &'a Relation,
    /// The name of the table that holds the rows of the query, as a statement writes it.
    pub stage: &'a str,
    pub columns: Option<&'a [ResultColumn]>,
}

impl StrategyCall<'_> {
    /// The statements that the macro returns at this moment.
    pub fn statements(&self, moment: &RenderContext) -> Result<String, Diagnostic> {
        let StrategyCall { context, node, strategy_macro, .. } = self;
        let case: Case = context.dialect.property("case")?;
        let Some(columns) = self.columns else {
            let message = format!(
                "macro `{}` is given the columns of `{}`, and they are not known",
                strategy_macro.name, node.name
            );
            return Err(Diagnostic::error(message)
                .at(node.file.line(1))
                .hint("name the columns in the last `select` instead of `*`"));
        };
        let name = |column: &ResultColumn| {
            if column.quoted { column.name.clone() } else { fold_case(case, &column.name) }
        };
        let declared = |column: &ResultColumn| {
            let declared = node
                .columns
                .iter()
                .find(|declared| declared.name.eq_ignore_ascii_case(&column.name));
            declared
                .and_then(|declared| declared.data_type.clone())
                .or_else(|| column.data_type.clone())
        };
        let setting = |key: &str| node.setting(key).filter(|value| !value.is_null()).cloned();
        let mut style = self.target.style.clone();
        style.quoted[2] = false;
        let given = StrategyArguments {
            target: self.target.clone(),
            stage: Relation {
                database: None,
                schema: None,
                identifier: self.stage.to_string(),
                style,
            },
            unique_key: setting("unique_key").unwrap_or(Value::Null),
            columns: columns.iter().map(|column| (name(column), declared(column))).collect(),
            predicates: setting("predicates")
                .or_else(|| setting("incremental_predicates"))
                .unwrap_or(Value::Null),
        };
        let text =
            render::strategy(context.jinja, context.graph, node, strategy_macro, &given, moment)?;
        if text.is_empty() || text == "None" {
            let message =
                format!("macro `{}` returns no statement for `{}`", strategy_macro.name, node.name);
            return Err(Diagnostic::error(message)
                .at(strategy_macro.at.clone())
                .hint("return the SQL that brings the new rows in"));
        }
        Ok(text)
    }
}
