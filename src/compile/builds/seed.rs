//! Compiles a seed: reads its file, and loads it by statements if the engine can run them.

use super::{NodeStatement, without_step};
use crate::codegen;
use crate::codegen::SeedStatements;
use crate::compile::{Context, ModelOutput, Request};
use crate::config::{Node, keys};
use crate::diagnostics::Diagnostic;
use crate::dialect::Sql;
use crate::project::{self, SeedRows};

/// Common separators of values.
const DELIMITERS: [char; 4] = [',', ';', '|', '\t'];

/// Compiles the statements, or returns an output without a step if the seed is too large for the
/// engine.
pub(super) fn compile_seed(
    context: &Context,
    node: &Node,
    request: &Request,
) -> Result<Result<NodeStatement, ModelOutput>, Diagnostic> {
    let file = project::full_text(context.root, &node.file)?;
    let delimiter = codegen::seed_delimiter(node)?;
    let rows = SeedRows::of(&file, delimiter);
    let names = &rows.names;
    if names.is_empty() {
        return Err(Diagnostic::error(format!("the seed `{}` has no columns", node.name))
            .at(node.file.line(1))
            .hint("name them in its first line"));
    }
    if let ([name], Some(other)) = (
        names.as_slice(),
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
    let rebuilds = request.full_refresh || node.is_set(keys::FULL_REFRESH);
    let columns = codegen::seed_columns(context.dialect, node, names);
    let statements = codegen::load_seed(context.dialect, node, &columns, &rows, rebuilds)?;
    if let Some(why) = too_long(context, &statements) {
        let warning = Diagnostic::warning(format!("`{}` is not planned: {why}", node.name))
            .at(node.file.line(1))
            .hint("run `dbt seed` before the plan");
        return Ok(Err(without_step(context, node, warning)));
    }
    Ok(Ok(NodeStatement {
        statement: statements.sql,
        strategy: "seed".to_string(),
        what: format!("a seed of {} rows", statements.rows),
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

/// Why the engine cannot run the statements, if it cannot.
fn too_long(context: &Context, statements: &SeedStatements) -> Option<String> {
    let dialect = context.dialect;
    let builds = &dialect.builds;
    let exceeds = |bytes: usize, limit: Option<usize>| limit.filter(|limit| bytes > *limit);
    let (file, insert) = (statements.sql.0.len(), statements.longest_insert);
    if let Some(limit) = exceeds(insert, builds.longest_statement) {
        return Some(format!(
            "the insert of its longest row has {insert} bytes, but a statement of {} has at most \
             {limit}",
            dialect.name
        ));
    }
    let limit = exceeds(file, builds.longest_script)?;
    Some(format!(
        "its statements have {file} bytes, but a script of {} has at most {limit}",
        dialect.name
    ))
}
