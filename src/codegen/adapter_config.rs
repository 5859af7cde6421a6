//! The configuration keys of dbt's adapters: which of them have an effect, what is said of those
//! that have none, and which values make a table that no window can be overwritten in.

use std::collections::BTreeMap;

use minijinja::Value as Argument;
use serde_json::Value;

use super::alter::{Alters, alters};
use super::table_clauses::{plain_pairs, scalar};
use super::terminator::statement;
use crate::config::{Materialization, Node, SchemaChange};
use crate::diagnostics::{Diagnostic, nearest};
use crate::dialect::{Dialect, Sql};

/// The facts that list keys with an effect on files.
pub const EFFECTIVE: [&str; 5] =
    ["clauses", "replace_clauses", "index_keys", "header_keys", "view_keys"];

/// A warning for each key of a node's configuration that has no effect on the plan, and would have
/// one in dbt or is nobody's.
pub fn unknown_keys(dialect: &Dialect, node: &Node) -> Result<Vec<Diagnostic>, Diagnostic> {
    let lists = || EFFECTIVE.into_iter().chain(["known_keys", "idle_keys", "build_keys"]);
    let kind_key: Option<String> = dialect.property("kind_key")?;
    let undone: BTreeMap<String, String> = dialect.property("undone_keys")?;
    refuse_keys(dialect, node)?;
    let mut warnings: Vec<Diagnostic> = unique_index(dialect, node)?.into_iter().collect();
    for (key, setting) in &node.config {
        let value = &setting.value;
        let no_effect = || {
            Diagnostic::warning(format!("`{key}` has no effect on the plan")).at(setting.at.clone())
        };
        let known = kind_key.as_ref() == Some(key)
            || lists().try_fold(false, |known, list| Ok(known || dialect.lists(list, key)?))?;
        if known {
            let change = node.schema_change();
            let adds =
                matches!(change, SchemaChange::AppendNewColumns | SchemaChange::SyncAllColumns);
            if key == "on_schema_change" && adds && alters(dialect, node)? == Alters::Never {
                let cure = "a plan for this engine alters no table: add or drop the column \
                    yourself, or rebuild the model with `--full-refresh`";
                warnings.push(no_effect().hint(cure));
            }
            continue;
        }
        match undone.get(key) {
            _ if value.is_null() => {}
            Some(_) if *value == Value::Bool(false) => {}
            Some(why) => warnings.push(no_effect().hint(why.clone())),
            None => {
                let mut names: Vec<String> = kind_key.iter().cloned().collect();
                for list in lists() {
                    names.extend(dialect.property::<Vec<String>>(list)?);
                }
                warnings.push(no_effect().hint(
                    match nearest(key, names.iter().map(String::as_str)) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!(
                            "batchwright does not know this configuration for {}",
                            dialect.name
                        ),
                    },
                ));
            }
        }
    }
    Ok(warnings)
}

/// A warning about a unique index of a table whose rows are deleted and inserted again, where the
/// engine refuses that.
fn unique_index(dialect: &Dialect, node: &Node) -> Result<Option<Diagnostic>, Diagnostic> {
    let Some(why) = dialect.property::<Option<String>>("unique_index_hint")? else {
        return Ok(None);
    };
    let is_overwritten = match &node.materialization {
        Materialization::Microbatch(_) | Materialization::Seed => true,
        Materialization::Incremental(strategy) => {
            strategy.as_deref().is_none_or(|strategy| strategy == "delete+insert")
        }
        _ => false,
    };
    let Some(setting) = node.config.get("indexes").filter(|_| is_overwritten) else {
        return Ok(None);
    };
    let is_unique = |index: &Value| index.get("unique") == Some(&Value::Bool(true));
    let warning = || {
        Diagnostic::warning(format!(
            "a unique index of `{}` lets its rows be written once only",
            node.name
        ))
    };
    let has_unique = setting.value.as_array().into_iter().flatten().any(is_unique);
    Ok(has_unique.then(|| {
        warning()
            .at(setting.at.clone())
            .fact(why)
            .hint("leave out `unique`, and check it with a test")
    }))
}

