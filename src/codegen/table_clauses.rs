//! The clauses of a create statement: partitioning, clustering and the rest, as the adapter's own
//! configuration keys name them.

use minijinja::Value as Argument;
use serde_json::{Map, Value};

use crate::config::Node;
use crate::diagnostics::{Diagnostic, Location};
use crate::dialect::{Dialect, Sql};
use crate::jinja::Relation;

/// The clauses for a node's configuration, each on a line of its own behind the table's name.
pub fn clauses(dialect: &Dialect, node: &Node, target: &Relation) -> Result<Sql, Diagnostic> {
    let mut lines = lines(dialect, node, target, "clauses")?;
    // Stands between the table's name and `as`.
    lines.push(if lines.is_empty() { ' ' } else { '\n' });
    Ok(Sql(lines))
}

/// The clauses that only a statement takes which replaces a table, each behind a line break.
pub fn replacing(dialect: &Dialect, node: &Node, target: &Relation) -> Result<Sql, Diagnostic> {
    Ok(Sql(lines(dialect, node, target, "replace_clauses")?))
}

/// The clauses of the keys that a fact lists.
fn lines(
    dialect: &Dialect,
    node: &Node,
    target: &Relation,
    fact: &str,
) -> Result<String, Diagnostic> {
    let keys: Vec<String> = dialect.property(fact)?;
    let options: Vec<String> = dialect.property("options")?;
    let mut lines = String::new();
    let mut given = Vec::new();
    for key in &keys {
        let Some((value, at)) = setting(dialect, node, key)? else { continue };
        let place = |error: Diagnostic| match &at {
            Some(at) => error.at(at.clone()),
            None => error,
        };
        let value = located(dialect, node, target, key, value)?;
        if options.contains(key) {
            given.push(option(dialect, key, &value).map_err(place)?);
            continue;
        }
        let clause = clause(dialect, node, target, key, &value).map_err(place)?;
        if !clause.0.is_empty() {
            lines.push_str(&format!("\n{clause}"));
        }
    }
    if !given.is_empty() {
        let value = Argument::from_safe_string(given.join(",\n  "));
        lines.push_str(&format!("\n{}", dialect.sql("options_clause", &[("value", value)])?));
    }
    Ok(lines)
}

/// Where the files of a table go that is built beside the model's own: never where those are.
fn located(
    dialect: &Dialect,
    node: &Node,
    target: &Relation,
    key: &String,
    value: Value,
) -> Result<Value, Diagnostic> {
    let own = &node.relation.identifier;
    let keys: Vec<String> = dialect.property("location_keys")?;
    if target.identifier == *own || !keys.contains(key) {
        return Ok(value);
    }
    Ok(Value::String(format!("{}__{}/", scalar(&value).trim_end_matches('/'), target.identifier)))
}

/// What a key is set to, and where; else what the adapter takes where nothing is set.
pub fn setting(
    dialect: &Dialect,
    node: &Node,
    key: &str,
) -> Result<Option<(Value, Option<Location>)>, Diagnostic> {
    if let Some(setting) = node.config.get(key).filter(|setting| !setting.value.is_null()) {
        return Ok(Some((setting.value.clone(), Some(setting.at.clone()))));
    }
    let defaults: Map<String, Value> = dialect.property("defaults")?;
    Ok(defaults.get(key).map(|value| (value.clone(), None)))
}

/// What kind of table is created: `table`, or the adapter's own word for one that is transient,
/// unlogged …
pub fn kind(dialect: &Dialect, node: &Node) -> Result<Sql, Diagnostic> {
    let key: Option<String> = dialect.property("kind_key")?;
    let set = match key {
        Some(key) => {
            setting(dialect, node, &key)?.is_some_and(|(value, _)| value == Value::Bool(true))
        }
        None => false,
    };
    dialect.sql(if set { "kind_special" } else { "kind" }, &[])
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
        ("partition_by", value) => dialect.sql("partition_columns", &[("value", list(value))]),
        (key, value) => {
            let words: Map<String, Value> = dialect.property("clause_words")?;
            let kinds: Map<String, Value> = dialect.property("clause_kinds")?;
            let kind = kinds
                .get(key)
                .and_then(Value::as_str)
                .and_then(|key| node.setting(key))
                .map(scalar);
            let of_kind = kind
                .map(|kind| format!("clause_{key}_{}", kind.to_lowercase()))
                .filter(|name| dialect.has(name));
            let own = words
                .get(key)
                .and_then(|words| words.get(scalar(value).to_lowercase()))
                .and_then(Value::as_str);
            let (database, schema, identifier) = (
                target.database.as_deref(),
                target.schema.as_deref(),
                Some(target.identifier.as_str()),
            );
            let arguments = [
                ("value", list(value)),
                ("text", dialect.string(&scalar(value))?.value()),
                ("pairs", Argument::from_safe_string(pairs(dialect, value)?)),
                ("plain_pairs", Argument::from_safe_string(plain_pairs(value))),
                (
                    "buckets",
                    node.setting("buckets")
                        .map_or_else(|| Argument::from_safe_string("1".to_string()), list),
                ),
                (
                    "below_all",
                    dialect.string(&below(value, &[database, schema, identifier]))?.value(),
                ),
                ("below", dialect.string(&below(value, &[identifier]))?.value()),
            ];
            dialect.sql(own.or(of_kind.as_deref()).unwrap_or(&format!("clause_{key}")), &arguments)
        }
    }
}

