//! `overrides:`, by which a project changes the sources of a package. Takes the entries of
//! `sources:` that have it; changes the package's own entry, as dbt does: a key of the override
//! replaces the whole value, and `config` is removed even if the override has none. An override
//! without effect is a warning.

use serde_json::Value;

use super::Package;
use super::aliases::{KeyAliases, with_translated_sources};
use super::packages::PackageFile;
use super::sources::SourceTable;
use super::values::rendered;
use crate::diagnostics::{Diagnostic, Diagnostics, Location};
use crate::jinja::YamlScope;
use crate::yaml::{self, Data, Yaml};

/// An entry with `overrides:`, its Jinja rendered.
pub struct Override {
    /// The package whose source it changes.
    pub package: String,
    source: String,
    yaml: Yaml,
}

/// The overrides in a properties file. Its other errors are reported where the file is read.
pub fn read(
    file: &PackageFile,
    scope: &YamlScope,
    aliases: KeyAliases,
) -> Result<Vec<Override>, Diagnostic> {
    if !file.file.text.contains("overrides") {
        return Ok(Vec::new());
    }
    let Ok((tree, _)) = yaml::parse(&file.file) else { return Ok(Vec::new()) };
    // The error of two spellings is reported where the file is read.
    let Ok(tree) = with_translated_sources(tree, aliases) else { return Ok(Vec::new()) };
    let entries = tree.get("sources").map(Yaml::items).unwrap_or_default().iter();
    let named = entries.filter_map(|entry| {
        Some((entry.get("overrides")?.text()?, entry.get("name")?.text()?, entry))
    });
    let change = |(package, source, entry): (String, String, &Yaml)| {
        known_keys(entry, &KEYS)?;
        entry
            .get("tables")
            .map(Yaml::items)
            .unwrap_or_default()
            .iter()
            .try_for_each(|table| known_keys(table, &TABLE_KEYS))?;
        Ok(Override { package, source, yaml: render_entry(entry, scope)? })
    };
    named.map(change).collect()
}

/// The keys that dbt accepts in an override and in its tables.
const KEYS: [&str; 14] = [
    "name",
    "overrides",
    "config",
    "description",
    "meta",
    "database",
    "schema",
    "loader",
    "quoting",
    "freshness",
    "loaded_at_field",
    "loaded_at_query",
    "tables",
    "tags",
];
const TABLE_KEYS: [&str; 15] = [
    "name",
    "description",
    "meta",
    "data_type",
    "docs",
    "loaded_at_field",
    "loaded_at_query",
    "identifier",
    "quoting",
    "freshness",
    "external",
    "tags",
    "data_tests",
    "tests",
    "columns",
];

fn known_keys(entry: &Yaml, known: &[&str]) -> Result<(), Diagnostic> {
    match entry.dict().into_iter().flatten().find(|(key, _)| !known.contains(&&***key)) {
        Some((key, value)) => {
            let error =
                Diagnostic::error(format!("unknown key `{key}` in an override of a source"))
                    .at(value.at.clone());
            Err(error.hint(format!("remove it; the keys of an override are {}", known.join(", "))))
        }
        None => Ok(()),
    }
}

/// The entry with its Jinja rendered, except in descriptions.
fn render_entry(yaml: &Yaml, scope: &YamlScope) -> Result<Yaml, Diagnostic> {
    let data = match &yaml.data {
        Data::List(items) => Data::List(
            items.iter().map(|item| render_entry(item, scope)).collect::<Result<_, _>>()?,
        ),
        Data::Dict(dict) => {
            let entry = |(key, value): (&String, &Yaml)| {
                let value =
                    if key == "description" { value.clone() } else { render_entry(value, scope)? };
                Ok::<_, Diagnostic>((key.clone(), value))
            };
            Data::Dict(dict.iter().map(entry).collect::<Result<_, _>>()?)
        }
        Data::Text(_) => match rendered(yaml, scope)? {
            Value::String(text) => Data::Text(text),
            value => return Ok(Yaml::of_json(&value, &yaml.at)),
        },
        other => other.clone(),
    };
    Ok(Yaml { data, at: yaml.at.clone() })
}

/// The entry of a package's source, changed by its override; `None` without one.
pub fn overridden(entry: &Yaml, package: &str, overrides: &[Override]) -> Option<Yaml> {
    let name = entry.get("name").and_then(Yaml::text)?;
    let change =
        overrides.iter().find(|change| change.package == package && change.source == name)?;
    let mut changed = merged(entry, &change.yaml, "config");
    let tables = change.yaml.get("tables").map(Yaml::items).unwrap_or_default();
    let Data::Dict(dict) = &mut changed.data else { return None };
    if let Some(Data::List(own_tables)) = dict.get_mut("tables").map(|tables| &mut tables.data) {
        for table in own_tables {
            let of_name = |change: &&Yaml| {
                change.get("name").and_then(Yaml::text) == table.get("name").and_then(Yaml::text)
            };
            if let Some(change) = tables.iter().find(of_name) {
                *table = merged(table, change, "quoting");
            }
        }
    }
    Some(changed)
}

/// An entry with the keys of `change`; the key `replaced` is removed where `change` does not set
/// it.
fn merged(entry: &Yaml, change: &Yaml, replaced: &str) -> Yaml {
    let mut entry = entry.clone();
    if let (Data::Dict(dict), Data::Dict(changes)) = (&mut entry.data, &change.data) {
        dict.shift_remove(replaced);
        let changes = changes.iter().filter(|(key, value)| {
            !["name", "overrides", "tables"].contains(&&***key) && value.data != Data::Null
        });
        dict.extend(changes.map(|(key, value)| (key.clone(), value.clone())));
    }
    entry
}

/// Warns about overrides without effect.
pub fn unused(overrides: &[Override], packages: &[Package], warnings: &mut Diagnostics) {
    for change in overrides {
        let Override { package, source, yaml } = change;
        let of_package = packages
            .iter()
            .filter(|known| known.name == *package)
            .flat_map(|known| &known.properties.sources);
        let tables_of_package: Vec<&SourceTable> =
            of_package.filter(|table| table.source == *source).collect();
        if tables_of_package.is_empty() {
            warnings.0.push(unused_override(
                format!("package `{package}` has no source `{source}`"),
                &yaml.at,
            ));
            continue;
        }
        for table in yaml.get("tables").map(Yaml::items).unwrap_or_default() {
            if let Some(name) = table
                .get("name")
                .and_then(Yaml::text)
                .filter(|name| tables_of_package.iter().all(|known| known.name != *name))
            {
                warnings.0.push(unused_override(
                    format!("source `{source}` of package `{package}` has no table `{name}`"),
                    &table.at,
                ));
            }
        }
    }
}

fn unused_override(why: String, at: &Location) -> Diagnostic {
    Diagnostic::warning(format!("an `overrides:` has no effect: {why}"))
        .at(at.clone())
        .hint("check the names in the files of the package")
}
