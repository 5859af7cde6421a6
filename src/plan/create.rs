//! The files beside the batches: create, hooks, the swap of a full refresh.

use minijinja::Value;

use super::clauses::clauses;
use super::header::header;
use crate::config::Node;
use crate::diagnostics::Diagnostic;
use crate::dialect::{Dialect, Sql};
use crate::jinja::Relation;

/// `01_create.sql`: schema and table if they are missing, in the shape of the query.
pub fn create(dialect: &Dialect, node: &Node, target: &Relation, query: &str) -> Result<String, Diagnostic> {
    let head = header(&[("model", node.unique_id.clone()), ("creates", format!("{target}, empty, if it is missing; the batches fill it"))]);
    let table =
        dialect.sql("create", &[("target", sql(target)), ("clauses", clauses(dialect, node)?.value()), ("query", author(query))])?;
    Ok(format!("{head}\n{}{}{table}\n", schema(dialect, target)?, sql_header(node)))
}

/// `98_swap.sql`: what was built beside takes the table's place.
pub fn swap(dialect: &Dialect, node: &Node, beside: &Relation) -> Result<String, Diagnostic> {
    let target = &node.relation;
    let head = header(&[
        ("model", node.unique_id.clone()),
        ("swaps", format!("{beside}, which all batches of this full refresh have filled, for {target}")),
        ("needs", "every batch".to_string()),
    ]);
    let name = if target.style.quoted[2] { dialect.quoted(&target.identifier)? } else { dialect.column(&target.identifier, false)? };
    let arguments =
        [("target", sql(target)), ("beside", sql(beside)), ("name", name.value()), ("clauses", clauses(dialect, node)?.value())];
    Ok(format!("{head}\n{}\n", dialect.sql("swap", &arguments)?))
}

/// `00_before.sql` and `99_after.sql`: the author's hooks, once for the model; after the batches behind what `closes` the model.
pub fn hooks(node: &Node, when: &str, closes: &[Sql], hooks: &[String]) -> String {
    let head = header(&[("model", node.unique_id.clone()), ("hooks", when.to_string())]);
    let mut parts: Vec<String> = closes.iter().map(|statement| format!("{statement}\n")).collect();
    parts.extend(statements(hooks));
    format!("{head}\n{}", parts.join("\n"))
}

/// Each hook as a statement of its own.
pub(super) fn statements(hooks: &[String]) -> Vec<String> {
    let texts = hooks.iter().map(|hook| hook.trim().trim_end_matches(';').trim_end()).filter(|hook| !hook.is_empty());
    texts.map(|hook| format!("{hook}\n;\n")).collect()
}

/// Database and schema of a relation as the engine writes them, if it has any.
pub fn schema_name(relation: &Relation) -> Option<String> {
    let style = &relation.style;
    let close = if style.quote == '[' { ']' } else { style.quote };
    let quote = |part: &String, index: usize| match style.quoted[index] {
        true => format!("{}{}{close}", style.quote, part.replace(close, &close.to_string().repeat(2))),
        false => part.clone(),
    };
    let part = |part: &Option<String>, index: usize| part.as_ref().filter(|_| style.included[index]).map(|part| quote(part, index));
    let schema = part(&relation.schema, 1)?;
    Some(match part(&relation.database, 0) {
        Some(database) => format!("{database}.{schema}"),
        None => schema,
    })
}

/// What the author's `sql_header` puts before a statement: functions and variables that the query needs.
pub(super) fn sql_header(node: &Node) -> String {
    match node.setting("sql_header").and_then(serde_json::Value::as_str).map(str::trim) {
        None | Some("") => String::new(),
        Some(text) => format!("{text}{}\n\n", if text.ends_with(';') { "" } else { ";" }),
    }
}

pub(super) fn schema(dialect: &Dialect, target: &Relation) -> Result<String, Diagnostic> {
    match schema_name(target) {
        Some(schema) => Ok(format!("{}\n\n", dialect.sql("create_schema", &[("schema", Sql(schema).value())])?)),
        None => Ok(String::new()),
    }
}

pub(super) fn sql(relation: &Relation) -> Value {
    Value::from_safe_string(relation.to_string())
}

/// The author's text, without the blank lines around it.
pub(super) fn author(query: &str) -> Value {
    let blank = query.len() - query.trim_start().len();
    // The first line's own indentation stays.
    let start = query[..blank].rfind('\n').map_or(0, |line| line + 1);
    Value::from_safe_string(query[start..].trim_end().to_string())
}
