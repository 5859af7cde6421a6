//! The configuration keys of dbt's adapters: warns about keys without effect, and rejects values
//! that prevent overwriting a window of a table.

use minijinja::Value as Argument;
use serde_json::Value;

use super::alter::{Alters, alters, unaltered_hint};
use super::indexes::rejects_known_keys;
use super::table_clauses::{plain_pairs, scalar};
use super::terminator::terminate_statement;
use crate::config::{Materialization, Node, SchemaChange, is_reported_key, keys};
use crate::diagnostics::{Diagnostic, nearest};
use crate::dialect::{Dialect, Sql};

/// A warning for each configuration key that has no effect on the plan: dbt would apply it, or it
/// is unknown.
pub fn adapter_key_warnings(dialect: &Dialect, node: &Node) -> Result<Vec<Diagnostic>, Diagnostic> {
    reject_keys(dialect, node)?;
    let mut warnings: Vec<Diagnostic> = unique_index_warning(dialect, node).into_iter().collect();
    for (key, setting) in &node.config {
        let value = &setting.value;
        let no_effect = || {
            Diagnostic::warning(format!("`{key}` has no effect on the plan")).at(setting.at.clone())
        };
        if dialect.keys.handled().any(|handled| handled == key) {
            let change = node.schema_change();
            let adds =
                matches!(change, SchemaChange::AppendNewColumns | SchemaChange::SyncAllColumns);
            if key == keys::ON_SCHEMA_CHANGE.name && adds && alters(dialect, node) == Alters::Never
            {
                let hint = unaltered_hint(dialect, node);
                warnings.push(no_effect().hint(hint));
            }
            continue;
        }
        match dialect.keys.undone_keys.get(key) {
            _ if value.is_null() || is_reported_key(node, key) => {}
            Some(_) if *value == Value::Bool(false) => {}
            Some(why) => warnings.push(no_effect().hint(why.clone())),
            None => {
                let names = dialect.keys.handled().map(String::as_str);
                warnings.push(no_effect().hint(match nearest(key, names) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("unknown configuration key for {}", dialect.name),
                }));
            }
        }
    }
    Ok(warnings)
}

/// A warning about a unique index on a table whose rows are deleted and inserted again, if the
/// engine rejects that.
fn unique_index_warning(dialect: &Dialect, node: &Node) -> Option<Diagnostic> {
    let why = dialect.keys.unique_index_hint.as_ref()?;
    let is_overwritten = match &node.materialization {
        Materialization::Microbatch(_) => true,
        Materialization::Incremental(strategy) => {
            strategy.as_deref().is_none_or(|strategy| strategy == "delete+insert")
        }
        _ => false,
    };
    let setting = node.set(keys::INDEXES).filter(|_| is_overwritten)?;
    let message =
        format!("a unique index of `{}` allows its rows to be written only once", node.name);
    let warning = Diagnostic::warning(message).at(setting.at.clone()).note(why.clone());
    rejects_known_keys(dialect, node)
        .then(|| warning.hint("remove `unique`, and check uniqueness with a test"))
}

/// Rejects a key that would change the model's rows and that the plan does not support.
fn reject_keys(dialect: &Dialect, node: &Node) -> Result<(), Diagnostic> {
    for (key, effect) in &dialect.keys.refused_keys {
        let Some(setting) = node.config.get(key) else { continue };
        let is_empty = match &setting.value {
            Value::Null | Value::Bool(false) => true,
            Value::Array(items) => items.is_empty(),
            Value::Object(items) => items.is_empty(),
            _ => false,
        };
        if !is_empty {
            return Err(Diagnostic::error(format!(
                "`{}` sets `{key}`, which plans do not support: {effect}",
                node.name
            ))
            .at(setting.at.clone())
            .hint(format!(
                "build the model with dbt, and exclude it here: `--exclude {}`",
                node.name
            )));
        }
    }
    Ok(())
}

/// A warning for each missing key without which the engine may not create a table.
pub fn recommended_key_warnings(dialect: &Dialect, node: &Node) -> Vec<Diagnostic> {
    let recommended = &dialect.keys.wanted_keys;
    let missing =
        recommended.iter().filter(|(key, _)| node.setting(key).is_none_or(Value::is_null));
    let warning = |(key, why): (&String, &String)| {
        Diagnostic::warning(format!("`{}` does not set `{key}`", node.name))
            .at(node.file.line(1))
            .hint(why.clone())
    };
    missing.map(warning).collect()
}

/// Rejects a value that prevents overwriting a window of the table.
pub(super) fn reject_values(dialect: &Dialect, node: &Node) -> Result<(), Diagnostic> {
    for (key, values) in &dialect.keys.refused {
        let Some(setting) = node.config.get(key) else { continue };
        if let Some([why, hint]) = values.get(&scalar(&setting.value).to_lowercase()) {
            return Err(Diagnostic::error(format!(
                "`{}` cannot be written batch by batch: {why}",
                node.name
            ))
            .at(setting.at.clone())
            .hint(hint.clone()));
        }
    }
    Ok(())
}

/// The text before a model's statements: session settings from its configuration, and the author's
/// `sql_header`.
pub(super) fn sql_header(dialect: &Dialect, node: &Node) -> Result<String, Diagnostic> {
    let mut text: String = session_statements(dialect, node, "header")?
        .iter()
        .map(|setting| format!("{setting}\n\n"))
        .collect();
    match node.get(keys::SQL_HEADER).map(str::trim) {
        None | Some("") => {}
        Some(header) => text.push_str(&format!("{}\n\n", terminate_statement(header))),
    }
    Ok(text)
}

/// The text after a model's statements, which restores the session settings for the next file.
pub(super) fn sql_footer(dialect: &Dialect, node: &Node) -> Result<String, Diagnostic> {
    Ok(session_statements(dialect, node, "footer")?
        .iter()
        .map(|setting| format!("\n{setting}\n"))
        .collect())
}

/// A statement for each session setting in the configuration.
fn session_statements(
    dialect: &Dialect,
    node: &Node,
    position: &str,
) -> Result<Vec<Sql>, Diagnostic> {
    let mut statements = Vec::new();
    for key in &dialect.keys.header_keys {
        let Some(value) = node.setting(key).filter(|value| !value.is_null()) else { continue };
        let defaults = value
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| format!("{name} = default"))
            .collect::<Vec<_>>()
            .join(", ");
        let arguments = [
            ("text", dialect.string(&scalar(value)).value()),
            ("plain_pairs", Argument::from_safe_string(plain_pairs(value))),
            ("defaults", Argument::from_safe_string(defaults)),
        ];
        statements.push(dialect.sql(&format!("{position}_{key}"), &arguments)?);
    }
    Ok(statements)
}

/// The macro that creates a view, for a configuration that needs a special one.
pub(super) fn view_macro(dialect: &Dialect, node: &Node) -> String {
    let keys = &dialect.keys.view_keys;
    let candidates = keys.iter().filter_map(|key| {
        Some(format!("view_{key}_{}", scalar(node.setting(key)?).to_lowercase()))
    });
    let special = candidates.into_iter().find(|name| dialect.has_macro(name));
    special.unwrap_or_else(|| "view".to_string())
}