/// Refuses a key that would change the model's rows and that the plan does not honour.
fn refuse_keys(dialect: &Dialect, node: &Node) -> Result<(), Diagnostic> {
    for (key, effect) in dialect.property::<BTreeMap<String, String>>("refused_keys")? {
        let Some(setting) = node.config.get(&key) else { continue };
        let is_empty = match &setting.value {
            Value::Null | Value::Bool(false) => true,
            Value::Array(items) => items.is_empty(),
            Value::Object(items) => items.is_empty(),
            _ => false,
        };
        if !is_empty {
            return Err(Diagnostic::error(format!(
                "`{}` sets `{key}`, which a plan does not write: {effect}",
                node.name
            ))
            .at(setting.at.clone())
            .hint(format!("leave the model to dbt with `--exclude {}`", node.name)));
        }
    }
    Ok(())
}

/// A warning for each key that is not set and without which the engine may make no table.
pub fn wanted_keys(dialect: &Dialect, node: &Node) -> Result<Vec<Diagnostic>, Diagnostic> {
    let wanted: BTreeMap<String, String> = dialect.property("wanted_keys")?;
    let missing =
        wanted.into_iter().filter(|(key, _)| node.setting(key).is_none_or(Value::is_null));
    let warning = |(key, why): (String, String)| {
        Diagnostic::warning(format!("`{}` does not say its `{key}`", node.name))
            .at(node.file.line(1))
            .hint(why)
    };
    Ok(missing.map(warning).collect())
}

/// Refuses a value that makes a table in which no window can be overwritten.
pub(super) fn refuse_values(dialect: &Dialect, node: &Node) -> Result<(), Diagnostic> {
    let refused: BTreeMap<String, BTreeMap<String, [String; 2]>> = dialect.property("refused")?;
    for (key, values) in refused {
        let Some(setting) = node.config.get(&key) else { continue };
        if let Some([why, cure]) = values.get(&scalar(&setting.value).to_lowercase()) {
            return Err(Diagnostic::error(format!(
                "`{}` cannot be written batch by batch: {why}",
                node.name
            ))
            .at(setting.at.clone())
            .hint(cure.clone()));
        }
    }
    Ok(())
}

/// What stands before a model's statements: the settings that its configuration asks of a session,
/// and the author's `sql_header`, functions and variables that the query needs.
pub(super) fn sql_header(dialect: &Dialect, node: &Node) -> Result<String, Diagnostic> {
    let mut text: String = of_session(dialect, node, "header")?
        .iter()
        .map(|setting| format!("{setting}\n\n"))
        .collect();
    match node.setting("sql_header").and_then(Value::as_str).map(str::trim) {
        None | Some("") => {}
        Some(header) => text.push_str(&format!("{}\n\n", statement(header))),
    }
    Ok(text)
}

/// What stands behind a model's statements, so that the next file of the same session finds it as
/// it was.
pub(super) fn sql_footer(dialect: &Dialect, node: &Node) -> Result<String, Diagnostic> {
    Ok(of_session(dialect, node, "footer")?
        .iter()
        .map(|setting| format!("\n{setting}\n"))
        .collect())
}

/// A statement for each setting of the session that the configuration asks for.
fn of_session(dialect: &Dialect, node: &Node, place: &str) -> Result<Vec<Sql>, Diagnostic> {
    let mut statements = Vec::new();
    for key in dialect.property::<Vec<String>>("header_keys")? {
        let Some(value) = node.setting(&key).filter(|value| !value.is_null()) else { continue };
        let defaults = value
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| format!("{name} = default"))
            .collect::<Vec<_>>()
            .join(", ");
        let arguments = [
            ("text", dialect.string(&scalar(value))?.value()),
            ("plain_pairs", Argument::from_safe_string(plain_pairs(value))),
            ("defaults", Argument::from_safe_string(defaults)),
        ];
        statements.push(dialect.sql(&format!("{place}_{key}"), &arguments)?);
    }
    Ok(statements)
}

/// The macro that makes a view, for a configuration that asks for another one than the plain.
pub(super) fn view_macro(dialect: &Dialect, node: &Node) -> Result<String, Diagnostic> {
    let keys: Vec<String> = dialect.property("view_keys")?;
    let asked = keys.iter().filter_map(|key| {
        Some(format!("view_{key}_{}", scalar(node.setting(key)?).to_lowercase()))
    });
    Ok(asked.into_iter().find(|name| dialect.has(name)).unwrap_or_else(|| "view".to_string()))
}
