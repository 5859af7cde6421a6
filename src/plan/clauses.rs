//! The clauses of a create statement: partitioning, clustering and the rest, as the adapter's own configuration keys name them.

use minijinja::Value as Argument;
use serde_json::{Map, Value};

use crate::config::Node;
use crate::diagnostics::{Diagnostic, nearest};
use crate::dialect::{Dialect, Sql};

/// The clauses for a node's configuration, each on a line of its own behind the table's name.
pub fn clauses(dialect: &Dialect, node: &Node) -> Result<Sql, Diagnostic> {
    let keys: Vec<String> = dialect.fact("clauses")?;
    let options: Vec<String> = dialect.fact("options")?;
    let mut lines = String::new();
    let mut given = Vec::new();
    for key in &keys {
        let Some(setting) = node.config.get(key).filter(|setting| !setting.value.is_null()) else { continue };
        if options.contains(key) {
            given.push(format!("{key} = {}", scalar(&setting.value)));
            continue;
        }
        let clause = match (key.as_str(), &setting.value) {
            ("partition_by", Value::Object(partition)) => partition_by(dialect, partition),
            ("partition_by", value) => dialect.sql("partition_columns", &[("value", list(value))]),
            (key, value) => {
                let arguments = [
                    ("value", list(value)),
                    ("text", dialect.string(&scalar(value))?.value()),
                    ("pairs", Argument::from_safe_string(pairs(dialect, value)?)),
                ];
                dialect.sql(&format!("clause_{key}"), &arguments)
            }
        };
        let clause = clause.map_err(|wrong| wrong.at(setting.at.clone()))?;
        lines.push_str(&format!("\n{clause}"));
    }
    if !given.is_empty() {
        let value = Argument::from_safe_string(given.join(", "));
        lines.push_str(&format!("\n{}", dialect.sql("options_clause", &[("value", value)])?));
    }
    // Stands between the table's name and `as`.
    lines.push(if lines.is_empty() { ' ' } else { '\n' });
    Ok(Sql(lines))
}

/// A warning for each key of a node's configuration that neither dbt nor this dialect knows: it has no effect on the plan.
pub fn unknown_keys(dialect: &Dialect, node: &Node) -> Result<Vec<Diagnostic>, Diagnostic> {
    let mut known: Vec<String> = dialect.fact("known_keys")?;
    known.extend(dialect.fact::<Vec<String>>("clauses")?);
    known.extend(dialect.fact::<Vec<String>>("build_keys")?);
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
fn list(value: &Value) -> Argument {
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
