//! Statements that follow the create statement: indexes of the key `indexes`, projections, tags …

use minijinja::Value as Argument;
use serde_json::{Map, Value};

use super::relation_name::database;
use super::table_clauses::{setting, sql_list, string_pairs};
use crate::config::{Node, keys};
use crate::diagnostics::Diagnostic;
use crate::dialect::{Dialect, Sql, short_hash};

/// The length of the hash in the name of an index.
const HASH: usize = 8;

/// The statements for the index keys of the dialect, except for indexes that a table gets when it
/// has its own name.
pub fn index_statements(dialect: &Dialect, node: &Node, target: &str) -> Result<Sql, Diagnostic> {
    let has_own_name = target == node.relation.to_string();
    let keys = dialect.keys.index_keys.iter().map(String::as_str);
    let is_now = |key: &&str| has_own_name || !is_after_swap(dialect, key);
    statements_of(dialect, node, target, keys.filter(is_now))
}

/// The statements for the indexes that the table of a full refresh gets when it has its own name.
/// Otherwise its indexes would have the names of those of the table that it replaces.
pub fn indexes_after_swap(dialect: &Dialect, node: &Node) -> Result<Sql, Diagnostic> {
    let keys = dialect.keys.index_keys.iter().map(String::as_str);
    let keys = keys.filter(|key| is_after_swap(dialect, key));
    statements_of(dialect, node, &node.relation.to_string(), keys)
}

fn is_after_swap(dialect: &Dialect, key: &str) -> bool {
    key == "indexes" && dialect.keys.indexes_after_swap
}

fn statements_of<'k>(
    dialect: &Dialect,
    node: &Node,
    target: &str,
    keys: impl Iterator<Item = &'k str>,
) -> Result<Sql, Diagnostic> {
    let mut statements = Vec::new();
    for key in keys {
        let Some((value, at)) = setting(dialect, node, key) else { continue };
        if key == "indexes" && !dialect.keys.index_entry_keys.is_empty() {
            check_entries(dialect, node, &value).map_err(|error| error.at_maybe(at.clone()))?;
        }
        if key == "indexes" && dialect.has_macro("released_indexes") {
            statements.extend(released_indexes(dialect, node, target)?);
        }
        let mut push = |index: &Map<String, Value>| {
            let statement =
                index_statement(dialect, key, index, node, target).map_err(|error| match &at {
                    Some(at) => error.at(at.clone()),
                    None => error,
                });
            statement.map(|statement| statements.push(statement))
        };
        match &value {
            Value::Array(items) => items.iter().filter_map(Value::as_object).try_for_each(push)?,
            Value::Bool(true) => push(&Map::new())?,
            Value::Object(index) => push(index)?,
            _ => {}
        }
    }
    Ok(Sql(statements.iter().map(|statement| format!("\n\n{statement}")).collect()))
}

/// The statement that gives other names to the indexes of another table which have names of the
/// configured ones; none if no index is configured.
fn released_indexes(
    dialect: &Dialect,
    node: &Node,
    target: &str,
) -> Result<Option<Sql>, Diagnostic> {
    let names = index_names(dialect, node, target);
    if names.0.is_empty() {
        return Ok(None);
    }
    let arguments = [("target_text", dialect.string(target).value()), ("indexes", names.value())];
    dialect.sql("released_indexes", &arguments).map(Some)
}

/// Rejects entries of `indexes` that the adapter rejects: an entry that is not a dict, an unknown
/// key, or a value of another type.
fn check_entries(dialect: &Dialect, node: &Node, value: &Value) -> Result<(), Diagnostic> {
    let error = |what: String| {
        Err(Diagnostic::error(format!("{what} of `{}`", node.name))
            .hint("for example `indexes=[{'columns': ['user_id'], 'unique': false}]`"))
    };
    let Value::Array(entries) = value else {
        return error("`indexes` must be a list, in the settings".to_string());
    };
    for entry in entries {
        let Some(dict) = entry.as_object() else {
            return error("each entry must be a dict, in `indexes`".to_string());
        };
        let known = &dialect.keys.index_entry_keys;
        if let Some(key) = dict.keys().find(|key| !known.contains(key)) {
            return error(format!("unknown key `{key}` in an index"));
        }
        let has_texts =
            |list: &Value| list.as_array().is_some_and(|items| items.iter().all(Value::is_string));
        let invalid = dict.iter().find_map(|(key, value)| match &**key {
            "unique" if !value.is_boolean() => Some("`unique` must be true or false"),
            "columns" if !has_texts(value) => Some("`columns` must be a list of texts"),
            "type" if !value.is_string() && !value.is_null() => Some("`type` must be a text"),
            _ => None,
        });
        if let Some(invalid) = invalid {
            return error(format!("{invalid}, in an index"));
        }
    }
    Ok(())
}

