//! The clauses of a create statement (partitioning, clustering …), from the configuration keys of
//! the adapter.

use minijinja::Value as Argument;
use serde_json::{Map, Value};

use crate::config::{Node, PartitionField, keys};
use crate::diagnostics::{Diagnostic, Location};
use crate::dialect::{Dialect, Sql};
use crate::jinja::Relation;

/// The clauses for a node's configuration, one per line, to be written after the table's name.
pub fn clauses(dialect: &Dialect, node: &Node, target: &Relation) -> Result<Sql, Diagnostic> {
    let mut lines = clause_lines(dialect, node, target, &dialect.keys.clauses)?;
    // The separator between the table's name and `as`.
    lines.push(if lines.is_empty() { ' ' } else { '\n' });
    Ok(Sql(lines))
}

/// The clauses that are only valid in a statement that replaces a table, each after a line break.
pub fn replace_clauses(
    dialect: &Dialect,
    node: &Node,
    target: &Relation,
) -> Result<Sql, Diagnostic> {
    Ok(Sql(clause_lines(dialect, node, target, &dialect.keys.replace_clauses)?))
}

/// The clause with the format of the table's files, if the dialect has such a key.
pub fn format_clause(dialect: &Dialect, node: &Node, target: &Relation) -> Result<Sql, Diagnostic> {
    let lines = clause_lines(dialect, node, target, dialect.batches.format_key.as_slice())?;
    Ok(Sql(lines.trim_start().to_string()))
}

/// The clauses of these keys.
fn clause_lines(
    dialect: &Dialect,
    node: &Node,
    target: &Relation,
    keys: &[String],
) -> Result<String, Diagnostic> {
    let mut lines = String::new();
    let mut options = Vec::new();
    for key in keys {
        let Some((value, at)) = setting(dialect, node, key) else { continue };
        let locate = |error: Diagnostic| match &at {
            Some(at) => error.at(at.clone()),
            None => error,
        };
        let value = table_location(dialect, node, target, key, value);
        if dialect.keys.options.contains(key) {
            options.push(option(dialect, key, &value).map_err(locate)?);
            continue;
        }
        let clause = clause(dialect, node, target, key, &value).map_err(locate)?;
        if !clause.0.is_empty() {
            lines.push_str(&format!("\n{clause}"));
        }
    }
    if !options.is_empty() {
        let value = Argument::from_safe_string(options.join(",\n  "));
        lines.push_str(&format!("\n{}", dialect.sql("options_clause", &[("value", value)])?));
    }
    Ok(lines)
}

/// The location of a shadow table's files, which must differ from that of the model's table.
fn table_location(
    dialect: &Dialect,
    node: &Node,
    target: &Relation,
    key: &String,
    value: Value,
) -> Value {
    let is_table = target.identifier == node.relation.identifier;
    if is_table || !dialect.keys.location_keys.contains(key) {
        return value;
    }
    Value::String(format!("{}__{}/", scalar(&value).trim_end_matches('/'), target.identifier))
}

/// The value and location of a setting; else the default of the adapter.
pub fn setting(dialect: &Dialect, node: &Node, key: &str) -> Option<(Value, Option<Location>)> {
    if let Some(setting) = node.config.get(key).filter(|setting| !setting.value.is_null()) {
        return Some((setting.value.clone(), Some(setting.at.clone())));
    }
    dialect.keys.defaults.get(key).map(|value| (value.clone(), None))
}

/// The kind of table: `table`, or the keywords for a transient, unlogged … table.
pub fn table_kind(dialect: &Dialect, node: &Node) -> Result<Sql, Diagnostic> {
    let value = dialect.keys.kind_key.as_ref().and_then(|key| setting(dialect, node, key));
    let is_set = value.is_some_and(|(value, _)| value == Value::Bool(true));
    dialect.sql(if is_set { "kind_special" } else { "kind" }, &[])
}

fn clause(
    dialect: &Dialect,
    node: &Node,
    target: &Relation,
    key: &str,
    value: &Value,
) -> Result<Sql, Diagnostic> {
    match (key, value) {
        ("partition_by", Value::Object(partition)) => partition_by(dialect, partition),
        ("partition_by", value) => dialect.sql("partition_columns", &[("value", sql_list(value))]),
        (key, value) => {
            let kind = dialect.keys.clause_kinds.get(key);
            let kind = kind.and_then(|key| node.setting(key)).map(scalar);
            let of_kind = kind
                .map(|kind| format!("clause_{key}_{}", kind.to_lowercase()))
                .filter(|name| dialect.has_macro(name));
            let words = dialect.keys.clause_words.get(key);
            let macro_name = words.and_then(|words| words.get(&scalar(value).to_lowercase()));
            let (database, schema, identifier) = (
                target.database.as_deref(),
                target.schema.as_deref(),
                Some(target.identifier.as_str()),
            );
            let arguments = [
                ("value", sql_list(value)),
                ("text", dialect.string(&scalar(value)).value()),
                ("pairs", Argument::from_safe_string(string_pairs(dialect, value))),
                ("plain_pairs", Argument::from_safe_string(plain_pairs(value))),
                (
                    "buckets",
                    node.get(keys::BUCKETS)
                        .map_or_else(|| Argument::from_safe_string("1".to_string()), sql_list),
                ),
                (
                    "below_all",
                    dialect.string(&sub_path(value, &[database, schema, identifier])).value(),
                ),
                ("below", dialect.string(&sub_path(value, &[identifier])).value()),
            ];
            dialect.sql(
                macro_name.or(of_kind.as_ref()).unwrap_or(&format!("clause_{key}")),
                &arguments,
            )
        }
    }
}

