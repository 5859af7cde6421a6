//! The relation of a source. Takes its table and merged configuration; returns the relation, or the
//! file, if the engine reads files as tables and the source has an `external_location`.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::diagnostics::Diagnostic;
use crate::dialect::SourceDatabase;
use crate::jinja::{Relation, RelationStyle};
use crate::project::{Setting, SourceTable};

use super::external_location::fill_in;
use super::relation::styled;
use super::resolver::Resolver;

/// The relation of a source's table.
pub fn source_relation(
    table: &SourceTable,
    config: &IndexMap<String, Setting>,
    resolver: &Resolver,
) -> Result<Relation, Diagnostic> {
    let style = styled(&resolver.sources.style, &table.quoting[..3]);
    let database = table.database.clone().or(resolver.target.database.clone());
    let schema = schema(table, resolver)?;
    if resolver.sources.files
        && let Some(file) = file(table, database.as_deref(), config)?
    {
        let bare = RelationStyle { quoted: [false; 3], included: [false, false, true], ..style };
        return Ok(Relation { database: None, schema: None, identifier: file, style: bare });
    }
    Ok(Relation { database, schema: Some(schema), identifier: table.identifier.clone(), style })
}

/// The schema of the relation, for adapters whose names have no database.
fn schema(table: &SourceTable, resolver: &Resolver) -> Result<String, Diagnostic> {
    let Some(database) = &table.database else { return Ok(table.schema.clone()) };
    match resolver.dialect.target.source_database {
        SourceDatabase::Schema if table.schema == table.source => Ok(database.clone()),
        SourceDatabase::SameAsSchema if *database != table.schema => {
            let message = format!(
                "the source `{}` sets `database`, but {} has no databases above the schemas",
                table.source, resolver.dialect.name
            );
            Err(Diagnostic::error(message)
                .at(table.at.clone())
                .hint("remove `database`, or write it as `schema`"))
        }
        _ => Ok(table.schema.clone()),
    }
}

/// The file's name in quotes, or a function call, with the placeholders filled in. A source that a
/// plugin loads is a table.
fn file(
    table: &SourceTable,
    database: Option<&str>,
    config: &IndexMap<String, Setting>,
) -> Result<Option<String>, Diagnostic> {
    let mut values: Map<String, Value> =
        config.get("meta").and_then(|meta| meta.value.as_object().cloned()).unwrap_or_default();
    values.extend(
        config
            .iter()
            .filter(|(key, _)| *key != "meta")
            .map(|(key, setting)| (key.clone(), setting.value.clone())),
    );
    let text_of = |key: &str| values.get(key).and_then(Value::as_str).map(str::to_string);
    let (Some(location), false) = (text_of("external_location"), values.contains_key("plugin"))
    else {
        return Ok(None);
    };
    let formatter = text_of("formatter").unwrap_or_else(|| "newstyle".to_string());
    for (key, value) in
        [("name", &*table.name), ("identifier", &table.identifier), ("schema", &table.schema)]
    {
        values.entry(key).or_insert_with(|| value.into());
    }
    values.entry("database").or_insert_with(|| database.into());
    let location = fill_in(&location, &formatter, &values).map_err(|error| {
        let setting = ["external_location", "meta"].iter().find_map(|key| config.get(*key));
        error.at(setting.map_or_else(|| table.at.clone(), |setting| setting.at.clone()))
    })?;
    Ok(Some(if location.contains('(') || location.starts_with('\'') {
        location
    } else {
        format!("'{location}'")
    }))
}
