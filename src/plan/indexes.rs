//! Indexes of a table, as the adapters' key `indexes` lists them: each one statement after the create statement.

use minijinja::Value as Argument;
use serde_json::{Map, Value};

use super::clauses::{list, setting};
use crate::config::Node;
use crate::diagnostics::Diagnostic;
use crate::dialect::{Dialect, Sql, short_hash};

/// The statements that follow the create statement, if the dialect has any.
pub fn indexes(dialect: &Dialect, node: &Node, target: &str) -> Result<Sql, Diagnostic> {
    let mut statements = Vec::new();
    for key in dialect.fact::<Vec<String>>("index_keys")? {
        let Some((value, at)) = setting(dialect, node, &key)? else { continue };
        match &value {
            Value::Array(items) => {
                for item in items {
                    let Value::Object(index) = item else { continue };
                    statements.push(index_of(dialect, &key, index, node, target).map_err(|wrong| match &at {
                        Some(at) => wrong.at(at.clone()),
                        None => wrong,
                    })?);
                }
            }
            Value::Bool(true) => statements.push(index_of(dialect, &key, &Map::new(), node, target)?),
            _ => {}
        }
    }
    Ok(Sql(statements.iter().map(|statement| format!("\n\n{statement}")).collect()))
}

/// One index. Its name tells it from the table's others, and is the same in every plan.
fn index_of(dialect: &Dialect, key: &str, index: &Map<String, Value>, node: &Node, target: &str) -> Result<Sql, Diagnostic> {
    let columns = match index.get("columns") {
        Some(columns) => list(columns),
        None if key == "indexes" => {
            return Err(Diagnostic::error(format!("an index of `{}` names no `columns`", node.name))
                .hint("write `indexes=[{'columns': ['user_id'], 'unique': false}]`"));
        }
        None => Argument::from_safe_string(String::new()),
    };
    let text = serde_json::to_string(index).unwrap_or_default();
    let name = dialect.fitting(&node.relation.identifier, &format!("index_{}", &short_hash(&format!("{target}{key}{text}"))[..8]), 0)?;
    let unique = index.get("unique").and_then(Value::as_bool).unwrap_or_default();
    let method = index.get("type").and_then(Value::as_str).unwrap_or_default().to_string();
    let macro_name = match (key, method.is_empty()) {
        ("indexes", true) if unique => "index_unique",
        ("indexes", true) => "index",
        ("indexes", false) if unique => "index_unique_by",
        ("indexes", false) => "index_by",
        (key, _) => key,
    };
    let arguments = [
        ("target", Argument::from_safe_string(target.to_string())),
        ("name", dialect.column(&name, false)?.value()),
        ("text", dialect.string(&name)?.value()),
        ("whole", dialect.string(target)?.value()),
        ("columns", columns),
        ("method", Argument::from_safe_string(method)),
    ];
    dialect.sql(macro_name, &arguments)
}
