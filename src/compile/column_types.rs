//! The types of a table's columns: those that the query declares or casts to, and those that must
//! be wider.

use crate::config::Node;
use crate::diagnostics::{Diagnostic, Location};
use crate::dialect::Dialect;
use crate::inject::ResultColumn;

/// The columns whose type in the catalog is narrower than in the query.
pub(super) fn widened(
    dialect: &Dialect,
    node: &Node,
    columns: &[ResultColumn],
    present: &[ResultColumn],
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<Vec<(ResultColumn, String)>, Diagnostic> {
    let wider = &dialect.types.wider_types;
    let fits = |narrow: &str, wide: &str| {
        wider.get(narrow).is_some_and(|types| types.iter().any(|data_type| data_type == wide))
    };
    let mut widened = Vec::new();
    for column in columns {
        let Some(data_type) = declared_type(dialect, node, column) else { continue };
        for other in present {
            let is_same =
                dialect.same_column((&column.name, column.quoted), (&other.name, other.quoted));
            let Some(was) = other.data_type.as_ref().filter(|_| is_same) else { continue };
            let (new, old) = (normalized_type(&data_type), normalized_type(was));
            if new == old || fits(&new, &old) {
                continue;
            }
            if fits(&old, &new) {
                widened.push((column.clone(), data_type.clone()));
                continue;
            }
            let message = format!(
                "`{}` of `{}` is {was} in its table, and {data_type} in its query",
                column.name, node.name
            );
            let known = |data_type: &str| {
                wider.contains_key(data_type)
                    || wider.values().flatten().any(|wide| wide == data_type)
            };
            if known(&new) && known(&old) {
                let hint = format!(
                    "rebuild the model: `batchwright compile --select {} --full-refresh`; or \
                    rename the column",
                    node.name
                );
                return Err(Diagnostic::error(message)
                    .at(location(node))
                    .note("the conversion could lose values")
                    .hint(hint));
            }
            diagnostics.push(
                Diagnostic::warning(message)
                    .at(location(node))
                    .hint("the plan does not change the type: compare the two"),
            );
        }
    }
    Ok(widened)
}

/// A type in the spelling of `wider_types`.
fn normalized_type(data_type: &str) -> String {
    data_type.trim().to_lowercase()
}

/// The declared type of a column of the query, or the type of its cast.
pub(super) fn declared_type(
    dialect: &Dialect,
    node: &Node,
    column: &ResultColumn,
) -> Option<String> {
    for declared in &node.columns {
        let (name, quoted) = declared.identifier();
        if dialect.same_column((&column.name, column.quoted), (&name, quoted))
            && let Some(data_type) = declared
                .data_type
                .as_deref()
                .map(str::trim)
                .filter(|data_type| !data_type.is_empty())
        {
            return Some(data_type.to_string());
        }
    }
    column.data_type.clone()
}

/// The location of the setting of schema changes, for messages.
pub(super) fn location(node: &Node) -> Location {
    let set = ["on_schema_change", "materialized"]
        .iter()
        .find_map(|key| node.config.get(*key).filter(|set| !set.value.is_null()));
    set.map_or_else(|| node.file.line(1), |set| set.at.clone())
}
