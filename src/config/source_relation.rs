//! Where a source is. Takes its table and merged configuration; gives the relation, or, where the engine reads files as tables
//! and the source has an `external_location`, the file.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::jinja::{Relation, RelationStyle};
use crate::project::{Setting, SourceTable};

use super::layers::text;
use super::relation::styled;
use super::resolve::Ground;

/// The relation of a source's table.
pub fn source_relation(table: &SourceTable, config: &IndexMap<String, Setting>, ground: &Ground) -> Relation {
    let style = styled(&ground.sources.style, &table.quoting[..3]);
    let database = table.database.clone().or(ground.target.database.clone());
    if ground.sources.files
        && let Some(file) = file(table, database.as_deref(), config)
    {
        let bare = RelationStyle { quoted: [false; 3], included: [false, false, true], ..style };
        return Relation { database: None, schema: None, identifier: file, style: bare };
    }
    Relation { database, schema: Some(table.schema.clone()), identifier: table.identifier.clone(), style }
}

/// The file's name in quotes, or the call of a function, with what `{name}` and its kin stand for.
fn file(table: &SourceTable, database: Option<&str>, config: &IndexMap<String, Setting>) -> Option<String> {
    let mut known: Map<String, Value> = config.get("meta").and_then(|meta| meta.value.as_object().cloned()).unwrap_or_default();
    known.extend(config.iter().filter(|(key, _)| *key != "meta").map(|(key, setting)| (key.clone(), setting.value.clone())));
    let mut location = known.get("external_location")?.as_str()?.to_string();
    for (key, value) in [("name", &*table.name), ("identifier", &table.identifier), ("schema", &table.schema)] {
        known.entry(key).or_insert_with(|| value.into());
    }
    known.entry("database").or_insert_with(|| database.into());
    for (key, value) in &known {
        location = location.replace(&format!("{{{key}}}"), &text(value));
    }
    Some(if location.contains('(') || location.starts_with('\'') { location } else { format!("'{location}'") })
}
