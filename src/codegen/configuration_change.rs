//! `on_configuration_change` of a materialized view: the statement that compares the settings of an
//! existing view with those of the project, or a warning about what the plan does instead.

use minijinja::Value as Argument;
use serde_json::{Map, Value};

use super::indexes::index_statements;
use crate::config::{Node, keys};
use crate::diagnostics::Diagnostic;
use crate::dialect::{Dialect, Sql, ViewChanges};

/// The statement of a view whose changed settings are not applied; none if they are.
pub(super) fn unchanged_view(
    dialect: &Dialect,
    node: &Node,
    arguments: &[(&str, Argument)],
) -> Result<Option<Sql>, Diagnostic> {
    let change = node.get(keys::ON_CONFIGURATION_CHANGE).unwrap_or("apply");
    if change == "apply" || dialect.builds.view_changes != ViewChanges::Compared {
        return Ok(None);
    }
    let settings = node.set(keys::INDEXES).and_then(|setting| setting.value.as_array());
    let indexes = settings.into_iter().flatten().filter_map(Value::as_object);
    let definitions: Vec<String> =
        indexes.map(|index| dialect.string(&definition(index)).0).collect();
    let message = format!(
        "the indexes of {} differ from the settings of {} (on_configuration_change: {change})",
        node.relation, node.unique_id
    );
    let created = index_statements(dialect, node, &node.relation.to_string())?;
    let message = [("message", dialect.string(&message).value())];
    let unequal = dialect.sql(&format!("unequal_view_{change}"), &message)?;
    let further = [
        ("create_indexes", Sql(created.0.trim_start().to_string()).value()),
        ("definitions", Sql(definitions.join(", ")).value()),
        ("unequal", unequal.value()),
    ];
    dialect.sql("materialized_view_compared", &[arguments, &further].concat()).map(Some)
}

/// An index as the statement writes it from the engine's catalog: `unique btree (a, b)`.
fn definition(index: &Map<String, Value>) -> String {
    let unique = index.get("unique").and_then(Value::as_bool).unwrap_or_default();
    let method = index.get("type").and_then(Value::as_str).unwrap_or("btree").to_lowercase();
    let columns = index.get("columns").map(keys::names).unwrap_or_default().join(", ");
    format!("{}{method} ({columns})", if unique { "unique " } else { "" })
}

/// A warning if the plan does not do what the setting says.
pub fn configuration_change_warning(dialect: &Dialect, node: &Node) -> Option<Diagnostic> {
    let setting = node.set(keys::ON_CONFIGURATION_CHANGE)?;
    let change = setting.value.as_str()?;
    let what = match (dialect.builds.view_changes, change) {
        (ViewChanges::Applied, "continue" | "fail") => {
            "each run creates it again with its current settings, which are not compared"
        }
        (ViewChanges::Kept, "apply" | "fail") => {
            "the settings of an existing view are neither compared nor changed"
        }
        _ => return None,
    };
    let message =
        format!("`on_configuration_change: {change}` has no effect on `{}`: {what}", node.name);
    let warning = Diagnostic::warning(message).at(setting.at.clone());
    Some(match dialect.builds.view_changes {
        ViewChanges::Kept => {
            warning.hint("after a change of its settings, compile with `--full-refresh`")
        }
        _ => warning.hint(format!(
            "compare the settings before the plan runs, or exclude it: `--exclude {}`",
            node.name
        )),
    })
}
