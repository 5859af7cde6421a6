//! Compiles a seed: reads its file, and loads it by a statement if it is small.

use super::{NodeStatement, without_step};
use crate::codegen;
use crate::codegen::SeedTable;
use crate::compile::{Context, ModelOutput, Request};
use crate::config::{Node, keys};
use crate::diagnostics::Diagnostic;
use crate::dialect::Sql;
use crate::inject::ResultColumn;
use crate::project;

/// Maximum number of rows that a plan loads. Larger seeds are data, not text to review.
const MAX_ROWS: usize = 5_000;

/// Common separators of values.
const DELIMITERS: [char; 4] = [',', ';', '|', '\t'];

/// The character between values.
fn delimiter(node: &Node) -> Result<char, Diagnostic> {
    let Some(setting) = node.set(keys::DELIMITER) else { return Ok(',') };
    let text = setting.value.as_str().unwrap_or_default();
    let mut letters = text.chars();
    match (letters.next(), letters.next()) {
        (Some(delimiter), None) => Ok(delimiter),
        _ => Err(Diagnostic::error(format!(
            "the `delimiter` of the seed `{}` must be one character, but is {}",
            node.name, setting.value
        ))
        .at(setting.at.clone())
        .hint("omit it for a comma")),
    }
}

/// Compiles the statement, or returns an output without a step if the seed is too large.
pub(super) fn compile_seed(
    context: &Context,
    node: &Node,
    request: &Request,
) -> Result<Result<NodeStatement, ModelOutput>, Diagnostic> {
    let file = project::full_text(context.root, &node.file)?;
    let delimiter = delimiter(node)?;
    let (names, rows) = project::table(&file, delimiter)?;
    if names.is_empty() {
        return Err(Diagnostic::error(format!("the seed `{}` has no columns", node.name))
            .at(node.file.line(1))
            .hint("name them in its first line"));
    }
    if let ([name], Some(other)) = (
        &names[..],
        DELIMITERS.iter().find(|other| **other != delimiter && names[0].contains(**other)),
    ) {
        return Err(Diagnostic::error(format!(
            "the seed `{}` has one column, `{name}`",
            node.name
        ))
        .at(node.file.line(1))
        .hint(format!(
            "if the values are separated by {other:?}, set it as the `delimiter`, which is \
            currently {delimiter:?}"
        )));
    }
    if rows.len() > MAX_ROWS {
        let message = format!(
            "`{}` is not planned: it has {} rows, but a plan loads at most {MAX_ROWS}",
            node.name,
            rows.len()
        );
        let warning = Diagnostic::warning(message)
            .at(node.file.line(1))
            .hint("run `dbt seed` before the plan");
        return Ok(Err(without_step(context, node, warning)));
    }
    let rebuilds = request.full_refresh || node.is_set(keys::FULL_REFRESH);
    let statement = codegen::load_seed(
        context.dialect,
        node,
        &SeedTable { names: &names, rows: &rows },
        rebuilds,
    )?;
    let quoted = node.is_set(keys::QUOTE_COLUMNS);
    let columns = names.into_iter().map(|name| ResultColumn::named(name, quoted)).collect();
    Ok(Ok(NodeStatement {
        statement,
        strategy: "seed".to_string(),
        what: format!("a seed of {} rows", rows.len()),
        kind: "table",
        columns: Some(columns),
        columns_dropped: Vec::new(),
        contract_check: Sql::default(),
        incremental: false,
        replaces: rebuilds,
        atomic: context.dialect.builds.fills_at_once,
        diagnostics: Vec::new(),
    }))
}
