//! A seed: its file read, and loaded by a statement if it is small.

use serde_json::Value;

use super::{Built, without_step};
use crate::codegen;
use crate::codegen::Table;
use crate::compile::{Context, ModelOutput, Request};
use crate::config::Node;
use crate::diagnostics::Diagnostic;
use crate::dialect::Sql;
use crate::inject::ResultColumn;
use crate::project;

/// The most rows that a plan loads: what is larger is data, and no text to review.
const MOST: usize = 5_000;

/// What usually separates values.
const DELIMITERS: [char; 4] = [',', ';', '|', '\t'];

/// The character between values.
fn delimiter(node: &Node) -> Result<char, Diagnostic> {
    let Some(setting) = node.config.get("delimiter").filter(|setting| !setting.value.is_null())
    else {
        return Ok(',');
    };
    let text = setting.value.as_str().unwrap_or_default();
    let mut letters = text.chars();
    match (letters.next(), letters.next()) {
        (Some(delimiter), None) => Ok(delimiter),
        _ => Err(Diagnostic::error(format!(
            "the `delimiter` of the seed `{}` must be one character, but is {}",
            node.name, setting.value
        ))
        .at(setting.at.clone())
        .hint("leave it out for a comma")),
    }
}

/// The statement, or the word that it is too large for one.
pub(super) fn built(
    context: &Context,
    node: &Node,
    request: &Request,
) -> Result<Result<Built, ModelOutput>, Diagnostic> {
    let file = project::whole(context.root, &node.file)?;
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
            "its values seem to be separated by {other:?}: set that as its \
                `delimiter`, now {delimiter:?}"
        )));
    }
    if rows.len() > MOST {
        let what = format!(
            "`{}` is left out: it has {} rows, and a plan loads at most {MOST}",
            node.name,
            rows.len()
        );
        let warning =
            Diagnostic::warning(what).at(node.file.line(1)).hint("run `dbt seed` before the plan");
        return Ok(Err(without_step(context, node, warning)));
    }
    let anew = request.full_refresh || node.setting("full_refresh") == Some(&Value::Bool(true));
    let statement =
        codegen::load(context.dialect, node, &Table { names: &names, rows: &rows }, anew)?;
    let quoted = node.setting("quote_columns") == Some(&Value::Bool(true));
    let columns = names.into_iter().map(|name| ResultColumn::named(name, quoted)).collect();
    Ok(Ok(Built {
        statement,
        strategy: "seed".to_string(),
        what: format!("a seed of {} rows", rows.len()),
        kind: "table",
        columns: Some(columns),
        columns_dropped: Vec::new(),
        contract_check: Sql::default(),
        incremental: false,
        replaces: anew,
        atomic: context.dialect.property("fills_at_once")?,
        diagnostics: Vec::new(),
    }))
}
