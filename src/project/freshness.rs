//! How old a source may be and what says when it was loaded. Takes the keys of a source and of its
//! table, which are next to the name or under `config`; gives the settings of the table as dbt
//! merges them.

use serde_json::{Map, Value, json};

use crate::yaml::Yaml;

use super::entries::Entries;
use super::values::rendered;

/// A key next to a name, and under `config`; none where it is not set.
type Two = [Option<Value>; 2];

/// The keys of a source or of a table.
#[derive(Clone, Default)]
pub struct Loading {
    freshness: Two,
    field: Two,
    query: Two,
}

pub const KEYS: [&str; 3] = ["freshness", "loaded_at_field", "loaded_at_query"];

impl Loading {
    pub fn of(entry: &mut Entries, yaml: &Yaml) -> Loading {
        let mut value = |key: &str, is_rendered: bool| {
            [Some(yaml), yaml.get("config")].map(|yaml| {
                // An explicit `null` removes what a more general entry sets.
                let yaml = yaml?.dict()?.get(key)?;
                // dbt sends the query to the warehouse as it is written.
                let value = if is_rendered { rendered(yaml, entry.scope) } else { Ok(yaml.json()) };
                value.map_err(|error| entry.report(error)).ok()
            })
        };
        Loading {
            freshness: value("freshness", true),
            field: value("loaded_at_field", true),
            query: value("loaded_at_query", false),
        }
    }

    /// The settings of a table of this source. A key is missing if neither sets it.
    pub fn with(&self, table: &Loading) -> Map<String, Value> {
        let mut settings = Map::new();
        let thresholds = self.freshness.iter().chain(&table.freshness);
        match thresholds.map(|value| Threshold::of(value.as_ref())).reduce(merged).flatten() {
            None => _ = settings.insert("freshness".to_string(), Value::Null),
            Some(threshold) if threshold.is_set() => {
                settings.insert("freshness".to_string(), threshold.json());
            }
            Some(_) => {}
        }
        let table_has_field = table.field[0].is_some() || first(&table.field).is_some();
        let field = match table_has_field {
            true => first(&table.field),
            false => first(&self.field),
        };
        let query = first(&table.query).or_else(|| first(&self.query).filter(|_| !table_has_field));
        for (key, value) in [("loaded_at_field", field), ("loaded_at_query", query)] {
            settings.extend(value.map(|value| (key.to_string(), value.clone())));
        }
        settings
    }
}

/// The first of the two that is neither none nor empty.
fn first(values: &Two) -> Option<&Value> {
    values.iter().flatten().find(|value| !value.is_null() && **value != "")
}

/// dbt's `FreshnessThreshold`: the ages of a warning and of an error, and a filter.
#[derive(Clone, Default)]
struct Threshold {
    warn_after: Option<Age>,
    error_after: Option<Age>,
    filter: Option<Value>,
}

/// A number of periods, which counts if both are set.
#[derive(Clone, Default)]
struct Age {
    count: Option<Value>,
    period: Option<Value>,
}

impl Threshold {
    /// None for an explicit `null`, which removes the threshold.
    fn of(value: Option<&Value>) -> Option<Threshold> {
        let unset = Threshold {
            warn_after: Some(Age::default()),
            error_after: Some(Age::default()),
            filter: None,
        };
        match value {
            None => Some(unset),
            Some(Value::Object(keys)) => {
                let age = |key: &str| match keys.get(key) {
                    None => Some(Age::default()),
                    Some(Value::Null) => None,
                    Some(age) => {
                        Some(Age { count: value_of(age, "count"), period: value_of(age, "period") })
                    }
                };
                Some(Threshold {
                    warn_after: age("warn_after"),
                    error_after: age("error_after"),
                    filter: keys.get("filter").filter(|filter| !filter.is_null()).cloned(),
                })
            }
            Some(_) => None,
        }
    }

    fn is_set(&self) -> bool {
        [&self.warn_after, &self.error_after].into_iter().flatten().any(Age::is_set)
    }

    fn json(&self) -> Value {
        let age = |age: &Option<Age>| {
            age.as_ref().map(|age| json!({"count": age.count, "period": age.period}))
        };
        json!({
            "warn_after": age(&self.warn_after),
            "error_after": age(&self.error_after),
            "filter": self.filter,
        })
    }
}

impl Age {
    fn is_set(&self) -> bool {
        self.count.is_some() && self.period.is_some()
    }
}

fn value_of(of: &Value, key: &str) -> Option<Value> {
    of.get(key).filter(|value| !value.is_null()).cloned()
}

/// A threshold over a more general one.
fn merged(before: Option<Threshold>, update: Option<Threshold>) -> Option<Threshold> {
    match (before, update) {
        (Some(before), Some(update)) => Some(Threshold {
            warn_after: merged_age(before.warn_after, update.warn_after),
            error_after: merged_age(before.error_after, update.error_after),
            filter: update.filter.or(before.filter),
        }),
        (None, Some(update)) if update.is_set() => Some(update),
        _ => None,
    }
}

fn merged_age(before: Option<Age>, update: Option<Age>) -> Option<Age> {
    let update = update?;
    if update.is_set() { Some(update) } else { before }
}
