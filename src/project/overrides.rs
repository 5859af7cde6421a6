//! `overrides:`, by which a project says where a package's sources are. Takes the entries of `sources:` that have it; changes
//! the package's tables of that source. One that changes nothing is a warning.

use crate::diagnostics::{Diagnostic, Diagnostics, Location};
use crate::yaml::Yaml;

use super::columns::ColumnPatch;
use super::properties::{Config, Entries};
use super::sources::{BESIDE, SourceTable, quoting};

/// A source of a package, said again.
#[derive(Clone, Debug)]
pub struct Override {
    /// Whose source it is.
    pub package: String,
    source: String,
    at: Location,
    database: Option<String>,
    schema: Option<String>,
    quoting: [Option<bool>; 4],
    config: Vec<Config>,
    tables: Vec<Table>,
}

#[derive(Clone, Debug)]
struct Table {
    name: String,
    at: Location,
    identifier: Option<String>,
    quoting: [Option<bool>; 4],
    config: Vec<Config>,
    columns: Vec<ColumnPatch>,
    description: Option<String>,
}

/// The override that an entry is, if it is one.
pub fn read(entry: &mut Entries, source: &Yaml) -> Option<Override> {
    let package = entry.text(source, "overrides")?;
    let tables: Vec<&Yaml> = entry.list(source, "tables").iter().collect();
    let table = |table: &Yaml| {
        Some(Table {
            name: entry.name(table, "name")?,
            at: table.at.clone(),
            identifier: entry.text(table, "identifier"),
            quoting: quoting(entry, table),
            config: entry.config(table, &BESIDE),
            columns: entry.columns(table),
            description: entry.text(table, "description"),
        })
    };
    let tables = tables.into_iter().filter_map(table).collect();
    Some(Override {
        package,
        tables,
        source: entry.name(source, "name")?,
        at: source.at.clone(),
        database: entry.text(source, "database"),
        schema: entry.text(source, "schema"),
        quoting: quoting(entry, source),
        config: entry.config(source, &BESIDE),
    })
}

impl Override {
    /// Changes the tables of its source among a package's.
    pub fn apply(&self, tables: &mut [SourceTable], said: &mut Diagnostics) {
        let mut own: Vec<&mut SourceTable> = tables.iter_mut().filter(|table| table.source == self.source).collect();
        if own.is_empty() {
            said.0.push(nothing(format!("package `{}` has no source `{}`", self.package, self.source), &self.at));
        }
        for table in &mut own {
            table.database = self.database.clone().or(table.database.take());
            table.schema = self.schema.clone().unwrap_or_else(|| table.schema.clone());
            table.quoting = over(self.quoting, table.quoting);
            table.config.extend(self.config.iter().cloned());
        }
        for said_again in &self.tables {
            let Some(table) = own.iter_mut().find(|table| table.name == said_again.name) else {
                if !own.is_empty() {
                    said.0.push(nothing(
                        format!("source `{}` of package `{}` has no table `{}`", self.source, self.package, said_again.name),
                        &said_again.at,
                    ));
                }
                continue;
            };
            table.identifier = said_again.identifier.clone().unwrap_or_else(|| table.identifier.clone());
            table.quoting = over(said_again.quoting, table.quoting);
            table.config.extend(said_again.config.iter().cloned());
            table.description = said_again.description.clone().unwrap_or_else(|| table.description.clone());
            for column in &said_again.columns {
                table.columns.retain(|known| known.name != column.name);
                table.columns.push(column.clone());
            }
        }
    }
}

fn over(these: [Option<bool>; 4], those: [Option<bool>; 4]) -> [Option<bool>; 4] {
    std::array::from_fn(|part| these[part].or(those[part]))
}

fn nothing(why: String, at: &Location) -> Diagnostic {
    Diagnostic::warning(format!("an `overrides:` changes nothing: {why}"))
        .at(at.clone())
        .hint("look at the names in the package's own files")
}