/// The indexes of a materialized view, and the statement that drops those of earlier settings.
/// Empty if the dialect's materialized views have none.
pub fn view_indexes(dialect: &Dialect, node: &Node, target: &str) -> Result<Sql, Diagnostic> {
    if !dialect.keys.indexes_views {
        return Ok(Sql::default());
    }
    let arguments = [
        ("target_text", dialect.string(target).value()),
        ("prefix", index_prefix(dialect, node).value()),
        ("indexes", index_names(dialect, node, target).value()),
    ];
    let dropped = dialect.sql("drop_other_indexes", &arguments)?;
    Ok(Sql(format!("\n\n{dropped}{}", index_statements(dialect, node, target)?)))
}

/// The names of the indexes that the key `indexes` configures, as texts separated by commas.
pub fn index_names(dialect: &Dialect, node: &Node, target: &str) -> Sql {
    let settings = node.set(keys::INDEXES).and_then(|setting| setting.value.as_array());
    let indexes = settings.into_iter().flatten().filter_map(Value::as_object);
    let names =
        indexes.map(|index| dialect.string(&index_name(dialect, "indexes", index, node, target)).0);
    Sql(names.collect::<Vec<_>>().join(", "))
}

/// The text with which the name of each index of the key `indexes` begins.
pub fn index_prefix(dialect: &Dialect, node: &Node) -> Sql {
    dialect.string(&dialect.limited_name(&node.relation.identifier, "index_", HASH))
}

/// Whether the table has a unique index on an engine that rejects a key which the same transaction
/// has deleted: its rows cannot be deleted and inserted again.
pub fn rejects_known_keys(dialect: &Dialect, node: &Node) -> bool {
    let is_unique = |index: &Value| index.get("unique") == Some(&Value::Bool(true));
    let indexes = node.set(keys::INDEXES).and_then(|setting| setting.value.as_array());
    dialect.keys.unique_index_hint.is_some() && indexes.into_iter().flatten().any(is_unique)
}

/// The name of an index. It contains a hash of the definition, so that it is unique for the table
/// and the same in every plan.
fn index_name(
    dialect: &Dialect,
    key: &str,
    index: &Map<String, Value>,
    node: &Node,
    target: &str,
) -> String {
    let text = serde_json::to_string(index).unwrap_or_default();
    let hash = short_hash(&format!("{target}{key}{text}"));
    dialect.limited_name(&node.relation.identifier, &format!("index_{}", &hash[..HASH]), 0)
}

/// The statement of one index.
fn index_statement(
    dialect: &Dialect,
    key: &str,
    index: &Map<String, Value>,
    node: &Node,
    target: &str,
) -> Result<Sql, Diagnostic> {
    let word = |key: &str| index.get(key).and_then(Value::as_str).unwrap_or_default().to_string();
    let definition = word(if index.contains_key("definition") { "definition" } else { "query" });
    let columns = match index.get("columns") {
        Some(columns) => sql_list(columns),
        None if key == "indexes" && definition.is_empty() => {
            return Err(Diagnostic::error(format!("an index of `{}` has no `columns`", node.name))
                .hint("for example `indexes=[{'columns': ['user_id'], 'unique': false}]`"));
        }
        None => Argument::from_safe_string(String::new()),
    };
    let name = index_name(dialect, key, index, node, target);
    let unique = index.get("unique").and_then(Value::as_bool).unwrap_or_default();
    let method = word("type");
    let macro_name = match (key, method.is_empty()) {
        ("indexes", _) if !definition.is_empty() => "index_defined",
        ("indexes", true) if unique => "index_unique",
        ("indexes", true) => "index",
        ("indexes", false) if unique => "index_unique_by",
        ("indexes", false) => "index_by",
        (key, _) => key,
    };
    let own_name = word("name");
    let arguments = [
        ("target", Argument::from_safe_string(target.to_string())),
        ("name", dialect.column(&name, false).value()),
        ("text", dialect.string(&name).value()),
        ("whole", dialect.string(target).value()),
        ("columns", columns),
        ("database", Argument::from_safe_string(database(&node.relation))),
        ("method", Argument::from_safe_string(method)),
        (
            "own_name",
            dialect.column(if own_name.is_empty() { &name } else { &own_name }, false).value(),
        ),
        ("definition", Argument::from_safe_string(definition)),
        ("pairs", Argument::from_safe_string(string_pairs(dialect, &Value::Object(index.clone())))),
    ];
    dialect.sql(macro_name, &arguments)
}
