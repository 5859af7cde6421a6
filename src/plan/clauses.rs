//! The clauses of a create statement: partitioning, clustering and the rest, as the adapter's own configuration keys name them.

use minijinja::Value as Argument;
use serde_json::{Map, Value};

use crate::config::Node;
use crate::diagnostics::{Diagnostic, Location, nearest};
use crate::dialect::{Dialect, Sql};
use crate::jinja::Relation;

/// The clauses for a node's configuration, each on a line of its own behind the table's name.
pub fn clauses(dialect: &Dialect, node: &Node, target: &Relation) -> Result<Sql, Diagnostic> {
    let keys: Vec<String> = dialect.fact("clauses")?;
    let options: Vec<String> = dialect.fact("options")?;
    let mut lines = String::new();
    let mut given = Vec::new();
    for key in &keys {
        let Some((value, at)) = setting(dialect, node, key)? else { continue };
        let place = |wrong: Diagnostic| match &at {
            Some(at) => wrong.at(at.clone()),
            None => wrong,
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
    // Stands between the table's name and `as`.
    lines.push(if lines.is_empty() { ' ' } else { '\n' });
    Ok(Sql(lines))
}

/// Where the files of a table go that is built beside the model's own: never where those are.
fn located(dialect: &Dialect, node: &Node, target: &Relation, key: &String, value: Value) -> Result<Value, Diagnostic> {
    let own = &node.relation.identifier;
    let keys: Vec<String> = dialect.fact("location_keys")?;
    if target.identifier == *own || !keys.contains(key) {
        return Ok(value);
    }
    Ok(Value::String(format!("{}__{}/", scalar(&value).trim_end_matches('/'), target.identifier)))
}

/// What a key is set to, and where; else what the adapter takes where nothing is set.
pub fn setting(dialect: &Dialect, node: &Node, key: &str) -> Result<Option<(Value, Option<Location>)>, Diagnostic> {
    if let Some(setting) = node.config.get(key).filter(|setting| !setting.value.is_null()) {
        return Ok(Some((setting.value.clone(), Some(setting.at.clone()))));
    }
    let defaults: Map<String, Value> = dialect.fact("defaults")?;
    Ok(defaults.get(key).map(|value| (value.clone(), None)))
}

/// What kind of table is created: `table`, or the adapter's own word for one that is transient, unlogged …
pub fn kind(dialect: &Dialect, node: &Node) -> Result<Sql, Diagnostic> {
    let key: Option<String> = dialect.fact("kind_key")?;
    let set = match key {
        Some(key) => setting(dialect, node, &key)?.is_some_and(|(value, _)| value == Value::Bool(true)),
        None => false,
    };
    dialect.sql(if set { "kind_special" } else { "kind" }, &[])
}

fn clause(dialect: &Dialect, node: &Node, target: &Relation, key: &str, value: &Value) -> Result<Sql, Diagnostic> {
    match (key, value) {
        ("partition_by", Value::Object(partition)) => partition_by(dialect, partition),
        ("partition_by", value) => dialect.sql("partition_columns", &[("value", list(value))]),
        (key, value) => {
            let words: Map<String, Value> = dialect.fact("clause_words")?;
            let kinds: Map<String, Value> = dialect.fact("clause_kinds")?;
            let kind = kinds.get(key).and_then(Value::as_str).and_then(|key| node.setting(key)).and_then(Value::as_str);
            let of_kind = kind.map(|kind| format!("clause_{key}_{}", kind.to_lowercase())).filter(|name| dialect.has(name));
            let own = words.get(key).and_then(|words| words.get(scalar(value).to_lowercase())).and_then(Value::as_str);
            let arguments = [
                ("value", list(value)),
                ("text", dialect.string(&scalar(value))?.value()),
                ("pairs", Argument::from_safe_string(pairs(dialect, value)?)),
                ("plain_pairs", Argument::from_safe_string(plain_pairs(value))),
                ("buckets", node.setting("buckets").map_or_else(|| Argument::from_safe_string("1".to_string()), list)),
                ("below", dialect.string(&format!("{}/{}", scalar(value).trim_end_matches('/'), target.identifier))?.value()),
            ];
            dialect.sql(own.or(of_kind.as_deref()).unwrap_or(&format!("clause_{key}")), &arguments)
        }
    }
}

/// One of the options in parentheses: `name = value`, as the dialect's macro writes it, if it has one.
fn option(dialect: &Dialect, key: &str, value: &Value) -> Result<String, Diagnostic> {
    let own = format!("option_{key}");
    let written = match dialect.has(&own) {
        true => {
            let texts: Result<Vec<String>, Diagnostic> = match value {
                Value::Array(items) => items.iter().map(|item| Ok(dialect.string(&scalar(item))?.0)).collect(),
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

/// A warning for each key of a node's configuration that neither dbt nor this dialect knows: it has no effect on the plan.
pub fn unknown_keys(dialect: &Dialect, node: &Node) -> Result<Vec<Diagnostic>, Diagnostic> {
    let mut known: Vec<String> = dialect.fact("known_keys")?;
    for fact in ["clauses", "index_keys", "idle_keys", "build_keys"] {
        known.extend(dialect.fact::<Vec<String>>(fact)?);
    }
    known.extend(dialect.fact::<Option<String>>("kind_key")?);
    let changes_nothing = |key: &str, value: &Value| key == "on_schema_change" && !matches!(value.as_str(), None | Some("ignore" | "fail"));
    let unknown = node
        .config
        .iter()
        .filter(|(key, setting)| changes_nothing(key, &setting.value) || (!known.contains(key) && !setting.value.is_null()));
    let warnings = unknown.map(|(key, setting)| {
        let said = Diagnostic::warning(format!("`{key}` has no effect on the plan")).at(setting.at.clone());
        if known.contains(key) {
            return said.hint("a plan alters no table: add or drop the column yourself, or rebuild the model with `--full-refresh`");
        }
        match nearest(key, known.iter().map(String::as_str)) {
            Some(near) => said.hint(format!("did you mean `{near}`?")),
            None => said.hint(format!("batchwright does not know this configuration for {}", dialect.name)),
        }
    });
    Ok(warnings.collect())
}

/// BigQuery's form: a field with the type and size of its partitions. dbt's defaults: a date, by the day.
fn partition_by(dialect: &Dialect, partition: &Map<String, Value>) -> Result<Sql, Diagnostic> {
    let word = |key: &str, default: &str| partition.get(key).and_then(Value::as_str).unwrap_or(default).to_lowercase();
    let Some(field) = partition.get("field").and_then(Value::as_str) else {
        return Err(Diagnostic::error("`partition_by` names no `field`")
            .hint("write `{'field': 'event_at', 'data_type': 'timestamp', 'granularity': 'day'}`"));
    };
    if partition.get("time_ingestion_partitioning") == Some(&Value::Bool(true)) {
        return Err(Diagnostic::error(
            "a table that is partitioned by the time of its loading cannot be written by windows of an event time",
        )
        .hint("leave out `time_ingestion_partitioning`, and name a column of the query as `field`: best the event time"));
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
        return Err(Diagnostic::error(format!("{} cannot partition by a field of type `{data_type}`", dialect.name))
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

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

fn pairs(dialect: &Dialect, value: &Value) -> Result<String, Diagnostic> {
    let Value::Object(pairs) = value else { return Ok(String::new()) };
    let pairs: Result<Vec<String>, Diagnostic> =
        pairs.iter().map(|(key, value)| Ok(format!("{} = {}", dialect.string(key)?, dialect.string(&scalar(value))?))).collect();
    Ok(pairs?.join(", "))
}

/// `name = value` as the author wrote both.
fn plain_pairs(value: &Value) -> String {
    let Value::Object(pairs) = value else { return String::new() };
    pairs.iter().map(|(key, value)| format!("{key} = {}", scalar(value))).collect::<Vec<_>>().join(", ")
}

/// `('name', 'value')` for each pair.
fn tuples(dialect: &Dialect, value: &Value) -> Result<String, Diagnostic> {
    let Value::Object(pairs) = value else { return Ok(String::new()) };
    let tuples: Result<Vec<String>, Diagnostic> =
        pairs.iter().map(|(key, value)| Ok(format!("({}, {})", dialect.string(key)?, dialect.string(&scalar(value))?))).collect();
    Ok(tuples?.join(", "))
}
