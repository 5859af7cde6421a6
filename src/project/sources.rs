//! The sources of a properties file. Takes an entry of `sources:`; gives its tables, each with what it has from its source:
//! database, schema, quoting, config.

use crate::diagnostics::{Location, SourceFile};

use super::properties::{ColumnPatch, Config, Entries, description};
use super::values::{rendered, truth};
use super::yaml::Yaml;

/// A table of a source.
#[derive(Clone, Debug)]
pub struct SourceTable {
    pub source: String,
    pub name: String,
    pub at: Location,
    pub file: SourceFile,
    /// The file's path below the folder of models.
    pub path: String,
    pub database: Option<String>,
    /// The source's name, unless it says otherwise.
    pub schema: String,
    /// The table's name, unless it says otherwise.
    pub identifier: String,
    /// Whether database, schema, identifier and columns are quoted, where source or table say so.
    pub quoting: [Option<bool>; 4],
    /// The source's config, then the table's.
    pub config: Vec<Config>,
    pub columns: Vec<ColumnPatch>,
    pub description: String,
}

/// The keys of config that stand beside a name.
pub const BESIDE: [&str; 3] = ["tags", "meta", "event_time"];

/// Adds the tables of one source.
pub fn read(entry: &mut Entries, source: &Yaml, tables: &mut Vec<SourceTable>) {
    let Some(name) = entry.name(source, "name") else { return };
    let database = entry.text(source, "database").or_else(|| entry.text(source, "catalog")).or_else(|| entry.text(source, "project"));
    let schema = entry.text(source, "schema").or_else(|| entry.text(source, "dataset")).unwrap_or_else(|| name.clone());
    let quoting = quoting(entry, source);
    let config = entry.config(source, &BESIDE);
    for table in entry.list(source, "tables") {
        let Some(table_name) = entry.name(table, "name") else { continue };
        let own = self::quoting(entry, table);
        tables.push(SourceTable {
            source: name.clone(),
            at: table.at.clone(),
            file: entry.found.file.clone(),
            path: entry.found.path.clone(),
            database: database.clone(),
            schema: schema.clone(),
            identifier: entry.text(table, "identifier").unwrap_or_else(|| table_name.clone()),
            quoting: std::array::from_fn(|part| own[part].or(quoting[part])),
            config: config.iter().cloned().chain(entry.config(table, &BESIDE)).collect(),
            columns: entry.columns(table),
            description: description(table),
            name: table_name,
        });
    }
}

pub fn quoting(entry: &mut Entries, of: &Yaml) -> [Option<bool>; 4] {
    ["database", "schema", "identifier", "column"].map(|part| {
        let yaml = of.get("quoting")?.get(part)?;
        match rendered(yaml, entry.scope) {
            Ok(value) => truth(&value),
            Err(error) => {
                entry.wrong(error);
                None
            }
        }
    })
}