/// A path below the one in a setting.
fn sub_path(value: &Value, parts: &[Option<&str>]) -> String {
    let root = scalar(value);
    let parts = parts.iter().copied().flatten();
    std::iter::once(root.trim_end_matches('/')).chain(parts).collect::<Vec<_>>().join("/")
}

/// One option in parentheses: by the dialect's macro, if it has one, else `name = value`.
fn option(dialect: &Dialect, key: &str, value: &Value) -> Result<String, Diagnostic> {
    let macro_name = format!("option_{key}");
    let written = match dialect.has_macro(&macro_name) {
        true => {
            let items = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            let texts: Vec<String> =
                items.iter().map(|item| dialect.string(&scalar(item)).0).collect();
            let arguments = [
                ("value", sql_list(value)),
                ("text", dialect.string(&scalar(value)).value()),
                ("texts", Argument::from_safe_string(texts.join(", "))),
                ("plain_pairs", Argument::from_safe_string(plain_pairs(value))),
                ("tuples", Argument::from_safe_string(tuples(dialect, value))),
            ];
            dialect.sql(&macro_name, &arguments)?.0
        }
        false => format!("{key} = {}", scalar(value)),
    };
    Ok(written)
}

/// The dict form: a field with the type and size of its partitions. dbt's defaults are `date` and
/// `day`.
fn partition_by(dialect: &Dialect, partition: &Map<String, Value>) -> Result<Sql, Diagnostic> {
    let PartitionField { field, data_type, granularity, by_ingestion_time, range } =
        PartitionField::of(partition);
    let Some(field) = field else {
        return Err(Diagnostic::error("`partition_by` has no `field`").hint(
            "for example `{'field': 'event_at', 'data_type': 'timestamp', 'granularity': 'day'}`",
        ));
    };
    if by_ingestion_time {
        return Err(Diagnostic::error(
            "a table that is partitioned by ingestion time cannot be overwritten by windows of an \
            event time",
        )
        .hint(
            "remove `time_ingestion_partitioning`, and set `field` to a column of the query, \
            preferably the event time",
        ));
    }
    let range = |key: &str| {
        let value = range.and_then(|range| range.get(key));
        Argument::from_safe_string(value.map(scalar).unwrap_or_default())
    };
    let exact = format!("partition_{data_type}_{granularity}");
    let name = if dialect.has_macro(&exact) { exact } else { format!("partition_{data_type}") };
    if !dialect.has_macro(&name) {
        return Err(Diagnostic::error(format!(
            "{} cannot partition by a field of type `{data_type}`",
            dialect.name
        ))
        .hint("`data_type` is one of `date`, `datetime`, `timestamp`, `int64`"));
    }
    let arguments = [
        ("field", dialect.column(field, false).value()),
        ("granularity", Argument::from_safe_string(granularity)),
        ("start", range("start")),
        ("end", range("end")),
        ("interval", range("interval")),
    ];
    dialect.sql(&name, &arguments)
}

/// A setting as SQL; a list is joined by commas.
pub fn sql_list(value: &Value) -> Argument {
    Argument::from_safe_string(match value {
        Value::Array(items) => items.iter().map(scalar).collect::<Vec<_>>().join(", "),
        value => scalar(value),
    })
}

pub(super) fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

/// `'name' = 'value'` for each pair.
pub(super) fn string_pairs(dialect: &Dialect, value: &Value) -> String {
    let Value::Object(pairs) = value else { return String::new() };
    pairs
        .iter()
        .map(|(key, value)| format!("{} = {}", dialect.string(key), dialect.string(&scalar(value))))
        .collect::<Vec<_>>()
        .join(", ")
}

/// `name = value` pairs in the author's spelling.
pub(super) fn plain_pairs(value: &Value) -> String {
    let Value::Object(pairs) = value else { return String::new() };
    pairs
        .iter()
        .map(|(key, value)| format!("{key} = {}", scalar(value)))
        .collect::<Vec<_>>()
        .join(", ")
}

/// `('name', 'value')` for each pair.
fn tuples(dialect: &Dialect, value: &Value) -> String {
    let Value::Object(pairs) = value else { return String::new() };
    pairs
        .iter()
        .map(|(key, value)| {
            format!("({}, {})", dialect.string(key), dialect.string(&scalar(value)))
        })
        .collect::<Vec<_>>()
        .join(", ")
}