/// A place below the one that a value names.
fn below(value: &Value, parts: &[Option<&str>]) -> String {
    let root = scalar(value);
    let parts = parts.iter().copied().flatten();
    std::iter::once(root.trim_end_matches('/')).chain(parts).collect::<Vec<_>>().join("/")
}

/// One of the options in parentheses: `name = value`, as the dialect's macro writes it, if it has
/// one.
fn option(dialect: &Dialect, key: &str, value: &Value) -> Result<String, Diagnostic> {
    let own = format!("option_{key}");
    let written = match dialect.has(&own) {
        true => {
            let texts: Result<Vec<String>, Diagnostic> = match value {
                Value::Array(items) => {
                    items.iter().map(|item| Ok(dialect.string(&scalar(item))?.0)).collect()
                }
                value => Ok(vec![dialect.string(&scalar(value))?.0]),
            };
            let arguments = [
                ("value", list(value)),
                ("text", dialect.string(&scalar(value))?.value()),
                ("texts", Argument::from_safe_string(texts?.join(", "))),
                ("plain_pairs", Argument::from_safe_string(plain_pairs(value))),
                ("tuples", Argument::from_safe_string(tuples(dialect, value)?)),
            ];
            dialect.sql(&own, &arguments)?.0
        }
        false => format!("{key} = {}", scalar(value)),
    };
    Ok(written)
}

/// BigQuery's form: a field with the type and size of its partitions. dbt's defaults: a date, by
/// the day.
fn partition_by(dialect: &Dialect, partition: &Map<String, Value>) -> Result<Sql, Diagnostic> {
    let word = |key: &str, default: &str| {
        partition.get(key).and_then(Value::as_str).unwrap_or(default).to_lowercase()
    };
    let Some(field) = partition.get("field").and_then(Value::as_str) else {
        return Err(Diagnostic::error("`partition_by` names no `field`").hint(
            "write `{'field': 'event_at', 'data_type': 'timestamp', 'granularity': 'day'}`",
        ));
    };
    if partition.get("time_ingestion_partitioning") == Some(&Value::Bool(true)) {
        return Err(Diagnostic::error(
            "a table that is partitioned by the time of its loading cannot be written by windows \
             of an event time",
        )
        .hint(
            "leave out `time_ingestion_partitioning`, and name a column of the query as \
            `field`: best the event time",
        ));
    }
    let data_type = word("data_type", "date");
    let granularity = word("granularity", "day");
    let range = |key: &str| {
        let value = partition.get("range").and_then(|range| range.get(key));
        Argument::from_safe_string(value.map(scalar).unwrap_or_default())
    };
    let exact = format!("partition_{data_type}_{granularity}");
    let name = if dialect.has(&exact) { exact } else { format!("partition_{data_type}") };
    if !dialect.has(&name) {
        return Err(Diagnostic::error(format!(
            "{} cannot partition by a field of type `{data_type}`",
            dialect.name
        ))
        .hint("`data_type` is one of `date`, `datetime`, `timestamp`, `int64`"));
    }
    let arguments = [
        ("field", dialect.column(field, false)?.value()),
        ("granularity", Argument::from_safe_string(granularity)),
        ("start", range("start")),
        ("end", range("end")),
        ("interval", range("interval")),
    ];
    dialect.sql(&name, &arguments)
}

/// A value as SQL that its author wrote: a list is joined by commas.
pub fn list(value: &Value) -> Argument {
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

pub(super) fn pairs(dialect: &Dialect, value: &Value) -> Result<String, Diagnostic> {
    let Value::Object(pairs) = value else { return Ok(String::new()) };
    let pairs: Result<Vec<String>, Diagnostic> = pairs
        .iter()
        .map(|(key, value)| {
            Ok(format!("{} = {}", dialect.string(key)?, dialect.string(&scalar(value))?))
        })
        .collect();
    Ok(pairs?.join(", "))
}

/// `name = value` as the author wrote both.
pub(super) fn plain_pairs(value: &Value) -> String {
    let Value::Object(pairs) = value else { return String::new() };
    pairs
        .iter()
        .map(|(key, value)| format!("{key} = {}", scalar(value)))
        .collect::<Vec<_>>()
        .join(", ")
}

/// `('name', 'value')` for each pair.
fn tuples(dialect: &Dialect, value: &Value) -> Result<String, Diagnostic> {
    let Value::Object(pairs) = value else { return Ok(String::new()) };
    let tuples: Result<Vec<String>, Diagnostic> = pairs
        .iter()
        .map(|(key, value)| {
            Ok(format!("({}, {})", dialect.string(key)?, dialect.string(&scalar(value))?))
        })
        .collect();
    Ok(tuples?.join(", "))
}
