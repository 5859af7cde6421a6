//! The sources of a properties file. Takes an entry of `sources:`; returns its tables, each with
//! the settings that it inherits: database, schema, quoting, config.

use serde_json::{Map, Value};

use crate::diagnostics::{Location, SourceFile};
use crate::yaml::Yaml;

use super::columns::ColumnPatch;
use super::entries::Entries;
use super::freshness::{self, Loading};
use super::values::{LateHooks, rendered, truth};
use super::{Config, Setting};

/// A table of a source.
#[derive(Clone, Debug)]
pub struct SourceTable {
    pub source: String,
    pub name: String,
    pub at: Location,
    pub file: SourceFile,
    /// The file's path relative to the folder of models.
    pub path: String,
    pub database: Option<String>,
    /// The source's name by default.
    pub schema: String,
    /// The table's name by default.
    pub identifier: String,
    /// Whether database, schema, identifier and columns are quoted, where the source or the table
    /// sets it.
    pub quoting: [Option<bool>; 4],
    /// The source's config, then the table's.
    pub config: Vec<Config>,
    pub columns: Vec<ColumnPatch>,
    pub description: String,
    /// dbt's further keys of the table, for Jinja.
    pub attributes: Map<String, Value>,
}

/// The config keys that are allowed at the top level of an entry.
pub const TOP_LEVEL_KEYS: [&str; 3] = ["tags", "meta", "event_time"];

/// Adds the tables of one source.
pub fn read(entry: &mut Entries, source: &Yaml, tables: &mut Vec<SourceTable>) {
    let Some(name) = entry.name(source, "name") else { return };
    let database = entry.text(source, "database");
    let schema = entry.text(source, "schema").unwrap_or_else(|| name.clone());
    let quoting = quoting(entry, source);
    let config = entry.config(source, &TOP_LEVEL_KEYS, LateHooks::WithUnderscores);
    let loading = Loading::of(entry, source);
    for table in entry.list(source, "tables") {
        let Some(table_name) = entry.name(table, "name") else { continue };
        let of_table = self::quoting(entry, table);
        let of_loading = loading.with(&Loading::of(entry, table));
        let table_quoting = std::array::from_fn(|part| of_table[part].or(quoting[part]));
        tables.push(SourceTable {
            source: name.clone(),
            at: table.at.clone(),
            file: entry.file.file.clone(),
            path: entry.file.path.clone(),
            database: database.clone(),
            schema: schema.clone(),
            identifier: entry.text(table, "identifier").unwrap_or_else(|| table_name.clone()),
            quoting: table_quoting,
            config: with_loading(
                config.iter().cloned().chain(entry.config(
                    table,
                    &TOP_LEVEL_KEYS,
                    LateHooks::WithUnderscores,
                )),
                of_loading,
                &table.at,
            ),
            columns: entry.columns(table),
            description: entry.description(table).unwrap_or_default(),
            attributes: attributes(entry, source, table, table_quoting),
            name: table_name,
        });
    }
}

/// The layers of a table's config, with the settings of its loading time as one layer.
fn with_loading(
    layers: impl Iterator<Item = Config>,
    loading: Map<String, Value>,
    at: &Location,
) -> Vec<Config> {
    let without_loading = layers.map(|mut layer| {
        layer.retain(|key, _| !freshness::KEYS.contains(&key.as_str()));
        layer
    });
    let setting = |(key, value)| (key, Setting { value, at: at.clone() });
    without_loading.chain([loading.into_iter().map(setting).collect()]).collect()
}

/// The attributes of a source for macros besides its settings: `source_meta`, `loader`,
/// `external` and others.
fn attributes(
    entry: &mut Entries,
    source: &Yaml,
    table: &Yaml,
    quoting: [Option<bool>; 4],
) -> Map<String, Value> {
    let description = entry.description(source).unwrap_or_default();
    let mut value = |of: Option<&Yaml>| match of.map(|yaml| rendered(yaml, entry.scope)) {
        Some(Ok(value)) => value,
        Some(Err(error)) => {
            entry.report(error);
            Value::Null
        }
        None => Value::Null,
    };
    let under_config =
        |of: &'_ Yaml, key: &str| of.get("config").and_then(|config| config.get(key).cloned());
    let mut source_meta = Map::new();
    for meta in [source.get("meta").cloned(), under_config(source, "meta")].into_iter().flatten() {
        source_meta.extend(value(Some(&meta)).as_object().cloned().unwrap_or_default());
    }
    let text = |value: Value| if value.is_null() { Value::from("") } else { value };
    let mut attributes = Map::new();
    attributes.insert("source_meta".to_string(), Value::Object(source_meta));
    attributes.insert("source_description".to_string(), Value::from(description));
    attributes.insert("loader".to_string(), text(value(source.get("loader"))));
    attributes.insert("external".to_string(), value(table.get("external")));
    for (key, unrendered) in [("database", "unrendered_database"), ("schema", "unrendered_schema")]
    {
        attributes
            .insert(unrendered.to_string(), source.get(key).map(Yaml::json).unwrap_or_default());
    }
    attributes.insert("_event_status".to_string(), Value::Object(Map::new()));
    let parts = ["database", "schema", "identifier", "column"].into_iter().zip(quoting);
    attributes.insert(
        "quoting".to_string(),
        parts.map(|(part, quoted)| (part.to_string(), Value::from(quoted))).collect(),
    );
    attributes
}

pub fn quoting(entry: &mut Entries, of: &Yaml) -> [Option<bool>; 4] {
    ["database", "schema", "identifier", "column"].map(|part| {
        let yaml = of.get("quoting")?.get(part)?;
        match rendered(yaml, entry.scope) {
            Ok(value) => truth(&value),
            Err(error) => {
                entry.report(error);
                None
            }
        }
    })
}
