//! Strategy macros: macros of a project that return the statements of an incremental strategy
//! (`get_incremental_<strategy>_sql`, `get_merge_sql` …). Calls them as dbt does.

use serde_json::Value;

use super::Context;
use crate::codegen;
use crate::config::{Node, keys};
use crate::diagnostics::Diagnostic;
use crate::dialect::fold_case;
use crate::inject::ResultColumn;
use crate::jinja::{Relation, StrategyArguments, StrategyMacro};
use crate::render::{self, RenderContext};

/// The macro that dbt calls for the model, if the project defines it and the dialect runs strategy
/// macros.
pub(super) fn strategy_macro(
    context: &Context,
    node: &Node,
    strategy: Option<&str>,
) -> Option<StrategyMacro> {
    if !context.dialect.builds.runs_strategy_macros {
        return None;
    }
    let usual = codegen::default_strategy(context.dialect, node);
    context.jinja.strategy_macro(&node.package, strategy, usual)
}

/// A warning about a microbatch model whose statements a macro generates.
pub(super) fn generates_batches_warning(node: &Node, strategy_macro: &StrategyMacro) -> Diagnostic {
    Diagnostic::warning(format!(
        "macro `{}` of this project generates the batches of `{}`",
        strategy_macro.name, node.name
    ))
    .at(strategy_macro.at.clone())
    .note(
        "the macro determines whether a batch can run twice, and how rows outside of the window \
        are handled",
    )
    .hint("compare its SQL with the plan without it, or delete it")
}

/// A call of a strategy macro.
pub(super) struct StrategyCall<'a> {
    pub context: &'a Context<'a>,
    pub node: &'a Node,
    pub strategy_macro: &'a StrategyMacro,
    pub target: &'a Relation,
    /// The name of the table that contains the rows of the query, as SQL.
    pub stage: &'a str,
    pub columns: Option<&'a [ResultColumn]>,
}

impl StrategyCall<'_> {
    /// The statements that the macro returns in this render context.
    pub fn statements(&self, render_context: &RenderContext) -> Result<String, Diagnostic> {
        let StrategyCall { context, node, strategy_macro, .. } = self;
        let case = context.dialect.names.case;
        let Some(columns) = self.columns else {
            let message = format!(
                "macro `{}` needs the columns of `{}`, which are unknown",
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
                .find(|declared| declared.identifier().0.eq_ignore_ascii_case(&column.name));
            declared
                .and_then(|declared| declared.data_type.clone())
                .or_else(|| column.data_type.clone())
        };
        let mut style = self.target.style.clone();
        style.quoted[2] = false;
        let arguments = StrategyArguments {
            target: self.target.clone(),
            stage: Relation {
                database: None,
                schema: None,
                identifier: self.stage.to_string(),
                style,
            },
            unique_key: node
                .set(keys::UNIQUE_KEY)
                .map_or(Value::Null, |setting| setting.value.clone()),
            columns: columns.iter().map(|column| (name(column), declared(column))).collect(),
            predicates: node.predicates().cloned().unwrap_or(Value::Null),
        };
        let text = render::strategy(
            context.jinja,
            context.graph,
            node,
            strategy_macro,
            &arguments,
            render_context,
        )?;
        if text.is_empty() || text == "None" {
            let message =
                format!("macro `{}` returns no statement for `{}`", strategy_macro.name, node.name);
            return Err(Diagnostic::error(message)
                .at(strategy_macro.at.clone())
                .hint("return the SQL that writes the new rows"));
        }
        Ok(text)
    }
}
